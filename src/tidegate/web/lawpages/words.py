"""Short names for the values that rules are made of: kinds, events, groups, facts, columns of standards.

A fact, group or value that is not named here (an overlay may bring one) is shown by its own name.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from tidegate.law.wording import fact_name

Text = str | Promise

KINDS: Mapping[str, Text] = {
    "prohibition": pgettext_lazy("kind of rule", "Prohibition"),
    "standard": pgettext_lazy("kind of rule", "Standard"),
    "port": pgettext_lazy("kind of rule", "Place of entry"),
    "quota": pgettext_lazy("kind of rule", "Quota"),
    "licence": pgettext_lazy("kind of rule", "Licence"),
    "certificate": pgettext_lazy("kind of rule", "Certificate"),
    "document": pgettext_lazy("kind of rule", "Document"),
    "inspection": pgettext_lazy("kind of rule", "Inspection"),
    "pic": pgettext_lazy("kind of rule", "Prior consent"),
    "exemption": pgettext_lazy("kind of rule", "Exemption"),
    "regime": pgettext_lazy("kind of rule", "Control"),
}
# Icon of the sprite and tone, as on the check page: what forbids, what asks for papers, what sets a limit.
KIND_LOOKS: Mapping[str, tuple[str, str]] = {
    "prohibition": ("ban", "prohibited"),
    "standard": ("adjustments-horizontal", "sea"),
    "port": ("anchor", "sea"),
    "quota": ("hourglass", "sea"),
    "licence": ("file-certificate", "needs"),
    "certificate": ("file-certificate", "needs"),
    "document": ("file-text", "needs"),
    "inspection": ("zoom-scan", "needs"),
    "pic": ("send", "needs"),
    "exemption": ("circle-check", "clear"),
    "regime": ("scale", "quiet"),
}
REGIME_LOOKS: Mapping[str, tuple[str, str]] = {
    "prohibited": ("ban", "prohibited"),
    "pic_required": ("send", "needs"),
    "no_basel_control": ("circle-check", "quiet"),
}
# What a rule of a kind does, in one sentence.
KIND_TEXTS: Mapping[str, Text] = {
    "prohibition": _("Forbids the movement when scope and conditions are met and no exception is shown."),
    "standard": _("Forbids goods that are known to fail it."),
    "port": _("Forbids a route or place that is known to fail it."),
    "quota": _("Forbids an importer or a mass that is known to fail it."),
    "licence": _("Asks for the papers named, held and valid on the day."),
    "certificate": _("Asks for the papers named, held and valid on the day."),
    "document": _("Asks for the papers named, held and valid on the day."),
    "inspection": _("Asks for the report of an inspection."),
    "pic": _("Asks for written consent before the shipment starts."),
    "exemption": _("Takes other rules out of the way when its conditions are shown."),
    "regime": _("Says which international control the movement is under."),
}
EVENTS: Mapping[str, Text] = {
    "declared": _("the day of the declaration"),
    "departed": _("the day of departure"),
    "bill_of_lading": _("the day of the bill of lading"),
    "arrived": _("the day of arrival"),
    "import_completed": _("the day on which the import is completed"),
}
ROLE_TITLES: Mapping[str, Text] = {
    "import": pgettext_lazy("title", "Import"),
    "export": pgettext_lazy("title", "Export"),
    "transit": pgettext_lazy("title", "Transit"),
}
CONFIDENCES: Mapping[str, Text] = {
    "high": pgettext_lazy("confidence", "high"),
    "medium": pgettext_lazy("confidence", "medium"),
    "low": pgettext_lazy("confidence", "low"),
}
GROUPS: Mapping[str, Text] = {
    "basel_party": _("Parties to the Basel Convention"),
    "plastics_amendments": _("States bound by the plastic waste amendments"),
    "ewaste_amendments": _("States bound by the e-waste amendments"),
    "ban_bound": _("States bound by the Ban Amendment"),
    "annex_vii": _("States of Annex VII"),
    "oecd": _("members of the OECD"),
    "oecd_decision": _("States that take part in the OECD Decision"),
    "eu": _("member States of the European Union"),
    "efta_party": _("EFTA States that are Parties to the Convention"),
    "waigani_island": _("island Parties to the Waigani Convention"),
    "waigani_other": _("Australia and New Zealand as Parties to the Waigani Convention"),
    "forum_island": _("Forum Island Countries"),
    "eu_replied": _("States that answered the Union's questionnaire"),
    "eu_unlisted_reply": _("States that did not answer the Union's questionnaire"),
    "asean": _("member States of ASEAN"),
    "project": _("States of the project"),
    "art11_with_my": _("States with an Article 11 agreement with Malaysia"),
    "art11_with_tw": _("States with an Article 11 agreement with Taiwan"),
}
MEMBER: Mapping[str, Text] = {
    "basel_party": _("Party to the Basel Convention"),
    "plastics_amendments": _("Plastic waste amendments (2021)"),
    "ewaste_amendments": _("E-waste amendments (2025)"),
    "ban_bound": _("Ban Amendment"),
    "annex_vii": _("Annex VII"),
    "oecd": _("OECD member"),
    "oecd_decision": _("OECD Decision on waste"),
    "eu": _("European Union"),
    "efta_party": _("EFTA State and Party to the Convention"),
    "waigani_island": _("Waigani Convention, island Party"),
    "waigani_other": _("Waigani Convention"),
    "forum_island": _("Pacific Islands Forum"),
    "eu_replied": _("Answered the Union's questionnaire"),
    "eu_unlisted_reply": _("Did not answer the Union's questionnaire"),
    "asean": _("ASEAN"),
    "project": _("State of the project"),
}
ENTRY_GROUPS: Mapping[str, Text] = {
    "any": _("any entry"),
    "A-list": _("any entry of list A (hazardous)"),
    "B-list": _("any entry of list B"),
    "controlled": _("any entry under control (list A and Annex II)"),
    "unlisted": _("waste in no list"),
    "hazardous-unlisted": _("hazardous waste in no list"),
}
HS_GROUPS: Mapping[str, Text] = {
    "any": _("any heading"),
    "listed": _("the headings that the State lists"),
}
FACTS: Mapping[str, Text] = {
    "export": _("State of export"),
    "import": _("State of import"),
    "origin": _("State of origin"),
    "transit": _("State of transit"),
    "counterpart": _("the State at the other end"),
    "here": _("this State"),
    "direct_shipment": _("direct shipment"),
    "operation": _("operation"),
    "operation_class": _("operation"),
    "material": _("material"),
    "polymer_mix": _("polymers"),
    "contains": _("contents"),
    "processed": _("processed further than sorting"),
    "temporary_import": _("leaves again in the same container"),
    "personal_use": _("personal use"),
    "entry": _("Basel entry"),
    "consumer": _("origin of the waste"),
    "contamination_pct": _("contamination"),
    "foreign_matter_pct": _("foreign matter"),
    "other_polymer_pct": _("other polymers"),
    "other_listed_hs_pct": _("plastic of other listed codes"),
    "target_purity_pct": _("purity of the target polymer"),
    "household_refuse_pct": _("household refuse"),
    "waste": _("waste"),
    "hazardous": _("hazardous"),
    "halogenated": _("halogenated"),
    "source": _("source"),
    "homogeneous": _("homogeneous"),
    "gate": _("place of entry"),
    "gate_listed": _("place of entry that the rule allows"),
    "zone": _("zone"),
    "form": _("form"),
    "cleaned": _("clean enough to need no more washing"),
    "cut": _("cut or shredded"),
    "used": _("used before"),
    "listed_item": _("on the list that the rule names"),
    "ap_status": _("standing of the Approved Permit"),
    "food_residue": _("food residue"),
    "pests": _("pests"),
    "mould": _("mould"),
    "oil_or_leachate": _("oil or leachate"),
    "radioactivity": _("radioactivity"),
    "infectious": _("infectious or medical waste"),
    "packing": _("secure packing"),
    "plant_on_approved_list": _("plant on the approved list"),
    "new_plant": _("plant licensed after the freeze"),
    "output_exported": _("output of the plant is exported"),
    "hs": _("HS code"),
    "hs_edition": _("HS edition"),
    "own_plant": _("the importer's own plant"),
    "own_use": _("the importer's own use"),
    "importer_type": _("importer"),
    "separable_by_hs": _("sorted by HS code"),
    "qcvn_2024_limits": _("within the limits of QCVN 32:2024"),
    "mode": _("mode of transport"),
    "customs_regime": _("customs procedure"),
    "enters_territory": _("crosses a border gate of this State"),
    "gb_reply_list": _("control on the United Kingdom's list"),
    "quota_left_t": _("quota left"),
    "capacity_left_t": _("capacity left"),
    "export_share_pct": _("share of the output exported"),
    "destination_on_licence": _("destination named on the licence"),
    "separate_recycling": _("each polymer recycled separately"),
    "to_specification": _("prepared to a specification"),
    "storage_steps": _("steps of storage"),
    "r3_documented": _("recycling after storage documented"),
    "storage_conditions": _("fit storage at the plant"),
    "eu_country_control": _("control that the State of destination chose"),
    "eu_listed_country": _("State of destination on the Union's list"),
    "eu_facility_audit": _("audit of the facility"),
    "national_law": _("law of the States concerned"),
    "nz_epa_consent": _("consent of New Zealand's environmental authority"),
    "single_form": _("one form in the whole load"),
    "net_kg": _("net mass"),
    "date": _("day"),
    "declared_entry": _("entry on the papers"),
    "documents": _("papers"),
    "polymers": _("polymers"),
    "annex_i": _("Annex I constituents"),
    "annex_iii": _("Annex III characteristics"),
    "description": _("description"),
}
# What is said where the answer is no: languages deny in more ways than by a word before the noun.
DENIED: Mapping[str, Text] = {
    "direct_shipment": _("not shipped directly"),
    "processed": _("not processed further than sorting"),
    "waste": _("not waste"),
    "hazardous": _("not hazardous"),
    "nationally_hazardous": _("not hazardous by the law of a State on the route"),
    "halogenated": _("not halogenated"),
    "homogeneous": _("not homogeneous"),
    "gate_listed": _("place of entry that the rule does not allow"),
    "cleaned": _("not clean enough to need no more washing"),
    "cut": _("neither cut nor shredded"),
    "used": _("not used before"),
    "packing": _("no secure packing"),
    "plant_on_approved_list": _("plant not on the approved list"),
    "output_exported": _("output of the plant is not exported"),
    "own_plant": _("does not go to the importer's own plant"),
    "own_use": _("not for the importer's own use"),
    "separable_by_hs": _("not sorted by HS code"),
    "qcvn_2024_limits": _("not within the limits of QCVN 32:2024"),
    "eu_listed_country": _("State of destination not on the Union's list"),
    "eu_facility_audit": _("no audit of the facility"),
}
VALUES: Mapping[tuple[str, str], Text] = {
    ("operation", "R"): _("recovery"),
    ("operation", "D"): _("final disposal"),
    ("operation", "product"): _("use as a product"),
    ("consumer", "pre"): _("from production"),
    ("consumer", "post"): _("used by consumers"),
    ("polymer_mix", "single"): _("one polymer"),
    ("polymer_mix", "pe_pp_pet"): _("PE, PP and PET together"),
    ("polymer_mix", "other"): _("another mix than PE, PP and PET"),
    ("zone", "none"): _("no zone"),
}
COLUMNS: Mapping[str, Text] = {
    "foreign_matter_pct": _("Foreign matter"),
    "other_polymer_pct": _("Other polymers"),
    "other_listed_hs_pct": _("Plastic of other listed codes"),
    "target_purity_pct": _("Purity"),
    "polymers": _("Polymers"),
    "form": _("Form"),
    "zero_tolerance": _("Not tolerated at all"),
    "other_conditions": _("Other conditions"),
    "documents": _("Papers"),
    "prohibitions": _("Bars"),
}
UNITS = (("_pct", "%"), ("_kg", "kg"), ("_t", "t"))


def fact(name: str) -> str:
    """A fact as a noun: `foreign_matter_pct` → "foreign matter"."""
    if name in FACTS:
        return str(FACTS[name])
    kind, _colon, rest = name.partition(":")
    return rest if kind == "document" and rest else fact_name(name).rpartition(" (")[0] or fact_name(name)


def denied(name: str) -> str:
    """The same where the answer is no: "not hazardous"."""
    return str(DENIED[name]) if name in DENIED else gettext("not: %(fact)s") % {"fact": fact(name)}


def unit(name: str) -> str:
    """The unit of a fact's figures, from its name; empty when it has none."""
    return next((mark for ending, mark in UNITS if name.endswith(ending)), "")


def group(name: str) -> str:
    """Who belongs to a dated group."""
    return str(GROUPS.get(name, name.replace("_", " ")))


def member(name: str) -> str:
    """What a State of the group is."""
    return str(MEMBER.get(name, capfirst(name.replace("_", " "))))


def value(name: str, given: object) -> str:
    """A value of a fact in words."""
    if given is True:
        return gettext("yes")
    if given is False:
        return gettext("no")
    text = str(given)
    return str(VALUES.get((name, text), gettext(text) if text else ""))
