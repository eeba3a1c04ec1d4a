"""What is in an upload: its columns with samples, the guessed map, and how a map reads its first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegate.formats import ColumnMap, Guess, guess_map, load_map, open_shipments, sample_rows
from tidegate.formats.fields import OPEN_OBJECTS, canonical
from tidegate.law import Book
from tidegate.screening import Reject, Shipment, parse_shipment
from tidegate.web.batch.targets import REQUIRED

SAMPLE = 200
DOUBTFUL = 0.55
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
    samples = {header: tuple(text for row in rows if (text := (row.get(header) or "").strip())) for header in headers}
    columns = _in_the_contracts_words(headers, samples)
    return Look(reader.format, columns or _guessed(headers, samples, rows), len(rows), tuple(reader.notes))


def _in_the_contracts_words(headers: list[str], samples: Mapping[str, tuple[str, ...]]) -> tuple[Column, ...]:
    """A table that calls the four required fields as the contract does is taken at its word in all its columns; ()
    where it does not."""
    names = {header: canonical(header) for header in headers}
    if not set(REQUIRED) <= set(names.values()):
        return ()
    return tuple(Column(header, samples[header], names[header] or "", None, None) for header in headers)


def _guessed(
    headers: list[str], samples: Mapping[str, tuple[str, ...]], rows: list[dict[str, str]]
) -> tuple[Column, ...]:
    """Each column with the field that its name and values are taken for."""
    guessed = guess_map(headers, rows) if headers else ColumnMap()
    guesses = {guess.column: guess for guess in guessed.guesses}
    rules = dict(guessed.definition.get("columns", {}))
    taken = set(guessed.targets)
    for header in headers:
        if header in guesses or canonical(header) is not None:
            continue
        # A required field is not given up because some of the values are wrong: its name is enough to propose it.
        for guess in guess_map([header]).guesses:
            if guess.field in REQUIRED and guess.field not in taken:
                taken.add(guess.field)
                reason = f"{guess.reason.partition(';')[0]}; not all of its values look like it"
                guesses[header] = Guess(header, guess.field, DOUBTFUL, reason)
                rules[header] = _rule_of_most(guess.field, samples[header])
    return tuple(
        Column(
            header,
            samples[header],
            guesses[header].field if header in guesses else _object(header),
            guesses.get(header),
            rules.get(header),
        )
        for header in headers
    )


def _object(header: str) -> str:
    """The field of a column that holds a whole object (`polymers`), whose values no guess looks at."""
    known = canonical(header)
    return known if known is not None and (known in OPEN_OBJECTS or known == "events") else ""


def rule_for(column: Column, target: str) -> Any:
    """The rule of a map for a column that a person takes for `target`: with the conversions its values need."""
    if column.guess is not None and column.guess.field == target and column.rule is not None:
        return column.rule
    name = target.removeprefix("polymers.")
    for header in (f"{name} ({unit})" if (unit := _unit(column.header)) else name, name):
        guessed = guess_map([header], [[value] for value in column.sample])
        if any(guess.field == target for guess in guessed.guesses):
            return guessed.definition["columns"][header]
    return _rule_of_most(target, column.sample)


def _rule_of_most(target: str, sample: Sequence[str]) -> Any:
    """The rule under which most of the values could be the field, leaving out, one after the other, those that alone
    look like nothing; the bare field where none does."""
    alone = [value for value in dict.fromkeys(sample) if _rule_of([value], target) is not None]
    return _rule_of(alone, target) or target


def _rule_of(values: Sequence[str], target: str) -> Any:
    guessed = guess_map([target], [[value] for value in values])
    return guessed.definition["columns"][target] if values and target in guessed.targets else None


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
