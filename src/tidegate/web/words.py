"""The words that pages use for the values of a decision: one place, so that every page says the same.

Values are those of the data contract (outcomes, regimes, effects, layers, confidence); nothing here
knows a State, a rule or a limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy, trans_real
from django.utils.translation import gettext_lazy as _

from tidegate.formats import messages as reading
from tidegate.parties import figures
from tidegate.screening import messages

Text = str | Promise


@dataclass(frozen=True)
class Tone:
    """How a verdict looks and reads: CSS tone, icon of the sprite, short word, headline."""

    key: str
    icon: str
    word: Text
    headline: Text


TONES: Mapping[str, Tone] = {
    "prohibited": Tone("prohibited", "ban", pgettext_lazy("verdict", "Prohibited"), _("This may not move")),
    "undetermined": Tone(
        "undetermined",
        "help-circle",
        pgettext_lazy("verdict", "Undetermined"),
        _("More has to be known first"),
    ),
    "needs": Tone(
        "needs",
        "file-certificate",
        pgettext_lazy("verdict", "Papers needed"),
        _("This may move, with these papers"),
    ),
    # A clear answer with checks left is a verdict of its own, so that no page can show it as plain green.
    "verify": Tone(
        "verify",
        "eye-search",
        pgettext_lazy("verdict", "Clear on paper"),
        _("Clear on paper; still to check"),
    ),
    "clear": Tone("clear", "circle-check", pgettext_lazy("verdict", "Clear"), _("This may move; no paper is missing")),
    "error": Tone("quiet", "alert-circle", pgettext_lazy("verdict", "Not decided"), _("Not decided")),
}


def tone(outcome: str | None, verify: Any = ()) -> Tone:
    """The tone of an outcome. `verify`: the decision's list or its length; anything true: checks are left."""
    if outcome == "clear" and verify:
        return TONES["verify"]
    return TONES.get(outcome or "error", TONES["error"])


REGIMES: Mapping[str, tuple[Text, Text]] = {
    "no_basel_control": (
        _("No consent procedure"),
        _("International law asks for no prior consent; general duties to inform may remain."),
    ),
    "pic_required": (
        _("Prior informed consent"),
        _("The States of export, import and transit have to consent in writing before the shipment starts."),
    ),
    "prohibited": (_("Prohibited"), _("International or regional law forbids this movement.")),
    "displaced_art11": (
        _("Other agreement applies"),
        _("An agreement under Article 11 of the Convention takes the place of its own procedure."),
    ),
}


def answer(value: str | None) -> str:
    """What a question decides: an outcome or a regime in words, an entry by its code."""
    if value is None:
        return gettext(messages.NO_ENTRY)
    if value in ("prohibited", "undetermined", "needs", "clear"):
        return str(tone(value, verify=True).word).lower()  # clear on paper: checks may be left
    return str(REGIMES[value][0]).lower() if value in REGIMES else value


EFFECTS: Mapping[str, tuple[str, Text]] = {
    "prohibit": ("prohibited", pgettext_lazy("effect of a rule", "Prohibits")),
    "require": ("needs", pgettext_lazy("effect of a rule", "Requires")),
    "standard": ("quiet", pgettext_lazy("effect of a rule", "Sets a standard")),
    "allow": ("quiet", pgettext_lazy("effect of a rule", "Allows")),
}

ROLES: Mapping[str, Text] = {
    "export": pgettext_lazy("role of a State", "export"),
    "import": pgettext_lazy("role of a State", "import"),
    "transit": pgettext_lazy("role of a State", "transit"),
}

LAYERS: Mapping[str, Text] = {
    "basel": _("Basel Convention"),
    "oecd": _("OECD Decision"),
    "eu": _("European Union"),
    "waigani": _("Waigani Convention"),
    "art11": _("Article 11 agreements"),
    "antarctic": _("Antarctic area"),
}

WHY_MISSING: Mapping[str, Text] = {
    "not held": _("not held"),
    "expired": _("expired on the day"),
    "wrong standard": _("of another standard than the one that applies"),
    "too small": _("too small"),
}

STATUSES: Mapping[str, Text] = {
    "gazetted": pgettext_lazy("status of a rule", "In force, published in the gazette"),
    "administrative": pgettext_lazy("status of a rule", "Administrative practice"),
    "announced": pgettext_lazy("status of a rule", "Announced"),
    "draft": pgettext_lazy("status of a rule", "Draft"),
}

