"""A shipment in the address of a page, and back.

The address is the page's whole state: it can be kept, sent on, printed as a QR code and opened again. Two
spellings are read: the short one that `to_query` writes, and the one that the page's plain HTML form sends
(`p`/`pct` pairs for polymers, `doc.KIND.issued` for the details of a paper, `via` once for each State). The days of a
stop are written `via.SG.arrived` and `via.SG.departed` in both.

    /?from=DE&to=MY&date=2026-11-21&hs=391510&mix=PE:98,PP:1&foreign=1&op=R3&f.separate_recycling=y&doc=COA
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any
from urllib.parse import quote, unquote

from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import get_format

# Short names in the address for the fields that nearly every check has.
ALIASES = {
    "from": "export",
    "to": "import",
    "via": "transit",
    "op": "operation",
    "mix": "polymers",
    "foreign": "contamination_pct",
    "ed": "hs_edition",
}
SHORT = {field: alias for alias, field in ALIASES.items()}
TEXTS = (
    "export import date origin hs hs_edition operation material consumer description declared_entry "
    "consignment currency"
).split()
NUMBERS = ("contamination_pct", "net_kg", "gross_kg", "value")
YES_NO = ("waste", "hazardous", "halogenated")
LISTS = ("annex_i", "annex_iii", "containers", "evaluate")
PARTIES = ("consignor", "consignee", "facility")
STOP_DAYS = ("arrived", "departed")
DOCUMENT_FIELDS = ("number", "issued", "valid_from", "valid_to", "value", "standard")
LAYER = re.compile(r"^[A-Z]{2}:(import|export|transit)$")
# What a query string may hold unescaped (RFC 3986), so that an address stays readable.
SAFE = ":,;/@!*()~"


@dataclass(frozen=True)
class Answers:
    """What the reader has said so far.

    `shipment` is the mapping for `parse_shipment` without `id`: values as they were written, so that a wrong
    one can be shown again. `skipped` names the facts answered with "not known".
    """

    shipment: dict[str, Any] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    given_id: str | None = None

    @property
    def started(self) -> bool:
        """True once anything but the day is said: a page opened afresh asks, it does not complain."""
        return bool(set(self.shipment) - {"date", "documents"})

    @property
    def complete(self) -> bool:
        """True when all that a decision cannot do without is there."""
        return all(self.shipment.get(name) for name in ("date", "export", "import"))

    @property
    def stops(self) -> list[str]:
        """The States passed through, in the order of the route."""
        return [state.upper() for state, _stop in _passed(self.shipment.get("transit"))]

    @property
    def query(self) -> str:
        return to_query(self.shipment, skipped=self.skipped)


def permalink(shipment: Mapping[str, Any], *, skipped: Iterable[str] = ()) -> str:
    """The address of the check page with this shipment's answers; keys unknown to it are left out."""
    query = to_query(shipment, skipped=skipped)
    return reverse("check:page") + (f"?{query}" if query else "")


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def read(query: QueryDict) -> Answers:
    """The answers in an address, in either spelling. Nothing is refused; what cannot be read stays text."""
    shipment: dict[str, Any] = {}
    for key in (*TEXTS, *NUMBERS, *YES_NO, *LISTS):
        value = _one(query, SHORT.get(key, key), key)
        if value:
            shipment[key] = _typed(key, value)
    if via := [code.strip() for part in query.getlist("via") for code in re.split(r"[,;]", part) if code.strip()]:
        shipment["transit"] = list(_stops(query, via))
    if (mix := _polymers(query)) is not None:
        shipment["polymers"] = mix
    for party in PARTIES:
        about = {part: text for part in ("name", "id", "address") if (text := _one(query, f"{party}.{part}"))}
        if name := query.get(party, "").strip():
            about.setdefault("name", name)
        if about:
            shipment[party] = about
    events = {key[2:]: day for key in query if key.startswith("e.") and (day := _one(query, key))}
    if events:
        shipment["events"] = events
    if facts := _facts(query):
        shipment["facts"] = facts
    if (documents := _documents(query)) is not None:
        shipment["documents"] = documents
    skipped = dict.fromkeys(name for part in query.getlist("skip") for name in part.split(",") if name)
    settled = set(_answered(shipment)) | set(query.getlist("unskip"))
    return Answers(
        shipment,
        tuple(name for name in skipped if name not in settled),
        query.get("id") or None,
    )


def _stops(query: QueryDict, via: Sequence[str]) -> Iterator[Any]:
    """The States passed through; one whose days are given is an object, as in the contract."""
    passed: Counter[str] = Counter()
    for code in via:
        state = code.upper()
        days = {}
        for name in STOP_DAYS:
            # A State that is passed twice has its days twice, in the order of the route.
            given = query.getlist(f"via.{state}.{name}")[passed[state] :]
            if given and given[0].strip():
                days[name] = given[0].strip()
        passed[state] += 1
        yield {"state": state, **days} if days else code


