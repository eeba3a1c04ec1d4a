"""The tables beside the rules: facts, documents, States, headings, streams, parameters, and the registers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tidegate.law.findings import Finding
from tidegate.law.loader import TABLES
from tidegate.law.records import CONFIDENCES
from tidegate.law.sources import SourceFile

REGISTERS = {"groups": "group", "entries": "entry"}
HEADS = frozenset({"version", "state", "layer", "defaults", "rules", "polymers", "addresses", "institutions"})
FACT_TYPES = ("bool", "text", "number", "date", "list", "object")
FACT_SOURCES = ("declaration", "document", "inspection", "register", "derived")
FACT_GROUPS = ("route", "goods", "process", "papers", "place")
WASTE = ("heading", "possible")


@dataclass
class Registers:
    """Every name that a rule may use, gathered from all files; the later replaces the earlier."""

    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)
    materials: set[str] = field(default_factory=set)
    streams_of_word: dict[str, set[str]] = field(default_factory=dict)
    polymers: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    editions: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, sources: Sequence[SourceFile]) -> Registers:
        """The registers of a book."""
        out = cls()
        for source in sources:
            out.facts.update({str(r.get("name")): r for r in source.records("facts")})
            out.documents.update({str(r.get("kind")): r for r in source.records("documents")})
            out.states.update(str(r.get("iso")) for r in source.records("states"))
            out.groups.update(str(r.get("group")) for r in source.records("groups"))
            out.entries.update(str(r.get("entry")) for r in source.records("entries"))
            out.materials.update(str(r.get("material")) for r in source.records("streams"))
            for record in source.records("streams"):
                for word in (record.get("material"), *(record.get("also") or ())):
                    out.streams_of_word.setdefault(str(word), set()).add(str(record.get("material")))
            out.editions.update(str(r.get("edition")) for r in source.records("editions"))
            if source.root == 0:
                # the names are read by the classification: another book cannot add one that anything reads
                out.parameters.update(str(r.get("name")) for r in source.records("parameters"))
            out.polymers.update(_polymers(source.document.get("polymers")))
            for raw in source.rules():
                identity = str(raw.get("id"))
                out.rules.add(identity)
                tokens = raw.get("basel")
                if source.document.get("layer") == "basel" and isinstance(tokens, list) and len(tokens) == 1:
                    out.entries.update(t for t in tokens if identity == f"BASEL-{t}")
        return out


def _polymers(raw: Any) -> set[str]:
    if not isinstance(raw, Mapping):
        return set()
    out: set[str] = set()
    for name, codes in raw.items():
        if isinstance(codes, list):
            out.update(str(c) for c in codes)
        elif name == "grades" and isinstance(codes, Mapping):
            out.update(str(c) for c in codes.values())
    return out


def check_tables(sources: Sequence[SourceFile], registers: Registers) -> Iterator[Finding]:
    """Every fault of the tables and of the heads of the files."""
    seen: dict[tuple[int, str, str], str] = {}
    for source in sources:
        for key in source.document:
            if key not in TABLES and key not in REGISTERS and key not in HEADS:
                allowed = ", ".join(sorted([*TABLES, *REGISTERS, *HEADS]))
                yield Finding(source.name, "", str(key), "a table of this name", f"one of {allowed}")
        for table, key in {**TABLES, **REGISTERS}.items():
            for record in source.records(table):
                identity = str(record.get(key) or "")
                name = f"{table} {identity or '(no name)'}"
                if not identity:
                    yield Finding(source.name, name, key, record.get(key), "a name")
                    continue
                if table in ("headings", "parameters"):  # several records may share a code or a name
                    identity += repr(sorted(str(x) for x in record.get("editions", ()))) + repr(
                        [record.get(k) for k in ("states", "from", "to")] if table == "parameters" else ""
                    )
                place = (source.root, table, identity)
                if place in seen:
                    yield Finding(source.name, name, key, record.get(key), f"a name of its own ({seen[place]})")
                seen[place] = source.name
                for where, value, expected in _CHECKS[table](record, registers):
                    yield Finding(source.name, name, where, value, expected)


Fault = tuple[str, Any, str]


def _fact(record: Mapping[str, Any], _: Registers) -> Iterator[Fault]:
    for key, allowed in (("type", FACT_TYPES), ("by", FACT_SOURCES), ("group", FACT_GROUPS)):
        if record.get(key) not in allowed:
            yield key, record.get(key), "one of " + ", ".join(allowed)
    for key in ("label", "meaning"):
        if not record.get(key):
            yield key, record.get(key), "some text"


def _document(record: Mapping[str, Any], _: Registers) -> Iterator[Fault]:
    for key in ("name", "issuer", "meaning"):
        if not record.get(key):
            yield key, record.get(key), "some text"
    if not isinstance(record.get("dated"), bool):
        yield "dated", record.get("dated"), "true or false"


def _state(record: Mapping[str, Any], registers: Registers) -> Iterator[Fault]:
    groups = record.get("groups") or {}
    for group, periods in groups.items() if isinstance(groups, Mapping) else ():
        if group not in registers.groups:
            yield "groups", group, "a registered group of States (registers.yaml)"
        previous: date | None = None
        for n, period in enumerate(periods or ()):
            where = f"groups: {group}"
            start, end = as_date(period.get("from")), as_date(period.get("to"))
            if reversed_dates(start, end):
                yield where, f"{start} to {end}", "a last day not before the first"
            if n and (previous is None or start is None or start <= previous):
                yield where, f"from {start}", "periods in order that do not overlap"
            previous = end
            if period.get("confidence", "medium") not in CONFIDENCES:
                yield where, period.get("confidence"), "one of " + ", ".join(CONFIDENCES)
    if record.get("part_of") and record["part_of"] not in registers.states:
        yield "part_of", record["part_of"], "a State of the book"


def _heading(record: Mapping[str, Any], registers: Registers) -> Iterator[Fault]:
    code = str(record.get("code"))
    if not code.isdigit() or not 2 <= len(code) <= 10:
        yield "code", code, "2 to 10 digits as text"
    for edition in record.get("editions") or ():
        if str(edition) not in registers.editions:
            yield "editions", edition, "an edition of the book"
    if record.get("waste", "possible") not in WASTE:
        yield "waste", record.get("waste"), " or ".join(WASTE)
    if record.get("material") and record["material"] not in registers.materials:
        yield "material", record["material"], "a material of the streams"
    if record.get("polymer") and record["polymer"] not in registers.polymers:
        yield "polymer", record["polymer"], "a polymer code of polymers.yaml"
    for key in ("title", "source"):
        if not record.get(key):
            yield key, record.get(key), "some text"


def _stream(record: Mapping[str, Any], registers: Registers) -> Iterator[Fault]:
    if not record.get("source"):
        yield "source", record.get("source"), "where the entries of the stream stand"
    for entry in record.get("entries") or ():
        if not isinstance(entry, Mapping) or entry.get("entry") not in registers.entries:
            found = entry.get("entry") if isinstance(entry, Mapping) else entry
            yield "entries", found, "an entry with a rule of its own (BASEL-…)"
    for word in record.get("also") or ():
        if not isinstance(word, str) or word != " ".join(word.lower().replace("_", " ").split()):
            yield "also", word, "words in small letters, one space between them"
        elif len(registers.streams_of_word[word]) > 1:
            yield "also", word, "a word that no other stream has"
    most = record.get("plastics_max_pct", 100)
    if not isinstance(most, (int, float)) or isinstance(most, bool) or not 0 <= most <= 100:
        yield "plastics_max_pct", most, "a share of the mass, 0 to 100"
    deserves = record.get("deserves") or {}
    for edition, code in deserves.items():
        if str(edition) not in registers.editions:
            yield "deserves", edition, "an edition of the book"
        if not str(code).isdigit():
            yield "deserves", code, "a code of digits as text"


def _parameter(record: Mapping[str, Any], registers: Registers) -> Iterator[Fault]:
    if record["name"] not in registers.parameters:
        yield "name", record["name"], "one of " + ", ".join(sorted(registers.parameters))
    if not isinstance(record.get("value"), (int, float)) or isinstance(record.get("value"), bool):
        yield "value", record.get("value"), "a number"
    if not record.get("source"):
        yield "source", record.get("source"), "where the figure stands"
    for name in record.get("states") or ():
        if name not in registers.states and name not in registers.groups:
            yield "states", name, "a State or a registered group of States"
    if reversed_dates(record.get("from"), record.get("to")):
        yield "to", str(record["to"]), f"a day not before from, {record['from']}"


def _edition(record: Mapping[str, Any], _: Registers) -> Iterator[Fault]:
    if as_date(record.get("from")) is None:
        yield "from", record.get("from"), "a day of the calendar as YYYY-MM-DD"


def _register(record: Mapping[str, Any], _: Registers) -> Iterator[Fault]:
    if not record.get("meaning"):
        yield "meaning", record.get("meaning"), "some text"


_CHECKS = {
    "facts": _fact,
    "documents": _document,
    "states": _state,
    "headings": _heading,
    "streams": _stream,
    "parameters": _parameter,
    "editions": _edition,
    "groups": _register,
    "entries": _register,
}


def as_date(value: Any) -> date | None:
    """A day as YAML gives it (a date, or text as YYYY-MM-DD); None when it is none."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def reversed_dates(first: Any, last: Any) -> bool:
    """Whether both days are known and the last comes before the first."""
    start, end = as_date(first), as_date(last)
    return start is not None and end is not None and end < start
