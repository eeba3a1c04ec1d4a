"""What a run came to: counts by outcome, State, entry, rule, month, missing paper and open question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tidegate.batch.consignments import Consignments
from tidegate.screening.evaluate import CLASSES, OUTCOMES

BY_OUTCOME = ("exports", "imports", "flows", "entries", "months")
TABLES = (*BY_OUTCOME, "effects", "clear_to_verify_by")


@dataclass
class Summary:
    """Counts of a run. `rows` = `decided` + `rejected`, always.

    `clear_to_verify`: of the rows that are clear those with something left to verify, and in `clear_to_verify_by` the
    same by what the tables BY_OUTCOME go by (`imports` → `MY` → rows).
    """

    rows: int = 0
    decided: int = 0
    rejected: int = 0
    rulebook: str = ""
    output: str = ""
    rejects: str = ""
    notes: list[str] = field(default_factory=list)
    unfilled: tuple[str, ...] = field(default=(), repr=False)  # required fields that no column gives
    outcomes: Counter[str] = field(default_factory=Counter)
    clear_to_verify: int = 0
    clear_to_verify_by: dict[str, Counter[str]] = field(default_factory=dict)
    imports: dict[str, Counter[str]] = field(default_factory=dict)
    exports: dict[str, Counter[str]] = field(default_factory=dict)
    entries: dict[str, Counter[str]] = field(default_factory=dict)
    months: dict[str, Counter[str]] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    effects: dict[str, Counter[str]] = field(default_factory=dict)  # of each rule: what it does
    prohibiting: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    questions: Counter[str] = field(default_factory=Counter)
    flows: dict[str, Counter[str]] = field(default_factory=dict)
    reject_fields: Counter[str] = field(default_factory=Counter)
    consignments: Consignments = field(default_factory=Consignments, repr=False)

    def add(self, decision: Mapping[str, Any], export: str, import_: str, month: str, count: int = 1) -> None:
        """Counts `count` rows that share one decision, route and month."""
        outcome, to_verify = decision["outcome"], bool(decision["verify"])
        self.add_outcome(outcome, decision["entry"], export, import_, count, to_verify=to_verify)
        self.add_month(month, outcome, count, to_verify=to_verify)
        self.add_reasons(decision, count)

    def add_outcome(
        self, outcome: str, entry: str | None, export: str, import_: str, count: int, *, to_verify: bool
    ) -> None:
        """Counts decided rows by what they came to and where they go."""
        self.decided += count
        self.rows += count
        self.outcomes[outcome] += count
        left = count if to_verify and outcome == "clear" else 0
        self.clear_to_verify += left
        for name, key in (
            ("imports", import_),
            ("exports", export),
            ("entries", entry or "open"),
            ("flows", f"{export}>{import_}"),
        ):
            self._count(name, key, outcome, count, left)

    def add_month(self, month: str, outcome: str, count: int, *, to_verify: bool) -> None:
        """Counts decided rows of a month (`2026-11`)."""
        self._count("months", month, outcome, count, count if to_verify and outcome == "clear" else 0)

    def _count(self, name: str, key: str, outcome: str, count: int, left: int) -> None:
        _table(getattr(self, name), key)[outcome] += count
        if left:
            _table(self.clear_to_verify_by, name)[key] += left

    def add_reasons(self, decision: Mapping[str, Any], count: int) -> None:
        """Counts the rules, papers and facts named in a decision, or in some lists of one."""
        for reason in decision.get("reasons", ()):
            self.rules[reason["rule"]] += count
            _table(self.effects, reason["rule"])[reason["effect"]] += count
            if reason["effect"] == "prohibit":
                self.prohibiting[reason["rule"]] += count
        for kind in {d for m in decision.get("missing", ()) for d in m["documents"]}:
            self.missing[kind] += count
        for question in decision.get("questions", ()):
            self.questions[question["fact"]] += count

    def reject(self, record: Mapping[str, Any]) -> None:
        """Counts a row that could not be read."""
        self.rows += 1
        self.rejected += 1
        self.reject_fields[str((record.get("error") or {}).get("field") or "row")] += 1

    def merge(self, other: Summary) -> None:
        """Adds the counts of another part of the same run."""
        self.rows += other.rows
        self.decided += other.decided
        self.rejected += other.rejected
        self.clear_to_verify += other.clear_to_verify
        for name in ("outcomes", "rules", "prohibiting", "missing", "questions", "reject_fields"):
            getattr(self, name).update(getattr(other, name))
        for name in TABLES:
            mine = getattr(self, name)
            for key, counts in getattr(other, name).items():
                mine.setdefault(key, Counter()).update(counts)
        self.consignments.merge(other.consignments)

    def classes(self, name: str = "", key: str = "") -> dict[str, int]:
        """Rows by CLASSES: of all, or of one line of a table of BY_OUTCOME."""
        if not name:
            return parted(self.outcomes, self.clear_to_verify)
        return parted(getattr(self, name)[key], self.clear_to_verify_by.get(name, Counter())[key])

    def consignment_outcomes(self) -> Counter[str]:
        """How many consignments have each outcome as their strictest."""
        return self.consignments.outcomes()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; consignments only as counts."""
        out: dict[str, Any] = {}
        for known in fields(self):
            value = getattr(self, known.name)
            if known.name in ("consignments", "unfilled"):
                continue
            if isinstance(value, Counter):
                value = dict(value)
            elif isinstance(value, dict):
                value = {key: dict(counts) for key, counts in value.items()}
            out[known.name] = value
        out["consignment_outcomes"] = {o: n for o in OUTCOMES if (n := self.consignment_outcomes()[o])}
        out["consignments_cut"] = self.consignments.cut
        return out

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Summary:
        """The summary that `as_dict` wrote."""
        summary = cls()
        for name, value in raw.items():
            if name in ("consignment_outcomes", "consignments_cut") or not hasattr(summary, name):
                continue
            if name in TABLES:
                value = {k: Counter(v) for k, v in value.items()}
            elif isinstance(getattr(summary, name), Counter):
                value = Counter(value)
            setattr(summary, name, value)
        return summary


def parted(outcomes: Mapping[str, int], clear_to_verify: int | None) -> dict[str, int]:
    """Rows by CLASSES, from rows by outcome and how many of the clear ones have something left to verify. Where that
    is not known (None: a summary of an earlier version), none of them counts as settled."""
    clear = outcomes.get("clear", 0)
    left = clear if clear_to_verify is None else clear_to_verify
    split = {"clear_to_verify": left, "clear": clear - left}
    return {name: split[name] if name in split else outcomes.get(name, 0) for name in CLASSES}


def _table(tables: dict[str, Counter[str]], key: str) -> Counter[str]:
    found = tables.get(key)
    if found is None:
        found = tables[key] = Counter()
    return found
