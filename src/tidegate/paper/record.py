"""One decision in words, part by part: the body of the screening record for `templates/decision.typ`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tidegate.paper import geo, maps, pdf, words
from tidegate.paper.naming import Naming
from tidegate.paper.pdf import show

if TYPE_CHECKING:
    from tidegate.law.records import Book

Translate = Callable[[str], str]

LONGEST_DESCRIPTION = 800  # characters printed; the attachment holds the whole text

_EFFECT_TONES = {"prohibit": "prohibited", "require": "needs", "standard": "teal", "allow": "teal"}
_REGIME_TONES = {
    "prohibited": "prohibited",
    "pic_required": "needs",
    "no_basel_control": "teal",
    "displaced_art11": "teal",
}


def labels(_: Translate) -> dict[str, str]:
    """The headings of the record."""
    return {
        "missing": _("Papers still missing"),
        "questions": _("Questions still open"),
        "verify": _(words.TO_CHECK),
        "alerts": _("Alerts"),
        "changes": _("What changes soon"),
        "reasons": _("Reasons, layer by layer"),
        "facts": _("Facts as given"),
        "imprint": _("This record"),
        "from": _("From"),
        "outcome": _("Outcome"),
        "rules": _("Rules"),
        "caveat": _(
            "This record says what the law of the day asks of the facts given. It is not a permit, a consent "
            "or a release, and it changes when the facts or the law do."
        ),
    }


class Record:
    """The decision in words, ready to be set."""

    def __init__(
        self,
        decision: Mapping[str, Any],
        shipment: Mapping[str, Any],
        book: Book | None,
        translate: Translate,
    ) -> None:
        self.decision, self.shipment = decision, shipment
        self.name, self._ = Naming(book, translate), translate
        self.lacking = {item.get("rule") for item in decision.get("missing") or ()}
        self.unknown_law = {
            layer
            for item in decision.get("verify") or ()
            if item.get("fact") == "national_law"
            for layer in item.get("rules") or ()
        }

    def body(self, reference: str, day: str, today: date, made: datetime) -> dict[str, Any]:
        stops = self.route()
        pictured = [code for code in stops if geo.place(code) is not None]
        picture = (
            maps.route_svg(
                stops,
                title=self._("Route"),
                theme_classes=False,
                translate=self._,
                names={code: self.name.state(code) for code in stops},
                width=760,
                height=235,
            )
            if pictured
            else None
        )
        return {
            "subtitle": show(
                self._("Judged by the law of %(day)s · record of %(today)s") % {"day": day, "today": today.isoformat()}
            ),
            "verdict": self.verdict(),
            "summary": self.summary(),
            "goods": self.goods(),
            "route": {
                "svg": picture,
                "text": show(maps.route_text(stops, self._, {code: self.name.state(code) for code in stops})),
                "note": self._(geo.BOUNDARY_NOTE),
            },
            "missing": self.missing(),
            "questions": self.questions(),
            "verify": self.verify(),
            "alerts": self.alerts(),
            "changes": self.changes(today),
            "layers": self.layers(),
            "facts": self.facts(),
            "answers": self.answers(),
            "imprint": self.imprint(made),
        }

    def route(self) -> list[str]:
        transit = [
            str(stop.get("state", "")) if isinstance(stop, Mapping) else str(stop)
            for stop in self.shipment.get("transit") or ()
        ]
        stops = [str(self.shipment.get("export") or ""), *transit, str(self.shipment.get("import") or "")]
        return [stop for stop in stops if stop] or ["–"]

    def verdict(self) -> dict[str, Any]:
        found = words.verdict(self.decision, self._, self.name.fact)
        unsure = [r for r in self.bearing() if self.cautions(r)]
        lines = []
        if unsure:
            ids = list(dict.fromkeys(str(r.get("rule", "")) for r in unsure))
            shown = ", ".join(ids[:4]) + (" …" if len(ids) > 4 else "")
            lines.append(
                self._("Rests on rules not read in their gazette, or with an inferred date: %(rules)s")
                % {"rules": shown}
            )
        elif self.decision.get("confidence") in ("medium", "low"):
            lines += words.caution(self.decision["confidence"], None, self._)
        return {
            "tone": found.tone,
            "title": show(found.title + (":" if found.tone == "verify" else "")),
            "checks": [show(check) for check in found.checks] if found.tone == "verify" else [],
            "sentence": show(found.sentence),
            "cautions": [show(line) for line in lines],
        }

    def summary(self) -> list[list[Any]]:
        d, s = self.decision, self.shipment
        candidates = [self._("no entry") if c is None else str(c) for c in d.get("entry_candidates") or ()]
        if d.get("entry"):
            entry: list[Any] = [show(self.name.entry(str(d["entry"]))), True]
        elif candidates:
            entry = [show(self._("Open: %(entries)s") % {"entries": ", ".join(candidates)}), False]
        else:
            entry = [self._("not decided"), False]
        regime = str(d.get("regime"))
        rows: list[list[Any]] = [
            [self._("Basel entry"), *entry],
            [
                self._("Regime"),
                self._(words.REGIMES[regime]) if regime in words.REGIMES else self._("not decided"),
                regime in words.REGIMES,
            ],
            [self._("HS code"), *self.name.value(s.get("hs"))],
            [self._("Net mass"), *self.name.value(s.get("net_kg"), "kg")],
        ]
        if d.get("eu_entry"):
            rows.append([self._("Entry in the European Union"), show(self.name.entry(str(d["eu_entry"]))), True])
        return rows

    def goods(self) -> list[str] | None:
        text = str(self.shipment.get("description") or "")
        if not text:
            return None
        short = text if len(text) <= LONGEST_DESCRIPTION else text[:LONGEST_DESCRIPTION] + " …"
        return [self._("Goods"), show(short)]

    def reasons(self) -> list[Mapping[str, Any]]:
        return [r for r in self.decision.get("reasons") or () if isinstance(r, Mapping)]

    def bearing(self) -> list[Mapping[str, Any]]:
        """The reasons that bear the verdict: those of the layers that say the same as the whole; else all."""
        outcome = self.decision.get("outcome")
        layers = [layer for layer in self.decision.get("layers") or () if layer.get("outcome") == outcome]
        ids = {rule for layer in layers for rule in layer.get("rules") or ()}
        return [r for r in self.reasons() if r.get("rule") in ids] or self.reasons()

    def cautions(self, reason: Mapping[str, Any]) -> list[str]:
        return words.caution(reason.get("confidence"), reason.get("dates"), self._)

    def reason(self, reason: Mapping[str, Any]) -> dict[str, Any]:
        effect = str(reason.get("effect") or "")
        tone = _EFFECT_TONES.get(effect, "teal")
        if effect == "require" and reason.get("rule") not in self.lacking:
            tone = "teal"  # asked for, and nothing of it is missing
        return {
            "rule": show(reason.get("rule") or "–"),
            "effect": self._(words.EFFECTS[effect]) if effect in words.EFFECTS else show(effect) or self._("Binds"),
            "tone": tone,
            "text": self.name.text(reason.get("text")),
            "instrument": show(reason["instrument"]) if reason.get("instrument") else None,
            "url": pdf.address(reason.get("url")),
            "cautions": self.cautions(reason),
        }

    def layers(self) -> list[dict[str, Any]]:
        """The layers in the decision's order with their reasons; reasons of no layer come last, so that none
        is lost.
        """
        left = self.reasons()
        given = {r.get("rule") for r in left}
        out = []
        for layer in self.decision.get("layers") or ():
            name, ids = layer.get("layer"), list(layer.get("rules") or ())
            mine = [r for r in left if r.get("rule") in ids or (name and r.get("layer") == name)]
            left = [r for r in left if r not in mine]
            # A rule that the layer names without a reason is shown by its id: nothing that bound may be left
            # out.
            mine += [{"rule": rule} for rule in ids if rule not in given]
            outcome, regime = layer.get("outcome"), layer.get("regime")
            status = words.REGIMES.get(regime) or words.OUTCOMES.get(outcome)
            # Green is for a shipment with nothing left to check, never for a part of one.
            tone = {"clear": "teal"}.get(outcome, outcome) if outcome in words.OUTCOMES else _REGIME_TONES.get(regime)
            if name in self.unknown_law and outcome == "clear":
                status, tone = words.TO_CHECK, "verify"  # no law known is not the same as no law
            out.append(
                {
                    "name": show(words.layer_name(str(name or "–"), self._, self.name.state)),
                    "status": self._(status or "not decided"),
                    "tone": tone or "undetermined",
                    "nothing": self._("The rulebook holds no national law of this State.")
                    if name in self.unknown_law
                    else self._("No rule of this layer binds this shipment."),
                    "reasons": [self.reason(r) for r in mine],
                }
            )
        if left:
            further = self._("Further rules checked")
            out.append(
                {
                    "name": further,
                    "status": None,
                    "tone": "teal",
                    "nothing": "",
                    "reasons": [self.reason(r) for r in left],
                }
            )
        return out

    def missing(self) -> list[dict[str, str]]:
        """Each paper once, with every rule that asks for it."""
        rules: dict[tuple[str, str], dict[str, None]] = {}
        for item in self.decision.get("missing") or ():
            why = str(item.get("why") or "not held")
            for kinds in item.get("documents") or ():
                rules.setdefault((str(kinds), why), {})[str(item.get("rule") or "–")] = None
        return [
            {
                "documents": show(self.name.either(kinds)),
                "why": self._(words.WHY[why]) if why in words.WHY else show(why),
                "rule": show(", ".join(asking)),
            }
            for (kinds, why), asking in rules.items()
        ]

    def questions(self) -> list[dict[str, Any]]:
        out = []
        for item in self.decision.get("questions") or ():
            decides = [self.name.answer(x) for x in item.get("decides") or ()]
            out.append(
                {
                    "fact": show(self.name.fact(str(item.get("fact", "")))),
                    "decides": show(self._("decides between %(answers)s") % {"answers": words.joined(decides, self._)})
                    if decides
                    else None,
                    "rules": self.name.rules(item.get("rules") or ()),
                }
            )
        return out

    def verify(self) -> list[dict[str, Any]]:
        out = []
        for item in self.decision.get("verify") or ():
            by = str(item.get("by") or "")
            out.append(
                {
                    "fact": show(self.name.fact(str(item.get("fact", "")))),
                    "by": self._(words.CHECKED_BY[by]) if by in words.CHECKED_BY else (show(by) or None),
                    "rules": self.name.rules(item.get("rules") or ()),
                }
            )
        return out

    def alerts(self) -> list[dict[str, Any]]:
        out = []
        for item in self.decision.get("alerts") or ():
            status = str(item.get("status") or "")
            out.append(
                {
                    "text": self.name.text(item.get("text")),
                    "status": self._(words.STATUSES[status]) if status in words.STATUSES else (show(status) or None),
                    "rule": show(item.get("rule") or "–"),
                    "instrument": show(item["instrument"]) if item.get("instrument") else None,
                    "url": pdf.address(item.get("url")),
                }
            )
        return out

    def changes(self, today: date) -> list[dict[str, str]]:
        out = []
        for item in self.decision.get("changes") or ():
            day = str(item.get("date") or "")
            if day < today.isoformat():
                continue
            outcome = item.get("outcome")
            tone = outcome if outcome in words.OUTCOMES else "undetermined"
            out.append(
                {
                    "date": show(day),
                    "tone": tone,
                    "outcome": self._(words.OUTCOMES[tone]),
                    "rules": self.name.rules(item.get("rules") or ()),
                }
            )
        return out

    def facts(self) -> list[list[Any]]:
        """Every field of the declaration that decides or identifies, known or not."""
        s = self.shipment
        rows: list[list[Any]] = []
        for key, label, unit in words.SHIPMENT_FIELDS:
            if key in words.ALWAYS_SHOWN or s.get(key) not in (None, "", [], {}):
                rows.append([self._(label), *self.field(key, s.get(key), unit)])
        return rows

    def answers(self) -> list[list[Any]]:
        """Further facts, whose labels are questions, and the papers held."""
        s = self.shipment
        rows: list[list[Any]] = []
        for name, value in (s.get("facts") or {}).items():
            if isinstance(value, Mapping):  # a fact scoped to one layer
                scope = words.layer_name(f"national:{name}" if ":" in str(name) else str(name), self._, self.name.state)
                for inner, held in value.items():
                    text, known = self.name.value(held)
                    rows.append([show(f"{scope}: {self.name.fact(str(inner))}"), text, known])
            else:
                text, known = self.name.value(value)
                rows.append([show(self.name.fact(str(name))), text, known])
        for item in s.get("documents") or ():
            rows.append([self._("Paper held"), show(self.held(item)), True])
        return rows

    def field(self, key: str, value: Any, unit: str) -> tuple[str, bool]:
        if key == "polymers" and isinstance(value, Mapping) and value:
            return show(", ".join(f"{code} {share} %" for code, share in value.items())), True
        if key in ("consignor", "consignee", "facility") and isinstance(value, Mapping):
            return show(", ".join(str(value[k]) for k in ("name", "id", "address") if value.get(k))), True
        if key in ("export", "import", "origin") and value:
            return show(f"{self.name.state(str(value))} ({value})"), True
        return self.name.value(value, unit)

    def held(self, item: Any) -> str:
        if not isinstance(item, Mapping):
            return self.name.document(str(item))
        parts = [self.name.document(str(item.get("kind", "–")))]
        if item.get("number"):
            parts.append(self._("no. %(number)s") % {"number": item["number"]})
        if item.get("valid_to"):
            parts.append(self._("valid to %(day)s") % {"day": item["valid_to"]})
        elif item.get("issued"):
            parts.append(self._("issued %(day)s") % {"day": item["issued"]})
        return ", ".join(parts)

    def imprint(self, made: datetime) -> list[list[Any]]:
        d = self.decision
        confidence = str(d.get("confidence"))
        rows: list[list[Any]] = [
            [self._("Rulebook"), show(d.get("rulebook") or "–"), True],
            [self._("Made"), made.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"), True],
        ]
        if confidence in words.CONFIDENCES:
            rows.append(
                [
                    self._("Lowest confidence of a rule that binds"),
                    self._(words.CONFIDENCES[confidence]),
                    True,
                ]
            )
        rows.append([self._("Attached"), "screening.json", True])
        return rows
