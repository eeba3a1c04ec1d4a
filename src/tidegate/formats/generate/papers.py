"""The papers that a generated row holds (profile B): mostly those that its route asks for, not always good ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from tidegate.formats.generate.columns import days, numbers
from tidegate.formats.generate.draws import Codes, Draws, Mask, Ragged
from tidegate.formats.generate.plan import Plan, number_of
from tidegate.formats.generate.route import STOPS
from tidegate.formats.generate.text import digits, literal, texts
from tidegate.formats.generate.wishes import FIRST_DAY, LAST_DAY, HeldPaper, Setting, ways
from tidegate.law.conditions import atoms
from tidegate.law.records import Book, Rule
from tidegate.screening.bulk.documents import documents_type

HOLDING = 0.345  # share of rows that hold papers, beside those whose aim needs one
NONE_HELD = 0.08  # of the others: the list is there and empty
STRAYS = ("BILL_OF_LADING", "INVOICE", "PHYTOSANITARY")  # papers that no rule asks for
TERMS = np.array([90, 180, 365, 365, 730, 1095, 1825])
DEPOSITS = np.array([10, 12.5, 15, 15, 18, 18, 20, 20, 25])
RENEWALS = np.array([30, 60, 90, 180])
ODD_STANDARDS = ("ISO 15270", "EN 15347")
PIC = ("NOTIFICATION", "CONTRACT", "GUARANTEE", "MOVEMENT_DOCUMENT")


@dataclass(frozen=True, slots=True)
class Need:
    """A paper that some rule asks for on a place of the route, and the days on which it does."""

    kinds: tuple[str, ...]
    first: date
    last: date
    standards: tuple[str, ...] = ()
    steps: bool = False
    term_days: int = 0
    renewable: bool = False
    seldom: bool = False


class PaperPlan:
    """The needs of a book as tables."""

    def __init__(self, plan: Plan) -> None:
        book = plan.book
        plain = [k for k, d in book.documents.items() if not d.per_state]
        self.kinds = (*plain, *STRAYS, *(f"CONSENT:{iso}" for iso in plan.states))
        self.kind_place = {k: n for n, k in enumerate(self.kinds)}
        self.consent = len(plain) + len(STRAYS)
        self.dated = np.array(
            [k in book.documents and book.documents[k].dated for k in self.kinds[: self.consent]]
            + [True] * len(plan.states)
        )
        self.valued = np.array([k in book.documents and "value" in book.documents[k].has for k in self.kinds])
        needs: list[Need] = []
        by_place: dict[str, list[list[int]]] = {r: [[] for _ in plan.states] for r in ("import", "export", "transit")}
        for rule in book.rules.values():
            if rule.state is None or rule.role is None or rule.state not in plan.state_place:
                continue
            for need in needs_of(rule, book):
                if not all(k in self.kind_place for k in need.kinds):
                    continue
                by_place[rule.role][plan.state_place[rule.state]].append(len(needs))
                needs.append(need)
        self.by_place = {role: Ragged(lists) for role, lists in by_place.items()}
        self.need_kinds = Ragged([[self.kind_place[k] for k in n.kinds] for n in needs])
        self.first = np.array([number_of(n.first) for n in needs] + [0])
        self.last = np.array([number_of(n.last) for n in needs] + [0])
        self.seldom = np.array([n.seldom for n in needs] + [False])
        self.steps = np.array([n.steps for n in needs] + [False])
        self.term = np.array([n.term_days for n in needs] + [0])
        self.renewable = np.array([n.renewable for n in needs] + [False])
        named = tuple(dict.fromkeys(s for n in needs for s in n.standards))
        held = (p.standard for papers in plan.aim_papers for p in papers if p.standard)
        self.standards = tuple(dict.fromkeys([*named, *held, *(long_form(s) for s in named), *ODD_STANDARDS]))
        place = {s: n for n, s in enumerate(self.standards)}
        self.right = Ragged([[place[s] for x in n.standards for s in (x, long_form(x))] for n in needs])
        self.standard_words = pa.array(self.standards, pa.string())
        self.kind_words = pa.array(self.kinds, pa.string())
        self.standard_place = place
        self.green = self.kind_place.get("ANNEX_VII", 0)
        self.pic = [self.kind_place[k] for k in PIC if k in self.kind_place]
        self.strays = np.array([self.kind_place[k] for k in STRAYS])


def long_form(standard: str) -> str:
    """QCVN32:2018 as the certificates write it."""
    head = standard.rstrip("0123456789:")
    return f"{head} {standard[len(head) :]}/BTNMT" if head.isalpha() else standard


def needs_of(rule: Rule, book: Book) -> list[Need]:
    """The papers that a rule asks for or that excuse from it, with the days that its own conditions leave."""
    first, last = max(rule.valid_from or FIRST_DAY, FIRST_DAY), min(rule.valid_to or LAST_DAY, LAST_DAY)
    if first > last:
        return []
    out = []
    for requirement in rule.documents:
        window = (first, last)
        for way in ways(requirement.when, Setting(book, rule.role, window)):
            start, end = way.get("window", window)
            if max(first, start) > min(last, end):
                continue
            out.append(
                Need(
                    requirement.kinds,
                    max(first, start),
                    min(last, end),
                    requirement.standards,
                    bool(requirement.value_by_tonnes),
                    requirement.term_days or 0,
                    bool(requirement.renewals_max or requirement.renewal_days),
                )
            )
    for condition in rule.unless:
        for fact, _, operand in atoms(condition):
            if fact == "holds":
                out.append(Need(tuple(operand[0]), first, last, seldom=True))
    return out


def draw_papers(
    plan: Plan, table: PaperPlan, draws: Draws, aim: Codes, export: Codes, import_: Codes, stops: Codes, day: Codes
) -> pa.Array:
    """The column `documents` of a block."""
    rows = len(aim)
    holding = draws.chance(HOLDING, rows) | plan.aim_has_papers[aim]
    who = np.flatnonzero(holding)
    count = len(who)
    diligent = draws.chance(0.5, count)
    parts: list[tuple[Codes, Codes, Codes, Codes, Codes]] = []  # owner, kind, need, issued before, forced standard

    def add(
        owner: Codes, kind: Codes, need: Codes | int = -1, before: Codes | int = -1, standard: Codes | int = -1
    ) -> None:
        full = [np.broadcast_to(np.asarray(x, dtype=np.int64), owner.shape) for x in (kind, need, before, standard)]
        parts.append((owner, *full))  # type: ignore[arg-type]

    _aimed(plan, table, aim[who], add)
    places = [("import", import_[who]), ("export", export[who])]
    places += [("transit", stops[who, n]) for n in range(STOPS)]
    for role, states in places:
        owner, need = table.by_place[role].spread(states)
        today = day[who][owner]
        share = np.where(diligent[owner], 0.99, 0.55) * np.where(table.seldom[need], 0.35, 1.0)
        keep = (table.first[need] <= today) & (today <= table.last[need]) & draws.chance(share, len(owner))
        owner, need = owner[keep], need[keep]
        add(owner, table.need_kinds.pick(need, draws), need)
    _international(plan, table, draws, export[who], import_[who], stops[who], diligent, add)
    stray = np.flatnonzero(draws.chance(0.04, count))
    add(stray, table.strays[draws.below(len(table.strays), len(stray))])

    owner, kind, need, before, standard = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    _, once = np.unique(owner * len(table.kinds) + kind, return_index=True)
    once = once[np.lexsort((once, owner[once]))]
    owner, kind, need, before, standard = owner[once], kind[once], need[once], before[once], standard[once]
    values = _fields(table, draws, kind, need, before, standard, day[who][owner])
    held = np.zeros(rows, dtype=np.int64)
    np.add.at(held, who[owner], 1)
    known = (held > 0) | (~holding & draws.chance(NONE_HELD, rows))
    offsets = pa.array(np.concatenate([[0], np.cumsum(held)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, values, type=documents_type(), mask=pa.array(~known))


def _aimed(plan: Plan, table: PaperPlan, aim: Codes, add: Any) -> None:
    """The papers without which an aim would miss, first: so that no other of the same kind takes their place."""
    for n in np.unique(aim[plan.aim_has_papers[aim]]).tolist():
        owner = np.flatnonzero(aim == n)
        paper: HeldPaper
        for paper in plan.aim_papers[n]:
            place = table.kind_place.get(paper.kind)
            if place is None:
                continue
            before = number_of(paper.issued_before) if paper.issued_before else 10**6
            standard = table.standard_place[paper.standard] if paper.standard else -1
            add(owner, np.full(len(owner), place), -1, before, standard)


def _international(
    plan: Plan, table: PaperPlan, draws: Draws, export: Codes, import_: Codes, stops: Codes, diligent: Mask, add: Any
) -> None:
    count = len(export)
    fate = draws.uniform(count)
    controlled = np.flatnonzero(fate < 0.45)
    green = np.flatnonzero((fate >= 0.45) & (fate < 0.7))
    add(green, np.full(len(green), table.green))
    share = np.where(diligent[controlled], 0.97, 0.6)
    for kind in table.pic:
        kept = controlled[draws.chance(share, len(controlled))]
        add(kept, np.full(len(kept), kind))
    for states, part in ((import_, 1.0), (export, 0.6), *((stops[:, n], 0.9) for n in range(STOPS))):
        kept = controlled[draws.chance(share * part, len(controlled)) & (states[controlled] >= 0)]
        add(kept, table.consent + states[kept])


def _fields(
    table: PaperPlan, draws: Draws, kind: Codes, need: Codes, before: Codes, standard: Codes, day: Codes
) -> pa.StructArray:
    """Numbers, days, values, standards and renewals of papers laid end to end."""
    count = len(kind)
    forced = before >= 0
    bare = draws.chance(0.1, count) & ~forced
    dated = table.dated[kind]
    term = np.where(table.term[need] > 0, table.term[need], TERMS[draws.below(len(TERMS), count)])
    age = np.where(dated, draws.between(1, np.maximum(term, 60), count), draws.between(1, 60, count))
    age = np.where((table.term[need] > 0) & draws.chance(0.3, count), age + term, age)
    issued = day - age
    issued = np.where(forced & (before < issued + 1), before - draws.between(1, 600, count), issued)
    ahead = draws.chance(0.015, count) & ~forced
    issued = np.where(ahead, day + draws.between(1, 20, count), issued)
    end = issued + term
    fate = draws.uniform(count)
    end = np.where((fate < 0.75) | forced, np.maximum(end, day + draws.between(0, 400, count)), end)
    late = np.maximum(day - draws.between(1, 200, count), issued)
    end = np.where((fate > 0.88) & ~forced, np.minimum(end, late), end)
    has_end = np.where(dated, draws.chance(0.86, count), draws.chance(0.05, count)) & ~bare
    has_end &= ~((table.term[need] > 0) & draws.chance(0.6, count))
    start = np.where(draws.chance(0.02, count) & ~forced, day + draws.between(1, 30, count), issued)
    has_start = dated & draws.chance(0.5, count) & ~bare
    has_issued = draws.chance(0.9, count) & ~bare | forced
    renewed = np.where(table.renewable[need], draws.chance(0.6, count), dated & draws.chance(0.06, count)) & ~bare
    times = np.where(renewed, np.where(draws.chance(0.2, count), 2, 1), 0)
    own = table.right.pick(need, draws)
    odd = draws.below(max(1, len(table.standards)), count)
    chance = draws.uniform(count)
    shown = np.where((own >= 0) & (chance < 0.86), own, np.where((own >= 0) & (chance < 0.94), odd, -1))
    shown = np.where(standard >= 0, standard, np.where(bare, -1, shown))
    value = np.where(
        table.steps[need], DEPOSITS[draws.below(len(DEPOSITS), count)], draws.between(20, 400, count) * 500.0
    )
    has_value = table.valued[kind] & draws.chance(0.85, count) & ~bare
    number = texts(
        [literal("TG-", count), digits(draws.below(10**6, count), 6)], known=~bare & draws.chance(0.85, count)
    )
    kinds = table.kind_words.take(pa.array(kind))
    standards = table.standard_words.take(pa.array(shown, mask=shown < 0)) if count else pa.array([], pa.string())
    return pa.StructArray.from_arrays(
        [
            kinds,
            number,
            days(issued, has_issued),
            days(start, has_start),
            days(end, has_end),
            numbers(value, has_value),
            standards,
            _renewals(draws, times, end),
        ],
        fields=list(documents_type().value_type),
    )


def _renewals(draws: Draws, times: Codes, end: Codes) -> pa.Array:
    """Each renewal begins where the term before it ends."""
    owner = np.repeat(np.arange(len(times)), times)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(times) - times, times)
    length = RENEWALS[draws.below(len(RENEWALS), len(owner))]
    begins = end[owner] + within * 60
    inside = documents_type().value_type.field("renewals").type
    values = pa.StructArray.from_arrays(
        [days(begins, np.ones(len(owner), dtype=bool)), pa.array(length, pa.int64())], fields=list(inside.value_type)
    )
    offsets = pa.array(np.concatenate([[0], np.cumsum(times)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, values, type=inside, mask=pa.array(times == 0))
