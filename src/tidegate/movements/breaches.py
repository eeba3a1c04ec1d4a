"""What happened and should not have: stored with whoever saw it, open until a person closes it with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tidegate.movements import conditions, guard, ledger
from tidegate.movements.models import Account, Breach, Movement
from tidegate.movements.models.base import CaseRow
from tidegate.movements.naming import place
from tidegate.parties import figures, journal, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command

# Kind of breach → what it says to people. Those of the ledger start with `ledger_`.
KINDS: Mapping[str, Promise | str] = {
    "ledger_limit": _("More was used than is allowed"),
    "ledger_count": _("More shipments left than are allowed"),
    "ledger_period": _("More was used within a period than is allowed"),
    "ledger_closed": _("Something left although the quantity was closed"),
    "no_consent": _("It left, or was under way, without every consent in force"),
    "not_announced": _("It left without having been announced"),
    "condition": _("A condition of a consent was not met"),
    "quantity_difference": _("What was received differs from what was loaded"),
    "operation_not_allowed": _("An operation that no consent allows"),
    "mass_balance": _("More came out of an operation than went in"),
    "late_notice": _("It was announced too late"),
    "late_certificate": _("Recovery or disposal was certified too late"),
    "overdue": _("It is overdue"),
    "left_while_held": _("It moved although it was held"),
    "not_under_notification": _("It belongs to no notification that is in force"),
    "not_green": _("It moved as green-listed although the law does not let it"),
    "illegal_traffic": _("Illegal traffic was found"),
}

# What a breach says in detail → what this is called.
_DETAILS: Mapping[str, Promise] = {
    "after": _("After the operation"),
    "allowed": _("Allowed"),
    "announced_at": _("Announced"),
    "at": _("When"),
    "available_kg": _("Available"),
    "before_kg": _("Before"),
    "broken": _("Exceeded"),
    "by": _("By"),
    "case": _("Case"),
    "certified_on": _("Certified"),
    "code": _("Operation"),
    "conditions": _("Conditions that were not met"),
    "count": _("Shipments"),
    "departed_at": _("Departed"),
    "draw": _("Drawn for"),
    "due": _("Due"),
    "due_at": _("Due"),
    "event": _("Event"),
    "expected": _("Expected"),
    "expected_kg": _("Expected"),
    "facility": _("Facility"),
    "fact": _("Learnt from"),
    "grounds": _("Grounds"),
    "held_at": _("Held since"),
    "input_kg": _("Put in"),
    "kg": _("Quantity"),
    "known_at": _("Known since"),
    "known_since": _("Known since"),
    "limit_kg": _("Limit"),
    "loaded_kg": _("Loaded"),
    "lodged_at": _("Handed in"),
    "operation": _("Operation"),
    "place": _("Place"),
    "planned_on": _("Planned"),
    "reason": _("Reason"),
    "received_kg": _("Received"),
    "reference": _("Reference"),
    "regime": _("Regime"),
    "reserved_kg": _("Reserved"),
    "rule": _("Rule"),
    "rules": _("Rules"),
    "set_by": _("Set by"),
    "since": _("Since"),
    "source": _("Source"),
    "state": _("State"),
    "status": _("Status"),
    "take_back": _("Take-back case"),
    "tolerance_pct": _("Tolerated, %"),
    "true_since": _("True since"),
    "why": _("What was wanting"),
}
_WANTING: Mapping[str, Promise] = {
    "consent": _("consent of %(state)s"),
    "contract": _("contract"),
    "guarantee": _("guarantee"),
    "suspended": _("suspended"),
    "status": _("notification not in force"),
}


def told(breach: Breach) -> list[tuple[str, str]]:
    """What a breach says in detail, for people: (what, words or figure), without what is empty."""
    found = []
    for name, value in breach.detail.items():
        label = _DETAILS.get(name)
        text = _word(name, value)
        if text:
            found.append((str(label) if label else name.replace("_", " "), text))
    return found


def _word(name: str, value: Any) -> str:
    if isinstance(value, list):
        if name == "conditions":
            return "; ".join(conditions.describe(one) for one in value)
        return ", ".join(_word(name, one) for one in value)
    if name == "broken":
        return str(KINDS.get(f"ledger_{value}", value))
    if name == "status" and value in Movement.Status.values:
        return str(Movement.Status(value).label)
    if name in ("by", "state", "set_by"):
        return gettext("nobody: what holds without a State's own") if value == "default" else place(value, guard.book())
    if name == "regime" and value == "every":
        return gettext("every")
    if name == "why":
        kind, _colon, state = str(value).partition(":")
        return str(_WANTING.get(kind, kind)) % {"state": place(state, guard.book())}
    return figures.said(name, value)


def open_breach(actor: Actor, subject: CaseRow, kind: str, **detail: Any) -> Breach:
    """Record a breach of a row of a case. The same kind stays open once for a row; its first detail is kept."""
    if kind not in KINDS:
        raise ValueError(f"the kind of breach {kind!r} is not known")
    name = subject._meta.model_name or ""
    found = Breach.objects.filter(holder=subject.holder_id, kind=kind, subject_id=subject.pk, closed_at=None).first()
    if found is not None:
        return found
    breach = Breach.objects.create(
        holder_id=subject.holder_id,
        case=subject.case,
        kind=kind,
        subject=name,
        subject_id=subject.pk,
        detail=journal.as_json(detail),
        opened_at=times.now(),
    )
    payload = {"kind": kind, "subject": name, "subject_id": subject.pk, **detail}
    journal.record(actor, "breach.opened", breach, revision=1, case=subject.case, payload=payload)
    return breach


@command("movements.breach.close")
def close(actor: Actor, breach_id: UUID | str, *, reason: str) -> Breach:
    """Close a breach of the actor's State: a person has looked at it and says what came of it."""
    breach = Breach.objects.select_for_update().filter(pk=breach_id, holder=actor.state).first()
    if breach is None:
        raise Missing("breach")
    if breach.closed_at is not None:
        raise Refused("state", _("This was closed already."), field="breach")
    if not reason.strip():
        raise Refused("required", _("Say what came of it."), field="reason", expected=_("a reason"))
    breach.closed_at, breach.closed_reason, breach.closed_by = times.now(), reason.strip(), actor.person
    breach.save()
    payload = {"kind": breach.kind, "reason": breach.closed_reason}
    journal.record(actor, "breach.closed", breach, revision=2, case=breach.case, payload=payload)
    if breach.subject == "account":
        _free_account(actor, breach)
    return breach


def _free_account(actor: Actor, breach: Breach) -> None:
    """The quantity may be drawn on again when this was the last breach and no more is drawn than allowed; else the
    account stays blocked until its limit is raised or an actual corrected."""
    account = Account.objects.get(pk=breach.subject_id)
    try:
        ledger.settle(account.holder_id, account.reference, actor=actor)
    except Refused:
        return
