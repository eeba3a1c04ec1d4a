"""Blocks of both form generations, conditions, required authorities, and the tables of the life cycles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.movements import cases
from tidegate.law import load_rulebook
from tidegate.movements import authorities, blocks, codes, conditions, guard, machines, words
from tidegate.movements.blocks import FORM_2006, FORM_OLD, Content
from tidegate.parties.commanding import Refused

BOOK = load_rulebook(())
DAY = date(2027, 3, 1)

# ── forms ────────────────────────────────────────────────────────────────────────────────────────────────────
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=12)
DATES = st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))
PARTY = st.fixed_dictionaries(dict.fromkeys(blocks.Party.model_fields, LINES))
CARRIER = st.builds(
    lambda party, means: {**party, "means": means},
    PARTY,
    st.lists(st.sampled_from(sorted(codes.TRANSPORT)), max_size=3),
)
ROLES = st.sampled_from(["export", "transit", "import"])
DECIMALS = st.none() | st.decimals(0, 10**9, places=3, allow_nan=False).map(str)
CODES = st.fixed_dictionaries({name: st.lists(LINES, max_size=2) for name in blocks.Codes.model_fields})
CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "exporter": PARTY,
        "importer": PARTY,
        "carriers": st.lists(CARRIER, max_size=3),
        "generators": st.lists(st.builds(lambda p, s: {**p, "site": s, "process": s}, PARTY, LINES), max_size=2),
        "facility": st.builds(lambda p, s: {**p, "site": s}, PARTY, LINES),
        "packaging": st.lists(st.sampled_from(sorted(codes.PACKAGING)), max_size=3),
        "special_handling": st.none() | st.booleans(),
        "handling": LINES,
        "operations": st.lists(st.sampled_from(sorted(codes.OPERATIONS)), max_size=3),
        "technology": LINES,
        "reason_for_export": LINES,
        "designation": LINES,
        "composition": st.lists(st.fixed_dictionaries({"name": LINES, "percent": DECIMALS}), max_size=3),
        "physical": st.lists(st.sampled_from(sorted(codes.PHYSICAL)), max_size=2),
        "codes": CODES,
        "customs": st.fixed_dictionaries({"entry": LINES, "exit": LINES, "export": LINES}),
        "exporter_declaration": st.fixed_dictionaries({"name": LINES, "day": DATES, "made": st.booleans()}),
        "annexes": st.none() | st.integers(0, 999),
        "number": LINES,
        "multiple": st.booleans(),
        "disposal": st.booleans(),
        "preconsented": st.booleans(),
        "shipments": st.none() | st.integers(1, 10**6),
        "quantity_kg": DECIMALS,
        "quantity_m3": DECIMALS,
        "first_departure": DATES,
        "last_departure": DATES,
        "remarks": LINES,
        "route": st.lists(
            st.fixed_dictionaries(
                {
                    "state": LINES,
                    "role": st.sampled_from(["export", "transit", "import"]),
                    "entry": LINES,
                    "exit": LINES,
                }
            ),
            max_size=4,
        ),
        "acknowledgements": st.lists(st.fixed_dictionaries({"state": LINES, "received_on": DATES}), max_size=2),
        "decisions": st.lists(
            st.fixed_dictionaries({"state": LINES, "outcome": LINES, "valid_until": DATES, "text": LINES}), max_size=2
        ),
    },
)


@given(said=CONTENT, form=st.sampled_from([FORM_2006, FORM_OLD]))
def test_a_form_written_and_read_again_is_the_same(said: dict[str, Any], form: str) -> None:
    content = Content.model_validate({**said, "form_version": form})
    written = blocks.to_form(content)
    assert blocks.from_form(form, written) == content
    other = FORM_OLD if form == FORM_2006 else FORM_2006
    across = blocks.from_form(other, blocks.to_form(content, other))
    assert across == content.model_copy(update={"form_version": other})


def test_every_field_stands_in_one_block_of_each_form() -> None:
    for form, layout in blocks.LAYOUTS.items():
        paths = [path for _label, fields in layout.values() for path in fields]
        assert len(paths) == len(set(paths))
        heads = {path.split(".")[0] for path in paths} - {"means"}
        assert heads == set(Content.model_fields) - {"form_version"}, form
        inside = {path.split(".")[1] for path in paths if path.startswith("codes.")}
        assert not inside or inside == set(blocks.Codes.model_fields)
    assert list(blocks.LAYOUT_2006) == [str(n) for n in range(1, 22)]
    assert [block for block in blocks.LAYOUT_OLD if int(block) <= 23] == [str(n) for n in range(1, 24)]
    assert blocks.block_of("codes.y", FORM_OLD) == "17"
    assert blocks.block_of("codes.y") == "14"
    assert blocks.block_of("reason_for_export", FORM_OLD) == "1"


@pytest.mark.parametrize(
    ("form", "given_blocks", "field"),
    [
        (FORM_2006, {"22": {}}, "block 22"),
        (FORM_2006, {"4": {"quantity_kg": "1"}}, "block 4: quantity_kg"),
        (FORM_2006, {"5": {"quantity_kg": 1.5}}, "quantity_kg"),
        (FORM_OLD, {"7": {"carriers": [{}]}, "11": {"means": []}}, "block 11: means"),
        ("2050", {}, "form_version"),
    ],
)
def test_what_is_not_on_a_form_is_refused_by_name(form: str, given_blocks: Any, field: str) -> None:
    with pytest.raises(Refused) as caught:
        blocks.from_form(form, given_blocks)
    assert caught.value.field == field


def complete(**more: Any) -> Content:
    said = {name: value for name, value in cases.content().items() if name != "load"}
    return Content.model_validate({**said, "exporter": cases.party("TH", "notifier"), **more})


def test_a_complete_content_has_no_problem_on_either_form() -> None:
    assert blocks.problems_of(complete(), BOOK) == []
    assert blocks.problems_of(complete(form_version=FORM_OLD), BOOK) == []


@pytest.mark.parametrize(
    ("change", "block", "field"),
    [
        ({"exporter": {}}, "1", "exporter.name"),
        ({"importer": cases.party("DE", "c", email="", telephone="")}, "2", "importer.telephone"),
        ({"shipments": 1}, "4", "shipments"),
        ({"quantity_kg": "0"}, "5", "quantity_kg"),
        ({"quantity_m3": "-1"}, "5", "quantity_m3"),
        ({"last_departure": "2027-02-28"}, "6", "last_departure"),
        ({"packaging": ["10"]}, "7", "packaging"),
        ({"special_handling": True}, "7", "handling"),
        ({"carriers": []}, "8", "carriers"),
        ({"carriers": [{**cases.party("TH", "c"), "means": ["X"]}]}, "8", "carriers.0.means"),
        ({"generators": [cases.party("TH", "g")]}, "9", "generators.0.process"),
        ({"facility": cases.party("DE", "f")}, "10", "facility.site"),
        ({"operations": ["D10"]}, "11", "operations"),
        ({"technology": ""}, "11", "technology"),
        ({"composition": [{"name": "PE", "percent": "60"}, {"name": "PP", "percent": "41"}]}, "12", "composition"),
        ({"physical": ["7"]}, "13", "physical_other"),
        ({"codes": {"basel": ["B30"], "hs": ["3915.90"]}}, "14", "codes.basel"),
        ({"codes": {"y": ["Y50"], "hs": ["3915.90"]}}, "14", "codes.y"),
        ({"codes": {"y": ["Y48"], "hs": ["39"]}}, "14", "codes.hs"),
        ({"codes": {"y": ["Y48"], "hs": ["3915"], "h": ["H4.1"], "un_number": ["1325"]}}, "14", "codes.un_class"),
        ({"route": []}, "15", "route"),
        ({"annexes": None}, "18", "annexes"),
        ({"exporter_declaration": {"made": True, "name": "Office"}}, "17", "exporter_declaration"),
        ({"preconsented": True, "disposal": True, "operations": ["D1"]}, "3", "preconsented"),
    ],
)
def test_what_keeps_a_notification_back_is_named_by_block_and_field(change: Any, block: str, field: str) -> None:
    found = blocks.problems_of(complete(**change), BOOK)
    assert (block, field) in {(p.block, p.field) for p in found}, found
    assert all(str(p.expectation) for p in found)


# ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────
FACTS: dict[str, Any] = {
    "day": date(2027, 6, 1),
    "kg": Decimal("20000.000"),
    "route": ["TH", "SG", "DE"],
    "points": ["Laem Chabang", "Hamburg"],
    "facility": "DE-facility-1",
    "operation": "R3",
    "codes": ["Y48"],
    "carriers": ["TH-carrier-1"],
    "means": ["S"],
    "packaging": ["5"],
    "notice_days": 5,
}


@pytest.mark.parametrize(
    ("condition", "met", "failing"),
    [
        ({"kind": "route", "states": ["TH", "SG", "DE"]}, {}, {"route": ["TH", "DE"]}),
        ({"kind": "route", "points": ["HAMBURG"]}, {}, {"points": ["Bremen"]}),
        ({"kind": "maximum_load", "kg": "20000"}, {}, {"kg": Decimal("20000.001")}),
        ({"kind": "season", "from": "05-01", "to": "09-30"}, {}, {"day": date(2027, 10, 1)}),
        ({"kind": "season", "from": "11-01", "to": "06-01"}, {}, {"day": date(2027, 6, 2)}),
        ({"kind": "facility", "facilities": ["de-facility-1"]}, {}, {"facility": "DE-facility-2"}),
        ({"kind": "operation", "operations": ["R3", "R12"]}, {}, {"operation": "R1"}),
        ({"kind": "code", "codes": ["Y48"]}, {}, {"codes": ["Y48", "A3210"]}),
        ({"kind": "carrier", "carriers": ["TH-carrier-1"]}, {}, {"carriers": ["TH-carrier-1", "Other"]}),
        ({"kind": "means", "means": ["S", "R"]}, {}, {"means": ["A"]}),
        ({"kind": "packaging", "packaging": ["5"]}, {}, {"packaging": ["8"]}),
        ({"kind": "notice", "days": 5}, {}, {"notice_days": 4}),
    ],
)
def test_a_condition_is_met_failed_or_not_known(condition: Any, met: Any, failing: Any) -> None:
    kept = conditions.read([condition])
    assert conditions.check(kept, {**FACTS, **met}) == []
    failed = conditions.check(kept, {**FACTS, **failing})
    assert len(failed) == 1
    assert not failed[0].unknown
    assert str(failed[0].text)
    unknown = conditions.check(kept, {})
    assert [f.unknown for f in unknown] == [True]
    assert conditions.describe(kept[0])


def test_what_cannot_be_decided_by_software_never_decides_and_what_is_not_known_never_passes() -> None:
    assert conditions.check(conditions.read([{"kind": "text", "text": "Keep dry"}]), {}) == []
    assert [f.unknown for f in conditions.check([{"kind": "of a later version"}], FACTS)] == [True]
    windows = conditions.read([{"kind": "maximum_load", "kg": "50000", "days": 30, "count": 2}])
    assert conditions.sub_periods(windows) == [(30, Decimal("50000.000"), 2)]


@pytest.mark.parametrize(
    ("given_condition", "field"),
    [
        ({"kind": "speed"}, "conditions.0.kind"),
        ({"kind": "maximum_load", "kg": 20000.5}, "conditions.0.kg"),
        ({"kind": "maximum_load", "days": 30}, "conditions.0.kg"),
        ({"kind": "season", "from": "02-30", "to": "05-01"}, "conditions.0.from"),
        ({"kind": "season", "from": "02-01"}, "conditions.0.to"),
        ({"kind": "facility"}, "conditions.0.facilities"),
        ({"kind": "facility", "facilities": "one"}, "conditions.0.facilities"),
        ({"kind": "notice", "days": 0}, "conditions.0.days"),
        ({"kind": "notice", "days": 2, "hours": 3}, "conditions.0.hours"),
        ("text", "conditions.0"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused_by_name(given_condition: Any, field: str) -> None:
    with pytest.raises(Refused) as caught:
        conditions.read([given_condition])
    assert caught.value.field == field


# ── required authorities ─────────────────────────────────────────────────────────────────────────────────────


def route(*pairs: tuple[str, str]) -> list[Any]:
    return [SimpleNamespace(state=state, role=role) for state, role in pairs]


def required(stops: list[Any], load: Any = cases.LOAD, day: date = DAY) -> dict[str, bool]:
    return {need.state: need.required for need in authorities.required(stops, load, BOOK, day)}


def test_who_must_consent_follows_from_route_waste_and_dated_law() -> None:
    way = route(("VN", "export"), ("SG", "transit"), ("PH", "import"))
    assert required(way) == {"VN": False, "SG": True, "PH": True}
    # Before 2021 the Convention had no entry for it, so only the State of import is asked, since it was notified.
    assert required(way, day=date(2020, 12, 31)) == {"VN": False, "SG": False, "PH": True}
    # A State of transit outside the Convention is told (Article 7).
    assert required(route(("VN", "export"), ("FJ", "transit"), ("PH", "import")))["FJ"] is False
    # The Union has its own authority of dispatch consent.
    assert required(route(("DE", "export"), ("JP", "import")))["DE"] is True
    # What is not known yet is read strictly.
    assert required(way, load={}) == {"VN": False, "SG": True, "PH": True}


PARTIES = sorted(state for state in BOOK.states if len(state) == 2 and BOOK.in_group(state, ("basel_party",), DAY))


@given(
    ends=st.lists(st.sampled_from(PARTIES), min_size=4, max_size=4, unique=True),
    load=st.sampled_from([cases.LOAD, {}]),
)
@example(ends=["DE", "PH", "SG", "MY"], load={})
def test_adding_a_state_of_transit_only_adds_to_those_asked(ends: list[str], load: dict[str, Any]) -> None:
    """Invariant 10. What law prohibits and an authority lets go on all the same, and what law leaves open, asks every
    Party on the way."""
    home, there, first, second = ends
    short = route((home, "export"), (first, "transit"), (there, "import"))
    longer = route((home, "export"), (first, "transit"), (second, "transit"), (there, "import"))
    before, after = required(short, load), required(longer, load)
    assert {state: after[state] for state in before} == before
    assert second in after
    assert required(longer, load) == after  # the same question, the same answer
    said = guard.decision(longer, load, DAY, BOOK)
    if said["outcome"] == "prohibited" or said["regime"] is None:
        assert {after[code] for code in (first, second, there)} == {True}


def test_a_load_that_cannot_be_read_is_refused_by_name() -> None:
    with pytest.raises(Refused) as caught:
        authorities.required(route(("VN", "export"), ("PH", "import")), {"contamination_pct": "140"}, BOOK, DAY)
    assert caught.value.field == "contamination_pct"
    assert guard.plain({"a": [Decimal("1.50"), 2, True, None]}) == {"a": ["1.50", 2, True, None]}


# ── life cycles ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("machine", machines.MACHINES.values(), ids=lambda m: m.name)
def test_a_table_is_whole(machine: machines.Machine) -> None:
    """Every status is one of the model's, is reached, and can be left unless it is final; every event has its words."""
    from django.apps import apps

    model = apps.get_model("movements", machine.name.replace("_", ""))
    assert set(machine.statuses) == set(model.Status.values)
    reached = {machines.NEW}
    for _round in machine.steps:
        for (source, _event), row in machine.table.items():
            if source in reached and row.target not in (machines.BACK, machines.SAME):
                reached.add(row.target)
    assert reached - {machines.NEW} == set(machine.statuses)
    left = {source for source, event in machine.table if machine.table[source, event].target != machines.SAME}
    assert set(machine.statuses) - left <= machine.final | {"closed", "ended"}, machine.name
    for event in machine.events:
        assert str(words.EVENTS[f"{machine.name}.{event}"])
    assert len(machine.printed()) == len(machine.steps)
    assert all(row[3] for row in machine.printed())


def test_parking_leads_back_and_what_the_table_has_not_is_refused() -> None:
    types = [
        "movement.drafted",
        "movement.announced",
        "movement.departed",
        "movement.held",
        "note",
        "movement.released",
    ]
    assert machines.fold(machines.MOVEMENT, types) == "in_transit"
    with pytest.raises(Refused) as caught:
        machines.step(machines.NOTIFICATION, "draft", "transmitted")
    assert caught.value.code == "state"
    assert "submitted" in str(caught.value.expected)
