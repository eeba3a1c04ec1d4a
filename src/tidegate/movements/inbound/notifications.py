"""What the State of export says of a notification, and what the others say to it, into this State's copy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tidegate.movements import blocks, clocks, consenting, facts, guard, machines, standing
from tidegate.movements.breaches import open_breach
from tidegate.movements.commands import amendments, drafts, notifications
from tidegate.movements.facts import Early, inbound
from tidegate.movements.masses import kilograms
from tidegate.movements.models import (
    Amendment,
    Consent,
    Contract,
    Guarantee,
    InfoRequest,
    Movement,
    Notification,
    RouteStop,
    Version,
)
from tidegate.parties import times
from tidegate.parties.actors import system
from tidegate.parties.commanding import Refused
from tidegate.parties.registry import Message, Post, Rejected

TEXT = {"type": "string", "maxLength": 20000}
MOMENT = {"type": "string", "maxLength": 40}
DAY = {"type": ["string", "null"], "maxLength": 10}
STATE = {"type": "string", "pattern": "^[A-Z]{2}$"}
PAPER = {
    "type": ["object", "null"],
    "required": ["number", "status", "revision"],
    "properties": {
        "number": {"type": "string", "minLength": 1, "maxLength": 64},
        "status": {"type": "string"},
        "revision": {"type": "integer", "minimum": 0},
        "valid_from": DAY,
        "valid_until": DAY,
        "signed_on": DAY,
        "takes_back": {"type": "boolean"},
        "issuer": {"type": "string", "maxLength": 200},
        "amount": {"type": ["string", "null"], "pattern": r"^\d{1,16}\.\d{2}$"},
        "currency": {"type": "string", "maxLength": 3},
    },
}
NEED = {
    "type": "object",
    "required": ["state", "role", "required", "rules"],
    "properties": {
        "state": STATE,
        "role": {"enum": ["export", "transit", "import"]},
        "required": {"type": "boolean"},
        "rules": {"type": "array", "items": {"type": "string"}},
        "tacit_by": {"type": "string", "maxLength": 64},
    },
}
CONTENT = {
    "type": "object",
    "required": ["number", "version", "material_version", "content", "needs", "submitted_at", "transmitted_at"],
    "properties": {
        "number": {"type": "string", "minLength": 1, "maxLength": 32},
        "version": {"type": "integer", "minimum": 1},
        "material_version": {"type": "integer", "minimum": 1},
        "content": {"type": "object"},
        "reason": TEXT,
        "needs": {"type": "array", "items": NEED, "minItems": 1, "maxItems": 60},
        "screen": {"type": "object"},
        "law_version": {"type": "string", "maxLength": 64},
        "override_reason": TEXT,
        "supersedes": {"type": "string", "maxLength": 64},
        "submitted_at": MOMENT,
        "transmitted_at": MOMENT,
        "versions": {"type": "array"},
        "contract": PAPER,
        "guarantee": PAPER,
    },
}
AT = {"type": "object", "required": ["at"], "properties": {"at": MOMENT, "reason": TEXT}}
ACKNOWLEDGED = {
    "type": "object",
    "required": ["authority", "at"],
    "properties": {"authority": STATE, "at": MOMENT, "received_on": DAY},
}
ASKED = {
    "type": "object",
    "required": ["reference", "authority", "question", "at"],
    "properties": {
        "reference": {"type": "string", "minLength": 1, "maxLength": 64},
        "authority": STATE,
        "question": TEXT,
        "at": MOMENT,
    },
}
ANSWERED = {
    "type": "object",
    "required": ["reference", "answer", "at"],
    "properties": {"reference": {"type": "string", "maxLength": 64}, "answer": TEXT, "at": MOMENT},
}
PROPOSED = {
    "type": "object",
    "required": ["number", "changes", "reason", "at"],
    "properties": {"number": {"type": "integer", "minimum": 1}, "changes": {"type": "object"}, "reason": TEXT},
}
AMENDED = {
    "type": "object",
    "required": ["number", "approved", "at"],
    "properties": {"number": {"type": "integer", "minimum": 1}, "approved": {"type": "boolean"}, "reason": TEXT},
}


# ── content: the State of export's ───────────────────────────────────────────────────────────────────────────


@inbound("notification.submitted", CONTENT)
def submitted(message: Message) -> None:
    """A notification, or a version of it, that this State is asked or told about."""
    content = _content(message)
    row = Notification.objects.select_for_update().filter(holder=message.to, case=message.case).first()
    if row is None:
        row = _new(message, content)
    else:
        facts.only(message, row.state_export)
        if message.body["version"] <= row.version:
            return  # an older version, or the same again
        _fill(row, message, content)
        drafts.link_parties(row)
        facts.note(
            message.to,
            "notification.revised",
            row,
            payload={"version": row.version, "reason": message.body.get("reason", "")},
            state=message.sender,
            law_version=row.law_version,
        )
    at = _version(row, message)
    _paper(row, Contract, message.body.get("contract"), message.sender)
    _paper(row, Guarantee, message.body.get("guarantee"), message.sender)
    new = consenting.sync(row, message.body["needs"], at, actor=message.to, state=message.sender)
    for consent in Consent.objects.filter(notification=row).exclude(status="superseded"):
        standing.decision_clock(consent, guard.book())
    for consent in new:
        notifications.run(row, "acknowledge", consent.authority, consent.role, at)
    _welcome(row, [c.authority for c in new])
    standing.refresh(row, state=message.sender)


inbound("notification.revised", CONTENT)(submitted)


def _content(message: Message) -> blocks.Content:
    said = {name: value for name, value in message.body["content"].items() if name != "load"}
    try:
        content: blocks.Content = blocks.read(blocks.Content, said)
    except Refused as error:
        raise Rejected("schema", f"content: {error.field}: {error.value}: {error.expected}") from None
    route = content.route
    if len(route) < 2 or (route[0].role, route[-1].role) != ("export", "import"):
        raise Rejected("contradiction", "route: State of export first, State of import last")
    if route[0].state != message.sender:
        raise Rejected("not_entitled", f"the State of export is {route[0].state}, not {message.sender}")
    named = {need["state"] for need in message.body["needs"]}
    if message.to not in named and not Notification.objects.filter(holder=message.to, case=message.case).exists():
        raise Rejected("not_concerned", f"{message.to} is not on the route")
    if named != {stop.state for stop in route}:
        raise Rejected("contradiction", "needs: one for each State of the route")
    return content


def _new(message: Message, content: blocks.Content) -> Notification:
    row = Notification(
        holder_id=message.to, case=message.case, state_export=message.sender, status="", source="message"
    )
    row.status = machines.step(machines.NOTIFICATION, "", "transmitted")
    _columns(row, message, content)
    row.save(force_insert=True)
    _route(row, content)
    drafts.link_parties(row)
    facts.note(
        message.to,
        "notification.transmitted",
        row,
        payload={"version": row.version, "number": row.number, "needs": message.body["needs"]},
        state=message.sender,
        law_version=row.law_version,
    )
    return row


def _fill(row: Notification, message: Message, content: blocks.Content) -> None:
    _columns(row, message, content)
    row.route.all().delete()
    _route(row, content)


def _columns(row: Notification, message: Message, content: blocks.Content) -> None:
    body, said = message.body, content.model_dump(mode="json")
    row.blocks = {name: said[name] for name in blocks.Blocks.model_fields}
    for name in blocks.COLUMNS:
        setattr(row, name, getattr(content, name))
    row.quantity_kg = None if content.quantity_kg is None else kilograms(content.quantity_kg, "quantity_kg")
    row.number = body["number"]
    row.state_import = content.route[-1].state
    row.load = guard.plain(body["content"].get("load") or {})
    row.screen = dict(body.get("screen") or {})
    row.law_version = body.get("law_version", "")
    row.override_reason = body.get("override_reason", "")
    row.supersedes = body.get("supersedes", "")
    row.submitted_at, row.transmitted_at = facts.moment(body["submitted_at"]), facts.moment(body["transmitted_at"])
    row.version, row.material_version = body["version"], body["material_version"]


def _route(row: Notification, content: blocks.Content) -> None:
    RouteStop.objects.bulk_create(
        RouteStop(
            notification=row,
            position=number,
            state=stop.state,
            role=stop.role,
            authority_code=stop.authority_code,
            entry=stop.entry,
            exit=stop.exit,
        )
        for number, stop in enumerate(content.route)
    )


def _version(row: Notification, message: Message) -> datetime:
    """Keep the version as it came; gives when it was sealed. Of earlier ones that never came, only number and day."""
    at = facts.moment(message.body["submitted_at"])
    for told in message.body.get("versions") or ():
        moment = facts.moment(told["at"])
        latest = told["number"] == row.version
        Version.objects.get_or_create(
            notification=row,
            number=told["number"],
            defaults={
                "content": dict(message.body["content"]) if latest else {},
                "reason": told.get("reason", ""),
                "at": moment,
            },
        )
        at = moment if latest else at
    return at


def _paper(
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


def _welcome(row: Notification, new: list[str]) -> None:
    """A State that came onto the route later is told by each authority what it has said already."""
    newcomers = [state for state in new if state not in (row.holder_id, row.state_export)]
    own = Consent.objects.filter(notification=row, authority=row.holder_id).first()
    if own is None or own.authority in new or not newcomers:
        return
    posts: list[Post] = []
    if own.acknowledged_at is not None:
        body = {"authority": own.authority, "at": own.acknowledged_at, "received_on": None}
        posts += facts.posts(row, "notification.acknowledged", body, to=newcomers)
    for question in InfoRequest.objects.filter(notification=row, authority=own.authority):
        body = {
            "reference": question.reference,
            "authority": own.authority,
            "question": question.question,
            "at": question.asked_at,
        }
        posts += facts.posts(row, "info.requested", body, to=newcomers)
    if own.decided_at is not None and own.status != "tacit":
        said = {**consenting.snapshot(own), "revision": own.revision + 1, "at": own.decided_at}
        posts += facts.posts(row, "decision.told", said, to=newcomers)
    contract = Contract.objects.filter(notification=row).first()
    if row.holder_id == row.state_import and contract is not None and contract.confirmed_at is not None:
        body = {"number": contract.number, "at": contract.confirmed_at}
        posts += facts.posts(row, "contract.confirmed", body, to=newcomers)
    for item in row.suspended_by:
        if item["state"] == row.holder_id:
            body = {"reason": item["reason"], "at": item["at"]}
            posts += facts.posts(row, "notification.suspended", body, to=newcomers)
    if posts:
        facts.note(row.holder_id, "consent.changed", own, payload={"told": newcomers}, posts=posts)


# ── papers ───────────────────────────────────────────────────────────────────────────────────────────────────


def _told(kind: type[Contract] | type[Guarantee]) -> Any:
    def handle(message: Message) -> None:
        row = facts.copy_of(message)
        facts.only(message, row.state_export)
        _paper(row, kind, message.body, message.sender)
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


# ── acknowledgement, questions ───────────────────────────────────────────────────────────────────────────────


@inbound("notification.acknowledged", ACKNOWLEDGED)
def acknowledged(message: Message) -> None:
    """Another authority has the notification."""
    row = facts.copy_of(message)
    facts.speaks_for(message, row, message.body["authority"])
    consent = consent_of(message, row)
    if consent.acknowledged_at is not None:
        return
    at = facts.moment(message.body["at"])
    consenting.acknowledge(consent, message.to, at, state=message.sender)
    clocks.end_all_of(row, consent.authority, at, "acknowledge")
    consenting.rest(consent, message.to, state=message.sender)
    standing.decision_clock(consent, guard.book())
    if row.holder_id == row.state_export:
        consenting.bar(row, guard.book())
    standing.refresh(row, state=message.sender)


def consent_of(message: Message, row: Notification) -> Consent:
    """The authority's consent in this copy. Raises Early where the route that names it has not come yet."""
    authority = message.body["authority"]
    found = Consent.objects.select_for_update().filter(notification=row, authority=authority).first()
    if found is None:
        raise Early
    found.notification = row
    return found


