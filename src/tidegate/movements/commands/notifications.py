"""The notification's way: submitted, sent on, acknowledged, asked about, revised, withdrawn, ended.

Drafts, amendments, questions and endings have their own modules and are offered here too: a caller needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tidegate.movements import (
    authorities,
    blocks,
    clocks,
    confidential,
    consenting,
    evidence,
    facts,
    fees,
    guard,
    machines,
    standing,
)
from tidegate.movements.calendars import today
from tidegate.movements.commands import drafts
from tidegate.movements.commands.amendments import amend, approve_amendment
from tidegate.movements.commands.drafts import clone, create, drop_template, keep_template, renew, save
from tidegate.movements.commands.endings import close, ended, exhausted, lift, revoke, suspend, withdraw
from tidegate.movements.commands.questions import answered, request_info, supply_info
from tidegate.movements.models import (
    Consent,
    Contract,
    Guarantee,
    Notification,
    Version,
)
from tidegate.movements.owning import LEGAL, exporting, own_consent
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.models import State

__all__ = [
    "acknowledge", "amend", "answered", "approve_amendment", "clone", "close", "create", "drop_template", "ended",
    "exhausted", "exporting", "keep_template", "lift", "not_forward", "override", "own_consent", "renew",
    "request_info",
    "revise", "revoke", "save", "screened", "submit", "supply_info", "suspend", "transmit", "withdraw",
]  # fmt: skip

Status = Notification.Status
REVISABLE = (Status.SUBMITTED, Status.INCOMPLETE, Status.TRANSMITTED, Status.ACKNOWLEDGED)


# ── submitting ───────────────────────────────────────────────────────────────────────────────────────────────


def screened(row: Notification) -> dict[str, Any]:
    """Ask the law about a notification's load and keep the answer with it (not saved); gives the answer."""
    answer = guard.screen(row)
    row.screen = guard.plain(answer, "screen")
    row.law_version = answer["law_version"]
    return answer


@command("movements.notification.submit")
def submit(actor: Actor, notification_id: UUID | str, *, revision: int | None = None) -> Notification:
    """Submit a draft to the authority of the State of export.

    Raises Refused: incomplete (the first block that is wrong), contract, guarantee, prohibited (the rules), load, span;
    each names field, value and expectation. The content is sealed as version 1.
    """
    row = exporting(actor, notification_id, revision, pen=True)
    if row.keyed_by:
        raise Refused("state", _("What came on paper is entered, with the day on which it came."), field="source",
                      value=row.source, expected="enter")  # fmt: skip
    after = machines.step(machines.NOTIFICATION, row.status, "submitted")
    book = guard.book()
    _complete(row)
    answer = screened(row)
    _papers(row, answer)
    _lawful(row, answer)
    standing.check_span(row, row.last_departure, book, "last_departure")
    now = times.now()
    row.status, row.submitted_at = after, now
    row.number = row.number or _next_number(row)
    seal(row, now, "", material=True)
    drafts.link_parties(row)
    facts.note(
        actor,
        "notification.submitted",
        row,
        payload={
            "version": row.version,
            "digest": digest_of(row),
            "number": row.number,
            "override": row.override_reason,
        },
        law_version=row.law_version,
    )
    fees.assess(actor, row, row.holder_id)
    run(row, "forward", row.holder_id, "export", now)
    return row


def _complete(row: Notification) -> None:
    if found := blocks.problems(row, guard.book()):
        raise incomplete(found)


def incomplete(found: Sequence[blocks.Problem]) -> Refused:
    """What is said of a content with problems: how many, and the first."""
    first = found[0]
    return Refused(
        "incomplete",
        ngettext("One field is missing or wrong.", "%(n)s fields are missing or wrong.", len(found))
        % {"n": len(found)},
        field=f"{first.block} {first.field}".strip(),
        value=first.value,
        expected=first.expectation,
    )


