"""What is in the load: composition, classification facts, headings, masses; drawn for each line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidegate.formats.generate import words
from tidegate.formats.generate.aims import (
    CLEAN,
    CURED,
    FLUORO,
    HALOGENATED,
    LIGHT,
    MIX,
    OTHER,
    OTHER_MIX,
    PRODUCT,
    STREAM,
    UNKNOWN,
    UNSORTED,
)
from tidegate.formats.generate.draws import Codes, Draws, Floats, Mask, Weighted
from tidegate.formats.generate.plan import CONSUMER, FLAGS, OPERATION_WORDS, TAILS, Plan

WHOLE = 100_000  # shares are counted in thousandths of a per cent, so that a column holds the decimal that was meant
TENTH = 100
RECIPE_WEIGHTS = Weighted({"clean": 31, "light": 14, "mix": 11, "other mix": 9, "halogenated": 5, "fluoro": 1.6,
    "cured": 1.2, "unsorted": 5, "unknown": 6, "stream": 10, "product": 4.5, "other": 1.7})  # fmt: skip
NEAR_LIMITS = np.array([400, 500, 600, 1000, 1900, 2000, 2100, 2500, 3000, 5900, 6000, 6100])
# least and most foreign matter, in tenths of a per cent, by recipe; LIGHT takes NEAR_LIMITS instead
FOREIGN = np.array(
    [[0, 19], [0, 0], [0, 24], [0, 200], [0, 50], [0, 10], [0, 10], [10, 300], [0, 80], [0, 100], [0, 5], [0, 0]]
)
HAZARD = np.array([0.02, 0.03, 0.03, 0.06, 0.08, 0.05, 0.05, 0.10, 0.06, 0.25, 0.01, 0.12])


@dataclass(slots=True)
class Goods:
    """One entry a row. Codes are places in the plan's words, -1 where nothing is stated."""

    recipe: Codes
    shares: Codes
    contamination: Codes
    material: Codes
    hs: Codes
    phrase: Codes
    flags: dict[str, Codes]
    consumer: Codes
    operation: Codes
    kilograms: Codes
    mixture: Mask


def draw_goods(plan: Plan, draws: Draws, aim: Codes, complete: Mask, used: Codes, day: Codes) -> Goods:
    """The goods of each row. `used`: the fact of that name, 1 true, 0 false, -1 not stated."""
    rows = len(aim)
    recipe = RECIPE_WEIGHTS.draw(draws, rows)
    recipe[(recipe == UNKNOWN) & complete] = LIGHT
    wanted = plan.aim_recipe.pick(aim, draws)
    recipe = np.where(wanted >= 0, wanted, recipe)
    material = _material(plan, draws, aim, recipe)
    shares, contamination = _composition(plan, draws, aim, recipe, rows)
    return Goods(
        recipe=recipe,
        shares=shares,
        contamination=contamination,
        material=material,
        hs=_hs(plan, draws, aim, recipe, material, shares, day),
        phrase=plan.phrases_of.pick(recipe, draws),
        flags=_flags(plan, draws, aim, recipe, material, shares),
        consumer=_consumer(plan, draws, aim, recipe, used),
        operation=_operation(plan, draws, aim, recipe),
        kilograms=_mass(plan, draws, aim, rows),
        mixture=np.isin(recipe, (MIX, OTHER_MIX, UNSORTED)),
    )


def _material(plan: Plan, draws: Draws, aim: Codes, recipe: Codes) -> Codes:
    rows = len(aim)
    stream = draws.below(max(1, plan.streams), rows)
    other = plan.first_other + words.OTHER_MATERIALS.draw(draws, rows)
    material = np.where(recipe == STREAM, stream, np.where(recipe == OTHER, other, -1))
    if len(plan.plastic_materials):
        named = plan.plastic_materials[draws.below(len(plan.plastic_materials), rows)]
        material = np.where((recipe <= LIGHT) & draws.chance(0.015, rows), named, material)
    wanted = plan.aim_material[aim]
    return np.where(wanted >= 0, wanted, material)