# What a decision writes as the status of an alert, beside those of the rules themselves.
ALERTS: Mapping[str, Text] = {
    **STATUSES,
    "gazetted, not to be used alone": _("In force, but not to be relied on alone"),
    "confidence low": _("In force as far as was seen; the source is weak"),
    "evidence": _("From the papers"),
    "register": _("From the register"),
    "failed": _("Could not be evaluated"),
}

EVENTS: Mapping[str, Text] = {
    "declared": _("Declared on"),
    "departed": _("Departed on"),
    "bill_of_lading": _("Bill of lading of"),
    "arrived": _("Arrived on"),
    "import_completed": _("Import completed on"),
}

KNOWN_BY: Mapping[str, Text] = {
    "register": _("ask the register or the issuing authority"),
    "inspection": _("show by inspection"),
    "document": _("show by the papers"),
    "declaration": _("ask the declarant"),
}


class InLanguage(str):
    """A text that knows its language (`lang`): that of the page, or English where no translation is held.

    Escaped like any other text. A template puts ``lang`` on the element that holds it by ``{{ text|lang }}``, or has a
    `span` around it by ``{{ text|spoken }}``.
    """

    lang: str

    def __new__(cls, text: str, lang: str) -> InLanguage:
        made = super().__new__(cls, text)
        made.lang = lang
        return made


def book_text(text: str | None) -> InLanguage:
    """A text of the rulebook or of the core in the reader's language, where a translation of it exists."""
    said = re.sub(r"`([^`]*)`", r"“\1”", translated(text)) if text else ""
    return InLanguage(said, _language_of(text or ""))


def translated(text: str) -> str:
    """The translation of a text of the rulebook, or of a sentence that the core put together; else the text."""
    if text and not _held(text) and (made := _parts(text)):
        message, values = made
        return gettext(message) % {
            # A list of values holds codes, which stay, and words such as "no entry".
            name: ", ".join(translated(part) for part in value.split(", "))
            for name, value in values.items()
        }
    return gettext(text) if text else ""


def sentences(text: str) -> InLanguage:
    """Sentences of a reader joined by "; " (some of them lists by ", "), each in the reader's language."""
    said = [[book_text(one) for one in _listed(part)] for part in text.split("; ")]
    english = any(one.lang == "en" for part in said for one in part)
    return InLanguage("; ".join(", ".join(part) for part in said), "en" if english else figures.page_language())


def _listed(text: str) -> list[str]:
    """The sentences of which a list consists; the text alone where it is one sentence that holds commas."""
    listed = text.split(", ")
    if _held(text) or not all(_held(one) or _parts(one) for one in listed):
        return [text]
    return listed


def refusal(text: str) -> str:
    """Why a file cannot be read, in the reader's language; what the page said in it already stays as it is."""
    return book_text(text) if reading.parts(text) else text


def _parts(text: str) -> tuple[str, dict[str, str]] | None:
    return messages.parts(text) or reading.parts(text)


def _language_of(text: str) -> str:
    """The language in which `book_text` says a text. Codes and figures are in none: they count as the page's."""
    page = figures.page_language()
    if page == "en" or _held(text) or not re.search(r"[a-z]{2}", text):
        return page
    made = _parts(text)
    return page if made and _held(made[0]) else "en"


def _held(text: str) -> bool:
    # gettext gives the text itself both where it has no translation and where that is the same word.
    return text in trans_real.catalog()._catalog  # type: ignore[attr-defined]


def layer_label(layer: str, states: Mapping[str, Any]) -> str:
    """``national:MY:import`` → "Malaysia, import"; ``basel`` → "Basel Convention"."""
    parts = layer.split(":")
    if parts[0] == "national" and len(parts) >= 2:
        name = state_name(parts[1], states)
        role = ROLES.get(parts[2]) if len(parts) > 2 else None
        return f"{name}, {role}" if role else name
    head = str(LAYERS.get(parts[0], parts[0]))
    return ", ".join([head, *(state_name(part, states) if part in states else part for part in parts[1:])])


