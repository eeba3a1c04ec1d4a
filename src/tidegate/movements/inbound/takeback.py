"""What other States say of take-back cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tidegate.movements import evidence, facts, homeward, machines, takebacks
from tidegate.movements.commands.returns import COSTS, ENDS, SETTLED, end
from tidegate.movements.commands.takeback import GROUNDS
from tidegate.movements.facts import Early, moment
from tidegate.movements.models import CostLine, Movement, TakeBack
from tidegate.movements.takebacks import OBJECTIONS, settle, step, told
from tidegate.parties.actors import Actor
from tidegate.parties.registry import Message, Rejected

_TEXT = {"type": "string", "maxLength": 10_000}
_LINE = {"type": "string", "maxLength": 200}
_CODE = {"type": "string", "pattern": "^[A-Z]{2}$"}
_MOMENT = {"type": "string", "format": "date-time", "maxLength": 40}
_MASS = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,3})?$"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 30_000}


def _object(**properties: Any) -> dict[str, Any]:
    """All of these, each needed."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _case(message: Message, event: str) -> TakeBack:
    """This State's copy of the case, locked, where the event is the sender's to tell. Raises Early, Rejected."""
    row = TakeBack.objects.select_for_update().filter(holder=message.to, case=message.case).first()
    if row is None:
        raise Early
    if message.sender not in takebacks.writers(row, event):
        raise Rejected("not_entitled", f"{event} is not a fact of {message.sender}")
    return row


_WAY_TO = ("opened", "classified", "notified")
_AFTER = ("acknowledged", "accepted", "disputed")


@facts.inbound(
    "take_back.joined",
    _object(
        round=_COUNT,
        status={"enum": ["notified", *_AFTER]},
        state_export=_CODE,
        states={"type": "array", "items": _CODE, "minItems": 2, "maxItems": 40},
        joined={"type": "array", "items": _CODE, "maxItems": 40},
        opened_at=_MOMENT,
        detected_at=_MOMENT,
        finding=_TEXT,
        custody_place=_LINE,
        custody_kg={"anyOf": [_MASS, {"type": "null"}]},
        containers={"type": "array", "items": _LINE, "maxItems": 200},
        load={"type": "object"},
        basis={"enum": list(TakeBack.Basis.values)},
        grounds={"type": "array", "items": {"enum": list(GROUNDS)}},
        informed_at=_MOMENT,
        evidence={"type": "array", "items": evidence.FILE, "maxItems": 100},
    ),
)
def joined(message: Message) -> None:
    """The way home of a plan leads through this State: the case, as it stands with the State that opened it."""
    said, holder = message.body, message.to
    if TakeBack.objects.filter(holder=holder, case=message.case).exists():
        raise Rejected("duplicate", f"{message.case} is open already")
    if message.sender == said["state_export"] or not {message.sender, holder} <= set(said["states"]):
        raise Rejected("not_entitled", "a State of import or transit opens a case")
    actor, at = Actor(holder), moment(said["informed_at"])
    row = takebacks.new(
        holder, message.case, movement=None, opener=message.sender, state_export=said["state_export"],
        states=said["states"], joined=said["joined"], opened_at=moment(said["opened_at"]), finding=said["finding"],
        detected_at=moment(said["detected_at"]), custody_place=said["custody_place"], containers=said["containers"],
        custody_kg=None if said["custody_kg"] is None else Decimal(said["custody_kg"]), load=said["load"],
    )  # fmt: skip
    takebacks.classify(row, round=said["round"], basis=said["basis"], grounds=said["grounds"], finding="")
    for event in (*_WAY_TO, *(name for name in _AFTER if name == said["status"])):
        step(actor, row, event, body=dict(said) if event == "opened" else {}, state=message.sender, at=at)
    for item in said["evidence"]:
        evidence.came(row, item, message.sender)
    takebacks.inform(actor, row, at)
    row.save(update_fields=["informed_at"])


def _event(event: str, **schema: Any) -> Callable[[Callable[[Actor, TakeBack, Message], None]], None]:
    """Register what a later event of a known case does; `round` says to which finding it belongs."""

    def register(change: Callable[[Actor, TakeBack, Message], None]) -> None:
        def handle(message: Message) -> None:
            row = _case(message, event)
            actor = Actor(message.to)
            said = message.body["round"]
            if event != "classified" and said > row.round:
                raise Early
            if said < row.round and event in takebacks.OF_A_ROUND:
                payload = {"event": event, **message.body}
                facts.note(actor, "take_back.told_late", row, payload=payload, state=message.sender)
                return
            change(actor, row, message)

        handle.__name__ = handle.__qualname__ = f"take_back_{event}"
        facts.inbound(f"take_back.{event}", _object(round=_COUNT, **schema))(handle)

    return register


