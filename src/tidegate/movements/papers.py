"""The Basel notification and movement documents as papers: blocks numbered as on the official forms, in two languages.

Both form generations come from one record (`blocks.LAYOUTS`). The block numbers of the movement document are those of
facts/law-international.md 2.5. The record itself travels inside the PDF as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tidegate.movements import alternatives, bases, blocks, codes, conditions, confidential, languages, legs
from tidegate.movements.forms.decision import ground_label
from tidegate.movements.models import GreenShipment, Movement, Notification
from tidegate.paper import Block, form_pdf
from tidegate.parties import figures, journal, times
from tidegate.parties.actors import Actor

LABELS: Mapping[str, Any] = {
    "registration": gettext_lazy("Registration number"),
    "name": gettext_lazy("Name"),
    "address": gettext_lazy("Address"),
    "contact": gettext_lazy("Contact"),
    "telephone": gettext_lazy("Telephone"),
    "fax": gettext_lazy("Fax"),
    "email": gettext_lazy("E-mail"),
    "means": gettext_lazy("Means of transport"),
    "site": gettext_lazy("Site"),
    "process": gettext_lazy("Process"),
    "interim": gettext_lazy("For an interim operation"),
    "number": gettext_lazy("Number"),
    "multiple": gettext_lazy("Several shipments"),
    "disposal": gettext_lazy("For disposal"),
    "preconsented": gettext_lazy("Pre-consented facility"),
    "shipments": gettext_lazy("Shipments"),
    "quantity_kg": gettext_lazy("Mass (kg)"),
    "basis": gettext_lazy("Basis of the mass"),
    "quantity_m3": gettext_lazy("Volume (m³)"),
    "first_departure": gettext_lazy("First departure"),
    "last_departure": gettext_lazy("Last departure"),
    "packaging": gettext_lazy("Packaging"),
    "packaging_other": gettext_lazy("Other packaging"),
    "special_handling": gettext_lazy("Special handling"),
    "handling": gettext_lazy("Handling instructions"),
    "operations": gettext_lazy("Operation"),
    "technology": gettext_lazy("Technology"),
    "reason_for_export": gettext_lazy("Reason for export"),
    "designation": gettext_lazy("Designation"),
    "composition": gettext_lazy("Composition"),
    "physical": gettext_lazy("Physical characteristics"),
    "physical_other": gettext_lazy("Other characteristics"),
    "basel": gettext_lazy("(i) Basel Annex VIII or IX"),
    "oecd": gettext_lazy("(ii) OECD"),
    "ec_list": gettext_lazy("(iii) EC list"),
    "national_export": gettext_lazy("(iv) National code, State of export"),
    "national_import": gettext_lazy("(v) National code, State of import"),
    "other": gettext_lazy("(vi) Other"),
    "y": gettext_lazy("(vii) Y-code"),
    "h": gettext_lazy("(viii) H-code"),
    "un_class": gettext_lazy("(ix) UN class"),
    "un_number": gettext_lazy("(x) UN number"),
    "un_name": gettext_lazy("(xi) UN shipping name"),
    "hs": gettext_lazy("(xii) HS code"),
    "entry": gettext_lazy("Office of entry"),
    "exit": gettext_lazy("Office of exit"),
    "export": gettext_lazy("Office of export"),
    "annexes": gettext_lazy("Annexes"),
    "remarks": gettext_lazy("Remarks"),
    "day": gettext_lazy("Date"),
    "made": gettext_lazy("Declared"),
    "generator_declaration": gettext_lazy("Generator"),
    "exporter_declaration": gettext_lazy("Exporter"),
    "language": gettext_lazy("Language of the texts (binding)"),
    "second_language": gettext_lazy("Language of the translations"),
    "note": gettext_lazy("Note"),
}
# A translation stands below its text, under the name of the text.
LABELS = {
    **LABELS,
    **{name + languages.SECOND: format_lazy("{} ({})", LABELS[name], gettext_lazy("translation"))
       for name in ("process", "packaging_other", "handling", "technology", "reason_for_export", "designation",
                    "physical_other", "remarks", "note")},
}  # fmt: skip
LISTS: Mapping[str, Mapping[str, Any]] = {
    "packaging": codes.PACKAGING,
    "physical": codes.PHYSICAL,
    "operations": codes.OPERATIONS,
    "means": codes.TRANSPORT,
}
DAYS = frozenset({
    "first_departure", "last_departure", "day", "received_on", "sent_on", "decided_on", "valid_from", "valid_until",
})  # fmt: skip
WIDE = frozenset({"composition", "route", "codes", "carriers", "generators", "decisions", "exporter_declaration"})


def notification_pdf(
    notification: Notification,
    reader: Actor | None,
    *,
    language: str = "en",
    second: str = "",
    form_version: str = "",
    url: str | None = None,
) -> bytes:
    """The notification document as the reader may read it, in the form that it was filed in or another.

    `second` is the language that stands beside `language`; left out, the form has one. `url` becomes the QR code.
    """
    content = confidential.content_for(reader, notification)
    version = form_version or content.form_version
    filled = blocks.to_form(content, version)
    with translation.override(language):
        parts = [
            Block(
                number,
                str(label),
                block_lines(fields, filled[number], content.second_language),
                _in(second, label),
                wide=bool(WIDE & {field.split(".")[0] for field in fields}),
            )
            for number, (label, fields) in blocks.LAYOUTS[version].items()
        ]
        return _press(
            parts,
            title=gettext_lazy("Notification document for transboundary movements of waste"),
            kind=_("Notification document"),
            row=notification,
            number=notification.number or notification.case,
            status=notification.get_status_display(),
            second=second,
            language=language,
            url=url,
            data=content.model_dump(mode="json"),
            flags=[("verify", languages.binding(content.language, content.second_language))],
        )


def movement_pdf(
    movement: Movement, reader: Actor | None, *, language: str = "en", second: str = "", url: str | None = None
) -> bytes:
    """The movement document of one shipment (22 blocks), as far as this State's copy knows it and the reader may."""
    notification = movement.notification
    tongues = [str(notification.blocks.get(name) or "") for name in ("language", "second_language")]
    custody = list(movement.custody.all())
    operations = list(movement.operations.all())
    own_operation, way = alternatives.own_operation(movement), alternatives.own_route(movement)
    # A return begins where the load is kept and ends in the State of export.
    ends = (notification.state_export, notification.state_import)
    first, last = (way[0]["state"], way[-1]["state"]) if way else ends
    with translation.override(language):
        said = languages.completed(confidential.shown(reader, notification, notification.blocks), tongues[1])
        particulars = languages.completed({"note_second": "", **movement.particulars}, tongues[1])
        fields: Sequence[tuple[str, Any, list[tuple[str, str]]]] = [
            ("1", gettext_lazy("Notification number"), [("", notification.number or notification.case)]),
            ("2", gettext_lazy("Serial number of the shipment"), [
                ("", f"{movement.serial} / {notification.shipments}")]),
            ("3", gettext_lazy("Exporter or notifier"), _party(said.get("exporter"))),
            ("4", gettext_lazy("Importer or consignee"), _party(said.get("importer"))),
            ("5", gettext_lazy("Actual quantity"), _pairs(
                (_("Loaded (kg)"), bases.words(_text(movement.loaded_kg), movement.loaded_basis)),
                (_("Announced (kg)"), bases.words(_text(movement.announced_kg), notification.basis)),
                (_("Volume (m³)"), _text(movement.volume_m3)))),
            ("6", gettext_lazy("Actual date of shipment"), [("", _text(movement.departed_at or movement.planned_on))]),
            ("7", gettext_lazy("Packaging, number of packages, special handling"), _pairs(
                (_("Packaging"), _coded("packaging", particulars.get("packaging") or said.get("packaging") or [])),
                (_("Number of packages"), _text(movement.packages)), (_("Handling"), str(said.get("handling") or "")),
                (str(LABELS["handling_second"]), str(said.get("handling_second") or "")))),
            ("8", gettext_lazy("Carriers, in order"), [
                line for n, carrier in enumerate(legs.named(movement), 1)
                for line in [(f"{n}", str(carrier.get("name", ""))), *_party(carrier, skip=("name",))]]
                + [(_("Transfer"), _custody(link)) for link in custody if link.kind == "transfer"]),
            ("9", gettext_lazy("Waste generators"), [
                line for one in said.get("generators") or [] for line in _party(one)]),
            ("10", gettext_lazy("Disposal or recovery facility"), _party(alternatives.own_facility(movement))),
            ("11", gettext_lazy("Operation"), [("", _coded("operations", _operations(movement)))]),
            ("12", gettext_lazy("Designation and composition"), _pairs(
                ("", str(said.get("designation") or "")),
                (str(LABELS["designation_second"]), str(said.get("designation_second") or "")),
                (_("Composition"), _value("composition", said.get("composition") or [])))),
            ("13", gettext_lazy("Physical characteristics"), [("", _coded("physical", said.get("physical") or []))]),
            ("14", gettext_lazy("Waste identification"), _lines("codes", said.get("codes") or {})),
            ("15", gettext_lazy("Declaration of the exporter"), _lines(
                "exporter_declaration", said.get("exporter_declaration") or {})),
            ("16", gettext_lazy("Additional information"), _pairs(
                (_("Containers"), ", ".join(particulars.get("containers") or [])),
                (_("Seals"), ", ".join(particulars.get("seals") or [])),
                (_("Vehicle"), str(particulars.get("vehicle") or "")),
                (_("Points of exit and entry"), " – ".join(alternatives.own_points(movement))),
                (_("Note"), str(particulars.get("note") or "")),
                (str(LABELS["note_second"]), str(particulars.get("note_second") or "")))
                + [(f"{link.state} · {_('Remark')}", f"{link.note} ({_custody(link)})")
                   for link in custody if link.kind == "remark"]),
            ("17", gettext_lazy("Received by the importer, where that is not the facility"), [
                (_("Received"), _custody(link)) for link in custody if link.kind == "consignee"]),
            ("18", gettext_lazy("Received at the facility"), _pairs(
                (_("Arrival"), _text(movement.arrived_at)), (_("Facility"), movement.received_facility),
                (_("Date"), _text(movement.received_at)),
                (_("Received (kg)"), bases.words(_text(movement.received_kg), movement.received_basis)),
                (_("Accepted (kg)"), _text(movement.accepted_kg)), (_("Rejected (kg)"), _text(movement.rejected_kg)),
                (_("Approximate day of recovery or disposal"), _text(movement.expected_on)),
                (_("Operation"), _coded("operations", [movement.received_operation or own_operation])
                 if movement.received_at else ""), (_("Name"), movement.received_by))),
            ("19", gettext_lazy("Recovery or disposal completed"), [
                (f"{one.code} · {one.facility}", f"{_text(one.input_kg)} kg, {_text(one.at)}") for one in operations]
                + _pairs((_("Completed"), _text(movement.completed_at)),
                         (_("Day of the certificate"), _text(movement.certified_on)),
                         (_("Name"), movement.certified_by))),
            ("20", gettext_lazy("Customs of the State of export"), _passages(custody, first)),
            ("21", gettext_lazy("Customs of the State of import"), _passages(custody, last)),
            ("22", gettext_lazy("Customs of the States of transit"), [
                line for stop in way[1:-1] for line in _passages(custody, stop["state"])]),
        ]  # fmt: skip
        parts = [
            Block(number, str(label), lines, _in(second, label), wide=number in ("8", "9", "14", "16", "22"))
            for number, label, lines in fields
        ]
        return _press(
            parts,
            title=gettext_lazy("Movement document for transboundary movements of waste"),
            kind=_("Movement document"),
            row=movement,
            number=f"{notification.number or notification.case} · {movement.serial}",
            status=movement.get_status_display(),
            second=second,
            language=language,
            url=url,
            data={number: lines for number, _label, lines in fields},
            flags=[("verify", languages.binding(*tongues))],
        )


