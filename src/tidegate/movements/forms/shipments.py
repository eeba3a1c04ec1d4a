"""Forms of the acts on a movement."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements import alternatives, bases, legs
from tidegate.movements.codes import OPERATIONS, PACKAGING, TRANSPORT
from tidegate.movements.forms.asked import ActForm, Choice, Day, Mass, Moment, Names, Reason, Text, YesNo

_CODES = [(code, f"{code} – {label}") for code, label in OPERATIONS.items()]


def _signed(label: Any) -> forms.CharField:
    """A name as it is declared; the account that records it is in the journal."""
    return forms.CharField(label=label, required=False, max_length=200)


class _Open(ActForm):
    """What the notification leaves open, where it does: points of exit and entry, facility, operation."""

    def prepare(self) -> None:
        super().prepare()
        self.ways: dict[str, tuple[str, str]] = {}
        if self.row is None:
            return
        notification, said = getattr(self.row, "notification", self.row), getattr(self.row, "particulars", {}) or {}
        for (state, way), among in alternatives.points(notification).items():
            name = f"{way}_{state}"
            label = _("Point of exit of %(state)s") if way == "exit" else _("Point of entry of %(state)s")
            own = ((said.get("points") or {}).get(state) or {}).get(way)
            if self._offer(name, label % {"state": state}, [(point, point) for point in among], own):
                self.ways[name] = (state, way)
        facilities = alternatives.facilities(notification)
        named = [(alternatives.names(one)[0], _facility(one)) for one in facilities]
        self._offer("facility", _("Facility"), named, said.get("facility"))
        codes = alternatives.operations(notification)
        self._offer("operation", _("Operation"), [pair for pair in _CODES if pair[0] in codes], said.get("operation"))

    def _offer(self, name: str, label: Any, among: list[tuple[str, str]], own: Any) -> bool:
        """A field for it, the notification's first where the shipment says nothing; none where there is no choice."""
        if len(among) > 1:
            self.fields[name] = Choice(label=label, required=False, choices=among, initial=own or among[0][0])
        return len(among) > 1

    @property
    def chosen(self) -> dict[str, Any]:
        """What was chosen, as particulars."""
        said = self.cleaned_data
        found = {name: said[name] for name in ("facility", "operation") if said.get(name)}
        points: dict[str, dict[str, str]] = {}
        for name, (state, way) in self.ways.items():
            if said.get(name):
                points.setdefault(state, {})[way] = said[name]
        return {**found, "points": points} if points else found


def _facility(one: Any) -> str:
    name = str(one.get("name") or alternatives.names(one)[0])
    return f"{name} ({_('interim')})" if one.get("interim") else name


class AnnounceForm(_Open):
    """The announcement, with what this shipment takes of what the notification leaves open."""


class _Load(_Open):
    """What is loaded and who carries it: the particulars of a shipment."""

    packages = forms.IntegerField(label=_("Number of packages"), required=False, min_value=0)
    volume_m3 = forms.CharField(label=_("Volume (m³)"), required=False, max_length=20)
    carriers = forms.MultipleChoiceField(
        label=_("Carriers, in order"), required=False, widget=forms.CheckboxSelectMultiple
    )
    vehicle = forms.CharField(label=_("Vehicle, vessel or flight"), required=False, max_length=120)
    containers = Names(label=_("Containers"), required=False, help_text=_("One a line, such as MSCU 123456-7."))
    seals = Names(label=_("Seals"), required=False)
    packaging = forms.MultipleChoiceField(
        label=_("Packaging"), required=False, choices=list(PACKAGING.items()), widget=forms.CheckboxSelectMultiple
    )
    permits = Names(
        label=_("Permits and quotas drawn on"),
        required=False,
        help_text=_("Their references, which begin with the code of the State that granted them."),
    )
    note = Text(label=_("Note"), required=False, rows=2, max_length=2000)
    note_second = Text(label=_("Translation of the note"), required=False, rows=2, max_length=2000)

    def blocks(self) -> dict[str, Any]:
        """The blocks of the notification, from which the carriers are chosen."""
        return getattr(self.row, "notification", self.row).blocks if self.row is not None else {}

    def prepare(self) -> None:
        super().prepare()
        named = self.blocks().get("carriers") or []
        self.fields["carriers"].choices = [  # type: ignore[attr-defined]
            (str(n), " ".join(filter(None, [one.get("name"), "/".join(one.get("means") or [])])))
            for n, one in enumerate(named)
        ]
        said = getattr(self.row, "particulars", {}) or {}
        for name in ("vehicle", "containers", "seals", "packaging", "permits", "note", "note_second"):
            if name in self.fields:
                self.fields[name].initial = said.get(name)
        chosen = [one.get("registration") or one.get("name") for one in said.get("carriers") or []]
        self.fields["carriers"].initial = [
            str(n) for n, one in enumerate(named) if (one.get("registration") or one.get("name")) in chosen
        ]
        for name in ("packages", "volume_m3"):
            self.fields[name].initial = getattr(self.row, name, None)

    @property
    def particulars(self) -> dict[str, Any]:
        """What was said of the load, as the commands take it; what was left empty is left out."""
        named = self.blocks().get("carriers") or []
        said: dict[str, Any] = {
            name: self.cleaned_data[name]
            for name in ("vehicle", "containers", "seals", "packaging", "permits", "note", "note_second")
            if name in self.cleaned_data and (self.cleaned_data[name] or name in self.changed_data)
        }
        if self.cleaned_data.get("carriers"):
            said["carriers"] = [named[int(n)] for n in self.cleaned_data["carriers"]]
        return {**said, **self.chosen}


