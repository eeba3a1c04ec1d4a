"""Permits, licences and registrations: from the application to the last day (movement facts 4.5).

A permit with a quantity draws on an account of its own, whose home is the State that grants it. A variation is a new
permit that takes the place of the old one; the account goes over to it with everything that was drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tidegate.movements import conditions as terms
from tidegate.movements import fees, ledger
from tidegate.movements.applications import fill, periods
from tidegate.movements.machines import PERMIT, step
from tidegate.movements.masses import shipments
from tidegate.movements.models import Account, Permit
from tidegate.movements.rounds import round_
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Missing, Refused, command, locked
from tidegate.parties.ids import reference
from tidegate.parties.models import JournalEntry, State
from tidegate.parties.published import ORGANISATION_CHANGED
from tidegate.parties.registry import Post, registry

Status = Permit.Status
LIVE = (Status.ISSUED, Status.ACTIVE, Status.SUSPENDED, Status.EXHAUSTED)


@command("movements.permit.apply", "movements.permit.draft")
def draft(actor: Actor, kind: str, *, content: Mapping[str, Any] | None = None) -> Permit:
    """Begin an application, for the actor's own organisation. `content` holds fields of ASKED_FOR."""
    if kind not in Permit.Kind.values:
        raise Refused("kind", _("There is no such kind of permit."), field="kind", value=kind, expected=_kinds())
    permit = Permit(
        holder_id=actor.state, case=reference(actor.state), kind=kind, organisation=actor.organisation,
        status=step(PERMIT, "", "drafted"), status_at=times.now(),
    )  # fmt: skip
    fill(permit, content or {})
    permit.save(force_insert=True)
    permit.involved.add(actor.organisation)  # type: ignore[arg-type]
    _record(actor, permit, "permit.drafted", {"kind": kind})
    return permit


@command("movements.permit.apply", "movements.permit.edit")
def edit(actor: Actor, permit_id: UUID | str, *, revision: int, content: Mapping[str, Any]) -> Permit:
    """Change a draft."""
    permit = locked(Permit, permit_id, actor, revision)
    if permit.status != Status.DRAFT:
        raise Refused("state", _("This cannot be done now."), field="permit", value=permit.status, expected="draft")
    fill(permit, content)
    return _keep(actor, permit, "permit.edited", dict(content))


@command("movements.permit.apply")
def apply(actor: Actor, permit_id: UUID | str, *, revision: int) -> Permit:
    """Hand the application in."""
    permit = locked(Permit, permit_id, actor, revision)
    if not (permit.note or permit.quantity_kg or permit.wastes or permit.hs):
        raise Refused("empty", _("Say what is asked for."), field="note", expected=_("wastes, a quantity or a reason"))
    permit = _step(actor, permit, "applied")
    fees.assess(actor, permit, permit.holder_id)
    return permit


@command("movements.permit.review")
def review(actor: Actor, permit_id: UUID | str, *, revision: int) -> Permit:
    """Take an application up."""
    return _step(actor, locked(Permit, permit_id, actor, revision), "under_review")


@command("movements.permit.review", "movements.permit.request_info")
def request_info(actor: Actor, permit_id: UUID | str, *, revision: int, question: str) -> Permit:
    """Ask the applicant something."""
    permit = locked(Permit, permit_id, actor, revision)
    permit.reason = _said(question, "question")
    return _step(actor, permit, "info_requested", question=permit.reason)


@command("movements.permit.apply", "movements.permit.supply_info")
def supply_info(
    actor: Actor, permit_id: UUID | str, *, revision: int, answer: str, content: Mapping[str, Any] | None = None
) -> Permit:
    """Answer, and change what is asked for where the answer asks it."""
    permit = locked(Permit, permit_id, actor, revision)
    fill(permit, content or {})
    return _step(actor, permit, "info_supplied", answer=_said(answer, "answer"), content=dict(content or {}))


@command("movements.permit.decide", "movements.permit.refuse")
def refuse(actor: Actor, permit_id: UUID | str, *, revision: int, reason: str) -> Permit:
    """Refuse an application, with the reason."""
    permit = locked(Permit, permit_id, actor, revision)
    permit.reason = _said(reason, "reason")
    return _step(actor, permit, "refused", reason=permit.reason)


