"""Messages of the ledger. The home of an account answers requests for it; everybody else keeps a copy "as of"."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tidegate.movements import conditions, draws, ledger
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Account, Movement, Notification, Permit, QuotaAllocation
from tidegate.movements.queries.permits import not_covered
from tidegate.parties import journal
from tidegate.parties.actors import system
from tidegate.parties.commanding import Refused
from tidegate.parties.models import Organisation
from tidegate.parties.registry import Message, Post, Rejected, registry

_KG = {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,3})?$"}
_MOMENT = {"type": "string", "minLength": 20, "maxLength": 40}
_DAY = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_TEXT = {"type": "string", "maxLength": 500}
_DRAW: dict[str, Any] = {
    "account": {"type": "string", "minLength": 4, "maxLength": 96},
    "draw": {"type": "string", "minLength": 3, "maxLength": 96},
    "serial": {"type": "integer", "minimum": 1},
}


def _schema(optional: tuple[str, ...] = (), /, **more: Any) -> dict[str, Any]:
    fields = {**_DRAW, **more}
    return {"type": "object", "required": sorted(set(fields) - set(optional)), "properties": fields}


# --- at the home ---------------------------------------------------------------------------------------


@registry.message(
    "ledger.reserve.asked", _schema(("facts",), kg=_KG, day=_DAY, expires_at=_MOMENT, facts={"type": "object"})
)
def asked(message: Message) -> None:
    """Another State asks to set a quantity aside; the answer goes out in the same transaction."""
    account = _account(message)
    body, day = message.body, _day(message.body["day"])
    # However long the asking State would hold it: nobody holds another's quantity for ever.
    longest = datetime.combine(day, time(), UTC) + draws.HOLD + timedelta(days=2)
    answer: dict[str, Any] = {"account": account.reference, "draw": body["draw"], "serial": body["serial"]}
    try:
        # A refusal undoes what the attempt wrote, and nothing else of the message.
        with transaction.atomic():
            _may_draw(message, account)
            row = ledger.reserve(
                message.to, account.reference, draw=body["draw"], kg=kilograms(body["kg"]),
                day=day, expires_at=min(_moment(body["expires_at"]), longest), actor=system(message.to),
            )  # fmt: skip
        type, answer["expires_at"] = "ledger.reserve.confirmed", row.expires_at
    except Refused as refused:
        type = "ledger.reserve.refused"
        answer["code"], answer["text"] = refused.code, str(refused.text)
    account.refresh_from_db()
    account.revision += 1
    account.save(update_fields=["revision"])
    reply = Post(to=message.sender, case=message.case, type=type, body=journal.as_json(answer), reply_to=message.id)
    journal.record(
        system(message.to), "ledger.answered", account, revision=account.revision, case=message.case,
        payload={"answer": type, **answer}, posts=[reply],
    )  # fmt: skip


@registry.message("ledger.committed", _schema(kg=_KG, at=_MOMENT))
def committed(message: Message) -> None:
    """What left under a movement of another State: stored whole, with a breach where it is too much."""
    account, body = _account(message), message.body
    ledger.commit(message.to, account.reference, draw=body["draw"], kg=_kg(message), at=_moment(body["at"]))


@registry.message("ledger.adjusted", _schema(kg=_KG, at=_MOMENT, reason=_TEXT))
def adjusted(message: Message) -> None:
    """A corrected actual of another State's movement."""
    account, body = _account(message), message.body
    ledger.adjust(
        message.to, account.reference, draw=body["draw"], kg=_kg(message), at=_moment(body["at"]), reason=body["reason"]
    )


@registry.message("ledger.released", _schema(at=_MOMENT))
def released(message: Message) -> None:
    """A movement of another State does not start."""
    account = _account(message)
    ledger.release(message.to, account.reference, draw=message.body["draw"], at=_moment(message.body["at"]))


# --- at the State that asked ---------------------------------------------------------------------------


@registry.message("ledger.reserve.confirmed", _schema(expires_at=_MOMENT))
def confirmed(message: Message) -> None:
    """A home has set the quantity aside."""
    _answer(message, draws.CONFIRMED)


@registry.message("ledger.reserve.refused", _schema(code={"type": "string", "maxLength": 48}, text=_TEXT))
def refused(message: Message) -> None:
    """A home has not."""
    _answer(message, draws.REFUSED, message.body["code"], message.body["text"])


def _answer(message: Message, status: str, code: str = "", text: str = "") -> None:
    movement = (
        Movement.objects.select_for_update()
        .filter(holder=message.to, case=message.case, serial=message.body["serial"])
        .first()
    )
    account, draw = message.body["account"], message.body["draw"]
    asked = [] if movement is None else [row for row in movement.draws if row["account"] == account]
    if movement is None or not any(row["reservation"] == draw for row in asked):
        raise Rejected("unknown_reference", str(_("No such movement asked for a quantity.")))
    if asked[0]["home"] != message.sender:
        raise Rejected("not_entitled", str(_("The account has its home in another State.")))
    draws.answered(
        movement, home=message.sender, account=account, draw=draw, status=status, code=code, text=text
    )  # fmt: skip


# --- copies --------------------------------------------------------------------------------------------