def _press(
    parts: Sequence[Block],
    *,
    title: Any,
    kind: str,
    row: Notification | Movement | GreenShipment,
    number: str,
    status: str,
    second: str,
    language: str,
    url: str | None,
    data: Any,
    flags: Sequence[tuple[str, str]] = (),
) -> bytes:
    made = times.now()
    return form_pdf(
        parts,
        title=str(title),
        kind=kind,
        reference=number,
        subtitle=_("Number %(number)s · copy held by %(state)s") % {"number": number, "state": row.holder.name},
        footer=_("Case %(case)s · revision %(revision)s · made %(time)s UTC")
        % {"case": row.case, "revision": row.revision, "time": figures.moment(made.astimezone(UTC))},
        generated=made,
        second=_in(second, title),
        state=status,
        flags=flags,
        language=language,
        url=url,
        data={"record.json": json.dumps(journal.as_json(data), ensure_ascii=False, indent=1)},
        translate=_translate,
    )


def _translate(text: str) -> str:
    return _(text)


def _in(language: str, label: Any) -> str:
    """The label in the second language; empty without one, and where it is no different."""
    first = str(label)
    if not language:
        return ""
    with translation.override(language):
        other = str(label)
    return "" if other == first else other


def in_words(name: str, value: Any) -> str:
    """One value of a field of the form in words, for pages that show what was said before and after."""
    return _value(name, value)