@command("movements.permit.decide", "movements.permit.issue")
def issue(
    actor: Actor,
    permit_id: UUID | str,
    *,
    revision: int,
    valid_from: str | date,
    valid_until: str | date,
    number: str = "",
    quantity_kg: str | None = None,
    limit_count: int | None = None,
    sub_periods: Iterable[Any] = (),
    wastes: list[str] | None = None,
    hs: list[str] | None = None,
    origins: list[str] | None = None,
    conditions: list[Any] | None = None,
) -> Permit:
    """Grant it, for what was asked or for what is named here; opens its account where it has a quantity.

    `conditions` are those of consents (`conditions.KINDS`): tested when a movement that draws on the permit is
    announced, when it departs, and at the border. Raises Refused: condition, dates, number_taken, mass, period.

    `number` is the authority's own; without one a reference is made. `sub_periods` are triples (days, kg, shipments).
    """
    permit = locked(Permit, permit_id, actor, revision)
    fill(
        permit,
        {
            name: value
            for name, value in {
                "valid_from": valid_from, "valid_until": valid_until, "quantity_kg": quantity_kg, "wastes": wastes,
                "hs": hs, "origins": origins,
            }.items()
            if value is not None
        },
    )  # fmt: skip
    permit.conditions = permit.conditions if conditions is None else terms.read(conditions)
    windows = _windows(permit)
    permit.number = number.strip() or permit.case
    if permit.valid_until is None or permit.valid_from is None:
        raise Refused("dates", _("A permit has a first and a last day."), field="valid_until")
    if permit.valid_until < times.now().astimezone(_zone(actor.state)).date():
        raise Refused("dates", _("Its last day is over."), field="valid_until", value=permit.valid_until.isoformat())
    if Permit.objects.filter(holder=actor.state, number=permit.number).exclude(pk=permit.pk).exists():
        raise Refused("number_taken", _("There is a permit of this number already."), field="number", value=number)
    if permit.quantity_kg is not None:
        permit.account = ledger.open_account(
            holder=actor.state, kind=Account.Kind.PERMIT, reference=account_reference(permit), home=actor.state,
            limit_kg=permit.quantity_kg, limit_count=None if limit_count is None else shipments(limit_count),
            sub_periods=[*periods(sub_periods), *windows], case=permit.case, involved=[permit.organisation],
            valid_from=permit.valid_from, valid_until=permit.valid_until, shared=permit.origins, actor=actor,
        )  # fmt: skip
    _step(actor, permit, "issued", number=permit.number, valid_from=permit.valid_from, valid_until=permit.valid_until)
    _begin(actor, permit, times.now())
    return permit


@command("movements.permit.decide", "movements.permit.vary")
def vary(
    actor: Actor,
    permit_id: UUID | str,
    *,
    revision: int,
    reason: str,
    number: str = "",
    content: Mapping[str, Any] | None = None,
    conditions: list[Any] | None = None,
) -> Permit:
    """Put a new permit in the place of one that is in force; gives the new one.

    The account, with its history and what is drawn, goes over to it; a lower quantity than is drawn is refused.
    """
    old = locked(Permit, permit_id, actor, revision)
    was = old.status
    _step(actor, old, "superseded", reason=_said(reason, "reason"))
    new = Permit(
        holder_id=actor.state, case=reference(actor.state), kind=old.kind, organisation=old.organisation, hs=old.hs,
        wastes=old.wastes, origins=old.origins, quantity_kg=old.quantity_kg, valid_from=old.valid_from,
        valid_until=old.valid_until, conditions=old.conditions if conditions is None else terms.read(conditions),
        note=old.note, account=old.account, supersedes=old, status=step(PERMIT, "", "drafted"), status_at=times.now(),
    )  # fmt: skip
    fill(new, content or {})
    new.number = number.strip() or new.case
    _insert(new)
    new.involved.add(*old.involved.all())
    _record(actor, new, "permit.drafted", {"supersedes": old.number})
    if new.account is not None:
        if new.quantity_kg is None:
            raise Refused("mass", _("A permit with a quantity keeps one."), field="quantity_kg")
        ledger.resize(
            actor.state, new.account.reference, limit_kg=new.quantity_kg, valid_from=new.valid_from,
            valid_until=new.valid_until, shared=new.origins, open=was != Status.SUSPENDED, actor=actor,
            sub_periods=None if conditions is None else _varied(new.account, old, _windows(new)),
        )  # fmt: skip
    elif new.quantity_kg is not None:
        new.account = ledger.open_account(
            holder=actor.state, kind=Account.Kind.PERMIT, reference=account_reference(new), home=actor.state,
            limit_kg=new.quantity_kg, sub_periods=_windows(new), case=new.case, involved=[new.organisation],
            valid_from=new.valid_from, valid_until=new.valid_until, shared=new.origins, actor=actor,
        )  # fmt: skip
    _step(actor, new, "applied")
    _step(actor, new, "issued", number=new.number, supersedes=old.number)
    _begin(actor, new, times.now())
    if was == Status.SUSPENDED:
        _step(actor, new, "suspended", reason=old.reason)
    return new