@inbound("info.requested", ASKED)
def asked(message: Message) -> None:
    """Another authority asks the notifier something."""
    row = facts.copy_of(message)
    facts.only(message, message.body["authority"])
    consent = consent_of(message, row)
    if InfoRequest.objects.filter(holder=message.to, reference=message.body["reference"]).exists():
        return
    at = facts.moment(message.body["at"])
    request = InfoRequest(
        holder_id=message.to,
        case=row.case,
        notification=row,
        reference=message.body["reference"],
        authority=message.sender,
        question=message.body["question"],
        asked_at=at,
    )
    request.save(force_insert=True)
    request.involved.set(row.involved.all())
    facts.note(
        message.to, "info_request.asked", request, payload={"reference": request.reference}, state=message.sender
    )
    if consent.status == "tacit" and consent.decided_at is not None and at <= consent.decided_at:
        # It was asked in time, and its question came late: silence had not counted.
        consenting.reopen(consent, message.to, state=message.sender)
    consenting.rest(consent, message.to, state=message.sender)
    standing.decision_clock(consent, guard.book())
    standing.refresh(row, state=message.sender)


@inbound("info.supplied", ANSWERED)
def supplied(message: Message) -> None:
    """The notifier has answered."""
    row = facts.copy_of(message)
    facts.only(message, row.state_export)
    request = InfoRequest.objects.filter(holder=message.to, reference=message.body["reference"]).first()
    if request is None:
        raise Early
    if request.answered_at is not None:
        return
    request.answer = message.body["answer"]
    request.answered_at = facts.moment(message.body["at"])
    facts.note(
        message.to, "info_request.answered", request, payload={"reference": request.reference}, state=message.sender
    )
    notifications.answered(row, request, message.to, request.answered_at, message.sender)