class DraftForm(_Load):
    """A new shipment under a notification."""

    planned_on = Day(label=_("Planned day of departure"))
    announced_kg = Mass(label=_("Quantity (kg)"))

    field_order = ["planned_on", "announced_kg"]

    def prepare(self) -> None:
        super().prepare()
        basis = getattr(self.row, "notification", self.row).basis
        self.fields["announced_kg"].help_text = f"{_('Basis of the mass')}: {bases.NAMES[basis]}"


class AmendForm(DraftForm):
    """Change what was drafted or announced."""

    def prepare(self) -> None:
        super().prepare()
        self.fields["planned_on"].initial = self.row.planned_on
        self.fields["announced_kg"].initial = self.row.announced_kg


class _Weighed(ActForm):
    """A mass with what it is, and what makes it another."""

    basis = Choice(label=_("Basis of the mass"), choices=bases.NAMES.items(), required=False)
    tare_kg = Mass(label=_("Tare (kg)"), required=False, help_text=_("Of a gross mass: packaging and containers."))
    moisture_pct = forms.CharField(
        label=_("Moisture (per cent)"), required=False, max_length=12, help_text=_("Of a dry mass."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip

    def prepare(self) -> None:
        self.fields["basis"].initial = self.row.notification.basis


class DepartForm(_Weighed):
    """It leaves, or was seen leaving, weighed."""

    field_order = ["loaded_kg"]
    loaded_kg = Mass(label=_("Loaded (kg)"), help_text=_("As weighed; the quantity that was reserved becomes used."))
    at = Moment(label=_("Departure"))
    packages = forms.IntegerField(label=_("Number of packages"), required=False, min_value=0)
    vehicle = forms.CharField(label=_("Vehicle, vessel or flight"), required=False, max_length=120)
    containers = Names(label=_("Containers"), required=False)
    seals = Names(label=_("Seals"), required=False)

    def prepare(self) -> None:
        super().prepare()
        self.fields["packages"].initial = self.row.packages
        for name in ("vehicle", "containers", "seals"):
            self.fields[name].initial = self.row.particulars.get(name)

    @property
    def particulars(self) -> dict[str, Any]:
        """Vehicle, containers and seals, where they were given."""
        return {n: self.cleaned_data[n] for n in ("vehicle", "containers", "seals") if self.cleaned_data[n]}


class TransferForm(ActForm):
    """The next carrier takes it over."""

    carrier = forms.CharField(label=_("Carrier"), max_length=200)
    registration = forms.CharField(label=_("Registration number"), required=False, max_length=64)
    means = Choice(label=_("Means of transport"), required=False, choices=TRANSPORT.items(), empty=_("not given"))
    vehicle = forms.CharField(label=_("Vehicle, vessel or flight"), required=False, max_length=120)
    place = forms.CharField(label=_("Place"), required=False, max_length=200)
    at = Moment()
    signed_by = _signed(_("Signed by"))
    note = Text(label=_("Note"), required=False, rows=2)

    def prepare(self) -> None:
        # A carrier that has it not yet is the one that takes it over.
        body = legs.carries(self.actor) if self.actor is not None else None
        if body is not None and not legs.is_of(legs.now_with(self.row), body):
            self.fields["carrier"].initial, self.fields["registration"].initial = body.name, body.registration


class RemarkForm(ActForm):
    """What a party has to say of it."""

    text = Text(label=_("Remark"))
    signed_by = _signed(_("Signed by"))


class ConsigneeForm(ActForm):
    """The consignee, where it is not the facility, has it."""

    at = Moment(label=_("Receipt"))
    place = forms.CharField(label=_("Place"), required=False, max_length=200)
    signed_by = _signed(_("Signed by"))
    note = Text(label=_("Note"), required=False, rows=2)


class PassForm(ActForm):
    """It passed the border."""

    leaving = YesNo(_("It left this State"), _("It came in"), label=_("Which way"))
    place = forms.CharField(label=_("Border office"), max_length=200)
    at = Moment()
    note = Text(label=_("Note"), required=False, rows=2)


class ArriveForm(ActForm):
    """It has arrived at the facility."""

    at = Moment(label=_("Arrival"))
    place = forms.CharField(label=_("Place"), required=False, max_length=200)


class StopForm(ActForm):
    """Hold it, seize it, or let it go, with the reason."""

    reason = Reason()
    at = Moment()


class ReasonForm(ActForm):
    """An act that only needs its reason."""

    reason = Reason()


class ReceiveForm(_Weighed):
    """What the facility weighed in."""

    field_order = ["received_kg"]
    received_kg = Mass(label=_("Received (kg)"))
    accepted_kg = Mass(label=_("Accepted (kg)"))
    rejected_kg = Mass(label=_("Rejected (kg)"), initial="0")
    at = Moment(label=_("Receipt"))
    reason = Reason(label=_("Why something was rejected"), required=False)
    facility = forms.CharField(
        label=_("Facility"), required=False, max_length=200, help_text=_("Only where it is not the announced one.")
    )
    operation = Choice(label=_("Operation"), required=False, choices=_CODES, empty=_("as announced"))
    expected_on = Day(label=_("Approximate day of recovery or disposal"), required=False)
    signed_by = _signed(_("Signed by"))


class CompleteForm(ActForm):
    """An interim or final operation on what was accepted."""

    code = Choice(label=_("Operation"), choices=_CODES)
    final = YesNo(_("Final: the waste ends here"), _("Interim: it goes on to another operation"), label=_("Kind"))
    after = Choice(label=_("On what an earlier operation passed on"), required=False)
    facility = forms.CharField(label=_("Facility"), max_length=200)
    input_kg = Mass(label=_("Taken in (kg)"))
    output_kg = Mass(label=_("Passed on (kg)"), initial="0", help_text=_("What goes on to another operation."))
    loss_kg = Mass(label=_("Declared loss (kg)"), initial="0", help_text=_("Moisture, dust and the like."))
    at = Moment()
    certified_by = _signed(_("Certificate signed by"))
    certified_on = Day(label=_("Day of the certificate"), required=False, help_text=_("Left empty, it is today."))
    follows = forms.BooleanField(
        label=_("The certificate comes later"), required=False,
        help_text=_("It counts only once every accepted kilogram is accounted for."),
    )  # fmt: skip

    def prepare(self) -> None:
        interim = self.row.operations.filter(final=False).order_by("at")
        self.fields["after"].choices = [  # type: ignore[attr-defined]
            ("", _("on what was accepted")),
            *((one.reference, f"{one.code} {one.facility}, {one.output_kg} kg") for one in interim),
        ]
        self.fields["facility"].initial = alternatives.own_facility(self.row).get("name", "")
        self.fields["code"].initial = alternatives.own_operation(self.row)

    @property
    def given(self) -> dict[str, Any]:
        said = super().given
        later = said.pop("follows")
        return {**said, "certified": not later}


class CertifyForm(ActForm):
    """The certificate of what is completed already."""

    certified_by = _signed(_("Certificate signed by"))
    certified_on = Day(label=_("Day of the certificate"), required=False, help_text=_("Left empty, it is today."))


class CorrectForm(ActForm):
    """What was recorded wrongly: the figures as they should be."""

    loaded_kg = Mass(label=_("Loaded (kg)"), required=False)
    received_kg = Mass(label=_("Received (kg)"), required=False)
    accepted_kg = Mass(label=_("Accepted (kg)"), required=False)
    rejected_kg = Mass(label=_("Rejected (kg)"), required=False)
    loaded_basis = Choice(label=_("Basis of what was loaded"), required=False, choices=bases.NAMES.items())
    received_basis = Choice(label=_("Basis of what was received"), required=False, choices=bases.NAMES.items())
    reason = Reason(label=_("What is wrong, and why"))

    FIGURES = ("loaded_kg", "received_kg", "accepted_kg", "rejected_kg", "loaded_basis", "received_basis")

    def prepare(self) -> None:
        for name in self.FIGURES:
            value = getattr(self.row, name)
            if value is None or getattr(self.row, name.replace("_basis", "_kg")) is None:
                del self.fields[name]
            else:
                self.fields[name].initial = value

    @property
    def changes(self) -> dict[str, str]:
        """The figures that were changed."""
        return {
            name: self.cleaned_data[name]
            for name in self.FIGURES
            if name in self.fields and self.cleaned_data[name] and name in self.changed_data
        }


class AnswerForm(ActForm):
    """This State's answer to another's correction."""

    approved = YesNo(_("We agree"), _("We do not agree"), label=_("Answer"))
    reason = Reason(label=_("Reason, where you do not agree"), required=False)
