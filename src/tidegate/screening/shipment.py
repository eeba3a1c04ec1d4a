"""A shipment as the contract defines it: reading, checking, rejecting.

Lacking or unreadable required fields, and values that cannot be what their field is, raise `Reject`.
Everything else may be unknown (`None`), which is never false and never zero. Unknown keys are kept.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from tidegate.law import load_rulebook
from tidegate.law.annexes import ANNEX_I, ANNEX_III
from tidegate.law.records import EVENTS, Book, Fact
from tidegate.screening import messages

FIELDS = frozenset(
    "id date events export import origin transit consignment hs hs_edition description declared_entry operation waste "
    "polymers contamination_pct halogenated hazardous annex_i annex_iii consumer material net_kg gross_kg value "
    "currency consignor consignee facility containers documents facts evaluate".split()
)
OPERATIONS = frozenset([f"R{n}" for n in range(1, 14)] + [f"D{n}" for n in range(1, 16)] + ["product"])
ENTRY = re.compile(r"^[A-Z]{1,2}\d{2,4}$")
# field → the codes that it may hold, and how a reject names them
ANNEXES = {
    "annex_i": (frozenset(ANNEX_I), f"{ANNEX_I[0]}…{ANNEX_I[-1]}"),
    "annex_iii": (frozenset(ANNEX_III), ", ".join(ANNEX_III)),
}
LAYER = re.compile(r"^([A-Z]{2}):(import|export|transit)$")
PLASTIC = re.compile(r"\bplastics?\b")
NUMBER = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
HUNDRED = Decimal(100)
BILLIONTH = Decimal("1E-9")


class Reject(ValueError):
    """A shipment that cannot be read: the field, its value, and what was expected."""

    def __init__(self, field: str, value: Any, expected: str):
        super().__init__(f"{field}: {'nothing given' if value is None else shorten(value)}: expected {expected}")
        self.field, self.value, self.expected = field, value, expected

    def as_dict(self) -> dict[str, Any]:
        """The `error` object of the contract."""
        return {
            "field": self.field,
            "value": shorten(self.value),
            "expected": self.expected,
            "message": str(self),
        }


def shorten(value: Any, limit: int = 120) -> Any:
    """A value small enough to print in an error."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value) if isinstance(value, (str, Decimal)) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


