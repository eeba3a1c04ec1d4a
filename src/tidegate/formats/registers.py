"""Registers kept as tables: CSV, JSON Lines, Parquet or XLSX, one file or a folder of them.

A table of papers has the columns `kind` and `number`, a table of facts `fact`, `about`, `subject` and `value`; the
others may be left out. A register that is wrong in one row is not used at all: a paper misread as valid is worse than
no register. Columns that are not listed are refused, because a misspelt `valid_to` would make a paper valid for ever.

    papers   kind           kind of paper of the rulebook (`AP`, `CONSENT:MY`)
             number         its number; `*`: the table holds every paper of this kind (from valid_from to valid_to)
             status         valid (also where empty), suspended, revoked, used up
             status_from    first day of that status, where the paper stood before
             issued, valid_from, valid_to, standard, value    as in `documents` of a shipment; empty: not said
             renewals       JSON, such as [{"from": "2026-01-01", "days": 90}]; [] for none; empty: not said
    facts    fact           a fact of the rulebook's registry
             about          facility, consignee or consignor: whose id the subject is
             subject        the id; `*`: everybody who has no row of their own
             rule           id of the one rule that the answer is for; empty: for every rule
             value          true or false, a number in the fact's unit, a word
             valid_from, valid_to    the days on which it holds, both included; empty: without end
    both     answered_by    who says so; the name of the file where it is left out
             note           not looked at
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tidegate.formats.cells import cell_text
from tidegate.formats.reader import open_shipments
from tidegate.formats.rejects import FormatError, RowError, shorten
from tidegate.law import Book, load_rulebook
from tidegate.screening.registers import (
    ABOUT,
    ANY,
    STATUSES,
    Authority,
    FactKey,
    FactRecord,
    JoinedRegisters,
    MemoryRegister,
    PaperKey,
    PaperRecord,
    Register,
)
from tidegate.screening.registers.enrich import answerable, facts_read
from tidegate.screening.registers.protocol import FACT_COLUMNS, PAPER_COLUMNS, VALID, normal
from tidegate.screening.shipment import Reject, _date, _documents, _number, _typed

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx")
NOTE = "note"
MOST_FILES = 1 << 20
PAPERS, FACTS = "papers", "facts"
COLUMNS = {PAPERS: (*PAPER_COLUMNS, NOTE), FACTS: (*FACT_COLUMNS, NOTE)}
NEEDED = {PAPERS: ("kind", "number"), FACTS: ("fact", "about", "subject", "value")}


class FileRegister(MemoryRegister):
    """A register read from a file, or from every table of a folder. Raises FormatError naming row, field and value.

    book: whose kinds of paper, facts and rules the tables name (the shipped book when left out). The register is held
    in memory: about half a gigabyte for a million papers.
    """

    def __init__(self, path: str | Path, book: Book | None = None):
        self.path = Path(path)
        tables = _Tables(book or load_rulebook())
        digest = hashlib.sha256()
        for file in _files(self.path):
            digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
            tables.read(file)
        label = f"{self.path.name} ({digest.hexdigest()[:12]})"
        super().__init__((), tables.facts, tables.authorities, label)
        self._papers = tables.papers


def open_registers(paths: Sequence[str | Path], book: Book | None = None) -> Register | None:
    """The registers of these files and folders, asked as one; None where there are none. Raises FormatError."""
    found = [FileRegister(path, book) for path in paths]
    return found[0] if len(found) == 1 else JoinedRegisters(found) if found else None


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        if not path.exists():
            raise FormatError(f"{path}: there is no such register", field="register", value=str(path))
        return [path]
    files = sorted(
        file
        for file in path.iterdir()
        if file.is_file() and not file.name.startswith(".") and file.name.lower().removesuffix(".gz").endswith(SUFFIXES)
    )
    if not files:
        raise FormatError(
            f"{path}: a folder without register tables",
            field="register", value=str(path), expected="files ending in " + ", ".join(SUFFIXES),
        )  # fmt: skip
    return files


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row stands."""

    file: Path
    row: int
    line: int | None

    def __str__(self) -> str:
        where = f"row {self.row}" if self.line is None else f"row {self.row}, line {self.line}"
        return f"{self.file}: {where}"


