"""`tidegate law timeline|diff`: the law over time, and one rulebook beside another."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

from tidegate.cli.law import asked, output
from tidegate.law import Book, Rule

# ── timeline ───────────────────────────────────────────────────────────────────────────────────────────────


def configure_timeline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("state", nargs="?", metavar="STATE", help="only the law of this State")
    parser.add_argument("--from", dest="start", type=asked.day, metavar="DAY", help="changes from this day on")
    parser.add_argument("--to", dest="end", type=asked.day, metavar="DAY", help="changes up to this day")
    parser.add_argument("--ics", action="store_true", help="as a calendar file (RFC 5545)")
    parser.add_argument("--address", default="", metavar="URL", help="with --ics: where the law pages stand")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write into this file")


def run_timeline(args: argparse.Namespace) -> int:
    """What changes from today on; for a State without --from, all of its rules with their periods."""
    if args.output is not None and not args.ics:
        with redirect_stdout(io.StringIO()) as text:
            _tell_timeline(args)
        return output.write(args.output, text.getvalue(), "timeline")
    return _tell_timeline(args)


def _tell_timeline(args: argparse.Namespace) -> int:
    from tidegate.law.timeline import changes, icalendar, spans
    from tidegate.law.wording import layer_text, period_text, state_text

    book = output.book(args)
    state = asked.need_state(book, args.state, "timeline") if args.state else None
    coming = changes(book, args.start or asked.today(), args.end, state=state)
    if args.ics:
        place = state_text(book, state) if state else "all States and treaties"
        text = icalendar(
            book, coming, stamp=datetime.now(UTC), name=f"Plastic waste law: {place}", address=args.address
        )
        return output.write(args.output, text, "timeline")
    if state and args.start is None and args.end is None:
        if state not in book.national_states:
            print(f"The rulebook holds no national law of {state_text(book, state)}.{_beside(state)}")
            return 0
        output.table(
            ("period", "rule", "role", "kind", "status", "text"),
            [
                (
                    period_text(s.start, s.end, s.rule.dates),
                    s.rule.id,
                    s.rule.role or "",
                    s.rule.kind,
                    s.rule.status,
                    s.rule.text,
                )
                for s in spans(book, state=state)
            ],
        )
        return 0
    if not coming:
        print(f"No change is known for these days.{_beside(state)}")
        return 0
    output.table(
        ("day", "where", "change", "status", "text"),
        [(str(c.date), layer_text(book, c.rule), c.sentence, c.rule.status, c.rule.text) for c in coming],
    )
    return 0


# ── diff ───────────────────────────────────────────────────────────────────────────────────────────────────


def configure_diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("days", nargs="*", type=asked.day, metavar="DAY", help="the two days to compare")
    parser.add_argument("--state", metavar="STATE", help="only the law of this State")
    parser.epilog = "Without days, the shipped rulebook is compared with the same book under --rulebook DIR."


def run_diff(args: argparse.Namespace) -> int:
    """What differs between two days, or between the shipped book and the one with overlays."""
    book = output.book(args)
    state = asked.need_state(book, args.state, "diff") if args.state else None
    if not args.days and output.overlays(args):
        return _diff_books(book, state)
    if len(args.days) != 2:
        output.problem("diff", f"{len(args.days)} days given, expected two (or none, with --rulebook DIR)")
        return 2
    from tidegate.law.compare import compare_days
    from tidegate.law.wording import group_text, state_text

    first, second = args.days
    diff = compare_days(book, first, second, state=state)
    if diff.empty:
        law = "law" if state is None else f"national law of {state_text(book, state)}"
        print(f"The {law} is the same on {first} and on {second}.{_beside(state)}")
        return 0
    _rules(book, f"In force on {second}, not on {first}", diff.begun)
    _rules(book, f"In force on {first}, not on {second}", diff.ended)
    if diff.memberships:
        # One line for each group: an amendment that binds every Party at once would otherwise be two hundred.
        moved: dict[tuple[str, bool], list[str]] = {}
        for m in diff.memberships:
            moved.setdefault((m.group, m.joins), []).append(state_text(book, m.state))
        output.table(
            ("group", "change", "States"),
            [
                (group_text(group), f"{len(names)} {'joined' if joins else 'left'}", ", ".join(sorted(names)))
                for (group, joins), names in moved.items()
            ],
            title="Groups of States",
        )
    if diff.parameters:
        output.table(
            ("figure", str(first), str(second)),
            [(p.field, p.old or "none", p.new or "none") for p in diff.parameters],
            title="Figures",
        )
    print(f"{diff.kept} rules hold on both days.{_beside(state)}")
    return 0


def _beside(state: str | None) -> str:
    """Says that what was asked of one State leaves out law that binds it all the same, such as the Union's."""
    return "" if state is None else " Treaties and regional law stand beside it: leave the State out to see them."


def _rules(book: Book, title: str, rules: Iterable[Rule]) -> None:
    from tidegate.law.wording import layer_text

    rows = [(r.id, layer_text(book, r), r.regime or r.kind, r.status, r.text) for r in rules]
    if rows:
        output.table(("rule", "where", "what", "status", "text"), rows, title=title)


def _diff_books(book: Book, state: str | None) -> int:
    from tidegate.law import load_rulebook
    from tidegate.law.compare import compare_books

    diff = compare_books(load_rulebook(()), book, state=state)
    if diff.empty:
        print("Both rulebooks say the same.")
        return 0
    _rules(book, "Added", diff.added)
    _rules(book, "Removed", diff.removed)
    changed = [(c.new.id, f.field, f.old or "empty", f.new or "empty") for c in diff.changed for f in c.changes]
    if changed:
        output.table(("rule", "field", diff.old, diff.new), changed, title="Changed")
    if diff.tables:
        rows = [(table, f.field, f.old or "none", f.new or "none") for table, f in diff.tables]
        output.table(("table", "record", diff.old, diff.new), rows, title="Other tables")
    return 0


VERBS: output.Verbs = {
    "timeline": (
        "what changes from a day on; a State's rules with their periods",
        configure_timeline,
        run_timeline,
    ),
    "diff": ("what differs between two days, or two rulebooks", configure_diff, run_diff),
}