def _papers(row: Notification, answer: Mapping[str, Any]) -> None:
    contract = Contract.objects.filter(notification=row).first()
    if contract is None or contract.status == Contract.Status.ENDED:
        raise Refused(
            "contract",
            _("The contract with the disposer is missing."),
            field="contract",
            value=None,
            expected=_("a contract, lodged"),
        )
    guarantee = Guarantee.objects.filter(notification=row).first()
    lost = guarantee is None or guarantee.status in (Guarantee.Status.LAPSED, Guarantee.Status.RELEASED)
    if lost and guard.asks_for(answer, "GUARANTEE"):
        raise Refused(
            "guarantee",
            _("The law of the route asks for a financial guarantee."),
            field="guarantee",
            value=None,
            expected=_("a guarantee, proposed or in force"),
        )


def _lawful(row: Notification, answer: Mapping[str, Any]) -> None:
    if guard.prohibited(answer) and not row.override_reason:
        raise Refused(
            "prohibited",
            _("The law prohibits this load on this route."),
            field="load",
            value=", ".join(guard.rules_that(answer, "prohibit")),
            expected=_("another load or route, or a reasoned decision of the authority of export"),
        )


def _next_number(row: Notification) -> str:
    """The next number of the State, under the lock of its row: a count of rows would give one number twice."""
    State.objects.select_for_update(no_key=True).get(pk=row.holder_id)
    own = Notification.objects.filter(holder=row.holder_id, number__startswith=f"{row.holder_id} ")
    last = own.order_by("-number").values_list("number", flat=True).first()
    return f"{row.holder_id} {int(last.split()[-1]) + 1 if last else 1:06d}"


def seal(row: Notification, at: datetime, reason: str, *, material: bool) -> Version:
    """Keep the present content as the next version; it is never changed again."""
    row.version += 1
    if material:
        row.material_version = row.version
    return Version.objects.create(
        notification=row, number=row.version, content=sealed_content(row), reason=reason, at=at
    )


def sealed_content(row: Notification) -> dict[str, Any]:
    """The content as versions keep it and messages carry it."""
    said = blocks.content_of(row, decisions=False).model_dump(mode="json")
    return {**said, "load": row.load}


def digest_of(row: Notification) -> str:
    """SHA-256 of the present version's content."""
    return facts.digest(row.versions.get(number=row.version).content)


def run(row: Notification, step: str, state: str, role: str, at: datetime) -> None:
    """Start the clock of a step on a notification, where the law of that State sets one."""
    book = guard.book()
    rule = clocks.rule_for(step, state=state, role=role, day=today(state, at), book=book, layer=_layer(row))
    if rule is not None and rule.length is not None:
        clocks.start(row.holder_id, rule=rule.id, subject=row, case=row.case, authority=state, at=at)


def _layer(row: Notification) -> str:
    layers = {item["layer"]: item.get("regime") for item in row.screen.get("layers", ())}
    if layers.get("basel") in ("pic_required", "prohibited", None):
        return "basel"
    return next((name for name in ("eu", "oecd", "art11") if layers.get(name) == "pic_required"), "basel")


@command("movements.notification.override")
def override(actor: Actor, notification_id: UUID | str, *, reason: str, revision: int | None = None) -> Notification:
    """The authority of export lets a load that the screen calls prohibited be notified all the same, with reasons."""
    row = exporting(actor, notification_id, revision)
    if row.status not in (Status.DRAFT, Status.SUBMITTED, Status.INCOMPLETE):
        raise Refused("state", _("It has been sent on already."), field="status", value=row.status, expected="draft")
    answer = screened(row)
    if not guard.prohibited(answer):
        raise Refused("not_prohibited", _("The law does not prohibit it."), field="load", value=answer["outcome"])
    row.override_reason = facts.words(reason, "reason", _("why it may be notified all the same"))
    facts.note(
        actor,
        "notification.law_override",
        row,
        payload={"reason": row.override_reason, "rules": guard.rules_that(answer, "prohibit")},
        law_version=row.law_version,
    )
    return row


# ── sending on ───────────────────────────────────────────────────────────────────────────────────────────────