def _composition(plan: Plan, draws: Draws, aim: Codes, recipe: Codes, rows: int) -> tuple[Codes, Codes]:
    """(share of each polymer by column, foreign matter), in thousandths of a per cent."""
    low, high = FOREIGN[recipe, 0], FOREIGN[recipe, 1]
    foreign = draws.between(low, high, rows) * TENTH
    foreign[(recipe == CLEAN) & draws.chance(0.25, rows)] = 0
    foreign = np.where(recipe == LIGHT, NEAR_LIMITS[draws.below(len(NEAR_LIMITS), rows)], foreign)
    foreign += np.where(draws.chance(0.07, rows), draws.below(TENTH, rows), 0)
    stated = plan.aim_contamination[aim]
    foreign = np.where(np.isnan(stated), foreign, np.rint(np.nan_to_num(stated) * 1000).astype(np.int64))
    unsaid = np.where(draws.chance(0.12, rows), draws.between(1, 40, rows) * TENTH, 0)
    room = np.maximum(WHOLE - foreign - unsaid, 0)
    stream = recipe == STREAM
    part = np.where(stream, 0.01 + 0.5 * draws.uniform(rows), 1.0)
    part[stream & draws.chance(0.6, rows)] = 0.0
    part[recipe == UNKNOWN] = 0.0
    part[(recipe == OTHER) & draws.chance(0.9, rows)] = 0.0
    room = _tenths(room * part, draws, rows, room)

    minor = np.where(draws.chance(0.35, rows), draws.between(1, 15, rows) * TENTH, 0)
    first = room - minor
    even = 0.3 + 0.4 * draws.uniform(rows)
    most = 0.35 + 0.5 * draws.uniform(rows)
    first = np.where(recipe == MIX, _tenths(room * even, draws, rows, room), first)
    first = np.where(recipe == OTHER_MIX, _tenths(room * most, draws, rows, room), first)
    spiked = (recipe == HALOGENATED) & draws.chance(0.4, rows)
    first = np.where(spiked, room - draws.between(5, 200, rows) * TENTH, first)
    lump = (recipe == UNSORTED) & draws.chance(0.4, rows)
    first = np.where(recipe == UNSORTED, np.where(lump, _tenths(room * most, draws, rows, room), room), first)
    first = np.clip(first, 0, room)
    rest = room - first
    three = np.isin(recipe, (MIX, OTHER_MIX)) & draws.chance(0.5, rows)
    second = np.where(three, _tenths(rest * (0.2 + 0.6 * draws.uniform(rows)), draws, rows, rest), rest)
    third = rest - second

    codes = _polymers(plan, draws, recipe, spiked, lump, rows)
    wanted = plan.aim_polymer.pick(aim, draws)
    codes[0] = np.where(wanted >= 0, wanted, codes[0])
    shares = np.zeros((len(plan.polymers), rows), dtype=np.int64)
    at = np.arange(rows)
    for code, share in zip(codes, (first, second, third), strict=True):
        shares[code, at] += share
    return shares, foreign


def _tenths(value: Floats, draws: Draws, rows: int, most: Codes) -> Codes:
    """Rounded to a tenth of a per cent mostly, to more decimals now and then."""
    fine = np.rint(value).astype(np.int64)
    whole = fine // TENTH * TENTH
    return np.minimum(np.where(draws.chance(0.06, rows), fine, whole), most)


def _polymers(plan: Plan, draws: Draws, recipe: Codes, spiked: Mask, lump: Mask, rows: int) -> list[Codes]:
    """The columns of the first, second and third polymer of each load."""

    def one(pool: tuple[Weighted, Codes]) -> Codes:
        return pool[1][pool[0].draw(draws, rows)]

    mixed = plan.polymer_place["mixed"]
    turn = draws.below(plan.mixables, rows)
    blend = [plan.mixable.pick((turn + n) % plan.mixables, draws) for n in range(3)]
    plain, halogen = one(plan.plain_polymer), one(plan.halogenated_polymer)
    first = plain.copy()
    first[recipe == MIX] = blend[0][recipe == MIX]
    first = np.where((recipe == HALOGENATED) & ~spiked, halogen, first)
    first = np.where(recipe == FLUORO, one(plan.fluoro_polymer), first)
    first = np.where(recipe == CURED, one(plan.cured_polymer), first)
    first = np.where((recipe == UNSORTED) & ~lump, mixed, first)
    second = one(plan.any_polymer)
    second[recipe == MIX] = blend[1][recipe == MIX]
    second = np.where(spiked, halogen, np.where(lump, mixed, second))
    third = one(plan.any_polymer)
    third[recipe == MIX] = blend[2][recipe == MIX]
    return [first, second, third]


