"""The border's question: may this pass, how much is left, what must be watched? Answered from this State's own copies.

*valid*, *not valid* with every reason, or *unknown* since when: a balance or a word of another State that is older than
TTL proves nothing any more, and a missing one never did. What is on record as ended or suspended is not valid, however
old the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tidegate.movements import bases, carriage, conditions, draws, leaving, ledger
from tidegate.movements.commands.analyses import findings
from tidegate.movements.commands.certificates import bundle
from tidegate.movements.credentials import tokens
from tidegate.movements.credentials.verify import REASONS, VALID, Verdict, verify
from tidegate.movements.models import (
    Account,
    Analysis,
    Certificate,
    Consent,
    Consignment,
    ContainerUse,
    GreenShipment,
    Movement,
    Notification,
    Permit,
    QuotaAllocation,
)
from tidegate.movements.queries import analyses, green
from tidegate.movements.queries.permits import not_covered
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing
from tidegate.parties.models import State

TTL = timedelta(hours=24)
NOT_VALID, UNKNOWN = "not_valid", "unknown"
_CONTAINER = re.compile(r"[A-Z]{4}[0-9]{7}")
_MOVEMENT = re.compile(r"(.+?)\s*/\s*([0-9]{1,6})")
_ADDRESS = re.compile(
    r"https?://[^/\s]+/(?:[^\s]*/)?(?:notifications|movements|shipments/green)/([A-Z]{2}(?:-[0-9A-Z]{4})+)/(?:([0-9]{1,6})/)?"
)
PASSING = ("announced", "in_transit", "arrived", "return_ordered")


@dataclass(frozen=True)
class Reason:
    """Why it is not valid, or not known: a code for software, a sentence for people."""

    code: str
    text: str | Promise


@dataclass(frozen=True)
class Left:
    """What an account has left, in kg and shipments, as its home last said."""

    reference: str
    home: str
    kg: Decimal
    shipments: int | None
    as_of: datetime


@dataclass(frozen=True)
class Applies:
    """A condition that applies now: met True, not met False, to be checked by the officer None."""

    authority: str
    condition: dict[str, Any]
    met: bool | None
    text: str | Promise = ""


@dataclass
class Answer:
    """What the border is told. `answer`: valid, not_valid or unknown; `stale_since`: since when it is not known.

    `subject` is permit, quota, notification, movement, green or certificate; `number` its own number; `key` its row.
    `flags` are what was not in order and by itself does not stop it: for the officer to weigh.
    """

    asked: str
    subject: str = ""
    number: str = ""
    key: Any = None
    status: str | Promise = ""
    reasons: list[Reason] = field(default_factory=list)
    unknowns: list[Reason] = field(default_factory=list)
    flags: list[Reason] = field(default_factory=list)
    stale_since: datetime | None = None
    left: list[Left] = field(default_factory=list)
    conditions: list[Applies] = field(default_factory=list)
    valid_from: date | None = None
    valid_until: date | None = None
    holder: str = ""
    certificate: Verdict | None = None
    # What laboratories found of the load.
    analyses: list[Analysis] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """Reasons against it outweigh what is not known; what is not known outweighs all that is well."""
        if self.reasons:
            return NOT_VALID
        return UNKNOWN if self.unknowns else VALID

    def refuse(self, code: str, text: str | Promise) -> None:
        """Add a reason why it is not valid."""
        self.reasons.append(Reason(code, text))

    def doubt(self, code: str, text: str | Promise, since: datetime | None) -> None:
        """Add a reason why it is not known."""
        self.unknowns.append(Reason(code, text))
        if since is not None:
            self.stale_since = since if self.stale_since is None else min(since, self.stale_since)


def check(
    actor: Actor | None,
    text: str,
    *,
    kg: Decimal | None = None,
    wastes: Iterable[str] = (),
    hs: Iterable[str] = (),
    origin: str = "",
    at: datetime | None = None,
) -> list[Answer]:
    """Answer for everything that a number may mean: permit, quota, notification, movement (`number/serial`),
    green-listed shipment, declaration, container, certificate, or the text of its QR code.

    `kg`, `wastes`, `hs` and `origin` are what stands at the border, where that is known. Raises Forbidden, and Missing
    where nothing of that number is known to this State.
    """
    if not actor or not actor.may("movements.border.check"):
        raise Forbidden("movements.border.check")
    load = _Load(kg, tuple(wastes), tuple(hs), origin, at or times.now(), actor.state, _zone(actor.state))
    text = number_of(text.strip())
    if text.count(".") == 2 and len(text) > 200:
        return [_token(text, load)]
    found = [
        *(_permit(row, load, text) for row in _permits(actor.state, text)),
        *(_quota(row, load, text) for row in _quotas(actor.state, text)),
        *(_movement(row, load, text) for row in _movements(actor.state, text)),
        *(_notification(row, load, text) for row in _notifications(actor.state, text)),
        *(_green(row, load, text) for row in green.at_border(actor.state, text, re.sub(r"[\s-]", "", text.upper()))),
        *(_certificate(row, load, text) for row in Certificate.objects.filter(holder=actor.state, number=text)),
    ]
    if not found:
        raise Missing("number")
    return found


def stands(row: Notification | Movement) -> Answer:
    """The same for one notification or movement as its holder has it now, for whoever may see that row."""
    load = _Load(None, (), (), "", times.now(), row.holder_id, _zone(row.holder_id))
    return _movement(row, load, "") if isinstance(row, Movement) else _notification(row, load, "")


def number_of(text: str) -> str:
    """The number that an address of one of our pages names, as the QR codes of papers hold it; other text as it is."""
    named = _ADDRESS.match(text)
    if named is None:
        return text
    return f"{named[1]}/{named[2]}" if named[2] else named[1]


def as_json(answer: Answer) -> dict[str, Any]:
    """An answer as JSON, the same for the command line and the API: masses as text, times in ISO form."""
    moment = answer.stale_since
    return {
        "asked": answer.asked,
        "answer": answer.answer,
        "subject": answer.subject,
        "number": answer.number,
        "status": str(answer.status),
        "reasons": [{"code": one.code, "text": str(one.text)} for one in (*answer.reasons, *answer.unknowns)],
        "flags": [{"code": one.code, "text": str(one.text)} for one in answer.flags],
        "stale_since": None if moment is None else moment.isoformat(),
        "left": [
            {
                "account": one.reference,
                "home": one.home,
                "kg": format(one.kg, "f"),
                "shipments": one.shipments,
                "as_of": one.as_of.isoformat(),
            }
            for one in answer.left
        ],
        "conditions": [
            {"authority": one.authority, "condition": one.condition, "met": one.met, "text": str(one.text)}
            for one in answer.conditions
        ],
        "valid_from": None if answer.valid_from is None else answer.valid_from.isoformat(),
        "valid_until": None if answer.valid_until is None else answer.valid_until.isoformat(),
        "holder": answer.holder,
        "analyses": [
            {
                "reference": one.reference,
                "sample": one.sample,
                "analysed_on": None if one.analysed_on is None else one.analysed_on.isoformat(),
                **findings(one),
            }
            for one in answer.analyses
        ],
    }


@dataclass(frozen=True)
class _Load:
    kg: Decimal | None
    wastes: Sequence[str]
    hs: Sequence[str]
    origin: str
    at: datetime
    state: str
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return self.at.astimezone(self.zone).date()


# --- what a number may mean ----------------------------------------------------------------------------


def _permits(state: str, text: str) -> Iterable[Permit]:
    """In force first: a permit that was varied keeps its number in history only where the new one has another."""
    rows = Permit.objects.filter(holder=state).exclude(number="").select_related("account", "organisation")
    found = list(rows.filter(Q(number=text) | Q(number=text.removeprefix(f"{state}-")) | Q(case=text))[:5])
    return [row for row in found if row.status != Permit.Status.SUPERSEDED] or found


def _quotas(state: str, text: str) -> Iterable[QuotaAllocation]:
    return QuotaAllocation.objects.filter(holder=state, number=text).select_related("account", "pool", "organisation")


def _notifications(state: str, text: str) -> Iterable[Notification]:
    return Notification.objects.filter(Q(number=text) | Q(case=text), holder=state)[:5]


def _movements(state: str, text: str) -> Iterable[Movement]:
    rows = Movement.objects.filter(holder=state).select_related("notification")
    named = _MOVEMENT.fullmatch(text)
    if named is not None:
        # By its case alone, for which there is an index with the serial.
        numbered = Notification.objects.filter(holder=state, number=named[1]).values_list("case", flat=True)
        return rows.filter(case__in=[named[1], *numbered[:5]], serial=int(named[2]))[:5]
    packed = re.sub(r"[\s-]", "", text.upper())
    if _CONTAINER.fullmatch(packed):
        uses = ContainerUse.objects.filter(holder=state, number=packed).values("movement")
        return rows.filter(pk__in=uses).exclude(status__in=("cancelled", "closed", "draft")).order_by("-planned_on")[:5]
    declared = Consignment.objects.filter(holder=state).filter(Q(declaration=text) | Q(reference=text))
    return rows.filter(pk__in=declared.exclude(movement=None).values("movement"))[:5]


# --- the answers ---------------------------------------------------------------------------------------


def _permit(row: Permit, load: _Load, asked: str) -> Answer:
    out = Answer(
        asked, "permit", row.number, row.pk, row.get_status_display(), valid_from=row.valid_from,
        valid_until=row.valid_until, holder=row.organisation.name,
    )  # fmt: skip
    if row.status != Permit.Status.ACTIVE and not (row.status == Permit.Status.ISSUED and _in(row, load.today)):
        out.refuse(f"permit_{row.status}", row.get_status_display())
    _days(out, row.valid_from, row.valid_until, load.today)
    for outside in not_covered(row, wastes=load.wastes, hs=load.hs, origin=load.origin):
        out.refuse("scope", outside.text)
    _account(out, row.account, load)
    words = [one for one in row.conditions if one.get("kind") == "text"]
    typed = [one for one in row.conditions if one.get("kind") != "text"]
    # What stands here is all that is known of the load: the rest is for the officer to look at.
    here = {"day": load.today, "kg": load.kg, "codes": list(load.wastes)}
    _tested(out, row.holder_id, typed, {name: value for name, value in here.items() if value})
    out.conditions += [Applies(row.holder_id, one, None, one.get("text", "")) for one in words]
    return out


def _quota(row: QuotaAllocation, load: _Load, asked: str) -> Answer:
    pool = row.pool
    out = Answer(
        asked, "quota", row.number, row.pk, row.get_status_display(), valid_from=pool.opens_on,
        valid_until=pool.closes_on, holder=row.organisation.name,
    )  # fmt: skip
    if row.status != QuotaAllocation.Status.GRANTED:
        out.refuse(f"quota_{row.status}", row.get_status_display())
    _days(out, pool.opens_on, pool.closes_on, load.today)
    for outside in not_covered(pool, wastes=load.wastes, hs=load.hs, origin=load.origin):
        out.refuse("scope", outside.text)
    _account(out, row.account, load)
    return out


def _notification(row: Notification, load: _Load, asked: str) -> Answer:
    out = Answer(asked, "notification", row.number or row.case, row.pk, row.get_status_display())
    if row.status not in (Notification.Status.ACTIVE, Notification.Status.CONSENTED):
        out.refuse(f"notification_{row.status}", row.get_status_display())
    consents = list(row.consents.all())
    _consents(out, consents, load.today)
    account = Account.objects.filter(holder=load.state, reference=row.case).first()
    if account is None:
        out.doubt("no_balance", _("The home of the quantity has not said how much is left."), row.updated_at)
    _account(out, account, load)
    out.conditions = [
        Applies(consent.authority, one, None, one.get("text", ""))
        for consent in consents if consent.status in Consent.GIVEN
        for one in consent.conditions
    ]  # fmt: skip
    return out


def _movement(row: Movement, load: _Load, asked: str) -> Answer:
    notification = row.notification
    out = Answer(asked, "movement", f"{notification.number or row.case}/{row.serial}", row.pk, row.get_status_display())
    if row.status not in PASSING:
        out.refuse(f"movement_{row.status}", row.get_status_display())
    # A load that is under way may finish what was in force when it left; an end for cause stops it.
    stopped = (Notification.Status.SUSPENDED, Notification.Status.REVOKED, Notification.Status.WITHDRAWN)
    left = row.departed_at is not None
    running = (Notification.Status.ACTIVE, Notification.Status.CONSENTED, Notification.Status.EXHAUSTED)
    if notification.status in stopped or (not left and notification.status not in running):
        out.refuse(f"notification_{notification.status}", notification.get_status_display())
    consents = list(notification.consents.all())
    day = load.today if row.departed_at is None else row.departed_at.astimezone(load.zone).date()
    if not row.take_back:
        _consents(out, consents, day)
    account = Account.objects.filter(holder=load.state, reference=row.case).first()
    if account is None and not row.take_back:
        out.doubt("no_balance", _("The home of the quantity has not said how much is left."), row.updated_at)
    # What it needs is set aside already; only the freshness of the word counts here.
    _account(out, account, load, draws=False)
    for permit in Permit.objects.filter(
        holder=load.state, account__reference__in=draws.accounts_for(row)
    ).select_related("account"):
        if permit.status == Permit.Status.SUPERSEDED:
            continue
        if permit.status not in (Permit.Status.ACTIVE, Permit.Status.EXHAUSTED):
            out.refuse(f"permit_{permit.status}", permit.get_status_display())
        _account(out, permit.account, load, draws=False)
    facts = carriage.facts_of(row, kg=load.kg if load.kg is not None else bases.like(row, "loaded_kg")) | {"day": day}
    for consent in consents if not row.take_back else ():  # nobody may oppose a return
        if consent.status in Consent.GIVEN:
            _tested(out, consent.authority, consent.conditions, facts)
    for one in leaving.of_permits(row):
        _tested(out, load.state, [{name: value for name, value in one.items() if name != "authority"}], facts)
    out.analyses = list(
        Analysis.objects.filter(analyses.of_movement(row), holder=load.state, status=Analysis.Status.SUBMITTED)
        .select_related("laboratory").order_by("-analysed_on", "-pk")
    )  # fmt: skip
    return out


def _tested(out: Answer, authority: str, given: Sequence[dict[str, Any]], facts: dict[str, Any]) -> None:
    """Conditions as they stand now: one that is not met refuses, one that is not known is the officer's to look at."""
    failed = {id(one.condition): one for one in conditions.check(given, facts)}
    for one in given:
        miss = failed.get(id(one))
        met = True if miss is None else (None if miss.unknown else False)
        out.conditions.append(Applies(authority, one, met, "" if miss is None else miss.text))
        if met is False and miss is not None:
            out.refuse("condition", miss.text)


