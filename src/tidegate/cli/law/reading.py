"""`tidegate law show|search|standards|export`: reading the law, changing nothing."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate.cli.law import asked, output
from tidegate.law import Book, Rule

if TYPE_CHECKING:
    from tidegate.law.standards import Cell

# ── show ───────────────────────────────────────────────────────────────────────────────────────────────────


def configure_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="RULE|STATE|ENTRY|HS", help="such as TH-IMP-BAN-2025, TH, Y48 or 391510")
    parser.add_argument("--on", type=asked.day, metavar="DAY", help="for a State: the law of this day (default: today)")


def run_show(args: argparse.Namespace) -> int:
    """One rule in full, a State's law on a day, an entry with the rules that name it, or an HS heading."""
    book = output.book(args)
    what = args.what.strip()
    rule = book.rules.get(what) or book.rules.get(what.upper())
    state = asked.find_state(book, what)
    entries = {e for r in book.rules.values() for e in r.basel}
    if rule is not None:
        _show_rule(book, rule)
    elif what.upper() in entries and state is None:
        _show_entry(book, what.upper())
    elif state is not None:
        from tidegate.law.factsheet import factsheet

        print(factsheet(book, state, args.on or asked.today()), end="")
    elif what.replace(".", "").isdigit():
        return _show_heading(book, what.replace(".", ""))
    else:
        return _not_found(book, what)
    return 0


def _not_found(book: Book, what: str) -> int:
    from tidegate.law.search import search

    near = [hit.rule.id for hit in search(book, what.replace("-", " "), limit=3)]
    hint = f"; near it: {', '.join(near)}" if near else ""
    output.problem("show", f"{what!r} is neither a rule, a State, an entry nor an HS heading of {book.label}{hint}")
    return 2


def _show_rule(book: Book, rule: Rule) -> None:
    from tidegate.law.wording import caution_text, condition_text, layer_text, period_text, requirement_text

    output.heading(f"{rule.id}  {layer_text(book, rule)}")
    print(rule.text)
    rows = [
        ("kind", rule.regime or rule.kind),
        ("status", rule.status + ("" if rule.binds else ", binds nobody")),
        ("confidence", rule.confidence),
        ("in force", period_text(rule.valid_from, rule.valid_to, rule.dates)),
        ("on the day of", rule.event.replace("_", " ")),
        ("HS", ", ".join(rule.hs)),
        ("entries", ", ".join(rule.basel)),
        ("where", condition_text(rule.when)),
        ("fails if", "; ".join(condition_text(c) for c in rule.fails)),
        ("unless", "; ".join(condition_text(c) for c in rule.unless)),
        ("switches off", ", ".join(rule.exempts)),
        ("papers", "; ".join(requirement_text(r) for r in rule.documents)),
        ("needs", ", ".join(rule.needs)),
        ("to be checked", ", ".join(rule.verify)),
        ("also looked for under", ", ".join(rule.suspects)),
        ("penalty", rule.penalty),
        ("instrument", rule.instrument),
        ("source", rule.url),
        ("checked", str(rule.checked)),
        ("take care", caution_text(rule)),
        ("note", rule.note),
        ("file", rule.source_file),
        ("rulebook", book.label),
    ]
    for name, value in rows:
        if value:
            print(f"  {name}: {value}")


def _show_entry(book: Book, entry: str) -> None:
    from tidegate.law.contradictions import covers_entry
    from tidegate.law.wording import layer_text, period_text

    carrier = book.entries.get(entry)
    if carrier is not None:
        _show_rule(book, carrier)
    else:
        output.heading(entry)
    headings = [h for h in book.headings if entry in h.candidates]
    if headings:
        output.table(
            ("HS", "editions", "heading"),
            [(h.code, ", ".join(h.editions), h.title) for h in headings],
            title="Headings under which it may stand",
        )
    rules = [
        r for r in book.rules.values() if any(covers_entry(entry, token) for token in r.basel) and r is not carrier
    ]
    output.table(
        ("rule", "where", "what", "period"),
        [
            (r.id, layer_text(book, r), r.regime or r.kind, period_text(r.valid_from, r.valid_to, r.dates))
            for r in rules
        ],
        title="Rules that reach it",
    )


def _show_heading(book: Book, code: str) -> int:
    found = [h for h in book.headings if h.code.startswith(code) or code.startswith(h.code)]
    if not found:
        output.problem("show", f"HS {code}: no heading of the rulebook; waste is not expected under it")
        return 2
    output.table(
        ("HS", "editions", "heading", "candidates", "note"),
        [(h.code, ", ".join(h.editions), h.title, ", ".join(h.candidates), h.note) for h in found],
    )
    return 0


