"""Amendments: a change to a consented notification that is not another movement, approved by each authority."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import blocks, confidential, facts, guard, machines, standing
from tidegate.movements.commands import drafts
from tidegate.movements.models import Account, Amendment, Approval, Consent, Notification
from tidegate.movements.owning import by_the_right_hand
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked

RUNNING = (
    Notification.Status.CONSENTED, Notification.Status.ACTIVE, Notification.Status.SUSPENDED,
    Notification.Status.EXHAUSTED,
)  # fmt: skip
LEGAL = "Basel Convention, Article 6"


@command("movements.notification.amend")
def amend(
    actor: Actor, notification_id: UUID | str, *, content: Mapping[str, Any], reason: str, revision: int | None = None
) -> Amendment:
    """Propose a change to a consented notification. One at a time.

    Raises Refused: state; unchanged; material, naming the field, for a change that is a new notification (waste,
    quantity up, route, facility, period): renew it instead.
    """
    row: Notification = locked(Notification, notification_id, actor, revision)
    by_the_right_hand(actor, row)
    confidential.refuse_hidden(actor, row, content)
    if row.holder_id != row.home or row.status not in RUNNING:
        raise Refused(
            "state", _("Only a consented notification is amended."), field="status", value=row.status,
            expected=", ".join(RUNNING),
        )  # fmt: skip
    if row.amendments.filter(status=Amendment.Status.PROPOSED).exists():
        raise Refused("open", _("Another amendment waits for its answers."), field="amendment", value=row.case)
    changes = {name: content[name] for name in content}
    for name in sorted(changes):
        _not_material(row, name, changes[name])
    trial = _differences(row, changes)
    if not trial:
        raise Refused("unchanged", _("Nothing has changed."), field="content")
    now = times.now()
    last = row.amendments.order_by("-number").values_list("number", flat=True).first() or 0
    made = Amendment(
        holder_id=row.holder_id,
        case=row.case,
        notification=row,
        number=last + 1,
        changes=guard.plain(trial, "content"),
        reason=facts.words(reason, "reason", _("why it is amended")),
        status=machines.step(machines.AMENDMENT, "", "proposed"),
        proposed_at=now,
    )
    made.save(force_insert=True)
    made.involved.set(row.involved.all())
    body = {"number": made.number, "changes": made.changes, "reason": made.reason, "at": now}
    facts.note(
        actor,
        "amendment.proposed",
        made,
        payload={"number": made.number, "fields": sorted(trial)},
        posts=facts.posts(row, "amendment.proposed", body, legal=LEGAL),
    )
    return made


def _not_material(row: Notification, name: str, value: Any) -> None:
    """A lower quantity, fewer shipments and a shorter period are no new movement; anything else that is material is."""
    if name not in drafts.MATERIAL:
        if name == "form_version":
            raise Refused(
                "material", _("The form stays as it was."), field=name, value=value, expected=row.form_version
            )
        return
    less = {
        "quantity_kg": lambda: drafts.column(name, value) is not None and drafts.column(name, value) <= row.quantity_kg,
        "shipments": lambda: drafts.column(name, value) is not None and drafts.column(name, value) <= row.shipments,
        "first_departure": lambda: facts.needed_day(value, name) >= _day(row.first_departure),
        "last_departure": lambda: facts.needed_day(value, name) <= _day(row.last_departure),
    }
    if name in less and less[name]():
        return
    raise Refused(
        "material",
        _("This would be another movement: it has to be notified anew."),
        field=name,
        value=str(value)[:120],
        expected=_("a new notification that takes the place of this one"),
    )


def _day(value: Any) -> Any:
    assert value is not None, "a submitted notification has its period"
    return value


def _differences(row: Notification, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that change something, in their plain form; the row stays as it is."""
    before = blocks.content_of(row, decisions=False).model_dump(mode="json")
    after = blocks.read(blocks.Content, {**before, **{k: v for k, v in changes.items() if k != "load"}}).model_dump(
        mode="json"
    )
    unknown = sorted(set(changes) - set(drafts.FIELDS))
    if unknown:
        raise Refused("form", _("The form has no such field."), field=unknown[0], value=unknown[0])
    return {name: after[name] for name in changes if name in after and after[name] != before[name]}


@command("movements.amendment.approve")
def approve_amendment(actor: Actor, amendment_id: UUID | str, *, approved: bool, reason: str = "") -> Amendment:
    """One authority's answer. When every required one has agreed, the State of export puts the change into force.

    Raises Refused: state, not_concerned; text where it does not agree and gives no reason.
    """
    made: Amendment = locked(Amendment, amendment_id, actor)
    row: Notification = locked(Notification, made.notification_id, actor)
    if made.status != Amendment.Status.PROPOSED or row.ended_as:
        raise Refused("state", _("It no longer waits for an answer."), field="status", value=made.status)
    own = Consent.objects.filter(notification=row, authority=actor.state).exclude(status="superseded").exists()
    if not own:
        raise Refused("not_concerned", _("This State is not asked about it."), field="authority", value=actor.state)
    if Approval.objects.filter(subject_id=made.pk, authority=actor.state).exists():
        raise Refused("state", _("This State has answered already."), field="authority", value=actor.state)
    why = reason.strip() if approved else facts.words(reason, "reason", _("why not"))
    now = times.now()
    body = {"number": made.number, "approved": approved, "reason": why, "at": now}
    messages = facts.posts(row, "amendment.answered", body, legal=LEGAL)
    answer(made, actor.state, approved, why, now)
    facts.note(
        actor, "amendment.answered", made, payload={"authority": actor.state, "approved": approved}, posts=messages
    )
    settle(made, row)
    return made


def answer(made: Amendment, authority: str, approved: bool, reason: str, at: datetime) -> bool:
    """Keep one State's answer; the first one counts. Whether it is new."""
    _row, new = Approval.objects.get_or_create(
        subject_id=made.pk,
        authority=authority,
        defaults={"subject": "amendment", "approved": approved, "reason": reason, "at": at},
    )
    return new


def settle(made: Amendment, row: Notification, *, state: str | None = None) -> None:
    """Work out from the answers where an amendment stands; at home, put an approved one into force."""
    if made.status != Amendment.Status.PROPOSED:
        return
    required = {c.authority for c in standing.required_of(row)}
    answers = dict(Approval.objects.filter(subject_id=made.pk).values_list("authority", "approved"))
    if any(not agreed for authority, agreed in answers.items() if authority in required):
        event = "refused"
    elif required <= set(answers):
        event = "approved"
    else:
        return
    made.status = machines.step(machines.AMENDMENT, made.status, event)
    facts.note(made.holder_id, f"amendment.{event}", made, state=state)
    if event == "approved" and row.holder_id == row.home:
        _put_into_force(made, row)


def _put_into_force(made: Amendment, row: Notification) -> None:
    from tidegate.movements import ledger
    from tidegate.movements.commands import notifications

    drafts.apply(row, made.changes)
    notifications.seal(row, times.now(), made.reason, material=False)
    drafts.link_parties(row)
    facts.note(
        row.holder_id,
        "notification.changed",
        row,
        payload={"amendment": made.number, "version": row.version, "digest": notifications.digest_of(row)},
    )
    notifications.send(row.holder_id, row, "notification.revised", notifications.kept_needs(row), made.reason)
    if Account.objects.filter(holder=row.holder_id, reference=row.case).exists():
        allowed = standing.terms(row)
        ledger.resize(row.holder_id, row.case, limit_kg=allowed["kg"], limit_count=allowed["shipments"])
    standing.refresh(row)