def block_lines(fields: Sequence[str], filled: Mapping[str, Any], second: str) -> list[tuple[str, str]]:
    """The lines (label, value) of one block of `blocks.to_form` in words. `second`: the language of the translations;
    one that is not there is said to be missing."""
    said = languages.completed(filled, second)
    return [line for field in fields for line in _lines(field, said[field])]


def _lines(field: str, value: Any) -> list[tuple[str, str]]:
    """The lines of one field of a block."""
    name = field.rpartition(".")[2]
    label = str(LABELS.get(name, ""))
    match value:
        case str() if name in ("language", "second_language") and value:
            return [(label, languages.name(value))]
        case [dict(), *_rest] if field == "decisions":
            return [line for n, one in enumerate(value, 1) for line in _decision(n, one)]
        case dict() if field in ("exporter_declaration", "generator_declaration"):
            said = [_value(part, value.get(part) or "") for part in ("name", "day")]
            return [(label, ", ".join(part for part in said if part))]
        case dict():
            return [
                (str(LABELS.get(key, key)), _value(key, one)) for key, one in value.items() if one not in ("", [], None)
            ]
        case [dict(), *_rest] if field == "composition":
            return [(label, _value("composition", value))]
        case [dict(), *_rest]:
            return [
                line
                for n, one in enumerate(value, 1)
                for line in _numbered(n, one)
            ]  # fmt: skip
        case _:
            text = _value(name, value)
            return [(label, text)] if text else []


