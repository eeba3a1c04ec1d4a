"""Declarations made to meet a rule: for each rule of the book, the ways in which it comes to bind.

Most generated rows are plain trade and meet whatever they meet. The rest are aimed: at each rule once for every way in
which its conditions can hold, once for every way in which its limits can be missed, and once for every exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tidegate.formats.generate.wishes import (
    FIRST_DAY,
    LAST_DAY,
    MOST_WAYS,
    HeldPaper,
    Setting,
    Wish,
    merge,
    together,
    ways,
)
from tidegate.law.records import Book, Rule

# what a load is made of, as a recipe of goods.py
CLEAN, LIGHT, MIX, OTHER_MIX, HALOGENATED, FLUORO, CURED, UNSORTED, UNKNOWN, STREAM, PRODUCT, OTHER = range(12)
RECIPES = 12
PLASTICS = (CLEAN, LIGHT, MIX, OTHER_MIX, HALOGENATED, FLUORO, CURED, UNSORTED, UNKNOWN)
RECIPE_OF_MIX = {"single": (CLEAN, LIGHT), "pe_pp_pet": (MIX,), "other": (OTHER_MIX,)}
DIRTY = (OTHER_MIX, HALOGENATED)
AMENDED = date(2021, 1, 1)  # the plastics entries of decision BC-14/12
PLACES = ("export", "import", "origin", "transit")


@dataclass(frozen=True, slots=True)
class Aim:
    """One way to meet a rule. Empty choices leave the matter to chance."""

    rule: str
    event: str
    first: date
    last: date
    states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    direct: bool = False
    hs: tuple[str, ...] = ()
    recipes: tuple[int, ...] = ()
    material: str | None = None
    polymers: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    papers: tuple[HeldPaper, ...] = ()


def aims_of(book: Book) -> tuple[Aim, ...]:
    """Every aim of the book, in the order of its rules."""
    return tuple(aim for rule in book.rules.values() for aim in _aims(rule, book))


def unaimed(book: Book) -> tuple[str, ...]:
    """Rules that no declaration of these years can meet: those that ended before, or that contradict themselves."""
    met = {aim.rule for aim in aims_of(book)}
    return tuple(rule for rule in book.rules if rule not in met)


def _aims(rule: Rule, book: Book) -> list[Aim]:
    first, last = max(rule.valid_from or FIRST_DAY, FIRST_DAY), min(rule.valid_to or LAST_DAY, LAST_DAY)
    if first > last:
        return []
    setting = Setting(book, rule.role, (first, last))
    base: Wish = {"window": (first, last)}
    if rule.state is not None and rule.role is not None:
        base[rule.role] = frozenset({rule.state})
    if "listed" in rule.hs:
        base["listed_item"] = True
    elif "any" not in rule.hs:
        base["hs"] = frozenset(rule.hs)
    contents = [w for token in rule.basel for w in _content(token, book)] or [{}]
    whens = ways(rule.when, setting)
    found = _round(contents, whens, base, MOST_WAYS + len(rule.basel))
    for condition in (*rule.fails, *rule.unless):
        more = together([whens, ways(condition, setting)])
        found += _round(contents, more, base, MOST_WAYS)
    if rule.suspects:
        hidden = {**base, "hs": frozenset(rule.suspects)}
        found.append(hidden)
    aims = [_aim(rule, wish, book) for wish in found]
    return [aim for n, aim in enumerate(aims) if aim is not None and aim not in aims[:n]]


def _round(contents: list[Wish], whens: list[Wish], base: Wish, most: int) -> list[Wish]:
    """Contents and conditions paired off so that each of both is used, `most` wishes at most."""
    out: list[Wish] = []
    for n in range(max(len(contents), len(whens))):
        for shift in (0, 1):
            content = contents[(n + shift) % len(contents)]
            when = whens[n % len(whens)] if whens else {}
            merged = merge(base, when)
            merged = None if merged is None else merge(merged, content)
            if merged is not None and merged not in out:
                out.append(merged)
    return out[:most]


def _aim(rule: Rule, wish: Wish, book: Book) -> Aim | None:
    wish = dict(wish)
    first, last = wish.pop("window")
    states = {place: tuple(sorted(wish.pop(place))) for place in PLACES if place in wish}
    papers = wish.pop("papers", ())
    hs = tuple(sorted(wish.pop("hs", ())))
    polymers = tuple(sorted(wish.pop("polymer", ())))
    mixes = wish.pop("mix", None)
    recipes = wish.pop("recipes", None)
    material = wish.pop("material", None)
    token = wish.pop("token", None)
    if token is not None and recipes is None and material is None:
        found = [w for t in sorted(token) for w in _content(t, book)]
        content = found[0] if found else {}
        recipes, material = content.get("recipes"), content.get("material")
        for name, value in content.items():
            if name not in ("recipes", "material", "window"):
                wish.setdefault(name, value)
        if "window" in content:
            first, last = max(first, content["window"][0]), min(last, content["window"][1])
    if mixes is not None:
        of_mix = {r for m in mixes for r in RECIPE_OF_MIX[m]}
        recipes = tuple(sorted(of_mix if recipes is None else of_mix & set(recipes))) or tuple(sorted(of_mix))
    if recipes is None and material is None:
        recipes, material = _content_of_hs(hs, book)
    if material is not None and recipes is None:
        stream = book.streams.get(material)
        recipes = (OTHER,) if stream is None else (LIGHT,) if stream.plastic else (STREAM,)
    if polymers and not recipes:
        recipes = (CLEAN, LIGHT)
    if first > last:
        return None
    direct = wish.pop("direct_shipment", None)
    if direct is False:
        wish["direct_shipment"] = False
    recipes = tuple(recipes or ())
    return Aim(rule.id, rule.event, first, last, states, direct is True, hs, recipes, material, polymers, wish, papers)


def _content_of_hs(hs: tuple[str, ...], book: Book) -> tuple[tuple[int, ...] | None, str | None]:
    """Something that travels under the codes: for 39.15 any plastics, for articles of plastics a used product."""
    if not hs or any(code.startswith("3915") for code in hs):
        return (None, None) if not hs else ((CLEAN, LIGHT, MIX, OTHER_MIX), None)
    if all(code.startswith("39") for code in hs):
        return (PRODUCT,), None
    for code in hs:
        heading = next((h for h in book.headings if h.material and code.startswith(h.code)), None)
        if heading is not None:
            return (STREAM,), heading.material
    return (OTHER,), None


def _content(word: str, book: Book) -> list[Wish]:
    """Contents that answer to a Basel token, with the days on which they do."""
    since: Wish = {"window": (AMENDED, LAST_DAY)}
    clean: Wish = {"recipes": (CLEAN,), "hazardous": False, "waste": True, "operation": "R3"}
    dirty: Wish = {"recipes": DIRTY, "hazardous": False, "waste": True}
    toxic: Wish = {"recipes": (CLEAN, LIGHT), "hazardous": True, "waste": True}
    if word == "any":
        return [{}]
    if word in ("A3210", "AC300"):
        return [{**toxic, **since}]
    if word in ("Y48", "EU48"):
        return [{**dirty, **since}]
    if word in ("B3011", "EU3011"):
        return [{**clean, **since}]
    if word == "B3010":
        return [{**clean, "to_specification": True, "window": (FIRST_DAY, AMENDED - timedelta(days=1))}]
    if word == "A-list":
        return [toxic, *_streams(book, "A")]
    if word == "B-list":
        return [{**clean, **since}, *_streams(book, "B")]
    if word == "controlled":
        return [{**dirty, **since}, toxic, *_streams(book, "Y")]
    if word == "unlisted":
        return [{"recipes": (OTHER,), "hazardous": False, "waste": True}]
    if word == "hazardous-unlisted":
        return [{"recipes": (OTHER,), "hazardous": True, "waste": True}]
    return _streams(book, word)


def _streams(book: Book, beginning: str) -> list[Wish]:
    """Streams whose entry begins so, each on the days of that entry."""
    out: list[Wish] = []
    for stream in book.streams.values():
        for code, hazardous, excluded in stream.entries:
            entry = book.entries.get(code)
            if entry is None or not code.startswith(beginning):
                continue
            first, last = max(entry.valid_from or FIRST_DAY, FIRST_DAY), min(entry.valid_to or LAST_DAY, LAST_DAY)
            wish: Wish = {"recipes": (STREAM,), "material": stream.material, "waste": True, "window": (first, last)}
            if hazardous is not None:
                wish["hazardous"] = hazardous
            if excluded:
                wish["operation"] = "R3"
            out.append(wish)
    return out


def number(value: Any) -> float:
    """The value of a number in a wish, as a column holds it."""
    return float(value) if isinstance(value, Decimal) else float(str(value))
