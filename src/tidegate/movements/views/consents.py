"""Decisions of authorities, the contract and the guarantee: the acts of the case page that are about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements import preconsent
from tidegate.movements.commands import consents as commands
from tidegate.movements.commands import guarantees, held_guarantees, preconsents
from tidegate.movements.forms import acts as forms
from tidegate.movements.forms.decision import DecideForm
from tidegate.movements.models import Consent, Contract, Guarantee, Notification
from tidegate.movements.queries import cases
from tidegate.movements.views.acting import Act
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused


def can(name: str) -> Callable[[Actor, Notification], bool]:
    """Whether `cases.allowed` has an act for a row; what it says of the row as it was read is asked once."""

    def possible(actor: Actor, row: Notification) -> bool:
        known: dict[str, bool] | None = getattr(row, "offered", None)
        if known is None:
            known = row.offered = cases.allowed(actor, row)  # type: ignore[attr-defined]
        return known.get(name, False)

    return possible


def own_consent(actor: Actor, row: Notification) -> Consent:
    """The consent of the actor's own authority. Raises Refused("not_concerned")."""
    found = next((one for one in row.consents.all() if one.authority == actor.state), None)
    if found is None:
        raise Refused("not_concerned", _("This State is not asked about this notification."))
    return found


def _key(actor: Actor, row: Notification) -> str:
    # As text: what two persons decide waits as JSON.
    return str(own_consent(actor, row).pk)


def _from_notified(actor: Actor, row: Notification) -> dict[str, Any]:
    """A decision begins with the period that was notified, no longer than the law lets it be."""
    start, end = row.first_departure, row.last_departure
    consent = own_consent(actor, row)
    if consent.valid_from is not None:
        start, end = consent.valid_from, consent.valid_until
    return {"valid_from": start, "valid_until": end}


def contract_of(actor: Actor, row: Notification) -> dict[str, Any]:
    """The contract that is lodged already, as its form begins with it."""
    found = Contract.objects.filter(notification=row).first()
    if found is None:
        return {}
    names = ("number", "signed_on", "valid_until", "takes_back")
    return {name: getattr(found, name) for name in names}


def guarantee_of(actor: Actor, row: Notification) -> dict[str, Any]:
    """The same of the guarantee."""
    found = Guarantee.objects.filter(notification=row).first()
    if found is None:
        return {}
    names = ("number", "issuer", "amount", "currency", "valid_from", "valid_until")
    return {name: getattr(found, name) for name in names}


def _suspends(suspended: bool) -> Callable[[Actor, Notification], bool]:
    """Suspending and lifting stand under one name in `cases.allowed`: the status says which of them it is."""
    status = Consent.Status.SUSPENDED

    def possible(actor: Actor, row: Notification) -> bool:
        return can("suspend_consent")(actor, row) and (own_consent(actor, row).status == status) == suspended

    return possible


def _holds(*statuses: str) -> Callable[[Actor, Notification], bool]:
    """This State is one of import or of transit, and its own guarantee stands so ("" where there is none)."""

    def possible(actor: Actor, row: Notification) -> bool:
        asked = any(stop.state == actor.state and stop.role != "export" for stop in row.route.all())
        if row.transmitted_at is None or not asked:
            return False
        held = next((one for one in row.held_guarantees.all() if one.authority == actor.state), None)
        open_ = not row.ended_as or held is not None
        return open_ and ("" if held is None else held.status) in statuses

    return possible


