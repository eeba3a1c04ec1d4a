"""The example file: some cases worth knowing, then plain declarations, about ten thousand in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import yaml

from tidegate.formats.generate import SEED, generate
from tidegate.formats.generate.files import write_csv
from tidegate.formats.tabular import flatten
from tidegate.law import load_rulebook
from tidegate.law.records import Book
from tidegate.screening.bulk.documents import documents_type

ROWS = 10_000
WITH_PAPERS = 4_000  # the rest are of profile A: papers make most of the weight
#: Where the shipped example lies, in a checkout and in an installed package alike.
SHIPPED = Path(__file__).parents[2] / "examples" / "declarations.csv"
FLAGSHIPS = Path(__file__).with_name("flagships.yaml")
#: What a customs office would look at; the rest of a generated row would only make the file heavy.
COLUMNS = (
    "id", "consignment", "date", "events.declared", "events.departed", "events.arrived", "events.import_completed",
    "export", "import", "origin", "transit", "hs", "description", "declared_entry", "operation", "waste",
)  # fmt: skip
AFTER_POLYMERS = (
    "contamination_pct", "halogenated", "hazardous", "annex_i", "annex_iii", "consumer", "material", "net_kg",
    "consignee.id",
)  # fmt: skip
FACTS = (
    "mode", "enters_territory", "customs_regime", "temporary_import", "gate_listed", "foreign_matter_pct",
    "other_listed_hs_pct", "target_purity_pct", "form", "source", "used", "cut", "cleaned", "processed",
    "to_specification", "listed_item", "separate_recycling", "storage_steps", "r3_documented", "output_exported",
    "ap_status", "destination_on_licence", "zone", "importer_type", "own_plant", "plant_on_approved_list",
    "food_residue", "household_refuse_pct",
)  # fmt: skip
# a number or a first day of validity adds weight and decides nothing that the other days do not
LIGHT = ("kind", "issued", "valid_to", "value", "standard", "renewals")


def write_example(stream: IO[bytes], book: Book | None = None) -> int:
    """Writes the example as CSV; gives the number of rows. The same book gives the same bytes."""
    return write_csv(example_batches(book), stream)


def example_batches(book: Book | None = None) -> Iterator[pa.RecordBatch]:
    """The flagship cases, then generated rows with papers, then rows without."""
    book = book or load_rulebook()
    flagships = [flatten(case) for case in yaml.safe_load(FLAGSHIPS.read_text(encoding="utf-8"))]
    with_papers = list(generate(WITH_PAPERS, seed=SEED, profile="B", book=book))
    columns = example_columns(with_papers[0].schema.names)
    yield pa.RecordBatch.from_arrays(
        [pa.array([case.get(name) for case in flagships], pa.string()) for name in columns], names=columns
    )
    for batch in with_papers:
        yield _lighter(batch.select(columns))
    rest = ROWS - len(flagships) - WITH_PAPERS
    for batch in generate(rest, seed=SEED, profile="A", book=book, start_row=WITH_PAPERS):
        papers = pa.nulls(batch.num_rows, pa.list_(documents_type().value_type))
        yield batch.append_column("documents", papers).select(columns)


def example_columns(names: Sequence[str]) -> list[str]:
    """The columns of the example, of those that a generated batch has."""
    polymers = [n for n in names if n.startswith("polymers.")]
    wanted = [*COLUMNS, *polymers, *AFTER_POLYMERS, *(f"facts.{f}" for f in FACTS), "documents"]
    return [n for n in wanted if n in names]


def _lighter(batch: pa.RecordBatch) -> pa.RecordBatch:
    place = batch.schema.get_field_index("documents")
    held: list[list[dict[str, Any]] | None] = batch.column(place).to_pylist()
    lean = [None if papers is None else [{k: p[k] for k in LIGHT} for p in papers] for papers in held]
    kept = pa.struct([batch.schema.field(place).type.value_type.field(k) for k in LIGHT])
    return batch.set_column(place, "documents", pa.array(lean, pa.list_(kept)))