class _Tables:
    """Records read so far, each checked against the book and against those before."""

    def __init__(self, book: Book):
        self.book = book
        self.papers: dict[PaperKey, PaperRecord] = {}
        self.facts: list[FactRecord] = []
        self.authorities: dict[str, list[Authority]] = {}
        self._files: list[Path] = []
        self._rows: dict[PaperKey, int] = {}  # row and file of each, in one number
        self._periods: dict[FactKey, list[tuple[FactRecord, _Place]]] = {}

    def read(self, file: Path) -> None:
        self._files.append(file)
        for place, table, row in _rows(file):
            by = _text(row.get("answered_by")) or file.name.partition(".")[0]
            try:
                if table == PAPERS:
                    self._paper(row, by, place)
                else:
                    self._fact(row, by, place)
            except (RowError, Reject) as slip:
                raise FormatError(
                    f"{place}: {slip.field}: {shorten(slip.value)!r}: expected {slip.expected}",
                    field=slip.field, value=slip.value, expected=slip.expected,
                ) from None  # fmt: skip

    # ── papers ─────────────────────────────────────────────────────────────────────────────────────────

    def _paper(self, row: Mapping[str, Any], by: str, place: _Place) -> None:
        kind = self._kind(row)
        number = _text(row.get("number"))
        if number is None:
            raise RowError("number", None, f"the number of the paper, or {ANY}")
        days: dict[str, Any] = {
            name: _date(_blank(row.get(name)), name) for name in ("status_from", "issued", "valid_from", "valid_to")
        }
        _in_order(days["valid_from"], days["valid_to"])
        if number == ANY:
            for name in ("status", "status_from", "issued", "standard", "value", "renewals"):
                if _text(row.get(name)) is not None:
                    raise RowError(name, row[name], f"nothing in a row that says the table holds every {kind}")
            authority = Authority(days["valid_from"], days["valid_to"], by)
            self.authorities.setdefault(kind, []).append(authority)
            return
        self._one_state(kind)
        status = " ".join((_text(row.get("status")) or VALID).lower().replace("_", " ").split())
        if status not in STATUSES:
            raise RowError("status", row["status"], " or ".join(STATUSES))
        if days["status_from"] is not None and status == VALID:
            raise RowError("status_from", row["status_from"], "a day only where the status is not valid")
        record = PaperRecord(
            sys.intern(kind),
            number,
            sys.intern(status),
            **days,
            standard=_text(row.get("standard")),
            value=_number(_blank(row.get("value")), "value"),
            renewals=_renewals(row.get("renewals")),
            answered_by=sys.intern(by),
        )
        key = PaperKey(record.kind, record.number if (same := normal(number)) == record.number else same)
        if key in self.papers:
            row_before, file = divmod(self._rows[key], MOST_FILES)
            before = _Place(self._files[file], row_before, None)
            raise RowError("number", number, f"each {kind} once; this one stands already in {before}")
        self._rows[key] = place.row * MOST_FILES + len(self._files) - 1
        self.papers[key] = record

    def _kind(self, row: Mapping[str, Any]) -> str:
        kind = _text(row.get("kind"))
        head, colon, state = (kind or "").partition(":")
        known = self.book.documents.get(head)
        if kind is None or known is None:
            raise RowError("kind", kind, "a kind of paper of the rulebook" + _nearest(head, self.book.documents))
        if colon and not known.per_state:
            raise RowError("kind", kind, f"{head} without a State")
        if colon and state not in self.book.states:
            raise RowError("kind", kind, f"{head}: and a State as ISO 3166-1 alpha-2, such as {head}:MY")
        return kind

    def _one_state(self, kind: str) -> None:
        if self.book.documents[kind.partition(":")[0]].per_state and ":" not in kind:
            raise RowError("kind", kind, f"the State that gave it, such as {kind}:MY")

    # ── facts ──────────────────────────────────────────────────────────────────────────────────────────

    def _fact(self, row: Mapping[str, Any], by: str, place: _Place) -> None:
        name = _text(row.get("fact"))
        fact = self.book.facts.get(name or "")
        known = [n for n, f in self.book.facts.items() if answerable(f)]
        if fact is None or not answerable(fact):
            raise RowError("fact", name, "a fact of the rulebook's registry" + _nearest(name or "", known))
        about = (_text(row.get("about")) or "").lower()
        if about not in ABOUT:
            raise RowError("about", row.get("about"), " or ".join(ABOUT))
        subject = _text(row.get("subject"))
        if subject is None:
            raise RowError("subject", None, f"the id of the {about}, or {ANY}")
        rule = _text(row.get("rule"))
        if rule is not None and rule not in self.book.rules:
            raise RowError("rule", rule, "the id of a rule" + _nearest(rule, self.book.rules))
        if rule is not None and fact.name not in facts_read(self.book.rules[rule]):
            raise RowError("rule", rule, f"a rule that looks at {fact.name}")
        value = _typed(_blank(row.get("value")), fact, "value") if _text(row.get("value")) is not None else None
        if value is None:
            kinds = {"bool": "true or false", "number": f"a number in {fact.unit or 'the unit of the fact'}"}
            raise RowError("value", row.get("value"), kinds.get(fact.type, "a word"))
        days = {name: _date(_blank(row.get(name)), name) for name in ("valid_from", "valid_to")}
        _in_order(days["valid_from"], days["valid_to"])
        record = FactRecord(
            fact.name,
            about,
            subject,
            value,
            rule or "",
            valid_from=days["valid_from"],
            valid_to=days["valid_to"],
            answered_by=by,
        )
        held = self._periods.setdefault(record.key, [])
        for other, before in held:
            if _overlap(record, other):
                raise RowError("valid_from", days["valid_from"], f"days that {before} does not cover already")
        held.append((record, place))
        self.facts.append(record)


