"""Notices: each subscriber is told what the change feed holds for it, in order, and nothing is left out.

A subscription keeps a cursor in its State's feed. The feed is read as the subscriber sees it now (`subscriber`), what
it wants is sent, and only what was accepted moves the cursor; so a failure delays and never skips, and what is sent
twice (when a process ends between sending and noting it) is the same again. Deadlines are told once before they end
and once when they are over.

One process sends for a subscription at a time: it claims the row by moving `next_try` ahead, for `CLAIM`. Nothing is
sent inside a transaction.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tidegate.movements import clocks, webhooks
from tidegate.movements.models import Clock, DeadlineTold, Subscription
from tidegate.movements.rounds import round_
from tidegate.movements.webhooks import Undelivered
from tidegate.parties import figures, queries
from tidegate.parties.actors import Actor, acting, memberships_of, system
from tidegate.parties.api import JournalItem
from tidegate.parties.journal import record
from tidegate.parties.models import JournalEntry, Membership, Role
from tidegate.parties.registry import registry
from tidegate.parties.rights import rights
from tidegate.parties.scope import held

log = logging.getLogger("tidegate.movements")

KEEP = "movements.notice.keep"
KEEP_WEBHOOK = "movements.webhook.keep"
DEADLINE = "deadline"

# How long one process may be at one subscription before another takes it; how long a round sends, in seconds.
CLAIM = timedelta(minutes=2)
BUDGET = 20.0
# After which time it is tried again, failure by failure; after the last of them the subscription is switched off.
LADDER = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 720, 1440))
# Entries in one POST, POSTs in one round, and lines in one letter (what is above is counted in it).
PART, PARTS, LINES = 100, 5, 200
# Letters "at once" keep this much apart; the digest is sent from this hour on, where the State lies.
APART = timedelta(minutes=5)
MORNING = clock_time(7)

# What can go wrong, in words. `permanent` ones count towards switching off: the receiver's own doing.
ERRORS: dict[str, Any] = {
    "address": _("The address cannot be used."),
    "private": _("The address lies in a private network, where nothing is sent."),
    "unresolved": _("The host's name is not known."),
    "unreachable": _("No connection could be made, or it was broken off."),
    "timeout": _("There was no answer in time."),
    "tls": _("The host's certificate is not valid, or no secure connection could be made."),
    "redirect": _("The answer leads elsewhere; redirects are not followed."),
    "status": _("The answer was not one of success."),
    "recipient": _("The mail server does not accept the address."),
    "mail": _("The mail server of this office cannot be reached."),
    "internal": _("Something went wrong in this office."),
    "role": _("The person has no role in the organisation any more, or the organisation is closed."),
}
OWN_FAULT = frozenset({"mail", "internal"})

_GROUPS: dict[str, Any] = {
    "notification": _("Notifications"),
    "consent": _("Consents"),
    "contract": _("Contracts"),
    "guarantee": _("Guarantees"),
    "held_guarantee": _("Guarantees of a State's own"),
    "info_request": _("Requests for information"),
    "amendment": _("Amendments"),
    "field_release": _("Releases of confidential fields"),
    "movement": _("Movements"),
    "correction": _("Corrections"),
    "breach": _("Breaches"),
    "take_back": _("Take-back cases"),
    "consignment": _("Consignments at the border"),
    "analysis": _("Analyses"),
    "inspector_access": _("Links for inspectors"),
    "inspector_report": _("Reports of inspectors"),
    "keeping": _("Keeping and erasing"),
    "legal_hold": _("Legal holds"),
    "fee": _("Fees"),
    "permit": _("Permits"),
    "quota_pool": _("Quotas"),
    "quota_allocation": _("Shares of quotas"),
    "ledger": _("Quantity accounts"),
    "certificate": _("Certificates"),
    "approval": _("Acts that wait for a second person"),
}


def groups() -> list[tuple[str, Any]]:
    """What can be chosen: groups of events with their names, and the deadlines."""
    known = {type.partition(".")[0] for type in registry.events}
    return [*((name, label) for name, label in _GROUPS.items() if name in known), (DEADLINE, _("Deadlines"))]


def words(error: str) -> str:
    """An error code in words, with the status of the answer where there is one."""
    code, _colon, status = error.partition(":")
    text = str(ERRORS.get(code, ERRORS["internal"]))
    return f"{text} ({status})" if status else text


def new_nonce() -> str:
    """What a new secret is made from."""
    return secrets.token_hex(32)


def secret_of(row: Subscription) -> str:
    """The secret that signs a webhook: of the row's nonce and the installation's key, so that a copy of the database
    alone signs nothing."""
    digest = salted_hmac("tidegate.movements.notices", row.secret, algorithm="sha256").hexdigest()
    return f"tgw_{digest}"


def mine(actor: Actor) -> QuerySet[Subscription]:
    """The subscriptions that the actor sees: the person's own in the acting organisation; its webhooks for whoever may
    keep webhooks; all of the organisation's for its manager. Those that somebody ended are gone."""
    if not actor.may(KEEP) or actor.organisation is None:
        return Subscription.objects.none()
    rows = held(Subscription.objects.filter(ended_at=None, organisation=actor.organisation), actor)
    if actor.role != Role.MANAGER:
        seen = Q(person=actor.person, person__isnull=False)
        if actor.may(KEEP_WEBHOOK):
            seen |= Q(channel=Subscription.Channel.WEBHOOK)
        rows = rows.filter(seen)
    return rows.select_related("person", "organisation__holder", "holder").order_by("created_at", "pk")


