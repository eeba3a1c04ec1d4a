"""What must stay the same, or move one way only, when more is known, more is held, or the day moves."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.screening.aim import Raw
from tests.screening.strategies import days, shipments, vocabulary
from tidegate.law import load_rulebook
from tidegate.law.conditions import atoms
from tidegate.screening import Reject, decide, parse_shipment

BOOK = load_rulebook(())
V = vocabulary(BOOK)
SEVERITY = ["clear", "needs", "undetermined", "prohibited"]
# facts that stand in for what is left out are worked out, not unknown, and what is stated may contradict them
WORKED_OUT = {"direct_shipment", "foreign_matter_pct", "target_purity_pct"}
# an exception counts when it is shown: until then the rule stands, and its facts are not asked for
SHOWN = {
    fact
    for rule in BOOK.rules.values()
    for condition in (*rule.unless, *((rule.when,) if rule.exempts else ()))
    for fact, _, _ in atoms(condition)
}
TOLD = [n for n in V.facts if BOOK.facts[n].by in ("declaration", "document") and n not in WORKED_OUT | SHOWN]


def decision(raw: Raw, **more: Any) -> Raw:
    return decide(parse_shipment(raw, BOOK), BOOK, **more)


def answer(told: Raw) -> tuple[Any, ...]:
    """What a question may decide."""
    layers = tuple((x["layer"], x["outcome"]) for x in told["layers"])
    return (told["entry"], told["eu_entry"], told["regime"], told["outcome"], layers)


def settled(told: Raw, later: Raw) -> bool:
    """Whether what was decided stands: the outcome, and the entry and regime where they were not open."""
    if (told["outcome"] == "prohibited") is not (later["outcome"] == "prohibited"):
        return False
    if told["regime"] not in (None, later["regime"]):
        return False
    return len(told["entry_candidates"]) > 1 or (told["entry"], told["eu_entry"]) == (later["entry"], later["eu_entry"])


def with_answer(raw: Raw, fact: str, value: Any) -> Raw:
    out = copy.deepcopy(raw)
    if fact == "composition":
        for name in ("polymers", "contamination_pct"):
            out.pop(name, None)
        out.update(copy.deepcopy(value))
    elif fact in V.facts:
        out["facts"] = {**out.get("facts", {}), fact: value}
    else:
        out[fact] = value
    return out


def possible(raw: Raw, fact: str) -> list[Any]:
    """Values that a fact not known may turn out to have, without contradicting what is stated."""
    polymers = raw.get("polymers") or {}
    if fact == "hazardous":
        shown = raw.get("annex_i"), raw.get("annex_iii")
        return [] if [] in shown or all(shown) else [True, False]
    if fact == "halogenated":
        p = BOOK.polymers
        codes = {p.grades.get(c.upper(), c if c in p.cured else c.upper()) for c, share in polymers.items() if share}
        if codes & (p.halogenated | p.fluoro):
            return []
        return [False] if codes and codes <= p.non_halogenated | p.cured else [True, False]
    if fact == "consumer":
        return ["pre", "post"]
    if fact == "operation":
        # an operation of Annex IV says that it is waste: no news only where that is known
        return ["R3", "R1", "R13", "D1", "D10"] if raw.get("waste") is not None else []
    if fact == "contamination_pct":
        room = 100 - sum(polymers.values())
        return (
            sorted({round(min(float(x), room), 6) for x in V.percentages} | {max(0, round(room, 6))})
            if room >= 0
            else []
        )
    return list(V.facts.get(fact, []))


# ── learning ───────────────────────────────────────────────────────────────────────────────────────────────


@given(shipments(V), st.data())
def test_what_is_decided_stays_when_more_is_learnt(raw: Raw, data: st.DataObject) -> None:
    """Decided with a fact unknown means decided for each value that it may have."""
    told = decision(raw)
    assume(told["outcome"] != "undetermined")
    asked = {q["fact"] for q in told["questions"]}
    own = {"hazardous", "halogenated", "consumer", "operation", "contamination_pct"} - SHOWN
    fields = [f for f in sorted(own) if raw.get(f) is None]
    open_facts = [f for f in (*fields, *TOLD) if f not in asked and f not in raw.get("facts", {})]
    for fact in data.draw(st.lists(st.sampled_from(open_facts), min_size=3, max_size=6, unique=True)):
        if fact == "hazardous" and (told["entry"] or "Y")[0] in "AB" and not raw.get("polymers"):
            continue  # Annexes VIII and IX are presumptions, until the contrary is shown
        for value in possible(raw, fact):
            later = decision(with_answer(raw, fact, value))
            assert settled(told, later), f"{fact}={value!r} turns {raw}"


def answers_to(raw: Raw, fact: str) -> list[Any]:
    """Answers that a person may give to a question."""
    if fact == "polymers":
        foreign = raw.get("contamination_pct")
        room = 100 - (foreign if foreign is not None else 1)
        mixes: list[Raw] = [
            {"PE": room},
            {"PE": room * 0.6, "PS": room * 0.4},
            {"PVC": room},
            {"PE": room / 2, "PP": room / 2},
        ]
        return [{k: round(v, 6) for k, v in mix.items()} for mix in mixes]
    if fact == "material":
        return list(BOOK.streams)
    if fact == "hs":
        return [c for c in V.hs_codes if len(c) == 8]
    if fact in ("waste", "hazardous", "halogenated"):
        return [True, False]
    if fact == "operation":
        return ["R3", "R13", "R1", "D1", "D10"]
    return possible(raw, fact)


@given(shipments(V), st.data())
def test_answering_every_question_leaves_nothing_open(raw: Raw, data: st.DataObject) -> None:
    """The next best question again and again: it comes to an end, and nothing is asked twice."""
    asked: list[str] = []
    told = decision(raw)
    while told["outcome"] == "undetermined":
        assert told["questions"], f"undetermined, and nothing to ask of {raw}"
        fact = told["questions"][0]["fact"]
        assert fact not in asked, f"{fact} is asked again"
        asked.append(fact)
        options = answers_to(raw, fact)
        assert options, f"nothing that {fact} could be"
        raw = with_answer(raw, fact, data.draw(st.sampled_from(options), label=fact))
        scoped = [layer for layer in raw.get("facts", {}) if ":" in layer]
        for layer in scoped:
            raw["facts"] = {**raw["facts"], layer: {k: v for k, v in raw["facts"][layer].items() if k != fact}}
        told = decision(raw)
    assert len(asked) <= 25


@given(shipments(V), st.data())
def test_a_question_that_stands_alone_makes_a_difference(raw: Raw, data: st.DataObject) -> None:
    """Where one fact alone is left open, two of its answers lead to different ends."""
    told = decision(raw)
    while told["outcome"] == "undetermined" and len(told["questions"]) > 1:
        fact = told["questions"][data.draw(st.integers(0, len(told["questions"]) - 1))]["fact"]
        raw = with_answer(raw, fact, data.draw(st.sampled_from(answers_to(raw, fact)), label=fact))
        raw["facts"] = {k: v for k, v in raw.get("facts", {}).items() if ":" not in k}
        told = decision(raw)
    if told["outcome"] != "undetermined":
        return
    assert told["questions"], f"undetermined, and nothing to ask of {raw}"
    (question,) = told["questions"]
    ends = {answer(later) for later in _ends(raw, question["fact"])}
    assert len(ends) > 1, f"{question['fact']} decides nothing: {ends} of {raw}"


def _ends(raw: Raw, fact: str) -> Iterator[Raw]:
    for value in answers_to(raw, fact):
        try:
            yield decision(with_answer(raw, fact, value))
        except Reject:
            continue
    if fact == "polymers":
        for code in V.polymers[:-2]:
            yield decision(with_answer(raw, fact, {code: round(100 - (raw.get("contamination_pct") or 0), 6)}))


# ── papers ─────────────────────────────────────────────────────────────────────────────────────────────────

# a paper on whose holding another text of law hangs may well make a load stricter: those are left out
CHOOSING = {
    kind
    for rule in BOOK.rules.values()
    for condition in (rule.when, *rule.fails, *(d.when for d in rule.documents))
    for _, op, operand in atoms(condition)
    if op == "holds"
    for kind in operand[0]
}
HARMLESS = [k for k in V.document_kinds if k.partition(":")[0] not in CHOOSING and "@" not in k]


@given(shipments(V), st.lists(st.sampled_from(HARMLESS), min_size=1, max_size=5), st.integers(0, 9))
def test_a_valid_paper_more_never_makes_it_stricter(raw: Raw, kinds: list[str], place: int) -> None:
    before = decision(raw)
    day = date.fromisoformat(raw["date"])
    span = {
        "valid_from": (day - timedelta(days=9000)).isoformat(),
        "valid_to": (day + timedelta(days=9000)).isoformat(),
    }
    held = list(raw.get("documents") or [])
    where = min(place, len(held))
    more = [*held[:where], *({"kind": kind, **span} for kind in kinds), *held[where:]]
    after = decision({**raw, "documents": more})
    assert SEVERITY.index(after["outcome"]) <= SEVERITY.index(before["outcome"])
    assert (after["entry"], after["regime"]) == (before["entry"], before["regime"])
    lacking = {(m["rule"], d) for m in before["missing"] for d in m["documents"]}
    still = {(m["rule"], d) for m in after["missing"] for d in m["documents"]}
    assert still <= lacking


# ── days ───────────────────────────────────────────────────────────────────────────────────────────────────


@given(shipments(V), days(V), st.integers(0, 10_000))
def test_days_between_two_changes_of_law_are_all_alike(raw: Raw, day: str, step: int) -> None:
    raw = {k: v for k, v in raw.items() if k not in ("events", "documents")}
    raw["transit"] = [s["state"] if isinstance(s, dict) else s for s in raw.get("transit") or ()]
    start = date.fromisoformat(day)
    until = next((d for d in V.days if d > start), start + timedelta(days=400))
    later = start + timedelta(days=step % max(1, (until - start).days))
    assert decision({**raw, "date": start.isoformat()}) == decision({**raw, "date": later.isoformat()})


@settings(max_examples=max(8, settings().max_examples // 4))
@given(shipments(V, most_changes=6))
def test_changes_are_the_days_on_which_the_outcome_changes(raw: Raw) -> None:
    """Moved to such a day the same goods have the outcome told; moved to the day before, the one that came before."""
    raw = {k: v for k, v in raw.items() if k != "events"}
    if any(isinstance(s, dict) for s in raw.get("transit") or ()):
        raw["transit"] = [s["state"] if isinstance(s, dict) else s for s in raw["transit"]]
    told = decision(raw, changes=True)
    assert {k: v for k, v in told.items() if k != "changes"} == {
        k: v for k, v in decision(raw).items() if k != "changes"
    }
    current, last = told["outcome"], date.fromisoformat(raw["date"])
    for change in told["changes"]:
        day = date.fromisoformat(change["date"])
        assert day > last
        assert change["outcome"] != current
        eve = decision({**raw, "date": (day - timedelta(days=1)).isoformat()})
        moved = decision({**raw, "date": day.isoformat()})
        assert (eve["outcome"], moved["outcome"]) == (current, change["outcome"])
        assert set(change["rules"]) <= set(BOOK.rules)
        current, last = change["outcome"], day


# ── layers ─────────────────────────────────────────────────────────────────────────────────────────────────


@given(shipments(V))
def test_a_national_layer_says_alone_what_it_says_among_others(raw: Raw) -> None:
    raw.pop("evaluate", None)
    told = decision(raw)
    stops = [s["state"] if isinstance(s, dict) else s for s in raw.get("transit") or ()]
    for layer in told["layers"]:
        head, _, name = layer["layer"].partition(":")
        state, _, role = name.partition(":")
        if head == "national" and (role != "transit" or stops.count(state) == 1):
            alone = decision({**raw, "evaluate": [name]})
            assert alone["layers"] == [layer]
            assert alone["regime"] is None
            kept = [r for r in told["reasons"] if r["layer"] == layer["layer"]]
            assert alone["reasons"] == kept
