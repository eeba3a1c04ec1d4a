"""Where a notification stands: worked out from the facts that this copy has, never from the order in which they came.

The facts are the consents (each its authority's), the contract's confirmation (the State of import's), contract and
guarantee, suspensions (each State's own), the end and the exhaustion (the State of export's), open questions, and the
day. Every copy that has the same facts comes to the same status on the same day of the State of export.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from tidegate.law import Book
from tidegate.movements import clocks, conditions, facts, guard, machines
from tidegate.movements.calendars import calendar_of, days_of, today
from tidegate.movements.models import (
    Account,
    Clock,
    Consent,
    Contract,
    Guarantee,
    HeldGuarantee,
    InfoRequest,
    Notification,
)
from tidegate.parties import times
from tidegate.parties.commanding import Refused

Status = Notification.Status
# Nothing is worked out before it is sent on, nor after these.
OWN = (Status.DRAFT, Status.SUBMITTED, Status.REFUSED)
ENDED = {"withdrawn": "withdrawn", "revoked": "revoked", "superseded": "closed", "closed": "closed"}
GIVEN = Consent.GIVEN
WAITING = machines.WAITING
STILL_GIVEN = (*GIVEN, "suspended", "expired")


class Papers(NamedTuple):
    """The contract and the guarantee of a notification; None where none is lodged."""

    contract: Contract | None
    guarantee: Guarantee | None


def papers_of(notification: Notification) -> Papers:
    """Both as they stand now."""
    return Papers(
        Contract.objects.filter(notification=notification).first(),
        Guarantee.objects.filter(notification=notification).first(),
    )


@dataclass(frozen=True, slots=True)
class Window:
    """From and until when every required consent holds, both days included."""

    start: date
    end: date


def refresh(notification: Notification, *, state: str | None = None) -> str:
    """Bring a copy's status up to date with its facts; gives it. Journals every step; at home keeps the account.

    `state` is whose fact brought it about, where that came by message.
    """
    if notification.transmitted_at is None or notification.status in OWN:
        return notification.status
    wanted = status_of(notification)
    if wanted != notification.status:
        event = _event(notification, wanted)
        notification.status = machines.step(machines.NOTIFICATION, notification.status, event)
        facts.note(notification.holder_id, f"notification.{event}", notification, state=state)
    if notification.holder_id == notification.home:
        _account(notification)
        if notification.status == Status.ACTIVE and notification.supersedes:
            _take_over(notification)
    return notification.status


def _event(notification: Notification, wanted: str) -> str:
    if wanted == Status.TRANSMITTED:
        return "reopened"
    if wanted == Status.CLOSED:
        return "superseded" if notification.ended_as == "superseded" else "closed"
    return wanted


def status_of(notification: Notification) -> str:
    """The status that the copy's facts give on the present day of the State of export. Changes nothing."""
    if notification.ended_as:
        return ENDED[notification.ended_as]
    required = required_of(notification)
    states = {consent.status for consent in required}
    if "withdrawn" in states:
        return Status.REVOKED
    if "objected" in states:
        return Status.OBJECTED
    contract = Contract.objects.filter(notification=notification).first()
    if states and states <= set(STILL_GIVEN) and contract is not None and contract.confirmed_at is not None:
        return _running(notification, required, contract)
    if Consent.objects.filter(notification=notification, status="info_requested").exists():
        return Status.INCOMPLETE
    importing = [c for c in required if c.role == "import"]
    if importing and all(c.acknowledged_at is not None for c in importing):
        return Status.ACKNOWLEDGED
    return Status.TRANSMITTED


def _running(notification: Notification, required: list[Consent], contract: Contract) -> str:
    day = today(notification.home)
    window = window_of(notification)
    if window is None or day > window.end or any(c.status == "expired" for c in required):
        return Status.EXPIRED
    guarantee = Guarantee.objects.filter(notification=notification).first()
    asked = guard.asks_for(notification.screen, "GUARANTEE")
    broken = guarantee is not None and guarantee.status in ("lapsed", "called")
    if (
        notification.suspended_by
        or any(c.status == "suspended" for c in required)
        or contract.status == "ended"
        or broken
    ):
        return Status.SUSPENDED
    if asked and (guarantee is None or guarantee.status not in ("approved", "in_force", "released")):
        return Status.CONSENTED
    if contract.status != "confirmed" or day < window.start:
        return Status.CONSENTED
    return Status.EXHAUSTED if notification.used_up else Status.ACTIVE


