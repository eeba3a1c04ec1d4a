"""Forms of take-back cases and of consignments."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements import homeward
from tidegate.movements.codes import OPERATIONS
from tidegate.movements.commands.returns import COSTS, ENDS, REFERRED, SETTLED
from tidegate.movements.commands.takeback import GROUNDS, NOT_A_CASE
from tidegate.movements.forms.asked import ActForm, Choice, Codes, Day, Mass, Moment, Names, Reason, Stops, Text, YesNo
from tidegate.movements.models import TakeBack
from tidegate.parties.models import Organisation

_CODES = [(code, f"{code} – {label}") for code, label in OPERATIONS.items()]
HOW_PLANNED = [("return", _("Return to the State of export")), ("dispose", _("Another sound disposal"))]
OBJECTIONS = [("safety", _("Safety")), ("route", _("The route"))]
COST_NAMES = {
    "storage": _("Storage"), "demurrage": _("Demurrage"), "analysis": _("Analysis"), "transport": _("Transport"),
    "disposal": _("Disposal"), "administration": _("Administration"), "other": _("Other"),
}  # fmt: skip
SETTLED_NAMES = {
    "settled": _("Paid"), "written_off": _("Written off"), "guarantee_called": _("Taken from the guarantee"),
}  # fmt: skip
REFERRED_NAMES = {
    "prosecution": _("Prosecution (seen in this State alone)"),
    "compliance_committee": _("Compliance committee"),
    "alert_network": _("Alert network"),
}
END_NAMES = {
    "returned": _("Returned"), "disposed": _("Disposed of"), "transferred": _("Formally handed over"),
}  # fmt: skip


class OpenForm(ActForm):
    """A load that should not be here, with the movement that it belongs to, or with what is known of it."""

    finding = Text(label=_("What was found"), rows=4)
    detected_at = Moment(label=_("Found"))
    custody_place = forms.CharField(label=_("Where it is kept"), max_length=200)
    custody_kg = Mass(label=_("In custody (kg)"))
    containers = Names(label=_("Containers"), required=False)


class FoundForm(OpenForm):
    """The same, of a load that no notification names."""

    state_export = forms.CharField(label=_("State of export (two letters)"), max_length=2)
    transit = Codes(label=_("States of transit"), required=False)
    description = Text(label=_("What it is"), required=False, max_length=2000)
    basel = forms.CharField(label=_("Basel entry"), required=False, max_length=40)
    hs = forms.CharField(label=_("HS code"), required=False, max_length=40)
    declared_as = forms.CharField(label=_("Declared as"), required=False, max_length=200)
    exporter = forms.CharField(label=_("Exporter"), required=False, max_length=200)
    importer = forms.CharField(label=_("Importer"), required=False, max_length=200)
    carrier = forms.CharField(label=_("Carrier"), required=False, max_length=200)

    PARTIES = ("exporter", "importer", "carrier")
    WORDS = ("description", "basel", "hs", "declared_as")

    @property
    def load(self) -> dict[str, Any]:
        """What is known of the load, as the command takes it."""
        said = self.cleaned_data
        return {
            **{name: said[name] for name in self.WORDS if said[name]},
            **{name: {"name": said[name]} for name in self.PARTIES if said[name]},
        }


class ClassifyForm(ActForm):
    """The legal finding."""

    basis = Choice(
        label=_("Finding"), choices=[*TakeBack.Basis.choices, (NOT_A_CASE, _("Not a case"))], widget=forms.RadioSelect
    )
    grounds = forms.MultipleChoiceField(
        label=_("Illegal traffic: grounds of Article 9(1)"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(letter, f"({letter}) {text}") for letter, text in GROUNDS.items()],
    )  # fmt: skip
    finding = Text(label=_("What was found"), required=False, help_text=_("Empty: as it was recorded."))
    reason = Reason(label=_("Why it is not a case"), required=False)


class MaybeReasonForm(ActForm):
    """An act that may give a reason."""

    reason = Reason(required=False)


class ReasonForm(ActForm):
    """An act with its reason."""

    reason = Reason()


class EvidenceForm(ActForm):
    """A photo, an analysis or another paper."""

    file = forms.FileField(label=_("File"), widget=forms.FileInput, help_text=_("PDF, JPEG, PNG or plain text."))


class PlanForm(ActForm):
    """What happens to the load; every State signs it."""

    how = Choice(label=_("What happens"), choices=HOW_PLANNED)
    route = Stops(
        label=_("Way home"), required=False,
        help_text=_("Each State on a line: its two letters | point of entry | point of exit. Begin where the load is "
                    "kept, end with the State of export. Empty: the way that it came."),
    )  # fmt: skip
    on = Day(label=_("On"), required=False)
    carrier = forms.CharField(label=_("Who carries it"), max_length=200)
    borne_by = forms.CharField(label=_("Who pays"), max_length=200)
    facility = forms.CharField(label=_("Facility"), required=False, max_length=200)
    operation = Choice(label=_("Operation"), required=False, choices=_CODES, empty=_("not given"))
    agreed_until = Day(
        label=_("Longer period, until"), required=False,
        help_text=_("It takes the place of the law's once every State has signed."),
    )  # fmt: skip
    note = Text(label=_("Remarks"), required=False)

    def prepare(self) -> None:
        self.fields["route"].initial = homeward.back(self.row)
        for name, value in (self.row.plan or {}).items():
            if name in self.fields:
                self.fields[name].initial = value


class SignForm(ActForm):
    """Sign the plan that was shown."""

    number = forms.IntegerField(widget=forms.HiddenInput)

    def prepare(self) -> None:
        self.fields["number"].initial = self.row.plan_number


class ConsentForm(ActForm):
    """A State's answer to the return."""

    agreed = YesNo(_("No objection"), _("Objection"), label=_("Answer"))
    ground = Choice(
        label=_("Ground of the objection"), required=False, choices=OBJECTIONS, empty=_("none"),
        help_text=_("No State may oppose a return, but for its safety or its route."),
    )  # fmt: skip
    remarks = Text(label=_("Remarks"), required=False)


