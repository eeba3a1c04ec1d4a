"""Days off, by State: copied once from the `holidays` library, then kept by the State's own people.

The library is never asked live: a clock counts by the rows of `Holiday`, which say for each day where it comes from and
whether it is only estimated (it follows the moon and is not announced yet).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tidegate.movements.clockbook import weekend_of
from tidegate.movements.models import Holiday
from tidegate.parties import times
from tidegate.parties.models import State

SATURDAY_SUNDAY = frozenset({5, 6})
ESTIMATED = "estimated"


@dataclass(frozen=True)
class Calendar:
    """What an authority's days are: its zone, the weekdays and the days on which it does not work.

    `until` is the last year for which days off were copied; beyond it only weekends are known.
    """

    state: str
    zone: str = "UTC"
    weekend: frozenset[int] = SATURDAY_SUNDAY
    off: Mapping[date, str] = field(default_factory=dict)
    estimated: frozenset[date] = frozenset()
    until: int | None = None

    def day(self, moment: datetime) -> date:
        """The day that it is there at a moment."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def working(self, day: date) -> bool:
        """Whether the authority works on a day."""
        return day.weekday() not in self.weekend and day not in self.off

    def end(self, day: date) -> datetime:
        """The last moment of a day there (to the microsecond)."""
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(self.zone))
        return midnight.astimezone(ZoneInfo("UTC")) - timedelta(microseconds=1)

    def start(self, day: date) -> datetime:
        """The first moment of a day there."""
        return datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(ZoneInfo("UTC"))


def calendar_of(state: str) -> Calendar:
    """The calendar of a State as it stands now on this node."""
    row = State.objects.filter(pk=state).only("time_zone").first()
    zone = row.time_zone if row is not None else "UTC"
    rows = list(Holiday.objects.filter(holder=state, removed=False).values_list("day", "name", "estimated"))
    off: dict[date, str] = {}
    for day, name, _ in rows:
        off[day] = f"{off[day]}; {name}" if day in off else name
    # A day that one row calls certain is certain.
    certain = {day for day, _, estimated in rows if not estimated}
    return Calendar(
        state,
        zone,
        weekend_of(state, times.now().date()),
        off,
        frozenset(off) - certain,
        max((day.year for day in off), default=None),
    )


def today(state: str, moment: datetime | None = None) -> date:
    """The day that it is in a State at a moment (now)."""
    return days_of([state])(state, moment)


def days_of(states: Iterable[str]) -> Callable[[str, datetime | None], date]:
    """`today` for any of some States, whose zones are asked once."""
    zones = dict(State.objects.filter(pk__in=set(states)).values_list("pk", "time_zone"))
    return lambda state, moment: (moment or times.now()).astimezone(ZoneInfo(zones.get(state) or "UTC")).date()


def known_days(state: str, years: Iterable[int]) -> list[tuple[date, str, bool]]:
    """(day, name, estimated) of a State's public holidays by the `holidays` library; empty where it has none."""
    return [row for year in years for row in _known(state, year)]


@lru_cache(maxsize=256)
def _known(state: str, year: int) -> tuple[tuple[date, str, bool], ...]:
    import holidays

    try:
        found = holidays.country_holidays(state, years=year)
    except NotImplementedError:
        return ()
    if "en_US" in (found.supported_languages or ()):
        found = holidays.country_holidays(state, years=year, language="en_US")
    return tuple(
        (day, part[:200], ESTIMATED in part) for day, name in sorted(found.items()) for part in name.split("; ")
    )


def seed(state: str, years: Iterable[int]) -> int:
    """Copy a State's public holidays of some years; gives how many rows were added.

    What people removed or changed stays as they left it: only days that are not there yet are added.
    """
    import holidays

    source = f"holidays {holidays.__version__}"
    rows = [
        Holiday(holder_id=state, day=day, name=name, estimated=estimated, source=source)
        for day, name, estimated in known_days(state, years)
    ]
    before = Holiday.objects.filter(holder=state).count()
    Holiday.objects.bulk_create(rows, ignore_conflicts=True)
    return Holiday.objects.filter(holder=state).count() - before
