"""What of a notification is confidential, and to whom a field of it is released."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import confidential, facts
from tidegate.movements.calendars import today
from tidegate.movements.models import FieldRelease, Notification
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.registry import Post

FIELDS, KEEP = confidential.FIELDS, confidential.KEEP


@command(KEEP, "movements.confidential.mark")
def mark(
    actor: Actor, notification_id: UUID | str, *, fields: Sequence[str], revision: int | None = None
) -> Notification:
    """Say which fields of a notification are confidential: no party but the exporter reads them unless released.

    `fields` takes the place of what was marked before; a field that is no longer marked is read by every party.
    Raises Refused: not_owner; form (a field that cannot be confidential); unchanged.
    """
    row = _kept(actor, notification_id, revision)
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise Refused("form", _("This field cannot be confidential."), field="fields", value=unknown[0][:40],
                      expected=", ".join(FIELDS))  # fmt: skip
    wanted = [name for name in FIELDS if name in fields]
    if wanted == row.confidential:
        raise Refused("unchanged", _("Nothing has changed."), field="fields")
    row.confidential = wanted
    body = {"fields": wanted, "at": times.now()}
    posts = facts.posts(row, "notification.confidential", body) if row.transmitted_at is not None else []
    facts.note(actor, "notification.confidential", row, payload={"fields": wanted}, posts=posts)
    return row


@command(KEEP, "movements.confidential.release")
def release(
    actor: Actor,
    notification_id: UUID | str,
    *,
    field: str,
    state: str,
    registration: str,
    reason: str,
    until: date | str,
    revision: int | None = None,
) -> FieldRelease:
    """Release one confidential field to one party of the case, by State and registration number, to the end of a day.

    A party of another State reads it once the message is there. Raises Refused: not_owner; field (not confidential);
    registration (no party of the case); until (over already); text; state (its State does not have the case yet).
    """
    row = _kept(actor, notification_id, revision)
    if field not in row.confidential:
        raise Refused("field", _("This field is not confidential."), field="field", value=field[:40],
                      expected=", ".join(row.confidential))  # fmt: skip
    names = {(code, number): name for code, number, name in confidential.parties(row)}
    name = names.get((state, registration))
    if name is None:
        raise Refused("registration", _("This is no other party of the case."), field="registration",
                      value=registration[:40], expected=", ".join(number for _state, number in names))  # fmt: skip
    end = facts.needed_day(until, "until")
    if end < today(row.holder_id):
        raise Refused("until", _("This day is over."), field="until", value=end,
                      expected=f"≥ {today(row.holder_id).isoformat()}")  # fmt: skip
    if state != row.holder_id and row.transmitted_at is None:
        raise Refused("state", _("Its State does not have the notification yet."), field="state", value=state)
    made = FieldRelease(
        holder_id=row.holder_id, case=row.case, notification=row, field=field, state=state, registration=registration,
        name=name, reason=facts.words(reason, "reason", _("why it is released")), until=end, at=times.now(),
    )  # fmt: skip
    made.save(force_insert=True)
    exporter = (row.blocks.get("exporter") or {}).get("registration")
    made.involved.set(row.involved.filter(registration__in=filter(None, (registration, exporter))))
    body = {
        "reference": str(made.pk), "field": field, "registration": registration, "name": name, "reason": made.reason,
        "until": end, "at": made.at,
    }  # fmt: skip
    facts.note(actor, "field_release.given", made, payload={**body, "state": state}, posts=_posts(row, made, body))
    return made


@command(KEEP, "movements.confidential.revoke")
def revoke(actor: Actor, release_id: UUID | str, *, reason: str, revision: int | None = None) -> FieldRelease:
    """Revoke a release: the party reads the field no more. Raises Refused: not_owner; state (revoked already); text."""
    made: FieldRelease = locked(FieldRelease, release_id, actor, revision)
    row = _kept(actor, made.notification_id, None)
    if made.revoked_at is not None:
        raise Refused("state", _("It is revoked already."), field="release", value=made.revoked_at)
    made.revoked_at = times.now()
    made.revoked_reason = facts.words(reason, "reason", _("why it is revoked"))
    body = {"reference": str(made.pk), "reason": made.revoked_reason, "at": made.revoked_at}
    facts.note(actor, "field_release.revoked", made, payload=body, posts=_posts(row, made, body, "revoked"))
    return made


def _posts(row: Notification, made: FieldRelease, body: dict[str, object], what: str = "given") -> list[Post]:
    """The message to the party's own State, where that is another."""
    return [] if made.state == row.holder_id else facts.posts(row, f"field_release.{what}", body, to=[made.state])


def _kept(actor: Actor, key: UUID | str, revision: int | None) -> Notification:
    row: Notification = locked(Notification, key, actor, revision)
    if not confidential.keeps(actor, row):
        raise Refused("not_owner", _("Only the exporter or the authority of the State of export can do this."),
                      field="state_export", value=row.holder_id, expected=row.home)  # fmt: skip
    return row
