"""The ledger, and a whole case, once more in the plainest Python: what the database must come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

NEVER = datetime(2099, 1, 1, tzinfo=UTC)


@dataclass
class Draw:
    kg: Decimal
    day: date
    expires: datetime
    state: str = "live"
    used: Decimal | None = None


@dataclass
class Plain:
    """One account. Every rule is written out over all draws, with no running totals."""

    limit: Decimal
    most: int | None
    periods: list[tuple[int, Decimal | None, int | None]]
    draws: dict[str, Draw] = field(default_factory=dict)
    open: bool = True
    lapsed: Decimal = Decimal(0)
    breached: bool = False
    open_breaches: int = 0

    @property
    def reserved(self) -> Decimal:
        return sum((d.kg for d in self.draws.values() if d.state == "live"), Decimal(0))

    @property
    def used(self) -> Decimal:
        return sum((d.used for d in self.draws.values() if d.used is not None), Decimal(0))

    @property
    def count(self) -> int:
        return sum(1 for d in self.draws.values() if d.state == "live" or (d.used or 0) > 0)

    @property
    def left(self) -> Decimal:
        return self.limit - self.reserved - self.used - self.lapsed

    def sweep(self, now: datetime, but: str = "") -> int:
        due = [name for name, d in self.draws.items() if d.state == "live" and d.expires <= now and name != but]
        for name in due:
            self.draws[name].state = "expired"
        return len(due)

    def reserve(self, name: str, kg: Decimal, day: date, expires: datetime, now: datetime) -> bool:
        """Whether it may be; then it is done."""
        before = self.draws.get(name)
        if before is not None and before.used is not None:
            return True
        if before is not None and before.state != "live":
            return False
        if before is not None and (before.kg, before.day, before.expires) == (kg, day, expires):
            return True
        if not self.open or self.breached:
            return False
        kept = {n: d.state for n, d in self.draws.items()}
        for _attempt in ("as it stands", "swept"):
            if not self._short(name, kg):
                self.draws[name] = Draw(kg, day, expires)
                if self._windows_fit(name):
                    return True
                del self.draws[name]
                if before is not None:
                    self.draws[name] = before
            self.sweep(now, but=name)
        # A refusal is undone as a whole, the sweep too.
        for n, state in kept.items():
            self.draws[n].state = state
        return False

    def _short(self, name: str, kg: Decimal) -> bool:
        own = self.draws.get(name)
        free = self.left + (own.kg if own is not None else 0)
        return kg > free or (own is None and self.most is not None and self.count >= self.most)

    def commit(self, name: str, kg: Decimal, day: date, at: datetime) -> bool | None:
        """Whether it breaks something; None where it has no effect."""
        draw = self.draws.get(name)
        if draw is not None and draw.used is not None:
            return None
        reserved = draw is not None and draw.state == "live"
        if draw is None:
            if not kg:
                return None
            draw = self.draws[name] = Draw(kg, day, at, "committed")
        if draw.state == "live":
            draw.state = "committed"
        draw.used, draw.day = kg, day
        # Own day only: a window that others overfill is theirs.
        wrong = not self._fits(name) or (not reserved and not self.open)
        self._break(wrong)
        return wrong

    def adjust(self, name: str, kg: Decimal, day: date, at: datetime) -> bool | None:
        draw = self.draws.get(name)
        if draw is None or draw.used is None:
            return self.commit(name, kg, day, at)
        if draw.used == kg:
            return None
        more = kg > draw.used
        draw.used = kg
        wrong = more and not self._fits(name)
        self._break(wrong)
        self.free()
        return wrong

    def _break(self, wrong: bool) -> None:
        self.breached = self.breached or wrong
        self.open_breaches += wrong

    def free(self) -> None:
        """Nothing open and nothing over: it may be reserved from again."""
        if not self.open_breaches and self.left >= 0 and (self.most is None or self.count <= self.most):
            self.breached = False

    def _fits(self, name: str) -> bool:
        return self.left >= 0 and (self.most is None or self.count <= self.most) and self._windows_fit(name)

    def _windows_fit(self, name: str) -> bool:
        """Every window that holds the draw's day, one after another. One that others overfilled elsewhere is theirs."""
        mine = self.draws[name]
        if mine.state != "live" and not mine.used:
            return True
        for days, kg, count in self.periods:
            for back in range(days):
                start = mine.day - timedelta(days=back)
                inside = [
                    d.used if d.used is not None else d.kg
                    for d in self.draws.values()
                    if (d.state == "live" or (d.used or 0) > 0) and start <= d.day < start + timedelta(days=days)
                ]
                if (kg is not None and sum(inside, Decimal(0)) > kg) or (count is not None and len(inside) > count):
                    return False
        return True


