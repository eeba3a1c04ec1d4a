"""A block of rows: the draws of route, goods, facts and papers, as Arrow columns under the contract's names."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tidegate.formats.generate import words
from tidegate.formats.generate.draws import Codes, Draws, Floats, Mask, Weighted
from tidegate.formats.generate.facts import Shape
from tidegate.formats.generate.goods import Goods, draw_goods
from tidegate.formats.generate.papers import PaperPlan, days, draw_papers, numbers
from tidegate.formats.generate.plan import CONSUMER, FLAGS, OPERATION_WORDS, Plan
from tidegate.formats.generate.route import STOPS, Route, draw_route, lines_of
from tidegate.formats.generate.text import containers, digits, literal, texts

ROWS = 16_384
#: The columns that a complete declaration states; 40 % of the rows lack one of them at least.
COMPLETE = (
    "waste",
    "operation",
    "polymers",
    "contamination_pct",
    "halogenated",
    "hazardous",
    "consumer",
    "facts.source",
    "facts.used",
    "facts.mode",
    "facts.importer_type",
)
LOST = 0.22  # share of the values of COMPLETE that an incomplete row lacks
COMPANY_WORDS = pa.array([words.company(n) for n in range(words.COMPANIES)])
COMPANY_IDS = pa.array([f"FICT-{n:05d}" for n in range(words.COMPANIES)])


def make_block(plan: Plan, table: PaperPlan | None, seed: int, number: int) -> pa.RecordBatch:
    """Block `number`: always `ROWS` rows. `table`: the needs of papers, None for rows without documents."""
    draws = Draws(seed, number)
    of = lines_of(draws, ROWS)
    count = int(of[-1]) + 1
    route = draw_route(plan, draws, count)
    first_line = np.concatenate([[True], of[1:] != of[:-1]])
    # the other lines of an aimed consignment meet its rule half of the time
    aim = np.where(first_line | draws.chance(0.5, ROWS), route.aim[of], -1)
    day = route.day[of]
    complete = route.complete[of]
    lost = _lost(draws, complete)
    facts: dict[str, Codes | Floats] = {}
    traits = {"used": np.ones(ROWS, dtype=bool)}
    _fact(plan, draws, "used", aim, complete, traits, facts)
    used = np.asarray(facts.get("used", np.full(ROWS, -1)), dtype=np.int64)
    goods = draw_goods(plan, draws, aim, complete, used, day)
    traits = {
        "used": used == 1,
        "mixture": goods.mixture,
        "stored": np.array([w == "R13" for w in OPERATION_WORDS])[goods.operation],
        "transit": route.stops[of, 0] >= 0,
        "direct": route.stops[of, 0] < 0,
    }
    for name, shape in plan.facts.items():
        if name == "used":
            continue
        if shape.of_route:
            few: dict[str, Codes | Floats] = {}
            here = {trait: mask[first_line] for trait, mask in traits.items()}
            _fact(plan, draws, name, route.aim, route.complete, here, few)
            facts[name] = few[name][of]
        else:
            _fact(plan, draws, name, aim, complete, traits, facts)
    columns = {
        **_route_columns(plan, draws, route, of, number),
        **_goods_columns(plan, draws, goods, aim, complete, lost, day),
        **_party_columns(draws, of, count),
        **_fact_columns(plan, facts, aim, lost),
    }
    if table is not None:
        stops = route.stops[of]
        columns["documents"] = draw_papers(plan, table, draws, aim, route.export[of], route.import_[of], stops, day)
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _lost(draws: Draws, complete: Mask) -> dict[str, Mask]:
    """Which of the columns of COMPLETE each incomplete row lacks: one at least."""
    rows = len(complete)
    certain = draws.below(len(COMPLETE), rows)
    return {
        name: ~complete & (draws.chance(LOST, rows) | (certain == n)) for n, name in enumerate(COMPLETE)
    }


def _fact(
    plan: Plan,
    draws: Draws,
    name: str,
    aim: Codes,
    complete: Mask,
    traits: dict[str, Mask],
    out: dict[str, Codes | Floats],
) -> None:
    """One fact of each row: what the aim asks for, else a value now and then."""
    if name not in plan.facts:
        return
    shape: Shape = plan.facts[name]
    rows = len(aim)
    kind = plan.book.facts[name].type
    known = draws.chance(shape.known, rows)
    if shape.always:
        known |= complete
    if shape.when is not None:
        known &= traits[shape.when]
    weighted = Weighted(shape.values)
    place = weighted.draw(draws, rows)
    wanted = plan.aim_facts[name][aim]
    if kind == "number":
        value = np.array([float(v) for v in weighted.words])[place]
        out[name] = np.where(np.isnan(wanted), np.where(known, value, np.nan), wanted)
        return
    if kind == "bool":
        place = np.array([v == "true" for v in weighted.words], dtype=np.int64)[place]
    out[name] = np.where(wanted >= 0, wanted, np.where(known, place, -1))


# ── columns ────────────────────────────────────────────────────────────────────────────────────────────────


def _words(codes: Codes, dictionary: pa.Array | tuple[str, ...]) -> pa.DictionaryArray:
    if isinstance(dictionary, tuple):
        dictionary = pa.array(dictionary, pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=codes < 0), dictionary)


def _flag(codes: Codes) -> pa.Array:
    return pa.array(codes == 1, mask=codes < 0)


def _route_columns(plan: Plan, draws: Draws, route: Route, of: Codes, number: int) -> dict[str, pa.Array]:
    rows = len(of)
    row = number * ROWS + np.arange(rows, dtype=np.int64) + 1
    states = pa.array(plan.states)
    columns = {
        "id": texts([literal("TG-", rows), digits(row, 10)]),
        "date": days(route.day[of], np.ones(rows, dtype=bool)),
    }
    for event, (day, shown) in route.events.items():
        columns[f"events.{event}"] = days(day[of], shown[of])
    columns |= {
        "export": _words(route.export[of], states),
        "import": _words(route.import_[of], states),
        "origin": _words(route.origin[of], states),
        "transit": _transit(plan, route.stops[of]),
        "consignment": texts([literal("C-", rows), digits(number * ROWS + of + 1, 10)]),
    }
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


def _goods_columns(
    plan: Plan, draws: Draws, goods: Goods, aim: Codes, complete: Mask, lost: dict[str, Mask], day: Codes
) -> dict[str, pa.Array]:
    rows = len(aim)
    everything = np.ones(rows, dtype=bool)
    edition = np.searchsorted(plan.edition_days, day, side="right") - 1
    edition = np.where(draws.chance(0.3, rows), edition, -1)
    named_by = goods.material >= 0
    columns: dict[str, pa.Array] = {
        "hs": _words(goods.hs, plan.hs_words),
        "hs_edition": _words(edition, plan.edition_words),
        "description": _description(plan, goods),
        "declared_entry": _words(_declared_entry(draws, goods, rows), words.ENTRIES.words),
    }
    aimed_flags = {name: plan.aim_flags[name][aim] >= 0 for name in FLAGS}
    flags = {
        name: np.where(complete, goods.flags[f"sure {name}"], goods.flags[name])
        for name in FLAGS
    }
    for name in FLAGS:
        flags[name] = np.where(lost[name] & ~aimed_flags[name], -1, flags[name])
    columns["waste"] = _flag(flags["waste"])
    columns["operation"] = _words(
        np.where(lost["operation"] & (plan.aim_operation[aim] < 0), -1, goods.operation), OPERATION_WORDS
    )
    # what a load is made of is lost only where nothing was aimed at it; a named material stays
    said = everything & ~(lost["polymers"] & (aim < 0) & ~named_by)
    for n, code in enumerate(plan.polymers):
        columns[f"polymers.{code}"] = numbers(goods.shares[n] / 1000.0, said & (goods.shares[n] > 0))
    stated = ~(lost["contamination_pct"] & (aim < 0))
    columns["contamination_pct"] = numbers(goods.contamination / 1000.0, stated)
    columns["halogenated"], columns["hazardous"] = _flag(flags["halogenated"]), _flag(flags["hazardous"])
    shown = (flags["hazardous"] == 1) & draws.chance(0.45, rows)
    columns["annex_i"] = _words(np.where(shown, words.ANNEX_I.draw(draws, rows), -1), words.ANNEX_I.words)
    also = shown & draws.chance(0.8, rows)
    columns["annex_iii"] = _words(np.where(also, words.ANNEX_III.draw(draws, rows), -1), words.ANNEX_III.words)
    consumer = np.where(lost["consumer"] & (plan.aim_consumer[aim] < 0), -1, goods.consumer)
    columns["consumer"] = _words(consumer, CONSUMER)
    columns["material"] = _words(goods.material, plan.material_words)
    net = goods.kilograms / 10.0
    weighed = draws.chance(0.97, rows) | ~np.isnan(plan.aim_kilograms[aim])
    columns["net_kg"] = numbers(net, weighed)
    gross = goods.kilograms + goods.kilograms * draws.between(5, 60, rows) // 1000
    columns["gross_kg"] = numbers(gross / 10.0, draws.chance(0.9, rows))
    cents = goods.kilograms * draws.between(40, 900, rows) // 100
    columns["value"] = numbers(cents / 100.0, draws.chance(0.93, rows))
    columns["currency"] = _words(words.CURRENCIES.draw(draws, rows), words.CURRENCIES.words)
    return columns


def _description(plan: Plan, goods: Goods) -> pa.DictionaryArray:
    phrases = len(plan.phrases)
    named = (goods.material >= 0) & (goods.material < plan.first_other)
    place = np.where(named, phrases + goods.material, goods.phrase)
    return _words(place, (*plan.phrases, *plan.stream_phrases))


#: The entry that the papers of a load would name, by recipe; streams and other goods name any.
NAMED = ("B3011", "B3011", "B3011", "Y48", "Y48", "B3011", "B3011", "Y48", "B3011", None, None, None)


def _declared_entry(draws: Draws, goods: Goods, rows: int) -> Codes:
    place = np.array([-1 if e is None else words.ENTRIES.place(e) for e in NAMED])[goods.recipe]
    any_entry = words.ENTRIES.draw(draws, rows)
    place = np.where((place < 0) | draws.chance(0.1, rows), any_entry, place)
    return np.where(draws.chance(0.4, rows), place, -1)


def _party_columns(draws: Draws, of: Codes, count: int) -> dict[str, pa.Array]:
    companies = words.COMPANIES
    sender, taker = draws.below(companies, count), draws.below(companies, count)
    plant = np.where(draws.chance(0.6, count), taker, draws.below(companies, count))
    plant = np.where(draws.chance(0.7, count), plant, -1)
    boxes = 1 + np.searchsorted([0.7, 0.9], draws.uniform(count), side="right")
    boxed = draws.chance(0.85, count)
    parts = []
    for n in range(3):
        if n:
            parts.append(literal(";", count))
        parts.append(containers(words.OWNER, draws.below(10**6, count)))
    width = np.arange(35)
    shown = width[None, :] < (boxes * 12 - 1)[:, None]
    return {
        "consignor.name": _words(sender[of], COMPANY_WORDS),
        "consignor.id": _words(sender[of], COMPANY_IDS),
        "consignee.name": _words(taker[of], COMPANY_WORDS),
        "consignee.id": _words(taker[of], COMPANY_IDS),
        "facility.name": _words(plant[of], COMPANY_WORDS),
        "containers": texts(parts, shown, boxed).take(pa.array(of)),
    }


def _fact_columns(
    plan: Plan, facts: dict[str, Codes | Floats], aim: Codes, lost: dict[str, Mask]
) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {}
    for name in plan.facts:
        value = facts[name]
        kind = plan.book.facts[name].type
        wanted = plan.aim_facts[name][aim]
        aimed = ~np.isnan(wanted) if kind == "number" else wanted >= 0
        gone = lost.get(f"facts.{name}", np.zeros(len(aim), dtype=bool)) & ~aimed
        if kind == "number":
            columns[f"facts.{name}"] = numbers(value, ~np.isnan(value) & ~gone)
            continue
        codes = np.where(gone, -1, value).astype(np.int64)
        columns[f"facts.{name}"] = _flag(codes) if kind == "bool" else _words(codes, plan.fact_words[name])
    return columns
