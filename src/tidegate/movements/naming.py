"""What papers and facts of the rulebook are called on pages: names in the reader's language, never their codes."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tidegate.law import Book
from tidegate.movements import guard
from tidegate.movements.models import Requirement
from tidegate.parties.models import Organisation

CHECK = "document:"


def paper(shown: str, book: Book) -> str:
    """A paper that law asks for, or several of which one is enough (`A/B`); `CONSENT:MY` is that State's."""
    return f" {_('or')} ".join(_paper(kind, book) for kind in shown.split("/"))


def _paper(kind: str, book: Book) -> str:
    base, _colon, state = kind.partition(":")
    record = book.documents.get(kind) or book.documents.get(base)
    name = _(record.name) if record else fact(kind, book)
    if record is None or not state:
        return str(name)
    return _("%(paper)s of %(state)s") % {"paper": name, "state": place(state, book)}


def place(code: str, book: Book) -> str:
    """A State by its name; its code where the rulebook has none."""
    return _(book.states[code].name) if code in book.states else code


def fact(name: str, book: Book) -> str:
    """A fact by its label; `document:COA` is the validity of that paper, `VN:import.mode` the fact for one layer."""
    if name.startswith(CHECK):
        return _("validity of: %(paper)s") % {"paper": paper(name.removeprefix(CHECK), book)}
    scope, _dot, short = name.rpartition(".")
    record = book.facts.get(short)
    label = _(record.label) if record and record.label else short.replace("_", " ").lower()
    return f"{label} ({scope})" if scope else str(label)


def known(shown: str, book: Book) -> bool:
    """Whether each part of it has a name in the rulebook."""
    parts = shown.removeprefix(CHECK).split("/")
    return all(
        part.partition(":")[0] in book.documents or part.rpartition(".")[2] in book.facts for part in parts if part
    )


def asked(row: Requirement) -> str:
    """What an agency asks, in the reader's language where the law asks for it; else as it was written."""
    book = guard.book()
    if not (row.rule and row.document and known(row.document, book)):
        return row.what
    of_papers = all(part.partition(":")[0] in book.documents for part in row.document.split("/"))
    if of_papers or (row.agency.kind != Organisation.Kind.CUSTOMS and not row.document.startswith(CHECK)):
        return _("Paper: %(name)s") % {"name": paper(row.document, book)}
    return _("To be checked: %(fact)s") % {"fact": fact(row.document, book)}