class ReturnForm(ActForm):
    """The load goes home."""

    kg = Mass(label=_("Quantity (kg)"))
    planned_on = Day(label=_("Planned day"))
    receiver = Choice(
        label=_("Who takes it in"), required=False, empty=_("not given"),
        help_text=_("A facility of this State's register; it sees the return and records its arrival."),
    )  # fmt: skip
    containers = Names(label=_("Containers"), required=False)
    vehicle = forms.CharField(label=_("Vehicle, vessel or flight"), required=False, max_length=120)

    def prepare(self) -> None:
        self.fields["kg"].initial = self.row.custody_kg
        self.fields["containers"].initial = self.row.containers
        bodies = Organisation.objects.filter(
            holder=self.actor.state, kind=Organisation.Kind.FACILITY, active=True
        ).exclude(registration="")  # fmt: skip
        self.fields["receiver"].choices = [  # type: ignore[attr-defined]
            ("", _("not given")), *((one.registration, one.name) for one in bodies.order_by("name")),
        ]  # fmt: skip

    @property
    def particulars(self) -> dict[str, Any]:
        """Containers and vehicle, where they were given."""
        return {n: self.cleaned_data[n] for n in ("containers", "vehicle") if self.cleaned_data[n]}


class HomeForm(ActForm):
    """It is back."""

    kg = Mass(label=_("Quantity (kg)"))
    at = Moment()
    place = forms.CharField(label=_("Place"), required=False, max_length=200)


class DisposeForm(ActForm):
    """It was recovered or disposed of."""

    kg = Mass(label=_("Quantity (kg)"))
    operation = Choice(label=_("Operation"), choices=_CODES)
    facility = forms.CharField(label=_("Facility"), max_length=200)
    at = Moment()

    def prepare(self) -> None:
        for name in ("operation", "facility"):
            self.fields[name].initial = (self.row.plan or {}).get(name)


class CloseForm(ActForm):
    """How the case ends."""

    how = Choice(label=_("How it ends"), choices=[(name, END_NAMES[name]) for name in ENDS])
    reason = Reason(label=_("To whom, and why, where it is handed over"), required=False)