def _one(query: QueryDict, *names: str) -> str:
    """The last value given under any of the names that is not empty."""
    for name in names:
        for value in reversed(query.getlist(name)):
            if value.strip():
                return value.strip()
    return ""


def _typed(key: str, value: str) -> Any:
    if key in NUMBERS:
        return decimal_point(value)
    if key in YES_NO:
        return yes_no(value)
    if key in LISTS:
        return [part.strip() for part in re.split(r"[,;\s]+", value) if part.strip()]
    if key in ("export", "import", "origin"):
        return value.upper()
    return value


def yes_no(value: str) -> Any:
    """``y`` and ``n`` as true and false; anything else as it came, for the reader of shipments to judge."""
    return {"y": True, "n": False, "true": True, "false": False}.get(value.lower(), value)


def decimal_point(text: str) -> str:
    """A figure as people write it, with a point for the decimal sign and nothing else between its digits.

    The decimal sign is a point, as in every address, or the sign of the page's language. A comma is read where the sign
    is a point, too ("98,5"), but not in "1,000", which could be a thousand. Thousands may be parted where that can mean
    nothing else: "1,234,567", "24.000,5".
    """
    if _GROUPED_BY_POINT.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if _GROUPED_BY_COMMA.fullmatch(text):
        return text.replace(",", "")
    found = re.fullmatch(r"(\d+),(\d+)", text)
    if found and (len(found[2]) != 3 or get_format("DECIMAL_SEPARATOR") == ","):
        return f"{found[1]}.{found[2]}"
    return text


_GROUPED_BY_POINT = re.compile(r"\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}")
_GROUPED_BY_COMMA = re.compile(r"\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}")


def _polymers(query: QueryDict) -> dict[str, str] | None:
    pairs: list[tuple[str, str]] = []
    for part in (p for value in query.getlist("mix") for p in value.split(",")):
        code, _, share = part.rpartition(":")
        if code or share:
            pairs.append((code or share, share if code else ""))
    pairs += zip(query.getlist("p"), query.getlist("pct"), strict=False)
    mix: dict[str, str] = {}
    for code, share in pairs:
        code, share = code.strip(), decimal_point(share.strip())
        if code or share:
            # A share without a name is of a polymer that is not identified.
            name = code or "mixed"
            mix[name] = _sum(mix[name], share) if name in mix else share
    return mix or None


def _sum(first: str, second: str) -> str:
    """Two rows of the same polymer are one share; what is no number stays to be complained about."""
    from decimal import Decimal, InvalidOperation

    try:
        return format(Decimal(first) + Decimal(second), "f")
    except InvalidOperation:
        return second or first


def _facts(query: QueryDict) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for key in query:
        if not key.startswith("f."):
            continue
        value = _one(query, key)
        if not value:
            continue
        scope, dot, name = key[2:].rpartition(".")
        typed = yes_no(value) if value.lower() in ("y", "n") else decimal_point(value)
        if not dot:
            facts[name] = typed
        elif LAYER.match(scope):
            facts.setdefault(scope, {})[name] = typed
    return facts


def _documents(query: QueryDict) -> list[dict[str, Any]] | None:
    given = [value for value in query.getlist("doc") if value.strip()]
    if not given:
        return None
    papers: list[dict[str, Any]] = []
    for value in given:
        kind, *rest = value.split(";")
        kind = unquote(kind).strip()
        if not kind or kind == "none":
            continue
        paper: dict[str, Any] = {"kind": kind}
        for part in rest:
            name, _, text = part.partition(":")
            if name == "renewed":
                start, _, days = unquote(text).partition("/")
                paper.setdefault("renewals", []).append({"from": start or None, "days": days})
            elif name in DOCUMENT_FIELDS and text:
                paper[name] = unquote(text)
        for name in DOCUMENT_FIELDS:
            if text := query.get(f"doc.{kind}.{name}", "").strip():
                paper[name] = decimal_point(text) if name == "value" else text
        starts, lengths = (query.getlist(f"doc.{kind}.{name}") for name in ("renewed", "renewal_days"))
        renewals = [
            {"from": start.strip() or None, "days": length.strip()}
            for start, length in zip_longest(starts, lengths, fillvalue="")
            if start.strip() or length.strip()
        ]
        if renewals:
            paper["renewals"] = renewals
        papers.append(paper)
    return papers