def _green(row: GreenShipment, load: _Load, asked: str) -> Answer:
    """A shipment of green-listed waste: what its form says it carries is what may pass."""
    out = Answer(
        asked, "green", row.reference, row.pk, row.get_status_display(),
        holder=str((row.content.get("arranger") or {}).get("name") or ""),
    )  # fmt: skip
    against = green.objections(row, load.today, kg=load.kg, wastes=load.wastes, hs=load.hs, origin=load.origin)
    for one in against:
        if one.open:
            out.doubt(one.code, one.text, None)
        else:
            out.refuse(one.code, one.text)
    if text := green.late(row, load.today):
        out.flags.append(Reason("late_notice", text))
    out.left.append(Left(row.case, row.writer, row.loaded_kg or row.quantity_kg, None, row.updated_at))
    return out


def _certificate(row: Certificate, load: _Load, asked: str) -> Answer:
    return _token(row.token, load, asked)


def _token(text: str, load: _Load, asked: str = "") -> Answer:
    """The certificate itself; and, where this State holds what it is about, that as it stands now."""
    verdict = _verdict(text, load.at)
    out = Answer(asked or text[:40], "certificate", str(verdict.claims.get("number", "")), certificate=verdict)
    if verdict.answer == "invalid":
        out.refuse(f"certificate_{verdict.reason}", REASONS[verdict.reason])
        return out
    if verdict.answer == "unknown":
        out.doubt(f"certificate_{verdict.reason}", REASONS[verdict.reason], verdict.stale_since)
    out.holder = str(verdict.claims.get("holder", ""))
    claims = verdict.claims
    live: Iterable[Answer] = ()
    if claims.get("kind") == "permit":
        live = [_permit(row, load, out.asked) for row in _permits(load.state, str(claims.get("permit", "")))]
    elif claims.get("kind") == "consent":
        live = [_notification(row, load, out.asked) for row in _notifications(load.state, str(claims.get("case", "")))]
    for one in live:
        out.status, out.left, out.conditions = one.status, one.left, one.conditions
        out.valid_from, out.valid_until, out.key = one.valid_from, one.valid_until, one.key
        out.reasons += one.reasons
        for doubt in one.unknowns:
            out.doubt(doubt.code, doubt.text, one.stale_since)
    return out