ACTS: tuple[Act, ...] = (
    Act("decide", _("Decide"), "movements.consent.decide",
        lambda a, r, f: commands.decide(a, _key(a, r), **f.given, **f.more), can("decide"), DecideForm, "gavel",
        "primary", done=_("The decision is made and sent to every State concerned."), fresh=True, about=own_consent,
        initial=_from_notified, shows=lambda a, r: {"preconsent": preconsent.judge(a, r)},
        template="movements/decide.html"),
    Act("suspend-consent", _("Suspend your consent"), "movements.consent.suspend",
        lambda a, r, f: commands.suspend(a, _key(a, r), **f.given, **f.more), _suspends(False), forms.Reason,
        "hand-stop", "danger", _("No new shipment may depart until you lift this again."),
        _("Your consent is suspended."), button=_("Suspend it"), about=own_consent),
    Act("lift-consent", _("Lift the suspension of your consent"), "movements.consent.suspend",
        lambda a, r, f: commands.lift(a, _key(a, r), **f.given, **f.more), _suspends(True), forms.MaybeReason,
        "player-play", done=_("Your consent holds again as it was given."), button=_("Lift it"), about=own_consent),
    Act("withdraw-consent", _("Withdraw your consent"), "movements.consent.withdraw",
        lambda a, r, f: commands.withdraw(a, _key(a, r), **f.given, **f.more), can("withdraw_consent"), forms.Reason,
        "ban", "danger",
        _("For good: where the law requires your consent, nothing more may start under the notification."),
        _("Your consent is withdrawn."), button=_("Withdraw it"), about=own_consent),
    Act("deny-preconsent", _("Deny the pre-consent"), preconsents.DENY,
        lambda a, r, f: preconsents.deny(a, r.pk, **f.given, **f.more), can("deny_preconsent"), forms.Reason, "ban",
        text=_("The facility is notified as pre-consented. Denied, the usual time limits count in every State."),
        done=_("It is denied, and every State concerned is told."), button=_("Deny it")),
    Act("confirm-contract", _("Confirm the contract"), "movements.contract.confirm",
        lambda a, r, f: guarantees.confirm_contract(a, r.pk, **f.once, **f.given), can("confirm_contract"),
        forms.ConfirmContract, "file-certificate", "primary",
        _("The State of import confirms that a contract between notifier and disposer exists (Article 6(3)(b))."),
        _("The contract is confirmed."), button=_("Confirm it")),
    Act("contract", _("Lodge the contract"), "movements.contract.lodge",
        lambda a, r, f: guarantees.lodge_contract(a, r.pk, **f.once, **f.given), can("lodge_contract"),
        forms.LodgeContract, "file-text", done=_("The contract is lodged. The State of import has to confirm it."),
        button=_("Lodge it"), initial=contract_of),
    Act("guarantee", _("Propose a guarantee"), "movements.guarantee.propose",
        lambda a, r, f: guarantees.propose_guarantee(a, r.pk, **f.once, **f.given),
        can("propose_guarantee"), forms.ProposeGuarantee, "shield-check",
        done=_("The guarantee is proposed. The authority of export has to approve it."), button=_("Propose it"),
        initial=guarantee_of),
    Act("approve-guarantee", _("Approve the guarantee"), "movements.guarantee.approve",
        lambda a, r, f: guarantees.approve_guarantee(a, r.pk, **f.once), can("approve_guarantee"),
        icon="shield-check", tone="primary", done=_("The guarantee is approved."), button=_("Approve it")),
    Act("release-guarantee", _("Release the guarantee"), "movements.guarantee.release",
        lambda a, r, f: guarantees.release(a, str(r.pk), **f.once), can("release_guarantee"),
        icon="shield-check", text=_("Every movement that it covers is completed, and no take-back case is open."),
        done=_("The guarantee is released."), button=_("Release it")),
    Act("call-guarantee", _("Call the guarantee"), "movements.guarantee.call",
        lambda a, r, f: guarantees.call(a, str(r.pk), **f.once, **f.given), can("call_guarantee"),
        forms.Reason, "alert-triangle", "danger", _("Nothing more may start under the notification."),
        _("The guarantee is called."), button=_("Call it")),
    Act("require-guarantee", _("Ask for a guarantee of your State's own"), "movements.guarantee.require",
        lambda a, r, f: held_guarantees.require(a, r.pk, **f.once, **f.given),
        _holds("", "required", "lapsed", "released"), forms.RequireGuarantee, "shield-check",
        text=_("Nothing may depart until it is recorded (Article 6(11) of the Convention)."),
        done=_("It is asked for; every State concerned is told."), button=_("Ask for it")),
    Act("record-guarantee", _("Record your State's own guarantee"), "movements.guarantee.approve",
        lambda a, r, f: held_guarantees.record(a, r.pk, **f.once, **f.given), _holds("required", "lapsed"),
        forms.RecordGuarantee, "shield-check", "primary", done=_("It is recorded."), button=_("Record it")),
    Act("call-own-guarantee", _("Call your State's own guarantee"), "movements.guarantee.call",
        lambda a, r, f: held_guarantees.call_own(a, str(r.pk), **f.once, **f.given), _holds("in_force"),
        forms.Reason, "alert-triangle", "danger", _("Nothing more may start under the notification."),
        _("The guarantee is called."), button=_("Call it")),
    Act("release-own-guarantee", _("Release your State's own guarantee"), "movements.guarantee.release",
        lambda a, r, f: held_guarantees.release_own(a, str(r.pk), **f.once),
        _holds("required", "in_force", "called", "lapsed"), icon="shield-check",
        text=_("Every movement that it covers is completed, and no take-back case is open."),
        done=_("The guarantee is released."), button=_("Release it")),
)  # fmt: skip
