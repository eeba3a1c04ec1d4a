"""The forms of the acts on a case: a reason, a question, a contract, a guarantee. Field names are the commands' own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements import blocks, confidential, evidence, guard, naming
from tidegate.movements.commands.attachments import KEEP
from tidegate.movements.forms.asked import ActForm
from tidegate.movements.forms.fields import Day, Exact, Line, Words
from tidegate.movements.forms.files import kept_file
from tidegate.parties.models import State


class Reason(ActForm):
    """An act that gives its reason."""

    reason = Words(_("Reason"), required=True, help_text=_("The other States and the parties read it."))


class OwnReason(ActForm):
    """An act whose reason stays with those whom it concerns."""

    reason = Words(_("Reason"), required=True)


class MarkConfidential(ActForm):
    """Which fields no other party reads."""

    confidential = forms.MultipleChoiceField(
        label=_("Confidential"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(name, label) for name, (label, _parts) in confidential.FIELDS.items()],
    )  # fmt: skip


class ReleaseField(ActForm):
    """One field for one party, to the end of a day."""

    field = forms.ChoiceField(label=_("Field"))
    party = forms.ChoiceField(label=_("To"), help_text=_("A party of the case."))
    reason = Words(_("Reason"), required=True)
    until = Day(_("To the end of"), required=True)

    def prepare(self) -> None:
        """The confidential fields of the case, and its parties."""
        self.fields["field"].choices = [  # type: ignore[attr-defined]
            (name, confidential.label(name)) for name in self.row.confidential
        ]
        self.fields["party"].choices = [  # type: ignore[attr-defined]
            (f"{state}:{number}", f"{name} ({state}, {number})")
            for state, number, name in confidential.parties(self.row)
        ]

    @property
    def given(self) -> dict[str, Any]:
        """The party by its State and registration number."""
        said = super().given
        state, _colon, number = said.pop("party").partition(":")
        return {**said, "state": state, "registration": number}


class MaybeReason(ActForm):
    """An act that may give a reason."""

    reason = Words(_("Remark"))


class KeyIn(ActForm):
    """What a notification on paper begins with (blocks 3 and 15)."""

    state_export = forms.ChoiceField(
        label=_("State of export"), help_text=_("Only States that take part in no exchange: the others notify here.")
    )
    number = Line(_("Number on the paper (block 3)"), required=True, max_length=32)
    form_version = forms.ChoiceField(label=_("Form"), choices=[(code, name) for code, name in blocks.FORMS.items()])

    def prepare(self) -> None:
        """The States that do not notify by themselves."""
        here, book = set(State.objects.values_list("pk", flat=True)), guard.book()
        found = sorted((str(naming.place(code, book)), code) for code in book.states if code not in here)
        field = self.fields["state_export"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "–"), *((code, f"{name} ({code})") for name, code in found)]


class Enter(ActForm):
    """When the paper came."""

    received_on = Day(
        _("Day on which the paper came"), required=True, help_text=_("The time limits of the law count from it.")
    )


class Acknowledge(ActForm):
    """Block 19."""

    received_on = Day(_("Received on"), help_text=_("As it stands on the form. The time limit counts from today."))


class Ask(ActForm):
    """A question of an authority."""

    question = Words(
        _("What is asked"),
        rows=5,
        required=True,
        help_text=_("Where the law of your State says so, your time limit rests until the answer is here."),
    )


class Answer(ActForm):
    """The notifier's answer, with a file where one says it better; who may keep no files is not asked for one."""

    answer = Words(_("Answer"), rows=5, required=True)
    file = kept_file(required=False)
    kind = forms.ChoiceField(
        label=_("What it is"), choices=list(evidence.NOTIFIED.items()), initial="other", required=False
    )

    def prepare(self) -> None:
        """Leave out the file for who may not attach one."""
        if not self.actor.may(KEEP):
            del self.fields["file"], self.fields["kind"]


class LodgeContract(ActForm):
    """The contract between notifier and disposer (Article 6(3)(b), Article 8)."""

    number = Line(_("Contract number"), max_length=64, required=True)
    signed_on = Day(_("Signed on"))
    valid_until = Day(_("Valid until"))
    takes_back = forms.BooleanField(
        label=_("It obliges the exporter to take the waste back where the movement cannot be completed (Article 8)."),
        required=False,
    )


class ConfirmContract(ActForm):
    """The State of import confirms that the contract exists."""

    number = Line(
        _("Contract number"),
        max_length=64,
        required=True,
        help_text=_("Copy it from the contract that you have seen, not from this page."),
    )


class RequireGuarantee(ActForm):
    """What guarantee a State of import or of transit asks for itself."""

    amount = Line(_("Amount, at least"), max_length=24, required=True)
    currency = Line(_("Currency"), max_length=3, required=True)
    until = Day(_("Valid until, at least"))


class RecordGuarantee(ActForm):
    """The guarantee that was lodged with this State, in the currency that was asked for."""

    number = Line(_("Guarantee number"), max_length=64, required=True)
    issuer = Line(_("Issued by"), max_length=200, required=True)
    amount = Line(_("Amount"), max_length=24, required=True)
    valid_from = Day(_("Valid from"))
    valid_until = Day(_("Valid until"))


class ProposeGuarantee(ActForm):
    """Insurance, bond or other guarantee (Article 6(11))."""

    number = Line(_("Guarantee number"), max_length=64, required=True)
    issuer = Line(_("Issued by"), max_length=200)
    amount = Exact(_("Amount"), places=2)
    currency = Line(_("Currency"), max_length=3, help_text=_("Three letters, such as VND."))
    valid_from = Day(_("Valid from"))
    valid_until = Day(_("Valid until"))


class AnswerAmendment(ActForm):
    """One authority's answer to an amendment."""

    approved = forms.TypedChoiceField(
        label=_("Answer"),
        choices=[("y", _("Agreed")), ("n", _("Not agreed"))],
        widget=forms.RadioSelect,
        coerce=lambda value: value == "y",
    )
    reason = Words(_("Reason"), help_text=_("Needed where it is not agreed."))


class CloseBreach(ActForm):
    """What came of something that should not have happened."""

    reason = Words(_("What came of it"), required=True)


class NameForm(ActForm):
    """A name for something kept."""

    name = Line(_("Name"), max_length=120, required=True)