@facts.inbound(
    "take_back.opened",
    _object(
        movement={
            "anyOf": [_object(case={"type": "string", "maxLength": 64}, serial={"type": "integer"}), {"type": "null"}]
        },
        state_export=_CODE,
        states={"type": "array", "items": _CODE, "minItems": 2, "maxItems": 20},
        opened_at=_MOMENT,
        detected_at=_MOMENT,
        finding=_TEXT,
        custody_place=_LINE,
        custody_kg={"anyOf": [_MASS, {"type": "null"}]},
        containers={"type": "array", "items": _LINE, "maxItems": 200},
        load={"type": "object"},
        after={"type": "array", "items": {"type": "string", "maxLength": 64}, "maxItems": 100},
    ),
)
def opened(message: Message) -> None:
    """A State has opened a case. Of two that were opened at once for one movement, the earlier goes on everywhere."""
    said, holder = message.body, message.to
    if TakeBack.objects.filter(holder=holder, case=message.case).exists():
        raise Rejected("duplicate", f"{message.case} is open already")
    movement = None
    if (of := said["movement"]) is not None:
        movement = Movement.objects.filter(holder=holder, case=of["case"], serial=of["serial"]).first()
        if movement is None:
            raise Early
        if not movement.notification.route.filter(state=message.sender).exists():
            raise Rejected("not_concerned", f"{message.sender} has no part in {of['case']}")
    if message.sender == said["state_export"] or message.sender not in said["states"]:
        raise Rejected("not_entitled", "a State of import or transit opens a case")
    at = moment(said["opened_at"])
    mine = (at, message.case)
    into = ""
    for other in TakeBack.objects.select_for_update().filter(movement=movement).exclude(movement=None):
        if other.case in said["after"]:
            if other.status not in TakeBack.ENDED:
                raise Early  # its end is on its way here
        elif message.case not in other.after and not other.closed_how.startswith("merged:"):
            if (other.opened_at, other.case) < mine:
                into = other.case
            elif other.status not in TakeBack.ENDED:
                takebacks.merge(Actor(holder), other, message.case)
    row = takebacks.new(
        holder,
        message.case,
        movement=None if into else movement,
        opener=message.sender,
        state_export=movement.notification.state_export if movement is not None else said["state_export"],
        states=said["states"],
        opened_at=at,
        after=said["after"],
        detected_at=moment(said["detected_at"]),
        finding=said["finding"],
        custody_place=said["custody_place"],
        custody_kg=None if said["custody_kg"] is None else Decimal(said["custody_kg"]),
        containers=said["containers"],
        load=said["load"],
    )
    step(Actor(holder), row, "opened", body=dict(said), state=message.sender, at=row.detected_at)
    if into:
        takebacks.merge(Actor(holder), row, into)
        row.movement = movement
        row.save(update_fields=["movement"])


@_event(
    "classified",
    basis={"enum": list(TakeBack.Basis.values)},
    grounds={"type": "array", "items": {"enum": list(GROUNDS)}},
    finding=_TEXT,
)
def _classified(actor: Actor, row: TakeBack, message: Message) -> None:
    said = message.body
    if said["round"] <= row.round:
        raise Rejected("stale", "a later finding has come already")
    takebacks.classify(row, round=said["round"], basis=said["basis"], grounds=said["grounds"], finding=said["finding"])
    told(actor, row, "classified", said, message.sender, message.created)


@_event("not_a_case", reason=_TEXT)
def _not_a_case(actor: Actor, row: TakeBack, message: Message) -> None:
    if told(actor, row, "not_a_case", message.body, message.sender, message.created):
        end(row, "not_a_case", message.created)
        row.save(update_fields=["closed_how", "closed_at"])
        takebacks.wake(row.holder_id, row.case)


@_event("notified", at=_MOMENT, evidence={"type": "array", "items": evidence.FILE, "maxItems": 100})
def _notified(actor: Actor, row: TakeBack, message: Message) -> None:
    at = moment(message.body["at"])
    for item in message.body["evidence"]:
        evidence.came(row, item, message.sender)
    if told(actor, row, "notified", message.body, message.sender, at):
        takebacks.inform(actor, row, at)
        row.save(update_fields=["informed_at"])


@_event("evidence_added", **evidence.NAMED)
def _evidence_added(actor: Actor, row: TakeBack, message: Message) -> None:
    evidence.came(row, message.body, message.sender)
    told(actor, row, "evidence_added", message.body, message.sender, message.created)


def _plain(event: str, **schema: Any) -> None:
    """An event that changes the status alone."""

    @_event(event, **schema)
    def change(actor: Actor, row: TakeBack, message: Message) -> None:
        told(actor, row, event, message.body, message.sender, message.created)
        settle(actor, row)


for _name in ("acknowledged", "accepted", "disputed"):
    _plain(_name, reason=_TEXT)
_plain("reminded", step=_LINE)


