"""`tidegate report`: the decision on one shipment as a PDF."""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("shipments", metavar="SHIPMENTS", help="file with the shipment (its first readable row), or -")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.pdf")
    parser.add_argument("--map", help="column map: a YAML file, or the name of a shipped one")
    parser.add_argument("--format", help="format of the input where it should not be found out")
    parser.add_argument("--language", default="en", help="language of the page (default en)")
    parser.add_argument("--rulebook", action="append", default=[], metavar="DIR")


def run(args: argparse.Namespace) -> int:
    """Writes the page."""
    from tidegate.cli.screen import describe
    from tidegate.formats import FormatError
    from tidegate.law import RulebookError, default_overlays, load_rulebook
    from tidegate.screening import Reject

    try:
        book = load_rulebook([*default_overlays(), *map(Path, args.rulebook)])
        page = pdf_of_first(args.shipments, args.map, args.format, book, args.language)
        Path(args.output).write_bytes(page)
    except (FormatError, RulebookError, Reject, OSError, ValueError) as error:
        print(f"tidegate report: {describe(error)}", file=sys.stderr)
        return 2
    return 0


def pdf_of_first(
    source: Any, mapping: Any, format: str | None, book: Any, language: str = "en", register: Any = None,
    encoding: str | None = None,
) -> bytes:  # fmt: skip
    """The decision on the first readable shipment of a source, with what changes soon."""
    from tidegate.formats import FormatError, open_shipments
    from tidegate.paper import decision_pdf
    from tidegate.screening import Reject, decide, parse_shipment
    from tidegate.screening.registers import alerts_of, enrich

    types = {fact.name: fact.type for fact in book.facts.values()}
    why = "the input holds no shipment"
    with open_shipments(source, map=mapping, format=format, encoding=encoding, fact_types=types) as reader:
        for raw in reader:
            if raw.data is None:
                why = str((raw.reject or {}).get("error", {}).get("message", why))
                continue
            data, answers = (raw.data, ()) if register is None else enrich(raw.data, register, book)
            try:
                shipment = parse_shipment(data, book)
            except Reject as reject:
                why = f"row {raw.row}: {reject}"
                continue
            decision = decide(shipment, book, changes=True)
            decision["alerts"] += alerts_of(answers)
            today = datetime.datetime.now(datetime.UTC).date()
            return decision_pdf(decision, shipment.as_dict(), url=None, language=language, today=today)
    raise FormatError(why)