TERMS = (
    "outcome", "decided_on", "valid_from", "valid_until", "conditional",
)  # fmt: skip


def _decision(n: int, one: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A decision of an authority: its terms, then its texts, each with the translation below."""
    second = one["second_language"]
    lines = _numbered(n, {name: one[name] for name in ("state", *TERMS)})
    texts = [(_("Conditions"), conditions.describe(item), item) for item in one["conditions"]]
    texts += [(_("Grounds"), ": ".join(filter(None, (str(ground_label(item.get("code", ""))), item.get("text")))), item)
              for item in one["grounds"]]  # fmt: skip
    texts.append((_("Remarks"), one["text"], one))
    for label, text, item in texts:
        lines += _pairs((label, text), (f"{label} ({_('translation')})", languages.translated(item, second)))
    if any(text for _label, text, _item in texts):
        lines.append(("", languages.binding(one["language"], second)))
    return lines


def _numbered(n: int, one: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One of several: a party, a State of the route, a decision."""
    if "state" in one:
        rest = [
            f"{LABELS.get(k, k)}: {_value(k, v)}" for k, v in one.items() if k != "state" and v not in ("", [], None)
        ]
        return [(str(n), " · ".join([str(one["state"]), *rest]))]
    return [(str(n), str(one.get("name") or "")), *_party(one, skip=("name",))]


def _party(said: Mapping[str, Any] | None, skip: Sequence[str] = ()) -> list[tuple[str, str]]:
    return [
        (str(LABELS[name]), _value(name, value))
        for name, value in (said or {}).items()
        if name in LABELS and name not in skip and value not in ("", [], None)
    ]


def _pairs(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [pair for pair in pairs if pair[1]]


def _passages(custody: Sequence[Any], state: str) -> list[tuple[str, str]]:
    words: Mapping[str, Callable[[], str]] = {"entry": lambda: _("Entry"), "exit": lambda: _("Exit")}
    return [
        (f"{state} · {words[link.kind]()}", f"{link.place}, {_text(link.at)}")
        for link in custody
        if link.state == state and link.kind in words
    ]


def _custody(link: Any) -> str:
    return ", ".join(part for part in (link.carrier, link.vehicle, link.place, _text(link.at), link.person) if part)


def _operations(movement: Movement) -> list[str]:
    own = movement.particulars.get("operation")
    return [own] if own else alternatives.operations(movement.notification)


def _coded(name: str, values: Sequence[str]) -> str:
    known = LISTS[name]
    if any(isinstance(value, list) for value in values):  # the older form has the means of each carrier in one block
        return "; ".join(_coded(name, value) for value in values)
    return ", ".join(f"{value} {known[value]}" if value in known else str(value) for value in values)


def _value(name: str, value: Any) -> str:
    if isinstance(value, Mapping) and "percent" in value:
        share = f"{figures.number(value['percent'])} %" if value["percent"] else ""
        return " ".join(filter(None, [str(value.get("name", "")), share]))
    if isinstance(value, Mapping):
        return ", ".join(filter(None, (_value(str(inner), one) for inner, one in value.items())))
    if isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        return "; ".join(_value(name, one) for one in value)
    if isinstance(value, list) and name in LISTS:
        return _coded(name, value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name.endswith(("_kg", "_m3")) and value is not None:
        return _text(Decimal(str(value)))
    if name == "basis":
        return str(bases.NAMES.get(value, value))
    if name in DAYS and value:
        return _text(date.fromisoformat(str(value)))
    return _text(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case Decimal():
            return figures.grouped(value)
        case datetime():
            return f"{figures.moment(value.astimezone(UTC))} UTC"
        case date():
            return figures.day(value)
        case _:
            return str(value)