def state_name(code: str | None, states: Mapping[str, Any]) -> str:
    """The State's name from the rulebook in the reader's language; its code where the book has none."""
    if not code:
        return ""
    state = states.get(code)
    name = getattr(state, "name", None)
    return book_text(name) if isinstance(name, str) and name else code


def confidence_labels(confidence: str | None, dates: str | None) -> list[Text]:
    """What has to stand beside a verdict that a rule of this quality bears; empty when nothing has to."""
    labels: list[Text] = []
    if confidence != "high":
        labels.append(_("not checked against the gazette"))
    if dates == "inferred":
        labels.append(_("date inferred"))
    elif dates == "not_seen":
        labels.append(_("date not seen"))
    return labels


# Codes that the registry lists without words: Annex IV of the Basel Convention, ISO 1043, and a few values.
OPERATIONS: Mapping[str, Text] = {
    "R1": _("use as fuel or to generate energy"),
    "R2": _("solvent reclamation or regeneration"),
    "R3": _("recycling or reclamation of organic substances, plastics among them"),
    "R4": _("recycling or reclamation of metals"),
    "R5": _("recycling or reclamation of other inorganic materials"),
    "R6": _("regeneration of acids or bases"),
    "R7": _("recovery of components used for pollution abatement"),
    "R8": _("recovery of components from catalysts"),
    "R9": _("re-refining or other reuse of used oil"),
    "R10": _("land treatment for the good of agriculture or ecology"),
    "R11": _("use of residues from R1 to R10"),
    "R12": _("exchange of wastes for R1 to R11"),
    "R13": _("storage before R1 to R12"),
    "D1": _("deposit into or onto land"),
    "D2": _("land treatment"),
    "D3": _("deep injection"),
    "D4": _("surface impoundment"),
    "D5": _("specially engineered landfill"),
    "D6": _("release into water other than seas"),
    "D7": _("release into seas or oceans"),
    "D8": _("biological treatment before disposal"),
    "D9": _("physical or chemical treatment before disposal"),
    "D10": _("incineration on land"),
    "D11": _("incineration at sea"),
    "D12": _("permanent storage"),
    "D13": _("blending or mixing before disposal"),
    "D14": _("repackaging before disposal"),
    "D15": _("storage before disposal"),
}
POLYMERS: Mapping[str, Text] = {
    "PE": _("polyethylene"),
    "HDPE": _("high-density polyethylene"),
    "LDPE": _("low-density polyethylene"),
    "PP": _("polypropylene"),
    "PET": _("polyethylene terephthalate"),
    "PS": _("polystyrene"),
    "ABS": _("acrylonitrile butadiene styrene"),
    "PC": _("polycarbonate"),
    "PA": _("polyamide, nylon"),
    "PVC": _("polyvinyl chloride"),
    "PMMA": _("acrylic"),
    "PUR": _("polyurethane"),
    "PTFE": _("polytetrafluoroethylene"),
    "PVDF": _("polyvinylidene fluoride"),
    "urea_formaldehyde_cured": _("urea formaldehyde resin, cured"),
    "phenol_formaldehyde_cured": _("phenol formaldehyde resin, cured"),
    "melamine_formaldehyde_cured": _("melamine formaldehyde resin, cured"),
    "epoxy_cured": _("epoxy resin, cured"),
    "alkyd_cured": _("alkyd resin, cured"),
    "mixed": _("not identified"),
}
_VALUES: Mapping[tuple[str, str], Text] = {
    ("operation", "product"): _("Claimed not to be waste"),
    ("consumer", "pre"): _("From production, never used"),
    ("consumer", "post"): _("Used by consumers"),
    ("processed", "false"): _("Only sorted"),
    ("processed", "False"): _("Only sorted"),
    ("zone", "none"): _("No zone"),
    ("eu_country_control", "pic"): _("Prior informed consent"),
    ("gb_reply_list", "pic"): _("Prior informed consent"),
}


def value_label(fact: str, value: str, book: Any) -> Text:
    """A value of a fact in words."""
    if (fact, value) in _VALUES:
        return _VALUES[fact, value]
    if fact == "operation":
        return f"{value} · {OPERATIONS.get(value, '')}".rstrip(" ·")
    if fact == "material":
        stream = book.streams.get(value)
        return book_text(stream.label if stream else value)
    text = book_text(value)
    return text[:1].upper() + text[1:] if text.islower() else text
