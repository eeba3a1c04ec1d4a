"""Who sends to whom, over which States, on which days: drawn once for each consignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidegate.formats.generate.draws import Codes, Draws, Mask
from tidegate.formats.generate.plan import Plan
from tidegate.law.records import EVENTS

LINES = np.array([0.70, 0.86, 0.95])  # a consignment has 1 to 4 lines
AIMED = 0.30  # share of consignments made to meet a rule
WITH_TRANSIT = 0.195  # beside those that a rule sends over a State of transit
WITH_EVENTS = 0.35
AT_A_TURN = 0.08  # share of the days that are the first or last of some rule, or next to it
STOPS = 3


@dataclass(slots=True)
class Route:
    """One entry a consignment. Codes of States are places in `Plan.states`; -1 is not stated."""

    aim: Codes
    export: Codes
    import_: Codes
    origin: Codes
    stops: Codes
    day: Codes
    events: dict[str, tuple[Codes, Mask]]
    complete: Mask


def lines_of(draws: Draws, rows: int) -> Codes:
    """For each row of a block, the number of its consignment within the block; the last one may be cut short."""
    sizes = np.searchsorted(LINES, draws.uniform(rows), side="right") + 1
    return np.repeat(np.arange(rows, dtype=np.int64), sizes)[:rows]


def draw_route(plan: Plan, draws: Draws, count: int) -> Route:
    """Routes and days of `count` consignments."""
    aimed = draws.chance(AIMED, count)
    aim = np.where(aimed, plan.aim.draw(draws, count), -1)
    export, import_ = _ends(plan, draws, aim, count)
    stops = _stops(plan, draws, aim, export, import_, count)
    day, events = _days(plan, draws, aim, count)
    origin = np.where(draws.chance(0.8, count), export, plan.exports.draw(draws, count))
    origin = np.where(draws.chance(0.25, count), origin, -1)
    wanted = plan.aim_states["origin"].pick(aim, draws)
    origin = np.where(wanted >= 0, wanted, origin)
    return Route(aim, export, import_, origin, stops, day, events, draws.chance(0.595, count))


def _ends(plan: Plan, draws: Draws, aim: Codes, count: int) -> tuple[Codes, Codes]:
    export, import_ = plan.exports.draw(draws, count), plan.imports.draw(draws, count)
    fixed_export = plan.aim_states["export"].pick(aim, draws)
    fixed_import = plan.aim_states["import"].pick(aim, draws)
    # among the States that would do, those that trade much come more often
    for place, drawn, fixed in (("export", export, fixed_export), ("import", import_, fixed_import)):
        fits = plan.aim_allows[place][aim, drawn] & draws.chance(0.7, count)
        fixed[fits] = drawn[fits]
    export = np.where(fixed_export >= 0, fixed_export, export)
    import_ = np.where(fixed_import >= 0, fixed_import, import_)
    # a rule may ask for a State of the same group at both ends; it must not be the same State
    for _ in range(3):
        again = plan.aim_states["import"].pick(aim, draws)
        import_ = np.where((export == import_) & (again >= 0), again, import_)
    elsewhere = np.where(import_ == plan.japan, plan.usa, plan.japan)
    export = np.where((export == import_) & (fixed_export < 0), elsewhere, export)
    return export, np.where(export == import_, elsewhere, import_)


def _stops(plan: Plan, draws: Draws, aim: Codes, export: Codes, import_: Codes, count: int) -> Codes:
    """States of transit in order, -1 where there is none; never the ends, never one State twice."""
    number = np.where(
        draws.chance(WITH_TRANSIT, count), 1 + np.searchsorted([0.75, 0.95], draws.uniform(count), side="right"), 0
    )
    stops = np.full((count, STOPS), -1, dtype=np.int64)
    for place in range(STOPS):
        stops[:, place] = np.where(number > place, plan.hubs.draw(draws, count), -1)
    wanted = plan.aim_states["transit"].pick(aim, draws)
    stops[:, 0] = np.where(wanted >= 0, wanted, stops[:, 0])
    stops[plan.aim_direct[aim]] = -1
    for place in range(STOPS):
        mine = stops[:, place]
        again = (mine == export) | (mine == import_)
        for earlier in range(place):
            again |= mine == stops[:, earlier]
        mine[again] = -1
    # what is left moves up
    order = np.argsort(stops < 0, axis=1, kind="stable")
    return np.take_along_axis(stops, order, axis=1)


def _days(plan: Plan, draws: Draws, aim: Codes, count: int) -> tuple[Codes, dict[str, tuple[Codes, Mask]]]:
    """The day of the declaration's border event, and the days of the single events where they are stated."""
    year = plan.years.draw(draws, count)
    day = plan.year_first[year] + draws.below(plan.year_days[year], count)
    if len(plan.turning_days):
        turn = plan.turning_days[draws.below(len(plan.turning_days), count)]
        day = np.where(draws.chance(AT_A_TURN, count), turn, day)
    first, last = plan.aim_first[aim], plan.aim_last[aim]
    within = draws.between(first, last, count)
    edge = draws.uniform(count)
    within = np.where(edge < 0.12, first, np.where(edge > 0.88, last, within))
    sail = draws.between(4, 42, count)
    offsets = {
        "declared": draws.between(-3, 2, count),
        "departed": -sail,
        "bill_of_lading": -sail - draws.below(2, count),
        "arrived": np.zeros(count, dtype=np.int64),
        "import_completed": draws.between(0, 30, count),
    }
    stated = draws.chance(WITH_EVENTS, count)
    shown = {name: stated & draws.chance(0.75, count) for name in EVENTS}
    # an aimed consignment meets its rule on the day of the rule's own event
    for n, name in enumerate(EVENTS):
        mine = (aim >= 0) & (plan.aim_event[aim] == n)
        day = np.where(mine, within - np.where(shown[name], offsets[name], 0), day)
    day = np.clip(day, plan.first_day, plan.last_day)
    return day, {name: (day + offsets[name], shown[name]) for name in EVENTS}