@command("movements.notification.transmit")
def transmit(actor: Actor, notification_id: UUID | str, *, revision: int | None = None) -> Notification:
    """Send a submitted notification to every authority concerned; the dated law says who must consent.

    The law is asked again, for it may have changed since. Raises Refused("prohibited" …).
    """
    row = exporting(actor, notification_id, revision)
    after = machines.step(machines.NOTIFICATION, row.status, "transmitted")
    answer = screened(row)
    _lawful(row, answer)
    return sent_on(actor, row, after, answer, times.now())


def sent_on(actor: Actor, row: Notification, after: str, answer: Mapping[str, Any], now: datetime) -> Notification:
    """The authorities concerned have it from this moment on: asked, told, their clocks started."""
    row.status, row.transmitted_at = after, now
    needs = needs_of(row, answer)
    facts.note(actor, "notification.transmitted", row, payload={"needs": needs}, law_version=row.law_version)
    consenting.sync(row, needs, now, actor=actor, state=row.holder_id)
    send(actor, row, "notification.submitted", needs)
    clocks.end_all(row, now, "done", steps=["forward"])
    for need in needs:
        run(row, "acknowledge", need["state"], need["role"], now)
    standing.refresh(row)
    return row


def needs_of(row: Notification, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whose consent the law asks for, on the day of the first departure."""
    day = row.first_departure or today(row.home)
    return [need.as_dict() for need in authorities.of_decision(list(row.route.all()), answer, guard.book(), day)]


def send(actor: Actor | str, row: Notification, type: str, needs: list[dict[str, Any]], reason: str = "") -> None:
    body = {
        "number": row.number,
        "version": row.version,
        "material_version": row.material_version,
        "content": row.versions.get(number=row.version).content,
        "reason": reason,
        "needs": needs,
        "screen": row.screen,
        "law_version": row.law_version,
        "override_reason": row.override_reason,
        "supersedes": row.supersedes,
        "keyed_by": row.keyed_by,
        "confidential": row.confidential,
        "submitted_at": row.submitted_at,
        "transmitted_at": row.transmitted_at,
        "versions": [{"number": v.number, "at": v.at, "reason": v.reason} for v in row.versions.all()],
        "contract": paper_of(Contract.objects.filter(notification=row).first()),
        "guarantee": paper_of(Guarantee.objects.filter(notification=row).first()),
    }
    facts.note(
        actor,
        "notification.sent",
        row,
        payload={"message": type, "version": row.version},
        posts=[*facts.posts(row, type, body, legal=LEGAL), *evidence.posts(row, evidence.own(row))],
    )


def kept_needs(row: Notification) -> list[dict[str, Any]]:
    """The authorities concerned as they stand: a change that is not material asks nobody else."""
    return [
        {"state": c.authority, "role": c.role, "required": c.required, "rules": c.rules, "tacit_by": c.tacit_by}
        for c in Consent.objects.filter(notification=row).exclude(status="superseded").order_by("authority")
    ]


def paper_of(paper: Contract | Guarantee | None) -> dict[str, Any] | None:
    """A contract or guarantee as it crosses a border."""
    if paper is None:
        return None
    said: dict[str, Any] = {
        "number": paper.number,
        "valid_until": paper.valid_until,
        "status": paper.status,
        "revision": paper.revision,
    }
    if isinstance(paper, Contract):
        return {**said, "signed_on": paper.signed_on, "takes_back": paper.takes_back}
    return {
        **said,
        "issuer": paper.issuer,
        "amount": paper.amount,
        "currency": paper.currency,
        "valid_from": paper.valid_from,
    }


@command("movements.notification.transmit", "movements.notification.not_forward")
def not_forward(actor: Actor, notification_id: UUID | str, *, reason: str, revision: int | None = None) -> Notification:
    """The authority of export does not send it on."""
    row = exporting(actor, notification_id, revision)
    if row.transmitted_at is not None:
        raise Refused("state", _("It has been sent on already."), field="status", value=row.status)
    row.status = machines.step(machines.NOTIFICATION, row.status, "not_forwarded")
    row.ended_reason = facts.words(reason, "reason", _("why it is not forwarded"))
    facts.note(actor, "notification.not_forwarded", row, payload={"reason": row.ended_reason})
    clocks.end_all(row, times.now(), "done")
    return row


@command("movements.notification.acknowledge")
def acknowledge(
    actor: Actor, notification_id: UUID | str, *, revision: int | None = None, received_on: Any = None
) -> Notification:
    """The authority of import, of transit or of export acknowledges that it has a complete notification (block 19).

    Its clock starts now; `received_on` is the day written on the form, kept and shown. Raises Refused("state").
    """
    row: Notification = locked(Notification, notification_id, actor, revision)
    consent = own_consent(actor, row)
    if (unpaid := fees.unpaid(row, actor.state)) is not None:
        raise Refused("fee", _("The fee is not paid: the schedule lets it be acknowledged after that."), field="fee",
                      value=f"{unpaid.amount} {unpaid.currency}",
                      expected=_("a payment or a waiver on record"))  # fmt: skip
    if row.transmitted_at is None or row.ended_as:
        raise Refused("state", _("There is nothing to acknowledge now."), field="status", value=row.status)
    machines.step(machines.CONSENT, consent.status, "acknowledged")
    now = times.now()
    received = facts.day(received_on, "received_on")
    body = {"authority": actor.state, "at": now, "version": row.version, "received_on": received}
    messages = facts.posts(row, "notification.acknowledged", body, legal="Basel Convention, Article 6(2), 6(4)")
    consenting.acknowledge(consent, actor, now, row.version, posts=messages)
    clocks.end_all_of(row, actor.state, now, "acknowledge")
    standing.decision_clock(consent, guard.book())
    consenting.bar(row, guard.book())
    standing.refresh(row)
    return row


# ── changing ─────────────────────────────────────────────────────────────────────────────────────────────────


@command("movements.notification.answer", "movements.notification.revise")
def revise(
    actor: Actor, notification_id: UUID | str, *, content: Mapping[str, Any], reason: str, revision: int | None = None
) -> Notification:
    """A new version of a submitted content, before it is decided. The others get it, and see the difference.

    What is material asks every authority anew; a State that came onto the route is asked, one that left is not.
    Raises Refused as `submit` does; Refused("unchanged"); Refused("state") once all have consented (see `amend`, or
    renew it).
    """
    row = exporting(actor, notification_id, revision, pen=True)
    if row.status not in REVISABLE:
        raise Refused(
            "state",
            _("It can no longer be revised. Propose an amendment, or notify anew."),
            field="status",
            value=row.status,
            expected=", ".join(REVISABLE),
        )
    confidential.refuse_hidden(actor, row, content)
    why = facts.words(reason, "reason", _("why it is revised"))
    changed = drafts.apply(row, content)
    if not changed:
        raise Refused("unchanged", _("Nothing has changed."), field="content")
    book = guard.book()
    if not row.keyed_by:
        _complete(row)
    answer = screened(row)
    if not row.keyed_by:  # what stands on paper is recorded as it is
        _papers(row, answer)
        _lawful(row, answer)
        standing.check_span(row, row.last_departure, book, "last_departure")
    now = times.now()
    material = bool(drafts.MATERIAL & set(changed))
    seal(row, now, why, material=material)
    drafts.link_parties(row)
    payload = {
        "version": row.version, "digest": digest_of(row), "fields": changed, "material": material, "reason": why,
    }  # fmt: skip
    facts.note(actor, "notification.revised", row, payload=payload, law_version=row.law_version)
    fees.assess(actor, row, row.holder_id)
    if row.transmitted_at is not None:
        needs = needs_of(row, answer)
        for consent in consenting.sync(row, needs, now, actor=actor, state=row.holder_id):
            run(row, "acknowledge", consent.authority, consent.role, now)
        send(actor, row, "notification.revised", needs, why)
        standing.decision_clocks(row, book)
        standing.refresh(row)
    return row
