"""Movements before they leave: draft, announce (quantities reserved at every home), amend, cancel, close.

An authorisation: refused when a guard fails. What happens on the road is in `transport`, at the facility in `receipt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from tidegate.movements import blocks, carriage, clocks, conditions, draws, guard
from tidegate.movements.breaches import open_breach
from tidegate.movements.carriage import step
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Breach, Clock, Movement, Notification, TakeBack
from tidegate.movements.rounds import round_
from tidegate.parties import times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused, command, locked

# How long after the planned day a movement that has not left keeps its reservation. No text sets it: chosen.
START_WITHIN = timedelta(days=30)
# What `particulars` may hold; carriers as in block 8 of the movement document, the rest as texts and lists of texts.
PARTICULARS = (
    "carriers",
    "containers",
    "seals",
    "vehicle",
    "exit",
    "entry",
    "operation",
    "packaging",
    "permits",
    "note",
)


@command("movements.movement.draft")
def draft(
    actor: Actor,
    notification_id: UUID | str,
    *,
    planned_on: date | str,
    announced_kg: Decimal | str,
    packages: int | None = None,
    volume_m3: Decimal | str | None = None,
    particulars: Mapping[str, Any] | None = None,
) -> Movement:
    """A movement under a notification, with the next serial number of 1 to N.

    Raises Refused: writer (the State of export's copy alone), state (the notification was not consented to), serials
    (all shipments are used), mass, day, particulars; Missing.
    """
    notification = locked(Notification, notification_id, actor)
    carriage.place(actor, notification, "announced")
    if notification.status not in (Notification.Status.CONSENTED, Notification.Status.ACTIVE):
        raise Refused(
            "state", _("Movements can be drafted once every authority has consented."), field="notification",
            value=notification.status, expected=Notification.Status.ACTIVE,
        )  # fmt: skip
    last = notification.movements.order_by("-serial").values_list("serial", flat=True).first() or 0
    live = notification.movements.exclude(status=Movement.Status.CANCELLED).filter(take_back=False).count()
    if live >= (notification.shipments or 0):
        raise Refused(
            "serials", _("Every shipment of this notification is used or planned already."), field="serial",
            value=live + 1, expected=notification.shipments,
        )  # fmt: skip
    movement = Movement(
        holder_id=actor.state,
        case=notification.case,
        notification=notification,
        serial=last + 1,
        status="",
        planned_on=read_day(planned_on, "planned_on"),
        announced_kg=kilograms(announced_kg, "announced_kg"),
        volume_m3=_volume(volume_m3),
        packages=_packages(packages),
        particulars=read_particulars(particulars or {}),
    )
    movement.save(force_insert=True)
    carriage.link(movement)
    step(actor, movement, "drafted")
    return movement


@command("movements.movement.announce")
def announce(actor: Actor, movement_id: UUID | str, *, revision: int) -> Movement:
    """Announce a movement: pre-notice to every authority concerned, the quantity reserved at every home.

    1. The notification is in force, and every required consent on the planned day; the contract is confirmed.
    2. Every condition of every consent is met; what is not known is not met.
    3. No take-back case of it and no breach of its quantity is open.
    4. The quantity is reserved at each home. Where another State is the home of one, it is asked by message, and the
       movement is announced only once all have confirmed (`draws_settled`); until then it is `announcing`.
    A notice shorter than the law's is announced all the same, flagged, and opens a breach.

    Raises Refused: writer, state, consent, condition, open_case, and what `ledger.reserve` raises; Conflict; Missing.
    """
    movement = locked(Movement, movement_id, actor, revision)
    notification = movement.notification
    carriage.place(actor, notification, "announced")
    if (movement.status, "announced") not in carriage.MOVEMENT.table or movement.status == "announcing":
        raise Refused("state", _("This cannot be announced now."), field="movement", value=movement.status)
    may_leave(movement)
    movement.announced_at = times.now()
    movement.save(update_fields=["announced_at"])
    draws.ask(actor, movement)
    movement.refresh_from_db()
    if movement.status == Movement.Status.DRAFT:
        if all(draw["status"] == "confirmed" for draw in movement.draws):
            _announced(actor, movement)
        else:
            step(actor, movement, "announcing")
    return movement


def draws_settled(movement: Movement, actor: Actor | None = None) -> None:
    """What the last home answered: announce the movement where all have confirmed, undo it where one has refused.

    Called in the transaction of the answer's message, with the movement locked.
    """
    by = actor or system(movement.holder_id)
    if movement.status != Movement.Status.ANNOUNCING:
        return
    statuses = {draw["status"] for draw in movement.draws}
    if statuses == {"confirmed"}:
        try:
            may_leave(movement)
        except Refused as refused:
            # The law or a consent changed while the homes answered.
            _undo(by, movement, str(refused.text))
            return
        _announced(by, movement)
    elif "refused" in statuses:
        _undo(by, movement, "; ".join(str(draw.get("reason") or "") for draw in movement.draws).strip("; "))


def may_leave(movement: Movement, *, day: date | None = None, kg: Decimal | None = None) -> None:
    """The guards of an announcement, for the planned day or another. Raises Refused."""
    notification = movement.notification
    day = day or movement.planned_on
    if notification.status != Notification.Status.ACTIVE and not (
        notification.status == Notification.Status.CONSENTED and notification.suspended_by == []
    ):
        raise Refused(
            "state", _("The notification is not in force."), field="notification", value=notification.status,
            expected=Notification.Status.ACTIVE,
        )  # fmt: skip
    if missing := carriage.consents_in_force(notification, day):
        raise Refused(
            "consent", _("Not every required consent is in force on that day, or the contract is not confirmed."),
            field="planned_on", value=day.isoformat(), expected=", ".join(missing),
        )  # fmt: skip
    if not movement.take_back:
        if TakeBack.objects.filter(
            holder=movement.holder_id, movement__notification=notification
        ).exclude(status__in=["closed", "not_a_case"]).exists():  # fmt: skip
            raise Refused("open_case", _("A take-back case of this notification is open."), field="notification")
        facts = carriage.facts_of(movement, kg=kg) | {"day": day}
        for consent in notification.consents.filter(status__in=("consented", "consented_with_conditions", "tacit")):
            for failed in conditions.check(consent.conditions, facts):
                raise Refused(
                    "condition", _("A condition of a consent is not met: %(why)s") % {"why": failed.text},
                    field="condition", value=conditions.describe(failed.condition), expected=consent.authority,
                )  # fmt: skip


def _announced(actor: Actor, movement: Movement) -> None:
    movement.late_notice = _late(movement)
    step(actor, movement, "announced", tell=True)
    if movement.late_notice:
        open_breach(actor, movement, "late_notice", planned_on=movement.planned_on, announced_at=movement.announced_at)


def _late(movement: Movement) -> bool:
    """Whether any authority on the route gets less notice than the dated law asks for."""
    book = guard.book()
    content = movement.notification
    for stop in content.route.all():
        rule = clocks.rule_for(
            "notice", state=stop.state, role=stop.role, day=movement.planned_on, book=book,
            layer=_layer(content, stop.state), preconsented=content.preconsented,
        )  # fmt: skip
        if rule is None or rule.length is None:
            continue
        calendar = clocks.calendar_of(stop.state)
        departure = datetime.combine(movement.planned_on, datetime.min.time(), calendar.zone)
        latest = clocks.due(rule, departure, (), calendar)
        if latest is not None and movement.announced_at is not None and movement.announced_at > latest:
            return True
    return False


def _layer(notification: Notification, state: str) -> str:
    consent = notification.consents.filter(authority=state).first()
    layers = [rule for rule in (consent.rules if consent else []) if isinstance(rule, str)]
    for name in ("eu", "oecd"):
        if any(rule.lower().startswith(name) for rule in layers):
            return name
    return "basel"


def _undo(actor: Actor, movement: Movement, reason: str) -> None:
    draws.release(actor, movement, times.now())
    movement.announced_at = None
    step(actor, movement, "not_announced", reason=reason)


@command("movements.movement.amend")
def amend(
    actor: Actor,
    movement_id: UUID | str,
    *,
    revision: int,
    planned_on: date | str | None = None,
    announced_kg: Decimal | str | None = None,
    packages: int | None = None,
    particulars: Mapping[str, Any] | None = None,
) -> Movement:
    """Change day, quantity, vehicle or carriers of an announced movement, up to its departure: checked and reserved
    anew in one transaction. A larger quantity that another State's account must allow is a new announcement.

    Raises Refused as `announce`, and other_home for the case just named.
    """
    movement = locked(Movement, movement_id, actor, revision)
    carriage.place(actor, movement.notification, "amended")
    if planned_on is not None:
        movement.planned_on = read_day(planned_on, "planned_on")
    if packages is not None:
        movement.packages = _packages(packages)
    if particulars is not None:
        movement.particulars = {**movement.particulars, **read_particulars(particulars)}
    changed = announced_kg is not None or planned_on is not None
    if announced_kg is not None:
        movement.announced_kg = kilograms(announced_kg, "announced_kg")
    if movement.status == Movement.Status.DRAFT:
        movement.revision += 1
        movement.save()
        carriage.link(movement)
        carriage.note(actor, movement, "drafted", at=None, state=actor.state)
        return movement
    if changed and any(draw["home"] != actor.state for draw in movement.draws):
        raise Refused(
            "other_home",
            _("Another State has reserved this quantity: cancel the announcement and announce it anew."),
            field="announced_kg",
        )
    may_leave(movement)
    if changed:
        draws.ask(actor, movement)
    carriage.link(movement)
    step(actor, movement, "amended", tell=True)
    return movement


@command("movements.movement.cancel")
def cancel(actor: Actor, movement_id: UUID | str, *, revision: int, reason: str) -> Movement:
    """Give up a movement that has not left: what was reserved is given back, its serial is never used again."""
    movement = locked(Movement, movement_id, actor, revision)
    carriage.place(actor, movement.notification, "cancelled")
    if not reason.strip():
        raise Refused("required", _("Say why."), field="reason", expected=_("a reason"))
    _cancel(actor, movement, reason.strip())
    return movement


def _cancel(actor: Actor, movement: Movement, reason: str) -> None:
    announced = movement.status != Movement.Status.DRAFT
    if announced:
        draws.release(actor, movement, times.now())
    step(actor, movement, "cancelled", tell=announced and movement.announced_at is not None, reason=reason)


@round_("movements")
def chase(now: datetime) -> int:
    """What time does to movements: those that did not start lapse, those without news in time become overdue."""
    done = 0
    unstarted = Movement.objects.filter(
        status__in=[Movement.Status.ANNOUNCED, Movement.Status.ANNOUNCING], planned_on__lt=(now - START_WITHIN).date()
    )
    for key in list(unstarted.values_list("pk", flat=True)):
        done += _in_own_transaction(key, _not_started)
    late = Clock.objects.filter(
        subject="movement", ended_at=None, due_at__lte=now, effect=Clock.Effect.ESCALATE, outcome=""
    )
    for key, rule in list(late.values_list("subject_id", "rule")):
        done += _in_own_transaction(key, lambda row, rule=rule: _overdue(row, rule))
    return done


def _in_own_transaction(key: UUID, act: Any) -> int:
    from django.db import transaction

    with transaction.atomic():
        movement = Movement.objects.select_for_update().filter(pk=key).first()
        return int(movement is not None and act(movement))


def _not_started(movement: Movement) -> bool:
    if movement.holder_id != movement.notification.state_export or movement.status not in ("announced", "announcing"):
        return False
    _cancel(system(movement.holder_id), movement, "not started in time")
    return True


def _overdue(movement: Movement, rule: str) -> bool:
    if movement.overdue == rule[:24] or (movement.status, "overdue") not in carriage.MOVEMENT.table:
        return False
    movement.overdue = rule[:24]
    by = system(movement.holder_id)
    step(by, movement, "overdue", rule=rule)
    open_breach(by, movement, "overdue", rule=rule)
    return True


@command("movements.movement.close")
def close(actor: Actor, movement_id: UUID | str, *, revision: int) -> Movement:
    """Close a movement whose confirmations are in. Raises Refused("open_breach"), Refused("open_case")."""
    movement = locked(Movement, movement_id, actor, revision)
    if Breach.objects.filter(subject_id=movement.pk, closed_at=None).exists():
        raise Refused("open_breach", _("A breach of this movement is still open."), field="movement")
    if movement.take_backs.exclude(status__in=["closed", "not_a_case"]).exists():
        raise Refused("open_case", _("A take-back case of this movement is open."), field="movement")
    step(actor, movement, "closed")
    return movement


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────


def read_day(value: date | str | None, field: str) -> date:
    """A day from a date or ISO text. Raises Refused("day")."""
    try:
        day = value if isinstance(value, date) else parse_date(str(value or ""))
    except ValueError:
        day = None
    if day is None:
        raise Refused("day", _("This is not a day."), field=field, value=str(value)[:40], expected="2026-11-21")
    return day


def read_moment(value: datetime | str | None, field: str = "at") -> datetime:
    """A moment with its zone, from a datetime or ISO text; none given is now. Raises Refused("moment")."""
    if value in (None, ""):
        return times.now()
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused(
            "moment", _("This is not a moment with its time zone."), field=field, value=str(value)[:40],
            expected="2026-11-21T08:00+00:00",
        )  # fmt: skip
    return moment


def read_particulars(given: Mapping[str, Any]) -> dict[str, Any]:
    """Carriers, containers, seals and the like, as they are kept. Raises Refused("particulars")."""
    kept: dict[str, Any] = {}
    for name, value in given.items():
        if name not in PARTICULARS:
            raise Refused(
                "particulars", _("A movement has no such particular."), field=f"particulars.{name}", value=name,
                expected=", ".join(PARTICULARS),
            )  # fmt: skip
        if name == "carriers":
            kept[name] = [blocks.read(blocks.Carrier, one).model_dump(mode="json") for one in value]
        elif isinstance(value, str):
            kept[name] = value.strip()[:2000]
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            kept[name] = [one.strip()[:120] for one in value if one.strip()][:200]
        else:
            raise Refused(
                "particulars", _("This cannot be read."), field=f"particulars.{name}", value=str(value)[:60],
                expected=_("a text, or a list of texts"),
            )  # fmt: skip
    return kept


def _packages(value: Any) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not str(value).isdecimal() or int(value) > 10**6:
        raise Refused(
            "count", _("This is not a number of packages."), field="packages", value=str(value)[:40],
            expected=_("a whole number"),
        )  # fmt: skip
    return int(value)


def _volume(value: Any) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        volume = Decimal(str(value)) if not isinstance(value, float) else None
    except InvalidOperation:
        volume = None
    if volume is None or not volume.is_finite() or volume <= 0 or volume >= 10**9:
        raise Refused(
            "volume", _("This is not a volume in cubic metres."), field="volume_m3", value=str(value)[:40],
            expected=_("a number above zero"),
        )  # fmt: skip
    return volume.quantize(Decimal("0.001"))
