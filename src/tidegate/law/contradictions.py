"""Rules that cannot both be meant: in force together, for the same goods, with effects at odds.

Strictness settles most overlaps, and rightly so: a licence for plastic scrap stands beside a bar on refuse.
Refused is what strictness would hide:

- an exemption that lifts nothing, since a prohibition of the same scope is not named in its `exempts`;
- a permission (licence, certificate, …) whose whole scope lies inside an unconditional prohibition, so that
  nobody could ever use it: mostly an old rule that was not ended;
- in the international layers, two regimes for the same entry under the same conditions;
- an `exempts` that can have no effect, or that turns on its own rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import Any

from tidegate.law.conditions import Condition
from tidegate.law.findings import Finding
from tidegate.law.records import PAPER_KINDS, Book, Rule

ENTRY_CLASSES = ("any", "A-list", "B-list", "controlled", "unlisted", "hazardous-unlisted")


def contradictions(book: Book, files: Mapping[str, str]) -> Iterator[Finding]:
    """Every pair of rules that contradict each other. `files`: rule id → file, for the message."""
    for rules in book.by_layer.values():
        binding = [r for r in rules if r.binds]
        for one, two in combinations(binding, 2):
            if not together(one, two):
                continue
            for a, b in ((one, two), (two, one)):
                said = _exemption(a, b) or _dead_letter(a, b)
                if said:
                    yield Finding(files.get(a.id, ""), a.id, said[0], said[1], said[2])
            said = _two_regimes(one, two)
            if said:
                yield Finding(files.get(two.id, ""), two.id, *said)
        for rule in rules:
            for name in rule.exempts:
                expected = _useless_exempts(rule, book.rules.get(name))
                if expected:
                    yield Finding(files.get(rule.id, ""), rule.id, "exempts", name, expected)


def _exemption(a: Rule, b: Rule) -> tuple[str, Any, str] | None:
    """`a` allows what `b` prohibits, and does not say that it lifts `b`."""
    if a.kind != "exemption" or b.kind != "prohibition" or a.layer != "national":
        return None
    if b.id in a.exempts or b.unless or not may_meet(a, b):
        return None
    return (
        "exempts",
        ", ".join(a.exempts),
        f"{b.id} among them, or an `unless` in that rule: both hold {period(a, b)}",
    )


def _dead_letter(a: Rule, b: Rule) -> tuple[str, Any, str] | None:
    """`a` permits on papers what `b` always prohibits."""
    if a.layer != "national" or a.kind not in PAPER_KINDS or b.kind != "prohibition":
        return None
    if b.id in a.exempts or b.unless or a.unless or not inside(a, b):
        return None
    return (
        "kind",
        a.kind,
        f"an end before {b.id}, or `exempts: [{b.id}]`: it bars all that this one permits {period(a, b)}",
    )


def _two_regimes(a: Rule, b: Rule) -> tuple[str, Any, str] | None:
    if a.layer == "national" or not a.regime or not b.regime or a.regime == b.regime:
        return None
    if a.when != b.when or a.unless != b.unless or a.hs != b.hs:
        return None
    shared = [e for e in a.basel if e in b.basel]
    if not shared:
        return None
    return "regime", b.regime, f"{a.regime} as in {a.id}, or an end to one of them: both hold {period(a, b)}"


def _useless_exempts(rule: Rule, other: Rule | None) -> str:
    if other is None:
        return ""  # an unknown id is refused where the rule is read
    if other.id == rule.id:
        return "another rule than itself"
    if other.layer_name != rule.layer_name:
        return f"a rule of the same layer ({rule.layer_name}; that one is of {other.layer_name})"
    if not together(rule, other):
        return "a rule that is in force at the same time"
    return "a rule that does not exempt this one" if rule.id in other.exempts else ""


# ── scope ──────────────────────────────────────────────────────────────────────────────────────────────────


def together(a: Rule, b: Rule) -> bool:
    """Whether there is a day on which both are in force."""
    start = max(a.valid_from or date.min, b.valid_from or date.min)
    return start <= min(a.valid_to or date.max, b.valid_to or date.max)


def period(a: Rule, b: Rule) -> str:
    """The days on which both are in force, in words."""
    start = max(a.valid_from or date.min, b.valid_from or date.min)
    end = min(a.valid_to or date.max, b.valid_to or date.max)
    said = "" if start == date.min else f"from {start} "
    return (said + ("on" if end == date.max else f"to {end}")).strip()


def inside(a: Rule, b: Rule) -> bool:
    """Whether every case of `a` is a case of `b`, as far as the words show."""
    if not _all_in(a.basel, b.basel, covers_entry) or not _all_in(a.hs, b.hs, str.startswith):
        return False
    return _conjuncts(b.when) <= _conjuncts(a.when)


def may_meet(a: Rule, b: Rule) -> bool:
    """Whether a case may fall under both: entries and codes overlap, no condition excludes the other."""
    entries = any(covers_entry(x, y) or covers_entry(y, x) for x in a.basel for y in b.basel)
    codes = any("any" in (x, y) or x.startswith(y) or y.startswith(x) for x in a.hs for y in b.hs)
    if not entries or not codes:
        return False
    return not any(_exclude(x, y) for x in _conjuncts(a.when) for y in _conjuncts(b.when))


def _all_in(narrow: Sequence[str], wide: Sequence[str], fits: Any) -> bool:
    return "any" in wide or all(x != "any" and any(fits(x, y) for y in wide) for x in narrow)


def covers_entry(entry: str, scope: str) -> bool:
    """Whether an entry (or a class of entries) falls under a word of `basel`: an entry, a class, or any."""
    if scope in ("any", entry):
        return True
    if entry in ENTRY_CLASSES:
        return entry == "A-list" and scope == "controlled"
    return {"A-list": entry[0] == "A", "B-list": entry[0] == "B", "controlled": entry[0] in "AY"}.get(scope, False)


def _conjuncts(condition: Condition | None) -> frozenset[Condition]:
    """The conditions that must all hold, one by one."""
    if condition is None:
        return frozenset()
    if condition[0] == "all":
        return frozenset().union(*(_conjuncts(part) for part in condition[1]))
    return frozenset([condition])


def _exclude(x: Condition, y: Condition) -> bool:
    """Whether two conditions can never hold together: one fact, values that share nothing."""
    if x[0] != "atom" or y[0] != "atom" or x[1] != y[1] or x[1] == "transit":
        return False
    if x[2] == "in" and y[2] == "in":
        # groups of States may share members: only plain values tell
        plain = all(
            not str(v).islower() or x[1] not in ("export", "import", "origin", "counterpart") for v in x[3] + y[3]
        )
        return plain and not set(x[3]) & set(y[3])
    if {x[2], y[2]} == {"in", "not_in"}:
        values, barred = (x[3], y[3]) if x[2] == "in" else (y[3], x[3])
        return set(values) <= set(barred)
    return False