def subscriber(row: Subscription) -> Actor | None:
    """With whose eyes the feed is read: the person's role in the organisation as it is now, or for a webhook a reader
    of the organisation. None where there is no such role any more."""
    organisation = row.organisation
    if not organisation.active or not row.holder.here:
        return None
    if row.webhook:
        return Actor(row.holder_id, organisation, Role.VIEWER)
    if row.person is None:
        return None
    found = [m for m in memberships_of(row.person) if m.organisation_id == organisation.pk]
    return acting(found[0]) if found else None


def recipient(row: Subscription) -> str:
    """Where an e-mail goes: the organisation's address in the register, where that was chosen and still stands there,
    else the person's own."""
    office = row.organisation.email
    if office and row.address == office:
        return office
    return row.person.email if row.person is not None else ""


# ── what is to be told ─────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Parcel:
    """What is sent at once: entries up to the cursor `next`, how many `more` there are that are only counted, whether
    the feed goes on behind `next`, and deadlines."""

    next: int
    entries: list[JournalEntry] = field(default_factory=list)
    more: int = 0
    goes_on: bool = False
    deadlines: list[Deadline] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not self.entries and not self.deadlines


@dataclass(frozen=True)
class Deadline:
    """A clock that ends soon or is over."""

    clock: Clock
    kind: str

    @property
    def due_at(self) -> datetime:
        """When it ends; `deadlines` takes only clocks that have an end."""
        assert self.clock.due_at is not None
        return self.clock.due_at

    @property
    def text(self) -> str:
        """What the limit is for, in words."""
        known = clocks.clocks().rules.get(self.clock.rule)
        return gettext(known.text) if known is not None else self.clock.rule


def wants(row: Subscription, type: str) -> bool:
    """Whether events of a type are told."""
    return not row.events or type in row.events or type.partition(".")[0] in row.events


def gather(row: Subscription, actor: Actor, until: float) -> Parcel:
    """What the feed holds behind the cursor. A webhook gets the next part; a letter all, its first lines in full.

    Stops at `until` (of `time.monotonic`); the cursor of the parcel is then as far as was read.
    """
    parcel = Parcel(row.after)
    while True:
        part = queries.feed(actor, parcel.next, PART)
        parcel.next, parcel.goes_on = part.next, part.more
        wanted = [entry for entry in part.entries if wants(row, entry.type)]
        room = len(wanted) if row.webhook else max(0, LINES - len(parcel.entries))
        parcel.entries += wanted[:room]
        parcel.more += len(wanted[room:])
        if not part.more or (row.webhook and parcel.entries) or time.monotonic() > until:
            return parcel


