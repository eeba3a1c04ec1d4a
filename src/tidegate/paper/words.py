"""The words that papers, maps and pages use for a decision, in one place.

Every constant is a plain English message id; a caller hands in its `translate` (Django's `gettext` in the
web).
`verdict` is the only place that words an outcome: it never says an unqualified "clear" while anything is left
to check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Translate = Callable[[str], str]


def gettext_noop(message: str) -> str:
    """Marks a message for the translators' catalogue; the text is looked up when it is shown."""
    return message


ROLES: Mapping[str, str] = {
    "export": gettext_noop("Export"),
    "transit": gettext_noop("Transit"),
    "import": gettext_noop("Import"),
}

OUTCOMES: Mapping[str, str] = {
    "prohibited": gettext_noop("Prohibited"),
    "undetermined": gettext_noop("Undetermined"),
    "needs": gettext_noop("Papers needed"),
    "clear": gettext_noop("Clear on paper"),
}

CLASSES: Mapping[str, str] = {  # outcomes as charts count them, strictest first
    "prohibited": OUTCOMES["prohibited"],
    "undetermined": OUTCOMES["undetermined"],
    "needs": OUTCOMES["needs"],
    "clear_to_verify": gettext_noop("Clear on paper, still to check"),
    "clear": gettext_noop("Clear, nothing left to check"),
}

REGIMES: Mapping[str, str] = {
    "no_basel_control": gettext_noop("No consent procedure"),
    "pic_required": gettext_noop("Prior informed consent"),
    "prohibited": gettext_noop("Prohibited"),
    "displaced_art11": gettext_noop("Other agreement applies"),
}

ENTRIES: Mapping[str, str] = {
    "A3210": gettext_noop("hazardous plastic waste"),
    "B3011": gettext_noop("clean plastic waste for recycling"),
    "Y48": gettext_noop("plastic waste that needs consent"),
    "Y46": gettext_noop("household waste"),
    "Y47": gettext_noop("residues from burning household waste"),
    "Y49": gettext_noop("electrical and electronic waste"),
    "A1181": gettext_noop("hazardous electrical and electronic waste"),
    "EU3011": gettext_noop("clean plastic waste within the Union"),
    "EU48": gettext_noop("plastic waste within the Union that needs consent"),
}

LAYERS: Mapping[str, str] = {
    "basel": gettext_noop("Basel Convention"),
    "oecd": gettext_noop("OECD Decision"),
    "eu": gettext_noop("European Union"),
    "waigani": gettext_noop("Waigani Convention"),
    "art11": gettext_noop("Article 11 agreements"),
    "antarctic": gettext_noop("Antarctic Treaty area"),
    "national": gettext_noop("National law"),
}

EFFECTS: Mapping[str, str] = {
    "prohibit": gettext_noop("Prohibits"),
    "require": gettext_noop("Requires"),
    "standard": gettext_noop("Sets a standard"),
    "allow": gettext_noop("Allows"),
}

TO_CHECK = gettext_noop("Still to check")

WHY: Mapping[str, str] = {
    "not held": gettext_noop("not held"),
    "expired": gettext_noop("expired on the day"),
    "wrong standard": gettext_noop("of another standard than the one that applies"),
    "too small": gettext_noop("too small"),
}

CHECKED_BY: Mapping[str, str] = {
    "register": gettext_noop("ask the register or the issuing authority"),
    "inspection": gettext_noop("show by inspection"),
    "document": gettext_noop("show by the papers"),
    "declaration": gettext_noop("ask the declarant"),
}

STATUSES: Mapping[str, str] = {
    "gazetted": gettext_noop("In force, published in the gazette"),
    "administrative": gettext_noop("Administrative practice"),
    "announced": gettext_noop("Announced"),
    "draft": gettext_noop("Draft"),
}

KINDS: Mapping[str, str] = {  # groups of kinds of rule, as a timeline colours them
    "prohibition": gettext_noop("Prohibition"),
    "limit": gettext_noop("Standard, port or quota"),
    "paper": gettext_noop("Paper or inspection"),
    "exemption": gettext_noop("Exemption"),
}

CHART_TEXTS: Mapping[str, str] = {
    "Shipments": gettext_noop("Shipments"),
    "Shipments that it bound": gettext_noop("Shipments that it bound"),
    "today": gettext_noop("today"),
    "Nothing to show": gettext_noop("Nothing to show"),
}

CONFIDENCES: Mapping[str, str] = {
    "high": gettext_noop("high"),
    "medium": gettext_noop("medium"),
    "low": gettext_noop("low"),
}

DATES: Mapping[str, str] = {
    "inferred": gettext_noop("date inferred"),
    "not_seen": gettext_noop("date not seen"),
}


