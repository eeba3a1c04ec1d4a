"""The drawn rows as Arrow columns under the contract's names."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tidegate.formats.generate import words
from tidegate.formats.generate.draws import Codes, Draws, Floats, Mask
from tidegate.formats.generate.goods import Goods
from tidegate.formats.generate.plan import CONSUMER, FLAGS, OPERATION_WORDS, Plan
from tidegate.formats.generate.route import STOPS, Route
from tidegate.formats.generate.text import containers, digits, literal, texts
from tidegate.law.records import EVENTS

COMPANY_WORDS = pa.array([words.company(n) for n in range(words.COMPANIES)])
COMPANY_IDS = pa.array([f"FICT-{n:05d}" for n in range(words.COMPANIES)])
BOXES = 3  # containers of one consignment, at most
#: The entry that the papers of a load would name, by recipe; streams and other goods name any.
NAMED = ("B3011", "B3011", "B3011", "Y48", "Y48", "B3011", "B3011", "Y48", "B3011", None, None, None)


def order(plan: Plan, papers: bool) -> list[str]:
    """The columns of a batch, in the order of the contract."""
    return [
        "id", "date", *(f"events.{e}" for e in EVENTS), "export", "import", "origin", "transit", "consignment", "hs",
        "hs_edition", "description", "declared_entry", "operation", "waste", *(f"polymers.{p}" for p in plan.polymers),
        "contamination_pct", "halogenated", "hazardous", "annex_i", "annex_iii", "consumer", "material", "net_kg",
        "gross_kg", "value", "currency", "consignor.name", "consignor.id", "consignee.name", "consignee.id",
        "facility.name", "containers", *(f"facts.{f}" for f in plan.facts), *(["documents"] if papers else []),
    ]  # fmt: skip


def coded(codes: Codes, dictionary: pa.Array | tuple[str, ...]) -> pa.DictionaryArray:
    """A column of words by their places; -1 is not stated."""
    if isinstance(dictionary, tuple):
        dictionary = pa.array(dictionary, pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=codes < 0), dictionary)


def flag(codes: Codes) -> pa.Array:
    """1 true, 0 false, -1 not stated."""
    return pa.array(codes == 1, mask=codes < 0)


def days(values: Codes, known: Mask) -> pa.Array:
    """Day numbers as a column of dates."""
    return pa.array(values.astype(np.int32), pa.int32(), mask=~known).cast(pa.date32())


def numbers(values: Floats, known: Mask) -> pa.Array:
    """A column of numbers."""
    return pa.array(values.astype(np.float64), pa.float64(), mask=~known)


# ── what the law looks at ──────────────────────────────────────────────────────────────────────────────────


def route_columns(plan: Plan, route: Route, of: Codes) -> dict[str, pa.Array]:
    """States, days and events. `of`: the consignment of each row."""
    rows = len(of)
    states = pa.array(plan.states)
    columns = {"date": days(route.day[of], np.ones(rows, dtype=bool))}
    for event, (day, shown) in route.events.items():
        columns[f"events.{event}"] = days(day[of], shown[of])
    columns["export"] = coded(route.export[of], states)
    columns["import"] = coded(route.import_[of], states)
    columns["origin"] = coded(route.origin[of], states)
    columns["transit"] = _transit(plan, route.stops[of])
    return columns


def _transit(plan: Plan, stops: Codes) -> pa.Array:
    """Stops joined by `;`: each different route once, then by place."""
    base = len(plan.states) + 1
    key = np.zeros(len(stops), dtype=np.int64)
    for n in range(STOPS):
        key = key * base + stops[:, n] + 1
    distinct, place = np.unique(key, return_inverse=True)
    found: list[str | None] = []
    for value in distinct.tolist():
        codes = [value // base ** (STOPS - 1 - n) % base for n in range(STOPS)]
        found.append(";".join(plan.states[c - 1] for c in codes if c) or None)
    return pa.array(found, pa.string()).take(pa.array(place))


def goods_columns(
    plan: Plan, draws: Draws, goods: Goods, aim: Codes, complete: Mask, lost: dict[str, Mask], day: Codes
) -> dict[str, pa.Array]:
    """Headings, composition and what else is said of the load. `lost`: which rows lack which column."""
    rows = len(aim)
    edition = np.searchsorted(plan.edition_days, day, side="right") - 1
    edition = np.where(draws.chance(0.3, rows), edition, -1)
    columns: dict[str, pa.Array] = {
        "hs": coded(goods.hs, plan.hs_words),
        "hs_edition": coded(edition, plan.edition_words),
        "description": _description(plan, goods),
        "declared_entry": coded(_declared_entry(draws, goods, rows), words.ENTRIES.words),
    }
    flags = {}
    for name in FLAGS:
        stated = np.where(complete, goods.flags[f"sure {name}"], goods.flags[name])
        aimed = plan.aim_flags[name][aim] >= 0
        flags[name] = np.where(lost[name] & ~aimed, -1, stated)
        columns[name] = flag(flags[name])
    operation = np.where(lost["operation"] & (plan.aim_operation[aim] < 0), -1, goods.operation)
    columns["operation"] = coded(operation, OPERATION_WORDS)
    # what a load is made of is lost only where nothing was aimed at it; a named material stays
    said = ~(lost["polymers"] & (aim < 0) & (goods.material < 0))
    for n, code in enumerate(plan.polymers):
        columns[f"polymers.{code}"] = numbers(goods.shares[n] / 1000.0, said & (goods.shares[n] > 0))
    stated = ~(lost["contamination_pct"] & (aim < 0))
    columns["contamination_pct"] = numbers(goods.contamination / 1000.0, stated)
    shown = (flags["hazardous"] == 1) & draws.chance(0.45, rows)
    columns["annex_i"] = coded(np.where(shown, words.ANNEX_I.draw(draws, rows), -1), words.ANNEX_I.words)
    also = shown & draws.chance(0.8, rows)
    columns["annex_iii"] = coded(np.where(also, words.ANNEX_III.draw(draws, rows), -1), words.ANNEX_III.words)
    consumer = np.where(lost["consumer"] & (plan.aim_consumer[aim] < 0), -1, goods.consumer)
    columns["consumer"] = coded(consumer, CONSUMER)
    columns["material"] = coded(goods.material, plan.material_words)
    weighed = draws.chance(0.97, rows) | ~np.isnan(plan.aim_kilograms[aim])
    columns["net_kg"] = numbers(goods.kilograms / 10.0, weighed)
    return columns


def _description(plan: Plan, goods: Goods) -> pa.DictionaryArray:
    phrases = len(plan.phrases)
    named = (goods.material >= 0) & (goods.material < plan.first_other)
    place = np.where(named, phrases + goods.material, goods.phrase)
    return coded(place, (*plan.phrases, *plan.stream_phrases))


def _declared_entry(draws: Draws, goods: Goods, rows: int) -> Codes:
    place = np.array([-1 if e is None else words.ENTRIES.place(e) for e in NAMED])[goods.recipe]
    any_entry = words.ENTRIES.draw(draws, rows)
    place = np.where((place < 0) | draws.chance(0.1, rows), any_entry, place)
    return np.where(draws.chance(0.4, rows), place, -1)


def fact_columns(
    plan: Plan, facts: dict[str, Codes | Floats], aim: Codes, lost: dict[str, Mask]
) -> dict[str, pa.Array]:
    """The facts, less those that a row lacks and that nothing was aimed at."""
    columns: dict[str, pa.Array] = {}
    nowhere = np.zeros(len(aim), dtype=bool)
    for name in plan.facts:
        value = facts[name]
        kind = plan.book.facts[name].type
        wanted = plan.aim_facts[name][aim]
        aimed = ~np.isnan(wanted) if kind == "number" else wanted >= 0
        gone = lost.get(f"facts.{name}", nowhere) & ~aimed
        if kind == "number":
            columns[f"facts.{name}"] = numbers(np.asarray(value, dtype=np.float64), ~np.isnan(value) & ~gone)
            continue
        codes = np.where(gone, -1, value).astype(np.int64)
        columns[f"facts.{name}"] = flag(codes) if kind == "bool" else coded(codes, plan.fact_words[name])
    return columns


# ── what the law does not look at ──────────────────────────────────────────────────────────────────────────


def trade_columns(draws: Draws, of: Codes, first_row: int, net: pa.Array) -> dict[str, pa.Array]:
    """Keys, parties, containers, masses and prices: new for every declaration.

    `of`: the consignment of each row; `first_row`: the number of the first row, from 0; `net`: net masses, in
    kilograms, of which each row has its own a few per cent more or less.
    """
    rows = len(of)
    count = int(of[-1]) + 1
    row = first_row + np.arange(rows, dtype=np.int64) + 1
    consignment = first_row + np.searchsorted(of, np.arange(count)) + 1
    sender, taker = draws.below(words.COMPANIES, count), draws.below(words.COMPANIES, count)
    plant = np.where(draws.chance(0.6, count), taker, draws.below(words.COMPANIES, count))
    plant = np.where(draws.chance(0.7, count), plant, -1)
    known = np.asarray(net.is_valid())
    tenths = np.rint(np.asarray(net.fill_null(18_000.0)) * 10).astype(np.int64)
    tenths += tenths * draws.between(-30, 30, rows) // 1000
    gross = tenths + tenths * draws.between(5, 60, rows) // 1000
    cents = tenths * draws.between(40, 900, rows) // 100
    return {
        "id": texts([literal("TG-", rows), digits(row, 9)]),
        "consignment": texts([literal("C", rows), digits(consignment[of], 9)]),
        "consignor.name": coded(sender[of], COMPANY_WORDS),
        "consignor.id": coded(sender[of], COMPANY_IDS),
        "consignee.name": coded(taker[of], COMPANY_WORDS),
        "consignee.id": coded(taker[of], COMPANY_IDS),
        "facility.name": coded(plant[of], COMPANY_WORDS),
        "containers": _containers(draws, count).take(pa.array(of)),
        "net_kg": numbers(tenths / 10.0, known),
        "gross_kg": numbers(gross / 10.0, draws.chance(0.9, rows)),
        "value": numbers(cents / 100.0, draws.chance(0.93, rows)),
        "currency": coded(words.CURRENCIES.draw(draws, rows), words.CURRENCIES.words),
    }


def _containers(draws: Draws, count: int) -> pa.Array:
    """Up to three container numbers a consignment, joined by `;`."""
    boxes = 1 + np.searchsorted([0.7, 0.9], draws.uniform(count), side="right")
    parts = []
    for n in range(BOXES):
        if n:
            parts.append(literal(";", count))
        parts.append(containers(words.OWNER, draws.below(10**6, count)))
    each = parts[0].shape[1] + 1
    shown = np.arange(BOXES * each - 1)[None, :] < (boxes * each - 1)[:, None]
    return texts(parts, shown, draws.chance(0.85, count))