def _rows(file: Path) -> Iterator[tuple[_Place, str, dict[str, Any]]]:
    """(place, which table, cells by column in lower case) of every row; what is no table of a register is refused."""
    with open_shipments(file) as reader:
        if reader.format == "asycuda":
            raise FormatError(f"{file}: not a table", expected="CSV, JSON Lines, Parquet or XLSX")
        if reader.columns is not None:
            _table([name.strip().lower() for name in reader.columns], str(file))
        for flat in reader.flat_rows():
            place = _Place(file, flat.row, flat.line)
            if flat.cells is None:
                error = (flat.reject or {}).get("error", {})
                raise FormatError(f"{file}: {error.get('message', 'a row cannot be read')}", field="row")
            row = {name.strip().lower(): value for name, value in flat.cells.items()}
            yield place, _table(list(row), str(place)), row


def _table(columns: Sequence[str], where: str) -> str:
    """Which of the two tables has these columns."""
    table = PAPERS if "kind" in columns else FACTS if "fact" in columns else None
    if table is None:
        wanted = " or ".join(", ".join(names) for names in NEEDED.values())
        raise FormatError(
            f"{where}: not a table of a register: expected the columns {wanted}",
            field="header", value=", ".join(columns[:20]), expected=wanted,
        )  # fmt: skip
    missing = [name for name in NEEDED[table] if name not in columns]
    if missing:
        raise FormatError(
            f"{where}: a table of {table} without the column {missing[0]}: expected " + ", ".join(NEEDED[table]),
            field=missing[0], expected=", ".join(NEEDED[table]),
        )  # fmt: skip
    for name in columns:
        if name not in COLUMNS[table]:
            raise FormatError(
                f"{where}: {shorten(name)!r} is no column of a table of {table}: expected {', '.join(COLUMNS[table])}",
                field=name, expected=", ".join(COLUMNS[table]),
            )  # fmt: skip
    return table


def _text(value: Any) -> str | None:
    """A cell as text without spaces around; None where it is empty. An empty list is not empty."""
    return None if value is None else cell_text(value).strip() or None


def _blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value.strip() if isinstance(value, str) else value


def _renewals(value: Any) -> tuple[tuple[date | None, int | None], ...] | None:
    text = _text(value)
    if text is None:
        return None
    if not text.startswith("["):
        raise RowError("renewals", text, 'a JSON list such as [{"from": "2026-01-01", "days": 90}]')
    papers = _documents(f'[{{"kind": "renewed", "renewals": {text}}}]') or ()
    return papers[0].renewals


def _in_order(first: date | None, last: date | None) -> None:
    if first is not None and last is not None and last < first:
        raise RowError("valid_to", last.isoformat(), f"a day not before valid_from ({first.isoformat()})")


def _overlap(one: FactRecord, other: FactRecord) -> bool:
    begins = max(one.valid_from or date.min, other.valid_from or date.min)
    return begins <= min(one.valid_to or date.max, other.valid_to or date.max)


def _nearest(word: str, words: Any) -> str:
    found = get_close_matches(word, list(words), n=3)
    return f" (did you mean {', '.join(found)}?)" if found else ""