def _flags(plan: Plan, draws: Draws, aim: Codes, recipe: Codes, material: Codes, shares: Codes) -> dict[str, Codes]:
    rows = len(aim)
    turns = (recipe != STREAM) | plan.stream_hazard[material]
    halogen = (shares[plan.with_halogen] > 0).any(axis=0)
    drawn = {
        "waste": np.where(recipe == PRODUCT, draws.chance(0.45, rows), draws.chance(0.97, rows)),
        "hazardous": draws.chance(HAZARD[recipe], rows) & turns,
        "halogenated": halogen | ((recipe == UNKNOWN) & draws.chance(0.1, rows)),
    }
    known = {"waste": 0.9, "hazardous": 0.75, "halogenated": 0.7}
    out: dict[str, Codes] = {}
    for name in FLAGS:
        value = np.where(draws.chance(known[name], rows), drawn[name].astype(np.int64), -1)
        out[name] = np.where(plan.aim_flags[name][aim] >= 0, plan.aim_flags[name][aim], value)
        out[f"sure {name}"] = np.where(plan.aim_flags[name][aim] >= 0, plan.aim_flags[name][aim], drawn[name])
    return out


def _consumer(plan: Plan, draws: Draws, aim: Codes, recipe: Codes, used: Codes) -> Codes:
    rows = len(aim)
    post = np.where(draws.chance(0.08, rows), draws.chance(0.5, rows), used != 0).astype(np.int64)
    post = np.where((recipe == FLUORO) & draws.chance(0.7, rows), 0, post)
    assert CONSUMER == ("pre", "post")
    wanted = plan.aim_consumer[aim]
    return np.where(wanted >= 0, wanted, post)


def _operation(plan: Plan, draws: Draws, aim: Codes, recipe: Codes) -> Codes:
    rows = len(aim)
    place = np.array([OPERATION_WORDS.index(w) for w in words.OPERATIONS.words])
    drawn = place[words.OPERATIONS.draw(draws, rows)]
    drawn = np.where((recipe == PRODUCT) & draws.chance(0.6, rows), OPERATION_WORDS.index("product"), drawn)
    wanted = plan.aim_operation[aim]
    return np.where(wanted >= 0, wanted, drawn)


def _hs(plan: Plan, draws: Draws, aim: Codes, recipe: Codes, material: Codes, shares: Codes, day: Codes) -> Codes:
    """The code declared: mostly the one deserved, sometimes a neighbour's, sometimes one that hides the goods."""
    rows = len(aim)
    heading = plan.polymer_heading[np.argmax(shares, axis=0)]
    elsewhere = plan.plastic_headings[draws.below(len(plan.plastic_headings), rows)]
    heading = np.where(draws.chance(0.15, rows), elsewhere, heading)
    articles = plan.article_headings[draws.below(len(plan.article_headings), rows)]
    heading = np.where(recipe == PRODUCT, articles, heading)
    others = plan.other_headings[draws.below(len(plan.other_headings), rows)]
    heading = np.where(recipe == OTHER, others, heading)
    own = plan.stream_headings.pick(np.where(recipe == STREAM, material, -1), draws)
    hidden = plan.hidden_headings[draws.below(len(plan.hidden_headings), rows)]
    own = np.where((recipe == STREAM) & ((own < 0) | draws.chance(0.15, rows)), hidden, own)
    heading = np.where(own >= 0, own, heading)
    anything = draws.below(plan.heading_count, rows)
    heading = np.where(draws.chance(0.02, rows), anything, heading)
    form = np.searchsorted([0.66, 0.82, 0.89, 0.95, 0.985], draws.uniform(rows), side="right")
    tails = len(TAILS)
    code = np.where(form < tails, heading * tails + np.minimum(form, tails - 1), plan.heading_count * tails + heading)
    wanted = plan.aim_hs.pick(aim, draws)
    return np.where(wanted >= 0, wanted, code)


def _mass(plan: Plan, draws: Draws, aim: Codes, rows: int) -> Codes:
    """Net mass in tenths of a kilogram: mostly one container, sometimes a sample, sometimes a ship's hold."""
    size = draws.uniform(rows)
    kilograms = draws.between(12_000, 26_500, rows)
    kilograms = np.where(size < 0.12, draws.between(200, 9_000, rows), kilograms)
    kilograms = np.where(size > 0.9, draws.between(26_500, 99_000, rows), kilograms)
    kilograms = np.where(size > 0.96, draws.between(99_000, 480_000, rows), kilograms)
    kilograms = np.where(size > 0.985, draws.between(480_000, 900_000, rows), kilograms)
    tenths = kilograms * 10 + np.where(draws.chance(0.3, rows), draws.below(10, rows), 0)
    stated = plan.aim_kilograms[aim]
    return np.where(np.isnan(stated), tenths, np.rint(np.nan_to_num(stated) * 10).astype(np.int64))