def required_of(notification: Notification) -> list[Consent]:
    """The consents that the law requires, by authority."""
    return [c for c in _by_authority(notification) if c.required and c.status != "superseded"]


def _by_authority(notification: Notification) -> list[Consent]:
    """All its consents; a page reads them once, with the notification."""
    return sorted(notification.consents.all(), key=lambda c: c.authority)


def window_of(notification: Notification) -> Window | None:
    """The days on which every required consent that was given holds; None where they have no day in common."""
    given = [c for c in required_of(notification) if c.status in STILL_GIVEN and c.valid_from and c.valid_until]
    if not given:
        return None
    start = max(c.valid_from for c in given if c.valid_from)
    end = min(c.valid_until for c in given if c.valid_until)
    return Window(start, end) if start <= end else None


def in_force(notification: Notification, day: date) -> bool:
    """Whether movements may start on a day, by what is known now: active, or it will be by then."""
    window = window_of(notification)
    if window is None or not window.start <= day <= window.end:
        return False
    return notification.status == Status.ACTIVE or (
        notification.status == Status.CONSENTED and not blocked(notification, day)
    )


def blocked(notification: Notification, day: date, papers: Papers | None = None) -> list[str]:
    """Why nothing may depart on a day: codes; empty where the required consents hold and the contract is confirmed.

    `consent:XX` a required consent that is not given or does not hold on the day; `contract`; `guarantee`;
    `suspended`; `status` the notification is ended, used up or was never sent on. `papers`: if read already.
    """
    why = []
    contract, guarantee = papers or papers_of(notification)
    required = required_of(notification)
    if not required:
        why.append("status")
    for consent in required:
        holds = (
            consent.valid_from is not None
            and consent.valid_until is not None
            and (consent.valid_from <= day <= consent.valid_until)
        )
        if consent.status not in GIVEN or not holds:
            why.append(f"consent:{consent.authority}")
    if (
        contract is None
        or contract.status != "confirmed"
        or (contract.valid_until is not None and contract.valid_until < day)
    ):
        why.append("contract")
    if guard.asks_for(notification.screen, "GUARANTEE") and not (
        guarantee is not None and guarantee.status in ("approved", "in_force") and _covers(guarantee, day)
    ):
        why.append("guarantee")
    for held in sorted(notification.held_guarantees.all(), key=lambda one: one.authority):
        if held.status != "released" and (held.status != "in_force" or not _covers(held, day)):
            why.append(f"guarantee:{held.authority}")
    if notification.suspended_by:
        why.append("suspended")
    if notification.ended_as or notification.used_up or notification.transmitted_at is None:
        why.append("status")
    return why


def _covers(guarantee: Guarantee | HeldGuarantee, day: date) -> bool:
    return (guarantee.valid_from is None or guarantee.valid_from <= day) and (
        guarantee.valid_until is None or day <= guarantee.valid_until
    )


def terms(notification: Notification) -> dict[str, Any]:
    """What the required consents together allow: the least of each quantity, count, and all conditions."""
    given = [c for c in required_of(notification) if c.status in STILL_GIVEN]
    masses = [c.quantity_kg for c in given if c.quantity_kg is not None]
    counts = [c.shipments for c in given if c.shipments is not None]
    if notification.quantity_kg is not None:
        masses.append(notification.quantity_kg)
    if notification.shipments is not None:
        counts.append(notification.shipments)
    return {
        "kg": min(masses) if masses else Decimal(0),
        "shipments": min(counts) if counts else None,
        "conditions": [{**condition, "authority": c.authority} for c in given for condition in c.conditions],
    }


def all_conditions(notification: Notification) -> list[dict[str, Any]]:
    """The conditions of every consent given, as `conditions.check` takes them; each with its authority."""
    given = [c for c in _by_authority(notification) if c.status in STILL_GIVEN]
    return [{**condition, "authority": c.authority} for c in given for condition in c.conditions]