def deadlines(row: Subscription, actor: Actor, now: datetime) -> list[Deadline]:
    """The deadlines of which the subscriber has to be told now: those that end within its days and those that are over,
    of rows that it sees, each once."""
    if not wants(row, DEADLINE):
        return []
    open_ones = _seen_clocks(actor).filter(ended_at=None, due_at__isnull=False).order_by("due_at", "pk")
    over = open_ones.filter(due_at__lt=now)
    soon = open_ones.filter(due_at__gte=now, due_at__lte=now + timedelta(days=row.days_ahead))
    found: list[Deadline] = []
    for kind, rows in ((DeadlineTold.Kind.OVERDUE, over), (DeadlineTold.Kind.SOON, soon)):
        told = DeadlineTold.objects.filter(subscription=row, clock=OuterRef("pk"), kind=kind, due_at=OuterRef("due_at"))
        found += [Deadline(clock, kind) for clock in rows.filter(~Exists(told))[:LINES]]
    return found


def _seen_clocks(actor: Actor) -> QuerySet[Clock]:
    """An authority sees its State's clocks; a company those of rows in which it is involved."""
    rows = Clock.objects.filter(holder=actor.state)
    if actor.official:
        return rows
    seen = Q(pk__in=[])
    for kind in rows.filter(ended_at=None).order_by().values_list("subject", flat=True).distinct():
        model = queries.subject_model(kind)
        if model is not None:
            seen |= Q(subject=kind, subject_id__in=held(model._default_manager.all(), actor).values("pk"))
    return rows.filter(seen)


# ── the round ──────────────────────────────────────────────────────────────────────────────────────────────


@round_("notices")
def send_due(now: datetime) -> int:
    """Tell every subscriber what is new for it; gives how many letters and POSTs were accepted.

    Those that failed before come last, and then those that were told last; what is not reached within `BUDGET`
    seconds waits for the next round.
    """
    until = time.monotonic() + BUDGET
    due = Subscription.objects.filter(Q(next_try=None) | Q(next_try__lte=now), active=True, holder__here=True)
    order = (F("next_try").asc(nulls_first=True), F("last_sent").asc(nulls_first=True), "pk")
    sent = 0
    for row in list(due.select_related("organisation__holder", "person", "holder").order_by(*order)):
        if time.monotonic() > until:
            break
        try:
            sent += deliver(row, now, until)
        except Exception:
            # One subscriber keeps no other from being told.
            log.exception("the notices of subscription %s failed", row.pk)
            failed(row, "internal", now)
    return sent


def deliver(row: Subscription, now: datetime, until: float) -> int:
    """Tell one subscriber what is new for it; gives the number of letters or POSTs that were accepted."""
    actor = subscriber(row)
    if actor is None:
        failed(row, "role", now, for_good=True)
        return 0
    if not row.webhook:
        return _letter(row, actor, now, until) if _is_time(row, now) else 0
    sent = 0
    for _number in range(PARTS):
        parcel = gather(row, actor, until)
        if not parcel.entries:
            _move(row, parcel.next)
        elif not _attempt(row, parcel, now):
            return sent
        else:
            sent += 1
        if not parcel.goes_on or time.monotonic() > until:
            break
    due = deadlines(row, actor, now)
    if due and time.monotonic() < until:
        sent += _attempt(row, Parcel(row.after, deadlines=due), now)
    return sent


def _is_time(row: Subscription, now: datetime) -> bool:
    """Whether a letter may go now."""
    if row.channel == Subscription.Channel.DIGEST:
        local = now.astimezone(row.holder.zone)
        return local.time() >= MORNING and (row.digest_on is None or row.digest_on < local.date())
    return row.last_sent is None or row.failures > 0 or now >= row.last_sent + APART


def _letter(row: Subscription, actor: Actor, now: datetime, until: float) -> int:
    parcel = gather(row, actor, until)
    # Not read to its end within the round: the rest is another letter's, and the day of a digest is not done.
    last = {} if parcel.goes_on else _today(row, now)
    if not parcel.goes_on:
        parcel.deadlines = deadlines(row, actor, now)
    if not parcel.empty:
        return int(_attempt(row, parcel, now, **last))
    _move(row, parcel.next, **last)
    return 0