@_event(
    "plan_proposed",
    number=_COUNT,
    plan={"type": "object", "required": ["how", "agreed_until"], "properties": {"route": homeward.SCHEMA}},
)
def _plan_proposed(actor: Actor, row: TakeBack, message: Message) -> None:
    said = message.body
    if said["number"] <= row.plan_number:
        raise Rejected("stale", "a later plan has come already")
    facts.day(said["plan"].get("agreed_until"), "agreed_until")
    if said["plan"]["how"] not in (takebacks.RETURN, takebacks.DISPOSE):
        raise Rejected("unknown_code", str(said["plan"]["how"])[:40])
    homeward.told(row, said["plan"].get("route") or [])
    more = takebacks.propose(row, said["number"], said["plan"])
    if told(actor, row, "plan_proposed", said, message.sender, message.created):
        takebacks.bring_in(actor, row, more)


@_event("plan_signed", number=_COUNT)
def _plan_signed(actor: Actor, row: TakeBack, message: Message) -> None:
    takebacks.sign(row, message.body["number"], message.sender)
    told(actor, row, "plan_signed", message.body, message.sender, message.created)
    settle(actor, row)


def _consent(event: str, agreed: bool) -> None:
    @_event(event, number=_COUNT, ground={"enum": ["", *OBJECTIONS]}, remarks=_TEXT, at=_MOMENT)
    def change(actor: Actor, row: TakeBack, message: Message) -> None:
        said = message.body
        if agreed == bool(said["ground"]):
            raise Rejected("contradiction", "an objection names safety or the route, a consent nothing")
        at = moment(said["at"])
        takebacks.consent(
            row, said["number"], message.sender, agreed=agreed, ground=said["ground"], remarks=said["remarks"], at=at
        )
        told(actor, row, event, said, message.sender, at)
        settle(actor, row)


_consent("return_consented", True)
_consent("return_objected", False)


@_event("returning", kg=_MASS, planned_on={"type": "string", "format": "date"}, serial={"type": ["integer", "null"]})
def _returning(actor: Actor, row: TakeBack, message: Message) -> None:
    if row.movement is None:
        takebacks.more_under_way(row, Decimal(message.body["kg"]))
    told(actor, row, "returning", message.body, message.sender, message.created)


@_event("returned", kg=_MASS, at=_MOMENT, place=_LINE)
def _returned(actor: Actor, row: TakeBack, message: Message) -> None:
    told(actor, row, "returned", message.body, message.sender, moment(message.body["at"]))


@_event("finally_disposed", kg=_MASS, at=_MOMENT, operation={"type": "string", "maxLength": 4}, facility=_LINE)
def _disposed(actor: Actor, row: TakeBack, message: Message) -> None:
    told(actor, row, "finally_disposed", message.body, message.sender, moment(message.body["at"]))


@_event("closed", how={"enum": list(ENDS)}, reason=_TEXT, at=_MOMENT)
def _closed(actor: Actor, row: TakeBack, message: Message) -> None:
    said = message.body
    if said["how"] in takebacks.NOT_BEFORE and not takebacks.reached(row, takebacks.NOT_BEFORE[said["how"]]):
        raise Early  # the State of export's word of it is on its way here
    if row.status in machines.OPEN_CASE:
        end(row, said["how"], moment(said["at"]))
    told(actor, row, "closed", said, message.sender, moment(said["at"]))
    takebacks.wake(row.holder_id, row.case)


@_event(
    "cost_added",
    reference={"type": "string", "maxLength": 64},
    kind={"enum": list(COSTS)},
    amount={"type": "string", "pattern": r"^[0-9]{1,15}\.[0-9]{2}$"},
    currency={"type": "string", "pattern": "^[A-Z]{3}$"},
    borne_by=_LINE,
    at=_MOMENT,
)
def _cost_added(actor: Actor, row: TakeBack, message: Message) -> None:
    said = message.body
    _own_reference(message, said)
    kept = {"kind": said["kind"], "amount": Decimal(said["amount"]), "currency": said["currency"],
            "borne_by": said["borne_by"], "at": moment(said["at"]), "take_back": row}  # fmt: skip
    CostLine.objects.get_or_create(holder_id=row.holder_id, reference=said["reference"], defaults=kept)
    told(actor, row, "cost_added", said, message.sender, message.created)


@_event("cost_settled", reference={"type": "string", "maxLength": 64}, how={"enum": list(SETTLED)})
def _cost_settled(actor: Actor, row: TakeBack, message: Message) -> None:
    said = message.body
    _own_reference(message, said)
    if not row.costs.filter(reference=said["reference"]).update(status=said["how"]):
        raise Rejected("unknown_reference", said["reference"])
    told(actor, row, "cost_settled", said, message.sender, message.created)


def _own_reference(message: Message, said: Mapping[str, Any]) -> None:
    if not str(said["reference"]).startswith(f"{message.sender}-"):
        raise Rejected("not_entitled", "a cost is told by the State that recorded it")


@_event("referred", to={"enum": ["compliance_committee", "alert_network"]}, note=_TEXT, at=_MOMENT)
def _referred(actor: Actor, row: TakeBack, message: Message) -> None:
    said = message.body
    row.referred = [*row.referred, {"to": said["to"], "by": message.sender, "at": said["at"], "note": said["note"]}]
    told(actor, row, "referred", said, message.sender, message.created)
