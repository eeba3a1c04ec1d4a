"""Contract and guarantee: what the State of export says of them, and the State of import's confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tidegate.movements import facts, machines, standing
from tidegate.movements.facts import Early, inbound
from tidegate.movements.inbound.schemas import PAPER
from tidegate.movements.models import Contract, Guarantee, Notification
from tidegate.parties.registry import Message, Rejected


def take_paper(
    row: Notification, kind: type[Contract] | type[Guarantee], said: Mapping[str, Any] | None, state: str
) -> None:
    """Contract or guarantee as the State of export has it; a later revision of it wins."""
    if not said:
        return
    paper = kind.objects.select_for_update().filter(notification=row).first()
    if paper is not None and said["revision"] <= paper.origin:
        return
    machine = machines.CONTRACT if kind is Contract else machines.GUARANTEE
    wanted = str(said["status"])
    paper = paper or kind(holder_id=row.holder_id, case=row.case, notification=row, status="")
    before = paper.number
    paper.number, paper.origin = said["number"], said["revision"]
    paper.valid_until = facts.day(said.get("valid_until"), "valid_until")
    if isinstance(paper, Contract):
        paper.signed_on = facts.day(said.get("signed_on"), "signed_on")
        paper.takes_back = bool(said.get("takes_back"))
        # Whether it is confirmed is the State of import's to say; another contract has to be confirmed anew.
        wanted = "ended" if wanted == "ended" else "lodged"
        if wanted == "lodged" and paper.status == "confirmed" and before == paper.number:
            wanted = "confirmed"
    else:
        paper.issuer, paper.currency = said.get("issuer", ""), said.get("currency", "")
        paper.amount = None if said.get("amount") is None else Decimal(said["amount"])
        paper.valid_from = facts.day(said.get("valid_from"), "valid_from")
    if paper._state.adding:
        paper.save(force_insert=True)
        paper.involved.set(row.involved.all())
    path = _path(machine, paper.status, wanted)
    for event in path or [f"{machine.name}.told"]:
        if path:
            paper.status = machines.step(machine, paper.status, event)
            if event == "lodged" and isinstance(paper, Contract):
                paper.confirmed_at = None
        name = f"{machine.name}.{event}" if path else event
        facts.note(row.holder_id, name, paper, payload={"number": paper.number}, state=state)


def _path(machine: machines.Machine, status: str, wanted: str) -> list[str]:
    """The steps from a status to another one: the shortest; none where it is there already.

    Raises Rejected("contradiction") where the table has no way.
    """
    if status == wanted:
        return []
    ways: list[tuple[str, list[str]]] = [(status, [])]
    seen = {status}
    for at, done in ways:
        for event in machine.allowed(at):
            after = machine.table[at, event].target
            if after == wanted:
                return [*done, event]
            if after not in seen:
                seen.add(after)
                ways.append((after, [*done, event]))
    raise Rejected("contradiction", f"{machine.name}: from {status or 'nothing'} there is no way to {wanted}")


def _told(kind: type[Contract] | type[Guarantee]) -> Any:
    def handle(message: Message) -> None:
        row = facts.copy_of(message)
        facts.only(message, row.home)
        take_paper(row, kind, message.body, message.sender)
        standing.refresh(row, state=message.sender)

    return handle


for _name in ("contract.lodged", "contract.ended"):
    inbound(_name, {**PAPER, "type": "object"})(_told(Contract))
for _name in ("proposed", "approved", "in_force", "called", "released", "lapsed"):
    inbound(f"guarantee.{_name}", {**PAPER, "type": "object"})(_told(Guarantee))


@inbound("contract.confirmed", {"type": "object", "required": ["number", "at"]})
def contract_confirmed(message: Message) -> None:
    """The State of import confirms the contract."""
    row = facts.copy_of(message)
    facts.speaks_for(message, row, row.state_import)
    contract = Contract.objects.select_for_update().filter(notification=row).first()
    if contract is None or (contract.number != message.body["number"] and contract.status == "lodged"):
        raise Early  # the contract that it speaks of has not come yet
    if contract.number != message.body["number"] or contract.status == "confirmed":
        return
    at = facts.moment(message.body["at"])
    contract.confirmed_at = contract.confirmed_at or at
    if contract.status == "lodged":
        contract.status = machines.step(machines.CONTRACT, contract.status, "confirmed")
        facts.note(
            message.to, "contract.confirmed", contract, payload={"number": contract.number}, state=message.sender
        )
    else:  # it has ended meanwhile
        facts.note(message.to, "contract.told", contract, payload={"confirmed_at": at}, state=message.sender)
    standing.refresh(row, state=message.sender)