def _answered(shipment: Mapping[str, Any]) -> Iterator[str]:
    for name, value in shipment.items():
        if name == "facts":
            for fact, inner in value.items():
                if isinstance(inner, Mapping):
                    yield from (f"{fact}.{part}" for part in inner)
                else:
                    yield fact
        else:
            yield name


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────────


def to_query(shipment: Mapping[str, Any], *, skipped: Iterable[str] = ()) -> str:
    """The short spelling, in a fixed order and without what is not known: equal answers have one address."""
    return "&".join(f"{quote(key, safe=SAFE)}={quote(value, safe=SAFE)}" for key, value in _pairs(shipment, skipped))


def _pairs(shipment: Mapping[str, Any], skipped: Iterable[str]) -> Iterator[tuple[str, str]]:
    get = shipment.get
    yield from _field("from", get("export"))
    yield from _field("to", get("import"))
    if transit := get("transit"):
        yield "via", ",".join(state for state, _stop in _passed(transit))
        yield from _stop_pairs(transit)
    yield from _field("origin", get("origin") if get("origin") != get("export") else None)
    yield from _field("date", get("date"))
    for name, day in sorted((get("events") or {}).items()):
        yield from _field(f"e.{name}", day)
    yield from _field("hs", get("hs"))
    yield from _field("ed", get("hs_edition"))
    if mix := get("polymers"):
        yield "mix", ",".join(f"{code}:{plain(share)}" for code, share in mix.items() if share is not None)
    yield from _field("foreign", get("contamination_pct"))
    yield from _field("op", get("operation"))
    for name in (
        "material",
        *YES_NO,
        "annex_i",
        "annex_iii",
        "consumer",
        "net_kg",
        "gross_kg",
        "value",
        "currency",
    ):
        yield from _field(name, get(name))
    for name in ("declared_entry", "description", "consignment", "containers", "evaluate"):
        yield from _field(name, get(name))
    for party in PARTIES:
        about = get(party)
        if isinstance(about, Mapping):
            for part in ("name", "id", "address"):
                yield from _field(f"{party}.{part}", about.get(part))
        else:
            yield from _field(party, about)
    yield from _fact_pairs(get("facts") or {})
    for state, stop in _passed(get("transit")):
        if stop.get("facts"):
            yield from _fact_pairs({f"{state}:transit": stop["facts"]})
    yield from _document_pairs(get("documents"))
    if left := ",".join(skipped):
        yield "skip", left


def _passed(transit: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """(State, what is said of the stop) in the order of the route."""
    stops = [transit] if isinstance(transit, (str, Mapping)) else transit or ()
    return [(str(s.get("state", "")), s) if isinstance(s, Mapping) else (str(s), {}) for s in stops]


def _stop_pairs(transit: Any) -> Iterator[tuple[str, str]]:
    passed = _passed(transit)
    for state in dict.fromkeys(state for state, _stop in passed):
        for name in STOP_DAYS:
            dates = [plain(stop.get(name) or "") for other, stop in passed if other == state]
            if any(dates):
                yield from ((f"via.{state.upper()}.{name}", day) for day in dates)


def _fact_pairs(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(facts.items()):
        if isinstance(value, Mapping):
            for inner, part in sorted(value.items()):
                yield from _field(f"f.{name}.{inner}", part)
        else:
            yield from _field(f"f.{name}", value)


def _document_pairs(documents: Sequence[Any] | None) -> Iterator[tuple[str, str]]:
    if documents is None:
        return
    if not documents:
        yield "doc", "none"
    for item in documents:
        paper: Mapping[str, Any] = {"kind": item} if isinstance(item, str) else item
        parts = [_part(str(paper.get("kind", "")))]
        parts += [
            f"{name}:{_part(plain(paper[name]))}" for name in DOCUMENT_FIELDS if paper.get(name) not in (None, "")
        ]
        for renewal in paper.get("renewals") or ():
            parts.append(f"renewed:{_part(plain(renewal.get('from') or ''))}/{_part(plain(renewal.get('days') or ''))}")
        yield "doc", ";".join(parts)


def _part(text: str) -> str:
    """A piece of a `doc` value: the signs that part the pieces are escaped once more inside it."""
    return quote(text, safe=":,@!*()~ ")


def _field(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None or value == "" or (isinstance(value, (list, tuple)) and not value):
        return
    yield name, plain(value)


def plain(value: Any) -> str:
    """One value as the address writes it: y/n, no exponent, lists with commas."""
    if isinstance(value, bool):
        return "y" if value else "n"
    if isinstance(value, (list, tuple)):
        return ",".join(plain(part) for part in value)
    if isinstance(value, float):
        return format(value, "g") if value == value else ""
    return str(value)