# Fields of a shipment in the order of a record: name, label, unit.
SHIPMENT_FIELDS: Sequence[tuple[str, str, str]] = (
    ("export", gettext_noop("State of export"), ""),
    ("import", gettext_noop("State of import"), ""),
    ("origin", gettext_noop("State of origin"), ""),
    ("operation", gettext_noop("Operation"), ""),
    ("waste", gettext_noop("Waste"), ""),
    ("polymers", gettext_noop("Polymers"), ""),
    ("contamination_pct", gettext_noop("Foreign matter"), "%"),
    ("material", gettext_noop("Other material"), ""),
    ("halogenated", gettext_noop("Halogenated"), ""),
    ("hazardous", gettext_noop("Hazardous"), ""),
    ("annex_i", gettext_noop("Annex I constituents"), ""),
    ("annex_iii", gettext_noop("Annex III characteristics"), ""),
    ("consumer", gettext_noop("Pre- or post-consumer"), ""),
    ("declared_entry", gettext_noop("Entry on the papers"), ""),
    ("hs_edition", gettext_noop("HS edition"), ""),
    ("gross_kg", gettext_noop("Gross mass"), "kg"),
    ("value", gettext_noop("Value"), ""),
    ("currency", gettext_noop("Currency"), ""),
    ("consignor", gettext_noop("Consignor"), ""),
    ("consignee", gettext_noop("Consignee"), ""),
    ("facility", gettext_noop("Facility"), ""),
    ("containers", gettext_noop("Containers"), ""),
    ("consignment", gettext_noop("Consignment"), ""),
    ("events", gettext_noop("Events"), ""),
)
ALWAYS_SHOWN = frozenset(("operation", "polymers", "contamination_pct", "hazardous", "halogenated"))


@dataclass(frozen=True)
class Verdict:
    """An outcome in words.

    `tone` names its colour and shape: the outcome, or `verify` for a clear with checks left, which is never
    green.
    `checks`: what is still to check, each once; they belong to the title of a `verify` and may not be left
    out.
    """

    tone: str
    title: str
    sentence: str
    checks: tuple[str, ...]


def verdict(decision: Mapping[str, Any], translate: Translate = str, fact: Callable[[str], str] = str) -> Verdict:
    """The outcome of a decision in words.

    `fact` gives a fact's label. An outcome that is not one of the contract's four is worded as not yet
    decided: what cannot be read is never shown as clear.
    """
    _ = translate
    tone = str(decision.get("outcome"))
    if tone not in OUTCOMES:
        tone = "undetermined"
    names = dict.fromkeys(str(item.get("fact", "")) for item in decision.get("verify") or ())
    checks = tuple(fact(name) for name in names)
    if tone == "clear" and checks:
        sentence = _("On the facts given, nothing on paper stands against this movement; these points are open.")
        return Verdict("verify", _("Clear on paper; still to check"), sentence, checks)
    sentences = {
        "prohibited": gettext_noop("On the facts given, the law of the day forbids this movement."),
        "undetermined": gettext_noop("Facts are missing that decide whether this movement is lawful."),
        "needs": gettext_noop("This movement may go ahead only once the papers listed below are held."),
        "clear": gettext_noop("On the facts given, nothing on paper stands against this movement."),
    }
    sentence = translate(sentences[tone])
    if checks:
        sentence += " " + _("Points still to check: %(count)s.") % {"count": len(checks)}
    return Verdict(tone, _("Clear" if tone == "clear" else OUTCOMES[tone]), sentence, checks)


def caution(confidence: str | None, dates: str | None, translate: Translate = str) -> list[str]:
    """What stands beside every verdict that a rule bears; empty for a rule read in its gazette."""
    _ = translate
    labels = []
    if confidence != "high":
        labels.append(_("not checked against the gazette"))
    if dates is not None and dates in DATES:
        labels.append(translate(DATES[dates]))
    return labels


def layer_name(layer: str, translate: Translate = str, state: Callable[[str], str] = str) -> str:
    """A layer of the contract in words: `national:MY:import` is "Malaysia, import"."""
    kind, _, rest = layer.partition(":")
    if kind == "national" and rest:
        code, _, role = rest.partition(":")
        word = translate(ROLES[role]) if role in ROLES else role
        return f"{state(code)} · {word}" if word else state(code)
    return translate(LAYERS[kind]) if kind in LAYERS else layer


def joined(items: Sequence[str], translate: Translate = str) -> str:
    """A list in a sentence: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    _ = translate
    return _("%(first)s and %(last)s") % {"first": ", ".join(items[:-1]), "last": items[-1]}