def flags(notification: Notification, papers: Papers | None = None) -> list[dict[str, Any]]:
    """Dates that do not fit: a consent that outlasts guarantee or contract (facts 4.8, invariant 14)."""
    contract, guarantee = papers or papers_of(notification)
    found = []
    for consent in _by_authority(notification):
        if consent.status not in GIVEN or consent.valid_until is None:
            continue
        for name, paper in (("contract", contract), ("guarantee", guarantee)):
            if paper is not None and paper.valid_until is not None and paper.valid_until < consent.valid_until:
                found.append(
                    {
                        "authority": consent.authority,
                        "paper": name,
                        "consent_until": consent.valid_until.isoformat(),
                        "paper_until": paper.valid_until.isoformat(),
                    }
                )
    return found


def short_leads(notification: Notification) -> list[dict[str, Any]]:
    """The States whose dated law asks to be notified longer before the first departure than it was, or, not sent on
    yet, than it can be by now: each with its law, and the last day on which it was in time.

    A later first departure mends it, so it is worked out and not kept.
    """
    first, sent = notification.first_departure, notification.transmitted_at or times.now()
    if first is None or notification.ended_as or notification.status == Status.REFUSED:
        return []
    book, layer, found, stops = guard.book(), _layer(notification), [], list(notification.route.all())
    day = days_of(stop.state for stop in stops)
    for stop in stops:
        rule = clocks.rule_for(
            "notify_before_first", state=stop.state, role=stop.role, day=day(stop.state, sent), book=book,
            layer=layer, preconsented=notification.preconsent_counts,
        )  # fmt: skip
        if rule is None:
            continue
        calendar = calendar_of(stop.state)
        due = clocks.due(rule, calendar.start(first), (), calendar)
        if due is not None and sent > due:
            law = f"{rule.regime}, {rule.basis}"
            found.append({"authority": stop.state, "rule": rule.id, "law": law, "due": calendar.day(due)})
    return found


# ── the account at home ──────────────────────────────────────────────────────────────────────────────────────


def _account(notification: Notification) -> None:
    """Open the quantity account when all required consents are in and the contract is confirmed; then keep it open
    exactly while the notification is in force."""
    from tidegate.movements import ledger

    account = Account.objects.filter(holder=notification.holder_id, reference=notification.case).first()
    window = window_of(notification)
    running = notification.status in (Status.CONSENTED, Status.ACTIVE)
    if account is None:
        if not running or window is None:
            return
        allowed = terms(notification)
        ledger.open_account(
            holder=notification.holder_id,
            kind="notification",
            reference=notification.case,
            home=notification.holder_id,
            limit_kg=allowed["kg"],
            limit_count=allowed["shipments"],
            sub_periods=conditions.sub_periods(allowed["conditions"]),
            case=notification.case,
            involved=list(notification.involved.all()),
            valid_from=window.start,
            valid_until=window.end,
            shared=facts.others(notification),
        )
        return
    usable = notification.status in (Status.CONSENTED, Status.ACTIVE, Status.EXHAUSTED)
    if account.open != usable:
        ledger.resize(notification.holder_id, notification.case, open=usable)


def used_up(notification: Notification) -> bool:
    """Whether the account at home is used up: nothing left, or no shipment left, and nothing set aside."""
    account = Account.objects.filter(holder=notification.holder_id, reference=notification.case).first()
    if account is None or account.home != notification.holder_id or account.reserved_kg:
        return False
    spent = account.limit_kg <= account.used_kg + account.lapsed_kg
    return spent or (account.limit_count is not None and account.count >= account.limit_count)


def _take_over(notification: Notification) -> None:
    """The notification that this one takes the place of ends."""
    old = (
        Notification.objects.select_for_update()
        .filter(holder=notification.holder_id, case=notification.supersedes, ended_as="")
        .exclude(status__in=OWN)
        .first()
    )
    if old is None:
        return
    old.ended_as, old.ended_reason = "superseded", notification.case
    end_message = facts.posts(old, "notification.superseded", {"reason": notification.case, "at": times.now()})
    old.status = machines.step(machines.NOTIFICATION, old.status, "superseded")
    facts.note(old.holder_id, "notification.superseded", old, payload={"by": notification.case}, posts=end_message)
    clocks.end_all(old, times.now(), "void")
    _account(old)