@dataclass(frozen=True, slots=True)
class Document:
    """A paper held. Dates are calendar dates; `value` is in the unit that the rule names."""

    kind: str
    number: str | None = None
    issued: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    value: Decimal | None = None
    standard: str | None = None
    renewals: tuple[tuple[date | None, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Transit:
    """A State passed through, with its own dates and facts where they are known."""

    state: str
    arrived: date | None = None
    departed: date | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shipment:
    """One consignment line. Percentages are of mass; masses in kilograms; `None` means not known."""

    id: str
    date: dt.date
    export: str
    import_: str
    origin: str
    events: Mapping[str, dt.date] = field(default_factory=dict)
    transit: tuple[Transit, ...] = ()
    consignment: str | None = None
    hs: str | None = None
    hs_edition: str | None = None
    declared_entry: str | None = None
    operation: str | None = None
    waste: bool | None = None
    polymers: Mapping[str, Decimal] | None = None
    contamination_pct: Decimal | None = None
    halogenated: bool | None = None
    hazardous: bool | None = None
    annex_i: tuple[str, ...] | None = None
    annex_iii: tuple[str, ...] | None = None
    consumer: str | None = None
    material: str | None = None
    net_kg: Decimal | None = None
    documents: tuple[Document, ...] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    scoped: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    evaluate: tuple[str, ...] | None = None
    passthrough: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    def event(self, name: str) -> dt.date:
        """The day of an event; `date` stands in for every event left out (contract)."""
        return self.events.get(name, self.date)

    def as_dict(self) -> dict[str, Any]:
        """The mapping it was read from."""
        return dict(self.raw)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def parse_shipment(obj: Mapping[str, Any], book: Book | None = None) -> Shipment:
    """One shipment from its mapping, read with `book`'s vocabulary (the shipped book when left out).

    Raises Reject with field, value and expectation.
    """
    book = book or load_rulebook()
    if not isinstance(obj, Mapping):
        raise Reject("row", obj, "an object with at least id, date, export and import")
    get = obj.get
    identity = get("id")
    if identity is None or identity == "":
        raise Reject("id", identity, "a key that is not empty")
    if isinstance(identity, (bool, Mapping, list, tuple)):
        raise Reject("id", identity, "text or a number")
    day = _date(get("date"), "date")
    if day is None:
        raise Reject("date", get("date"), "a day of the calendar as YYYY-MM-DD")
    export = _state(get("export"), "export", book, required=True)
    import_ = _state(get("import"), "import", book, required=True)
    assert export
    assert import_
    polymers = _polymers(get("polymers"), book)
    contamination = _percent(get("contamination_pct"), "contamination_pct")
    total = sum(polymers.values(), Decimal(0)) if polymers else Decimal(0)
    if total + (contamination or 0) > HUNDRED:
        raise Reject(
            "polymers" if contamination is None else "polymers and contamination_pct",
            str(total + (contamination or 0)),
            "shares that add up to 100 at most",
        )
    facts, scoped = _facts(get("facts"), book)
    net = _mass(get("net_kg"), "net_kg")
    _mass(get("gross_kg"), "gross_kg")
    _number(get("value"), "value", minimum=Decimal(0))
    return Shipment(
        id=str(identity),
        date=day,
        export=export,
        import_=import_,
        origin=_state(get("origin"), "origin", book) or export,
        events=_events(get("events")),
        transit=_transit(get("transit"), book),
        consignment=_text(get("consignment"), "consignment"),
        hs=_hs(get("hs")),
        hs_edition=_edition(get("hs_edition"), book),
        declared_entry=_text(get("declared_entry"), "declared_entry"),
        operation=_operation(get("operation")),
        waste=_bool(get("waste"), "waste"),
        polymers=polymers,
        contamination_pct=contamination,
        halogenated=_bool(get("halogenated"), "halogenated"),
        hazardous=_bool(get("hazardous"), "hazardous"),
        annex_i=_codes(get("annex_i"), "annex_i"),
        annex_iii=_codes(get("annex_iii"), "annex_iii"),
        consumer=_choice(get("consumer"), "consumer", ("pre", "post"), messages.PRE_OR_POST),
        material=_material(get("material"), book),
        net_kg=net,
        documents=_documents(get("documents")),
        facts=facts,
        scoped=scoped,
        evaluate=_evaluate(get("evaluate"), book),
        passthrough={k: v for k, v in obj.items() if k not in FIELDS},
        raw=obj,
    )


def _text(value: Any, name: str = "text") -> str | None:
    if value is None:
        return None
    if isinstance(value, (Mapping, list, tuple)):
        raise Reject(name, value, "text")
    text = str(value).strip()
    return text or None


@lru_cache(maxsize=4096)
def _iso_date(text: str) -> date | None:
    if text[4:5] != "-" or text[7:8] != "-":
        return None  # Python also reads weeks, 2026-W47-6
    try:
        if len(text) > 10 and text[10] in "T ":
            return datetime.fromisoformat(text).date()
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _date(value: Any, name: str) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    day = _iso_date(value.strip()) if isinstance(value, str) else None
    if day is None:
        raise Reject(name, value, "a day of the calendar as YYYY-MM-DD")
    return day


def _state(value: Any, name: str, book: Book, required: bool = False) -> str | None:
    if value is None or value == "":
        if required:
            raise Reject(name, value, "a State as ISO 3166-1 alpha-2, such as MY")
        return None
    code = value.strip().upper() if isinstance(value, str) else value
    if not isinstance(code, str) or code not in book.states or not value.isascii():
        raise Reject(name, value, "a State as ISO 3166-1 alpha-2, such as MY")
    return code


def _bool(value: Any, name: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("", "null", "none", "unknown"):
        return None
    if word in ("true", "yes", "y", "1", "1.0", "t"):
        return True
    if word in ("false", "no", "n", "0", "0.0", "f"):
        return False
    raise Reject(name, value, "true or false")


def _number(value: Any, name: str, minimum: Decimal | None = None, maximum: Decimal | None = None) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        raise Reject(name, value, "a number") from None
    if isinstance(value, str) and "_" in value:  # Python reads 1_0 as ten; nobody who declares goods writes it so
        raise Reject(name, value, "a number")
    if not number.is_finite():
        if isinstance(value, float) and number.is_nan():
            return None  # a numeric column writes NaN for an empty cell
        raise Reject(name, value, "a finite number")
    if isinstance(exponent := number.as_tuple().exponent, int) and exponent < -9 and number.adjusted() < 15:
        number = number.quantize(BILLIONTH)  # what a float adds beyond nine decimals is noise, not measurement
    if minimum is not None and number < minimum:
        raise Reject(name, value, messages.say(messages.AT_LEAST, minimum=minimum))
    if maximum is not None and number > maximum:
        raise Reject(name, value, messages.say(messages.AT_MOST, maximum=maximum))
    return number


def _percent(value: Any, name: str) -> Decimal | None:
    return _number(value, name, Decimal(0), HUNDRED)


def _mass(value: Any, name: str) -> Decimal | None:
    return _number(value, name, Decimal(0))


def _list(value: Any) -> list[Any] | None:
    if value is None:
        return None
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _json(value, "list")
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(";")]
        return [p for p in parts if p] or None
    if isinstance(value, Mapping):
        return [value]
    return list(value) if isinstance(value, Iterable) else [value]


def _events(value: Any) -> dict[str, date]:
    if value is None:
        return {}
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _json(value, "events")
    if not isinstance(value, Mapping):
        raise Reject("events", value, 'an object of days, such as {"arrived": "2026-11-21"}')
    out = {}
    for name, raw in value.items():
        if name in EVENTS:
            day = _date(raw, f"events.{name}")
            if day is not None:
                out[name] = day
    return out


def _transit(value: Any, book: Book) -> tuple[Transit, ...]:
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        value = _json(value, "transit")
    out = []
    for n, item in enumerate(_list(value) or ()):
        name = f"transit[{n}]"
        if isinstance(item, Mapping):
            state = _state(item.get("state"), f"{name}.state", book, required=True)
            facts, _ = _facts(item.get("facts"), book, f"{name}.facts")
            out.append(
                Transit(
                    state or "",
                    _date(item.get("arrived"), f"{name}.arrived"),
                    _date(item.get("departed"), f"{name}.departed"),
                    facts,
                )
            )
        else:
            out.append(Transit(_state(item, name, book, required=True) or ""))
    return tuple(out)


def _hs(value: Any) -> str | None:
    if value is None or value == "" or value != value:  # a column of numbers writes NaN for an empty cell
        return None
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    text = _hs_number(value) if number else str(value).strip().replace(".", "").replace(" ", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 4 <= len(text) <= 10):
        raise Reject("hs", value, "4 to 10 digits as text, such as 391510")
    return text


def _hs_number(value: Any) -> str:
    """An HS code of which a data frame has made a number: it has an even number of digits, the first four before the
    dot. So 3915.9 was 3915.90, and 391590.0 is 391590. A whole number stays as it is: 39159 is not taken for 039159."""
    exact = Decimal(str(value))
    if not exact.is_finite() or abs(exact.adjusted()) > 30:
        return str(value)
    whole, _, rest = format(exact.normalize(), "f").partition(".")
    return whole.rjust(4, "0") + rest + "0" * (len(rest) % 2) if rest else whole


def _edition(value: Any, book: Book) -> str | None:
    text = _text(value, "hs_edition")
    if text is None:
        return None
    text = text.removesuffix(".0")
    if text not in {e for e, _ in book.editions}:
        raise Reject("hs_edition", value, messages.say(messages.ONE_OF, values=", ".join(e for e, _ in book.editions)))
    return text


def _operation(value: Any) -> str | None:
    text = None if value is None else str(value).strip()
    if not text:
        return None
    code = "product" if text.lower() == "product" else text.upper()
    if code not in OPERATIONS:
        raise Reject("operation", value, "R1…R13, D1…D15 or product")
    return code


def _choice(value: Any, name: str, choices: tuple[str, ...], expected: str) -> str | None:
    text = _text(value, name)
    if text is None:
        return None
    if text.lower() not in choices:
        raise Reject(name, value, expected)
    return text.lower()


def _material(value: Any, book: Book) -> str | None:
    text = _text(value, "material")
    if text is None:
        return None
    text = " ".join(text.lower().replace("_", " ").split())
    stream = book.stream_words.get(text)
    # words of its own for plastic name nothing else, unless they are those of a stream
    return stream or (None if PLASTIC.search(text) else text)


def _codes(value: Any, name: str) -> tuple[str, ...] | None:
    """The codes of an annex as it writes them: `y08` is Y8, also in Thai or full-width figures."""
    items = _list(value)
    if items is None:
        return None
    known, named = ANNEXES[name]
    out = []
    for item in items:
        code = NUMBER.sub(lambda digits: str(int(digits[0])), str(item).strip().upper())
        if code not in known:
            raise Reject(name, item, messages.say(messages.ONE_OF, values=named))
        out.append(code)
    return tuple(out)


def _polymers(value: Any, book: Book) -> dict[str, Decimal] | None:
    """Shares by polymer: grades folded into their polymer, nulls left out; None when nothing is known."""
    if value is None:
        return None
    if isinstance(value, str):
        value = _json(value, "polymers")
    if not isinstance(value, Mapping):
        raise Reject("polymers", value, 'an object of polymer code to % of mass, such as {"PE": 99}')
    out: dict[str, Decimal] = {}
    for code, raw in value.items():
        share = _percent(raw, f"polymers.{code}")
        if share is None:
            continue
        name = str(code).strip()
        upper = name.upper()
        lower = name.lower()
        if lower == "mixed" or lower in book.polymers.cured:
            name = lower
        else:
            name = book.polymers.grades.get(upper, upper)
        out[name] = out.get(name, Decimal(0)) + share
    out = {k: v for k, v in out.items() if v}
    return out or None


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Reject(name, text, "JSON") from None


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number of JSON")


def _documents(value: Any) -> tuple[Document, ...] | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = _json(value, "documents") if value.lstrip().startswith(("[", "{")) else _list(value)
    out = []
    for n, item in enumerate(_list(value) or ()):
        where = f"documents[{n}]"
        if isinstance(item, str):
            out.append(Document(item.strip()))
            continue
        if not isinstance(item, Mapping) or not _text(item.get("kind")):
            raise Reject(where, item, "an object with `kind`, or the kind as text")
        renewals = []
        for m, renewal in enumerate(_list(item.get("renewals")) or ()):
            if not isinstance(renewal, Mapping):
                raise Reject(f"{where}.renewals[{m}]", renewal, "an object with `from` and `days`")
            days = _number(renewal.get("days"), f"{where}.renewals[{m}].days", Decimal(0))
            if days is not None and days != days.to_integral_value():
                raise Reject(f"{where}.renewals[{m}].days", renewal["days"], messages.WHOLE)
            begins = _date(renewal.get("from"), f"{where}.renewals[{m}].from")
            renewals.append((begins, None if days is None else int(days)))
        out.append(
            Document(
                kind=str(item["kind"]).strip(),
                number=_text(item.get("number"), f"{where}.number"),
                issued=_date(item.get("issued"), f"{where}.issued"),
                valid_from=_date(item.get("valid_from"), f"{where}.valid_from"),
                valid_to=_date(item.get("valid_to"), f"{where}.valid_to"),
                value=_number(item.get("value"), f"{where}.value"),
                standard=_text(item.get("standard"), f"{where}.standard"),
                renewals=tuple(renewals),
            )
        )
    return tuple(out)


def _evaluate(value: Any, book: Book) -> tuple[str, ...] | None:
    items = _list(value)
    if not items:
        return None
    for item in items:
        match = LAYER.match(str(item))
        if not match or match[1] not in book.states:
            raise Reject("evaluate", item, "layers such as TH:import")
    return tuple(dict.fromkeys(str(item) for item in items))


def _facts(value: Any, book: Book, where: str = "facts") -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Facts of the registry, typed; facts scoped to one layer; what the registry does not know satisfies nothing."""
    if value is None:
        return {}, {}
    if isinstance(value, str):
        value = _json(value, where)
    if not isinstance(value, Mapping):
        raise Reject(where, value, "an object of fact to value")
    facts: dict[str, Any] = {}
    scoped: dict[str, dict[str, Any]] = {}
    for name, raw in value.items():
        if raw is not None and LAYER.match(str(name)):
            scoped[str(name)] = _facts(raw, book, f"{where}.{name}")[0]
            continue
        fact = book.facts.get(str(name))
        if raw is None or raw == "" or fact is None or name in FIELDS or fact.by == "derived":
            continue
        typed = _typed(raw, fact, f"{where}.{name}")
        if typed is not None:
            facts[str(name)] = typed
    return facts, scoped


def _typed(raw: Any, fact: Fact, where: str) -> Any:
    if fact.type == "bool":
        return _bool(raw, where)
    if fact.type == "number":
        number = _number(raw, where, Decimal(0), HUNDRED if fact.name.endswith("_pct") else None)
        if number is not None and fact.counted and number != number.to_integral_value():
            raise Reject(where, raw, messages.WHOLE)
        return number
    if raw is False:
        return False  # `processed` is false or a word
    if not isinstance(raw, str) and isinstance(raw, (Mapping, list, tuple)):
        raise Reject(where, raw, "text")
    text = str(raw).strip()
    lowered = text.lower()
    if fact.name == "processed" and lowered in ("false", "no", "0"):
        return False
    for value in fact.values:
        if value.lower() == lowered:
            return value
    return text or None


def unknown_facts(obj: Mapping[str, Any], book: Book) -> dict[str, Any]:
    """The keys of `facts` that the registry does not know, also of those of one layer: kept and passed through."""
    facts = obj.get("facts")
    if not isinstance(facts, Mapping):
        return {}
    out: dict[str, Any] = {}
    for name, value in facts.items():
        if LAYER.match(str(name)):
            value = unknown_facts({"facts": value}, book)
            if value:
                out[name] = value
        elif name not in book.facts:
            out[name] = value
    return out