@registry.message(
    "ledger.balance",
    {
        "type": "object",
        "required": [
            "reference", "kind", "home", "case", "revision", "open", "breached", "limit", "reserved", "used", "lapsed",
            "limit_count", "count", "valid_from", "valid_until", "as_of", "involved",
        ],
        "properties": {
            "reference": _DRAW["account"],
            "kind": {"enum": list(Account.Kind.values)},
            "home": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "case": {"type": "string", "maxLength": 64},
            "revision": {"type": "integer", "minimum": 0},
            "open": {"type": "boolean"},
            "breached": {"type": "boolean"},
            **dict.fromkeys(("limit", "reserved", "used", "lapsed"), _KG),
            "limit_count": {"type": ["integer", "null"], "minimum": 0},
            "count": {"type": "integer", "minimum": 0},
            "valid_from": {"anyOf": [_DAY, {"type": "null"}]},
            "valid_until": {"anyOf": [_DAY, {"type": "null"}]},
            "as_of": _MOMENT,
            "involved": {"type": "array", "items": {"type": "string", "maxLength": 64}, "maxItems": 100},
        },
    },
)  # fmt: skip
def balance(message: Message) -> None:
    """The home's word on an account: a later one wins, an older one is passed over.

    On a copy `told` is the home's revision that it shows, and `as_of` the moment of the home's word.
    """
    body = message.body
    if body["home"] != message.sender:
        raise Rejected("not_entitled", str(_("Only its home says what an account holds.")))
    row = Account.objects.select_for_update().filter(holder=message.to, reference=body["reference"]).first()
    if row is not None and row.home != message.sender:
        raise Rejected("not_entitled", str(_("The account has its home in another State.")))
    as_of = _moment(body["as_of"])
    if row is not None and body["revision"] <= row.told:
        if body["revision"] == row.told and as_of > row.as_of:
            Account.objects.filter(pk=row.pk).update(as_of=as_of)
        return
    new = row is None
    row = row or Account(holder_id=message.to, home=message.sender, reference=body["reference"])
    row.kind, row.case, row.open, row.breached = body["kind"], body["case"], body["open"], body["breached"]
    row.limit_kg, row.reserved_kg, row.used_kg, row.lapsed_kg = (
        kilograms(body[name], name, zero=True) for name in ("limit", "reserved", "used", "lapsed")
    )
    row.limit_count, row.count, row.as_of, row.told = body["limit_count"], body["count"], as_of, body["revision"]
    row.valid_from, row.valid_until = (
        None if body[name] is None else _day(body[name]) for name in ("valid_from", "valid_until")
    )
    row.revision = 0 if new else row.revision + 1
    row.save()
    row.involved.set(Organisation.objects.filter(holder=message.to, registration__in=body["involved"]))
    journal.record(
        system(message.to), "ledger.copied", row, revision=row.revision, case=row.case, state=message.sender,
        payload=dict(body),
    )  # fmt: skip


# --- who may -------------------------------------------------------------------------------------------


def _account(message: Message) -> Account:
    """The account at its home, where the sender may ask for it: it is the State of export of a case known here."""
    case = Notification.objects.filter(holder=message.to, case=message.case).first()
    if case is None:
        raise Rejected("unknown_case", str(_("The case is not known here.")))
    if case.home != message.sender:
        raise Rejected("not_entitled", str(_("Only the State of export draws for its movements.")))
    reference = message.body["account"]
    account = Account.objects.select_for_update().filter(holder=message.to, reference=reference).first()
    if account is None or account.home != message.to:
        raise Rejected("unknown_reference", str(_("There is no such permit or quota here.")))
    if not message.body["draw"].startswith(f"{message.case}/"):
        raise Rejected("unknown_reference", str(_("The draw is of another case.")))
    return account


def _may_draw(message: Message, account: Account) -> None:
    """A permit or quota serves the case of its own holder, and the wastes, codes and origins that it names."""
    case = Notification.objects.get(holder=message.to, case=message.case)
    holders = set(account.involved.values_list("registration", flat=True))
    if holders and not case.involved.filter(registration__in=holders).exists():
        raise Refused("ledger_not_yours", _("The permit or quota is held by nobody who takes part in this case."))
    permit = Permit.objects.filter(account=account).exclude(status=Permit.Status.SUPERSEDED).first()
    quota = QuotaAllocation.objects.filter(account=account).select_related("pool").first()
    scope = permit or (quota.pool if quota is not None else None)
    codes = case.blocks.get("codes", {})
    if scope is not None and (
        outside := not_covered(scope, wastes=codes.get("basel", []), hs=codes.get("hs", []), origin=message.sender)
    ):
        raise Refused("ledger_scope", outside[0].text, value=outside[0].value, expected=outside[0].expected)
    if permit is not None and permit.status not in (Permit.Status.ISSUED, Permit.Status.ACTIVE):
        raise Refused("ledger_closed", _("The permit is not in force."), value=permit.status)
    if permit is not None:
        _meets(message, permit)


def _meets(message: Message, permit: Permit) -> None:
    """The movement meets every condition of the permit; what its State does not say of it is not met."""
    said = dict(message.body.get("facts") or {})
    found = {**said, "day": _day(message.body["day"]), "kg": kilograms(message.body["kg"])}
    for failed in conditions.check(permit.conditions, found):
        raise Refused(
            "condition", _("A condition of the permit is not met: %(why)s") % {"why": failed.text}, field="condition",
            value=conditions.describe(failed.condition), expected=permit.number,
        )  # fmt: skip


def _kg(message: Message) -> Any:
    return kilograms(message.body["kg"], zero=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Rejected("dates", str(_("This is not a day."))) from None


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Rejected("dates", str(_("A time must name its zone."))) from None
    return found.astimezone(UTC)
