"""A notification and its versions, as the State of export says them, into this State's copy."""

from __future__ import annotations

from datetime import datetime

from tidegate.movements import blocks, consenting, evidence, facts, fees, guard, machines, standing
from tidegate.movements.commands import drafts, held_guarantees, notifications
from tidegate.movements.facts import inbound
from tidegate.movements.inbound.confidential import fields as confidential_fields
from tidegate.movements.inbound.papers import take_paper
from tidegate.movements.inbound.schemas import CONTENT
from tidegate.movements.masses import kilograms
from tidegate.movements.models import (
    Consent,
    Contract,
    Guarantee,
    InfoRequest,
    Notification,
    RouteStop,
    Version,
)
from tidegate.parties.commanding import Refused
from tidegate.parties.models import State
from tidegate.parties.registry import Message, Post, Rejected

# ── content: the State of export's ───────────────────────────────────────────────────────────────────────────


@inbound("notification.submitted", CONTENT)
def submitted(message: Message) -> None:
    """A notification, or a version of it, that this State is asked or told about."""
    content = _content(message)
    row = Notification.objects.select_for_update().filter(holder=message.to, case=message.case).first()
    if row is None:
        row = _new(message, content)
    else:
        facts.only(message, row.home)
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
    take_paper(row, Contract, message.body.get("contract"), message.sender)
    take_paper(row, Guarantee, message.body.get("guarantee"), message.sender)
    new = consenting.sync(row, message.body["needs"], at, actor=message.to, state=message.sender)
    standing.decision_clocks(row, guard.book())
    for consent in new:
        notifications.run(row, "acknowledge", consent.authority, consent.role, at)
    _welcome(row, [c.authority for c in new])
    fees.assess(message.to, row, message.to)
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
    if route[0].state != message.sender and not _on_paper(message, content):
        raise Rejected("not_entitled", f"the State of export is {route[0].state}, not {message.sender}")
    named = {need["state"] for need in message.body["needs"]}
    if message.to not in named and not Notification.objects.filter(holder=message.to, case=message.case).exists():
        raise Rejected("not_concerned", f"{message.to} is not on the route")
    if named != {stop.state for stop in route}:
        raise Rejected("contradiction", "needs: one for each State of the route")
    return content


def _on_paper(message: Message, content: blocks.Content) -> bool:
    """Whether the sender may speak for the State of export: it keyed in its paper, is on the route itself, and that
    State takes part in no exchange."""
    if message.body.get("keyed_by") != message.sender:
        return False
    on_route = message.sender in {stop.state for stop in content.route[1:]}
    return on_route and not State.objects.filter(pk=content.route[0].state).exists()


def _new(message: Message, content: blocks.Content) -> Notification:
    known = Notification.objects.filter(holder=message.to, number=message.body["number"]).first()
    if known is not None:
        raise Rejected("contradiction", f"number {known.number} stands here as case {known.case}")
    row = Notification(
        holder_id=message.to, case=message.case, state_export=content.route[0].state, status="", source="message",
        keyed_by=message.body.get("keyed_by", ""),
    )  # fmt: skip
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
    if "confidential" in body:
        row.confidential = confidential_fields(body["confidential"])
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


def _welcome(row: Notification, new: list[str]) -> None:
    """A State that came onto the route later is told by each authority what it has said already."""
    newcomers = [state for state in new if state not in (row.holder_id, row.home)]
    own = Consent.objects.filter(notification=row, authority=row.holder_id).first()
    if own is None or own.authority in new or not newcomers:
        return
    posts: list[Post] = []
    if own.acknowledged_at is not None:
        body = {
            "authority": own.authority,
            "at": own.acknowledged_at,
            "version": own.acked_version,
            "received_on": None,
        }
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
    for held in row.held_guarantees.filter(authority=row.holder_id):
        posts += facts.posts(row, "held_guarantee.told", held_guarantees.said(held), to=newcomers)
    posts += evidence.posts(row, evidence.own(row), to=newcomers)
    if posts:
        facts.note(row.holder_id, "consent.changed", own, payload={"told": newcomers}, posts=posts)
