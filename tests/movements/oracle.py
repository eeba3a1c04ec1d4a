"""The ledger once more, in the plainest Python: what the database must come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal


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
