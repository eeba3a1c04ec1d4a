"""Plausible declarations for trials, benchmarks and the demo: made up, and the same on every machine.

Row n of a seed, a profile and a book is always the same row, whatever the number of rows, the size of the batches or
the row at which a run begins. The mix of rows is that of the project's figures: a fifth travels over States of
transit, four in ten lack facts, every State of the book and every heading of its HS table comes, days run from 2012 to
2028, and each rule of the book has rows made to meet it. Every company is invented and says so.

    draws.py     random numbers that do not change with the version of a library
    wishes.py    conditions of the rulebook read backwards
    aims.py      for each rule, the ways to meet it
    plan.py      the book as tables to draw from
    route.py     States and days of a consignment
    goods.py     composition, headings and masses of a line
    facts.py     which facts a declaration states
    papers.py    the documents held (profile B)
    columns.py   all that as columns
    block.py     rows by the block, most of them standing trades that come again
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tidegate.formats.generate.block import COMPLETE, ROWS, Blocks
from tidegate.formats.generate.papers import PaperPlan
from tidegate.formats.generate.plan import plan_for
from tidegate.law import load_rulebook
from tidegate.law.records import Book

SEED = 20_261_121
PROFILES = ("A", "B")

__all__ = ["COMPLETE", "PROFILES", "SEED", "generate"]


def generate(
    rows: int,
    *,
    seed: int = SEED,
    profile: str = "A",
    book: Book | None = None,
    start_row: int = 0,
    batch_rows: int = 131_072,
) -> Iterator[pa.RecordBatch]:
    """Declarations `start_row` … `start_row + rows − 1` (counted from 0) as record batches of one schema.

    profile: "A" without documents; "B" with the column `documents` (nested), filled on 30 % of the rows with
    dates, standards, values and renewals. book: whose States, headings and rules to draw from; the shipped one
    when left out. Columns are flat and dotted as the contract names them, typed as Parquet would hold them.
    Percentages are of mass, masses in kilograms. Raises ValueError for a profile or a number that is not known.
    """
    if profile not in PROFILES:
        raise ValueError(f"profile {profile!r} is not known; there are {' and '.join(PROFILES)}")
    for name, number in (("rows", rows), ("start_row", start_row), ("seed", seed), ("batch_rows", batch_rows)):
        if number < 0:
            raise ValueError(f"{name} is {number}; expected 0 or more")
    book = book or load_rulebook()
    plan = plan_for(book, profile == "B")
    table = PaperPlan(plan) if profile == "B" else None
    return _batches(Blocks(plan, table, seed), start_row, start_row + rows, max(1, batch_rows))


def _batches(blocks: Blocks, row: int, end: int, batch_rows: int) -> Iterator[pa.RecordBatch]:
    kept: list[pa.RecordBatch] = []
    held = 0
    while row < end:
        block, within = divmod(row, ROWS)
        piece = blocks.block(block).slice(within, min(ROWS - within, end - row))
        row += piece.num_rows
        while piece.num_rows:
            part = piece.slice(0, batch_rows - held)
            piece = piece.slice(part.num_rows)
            kept.append(part)
            held += part.num_rows
            if held == batch_rows:
                yield _joined(kept)
                kept, held = [], 0
    if kept:
        yield _joined(kept)


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    return parts[0] if len(parts) == 1 else pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
