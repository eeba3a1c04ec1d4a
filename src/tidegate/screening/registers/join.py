"""Registers' tables, joined with batches by equality of keys.

The papers of a batch, kind and number, are joined with the register's papers; the ids of its parties, for each fact
that the register answers, with its facts. Only the records that are met are looked at again (see batch.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tidegate.screening.registers.batch import Enriched, Enrichment
from tidegate.screening.registers.enrich import Ask, Enricher
from tidegate.screening.registers.protocol import (
    ANY,
    FactRecord,
    PaperKey,
    PaperRecord,
    fact_schema,
    normal,
    paper_schema,
)
from tidegate.screening.registers.tables import edges, fact_records, paper_records, whole

BETWEEN = "\x1f"  # between kind and number in a joined key


class Join:
    """Enriches batches from one register. Reads the register's tables once, when it is made."""

    def __init__(self, enricher: Enricher):
        self.enricher, self.book = enricher, enricher.book
        papers = whole(enricher.register.paper_table(), paper_schema())
        pairs = zip(papers["kind"].to_pylist(), papers["number"].to_pylist(), strict=True)
        self._papers = papers
        self._paper_keys = pa.array([_joined(PaperKey.of(*pair)) for pair in pairs], pa.string())
        self.knows_papers = papers.num_rows > 0 or bool(enricher.authorities)
        self.authority_edges = edges((a.since, a.until) for given in enricher.authorities.values() for a in given)
        facts = whole(enricher.register.fact_table(), fact_schema())
        self._facts = {ask.shape: _FactTable(facts, ask) for asks in enricher.asks.values() for ask in asks}

    def __call__(self, batch: pa.RecordBatch) -> Enriched:
        return Enrichment(self, batch).enriched()

    def papers(self, keys: Iterable[PaperKey]) -> dict[PaperKey, PaperRecord]:
        """The register's papers with these keys: a join by equality, the smaller side hashed."""
        wanted = pa.array([_joined(key) for key in dict.fromkeys(keys)], pa.string())
        met = self._papers.filter(pc.is_in(self._paper_keys, value_set=wanted))
        return {record.key: record for record in reversed(paper_records(met))}

    def facts(self, ask: Ask) -> _FactTable:
        return self._facts[ask.shape]


class _FactTable:
    """The register's records of one shape, to be joined by the subject's id."""

    def __init__(self, facts: pa.Table, ask: Ask):
        fact, about, rule = ask.shape
        same = pc.and_(pc.equal(facts["fact"], fact), pc.equal(facts["about"], about))
        same = pc.and_(same, pc.equal(pc.fill_null(facts["rule"], ""), rule))
        self._rows = facts.filter(same)
        self._keys = pa.array([normal(s) for s in self._rows["subject"].to_pylist()], pa.string())
        self._any = self.of([ANY]).get(ANY, [])

    def of(self, subjects: Sequence[str]) -> dict[str, list[FactRecord]]:
        """Subject in normal form → its records."""
        met = self._rows.filter(pc.is_in(self._keys, value_set=pa.array(subjects, pa.string())))
        out: dict[str, list[FactRecord]] = {}
        for record in fact_records(met):
            out.setdefault(normal(record.subject), []).append(record)
        return out

    def speaking(self, subjects: Sequence[str]) -> dict[str, tuple[list[FactRecord], list[FactRecord]]]:
        """Subject in normal form → (its own records, those for any subject), where there are any."""
        own = self.of(subjects)
        return {s: (own.get(s, []), self._any) for s in subjects if s in own or self._any}


def _joined(key: PaperKey) -> str:
    return key.kind + BETWEEN + key.number
