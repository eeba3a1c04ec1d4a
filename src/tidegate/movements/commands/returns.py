"""A take-back case from its plan on: signed by all, consented to, the way home or a disposal elsewhere, costs, end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from tidegate.movements import bases, carriage, evidence, facts, homeward, takebacks
from tidegate.movements import particulars as read
from tidegate.movements.codes import OPERATIONS
from tidegate.movements.commands import held_guarantees
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Attachment, CostLine, Movement, Notification, TakeBack
from tidegate.movements.takebacks import DISPOSE, OBJECTIONS, RETURN, posts, step
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command
from tidegate.parties.ids import reference
from tidegate.parties.models import Organisation

Status = TakeBack.Status
COSTS = ("storage", "demurrage", "analysis", "transport", "disposal", "administration", "other")
SETTLED = ("settled", "written_off", "guarantee_called")
REFERRED = ("prosecution", "compliance_committee", "alert_network")
ENDS = ("returned", "disposed", "transferred")
# Weighed again at another place, a load is not the same to the kilogram. Chosen, as for receipts.
TOLERANCE = Decimal("0.01")


def own(actor: Actor, key: UUID | str, event: str, revision: int | None = None) -> TakeBack:
    """As `takeback.own`."""
    from tidegate.movements.commands import takeback

    return takeback.own(actor, key, event, revision)


@command("movements.take_back.evidence")
def add_evidence(
    actor: Actor, take_back_id: UUID | str, *, name: str, media_type: str, data: bytes | str
) -> Attachment:
    """Add a file (photo, analysis, paper) to the case. What is there when the State of export is informed goes with it.

    Raises Refused: writer, file (kind, size, or what it says it is).
    """
    row = own(actor, take_back_id, "evidence_added")
    made = evidence.keep(actor, row, name=name, media_type=media_type, data=data)
    told = evidence.told(made)
    messages = posts(row, "evidence_added", told, attachments=[evidence.enclosed(made)]) if row.informed_at else []
    step(actor, row, "evidence_added", body=told, messages=messages)
    return made


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────


@command("movements.take_back.plan")
def plan(
    actor: Actor,
    take_back_id: UUID | str,
    *,
    how: str,
    carrier: str,
    borne_by: str,
    on: date | str | None = None,
    facility: str = "",
    operation: str = "",
    route: Sequence[Mapping[str, str]] = (),
    agreed_until: date | str | None = None,
    note: str = "",
    revision: int | None = None,
) -> TakeBack:
    """Propose what happens to the load: its return, or another sound disposal where that is impracticable; who carries
    it, who pays, by when. A longer period (`agreed_until`) replaces the law's once every State has signed.

    `route` is the way home, its stops in order as a notification's (`state`, points of `entry` and `exit`), from the
    State where the load is kept to that of export; left out, it is the way that it came. The States on it have to
    consent; one that was none of the case is told of it by the State that opened it.

    A new plan is signed anew. Raises Refused: writer, state, plan, route, day, text, code.
    """
    row = own(actor, take_back_id, "plan_proposed", revision)
    if how not in (RETURN, DISPOSE):
        raise Refused(
            "plan", _("This cannot be planned."), field="how", value=str(how)[:20], expected="return, dispose"
        )
    until = facts.day(agreed_until, "agreed_until")
    day = facts.day(on, "on")
    if until is not None and (row.informed_at is None or until < row.informed_at.date()):
        raise Refused(
            "day", _("The agreed period cannot end before the information."), field="agreed_until",
            value=until.isoformat(),
        )  # fmt: skip
    word = str(operation or "").strip().upper()
    if how == DISPOSE and word not in OPERATIONS:
        raise Refused(
            "code", _("This is no operation of Annex IV."), field="operation", value=word[:10],
            expected="D1–D15, R1–R13",
        )  # fmt: skip
    said = {
        "how": how,
        "carrier": facts.words(carrier, "carrier", _("who carries it"))[:200],
        "borne_by": facts.words(borne_by, "borne_by", _("who pays"))[:200],
        "on": None if day is None else day.isoformat(),
        "facility": facts.words(facility, "facility", _("where"))[:200] if how == DISPOSE else str(facility)[:200],
        "operation": word,
        "route": homeward.read(row, route) if how == RETURN else [],
        "agreed_until": None if until is None else until.isoformat(),
        "note": str(note or "").strip()[:4000],
    }
    number = row.plan_number + 1
    more = takebacks.propose(row, number, said)
    body = {"round": row.round, "number": number, "plan": said}
    step(actor, row, "plan_proposed", body=body, messages=posts(row, "plan_proposed", body))
    takebacks.bring_in(actor, row, more)
    return row


@command("movements.take_back.agree")
def agree_plan(actor: Actor, take_back_id: UUID | str, *, number: int, revision: int | None = None) -> TakeBack:
    """This State signs the plan of that number. When all have, it is agreed.

    Raises Refused: writer, state, plan (another one is in force), recorded (signed already).
    """
    row = own(actor, take_back_id, "plan_signed", revision)
    if number != row.plan_number or not row.plan:
        raise Refused("plan", _("Another plan is in force now."), field="number", value=number,
                      expected=row.plan_number)  # fmt: skip
    if actor.state in row.plan_signed:
        raise Refused("recorded", _("This State has signed it already."), field="number", value=number)
    takebacks.sign(row, number, actor.state)
    body = {"round": row.round, "number": number}
    step(actor, row, "plan_signed", body=body, messages=posts(row, "plan_signed", body))
    takebacks.settle(actor, row)
    return row


@command("movements.take_back.consent")
def consent_return(
    actor: Actor,
    take_back_id: UUID | str,
    *,
    agreed: bool,
    ground: str = "",
    remarks: str = "",
    revision: int | None = None,
) -> TakeBack:
    """This State's answer to the return. It may object for safety or the route alone (Articles 8, 9(2); invariant 32);
    the plan has to be changed then.

    Raises Refused: writer, state (no return is planned), ground, text (an objection without its reason).
    """
    row = own(actor, take_back_id, "return_consented", revision)
    if row.plan.get("how") != RETURN or row.status not in (Status.PLANNED, Status.CONSENTS_OK):
        raise Refused("state", _("No return is agreed."), field="take_back", value=row.status, expected=Status.PLANNED)
    if agreed:
        ground = ""
    elif ground not in OBJECTIONS:
        raise Refused(
            "ground", _("No State may oppose a return, but for its safety or its route."), field="ground",
            value=str(ground)[:40], expected=", ".join(OBJECTIONS),
        )  # fmt: skip
    else:
        remarks = facts.words(remarks, "remarks", _("what is unsafe, or wrong with the route"))
    now = times.now()
    takebacks.consent(row, row.plan_number, actor.state, agreed=agreed, ground=ground, remarks=remarks, at=now)
    event = "return_consented" if agreed else "return_objected"
    body = {"round": row.round, "number": row.plan_number, "ground": ground, "remarks": remarks, "at": now}
    step(actor, row, event, body=body, messages=posts(row, event, body))
    takebacks.settle(actor, row)
    return row


# ── the way home ─────────────────────────────────────────────────────────────────────────────────────────────


@command("movements.take_back.start_return")
def start_return(
    actor: Actor,
    take_back_id: UUID | str,
    *,
    kg: Decimal | str,
    planned_on: date | str,
    receiver: str = "",
    particulars: Mapping[str, Any] | None = None,
    revision: int | None = None,
) -> TakeBack:
    """The load goes home: for a movement, by a linked return movement on the plan's route, announced to all at once,
    which draws on no account. Several may bring it home in parts, together no more than is in custody (invariant 31).
    `receiver` is the registration of the facility at home that takes it in.

    Raises Refused: writer, state, receiver, custody (more than is there), mass, day, particulars.
    """
    row = own(actor, take_back_id, "returning", revision)
    if row.status not in (Status.CONSENTS_OK, Status.RETURNING, Status.RETURNED):
        raise Refused(
            "state", _("The plan is not signed, or not every State on the way has consented."), field="take_back",
            value=row.status, expected=Status.CONSENTS_OK,
        )  # fmt: skip
    mass = kilograms(kg, "kg")
    left = in_custody(row)
    if mass > left:
        raise Refused(
            "custody", _("More than is in custody cannot be returned."), field="kg", value=str(mass), expected=str(left)
        )
    day = facts.needed_day(planned_on, "planned_on")
    body: dict[str, Any] = {"round": row.round, "kg": mass, "planned_on": day, "serial": None}
    if row.movement is not None:
        from tidegate.movements.commands import movements

        notification = Notification.objects.select_for_update().get(pk=row.movement.notification_id)
        said = {**read.read(particulars or {}), "route": row.plan.get("route") or []}
        made = movements.made(
            actor, notification, planned_on=day, announced_kg=mass, particulars=said,
            take_back=True, original=row.movement, starts_in=row.opener, announced_at=times.now(),
        )  # fmt: skip
        carriage.link(made, _receivers(actor, receiver))
        carriage.step(actor, made, "announced", tell=True, take_back=row.case)
        body["serial"] = made.serial
    else:
        takebacks.more_under_way(row, mass)
    step(actor, row, "returning", body=body, messages=posts(row, "returning", body))
    return row


def _receivers(actor: Actor, registration: str) -> list[Organisation]:
    if not str(registration or "").strip():
        return []
    found = Organisation.objects.filter(holder=actor.state, registration=str(registration).strip(), active=True)
    if not found:
        raise Refused(
            "receiver", _("No such facility is in this State's register."), field="receiver",
            value=str(registration)[:64],
        )  # fmt: skip
    return list(found)


def in_custody(row: TakeBack) -> Decimal:
    """The kilograms in custody that no return has taken yet."""
    kept = row.custody_kg or Decimal(0)
    if row.movement is None:
        return kept - Decimal(row.load.get("returning_kg") or 0)
    live = Movement.objects.filter(original=row.movement, take_back=True).exclude(status="cancelled")
    going = sum((bases.like(one, "loaded_kg") or one.announced_kg for one in live), Decimal(0))
    return kept - going


@command("movements.take_back.return", "movements.take_back.arrived_home")
def arrived_home(
    actor: Actor, take_back_id: UUID | str, *, kg: Decimal | str, at: datetime | str | None = None, place: str = ""
) -> TakeBack:
    """The State of export has it back: seen, so not refused for what it weighs. The original movement is `returned`."""
    row = own(actor, take_back_id, "returned")
    moment = read.moment(at)
    body = {"round": row.round, "kg": kilograms(kg, "kg"), "at": moment, "place": str(place).strip()[:200]}
    step(actor, row, "returned", body=body, at=moment, messages=posts(row, "returned", body))
    if row.movement is not None:
        original = Movement.objects.select_for_update().get(pk=row.movement.pk)
        carriage.observed(actor, original, "returned", at=moment, take_back=row.case)
    return row


@command("movements.take_back.return", "movements.take_back.dispose")
def dispose(
    actor: Actor,
    take_back_id: UUID | str,
    *,
    kg: Decimal | str,
    operation: str,
    facility: str,
    at: datetime | str | None = None,
) -> TakeBack:
    """It was recovered or disposed of: at home after its return, or elsewhere as the plan says.

    Raises Refused: writer, state, code, mass, text, moment.
    """
    row = own(actor, take_back_id, "finally_disposed")
    word = str(operation or "").strip().upper()
    if word not in OPERATIONS:
        raise Refused(
            "code", _("This is no operation of Annex IV."), field="operation", value=word[:10],
            expected="D1–D15, R1–R13",
        )  # fmt: skip
    if row.status in (Status.PLANNED, Status.CONSENTS_OK) and row.plan.get("how") != DISPOSE:
        raise Refused("state", _("The plan is its return."), field="take_back", value=row.status,
                      expected=Status.RETURNED)  # fmt: skip
    moment = read.moment(at)
    body = {
        "round": row.round, "kg": kilograms(kg, "kg"), "operation": word, "at": moment,
        "facility": facts.words(facility, "facility", _("where"))[:200],
    }  # fmt: skip
    elsewhere = row.plan.get("how") == DISPOSE
    step(actor, row, "finally_disposed", body=body, at=moment, messages=posts(row, "finally_disposed", body))
    if elsewhere and row.movement is not None:
        original = Movement.objects.select_for_update().get(pk=row.movement.pk)
        carriage.observed(actor, original, "alternatively_disposed", at=moment, take_back=row.case)
    return row


# ── end, costs ───────────────────────────────────────────────────────────────────────────────────────────────


@command("movements.take_back.close")
def close(
    actor: Actor, take_back_id: UUID | str, *, how: str, reason: str = "", revision: int | None = None
) -> TakeBack:
    """Close the case: `returned`, `disposed`, or formally `transferred` to whom the reason says (invariant 29).

    Raises Refused: writer, state, how, custody (a part has not left), text.
    """
    row = own(actor, take_back_id, "closed", revision)
    wanted = {
        "returned": (Status.RETURNED, Status.DISPOSED),
        "disposed": (Status.DISPOSED,),
        "transferred": (Status.ACCEPTED, Status.DISPUTED, Status.PLANNED, Status.CONSENTS_OK),
    }
    if how not in wanted:
        raise Refused("how", _("A case does not end so."), field="how", value=str(how)[:20], expected=", ".join(ENDS))
    if row.status not in wanted[how]:
        raise Refused(
            "state", _("The load is neither back, nor disposed of, nor handed over."), field="take_back",
            value=row.status, expected=", ".join(wanted[how]),
        )  # fmt: skip
    left = in_custody(row) if how == "returned" else Decimal(0)
    if left > (row.custody_kg or Decimal(0)) * TOLERANCE:
        raise Refused(
            "custody", _("A part of it is in custody still."), field="custody_kg", value=str(left), expected="0"
        )
    why = facts.words(reason, "reason", _("to whom, and why")) if how == "transferred" else str(reason or "").strip()
    end(row, how, times.now())
    body = {"round": row.round, "how": how, "reason": why, "at": row.closed_at}
    step(actor, row, "closed", body=body, messages=posts(row, "closed", body))
    takebacks.wake(row.holder_id, row.case)
    return row


def end(row: TakeBack, how: str, at: datetime) -> None:
    """Note how it ended."""
    row.closed_how, row.closed_at = how, at


@command("movements.take_back.cost")
def cost(
    actor: Actor, take_back_id: UUID | str, *, kind: str, amount: Decimal | str, currency: str, borne_by: str
) -> CostLine:
    """A cost of the case, and who bears it. Raises Refused: writer, kind, amount, currency, text."""
    row = own(actor, take_back_id, "cost_added")
    if kind not in COSTS:
        raise Refused("kind", _("This is no kind of cost."), field="kind", value=str(kind)[:24],
                      expected=", ".join(COSTS))  # fmt: skip
    money = str(currency or "").strip().upper()
    if not (len(money) == 3 and money.isascii() and money.isalpha()):
        raise Refused("currency", _("This is no currency."), field="currency", value=money[:10], expected="ISO 4217")
    made = CostLine.objects.create(
        holder_id=row.holder_id, take_back=row, reference=reference(actor.state), kind=kind, amount=_amount(amount),
        currency=money, borne_by=facts.words(borne_by, "borne_by", _("who pays"))[:200], at=times.now(),
    )  # fmt: skip
    body = {
        "round": row.round, "reference": made.reference, "kind": kind, "amount": format(made.amount, "f"),
        "currency": money, "borne_by": made.borne_by, "at": made.at,
    }  # fmt: skip
    step(actor, row, "cost_added", body=body, messages=posts(row, "cost_added", body))
    return made


def _amount(value: Any) -> Decimal:
    try:
        found = None if isinstance(value, float) else Decimal(str(value).strip())
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or not 0 < found < 10**15 or found != round(found, 2):
        raise Refused(
            "amount", _("This is not an amount."), field="amount", value=str(value)[:40],
            expected=_("a number above zero with at most two places"),
        )  # fmt: skip
    return found.quantize(Decimal("0.01"))


@command("movements.take_back.cost", "movements.take_back.settle_cost")
def settle_cost(actor: Actor, take_back_id: UUID | str, *, reference: str, how: str = "settled") -> CostLine:
    """A cost is paid, written off, or taken from a guarantee that was called (this State's own, else that of the
    notification): by the State that recorded it.

    Raises Refused: writer, missing, how, recorded; guarantee (none is called, or of another currency), amount (not so
    much is left of it).
    """
    row = own(actor, take_back_id, "cost_settled")
    line = row.costs.select_for_update().filter(reference=reference).first()
    if line is None or not reference.startswith(f"{actor.state}-"):
        raise Refused("missing", _("This State recorded no such cost."), field="reference", value=str(reference)[:64])
    if how not in SETTLED:
        raise Refused("how", _("A cost does not end so."), field="how", value=str(how)[:20],
                      expected=", ".join(SETTLED))  # fmt: skip
    if line.status != "open":
        raise Refused("recorded", _("It is settled already."), field="reference", value=line.status)
    if how == "guarantee_called":
        _from_guarantee(row, line, actor.state)
    line.status = how
    line.save(update_fields=["status"])
    body = {"round": row.round, "reference": line.reference, "how": how}
    step(actor, row, "cost_settled", body=body, messages=posts(row, "cost_settled", body))
    return line


def _from_guarantee(row: TakeBack, line: CostLine, state: str) -> None:
    found = None if row.movement is None else held_guarantees.left(row.movement.notification, state)
    if found is None or found[0].currency != line.currency:
        raise Refused("guarantee", _("No guarantee in this currency has been called."), field="how",
                      value=line.currency, expected=found[0].currency if found else "called")  # fmt: skip
    if line.amount > found[1]:
        raise Refused("amount", _("Not so much is left of the guarantee."), field="how", value=format(line.amount, "f"),
                      expected=f"≤ {found[1]}")  # fmt: skip


@command("movements.take_back.refer")
def refer(actor: Actor, take_back_id: UUID | str, *, to: str, note: str) -> TakeBack:
    """Refer it: for prosecution (kept in this State's copy alone), to the compliance committee, to the alert network.

    Raises Refused: writer, to, text.
    """
    row = own(actor, take_back_id, "referred")
    if to not in REFERRED:
        raise Refused("to", _("It cannot be referred there."), field="to", value=str(to)[:40],
                      expected=", ".join(REFERRED))  # fmt: skip
    why = facts.words(note, "note", _("what it is referred for"))
    now = times.now()
    row.referred = [*row.referred, {"to": to, "by": actor.state, "at": now.isoformat(), "note": why}]
    body = {"round": row.round, "to": to, "note": why, "at": now}
    step(actor, row, "referred", body=body, messages=[] if to == "prosecution" else posts(row, "referred", body))
    return row


def costs_of(row: TakeBack) -> dict[str, Decimal]:
    """What a case costs so far, by currency."""
    sums = row.costs.values("currency").annotate(sum=Sum("amount")).order_by("currency")
    return {line["currency"]: line["sum"] for line in sums}
