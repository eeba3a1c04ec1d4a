"""Registers in memory, and several registers asked as one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tidegate.screening.registers.protocol import (
    VALID,
    Authority,
    FactKey,
    FactRecord,
    FactShape,
    PaperKey,
    PaperRecord,
    Register,
    Scope,
    fact_schema,
    paper_schema,
)

if TYPE_CHECKING:
    import pyarrow as pa


class MemoryRegister:
    """A register of records. A kind and number given twice: a record that is not `valid` counts, else the first."""

    def __init__(
        self,
        papers: Iterable[PaperRecord] = (),
        facts: Iterable[FactRecord] = (),
        authorities: Mapping[str, Sequence[Authority]] | None = None,
        label: str = "register",
    ):
        self.label = label
        self.authorities: Mapping[str, Sequence[Authority]] = {k: tuple(v) for k, v in (authorities or {}).items()}
        self._papers: dict[PaperKey, PaperRecord] = {}
        for paper in papers:
            self._papers[paper.key] = _stricter(self._papers.get(paper.key), paper)
        self._facts: dict[FactKey, list[FactRecord]] = {}
        for fact in facts:
            self._facts.setdefault(fact.key, []).append(fact)
        self.shapes: Collection[FactShape] = tuple(
            dict.fromkeys(FactShape(k.fact, k.about, k.rule) for k in self._facts)
        )

    def papers(self, keys: Sequence[PaperKey]) -> Mapping[PaperKey, PaperRecord | None]:
        return {key: self._papers.get(key) for key in keys}

    def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Sequence[FactRecord]]:
        return {key: found for key in keys if (found := self._facts.get(key))}

    def paper_table(self) -> pa.Table:
        return paper_rows(self._papers.values())

    def fact_table(self) -> pa.Table:
        return fact_rows(record for records in self._facts.values() for record in records)

    @property
    def counts(self) -> tuple[int, int]:
        """How many papers, how many facts."""
        return len(self._papers), sum(map(len, self._facts.values()))


class JoinedRegisters:
    """Several registers as one. A paper that any of them does not let stand does not stand; otherwise the first that
    knows it counts. Of facts, too, the first that has one for the day."""

    def __init__(self, registers: Sequence[Register]):
        self.registers = tuple(registers)
        self.label = " + ".join(register.label for register in self.registers)
        authorities: dict[str, tuple[Authority, ...]] = {}
        for register in self.registers:
            for kind, given in register.authorities.items():
                authorities[kind] = (*authorities.get(kind, ()), *given)
        self.authorities: Mapping[str, Sequence[Authority]] = authorities
        self.shapes: Collection[FactShape] = tuple(dict.fromkeys(s for r in self.registers for s in r.shapes))

    def papers(self, keys: Sequence[PaperKey]) -> Mapping[PaperKey, PaperRecord | None]:
        out: dict[PaperKey, PaperRecord | None] = {}
        for register in self.registers:
            for key, record in register.papers(keys).items():
                if record is not None:
                    out[key] = _stricter(out.get(key), record)
        return out

    def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Sequence[FactRecord]]:
        out: dict[FactKey, list[FactRecord]] = {}
        for register in self.registers:
            for key, records in register.facts(keys).items():
                out.setdefault(key, []).extend(records)
        return out

    def paper_table(self) -> pa.Table:
        import pyarrow as pa

        return once(pa.concat_tables([whole(register.paper_table(), paper_schema()) for register in self.registers]))

    def fact_table(self) -> pa.Table:
        import pyarrow as pa

        return pa.concat_tables([whole(register.fact_table(), fact_schema()) for register in self.registers])


def whole(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A register's table with every column of the schema; those that it leaves out are empty."""
    import pyarrow as pa

    for field in schema:
        if field.name not in table.schema.names:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(schema.names).cast(schema)


def once(papers: pa.Table) -> pa.Table:
    """A table of papers with each kind and number once: a row that is not `valid` counts, else the first."""
    import pyarrow as pa

    best: dict[PaperKey, int] = {}
    strict = [status != VALID for status in papers["status"].to_pylist()]
    keys = zip(papers["kind"].to_pylist(), papers["number"].to_pylist(), strict=True)
    for place, key in enumerate(PaperKey.of(*pair) for pair in keys):
        held = best.setdefault(key, place)
        if strict[place] and not strict[held]:
            best[key] = place
    return papers if len(best) == len(papers) else papers.take(pa.array(list(best.values()), pa.int64()))


def _stricter(held: PaperRecord | None, other: PaperRecord) -> PaperRecord:
    return other if held is None or (held.status == VALID and other.status != VALID) else held


# ── records and rows ───────────────────────────────────────────────────────────────────────────────────────


def paper_rows(records: Iterable[PaperRecord]) -> pa.Table:
    """Records as a table of `paper_schema`."""
    import pyarrow as pa

    schema = paper_schema()
    columns: dict[str, list[Any]] = {name: [] for name in schema.names}
    for record in records:
        for name, column in columns.items():
            value = getattr(record, name)
            if name in ("value", "left_kg") and value is not None:
                value = format(value, "f")
            elif name == "scope":
                value = None if value is None else value.text
            elif name == "renewals" and value is not None:
                value = [{"from": start, "days": days} for start, days in value]
            column.append(value)
    return pa.table({name: pa.array(columns[name], schema.field(name).type) for name in schema.names})


def fact_rows(records: Iterable[FactRecord]) -> pa.Table:
    """Records as a table of `fact_schema`."""
    import pyarrow as pa

    schema = fact_schema()
    columns: dict[str, list[Any]] = {name: [] for name in schema.names}
    for record in records:
        for name, column in columns.items():
            value = getattr(record, name)
            if name == "value":
                value = cell(value)
            elif name == "scope":
                value = None if value is None else value.text
            column.append(value)
    return pa.table({name: pa.array(columns[name], schema.field(name).type) for name in schema.names})


def cell(value: Any) -> str | None:
    """A fact's value as text: `true`, `12.5`, a word."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        value = Decimal(str(value))
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def paper_records(table: pa.Table) -> list[PaperRecord]:
    """The rows of a table of papers as records."""
    out = []
    for row in table.to_pylist():
        renewals = row["renewals"]
        out.append(
            PaperRecord(
                **{
                    **row,
                    "status": row["status"] or VALID,
                    "value": None if row["value"] is None else Decimal(row["value"]),
                    "renewals": None if renewals is None else tuple((r["from"], r["days"]) for r in renewals),
                    "answered_by": row["answered_by"] or "",
                    "scope": _scope(row["scope"]),
                    "left_kg": None if row["left_kg"] is None else Decimal(row["left_kg"]),
                    "as_of": row["as_of"] or "",
                }
            )
        )
    return out


def _scope(text: str | None) -> Scope | None:
    return None if text is None else Scope.of_text(text)


def fact_records(table: pa.Table) -> list[FactRecord]:
    """The rows of a table of facts as records."""
    texts = ("rule", "answered_by", "as_of")
    return [
        FactRecord(**{**row, **{name: row[name] or "" for name in texts}, "scope": _scope(row["scope"])})
        for row in table.to_pylist()
    ]


def edges(periods: Iterable[tuple[date | None, date | None]]) -> list[int]:
    """Ordinals of the days on which something begins or has just ended."""
    found: set[int] = set()
    for first, last in periods:
        if first is not None:
            found.add(first.toordinal())
        if last is not None:
            found.add(last.toordinal() + 1)
    return sorted(found)
