"""Decisions of authorities, the contract and the guarantee: the acts of the case page that are about them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements.commands import consents as commands
from tidegate.movements.commands import guarantees
from tidegate.movements.forms import acts as forms
from tidegate.movements.forms.decision import DecideForm
from tidegate.movements.models import Consent, Contract, Guarantee, Notification
from tidegate.movements.queries import cases
from tidegate.movements.views.acts import Act, own_consent, page_of
from tidegate.parties.actors import Actor


def _consent_key(actor: Actor, row: Notification) -> str:
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


def _suspended(found: cases.CaseView) -> bool:
    own = _own(found)
    return own is not None and own.status == Consent.Status.SUSPENDED


def _own(found: cases.CaseView) -> Consent | None:
    return next((c for c in found.consents if c.authority == found.notification.holder_id), None)


ACTS: tuple[Act, ...] = (
    Act(
        "decide", "decide", "movements.consent.decide", _("Decide"), _("Decide"),
        _("The decision is made and sent to every State concerned."),
        lambda actor, row, asked, more: commands.decide(actor, _consent_key(actor, row), **asked, **more),
        form=DecideForm, icon="gavel", fresh=True, about=own_consent, initial=_from_notified,
        template="movements/decide.html",
    ),
    Act(
        "suspend-consent", "suspend_consent", "movements.consent.suspend", _("Suspend your consent"), _("Suspend it"),
        _("Your consent is suspended."),
        lambda actor, row, asked, more: commands.suspend(
            actor, _consent_key(actor, row), reason=asked["reason"], **more
        ),
        _("No new shipment may depart until you lift this again."), form=forms.Reason, icon="hand-stop", tone="danger",
        about=own_consent, shown=lambda found: not _suspended(found),
    ),
    Act(
        "lift-consent", "suspend_consent", "movements.consent.suspend", _("Lift the suspension of your consent"),
        _("Lift it"), _("Your consent holds again as it was given."),
        lambda actor, row, asked, more: commands.lift(actor, _consent_key(actor, row), reason=asked["reason"], **more),
        form=forms.MaybeReason, icon="player-play", about=own_consent, shown=_suspended,
    ),
    Act(
        "withdraw-consent", "withdraw_consent", "movements.consent.withdraw", _("Withdraw your consent"),
        _("Withdraw it"), _("Your consent is withdrawn."),
        lambda actor, row, asked, more: commands.withdraw(
            actor, _consent_key(actor, row), reason=asked["reason"], **more
        ),
        _("For good: where the law requires your consent, nothing more may start under the notification."),
        form=forms.Reason, icon="ban", tone="danger", about=own_consent,
    ),
    Act(
        "confirm-contract", "confirm_contract", "movements.contract.confirm", _("Confirm the contract"),
        _("Confirm it"),
        _("The contract is confirmed."),
        lambda actor, row, asked, more: guarantees.confirm_contract(
            actor, row.pk, number=asked["number"], key=more["key"]
        ),
        _("The State of import confirms that a contract between notifier and disposer exists (Article 6(3)(b))."),
        form=forms.ConfirmContract, icon="file-certificate",
    ),
    Act(
        "contract", "lodge_contract", "movements.contract.lodge", _("Lodge the contract"), _("Lodge it"),
        _("The contract is lodged. The State of import has to confirm it."),
        lambda actor, row, asked, more: guarantees.lodge_contract(actor, row.pk, **asked, key=more["key"]),
        form=forms.LodgeContract, icon="file-text", initial=contract_of,
    ),
    Act(
        "guarantee", "propose_guarantee", "movements.guarantee.propose", _("Propose a guarantee"), _("Propose it"),
        _("The guarantee is proposed. The authority of export has to approve it."),
        lambda actor, row, asked, more: guarantees.propose_guarantee(actor, row.pk, **asked, key=more["key"]),
        form=forms.ProposeGuarantee, icon="shield-check", initial=guarantee_of,
    ),
    Act(
        "approve-guarantee", "approve_guarantee", "movements.guarantee.approve", _("Approve the guarantee"),
        _("Approve it"), _("The guarantee is approved."),
        lambda actor, row, asked, more: guarantees.approve_guarantee(actor, row.pk, key=more["key"]),
        icon="shield-check",
    ),
    Act(
        "release-guarantee", "release_guarantee", "movements.guarantee.release", _("Release the guarantee"),
        _("Release it"), _("The guarantee is released."),
        lambda actor, row, asked, more: guarantees.release(actor, str(row.pk), key=more["key"]),
        _("Every movement that it covers is completed, and no take-back case is open."), icon="shield-check",
    ),
    Act(
        "call-guarantee", "call_guarantee", "movements.guarantee.call", _("Call the guarantee"), _("Call it"),
        _("The guarantee is called."),
        lambda actor, row, asked, more: guarantees.call(
            actor, str(row.pk), reason=asked["reason"], key=more["key"]
        ),
        _("Nothing more may start under the notification."), form=forms.Reason, icon="alert-triangle", tone="danger",
    ),
)  # fmt: skip

PAGES = {act.name: page_of(act) for act in ACTS}