def _verdict(text: str, at: datetime) -> Verdict:
    """Held against what the State that it names has signed; against everybody's, where that does not know the key."""
    try:
        named = tokens.read(text).payload.get("issuer")
    except tokens.Malformed:
        named = None
    states = [code for code in State.objects.values_list("pk", flat=True) if tokens.issuer(code) == named]
    known = bundle(states)
    verdict = verify(text, known.keys, known.status_lists, at)
    if states and verdict.reason == "key_unknown":
        known = bundle()
        verdict = verify(text, known.keys, known.status_lists, at)
    return verdict


# --- parts of an answer --------------------------------------------------------------------------------


def _days(out: Answer, first: date | None, last: date | None, today: date) -> None:
    if first is not None and today < first:
        out.refuse("not_yet_valid", _("It is not valid yet."))
    if last is not None and last < today:
        out.refuse("expired", _("It has expired."))


def _in(row: Permit, day: date) -> bool:
    return (row.valid_from is None or row.valid_from <= day) and (row.valid_until is None or day <= row.valid_until)


def _consents(out: Answer, consents: Sequence[Consent], day: date) -> None:
    """Every required consent is given and holds on the day; the narrowest days are the answer's."""
    for consent in consents:
        given = consent.status in Consent.GIVEN
        if consent.required and not given:
            out.refuse("consent", _("The consent of %(state)s is not in force.") % {"state": consent.authority})
        elif given:
            if consent.required and consent.valid_from is not None and day < consent.valid_from:
                out.refuse("consent", _("The consent of %(state)s is not valid yet.") % {"state": consent.authority})
            if consent.required and consent.valid_until is not None and consent.valid_until < day:
                out.refuse("consent", _("The consent of %(state)s has expired.") % {"state": consent.authority})
            firsts = [d for d in (out.valid_from, consent.valid_from) if d is not None]
            lasts = [d for d in (out.valid_until, consent.valid_until) if d is not None]
            out.valid_from, out.valid_until = max(firsts, default=None), min(lasts, default=None)


def _account(out: Answer, account: Account | None, load: _Load, *, draws: bool = True) -> None:
    """What is left; whether the home's word is fresh enough to lean on; whether this load still fits."""
    if account is None:
        return
    stand = ledger.balance(account)
    own = account.home == load.state
    out.left.append(
        Left(account.reference, account.home, stand.available, stand.count_left, load.at if own else stand.as_of)
    )
    if not own and stand.as_of < load.at - TTL:
        out.doubt("stale", _("The home of the quantity has not been heard of for too long."), stand.as_of + TTL)
    if not draws:
        return
    if not account.open:
        out.refuse("closed", _("Nothing may be drawn from this quantity now."))
    if account.breached:
        out.refuse("breached", _("More was used than is allowed, or a breach is still open."))
    if load.kg is not None and load.kg > stand.available:
        out.refuse("quantity", _("More than is left."))
    elif stand.available <= 0 or (stand.count_left is not None and stand.count_left <= 0):
        out.refuse("used_up", _("Nothing is left."))


def _zone(state: str) -> ZoneInfo:
    return ZoneInfo(State.objects.values_list("time_zone", flat=True).get(pk=state))
