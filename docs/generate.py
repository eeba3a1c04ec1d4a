"""Write docs/reference/*.md: the rules, facts and papers of the rulebook that the manual is made with, and the files
that screening writes.

Called by conf.py at each build. The pages are made from the book itself, so they are never older than it; git
ignores them. A page that would not change is not written, so that a second build has nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from tidegate.batch.consignment_file import COLUMNS
from tidegate.formats import DECISION_COLUMNS
from tidegate.law import Book, load_rulebook
from tidegate.law.records import INTERNATIONAL, Rule

FOLDER = Path(__file__).resolve().parent / "reference"
LAYERS = {
    "basel": "Basel Convention",
    "oecd": "OECD Decision",
    "eu": "European Union",
    "waigani": "Waigani Convention",
    "art11": "Agreements under Article 11",
}


def write_reference(folder: Path = FOLDER, book: Book | None = None) -> list[Path]:
    """Write the pages into `folder` and return their paths; pages of an earlier book that are gone are removed."""
    book = book or load_rulebook(())
    pages = {
        "index.md": index(book),
        "facts.md": facts(book),
        "documents.md": documents(book),
        "files.md": files(),
        "rules-international.md": international(book),
    }
    for iso in sorted(book.national_states):
        pages[f"rules-{iso.lower()}.md"] = national(book, iso)
    folder.mkdir(exist_ok=True)
    for stale in set(folder.glob("*.md")) - {folder / name for name in pages}:
        stale.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


def index(book: Book) -> str:
    """The page that leads to the others."""
    states = sorted(book.national_states, key=lambda iso: book.states[iso].name)
    tree = ["facts", "documents", "files", "rules-international", *(f"rules-{iso.lower()}" for iso in states)]
    return (
        "# Reference\n\n"
        f"Made from rulebook {book.label}: {len(book.rules)} rules, {len(book.facts)} facts, "
        f"{len(book.documents)} kinds of paper.\n\n"
        "```{toctree}\n:maxdepth: 1\n\n" + "\n".join(tree) + "\n```\n"
    )


def facts(book: Book) -> str:
    """Every word that a rule may ask."""
    rows = [
        (
            f"`{f.name}`",
            f.type + (f", {f.unit}" if f.unit else ""),
            f.by,
            f.label + (f" {f.meaning}" if f.meaning and f.meaning != f.label else ""),
            ", ".join(f"`{value}`" for value in f.values),
        )
        for f in sorted(book.facts.values(), key=lambda f: f.name)
    ]
    return (
        "# Facts\n\nWhat a rule may ask, and who can know it. A fact that the declaration or a paper can show becomes "
        "a question; one that only an inspection or a register can show goes under “still to check”.\n\n"
        + table(("fact", "type", "known by", "meaning", "values"), rows)
    )


def documents(book: Book) -> str:
    """Every kind of paper, with the rules that ask for it."""
    asked: dict[str, list[str]] = {}
    for rule in book.rules.values():
        for requirement in rule.documents:
            for kind in requirement.kinds:
                asked.setdefault(kind.split(":")[0], []).append(rule.id)
    rows = [
        (
            f"`{d.kind}`" + (" for each State: `" + d.kind + ":XX`" if d.per_state else ""),
            d.name,
            d.issuer,
            d.meaning,
            ", ".join(dict.fromkeys(asked.get(d.kind, []))),
        )
        for d in sorted(book.documents.values(), key=lambda d: d.kind)
    ]
    return "# Papers\n\nThe kinds of paper that rules ask for. A paper of another kind satisfies nothing.\n\n" + (
        table(("kind", "name", "issued by", "meaning", "rules"), rows)
    )


def files() -> str:
    """The tables that `tidegate screen` writes, column by column."""
    decisions = ", ".join(f"`{name}`" for name in DECISION_COLUMNS)
    return (
        f"# Files\n\n## Decisions\n\nFlat decisions have the columns {decisions}, then those passed through.\n\n"
        "## Consignments\n\nWith `--consignments FILE`, a row for each consignment:\n\n"
        + table(("column", "meaning"), ((f"`{name}`", meaning) for name, meaning in COLUMNS.items()))
    )


def international(book: Book) -> str:
    """The rules of treaties and of regional law, by layer."""
    parts = ["# Treaties and regional law\n"]
    for layer in INTERNATIONAL:
        rules = [r for r in book.rules.values() if r.layer == layer]
        if rules:
            parts += [f"## {LAYERS[layer]}\n", *map(entry, rules)]
    return "\n".join(parts)


def national(book: Book, iso: str) -> str:
    """The rules of one State, by role."""
    parts = [f"# {book.states[iso].name}\n"]
    for role in ("import", "transit", "export"):
        rules = [r for r in book.rules.values() if r.state == iso and r.role == role]
        if rules:
            parts += [f"## {role.capitalize()}\n", *map(entry, rules)]
    return "\n".join(parts)


def entry(rule: Rule) -> str:
    """One rule: what it says, since when, how sure that is, and where it stands."""
    binding = rule.regime or rule.kind
    facts = [
        f"- {binding.replace('_', ' ')}; {rule.status}; confidence {rule.confidence}",
        f"- {period(rule)}; counted on the day of: {rule.event.replace('_', ' ')}",
        f"- headings: {', '.join(rule.hs)}; entries: {', '.join(rule.basel)}",
    ]
    if rule.documents:
        facts.append("- papers: " + "; ".join(" or ".join(r.kinds) for r in rule.documents))
    facts.append(f"- {plain(rule.instrument)}" + (f" ([source](<{rule.url}>))" if rule.url else ""))
    facts.append(f"- compared with the source on {rule.checked}")
    if rule.note:
        facts.append(f"- note: {plain(rule.note)}")
    return f"### {rule.id}\n\n{plain(rule.text)}\n\n" + "\n".join(facts) + "\n"


def period(rule: Rule) -> str:
    """When the rule is in force, with what is not known of it."""

    def said(day: date | None, otherwise: str) -> str:
        return day.isoformat() if day else otherwise

    text = f"from {said(rule.valid_from, 'a day not seen')}"
    if rule.valid_to:
        text += f" to {rule.valid_to}"
    return text + (" (date inferred)" if rule.dates == "inferred" else "")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell if "`" in cell else plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown would take for markup."""
    line = " ".join(str(text).split())
    for mark in "\\`*_[]<>|$#":
        line = line.replace(mark, "\\" + mark)
    return line
