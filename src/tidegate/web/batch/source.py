"""What is in an upload: its columns with samples, the guessed map, and how a map reads its first rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegate.formats import ColumnMap, Guess, guess_map, load_map, open_shipments, sample_rows
from tidegate.formats.fields import OPEN_OBJECTS, canonical
from tidegate.law import Book
from tidegate.screening import Reject, Shipment, parse_shipment

SAMPLE = 200
SHOWN_VALUES = 3
LONGEST_VALUE = 60

Source = Path | list[Path]


@dataclass(frozen=True)
class Column:
    """A column of the source. `choice`: the field that it is taken for at first, "" where it is only kept."""

    header: str
    sample: tuple[str, ...]
    choice: str
    guess: Guess | None
    rule: Any

    @property
    def values(self) -> list[str]:
        """A few different values, to be shown."""
        return [_short(value) for value in list(dict.fromkeys(self.sample))[:SHOWN_VALUES]]


@dataclass(frozen=True)
class Look:
    """What the first rows of a source show. `rows`: how many were looked at."""

    format: str
    columns: tuple[Column, ...]
    rows: int
    notes: tuple[str, ...]

    @property
    def is_table(self) -> bool:
        """Whether its columns may be called anything: all but ASYCUDA, whose elements have one meaning."""
        return self.format != "asycuda"

    @property
    def headers(self) -> list[str]:
        return [column.header for column in self.columns]


@dataclass
class Problem:
    """A field that rows were refused for: how many, and the first of them."""

    field: str
    count: int
    row: int
    value: str
    expected: str
    message: str


@dataclass
class Trial:
    """The first rows read with a map: how many can be read, what stands in the way of the others."""

    rows: int = 0
    readable: int = 0
    first: list[Shipment] = field(default_factory=list)
    problems: dict[str, Problem] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        return self.rows - self.readable

    @property
    def worst(self) -> list[Problem]:
        """The problems, the most frequent first."""
        return sorted(self.problems.values(), key=lambda problem: (-problem.count, problem.row))

    def refuse(self, row: int, error: Mapping[str, Any]) -> None:
        name = str(error.get("field") or "row")
        found = self.problems.get(name)
        if found is None:
            value = error.get("value")
            self.problems[name] = Problem(
                name,
                1,
                row,
                "" if value is None else str(value),
                str(error.get("expected") or ""),
                str(error.get("message") or ""),
            )
        else:
            found.count += 1


def look(source: Source, options: Mapping[str, Any] | None = None) -> Look:
    """The columns of a source and what they seem to be.

    options: `encoding`, `delimiter`, `sheet`, `header_row` of a map's `source`. Raises FormatError.
    """
    plain = load_map({"source": dict(options)}) if options else ColumnMap()
    headers, rows, reader = sample_rows(source, SAMPLE, map=plain)
    reader.close()
    guessed = guess_map(headers, rows) if headers else ColumnMap()
    by_column = {guess.column: guess for guess in guessed.guesses}
    rules: Mapping[str, Any] = guessed.definition.get("columns", {})
    columns = []
    for header in headers:
        values = [text for row in rows if (text := (row.get(header) or "").strip())]
        guess = by_column.get(header)
        choice = guess.field if guess else ""
        known = canonical(header)
        if guess is None and known is not None and (known in OPEN_OBJECTS or known == "events"):
            choice = known
        columns.append(
            Column(
                header,
                tuple(values),
                choice,
                guess,
                rules.get(header),
            )
        )
    return Look(reader.format, tuple(columns), len(rows), tuple(reader.notes))


def rule_for(column: Column, target: str) -> Any:
    """The rule of a map for a column that a person takes for `target`: with the conversions its values need."""
    if column.guess is not None and column.guess.field == target and column.rule is not None:
        return column.rule
    name = target.removeprefix("polymers.")
    for header in (f"{name} ({unit})" if (unit := _unit(column.header)) else name, name):
        guessed = guess_map([header], [[value] for value in column.sample])
        if any(guess.field == target for guess in guessed.guesses):
            return guessed.definition["columns"][header]
    return target


def trial(source: Source, definition: Mapping[str, Any] | None, book: Book, rows: int = SAMPLE) -> Trial:
    """The first rows of a source, read with a map and checked as screening will. Raises FormatError."""
    found = Trial()
    types = {fact.name: fact.type for fact in book.facts.values()}
    with open_shipments(source, map=definition, fact_types=types) as reader:
        for raw in reader:
            found.rows += 1
            if raw.data is None:
                found.refuse(raw.row, (raw.reject or {}).get("error", {}))
            else:
                try:
                    shipment = parse_shipment(raw.data, book)
                except Reject as error:
                    found.refuse(raw.row, error.as_dict())
                else:
                    found.readable += 1
                    if len(found.first) < 3:
                        found.first.append(shipment)
            if found.rows >= rows:
                break
    return found


def _unit(header: str) -> str:
    """The unit that stands in brackets in a header."""
    _, opened, rest = header.partition("(")
    unit, closed, _ = rest.partition(")")
    return unit.strip() if opened and closed else ""


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
