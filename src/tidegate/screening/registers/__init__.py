"""Registers that answer what a declaration cannot prove: permits, consents, quota, facilities.

    protocol.py   what a register is: keys, records, the tables it gives
    tables.py     a register in memory; several registers as one
    answers.py    what an answer does to a paper or a fact, and what is said about it
    enrich.py     one shipment enriched before it is decided
    join.py       a register's tables, joined with batches by equality of keys
    batch.py      one batch enriched
    spread.py     answers as columns

A shipment is enriched before it is decided, so the evaluator and the bulk session stay the only ones who decide.
"""

from tidegate.screening.registers.answers import ANSWERS, Answer, alerts_of
from tidegate.screening.registers.enrich import Enricher, enrich, enrich_batch
from tidegate.screening.registers.protocol import (
    ABOUT,
    ANY,
    STALE,
    STATUSES,
    Authority,
    FactKey,
    FactRecord,
    FactShape,
    Load,
    PaperKey,
    PaperRecord,
    Register,
    RegisterError,
    Scope,
    fact_schema,
    paper_schema,
)
from tidegate.screening.registers.tables import JoinedRegisters, MemoryRegister

__all__ = [
    "ABOUT", "ANSWERS", "ANY", "STALE", "STATUSES", "Answer", "Authority", "Enricher", "FactKey", "FactRecord",
    "FactShape", "JoinedRegisters", "Load", "MemoryRegister", "PaperKey", "PaperRecord", "Register", "RegisterError",
    "Scope", "alerts_of", "enrich", "enrich_batch", "fact_schema", "paper_schema",
]  # fmt: skip
