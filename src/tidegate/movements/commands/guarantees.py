"""The contract between notifier and disposer, and the financial guarantee (facts 4.3)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts, machines, standing
from tidegate.movements.commands.notifications import paper_of
from tidegate.movements.models import Contract, Guarantee, Movement, Notification, TakeBack
from tidegate.movements.owning import exporting
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.models import State

FINISHED = ("draft", "cancelled", "completed", "closed", "returned", "alternatively_disposed")
CENT = Decimal("0.01")


@command("movements.contract.lodge")
def lodge_contract(
    actor: Actor,
    notification_id: UUID | str,
    *,
    number: str,
    signed_on: Any = None,
    valid_until: Any = None,
    takes_back: bool = False,
) -> Contract:
    """Lodge the contract, or another in its place: the State of import has to confirm that one again.

    Raises Refused: text, day, dates, state; return_obligation where it does not oblige to take back (Article 8).
    """
    row = exporting(actor, notification_id, pen=True)
    _alive(row)
    contract = Contract.objects.select_for_update().filter(notification=row).first()
    contract = contract or Contract(holder_id=row.holder_id, case=row.case, notification=row, status="")
    contract.number = facts.words(number, "number", _("the contract's number"))[:64]
    contract.signed_on = facts.day(signed_on, "signed_on")
    contract.valid_until = facts.day(valid_until, "valid_until")
    _order(contract.signed_on, contract.valid_until, "valid_until")
    contract.takes_back = bool(takes_back)
    if not contract.takes_back:
        raise Refused(
            "return_obligation",
            _("The contract has to oblige to take the waste back where the movement cannot be completed."),
            field="takes_back",
            value=False,
            expected="true",
        )
    contract.status = machines.step(machines.CONTRACT, contract.status, "lodged")
    contract.confirmed_at = None
    _keep(contract, row)
    _tell(actor, contract, row, "contract.lodged")
    standing.refresh(row)
    return contract


@command("movements.contract.confirm")
def confirm_contract(actor: Actor, notification_id: UUID | str, *, number: str) -> Contract:
    """The State of import confirms that the contract of this number exists (Article 6(3)(b)).

    Where the State of import takes part in no exchange, the State of export keys in its written confirmation.

    Raises Refused: not_owner, contract (another number), state.
    """
    row: Notification = locked(Notification, notification_id, actor)
    elsewhere = row.holder_id == row.home and not State.objects.filter(pk=row.state_import).exists()
    if actor.state != row.state_import and not elsewhere:
        raise Refused(
            "not_owner", _("Only the State of import confirms the contract."), field="state_import", value=actor.state,
            expected=row.state_import,
        )  # fmt: skip
    contract = Contract.objects.select_for_update().filter(notification=row).first()
    if contract is None or contract.number != number.strip():
        raise Refused(
            "contract", _("This is not the contract that was lodged."), field="number", value=number[:64],
            expected="" if contract is None else contract.number,
        )  # fmt: skip
    now = times.now()
    contract.status = machines.step(machines.CONTRACT, contract.status, "confirmed")
    contract.confirmed_at = now
    body = {"number": contract.number, "at": now}
    messages = facts.posts(row, "contract.confirmed", body, legal="Basel Convention, Article 6(3)(b)")
    facts.note(actor, "contract.confirmed", contract, payload={"number": contract.number}, posts=messages)
    standing.refresh(row)
    return contract


@command("movements.guarantee.propose")
def propose_guarantee(
    actor: Actor,
    notification_id: UUID | str,
    *,
    number: str,
    issuer: str = "",
    amount: Any = None,
    currency: str = "",
    valid_from: Any = None,
    valid_until: Any = None,
) -> Guarantee:
    """Propose a guarantee, or another in its place. Raises Refused: text, day, dates, amount, state."""
    row = exporting(actor, notification_id, pen=True)
    _alive(row)
    guarantee = Guarantee.objects.select_for_update().filter(notification=row).first()
    guarantee = guarantee or Guarantee(holder_id=row.holder_id, case=row.case, notification=row, status="")
    guarantee.status = machines.step(machines.GUARANTEE, guarantee.status, "proposed")
    guarantee.number = facts.words(number, "number", _("the guarantee's number"))[:64]
    guarantee.issuer = str(issuer or "").strip()[:200]
    guarantee.amount = _amount(amount)
    guarantee.currency = str(currency or "").strip().upper()
    if guarantee.amount is not None and not (len(guarantee.currency) == 3 and guarantee.currency.isalpha()):
        raise Refused(
            "currency",
            _("An amount has its currency."),
            field="currency",
            value=guarantee.currency[:10],
            expected="VND",
        )
    guarantee.valid_from = facts.day(valid_from, "valid_from")
    guarantee.valid_until = facts.day(valid_until, "valid_until")
    _order(guarantee.valid_from, guarantee.valid_until, "valid_until")
    _keep(guarantee, row)
    _tell(actor, guarantee, row, "guarantee.proposed")
    standing.refresh(row)
    return guarantee


@command("movements.guarantee.approve")
def approve_guarantee(actor: Actor, notification_id: UUID | str) -> Guarantee:
    """The authority of export approves the proposed guarantee."""
    return _move(actor, notification_id, "approved")


@command("movements.guarantee.call")
def call(actor: Actor, notification_id: UUID | str, *, reason: str) -> Guarantee:
    """The authority of export calls the guarantee; nothing more may start under the notification."""
    return _move(actor, notification_id, "called", facts.words(reason, "reason", _("why it is called")))


@command("movements.guarantee.release")
def release(actor: Actor, notification_id: UUID | str) -> Guarantee:
    """Release the guarantee. Raises Refused: movements (one is not finished), take_back (a case is open)."""
    row = exporting(actor, notification_id)
    finished(row)
    return _move(actor, notification_id, "released")


def finished(row: Notification) -> None:
    """Raises Refused where a guarantee is needed still: movements (one is not finished), take_back (a case is open)."""
    running = Movement.objects.filter(notification=row).exclude(status__in=FINISHED)
    if running.exists():
        raise Refused(
            "movements", _("A movement that it covers is not completed."), field="movements", value=running.count(),
            expected=0,
        )  # fmt: skip
    cases = TakeBack.objects.filter(movement__notification=row).exclude(status__in=("closed", "not_a_case"))
    if cases.exists():
        raise Refused("take_back", _("A take-back case is open."), field="take_backs", value=cases.count(), expected=0)


def lapse(row: Notification) -> int:
    """What time does to contract and guarantee of a notification held at its home; gives how many rows changed."""
    from tidegate.movements.calendars import today

    day, changed = today(row.holder_id), 0
    contract = Contract.objects.select_for_update().filter(notification=row).first()
    if contract is not None and contract.status != "ended" and contract.valid_until and contract.valid_until < day:
        contract.status = machines.step(machines.CONTRACT, contract.status, "ended")
        _tell(row.holder_id, contract, row, "contract.ended")
        changed += 1
    guarantee = Guarantee.objects.select_for_update().filter(notification=row).first()
    if guarantee is None:
        return changed
    event = ""
    if (
        guarantee.status in ("proposed", "approved", "in_force")
        and guarantee.valid_until
        and (guarantee.valid_until < day)
    ):
        event = "lapsed"
    elif guarantee.status == "approved" and (guarantee.valid_from is None or guarantee.valid_from <= day):
        event = "in_force"
    if event:
        guarantee.status = machines.step(machines.GUARANTEE, guarantee.status, event)
        _tell(row.holder_id, guarantee, row, f"guarantee.{event}")
        changed += 1
    return changed


def _move(actor: Actor, notification_id: UUID | str, event: str, reason: str = "") -> Guarantee:
    row = exporting(actor, notification_id)
    guarantee = Guarantee.objects.select_for_update().filter(notification=row).first()
    if guarantee is None:
        raise Refused("guarantee", _("There is no guarantee."), field="guarantee", value=None)
    guarantee.status = machines.step(machines.GUARANTEE, guarantee.status, event)
    _tell(actor, guarantee, row, f"guarantee.{event}", reason)
    standing.refresh(row)
    return guarantee


def _tell(actor: Actor | str, paper: Contract | Guarantee, row: Notification, type: str, reason: str = "") -> None:
    body = {**(paper_of(paper) or {}), "revision": paper.revision + 1, "reason": reason, "at": times.now()}
    # Before the notification is sent on nobody else knows of it; its first message carries contract and guarantee.
    messages = [] if row.transmitted_at is None else facts.posts(row, type, body)
    facts.note(actor, type, paper, payload={"number": paper.number, "reason": reason}, posts=messages)


def _keep(paper: Contract | Guarantee, row: Notification) -> None:
    if paper._state.adding:
        paper.save(force_insert=True)
        paper.involved.set(row.involved.all())


def _alive(row: Notification) -> None:
    if row.ended_as or row.status == Notification.Status.REFUSED:
        raise Refused("state", _("The notification has ended."), field="status", value=row.status)


def _order(start: Any, end: Any, field: str) -> None:
    if start is not None and end is not None and end < start:
        raise Refused(
            "dates", _("It ends before it begins."), field=field, value=end.isoformat(),
            expected=f"≥ {start.isoformat()}",
        )  # fmt: skip


def money(amount: Any, currency: Any, *, least: bool = True) -> tuple[Decimal, str]:
    """An amount with its currency. `least`: it is more than nothing. Raises Refused: amount, currency."""
    found, said = _amount(amount), str(currency or "").strip().upper()
    if found is None or (least and not found):
        raise Refused("amount", _("An amount is missing."), field="amount", value=amount, expected="1000.00")
    if not (len(said) == 3 and said.isascii() and said.isalpha()):
        raise Refused("currency", _("This is no currency."), field="currency", value=said[:10], expected="ISO 4217")
    return found, said


def _amount(value: Any) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        if isinstance(value, float | bool):
            raise InvalidOperation
        amount = Decimal(str(value).strip())
        if not amount.is_finite() or amount < 0 or amount != amount.quantize(CENT) or amount.adjusted() > 15:
            raise InvalidOperation
    except InvalidOperation:
        raise Refused(
            "amount", _("This is not an amount of money."), field="amount", value=str(value)[:40],
            expected=_("a number from zero with at most two places"),
        ) from None  # fmt: skip
    return amount.quantize(CENT)