def backdated(row: Notification, message: Message, at: datetime) -> int:
    """A fact that was true before it was known here: what left after it had no consent in force. Gives how many did.

    The departure stays as it was; the breach keeps both times, that of the fact and that of its coming.
    """
    left = Movement.objects.filter(notification=row, departed_at__gte=at, take_back=False)
    for movement in left:
        open_breach(
            system(message.to),
            movement,
            "no_consent",
            fact=message.type,
            by=message.sender,
            true_since=at,
            known_since=times.now(),
            departed_at=movement.departed_at,
        )
    return len(left)


# ── suspension, end ──────────────────────────────────────────────────────────────────────────────────────────


@inbound("notification.suspended", AT)
def suspended(message: Message) -> None:
    """A State concerned stops departures under it."""
    row = facts.copy_of(message)
    facts.concerned(message, row)
    if any(item["state"] == message.sender for item in row.suspended_by):
        return
    why = {"state": message.sender, "at": message.body["at"], "reason": message.body.get("reason", "")}
    row.suspended_by = [*row.suspended_by, why]
    facts.note(message.to, "notification.suspension", row, payload=why, state=message.sender)
    standing.refresh(row, state=message.sender)
    backdated(row, message, facts.moment(message.body["at"]))


@inbound("notification.lifted", AT)
def lifted(message: Message) -> None:
    """The State that stopped them lifts that."""
    row = facts.copy_of(message)
    facts.concerned(message, row)
    if not any(item["state"] == message.sender for item in row.suspended_by):
        return
    row.suspended_by = [item for item in row.suspended_by if item["state"] != message.sender]
    facts.note(message.to, "notification.suspension_lifted", row, payload={"by": message.sender}, state=message.sender)
    standing.refresh(row, state=message.sender)


