"""The steps of the wizard: which fields of the document each holds, as forms and rows of forms.

A step is read part by part: what is right is kept, what is wrong is said at its field and leaves the rest alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tidegate.movements import bases, codes, guard, languages
from tidegate.movements.forms.fields import Count, Day, Exact, Items, Line, Marks, Stated, Tri, Words
from tidegate.screening.shipment import FIELDS as LOAD_FIELDS


def translation_of(label: Any) -> Any:
    """The label of the field below a text, for its translation."""
    return format_lazy("{} ({})", label, _("translation"))


class LanguageForm(forms.Form):
    """In which languages the texts of the document are given."""

    language = forms.ChoiceField(label=_("Language of the texts (binding)"), choices=languages.choices, required=False)
    second_language = forms.ChoiceField(
        label=_("Language of the translations"), choices=languages.choices, required=False
    )


class PartyForm(forms.Form):
    registration = Line(_("Registration number"))
    name = Line(_("Name"))
    address = Words(_("Address"), rows=2)
    contact = Line(_("Contact"))
    telephone = Line(_("Telephone"))
    fax = Line(_("Fax"))
    email = Line(_("E-mail"))


class GeneratorForm(PartyForm):
    site = Words(_("Site"), rows=2)
    process = Words(_("Process in which the waste arose"), rows=2)
    process_second = Words(translation_of(_("Process in which the waste arose")), rows=2)


class FacilityForm(PartyForm):
    site = Words(_("Actual site"), rows=2)


class FurtherFacilityForm(FacilityForm):
    interim = forms.BooleanField(label=_("For an interim operation"), required=False)


class CarrierForm(PartyForm):
    means = Marks(_("Means of transport"), codes.TRANSPORT.items())


class WasteForm(forms.Form):
    designation = Words(_("What the waste is called"), rows=2)
    designation_second = Words(translation_of(_("What the waste is called")), rows=2)
    physical = Marks(_("Physical characteristics"), codes.PHYSICAL.items())
    physical_other = Line(_("Other characteristics"))
    physical_other_second = Line(translation_of(_("Other characteristics")))


class ConstituentForm(forms.Form):
    name = Line(_("Constituent"))
    percent = Exact(_("Per cent of mass"))
    hazardous = Tri(_("Hazardous"))


class CodesForm(forms.Form):
    basel = Items(_("(i) Basel, Annex VIII or IX"), help_text=_("Such as Y48, A3210, B3011."))
    oecd = Items(_("(ii) OECD"))
    ec_list = Items(_("(iii) List of the European Union"))
    national_export = Items(_("(iv) National code, State of export"))
    national_import = Items(_("(v) National code, State of import"))
    other = Items(_("(vi) Other"), upper=False)
    y = Items(_("(vii) Y-code"))
    h = Items(_("(viii) H-code"))
    un_class = Items(_("(ix) UN class"))
    un_number = Items(_("(x) UN number"))
    un_name = Items(_("(xi) UN shipping name"), upper=False)
    hs = Items(_("(xii) Customs code (HS)"), help_text=_("Such as 3915.90."))


class LoadForm(forms.Form):
    """What the law is asked about: facts, not papers. What is not known stays not known."""

    waste = Tri(_("Is it waste?"))
    hazardous = Tri(_("Is it hazardous (Annex I and III)?"))
    halogenated = Tri(_("Are halogenated polymers in it?"))
    contamination_pct = Exact(_("Contamination, per cent of mass"))


class PolymerForm(forms.Form):
    polymer = Line(_("Polymer"), max_length=24, help_text=_("Such as PE, PP, PET, PVC."))
    percent = Exact(_("Per cent of mass"))


class QuantityForm(forms.Form):
    multiple = forms.BooleanField(label=_("Several shipments"), required=False)
    shipments = Count(_("Intended number of shipments"))
    quantity_kg = Exact(_("Intended quantity (kg)"))
    basis = forms.ChoiceField(label=_("Basis of the mass"), choices=list(bases.NAMES.items()), initial=bases.NET)
    quantity_m3 = Exact(_("Intended volume (m³)"))
    first_departure = Day(_("First departure"))
    last_departure = Day(_("Last departure"))


class PackingForm(forms.Form):
    packaging = Marks(_("Packaging"), codes.PACKAGING.items())
    packaging_other = Line(_("Other packaging"))
    packaging_other_second = Line(translation_of(_("Other packaging")))
    special_handling = Tri(_("Does it need special handling?"))
    handling = Words(_("Special handling"), rows=2)
    handling_second = Words(translation_of(_("Special handling")), rows=2)


class OperationForm(forms.Form):
    disposal = forms.BooleanField(label=_("For disposal (D codes), not for recovery"), required=False)
    preconsented = forms.BooleanField(label=_("The facility is pre-consented"), required=False)
    operations = Marks(_("Operations"), codes.OPERATIONS.items())
    technology = Words(_("Technology employed"), rows=2)
    technology_second = Words(translation_of(_("Technology employed")), rows=2)
    reason_for_export = Words(_("Reason for export"), rows=2)
    reason_for_export_second = Words(translation_of(_("Reason for export")), rows=2)


_POINTS = _("Several possible points have semicolons between them; each shipment says which it takes.")


class EndForm(forms.Form):
    """The State of export: fixed by where it is notified."""

    authority_code = Line(_("Authority's code number"), max_length=32)
    exit = Line(_("Point of exit"), max_length=120, help_text=_POINTS)


class TransitForm(forms.Form):
    state = Stated(_("State of transit"))
    authority_code = Line(_("Authority's code number"), max_length=32)
    entry = Line(_("Point of entry"), max_length=120, help_text=_POINTS)
    exit = Line(_("Point of exit"), max_length=120, help_text=_POINTS)
    place = Count(_("Order"), help_text=_("1 is passed first."))


class ArrivalForm(forms.Form):
    state = Stated(_("State of import"))
    authority_code = Line(_("Authority's code number"), max_length=32)
    entry = Line(_("Point of entry"), max_length=120, help_text=_POINTS)


class CustomsForm(forms.Form):
    entry = Line(_("Customs office of entry"))
    exit = Line(_("Customs office of exit"))
    export = Line(_("Customs office of export"))


class AnnexForm(forms.Form):
    annexes = Count(_("Number of annexes"), least=0, help_text=_("0 for none."))
    remarks = Words(_("Remarks"), rows=2)
    remarks_second = Words(translation_of(_("Remarks")), rows=2)


class DeclarationForm(forms.Form):
    made = forms.BooleanField(
        label=_("The information is complete and correct to the best of our knowledge; contracts are in force, and "
                "insurance or other guarantees are or will be."),
        required=False,
    )  # fmt: skip
    name = Line(_("Name"))
    day = Day(_("Date"))


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Part:
    """A part of a step: one form, or rows of one. `key` is the field of the document, "" where the form's own fields
    are fields of the document."""

    key: str
    title: Any
    form: type[forms.Form]
    hint: Any = ""
    rows: bool = False
    row_title: Any = ""
    bound: list[Any] = field(default_factory=list)
    extra: int = 0

    @property
    def prefix(self) -> str:
        return self.key or self.form.__name__.removesuffix("Form").lower()

    @property
    def count(self) -> int:
        return len(self.bound)

    def numbered(self) -> list[tuple[int, forms.Form]]:
        """The forms of the rows, from 1."""
        return list(enumerate(self.bound, 1))

    @property
    def wrong(self) -> bool:
        """Whether something in it cannot be read."""
        return any(one.errors for one in self.bound if one.is_bound)


ROWS_AT_MOST = 40


def _bind(part: Part, content: Mapping[str, Any], data: Mapping[str, Any] | None) -> None:
    initial = content if part.key == "" else content.get(part.key)
    if not part.rows:
        part.bound = [part.form(data, prefix=part.prefix, initial=dict(initial or {}))]
        return
    started = list(initial or [])
    if data is None:
        count = max(len(started), 1)
    else:
        try:
            count = int(data.get(f"{part.prefix}-rows") or 1)
        except ValueError:
            count = 1
        if data.get("add") == part.prefix:
            count += 1
    count = min(max(count, 1), ROWS_AT_MOST)
    part.bound = [
        part.form(
            data if data is None or f"{part.prefix}.{n}-seen" in data else None,
            prefix=f"{part.prefix}.{n}",
            initial=started[n] if n < len(started) else {},
        )
        for n in range(count)
    ]


def _value(part: Part, data: Mapping[str, Any]) -> Any:
    """What a part says; raises nothing: `part.wrong` says whether it may be kept."""
    if not part.rows:
        form = part.bound[0]
        form.is_valid()
        return form.cleaned_data
    found = []
    for n, form in enumerate(part.bound):
        if not form.is_bound or data.get(f"{part.prefix}.{n}-gone"):
            continue
        form.is_valid()
        if any(value not in (None, "", [], False) for name, value in form.cleaned_data.items() if name != "place"):
            found.append(form.cleaned_data)
    return found


class Step:
    """A step of the wizard: parts in order. `content()` is what of it can be kept."""

    name = ""
    title: Any = ""
    icon = "file-text"
    # Whether the law's answer stands beside it, and whether what is said in it can change that answer.
    asks_law = False

    def __init__(
        self,
        content: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        *,
        home: str = "",
        asked: Sequence[str] = (),
    ):
        self.given, self.data, self.home = content, data, home
        # The facts that the law asks next: as the page showed them, where it was filled in.
        self.asked = list(asked) if data is None else [name for name in str(data.get("asked", "")).split(",") if name]
        self.parts = list(self.make())
        for part in self.parts:
            _bind(part, self.started(), data)

    def make(self) -> Sequence[Part]:
        raise NotImplementedError

    def started(self) -> Mapping[str, Any]:
        """What the parts begin with."""
        return self.given

    def content(self) -> dict[str, Any]:
        """What was said, part by part; a part in which something is wrong is left out, but for its right fields."""
        said: dict[str, Any] = {}
        data = self.data or {}
        for part in self.parts:
            value = _value(part, data)
            if part.rows and part.wrong:
                continue
            if part.key == "":
                said.update(value)
            elif part.rows:
                said[part.key] = value
            else:
                said[part.key] = {**(self.given.get(part.key) or {}), **value}
        return emptied(said)

    @property
    def wrong(self) -> list[tuple[str, str, str]]:
        """(id of the control, label, what is wrong) of every field that cannot be read."""
        return [
            (bound.id_for_label, str(bound.label), str(error))
            for part in self.parts
            for form in part.bound
            if form.is_bound
            for bound in form
            for error in bound.errors
        ]

    def refused(self, path: str, text: str) -> bool:
        """Put a refusal at the field that it is about; whether there is one."""
        head, _dot, rest = path.partition(".")
        for part in self.parts:
            form, name = None, ""
            if part.key == "" and head in part.form.base_fields:
                form, name = part.bound[0], head
            elif part.key == head and not part.rows:
                form, name = part.bound[0], rest.partition(".")[0]
            elif part.key == head:
                number, _dot, name = rest.partition(".")
                form = part.bound[int(number)] if number.isdigit() and int(number) < len(part.bound) else part.bound[0]
            if form is not None and form.is_bound:
                form.add_error(name if name in form.fields else None, text)
                return True
        return False


EMPTY_IS_NONE = frozenset({"percent", "day", "quantity_kg", "quantity_m3", "first_departure", "last_departure"})


def emptied(said: Any) -> Any:
    """The same, with nothing in the place of an empty figure or day."""
    if isinstance(said, dict):
        return {key: None if value == "" and key in EMPTY_IS_NONE else emptied(value) for key, value in said.items()}
    return [emptied(one) for one in said] if isinstance(said, list) else said


class Parties(Step):
    name, title, icon = "parties", _("Parties"), "users"

    def make(self) -> Sequence[Part]:
        return (
            Part("", _("Languages of the texts"), LanguageForm, _(
                "The texts that you write bind in the language in which you write them. A translation can stand below "
                "each; one that is left out is shown as missing.")),
            Part("exporter", _("Exporter or notifier"), PartyForm),
            Part("importer", _("Importer or consignee"), PartyForm, _(
                "The registration number in the State of import lets the consignee see the case there.")),
            Part("generators", _("Waste generators"), GeneratorForm, rows=True, row_title=_("Generator")),
        )  # fmt: skip


class Waste(Step):
    name, title, icon, asks_law = "waste", _("Waste"), "flask", True

    def make(self) -> Sequence[Part]:
        self.facts = facts_form(self.given.get("load") or {}, self.asked)
        return (
            Part("", _("Waste"), WasteForm),
            Part("composition", _("Composition"), ConstituentForm, rows=True, row_title=_("Constituent")),
            Part("codes", _("Identification"), CodesForm, _("Several codes with commas between them.")),
            Part("load", _("What the law asks about"), LoadForm, _(
                "Facts about the load. They decide what the law says; the codes above are what the papers say.")),
            Part("polymers", _("Polymers"), PolymerForm, rows=True, row_title=_("Polymer")),
            Part("facts", _("What turns the answer"), self.facts, _(
                "The law's answer depends on these. Answer what is known; leave the rest.")),
        )  # fmt: skip

    def started(self) -> Mapping[str, Any]:
        load = self.given.get("load") or {}
        polymers = [{"polymer": name, "percent": share} for name, share in (load.get("polymers") or {}).items()]
        return {**self.given, "polymers": polymers, "facts": facts_of(load)}

    def content(self) -> dict[str, Any]:
        said = super().content()
        load = dict(self.given.get("load") or {})
        load.update(_known(said.pop("load", {}), LoadForm))
        polymers = said.pop("polymers", None)
        if polymers is not None:
            load["polymers"] = {row["polymer"].upper(): row["percent"] for row in polymers if row["polymer"]}
        for name, value in said.pop("facts", {}).items():
            _put_fact(load, name, value)
        said["load"] = {name: value for name, value in load.items() if value not in (None, "", {}, [])}
        return said


class Quantities(Step):
    name, title, icon, asks_law = "quantities", _("Quantity and period"), "calendar", True

    def make(self) -> Sequence[Part]:
        return (Part("", _("Quantity and period"), QuantityForm),)


class Carriers(Step):
    name, title, icon = "carriers", _("Carriers and packaging"), "truck"

    def make(self) -> Sequence[Part]:
        return (
            Part("carriers", _("Intended carriers"), CarrierForm, rows=True, row_title=_("Carrier")),
            Part("", _("Packaging and handling"), PackingForm),
        )


class FacilityStep(Step):
    name, title, icon, asks_law = "facility", _("Facility and operation"), "building-factory-2", True

    def make(self) -> Sequence[Part]:
        return (
            Part("facility", _("Disposal or recovery facility"), FacilityForm),
            Part("further_facilities", _("Further facilities"), FurtherFacilityForm, _(
                "Where a shipment may go instead, or before. Each shipment says where it goes."),
                rows=True, row_title=_("Further facility")),
            Part("", _("Operation"), OperationForm),
        )  # fmt: skip


class Route(Step):
    name, title, icon, asks_law = "route", _("Route"), "route", True

    def make(self) -> Sequence[Part]:
        return (
            Part("export", _("State of export"), EndForm),
            Part("transit", _("States of transit"), TransitForm, _(
                "In the order in which they are passed. Each change asks the law again whose consent is needed."),
                rows=True, row_title=_("State of transit")),
            Part("import", _("State of import"), ArrivalForm),
            Part("customs", _("Customs offices"), CustomsForm),
        )  # fmt: skip

    def started(self) -> Mapping[str, Any]:
        stops = self.given.get("route") or []
        at: dict[str, Any] = {stop["role"]: stop for stop in stops if stop["role"] != "transit"}
        transit = [{**stop, "place": n} for n, stop in enumerate((s for s in stops if s["role"] == "transit"), 1)]
        return {**self.given, **at, "transit": transit}

    def content(self) -> dict[str, Any]:
        said = super().content()
        if "transit" not in said:  # a row cannot be read: the route stays as it was
            return {"customs": said["customs"]}
        start, end = said["export"], said["import"]
        stops = [_stop(self.home, "export", {**start, "entry": ""})]
        rows = [row for row in said["transit"] if row.get("state")]
        rows.sort(key=lambda row: row.get("place") or ROWS_AT_MOST)
        stops += [_stop(row["state"], "transit", row) for row in rows]
        if end.get("state"):
            stops.append(_stop(end["state"], "import", {**end, "exit": ""}))
        return {"route": stops, "customs": said["customs"]}


def _stop(state: str, role: str, said: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: said.get(name) or "" for name in ("authority_code", "entry", "exit")}
    return {"state": state, "role": role, **kept}


class Declare(Step):
    """The last of what the notifier says; shown with the review."""

    name, title, icon = "review", _("Review and submit"), "checklist"

    def make(self) -> Sequence[Part]:
        return (
            Part("", _("Annexes and remarks"), AnnexForm),
            Part("exporter_declaration", _("Declaration of the exporter"), DeclarationForm),
            Part("generator_declaration", _("Declaration of the generator"), DeclarationForm),
        )


# ── facts that the law asks for ──────────────────────────────────────────────────────────────────────────────

ASKED_AT_MOST = 12
ELSEWHERE = frozenset(
    "waste hazardous halogenated contamination_pct polymers export import transit origin date events net_kg hs "
    "declared_entry operation description documents containers facts id".split()
)


def facts_form(load: Mapping[str, Any], asked: Sequence[str]) -> type[forms.Form]:
    """A form of the facts that are answered already and of those that the law asks next."""
    book = guard.book()
    names = list(facts_of(load))
    names += [name for name in asked[:ASKED_AT_MOST] if name not in names]
    made: dict[str, forms.Field] = {}
    for name in names:
        scope, _dot, short = name.rpartition(".")
        record = book.facts.get(short)
        if record is None or short in ELSEWHERE:
            continue
        label = gettext(record.label) + (f" ({scope})" if scope else "")
        hint = " ".join(filter(None, [gettext(record.meaning), gettext(record.unit)]))
        made[name] = _fact_field(record, label, hint)
    return type("FactsForm", (forms.Form,), made)


def _fact_field(record: Any, label: str, hint: str) -> forms.Field:
    if record.type == "bool":
        return Tri(label, help_text=hint)
    if record.type == "number":
        return Exact(label, help_text=hint, places=9)
    if record.type == "date":
        return Day(label, help_text=hint)
    if record.type == "list":
        return Items(label, help_text=hint)
    if record.values:
        choices = [("", _("Not known")), *((value, gettext(str(value))) for value in record.values)]
        return forms.ChoiceField(label=label, help_text=hint, required=False, choices=choices)
    return Line(label, help_text=hint)


def facts_of(load: Mapping[str, Any]) -> dict[str, Any]:
    """The answered facts of a load by name; those of one layer as `VN:transit.enters_territory`."""
    found = {name: value for name, value in load.items() if name in LOAD_FIELDS and name not in ELSEWHERE}
    for name, value in (load.get("facts") or {}).items():
        if isinstance(value, Mapping):
            found.update({f"{name}.{inner}": one for inner, one in value.items()})
        else:
            found[name] = value
    return found


def _put_fact(load: dict[str, Any], name: str, value: Any) -> None:
    empty = value in (None, "", [])
    if name in LOAD_FIELDS:
        load[name] = None if empty else value
        return
    scope, _dot, short = name.rpartition(".")
    facts = dict(load.get("facts") or {})
    inner = dict(facts.get(scope) or {}) if scope else facts
    inner.pop(short, None)
    if not empty:
        inner[short] = value
    if scope:
        facts[scope] = inner
        if not inner:
            del facts[scope]
    load["facts"] = facts


def _known(said: Mapping[str, Any], form: type[forms.Form]) -> dict[str, Any]:
    return {name: None if said.get(name) == "" else said.get(name) for name in form.base_fields if name in said}


STEPS: tuple[type[Step], ...] = (Parties, Waste, Quantities, Carriers, FacilityStep, Route)
# In which step each field of the document stands; the papers and files have steps of their own.
STEP_OF: Mapping[str, str] = {
    "language": "parties", "second_language": "parties",
    "exporter": "parties", "importer": "parties", "generators": "parties", "designation": "waste",
    "composition": "waste", "physical": "waste", "physical_other": "waste", "codes": "waste", "load": "waste",
    "multiple": "quantities", "shipments": "quantities", "quantity_kg": "quantities", "basis": "quantities",
    "quantity_m3": "quantities",
    "first_departure": "quantities", "last_departure": "quantities", "carriers": "carriers", "packaging": "carriers",
    "packaging_other": "carriers", "special_handling": "carriers", "handling": "carriers", "facility": "facility",
    "further_facilities": "facility", "disposal": "facility", "preconsented": "facility", "operations": "facility",
    "technology": "facility", "reason_for_export": "facility", "route": "route", "customs": "route",
    "contract": "papers", "guarantee": "papers", "annexes": "review", "remarks": "review",
    "exporter_declaration": "review", "generator_declaration": "review",
}  # fmt: skip


def control_of(path: str, stops: int = 0) -> str:
    """The id of the control in which a field of the document is filled in: for links from a problem to its field.

    `stops` is the number of States on the route."""
    head, _dot, rest = path.partition(".")
    if head == "route":
        number, _dot, name = rest.partition(".")
        at = int(number) if number.isdigit() else stops - 1
        if at == 0:
            return f"id_export-{name or 'exit'}"
        return f"id_transit.{at - 1}-{name or 'state'}" if at < stops - 1 else f"id_import-{name or 'state'}"
    step = STEP_OF.get(head.removesuffix(languages.SECOND))
    if step is None:
        return ""
    table: Sequence[type[Step]] = (*STEPS, Declare)
    for made in table:
        if made.name != step:
            continue
        for part in made({}).parts:
            if part.key == "" and head in part.form.base_fields:
                return f"id_{part.prefix}-{head}"
            if part.key == head and part.rows:
                number, _dot, name = rest.partition(".")
                return f"id_{part.prefix}.{number or 0}-{name or next(iter(part.form.base_fields))}"
            if part.key == head:
                return f"id_{part.prefix}-{rest.partition('.')[0] or next(iter(part.form.base_fields))}"
    return ""