@dataclass
class Shipment:
    """One shipment of a case, as the State of export knows it, and what the others have seen."""

    kg: Decimal
    day: date  # planned; once it has left, the day on which it did
    elsewhere: tuple[str, ...] = ()  # the accounts of other homes that it draws on
    set_aside: bool = False
    expires: datetime | None = None
    asked: datetime | None = None
    answers: dict[str, bool] = field(default_factory=dict)
    waits: bool = False  # for the answers of other homes
    given_up: bool = False
    left: datetime | None = None
    loaded: Decimal | None = None
    received: Decimal | None = None  # as the State of export was told
    seen: tuple[Decimal, Decimal, Decimal] | None = None  # received, accepted, rejected, as the facility weighed it
    lots: list[tuple[bool, Decimal, Decimal]] = field(default_factory=list)  # final, taken in, lost

    @property
    def used(self) -> Decimal | None:
        """The higher of what left and what came: what left stays drawn, whatever becomes of it."""
        known = [figure for figure in (self.loaded, self.received) if figure is not None]
        return max(known) if known else None

    @property
    def done(self) -> bool:
        """Whether final operations and losses on the way to them account for every accepted kilogram."""
        accepted = self.seen[1] if self.seen else Decimal(0)
        final = sum((taken for final, taken, _lost in self.lots if final), Decimal(0))
        lost = sum((lost for final, _taken, lost in self.lots if not final), Decimal(0))
        return accepted > 0 and final + lost >= accepted


@dataclass
class Trade:
    """What one notification allows, and all its shipments."""

    limit: Decimal
    most: int
    load: Decimal  # the most for one shipment
    first: date
    last: date
    season: tuple[date, date]
    windows: list[tuple[int, Decimal | None, int | None]]
    shipments: dict[int, Shipment] = field(default_factory=dict)

    def account(self, elsewhere: str = "", limit: Decimal | None = None) -> Plain:
        """The notification's account, or that of another home, made up of its shipments alone."""
        out = Plain(limit or self.limit, None if elsewhere else self.most, [] if elsewhere else self.windows)
        for serial, one in self.shipments.items():
            if (elsewhere and elsewhere not in one.elsewhere) or (one.used is None and not one.set_aside):
                continue
            state = "live" if one.used is None else "committed"
            out.draws[str(serial)] = Draw(one.kg, one.day, one.expires or NEVER, state, one.used)
        return out

    def fits(self, serial: int, kg: Decimal, day: date, now: datetime) -> bool:
        """Whether so much may be set aside for a shipment."""
        return self.account().reserve(str(serial), kg, day, now + timedelta(days=99), now)

    def condition_met(self, kg: Decimal, day: date) -> bool:
        return kg <= self.load and self.season[0] <= day <= self.season[1]

    @property
    def counted(self) -> int:
        return sum(not one.given_up for one in self.shipments.values())


@dataclass
class Refusal:
    """A take-back case of a shipment, as the State that found it knows it."""

    serial: int
    custody: Decimal
    opener: str
    basis: str = ""
    informed: datetime | None = None
    going: Decimal = Decimal(0)
    home: bool = False
    disposed: bool = False
    ended: bool = False