class CostForm(ActForm):
    """A cost of the case."""

    kind = Choice(label=_("Kind"), choices=[(name, COST_NAMES[name]) for name in COSTS])
    amount = forms.CharField(
        label=_("Amount"), max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    currency = forms.CharField(label=_("Currency (three letters)"), max_length=3)
    borne_by = forms.CharField(label=_("Who pays"), max_length=200)


class SettleForm(ActForm):
    """How a cost was settled."""

    reference = Choice(label=_("Cost"))
    how = Choice(label=_("How"), choices=[(name, SETTLED_NAMES[name]) for name in SETTLED])

    def prepare(self) -> None:
        rows = self.row.costs.filter(status="open", reference__startswith=f"{self.row.holder_id}-")
        self.fields["reference"].choices = [  # type: ignore[attr-defined]
            (one.reference, f"{COST_NAMES.get(one.kind, one.kind)}, {one.amount} {one.currency}, {one.borne_by}")
            for one in rows
        ]


class ReferForm(ActForm):
    """To whom the case is referred."""

    to = Choice(label=_("To"), choices=[(name, REFERRED_NAMES[name]) for name in REFERRED])
    note = Text(label=_("What for"))


# ── consignments ─────────────────────────────────────────────────────────────────────────────────────────────


class RegisterForm(ActForm):
    """What arrives, under a declaration or a movement."""

    movement = forms.CharField(
        label=_("Movement (case/serial)"), required=False, max_length=96,
        help_text=_("Its load and route are the notification's; without one, say them below."),
    )  # fmt: skip
    declaration = forms.CharField(label=_("Declaration number"), required=False, max_length=64)
    office = forms.CharField(label=_("Customs office"), required=False, max_length=120)
    expected_on = Day(label=_("Expected on"), required=False)
    origin = forms.CharField(label=_("State of export (two letters)"), required=False, max_length=2)
    transit = Codes(label=_("States of transit"), required=False)
    hs = forms.CharField(label=_("HS code"), required=False, max_length=12)
    basel = forms.CharField(label=_("Basel entry"), required=False, max_length=12)
    kg = Mass(label=_("Net mass (kg)"), required=False)

    @property
    def load(self) -> dict[str, Any]:
        """The load as the law is asked about it."""
        said = self.cleaned_data
        pairs = {"hs": said["hs"], "basel": said["basel"].upper(), "net_kg": said["kg"]}
        return {"waste": True, **{name: value for name, value in pairs.items() if value}}

    def route(self, home: str) -> list[dict[str, str]]:
        """The stops, where no movement says them."""
        said = self.cleaned_data
        return [
            {"state": said["origin"].upper(), "role": "export"},
            *({"state": code, "role": "transit"} for code in said["transit"]),
            {"state": home, "role": "import"},
        ]


class RequireForm(ActForm):
    """What an agency asks for."""

    agency_id = Choice(label=_("Agency"))
    what = forms.CharField(label=_("What is asked"), max_length=200)
    document = forms.CharField(label=_("Document"), required=False, max_length=48)
    due_at = Moment(label=_("Due"), help_text=_("In your State's time; empty: no time limit."))

    def prepare(self) -> None:
        bodies = Organisation.objects.filter(
            holder=self.actor.state, kind__in=Organisation.OFFICIAL, active=True
        ).order_by("name")
        self.fields["agency_id"].choices = [(str(one.pk), one.name) for one in bodies]  # type: ignore[attr-defined]
        self.fields["agency_id"].initial = str(self.actor.organisation.pk)


class AnswerForm(ActForm):
    """An agency's answer to its requirement."""

    met = YesNo(_("Met"), _("Not met"), label=_("Answer"))
    text = Text(label=_("Remark, or why not"), required=False)


class InspectionForm(ActForm):
    """One inspection for all agencies."""

    place = forms.CharField(label=_("Place"), max_length=200)
    at = Moment(required=True, help_text=_("In your State's time."))
    agency_ids = forms.MultipleChoiceField(
        label=_("Agencies"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None marked: every agency that has not answered."),
    )  # fmt: skip

    def prepare(self) -> None:
        bodies = Organisation.objects.filter(
            holder=self.actor.state, kind__in=Organisation.OFFICIAL, active=True
        ).order_by("name")
        self.fields["agency_ids"].choices = [(str(one.pk), one.name) for one in bodies]  # type: ignore[attr-defined]


class ResultForm(ActForm):
    """What the inspection found."""

    passed = YesNo(_("Passed"), _("Not passed"), label=_("Outcome"))
    result = Text(label=_("What was found"))