def _today(row: Subscription, now: datetime) -> dict[str, Any]:
    """What a digest notes when its day is done, also when there was nothing to tell."""
    if row.channel != Subscription.Channel.DIGEST:
        return {}
    return {"digest_on": now.astimezone(row.holder.zone).date()}


def _move(row: Subscription, to: int, **also: Any) -> None:
    """The cursor goes over what is not for the subscriber, unless somebody set it meanwhile."""
    if to == row.after and not also:
        return
    if Subscription.objects.filter(pk=row.pk, after=row.after).update(after=to, **also):
        row.after = to


def _attempt(row: Subscription, parcel: Parcel, now: datetime, **also: Any) -> bool:
    """Claim, send, and note what came of it: the cursor moves only when it was accepted."""
    if not _claim(row, now):
        return False
    try:
        if row.webhook:
            _post(row, parcel, now)
        else:
            _mail(row, parcel)
    except Undelivered as problem:
        failed(row, problem.code, now)
        return False
    claimed = Subscription.objects.filter(pk=row.pk, after=row.after, next_try=row.next_try)
    noted: dict[str, Any] = {"after": parcel.next, "failures": 0, "last_error": "", "next_try": None, "last_sent": now}
    if parcel.entries:
        noted["delivered"] = parcel.next
    with transaction.atomic():
        # Where somebody set the cursor back meanwhile, theirs holds, and the claim runs out by itself.
        if claimed.update(**noted, **also):
            for name, value in noted.items():
                setattr(row, name, value)
        made = [
            DeadlineTold(subscription=row, clock=one.clock, kind=one.kind, due_at=one.due_at, at=now)
            for one in parcel.deadlines
        ]
        DeadlineTold.objects.bulk_create(made, ignore_conflicts=True)
    return True


def _claim(row: Subscription, now: datetime) -> bool:
    free = Subscription.objects.filter(pk=row.pk, active=True, after=row.after)
    free = free.filter(next_try__isnull=True) if row.next_try is None else free.filter(next_try=row.next_try)
    if not free.update(next_try=now + CLAIM):
        return False
    row.next_try = now + CLAIM
    return True


def failed(row: Subscription, error: str, now: datetime, *, for_good: bool = False) -> None:
    """Note a failure: it is tried again later, ever more seldom; after the last rung it is switched off, and whoever
    may keep it is told. A failure of this office's own mail server switches nothing off."""
    with transaction.atomic():
        fresh = Subscription.objects.select_for_update().select_related("organisation__holder").get(pk=row.pk)
        if not fresh.active or fresh.next_try != row.next_try or fresh.after != row.after:
            return
        fresh.failures += 1
        fresh.last_error = error
        off = for_good or (fresh.failures > len(LADDER) and error not in OWN_FAULT)
        if off:
            fresh.active, fresh.next_try = False, None
            fresh.revision += 1
        else:
            fresh.next_try = now + LADDER[min(fresh.failures, len(LADDER)) - 1]
        fresh.save(update_fields=["failures", "last_error", "active", "next_try", "revision"])
        if off:
            payload = {"channel": fresh.channel, "error": error}
            record(system(fresh.holder_id), "subscription.disabled", fresh, revision=fresh.revision, payload=payload)
    if off:
        _tell_keepers(fresh)


# ── how it is told ─────────────────────────────────────────────────────────────────────────────────────────


def _post(row: Subscription, parcel: Parcel, now: datetime) -> None:
    if parcel.entries:
        said: dict[str, Any] = {
            "kind": "entries",
            "after": row.delivered,
            "next": parcel.next,
            "entries": [JournalItem.of(entry) for entry in parcel.entries],
        }
    else:
        said = {"kind": "deadlines", "deadlines": [_as_json(one) for one in parcel.deadlines]}
    post(row, said, now)


