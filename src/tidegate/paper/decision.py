"""The screening record: one decision as a paper that an officer can put into a file.

`decision_pdf` turns a decision and its shipment (both as in the contract) into the words of the record and
has it set.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tidegate.paper import pdf
from tidegate.paper.record import Record, labels

if TYPE_CHECKING:
    from tidegate.law.records import Book

Translate = Callable[[str], str]


def decision_pdf(
    decision: Mapping[str, Any],
    shipment: Mapping[str, Any],
    *,
    url: str | None,
    language: str = "en",
    today: date | None = None,
    generated: datetime | None = None,
    book: Book | None = None,
    translate: Translate = str,
) -> bytes:
    """The record of one screening as a tagged, archival PDF with the decision attached as JSON.

    `decision` and `shipment`: as in the contract. `url`: permalink of the record, printed as a QR code.
    `language`: of the words that `translate` gives. `today`: the day of the record (default: that of
    `generated`); changes before it are left out. `generated`: aware time of making (default: now). `book`:
    the rulebook, for the names of facts, papers and States; without it they are shown by their codes.
    """
    made = generated or datetime.now(UTC)
    if made.tzinfo is None:
        raise ValueError(f"generated: {generated!r}; expected an aware time")
    today = today or made.astimezone(UTC).date()
    _ = translate
    view = Record(decision, shipment, book, translate)
    reference = str(shipment.get("id") or decision.get("id") or "–")
    day = str(shipment.get("date") or "–")
    attached = pdf.Attachment(
        name="screening.json",
        text=json.dumps({"decision": decision, "shipment": shipment}, ensure_ascii=False, default=str, indent=1),
        description=_("The decision and the shipment as they were screened"),
    )
    return pdf.render(
        "decision",
        view.body(reference, day, today, made),
        title=_("Screening of shipment %(id)s") % {"id": reference},
        kind=_("Screening record"),
        reference=reference,
        labels=labels(translate),
        footer=_("Rulebook %(book)s · made %(time)s UTC")
        % {
            "book": decision.get("rulebook") or "–",
            "time": made.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        },
        generated=made,
        language=language,
        url=url,
        attachments=[attached],
        translate=translate,
    )
