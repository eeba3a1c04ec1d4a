"""Links for inspectors without an account: issued, revoked, opened; and what was reported through them.

After the no-login link by QR that peer systems give the police (facts/movement.md, feature 46); here its issuer sets
its life, and every opening stands in the journal.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts, particulars
from tidegate.movements.models import InspectorAccess, InspectorReport, Movement, Notification
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command, locked
from tidegate.parties.commands.agents import digest_of_secret

KEEP = "movements.inspector.keep"
HOURS, OPENINGS = 72, 50
# A clock of a telephone on the road may be that wrong.
SLACK = timedelta(minutes=10)


@command(KEEP, "movements.inspector.issue")
def issue(
    actor: Actor,
    *,
    purpose: str,
    hours: int = 12,
    openings: int = 10,
    notification_id: UUID | str | None = None,
    movement_id: UUID | str | None = None,
) -> InspectorAccess:
    """A link to one notification or one movement, for `hours` (72 at most) and so many `openings` (50 at most).

    What the link holds is the row's `shown`, there only now. Raises Missing; Refused: about (not exactly one), text,
    hours, openings, state (a draft).
    """
    if (notification_id is None) == (movement_id is None):
        raise Refused("about", _("A link is of one notification or one movement."), field="notification_id")
    movement: Movement | None = None if movement_id is None else locked(Movement, movement_id, actor)
    key = notification_id if movement is None else movement.notification_id
    row: Notification = locked(Notification, key or "", actor)
    if not row.submitted_at or (movement is not None and movement.announced_at is None):
        raise Refused("state", _("It is not under way: there is nothing for an inspector to see."), field="status",
                      value=(movement or row).status)  # fmt: skip
    assert actor.organisation is not None
    secret, now = secrets.token_urlsafe(24), times.now()
    made = InspectorAccess(
        holder_id=actor.state, case=row.case, notification=row, movement=movement, issued_by=actor.organisation,
        purpose=facts.words(purpose, "purpose", _("for whom, and why"))[:200], digest=digest_of_secret(secret),
        issued_at=now, expires_at=now + timedelta(hours=_count(hours, "hours", HOURS)),
        limit=_count(openings, "openings", OPENINGS),
    )  # fmt: skip
    made.save(force_insert=True)
    payload = {
        "purpose": made.purpose, "until": made.expires_at, "openings": made.limit,
        "serial": None if movement is None else movement.serial,
    }  # fmt: skip
    facts.note(actor, "inspector_access.issued", made, payload=payload)
    made.shown = secret
    return made


def _count(value: Any, field: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Refused("number", _("This is not a number in the range."), field=field, value=str(value)[:40],
                      expected=f"1 – {most}")  # fmt: skip
    return value


@command(KEEP, "movements.inspector.revoke")
def revoke(actor: Actor, access_id: UUID | str) -> InspectorAccess:
    """The link opens nothing from now on. Raises Missing; Refused("state")."""
    row: InspectorAccess = locked(InspectorAccess, access_id, actor)
    if row.revoked_at is not None:
        raise Refused("state", _("It is revoked already."), field="access", value=row.revoked_at)
    row.revoked_at = times.now()
    facts.note(actor, "inspector_access.revoked", row)
    return row


@command(KEEP, "movements.inspector.review")
def review(actor: Actor, report_id: UUID | str, *, outcome: str, revision: int | None = None) -> InspectorReport:
    """Say what came of a report: it leaves the desk. Raises Missing, Conflict; Refused: state, text."""
    row: InspectorReport = locked(InspectorReport, report_id, actor, revision)
    if row.reviewed_at is not None:
        raise Refused("state", _("It is dealt with already."), field="report", value=row.reviewed_at)
    row.outcome, row.reviewed_at = facts.words(outcome, "outcome", _("what came of it")), times.now()
    facts.note(actor, "inspector_report.reviewed", row, payload={"outcome": row.outcome})
    return row


# ── without an account ───────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def opened(secret: str) -> InspectorAccess:
    """The access of a link, one opening fewer; in the journal. Raises Missing, the same for a link that never was."""
    row = _live(secret)
    if row.openings >= row.limit:
        raise Missing("inspector_access")
    row.openings, row.last_opened = row.openings + 1, times.now()
    facts.note(row.holder_id, "inspector_access.opened", row, payload={"openings": row.openings, "of": row.limit})
    return row


@transaction.atomic
def report(
    secret: str, *, key: UUID, office: str, place: str, seal: str, text: str = "", seen_at: datetime | str | None = None
) -> InspectorReport:
    """Keep what somebody with a live link says to have seen; the same `key` again is the same report.

    Who has used up the openings may still report, as often as the link could be opened. Raises Missing; Refused: text,
    seal, moment, many.
    """
    row = _live(secret)
    earlier = row.reports.filter(key=key).first()
    if earlier is not None:
        return earlier
    if row.reports.count() >= row.limit:
        raise Refused("many", _("Too much was reported through this link. Call the authority."), field="text")
    if seal not in InspectorReport.Seal.values:
        raise Refused("seal", _("Say how the seals are."), field="seal", value=seal[:20],
                      expected=", ".join(InspectorReport.Seal.values))  # fmt: skip
    now, seen = times.now(), particulars.moment(seen_at, "seen_at")
    if not row.issued_at - timedelta(days=1) <= seen <= now + SLACK:
        raise Refused("moment", _("This is not when the link was in use."), field="seen_at", value=seen)
    made = InspectorReport(
        holder_id=row.holder_id, case=row.case, access=row, key=key, seal=seal, seen_at=seen, received_at=now,
        office=facts.words(office, "office", _("your service and number"))[:120],
        place=facts.words(place, "place", _("where it was seen"))[:200], text=text.strip()[:4000],
    )  # fmt: skip
    made.save(force_insert=True)
    payload = {"place": made.place, "seal": seal, "seen_at": seen, "access": row.pk}
    facts.note(row.holder_id, "inspector_report.received", made, payload=payload)
    return made


def _live(secret: str) -> InspectorAccess:
    row = InspectorAccess.objects.select_for_update().filter(digest=digest_of_secret(secret)).first()
    if row is None or row.revoked_at is not None or row.expires_at <= times.now():
        raise Missing("inspector_access")
    return row