@command("movements.permit.suspend")
def suspend(actor: Actor, permit_id: UUID | str, *, revision: int, reason: str) -> Permit:
    """Nothing may be drawn until it is lifted; border offices have to confirm that they know."""
    permit = locked(Permit, permit_id, actor, revision)
    permit.reason = _said(reason, "reason")
    _shut(actor, permit)
    return _step(actor, permit, "suspended", reason=permit.reason)


@command("movements.permit.suspend", "movements.permit.lift")
def lift(actor: Actor, permit_id: UUID | str, *, revision: int, reason: str = "") -> Permit:
    """End a suspension: the permit is again what it was."""
    permit = locked(Permit, permit_id, actor, revision)
    back = _before_suspension(permit)
    permit.reason = reason.strip()
    if permit.account is not None:
        ledger.resize(actor.state, permit.account.reference, open=True, actor=actor)
    _step(actor, permit, "reinstated", back, reason=permit.reason)
    _begin(actor, permit, times.now())
    return permit


@command("movements.permit.suspend", "movements.permit.revoke")
def revoke(actor: Actor, permit_id: UUID | str, *, revision: int, reason: str) -> Permit:
    """Take it away for good."""
    permit = locked(Permit, permit_id, actor, revision)
    permit.reason = _said(reason, "reason")
    _step(actor, permit, "revoked", reason=permit.reason)
    _shut(actor, permit)
    return permit


@command("movements.permit.surrender")
def surrender(actor: Actor, permit_id: UUID | str, *, revision: int, reason: str = "") -> Permit:
    """The holder gives it back."""
    permit = locked(Permit, permit_id, actor, revision)
    permit.reason = reason.strip()
    _step(actor, permit, "surrendered", reason=permit.reason)
    _shut(actor, permit)
    return permit


@command("movements.permit.acknowledge")
def acknowledge(actor: Actor, permit_id: UUID | str, *, revision: int | None = None) -> Permit:
    """A border office confirms that it knows the permit's present status."""
    permit = locked(Permit, permit_id, actor, revision)
    office = str(actor.organisation.pk) if actor.organisation is not None else ""
    if office in permit.acknowledged:
        return permit
    permit.acknowledged = {**permit.acknowledged, office: times.now().isoformat()}
    return _keep(actor, permit, "permit.acknowledged", {"office": office, "status": permit.status})


def _windows(permit: Permit) -> list[ledger.Period]:
    """The limits within days that its conditions set: the ledger keeps them. Raises Refused("condition")."""
    found = [ledger.Period(*one) for one in terms.sub_periods(permit.conditions)]
    if found and permit.quantity_kg is None:
        raise Refused("condition", _("A limit within days needs a permit with a quantity."), field="quantity_kg",
                      expected=_("a quantity"))  # fmt: skip
    return found


def _varied(account: Account, old: Permit, now: list[ledger.Period]) -> list[ledger.Period]:
    """The account's limits within days, those of the old conditions changed for the new ones."""
    gone = terms.sub_periods(old.conditions)
    kept = [(one.days, one.limit_kg, one.limit_count) for one in account.sub_periods.all()]
    for one in gone:
        if one in kept:
            kept.remove(one)
    return [*(ledger.Period(*one) for one in kept), *now]


def account_reference(permit: Permit) -> str:
    """The global reference of its account: its number, behind its State's code where the number does not begin so."""
    own = f"{permit.holder_id}-"
    return permit.number if permit.number.startswith(own) else own + permit.number


def by_number(state: str, number: str) -> Permit:
    """The permit of a State with this number or account reference, the one in force first. Raises Missing."""
    bare = number.removeprefix(f"{state}-")
    rows = Permit.objects.filter(holder=state).select_related("account", "organisation")
    found = rows.filter(Q(number__in=(number, bare)) | Q(account__reference=number)).order_by("-created_at")
    first = found.exclude(status=Status.SUPERSEDED).first() or found.first()
    if first is None:
        raise Missing("permit")
    return first


