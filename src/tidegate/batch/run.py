"""Screens a file: a row at a time where that is soonest done, in batches where there is much.

Both ways give the same decisions (the batches collapse to distinct cases that the same evaluator decides), so which
one is taken is a matter of speed only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tidegate.batch.beside import nested, unknown_parts
from tidegate.batch.consignment_file import ConsignmentFile
from tidegate.batch.summary import Summary
from tidegate.formats import DecisionWriter, FormatError, ShipmentReader, flatten, open_shipments, reject_for
from tidegate.formats.writers import output_format as format_of
from tidegate.law import Book, load_rulebook
from tidegate.screening import Reject, parse_shipment
from tidegate.screening.decision import decide_body
from tidegate.screening.evaluate import SEVERITY
from tidegate.screening.registers import Enricher, Register, alerts_of
from tidegate.screening.shipment import FIELDS

SMALL_BYTES = 1_000_000
WHOLE_SHIPMENT = tuple(sorted(FIELDS - {"id"}))
Progress = Callable[[int, int | None, int], None]  # (bytes or rows done, of how many, rows decided)


def screen_file(
    source: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    map: Any = None,
    format: str | None = None,
    output_format: str | None = None,
    engine: str = "duckdb",
    master: str | None = None,
    compact: bool = False,
    columns: bool = False,
    changes: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
    book: Book | None = None,
    encoding: str | None = None,
    limits: Any = None,
    keep: Sequence[str] = (),
    register: Register | None = None,
    consignments: str | Path | None = None,
) -> Summary:
    """Screens every shipment of `source` into `output`; rows in = decisions + rejects.

    source: a path, `-` for standard input, or a folder or list of ASYCUDA XML files. output: a path, or `-`.
    map: a column map. engine: `duckdb` (embedded) or `spark` (with `master`). compact: Parquet with set ids and a
    table of sets. columns: Parquet with each list of a decision as a column of its own, in place of `decision_json`.
    changes: also the next dates on which each outcome changes. resume: keep part files, go on from
    them. progress(done, of, rows) is called now and then. keep: fields of the shipment to be written beside its
    decision, as the input has them (`polymers` stands for every `polymers.…`); `WHOLE_SHIPMENT` is all of them.
    register: who is asked about papers and facts before a shipment is decided; what was answered, and by whom, stands
    in the column `register_answers`. consignments: a file (csv, jsonl, parquet, xlsx) that gets a row for each
    consignment, with its strictest outcome (`consignment_file`).

    Raises FormatError when the input as a whole cannot be read, RulebookError when the rulebook cannot, RegisterError
    when a register answers what cannot be; on Spark also SparkUnavailable and SparkFailed.
    """
    book = book or load_rulebook()
    one_file = isinstance(source, str | Path) and str(source) != "-"
    form = _form(output, output_format, compact=compact, columns=columns, changes=changes, resume=resume)
    if resume and str(source) == "-":
        raise FormatError("a run that can go on reads a file: standard input is gone once it was read")
    if engine == "spark" and (map is not None or changes or resume or not one_file):
        raise FormatError("the Spark engine reads one Parquet file, without a map, in one go and without changes")
    types = {fact.name: fact.type for fact in book.facts.values()}
    with (
        nullcontext() if consignments is None else ConsignmentFile(Path(consignments)) as grouped,
        open_shipments(
            source, map=map, format=format, encoding=encoding, limits=limits, fact_types=types
        ) as reader,
    ):  # fmt: skip
        if engine == "spark":
            from tidegate.batch.spark import screen_parquet

            summary = screen_parquet(
                str(source),
                reader,
                output,
                book,
                master=master,
                output_format=output_format,
                form=form,
                progress=progress,
                keep=keep,
                register=register,
                consignments=grouped,
            )
        elif (form != "whole" or resume or _large(reader)) and str(output) != "-" and not changes:
            from tidegate.batch.stream import screen_batches

            summary = screen_batches(
                reader,
                Path(output),
                book,
                output_format=output_format,
                form=form,
                resume=resume,
                progress=progress,
                keep=keep,
                register=register,
                consignments=grouped,
            )
        else:
            summary = _row_by_row(reader, output, book, output_format, changes, progress, keep, register, grouped)
        summary.notes += reader.notes
        summary.unfilled = reader.unfilled
        if grouped is not None:
            summary.notes += grouped.finish()
    if register is not None:
        summary.notes.append(f"register: {register.label}")
    summary.rulebook = book.label
    summary.output = str(output)
    return summary


def _form(output: str | Path, format: str | None, *, compact: bool, columns: bool, changes: bool, resume: bool) -> str:
    """One of `sinks.FORMS`. Raises FormatError for what would be left undone in silence, or found out only at the
    end."""
    kind, standard = format_of(output, format), str(output) == "-"
    if columns and compact:
        raise FormatError("set ids (--compact) and lists as columns (--columns) are two forms: choose one")
    if columns and (kind != "parquet" or changes or standard):
        raise FormatError("lists as columns (--columns) are a form of Parquet, without changes")
    if compact and (kind != "parquet" or changes):
        raise FormatError("the compact form is Parquet with a table of sets beside, without changes")
    if resume and (kind == "xlsx" or changes or standard):
        raise FormatError("a run that can go on writes a Parquet, CSV or JSON Lines file, without changes")
    return "compact" if compact else "columns" if columns else "whole"


def _large(reader: ShipmentReader) -> bool:
    size = reader.size
    return reader.format == "parquet" or size is None or size > SMALL_BYTES


def _row_by_row(
    reader: ShipmentReader,
    output: str | Path,
    book: Book,
    output_format: str | None,
    changes: bool,
    progress: Progress | None,
    keep: Sequence[str],
    register: Register | None,
    consignments: ConsignmentFile | None,
) -> Summary:
    summary = Summary()
    lines = None if consignments is None else consignments.lines()
    enricher = None if register is None else Enricher(register, book)
    with DecisionWriter(output, output_format) as writer:
        for raw in reader:
            if raw.data is None:
                record = raw.reject or {}
                summary.reject(record)
                writer.reject(record)
                continue
            data, answers = (raw.data, ()) if enricher is None else enricher.one(raw.data)
            try:
                shipment = parse_shipment(data, book)
            except Reject as error:
                record = reject_for(raw.data, **error.as_dict(), row=raw.row, line=raw.line, file=raw.file)
                summary.reject(record)
                writer.reject(record)
                continue
            decision = decide_body(shipment, book, changes=changes)
            decision["alerts"] += alerts_of(answers)
            decision = {"id": shipment.id, "row": raw.row, **decision}
            extra = unknown_parts(data, book)
            if writer.format != "jsonl":
                extra = dict(flatten(extra))
            extra |= flatten({name: raw.data[name] for name in keep if name in raw.data and name != "id"})
            if writer.format == "jsonl":
                extra = nested(extra)
            writer.write(decision, row=raw.row, extra=extra)
            summary.add(decision, shipment.export, shipment.import_, shipment.date.isoformat()[:7])
            if shipment.consignment is not None:
                rank = SEVERITY[decision["outcome"]]
                summary.consignments.add_one(shipment.consignment, rank)
                if lines is not None:
                    lines.add_one(shipment.consignment, rank, bool(decision["verify"]), raw.row)
            if progress is not None and raw.row % 200 == 0:
                progress(reader.position, reader.size, summary.rows)
    if progress is not None:
        progress(reader.position, reader.size, summary.rows)
    return summary


__all__ = ["screen_file"]