def post(row: Subscription, said: dict[str, Any], now: datetime) -> None:
    """POST something, signed, to a webhook. Raises Undelivered."""
    whole = {"version": 1, "subscription": row.pk, "state": row.holder_id, **said}
    body = json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, sort_keys=True).encode()
    webhooks.post(row.address, body, webhooks.headers(secret_of(row), now, body))


def _as_json(one: Deadline) -> dict[str, Any]:
    clock = one.clock
    return {
        "kind": one.kind, "rule": clock.rule, "case": clock.case, "authority": clock.authority,
        "subject": clock.subject, "subject_id": clock.subject_id, "due_at": one.due_at,
    }  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of a letter: when, what, the case, and where it can be looked at. Nobody is named in it."""

    at: str
    text: str
    case: str
    link: str


def _mail(row: Subscription, parcel: Parcel) -> None:
    with translation.override(_language(row)):
        zone = row.holder.zone
        entries = [
            Line(
                _moment(e.recorded_at, zone),
                str(registry.events.get(e.type, e.type)),
                e.case,
                _link(e.subject, e.subject_id),
            )
            for e in parcel.entries
        ]
        over, soon = (
            [
                Line(
                    _moment(one.due_at, zone),
                    one.text,
                    one.clock.case,
                    _link(one.clock.subject, one.clock.subject_id),
                )
                for one in parcel.deadlines
                if one.kind == kind
            ]
            for kind in (DeadlineTold.Kind.OVERDUE, DeadlineTold.Kind.SOON)
        )
        context = {"entries": entries, "more": parcel.more, "over": over, "soon": soon, "zone": zone.key}
        mail(row, "notice", {**context, "n": len(parcel.entries) + parcel.more, "deadlines": len(parcel.deadlines)})


def mail(row: Subscription, template: str, context: dict[str, Any], to: Sequence[str] = ()) -> None:
    """Send a letter of a template, in the language of its reader, to the subscriber or to those named.

    Raises Undelivered.
    """
    with translation.override(_language(row)):
        context = {**context, "row": row, "page": link(reverse("movements:notice", args=[row.pk]))}
        subject = " ".join(render_to_string(f"movements/mail/{template}_subject.txt", context).split())
        text = render_to_string(f"movements/mail/{template}.txt", context)
    # So that no automatic answer comes back (RFC 3834).
    letter = EmailMessage(
        subject, text, None, list(to) or [recipient(row)], headers={"Auto-Submitted": "auto-generated"}
    )
    try:
        letter.send()
    except SMTPRecipientsRefused:
        raise Undelivered("recipient") from None
    except (OSError, SMTPException):
        log.exception("a notice could not be sent")
        raise Undelivered("mail") from None


def keepers(row: Subscription) -> list[str]:
    """The addresses of those who may keep a webhook of its organisation today."""
    day = row.organisation.holder.today()
    found: Iterable[Membership] = Membership.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=day),
        valid_from__lte=day, organisation=row.organisation, person__is_active=True,
    ).select_related("person")  # fmt: skip
    kind = row.organisation.kind
    return sorted({m.person.email for m in found if rights.holds(kind, m.role, KEEP_WEBHOOK)})


def _tell_keepers(row: Subscription) -> None:
    """A webhook was switched off: its software cannot say so, so those who keep it are told. A lost e-mail subscription
    shows on its page alone: its reader is the one who cannot be reached."""
    for address in keepers(row) if row.webhook else ():
        try:
            mail(row, "off", {"error": words(row.last_error)}, [address])
        except Undelivered:
            return  # logged; the page and the journal say it too


def _language(row: Subscription) -> str:
    own = row.person.language if row.person is not None else ""
    return own or row.organisation.holder.language or settings.LANGUAGE_CODE


def _link(subject: str, key: Any) -> str:
    """The page of a row, "" where no app has one for its kind."""
    address = registry.address_of(subject, key)
    return link(address) if address else ""


def link(address: str) -> str:
    """An address of this installation, whole."""
    return f"{settings.TIDEGATE_SITE}{address}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return figures.moment(at.astimezone(zone))
