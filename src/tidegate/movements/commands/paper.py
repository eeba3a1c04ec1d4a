"""A notification that came on paper from a State outside the exchange, keyed in as the same record.

The authority that it came to, of import or of transit, is its home: it writes what the State of export would, as it
learns of it by letter, keeps the quantity account, and tells the other States of the route (facts/movement.md 1, row
29: the same record, marked as from paper, with the hash of the scan). What stands on paper is recorded as it is: a
prohibited load or a block left open is shown, and is for the authorities' answer, not for the keyboard.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import blocks, evidence, facts, fees, guard, machines
from tidegate.movements.calendars import calendar_of
from tidegate.movements.commands import drafts
from tidegate.movements.commands.notifications import digest_of, incomplete, screened, seal, sent_on
from tidegate.movements.models import Attachment, Notification
from tidegate.movements.owning import exporting
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command
from tidegate.parties.models import State

KEY_IN = "movements.notification.key_in"
# Without these there is no case: whose load, what, how much, by which way, until when.
NEEDED = frozenset(
    "route quantity_kg shipments first_departure last_departure designation operations codes.hs codes.basel "
    "exporter.name importer.name facility.name".split()
)


@command(KEY_IN)
def key_in(
    actor: Actor, *, state_export: str, number: str, form_version: str = "", content: Mapping[str, Any] | None = None
) -> Notification:
    """Begin the record of a notification on paper: a draft of the authority, under the number that the paper bears.

    Raises Refused: state_export (no State; it takes part and notifies by itself), number (it is known here already).
    """
    code = str(state_export or "").strip().upper()
    if code not in guard.book().states:
        raise Refused("state_export", _("There is no such State."), field="state_export", value=code[:20],
                      expected="ISO 3166-1 alpha-2")  # fmt: skip
    if State.objects.filter(pk=code).exists():
        raise Refused(
            "takes_part", _("This State takes part in the exchange and notifies by itself."), field="state_export",
            value=code,
        )  # fmt: skip
    start = dict(content or {})
    if form_version:
        start["form_version"] = form_version
    return drafts.on_paper(actor, start, state_export=code, number=free(actor, number))


def free(actor: Actor, number: str) -> str:
    """The number that the paper bears, as the register keeps it. Raises Refused("number") where it is taken."""
    said = " ".join(facts.words(number, "number", _("the number on the paper (block 3)")).split())[:32]
    taken = Notification.objects.filter(holder=actor.state, number=said).values_list("case", flat=True).first()
    if taken is not None:
        raise Refused("number", _("A notification with this number is here already."), field="number", value=said,
                      expected=_("another number, or case %(case)s") % {"case": taken})  # fmt: skip
    return said


@command(KEY_IN, "movements.notification.enter")
def enter(
    actor: Actor, notification_id: UUID | str, *, received_on: date | str, revision: int | None = None
) -> Notification:
    """Enter what was keyed in: it is sealed as version 1, and goes to the other States of the route that take part.

    `received_on` is the day on which the paper came: the law counts from it. What the paper leaves open stays open and
    is shown. Raises Refused: state, dates, scan (the paper itself is attached), incomplete (NEEDED, or a value that is
    wrong).
    """
    row = exporting(actor, notification_id, revision, pen=True)
    after = machines.step(machines.NOTIFICATION, row.status, "submitted")
    day, now = facts.needed_day(received_on, "received_on"), times.now()
    calendar = calendar_of(actor.state)
    if day > calendar.day(now):
        raise Refused("dates", _("This day is still to come."), field="received_on", value=day.isoformat(),
                      expected=f"≤ {calendar.day(now).isoformat()}")  # fmt: skip
    scans = Attachment.objects.filter(holder=row.holder_id, subject_id=row.pk, kind=evidence.SCAN)
    scan = scans.order_by("added_at").first()
    if scan is None:
        raise Refused("scan", _("The paper itself is missing."), field="file", value=None,
                      expected=_("a scan or photo of it, among the attachments"))  # fmt: skip
    if found := wrong(row):
        raise incomplete(found)
    answer = screened(row)
    at = now if day == calendar.day(now) else calendar.start(day)
    row.status, row.submitted_at = after, at
    seal(row, now, "", material=True)
    drafts.link_parties(row)
    said = {
        "version": row.version, "digest": digest_of(row), "number": row.number, "received_on": day,
        "scan": scan.sha256, "open": sorted({problem.field for problem in left_open(row)}),
    }  # fmt: skip
    facts.note(actor, "notification.submitted", row, payload=said, occurred_at=at, law_version=row.law_version)
    fees.assess(actor, row, actor.state)
    return sent_on(actor, row, machines.step(machines.NOTIFICATION, row.status, "transmitted"), answer, at)


def wrong(row: Notification) -> list[blocks.Problem]:
    """What keeps a paper from being entered: a value that cannot be, or that without which there is no case."""
    return [one for one in blocks.problems(row, guard.book()) if not _empty(one) or one.field in NEEDED]


def left_open(row: Notification) -> list[blocks.Problem]:
    """What the paper does not say, though the form asks for it."""
    return [one for one in blocks.problems(row, guard.book()) if _empty(one) and one.field not in NEEDED]


def _empty(problem: blocks.Problem) -> bool:
    return problem.value in (None, "", [])
