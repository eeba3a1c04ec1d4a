"""The names of things on a paper: from the rulebook where it has them, else by their codes.

Every method gives text that is ready to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tidegate.paper import maps, words
from tidegate.paper.pdf import show

if TYPE_CHECKING:
    from tidegate.law.records import Book


class Naming:
    """Names in the reader's language. `book` may be None: a paper can be made without the rulebook."""

    def __init__(self, book: Book | None, translate: Callable[[str], str]) -> None:
        self.book, self._ = book, translate

    def state(self, code: str) -> str:
        record = self.book.states.get(code) if self.book else None
        return self._(record.name) if record else maps.state_name(code, self._)

    def fact(self, name: str) -> str:
        """The label of a fact; of a paper, where one is to be checked (`document:COA`)."""
        kind, _, rest = name.partition(":")
        if kind == "document" and rest:
            return self.either(rest)
        record = self.book.facts.get(name) if self.book else None
        if record and record.label:
            return self._(record.label)
        plain = name.replace("_pct", " (%)").replace("_", " ")
        return plain[:1].upper() + plain[1:]

    def document(self, kind: str) -> str:
        base, _, code = kind.partition(":")
        record = self.book.documents.get(kind) or self.book.documents.get(base) if self.book else None
        if record is None and self.book and kind in self.book.facts:
            return self.fact(kind)  # a fact that a register must confirm stands among the papers
        known = self._(record.name) if record else base
        return f"{known}: {self.state(code)}" if code else known

    def either(self, kinds: str) -> str:
        """One paper, or several of which one is enough ("A/B")."""
        alternative = self._("or")
        return f" {alternative} ".join(self.document(kind) for kind in kinds.split("/"))

    def entry(self, code: str) -> str:
        return f"{code} · {self._(words.ENTRIES[code])}" if code in words.ENTRIES else code

    def rules(self, ids: Iterable[Any]) -> str:
        """Rule ids in a line; a layer among them (no rule is known there) by its name."""
        return show(", ".join(words.layer_name(r, self._, self.state) if ":" in r else r for r in map(str, ids)))

    def text(self, text: Any) -> str:
        """A text of the rulebook, in the reader's language where there is a translation of it."""
        return show(self._(str(text))) if text else ""

    def answer(self, value: Any) -> str:
        """What a question decides: an entry, an outcome or a regime."""
        if value is None:
            return self._("no entry")
        word = words.OUTCOMES.get(value) or words.REGIMES.get(value)
        return f"“{self._(word)}”" if word else str(value)

    def value(self, value: Any, unit: str = "") -> tuple[str, bool]:
        """A declared value in words, and whether it is known."""
        if value is None or value == "":
            return self._("not known"), False
        if value is True:
            return self._("yes"), True
        if value is False:
            return self._("no"), True
        if isinstance(value, Mapping):
            return show(", ".join(f"{k} {v}" for k, v in value.items())) or self._("none"), True
        if isinstance(value, Sequence) and not isinstance(value, str):
            return show(", ".join(str(v) for v in value)) or self._("none"), True
        return show(f"{value} {unit}".strip()), True