# --- what time does ------------------------------------------------------------------------------------


@round_("permits")
def passing(now: datetime) -> int:
    """Permits come into force on their first day, are used up with their account, and expire after their last day."""
    done = 0
    day_after = now.date() + timedelta(days=1)
    used_up = Q(account__limit_kg__lte=F("account__used_kg") + F("account__lapsed_kg"))
    rows = Permit.objects.filter(
        Q(status=Status.ISSUED, valid_from__lte=day_after)
        | Q(status__in=LIVE, valid_until__lt=day_after)
        | Q(used_up | Q(account__limit_count__lte=F("account__count")), status=Status.ACTIVE)
        | Q(status=Status.EXHAUSTED),
        holder__here=True,
    )
    for key, state in list(rows.values_list("pk", "holder")):
        with transaction.atomic():
            permit = locked(Permit, key, system(state))
            before = permit.revision
            _begin(system(state), permit, now)
            done += permit.revision != before
    return done


def _begin(actor: Actor, permit: Permit, now: datetime) -> None:
    """Whatever the day and the account say of a permit: in force, used up, expired."""
    today = now.astimezone(_zone(permit.holder_id)).date()
    if permit.status in LIVE and permit.valid_until is not None and permit.valid_until < today:
        _step(actor, permit, "expired")
        _shut(actor, permit)
        return
    if permit.status == Status.ISSUED and (permit.valid_from is None or permit.valid_from <= today):
        _step(actor, permit, "active")
    spent = permit.account is not None and _spent(Account.objects.get(pk=permit.account.pk))
    if permit.status == Status.ACTIVE and spent:
        _step(actor, permit, "exhausted")
    elif permit.status == Status.EXHAUSTED and not spent:
        _step(actor, permit, "active")


def _spent(account: Account) -> bool:
    """Nothing is left, and nothing is set aside that might come back."""
    over = account.limit_kg <= account.used_kg + account.lapsed_kg
    live = account.reserved_kg > 0
    many = account.limit_count is not None and account.count >= account.limit_count
    return over or (many and not live)


# --- rows ----------------------------------------------------------------------------------------------


def _step(actor: Actor, permit: Permit, event: str, back: str = "", **payload: Any) -> Permit:
    permit.status = step(PERMIT, permit.status, event, back)
    permit.status_at, permit.acknowledged = times.now(), {}
    return _keep(actor, permit, f"permit.{event}", payload)


def _before_suspension(permit: Permit) -> str:
    """Where a lifted suspension leads back to: what the journal says of the time before."""
    types = JournalEntry.objects.filter(
        subject_id=permit.pk, type__in=["permit.issued", "permit.active", "permit.exhausted"]
    )
    last = types.order_by("-revision").values_list("type", flat=True).first()
    return (last or "permit.issued").removeprefix("permit.")


def _shut(actor: Actor, permit: Permit) -> None:
    if permit.account is not None:
        ledger.resize(permit.holder_id, permit.account.reference, open=False, actor=actor)


def _insert(permit: Permit) -> None:
    try:
        with transaction.atomic():
            permit.save(force_insert=True)
    except IntegrityError:
        raise Refused(
            "number_taken", _("There is a permit of this number already."), field="number", value=permit.number
        ) from None


@registry.subscriber
def renamed(entry: JournalEntry, posts: Sequence[Post]) -> None:
    """Keep the permits of an organisation findable by its name."""
    if entry.type == ORGANISATION_CHANGED and "name" in entry.payload:
        for permit in Permit.objects.filter(organisation=entry.subject_id).select_related("organisation"):
            permit.find_anew()


def _keep(actor: Actor, permit: Permit, type: str, payload: Mapping[str, Any]) -> Permit:
    permit.revision += 1
    permit.save()
    _record(actor, permit, type, payload)
    return permit


def _record(actor: Actor, permit: Permit, type: str, payload: Mapping[str, Any]) -> None:
    journal.record(
        actor, type, permit, revision=permit.revision, case=permit.case,
        payload={"number": permit.number, **payload},
    )  # fmt: skip


def _said(text: str, field: str) -> str:
    if not text.strip():
        raise Refused("reason", _("Say why."), field=field)
    return text.strip()


def _zone(state: str) -> ZoneInfo:
    return ZoneInfo(State.objects.values_list("time_zone", flat=True).get(pk=state))


def _kinds() -> str:
    return ", ".join(Permit.Kind.values)