# ── clocks of a consent ──────────────────────────────────────────────────────────────────────────────────────


def decision_clock(consent: Consent, book: Book) -> Clock | None:
    """Start, or bring up to date, the clock of an authority's decision: from its acknowledgement of the last material
    version; its own open questions let it rest. None where no law is known for it."""
    notification = consent.notification
    if consent.acknowledged_at is None or consent.status not in WAITING:
        return None
    at = consent.acknowledged_at
    day = calendar_of(consent.authority).day(at)
    layers = {book.rules[rule].layer for rule in consent.rules if rule in book.rules} or {"basel"}
    layer = "basel" if "basel" in layers else sorted(layers)[0]
    waiver = clocks.clocks().waivers.get(consent.tacit_by) if consent.tacit_by else None
    effect: str | None = None
    if waiver is not None:
        # The waiver's own clock is the one whose end counts as consent; a shorter one for a pre-consented facility is
        # for the authority to keep, and gives no consent by silence.
        rule: clocks.Rule | None = clocks.rule(waiver.clock)
        effect = Clock.Effect.DEEMED_CONSENT.value
    else:
        rule = clocks.rule_for(
            "decide",
            state=consent.authority,
            role=consent.role,
            day=day,
            book=book,
            layer=layer,
            preconsented=notification.preconsent_counts,
        )
    # Another law may hold now than when it was started, for instance where a pre-consent was denied.
    of_decisions = [one.id for one in clocks.clocks().rules.values() if one.step == "decide"]
    running = Clock.objects.filter(subject_id=consent.pk, rule__in=of_decisions, ended_at=None)
    running.exclude(rule=rule.id if rule else "").delete()
    if rule is None:
        return None
    questions = InfoRequest.objects.filter(notification=notification, authority=consent.authority)
    pauses = [(q.asked_at, q.answered_at) for q in questions if q.answered_at is None or q.answered_at > at]
    return clocks.start(
        consent.holder_id,
        rule=rule.id,
        subject=consent,
        case=consent.case,
        authority=consent.authority,
        at=at,
        pauses=pauses,
        effect=effect,
    )


def decision_clocks(notification: Notification, book: Book) -> None:
    """Bring the clocks of all its authorities' decisions up to date."""
    for consent in notification.consents.order_by("pk"):
        decision_clock(consent, book)


def span_limit(notification: Notification, book: Book) -> tuple[date, clocks.Rule] | None:
    """The last day that a general notification may cover, by the strictest law of its route, and that law."""
    first = notification.first_departure
    if first is None:
        return None
    found, layer = [], _layer(notification)
    for stop in notification.route.all():
        rule = clocks.rule_for(
            "span", state=stop.state, role=stop.role, day=first, book=book, layer=layer,
            preconsented=notification.preconsent_counts,
        )  # fmt: skip
        if rule is None or rule.length is None:
            continue
        months = rule.length * (12 if rule.unit == "years" else 1)
        found.append((clocks.add_months(first, months) - timedelta(days=1), rule))
    return min(found, key=lambda pair: pair[0]) if found else None


def _layer(notification: Notification) -> str:
    """The layer of law under which it runs; the Convention's wherever it applies."""
    regimes = {layer["layer"]: layer.get("regime") for layer in notification.screen.get("layers", ())}
    if regimes.get("basel") in ("pic_required", "prohibited", None):
        return "basel"
    return next((name for name in ("oecd", "eu", "art11") if regimes.get(name) == "pic_required"), "basel")


def check_span(notification: Notification, last: date | None, book: Book, field: str) -> None:
    """Raises Refused("span") where a day lies beyond what the law lets one notification cover."""
    limit = span_limit(notification, book)
    if limit is not None and last is not None and last > limit[0]:
        raise Refused(
            "span",
            _("It is longer than one notification may cover."),
            field=field,
            value=last.isoformat(),
            expected=f"≤ {limit[0].isoformat()} ({limit[1].regime}, {limit[1].basis})",
        )