def _ends(how: str) -> Any:
    def handle(message: Message) -> None:
        row = facts.copy_of(message)
        facts.only(message, row.state_export)
        if row.ended_as == how or row.ended_as == "closed":
            return
        row.ended_as, row.ended_reason = how, message.body.get("reason", "")
        facts.note(message.to, "notification.told", row, payload={"as": how}, state=message.sender)
        notifications.ended(row, facts.moment(message.body["at"]))
        if how == "revoked":
            backdated(row, message, facts.moment(message.body["at"]))

    return handle


for _how in ("withdrawn", "revoked", "superseded", "closed"):
    inbound(f"notification.{_how}", AT)(_ends(_how))


def _drawn(used: bool) -> Any:
    def handle(message: Message) -> None:
        row = facts.copy_of(message)
        facts.only(message, row.state_export)
        if row.used_up == used:
            return
        row.used_up = used
        type = "notification.used_up" if used else "notification.replenished"
        facts.note(message.to, type, row, state=message.sender)
        standing.refresh(row, state=message.sender)

    return handle


inbound("notification.used_up", AT)(_drawn(True))
inbound("notification.replenished", AT)(_drawn(False))


# ── amendments ───────────────────────────────────────────────────────────────────────────────────────────────


@inbound("amendment.proposed", PROPOSED)
def amendment_proposed(message: Message) -> None:
    """The notifier proposes a change that is no new movement."""
    row = facts.copy_of(message)
    facts.only(message, row.state_export)
    if Amendment.objects.filter(notification=row, number=message.body["number"]).exists():
        return
    made = Amendment(
        holder_id=message.to,
        case=row.case,
        notification=row,
        number=message.body["number"],
        changes=dict(message.body["changes"]),
        reason=message.body["reason"],
        status=machines.step(machines.AMENDMENT, "", "proposed"),
        proposed_at=facts.moment(message.body["at"]),
    )
    made.save(force_insert=True)
    made.involved.set(row.involved.all())
    facts.note(message.to, "amendment.proposed", made, payload={"number": made.number}, state=message.sender)


@inbound("amendment.answered", AMENDED)
def amendment_answered(message: Message) -> None:
    """Another authority agrees to it, or does not."""
    row = facts.copy_of(message)
    facts.concerned(message, row)
    made = Amendment.objects.select_for_update().filter(notification=row, number=message.body["number"]).first()
    if made is None:
        raise Early
    body = message.body
    if not amendments.answer(made, message.sender, body["approved"], body.get("reason", ""), facts.moment(body["at"])):
        return
    payload = {"authority": message.sender, "approved": body["approved"]}
    facts.note(system(message.to), "amendment.answered", made, payload=payload, state=message.sender)
    amendments.settle(made, row, state=message.sender)