# ── search, standards, export ──────────────────────────────────────────────────────────────────────────────


def configure_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="+", metavar="WORD", help="words, ids, entries, HS codes, paper kinds")
    parser.add_argument(
        "--limit", type=asked.at_least_one, default=20, metavar="N", help="at most so many (default: 20)"
    )


def run_search(args: argparse.Namespace) -> int:
    """The rules that match best; exit status 1 when there is none."""
    from tidegate.law.search import search
    from tidegate.law.wording import layer_text, period_text

    book = output.book(args)
    hits = search(book, " ".join(args.words), limit=args.limit)
    if not hits:
        print("No rule matches.")
        return 1
    output.table(
        ("rule", "where", "period", "text"),
        [
            (
                h.rule.id,
                layer_text(book, h.rule),
                period_text(h.rule.valid_from, h.rule.valid_to, h.rule.dates),
                h.rule.text,
            )
            for h in hits
        ],
    )
    return 0


def configure_standards(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--on", type=asked.day, metavar="DAY", help="the law of this day (default: today)")
    parser.add_argument("--role", choices=("import", "export", "transit"), default="import")
    parser.add_argument(
        "--states", default="", metavar="LIST", help="codes or groups with commas between, such as project or MY,VN"
    )
    parser.add_argument("--hs", type=asked.heading, default="3915", help="the heading (default: 3915)")


def run_standards(args: argparse.Namespace) -> int:
    """The States' limits side by side."""
    from tidegate.law.factsheet import COLUMN_TITLES
    from tidegate.law.standards import COLUMNS, standards

    book = output.book(args)
    names = [asked.need_state_or_group(book, n.strip(), "standards") for n in args.states.split(",") if n.strip()]
    rows = standards(book, args.on or asked.today(), states=names or None, role=args.role, hs=args.hs)
    if not rows:
        print("No State has a rule for this on that day.")
        return 1
    shown = [c for c in COLUMNS if any(c in row.cells for row in rows)]
    output.table(
        ("State", *(COLUMN_TITLES[c] for c in shown)),
        [
            (
                row.name if row.binding else f"{row.name} (not binding)",
                *("; ".join(_each_once(row.cells.get(c, ()))) for c in shown),
            )
            for row in rows
        ],
    )
    print("* not checked against the gazette, or its date was inferred")
    return 0


def _each_once(cells: Iterable[Cell]) -> list[str]:
    """What the cells say, with a mark where no rule that says it was checked."""
    said: dict[str, bool] = {}
    for cell in cells:
        text = cell.text + (f" where {cell.where}" if cell.where else "")
        said[text] = said.get(text, True) and cell.unchecked
    return [text + ("*" if unchecked else "") for text, unchecked in said.items()]


def configure_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("json", "csv", "yaml", "md"), required=True)
    parser.add_argument("--state", metavar="STATE", help="only the law of this State (md: required)")
    parser.add_argument("--layer", metavar="LAYER", help="only this layer, such as basel or national")
    parser.add_argument("--on", type=asked.day, metavar="DAY", help="md: the law of this day (default: today)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write into this file")


def run_export(args: argparse.Namespace) -> int:
    """The rulebook, or a part of it, in another form."""
    from tidegate.law import export
    from tidegate.law.factsheet import factsheet

    book = output.book(args)
    state = asked.need_state(book, args.state, "export") if args.state else None
    rules = export.select(book, state=state, layer=args.layer)
    if args.format == "md":
        if state is None:
            output.problem("export", "--format md makes the factsheet of one State, expected --state XX")
            return 2
        text = factsheet(book, state, args.on or asked.today())
    elif not rules:
        output.problem("export", f"no rule in {args.layer or state}, expected one of {_layers(book)}")
        return 2
    else:
        writer = {"json": export.to_json, "csv": export.to_csv, "yaml": export.to_yaml}[args.format]
        text = writer(book, rules)
    return output.write(args.output, text, "export")


def _layers(book: Book) -> str:
    return ", ".join(dict.fromkeys(r.layer for r in book.rules.values()))


VERBS: output.Verbs = {
    "show": ("one rule, a State's law on a day, an entry, or an HS heading", configure_show, run_show),
    "search": ("find rules by words", configure_search, run_search),
    "standards": ("the States' quality limits side by side", configure_standards, run_standards),
    "export": ("the rulebook as JSON, CSV or YAML, or a State's factsheet as Markdown", configure_export, run_export),
}
