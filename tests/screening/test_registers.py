"""Registers: what an answer does to a paper or a fact, and that one shipment and a batch are answered alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screening.aim import Raw
from tests.screening.strategies import Vocabulary, neighbourhoods, vocabulary
from tests.screening.tables import FORMS, as_text, differences
from tidegate.batch.alerts import AlertingSession
from tidegate.law import load_rulebook
from tidegate.screening import Reject, decide, parse_shipment
from tidegate.screening.bulk.columns import Columns
from tidegate.screening.registers import (
    ABOUT,
    ANSWERS,
    STALE,
    STATUSES,
    Authority,
    Enricher,
    FactKey,
    FactRecord,
    JoinedRegisters,
    MemoryRegister,
    PaperKey,
    PaperRecord,
    Register,
    RegisterError,
    Scope,
    alerts_of,
    enrich,
    enrich_batch,
    fact_schema,
    paper_schema,
)
from tidegate.screening.registers.enrich import answerable, facts_read
from tidegate.screening.registers.join import Join
from tidegate.screening.registers.protocol import normal

BOOK = load_rulebook()

# a shipment into Malaysia in 2026 that is lawful with an Approved Permit and the consents of the international layers
MALAYSIA: Raw = {
    "id": "1",
    "date": "2024-06-15",
    "export": "JP",
    "import": "MY",
    "hs": "391510",
    "waste": True,
    "polymers": {"PE": 99.5},
    "contamination_pct": 0.5,
    "hazardous": False,
    "halogenated": False,
    "operation": "R3",
    "consumer": "pre",
    "net_kg": 20000,
}
# into a Thai free zone in 2024: the rule looks at the list of plants, at what is left of the quota and of the capacity
THAILAND: Raw = {
    **MALAYSIA,
    "import": "TH",
    "facts": {"zone": "free zone", "output_exported": True, "separate_recycling": True, "to_specification": True},
    "facility": {"id": "F-1", "name": "Invented Plastics Ltd"},
    "consignee": {"id": "C-1"},
}
FREE_ZONE = "TH-IMP-FZ-2024"


def decided(raw: Raw, register: Register) -> dict[str, Any]:
    """The decision with the register's alerts."""
    out, answers = enrich(raw, register, BOOK)
    decision = decide(parse_shipment(out, BOOK), BOOK)
    return {**decision, "alerts": decision["alerts"] + alerts_of(answers)}


def missing(decision: Mapping[str, Any]) -> dict[str, str]:
    return {kind: m["why"] for m in decision["missing"] for kind in m["documents"]}


def to_check(decision: Mapping[str, Any]) -> set[str]:
    return {v["fact"] for v in decision["verify"]}


def raised(decision: Mapping[str, Any]) -> set[str]:
    return {a["rule"] for a in decision["alerts"] if a["status"] == "register"}


def shows(*papers: Any, **fields: Any) -> Raw:
    return {**MALAYSIA, "documents": list(papers), **fields}


AP = {"kind": "AP", "number": "AP 17"}
EVERY_AP = {"AP": [Authority(answered_by="Permit office")]}


# ── papers ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_paper_that_the_register_knows_is_no_longer_to_be_checked() -> None:
    before = decided(shows(AP), MemoryRegister())
    assert "document:AP" in to_check(before)
    known = PaperRecord("AP", "ap  17", valid_to=date(2024, 12, 31), answered_by="Permit office")
    after = decided(shows(AP), MemoryRegister([known]))
    assert "document:AP" not in to_check(after)
    assert "AP" not in missing(after)
    assert json.loads(after[ANSWERS]) == [
        {"document": "AP", "number": "AP 17", "answer": "valid", "effect": "held", "answered_by": "Permit office"}
    ]
    assert not raised(after)


@pytest.mark.parametrize("status", [s for s in STATUSES if s != "valid"])
def test_a_paper_that_does_not_stand_is_not_held(status: str) -> None:
    register = MemoryRegister([PaperRecord("AP", "AP 17", status, valid_to=date(2026, 12, 31))])
    decision = decided(shows(AP), register)
    assert missing(decision)["AP"] == "not held"
    assert raised(decision) == {"REGISTER-PAPER-STATUS"}


@pytest.mark.parametrize(("first_day", "held"), [("2024-06-16", True), ("2024-06-15", False)])
def test_a_status_counts_from_its_first_day(first_day: str, held: bool) -> None:
    revoked = PaperRecord("AP", "AP 17", "revoked", date.fromisoformat(first_day), valid_to=date(2026, 12, 31))
    decision = decided(shows(AP), MemoryRegister([revoked]))
    assert ("AP" not in missing(decision)) is held


@pytest.mark.parametrize(("authorities", "held"), [({}, True), (EVERY_AP, False), ({"COA": [Authority()]}, True)])
def test_a_paper_not_known_is_held_unless_the_register_is_complete(authorities: Any, held: bool) -> None:
    register = MemoryRegister([PaperRecord("AP", "AP 18")], authorities=authorities)
    decision = decided(shows(AP), register)
    assert ("AP" not in missing(decision)) is held
    assert raised(decision) == (set() if held else {"REGISTER-UNKNOWN-PAPER"})
    assert (ANSWERS in decision) is not held


@pytest.mark.parametrize(
    ("authority", "held"),
    [
        (Authority(since=date(2024, 6, 15)), False),
        (Authority(since=date(2024, 6, 16)), True),
        (Authority(until=date(2024, 6, 15)), False),
        (Authority(until=date(2024, 6, 14)), True),
    ],
)
def test_a_register_is_complete_only_for_its_days(authority: Authority, held: bool) -> None:
    decision = decided(shows(AP), MemoryRegister(authorities={"AP": [authority]}))
    assert ("AP" not in missing(decision)) is held


def test_a_paper_without_a_number_cannot_be_confirmed_by_a_complete_register() -> None:
    register = MemoryRegister([PaperRecord("AP", "AP 17")], authorities=EVERY_AP)
    decision = decided(shows("AP"), register)
    assert missing(decision)["AP"] == "not held"
    assert raised(decision) == {"REGISTER-NO-NUMBER"}
    assert "AP" not in missing(decided(shows("AP"), MemoryRegister([PaperRecord("AP", "AP 17")])))


def test_authority_for_consents_covers_those_of_every_state() -> None:
    register = MemoryRegister(authorities={"CONSENT": [Authority()]})
    out, answers = enrich(
        shows({"kind": "CONSENT:MY", "number": "1"}, {"kind": "CONTRACT", "number": "2"}), register, BOOK
    )
    assert [item["kind"] for item in out["documents"]] == ["CONTRACT"]
    assert [(a.name, a.effect) for a in answers] == [("CONSENT:MY", "not held")]


def test_what_the_register_says_replaces_what_the_paper_says() -> None:
    forged = {**AP, "valid_to": "2030-01-01", "standard": "X 1", "value": 5, "note": "kept"}
    held = PaperRecord("AP", "AP 17", valid_from=date(2020, 1, 1), valid_to=date(2024, 6, 14), value=Decimal("5.0"))
    out, answers = enrich(shows(forged), MemoryRegister([held]), BOOK)
    assert out["documents"] == [
        {**forged, "valid_from": "2020-01-01", "valid_to": "2024-06-14"},
    ]
    assert answers[0].differs == ("valid_to",)
    decision = decided(shows(forged), MemoryRegister([held]))
    assert missing(decision)["AP"] == "expired"
    assert raised(decision) == {"REGISTER-DIFFERS"}


def test_renewals_of_the_register_replace_those_on_the_paper() -> None:
    paper = {"kind": "LA_CERT", "number": "7", "issued": "2024-01-01", "renewals": [{"from": "2024-06-01", "days": 90}]}
    shipment = {**MALAYSIA, "import": "LA", "date": "2024-08-01", "documents": [paper]}
    silent = MemoryRegister([PaperRecord("LA_CERT", "7")])
    assert "LA_CERT" not in missing(decided(shipment, silent))
    never_renewed = MemoryRegister([PaperRecord("LA_CERT", "7", renewals=())])
    decision = decided(shipment, never_renewed)
    assert missing(decision)["LA_CERT"] == "expired"
    assert raised(decision) == {"REGISTER-DIFFERS"}


def test_the_same_standard_written_differently_is_no_difference() -> None:
    paper = {"kind": "CONFORMITY", "number": "1", "standard": "QCVN 32:2018/BTNMT"}
    record = PaperRecord("CONFORMITY", "1", standard="QCVN32:2018")
    _, answers = enrich(shows(paper), MemoryRegister([record]), BOOK)
    assert answers[0].differs == ()


@pytest.mark.parametrize(
    ("limits", "said", "effect", "alert"),
    [
        ({"hs": ("391510",)}, {}, "held", ""),
        ({"hs": ("3915",)}, {}, "held", ""),
        ({"hs": ("391520",)}, {}, "not held", "REGISTER-NOT-COVERED"),
        ({"hs": ("39151000",)}, {}, "to check", "REGISTER-COVER-UNKNOWN"),
        ({"hs": ("391510",)}, {"hs": None}, "to check", "REGISTER-COVER-UNKNOWN"),
        ({"origins": ("JP",)}, {}, "held", ""),
        ({"origins": ("JP",)}, {"origin": "KR"}, "not held", "REGISTER-NOT-COVERED"),
        ({"exports": ("KR",)}, {}, "not held", "REGISTER-NOT-COVERED"),
        ({"imports": ("MY",), "operations": ("R3",)}, {}, "held", ""),
        ({"entries": ("Y48",)}, {}, "to check", "REGISTER-COVER-UNKNOWN"),
        ({"entries": ("Y48",)}, {"declared_entry": "B3011"}, "not held", "REGISTER-NOT-COVERED"),
        ({"parties": (("consignee", "C-1"), ("consignee", "MY:C-1"))}, {"consignee": {"id": "my:c-1"}}, "held", ""),
        ({"parties": (("consignee", "C-1"),)}, {"consignee": {"id": "C-2"}}, "not held", "REGISTER-NOT-COVERED"),
        ({"parties": (("consignee", "C-1"),)}, {}, "to check", "REGISTER-COVER-UNKNOWN"),
    ],
)
def test_a_paper_counts_only_for_the_loads_that_it_covers(limits: Any, said: Raw, effect: str, alert: str) -> None:
    record = PaperRecord("AP", "AP 17", valid_to=date(2024, 12, 31), scope=Scope(**limits))
    decision = decided(shows(AP, **said), MemoryRegister([record]))
    assert json.loads(decision[ANSWERS])[0]["effect"] == effect
    assert ("AP" in missing(decision)) is (effect == "not held")
    assert raised(decision) == ({alert} if alert else set())


@pytest.mark.parametrize(
    ("left", "net_kg", "day", "effect"),
    [
        ("20000", 20000, "2024-06-15", "held"),
        ("19999.999", 20000, "2024-06-15", "not held"),
        ("0", None, "2024-06-15", "not held"),
        ("20000", None, "2024-06-15", "to check"),
        ("0", 20000, "2024-06-14", "held"),
    ],
)
def test_what_is_left_on_a_paper_must_cover_the_load(left: str, net_kg: Any, day: str, effect: str) -> None:
    record = PaperRecord(
        "AP", "AP 17", valid_to=date(2024, 12, 31), left_kg=Decimal(left), left_from=date(2024, 6, 15), as_of="now"
    )
    decision = decided(shows(AP, net_kg=net_kg, date=day), MemoryRegister([record]))
    (answer,) = json.loads(decision[ANSWERS])
    assert (answer["effect"], answer["as_of"]) == (effect, "now")
    assert answer.get("left_kg") == (left if day == "2024-06-15" else None)
    assert ("AP" in missing(decision)) is (effect == "not held")


def test_an_old_word_neither_confirms_a_paper_nor_refuses_it() -> None:
    register = MemoryRegister([PaperRecord("AP", "AP 17", STALE, date(2024, 6, 15), valid_to=date(2024, 12, 31))])
    decision = decided(shows(AP), register)
    assert "document:AP" in to_check(decision)
    assert raised(decision) == {"REGISTER-OLD"}
    before = decided(shows(AP, date="2024-06-14"), register)
    assert "document:AP" not in to_check(before)


# ── facts ──────────────────────────────────────────────────────────────────────────────────────────────────


def listed(value: Any, subject: str = "F-1", **more: Any) -> FactRecord:
    return FactRecord("plant_on_approved_list", "facility", subject, value, **more)


@pytest.mark.parametrize(("value", "outcome"), [(True, "clear"), (False, "prohibited")])
def test_an_answer_turns_what_was_to_be_checked_into_a_fact(value: bool, outcome: str) -> None:
    assert "plant_on_approved_list" in to_check(decided(THAILAND, MemoryRegister()))
    decision = decided(THAILAND, MemoryRegister(facts=[listed(value, answered_by="Plant office")]))
    assert "plant_on_approved_list" not in to_check(decision)
    layers = {layer["layer"]: layer["outcome"] for layer in decision["layers"]}
    assert layers["national:TH:import"] == outcome
    assert json.loads(decision[ANSWERS])[0]["answered_by"] == "Plant office"


def test_who_is_not_named_falls_under_the_record_for_everybody() -> None:
    register = MemoryRegister(facts=[listed(True), listed(False, "*")])
    assert enrich(THAILAND, register, BOOK)[0]["facts"]["plant_on_approved_list"] is True
    other = {**THAILAND, "facility": {"id": "F-2"}}
    assert enrich(other, register, BOOK)[0]["facts"]["plant_on_approved_list"] is False
    nobody = {**THAILAND, "facility": {"name": "Invented Plastics Ltd"}}
    assert enrich(nobody, register, BOOK) == (nobody, ())


@pytest.mark.parametrize(
    ("day", "value"), [("2023-12-31", None), ("2024-01-01", True), ("2024-06-30", True), ("2024-07-01", False)]
)
def test_a_fact_holds_on_its_days_only(day: str, value: bool | None) -> None:
    register = MemoryRegister(
        facts=[
            listed(True, valid_from=date(2024, 1, 1), valid_to=date(2024, 6, 30)),
            listed(False, valid_from=date(2024, 7, 1)),
        ]
    )
    out, _ = enrich({**THAILAND, "date": day}, register, BOOK)
    assert out["facts"].get("plant_on_approved_list") is value


def quota(tonnes: Any, **more: Any) -> FactRecord:
    more = {"subject": "C-1", "rule": FREE_ZONE, **more}
    return FactRecord("quota_left_t", "consignee", value=tonnes, **more)


@pytest.mark.parametrize(
    ("left", "net_kg", "settled", "alert"),
    [
        (Decimal(20), 20000, True, False),
        (Decimal("19.999"), 20000, False, True),
        (Decimal(0), 20000, False, True),
        (Decimal(0), 0, True, False),
        (Decimal(500), None, False, False),
    ],
)
def test_tonnes_left_settle_the_question_only_when_they_cover_the_load(
    left: Decimal, net_kg: Any, settled: bool, alert: bool
) -> None:
    decision = decided({**THAILAND, "net_kg": net_kg}, MemoryRegister(facts=[quota(left)]))
    assert ("quota_left_t" not in to_check(decision)) is settled
    assert raised(decision) == ({"REGISTER-TONNES"} if alert else set())
    claimed = {**THAILAND, "net_kg": net_kg, "facts": {**THAILAND["facts"], "quota_left_t": 900}}
    again = decided(claimed, MemoryRegister(facts=[quota(left)]))
    assert ("quota_left_t" not in to_check(again)) is settled


def test_an_answer_for_a_rule_counts_only_while_that_rule_is_in_force_on_the_route() -> None:
    register = MemoryRegister(facts=[quota(Decimal(100))])
    assert "quota_left_t" in enrich(THAILAND, register, BOOK)[0]["facts"]
    for other in ({"date": "2023-06-15"}, {"import": "VN"}, {"events": {"import_completed": "2025-03-01"}}):
        assert enrich({**THAILAND, **other}, register, BOOK)[1] == ()


def test_an_answer_for_one_of_several_layers_reaches_no_other() -> None:
    both = {**THAILAND, "evaluate": ["TH:import", "LA:import"]}
    register = MemoryRegister(facts=[FactRecord("capacity_left_t", "facility", "F-1", Decimal(100), rule=FREE_ZONE)])
    out, _ = enrich(both, register, BOOK)
    assert out["facts"]["TH:import"] == {"capacity_left_t": "100"}
    assert "capacity_left_t" not in out["facts"]


def test_a_register_is_believed_on_what_only_registers_know() -> None:
    register = MemoryRegister(facts=[listed(False)])
    for claim in (
        {"plant_on_approved_list": True},
        {"TH:import": {"plant_on_approved_list": True}},
    ):
        decision = decided({**THAILAND, "facts": {**THAILAND["facts"], **claim}}, register)
        layers = {layer["layer"]: layer["outcome"] for layer in decision["layers"]}
        assert layers["national:TH:import"] == "prohibited"
        assert raised(decision) == {"REGISTER-DIFFERS"}


def test_a_claim_about_a_state_of_transit_gives_way_too() -> None:
    shipment = {**THAILAND, "transit": ["SG", {"state": "VN", "facts": {"plant_on_approved_list": True, "used": True}}]}
    out, answers = enrich(shipment, MemoryRegister(facts=[listed(False)]), BOOK)
    assert out["transit"] == ["SG", {"state": "VN", "facts": {"used": True}}]
    assert [a.effect for a in answers] == ["replaced"]


def test_what_a_declaration_can_know_is_only_filled_in() -> None:
    register = MemoryRegister(facts=[FactRecord("own_plant", "consignee", "C-1", False)])
    assert enrich(THAILAND, register, BOOK)[0]["facts"]["own_plant"] is False
    out, answers = enrich({**THAILAND, "facts": {"own_plant": True}}, register, BOOK)
    assert out["facts"] == {"own_plant": True}
    assert (answers[0].effect, answers[0].alert) == ("claim kept", "REGISTER-DIFFERS")


def test_registers_that_contradict_each_other_settle_nothing() -> None:
    register = MemoryRegister(
        facts=[
            FactRecord("plant_on_approved_list", "facility", "F-1", True, answered_by="one"),
            FactRecord("plant_on_approved_list", "consignee", "C-1", False, answered_by="two"),
        ]
    )
    decision = decided(THAILAND, register)
    assert "plant_on_approved_list" in to_check(decision)
    assert raised(decision) == {"REGISTER-CONFLICT"}
    assert [a["answered_by"] for a in json.loads(decision[ANSWERS])] == ["one", "two"]


def test_an_answer_for_the_rule_goes_before_one_for_every_rule() -> None:
    register = MemoryRegister(facts=[listed(False), listed(True, rule=FREE_ZONE)])
    out, answers = enrich(THAILAND, register, BOOK)
    assert out["facts"]["plant_on_approved_list"] is True
    assert [a.rule for a in answers] == [FREE_ZONE]


def test_an_impossible_answer_is_the_register_s_fault_and_named() -> None:
    with pytest.raises(RegisterError, match="Plant office: plant_on_approved_list of facility F-1: 'perhaps'"):
        enrich(THAILAND, MemoryRegister(facts=[listed("perhaps", answered_by="Plant office")]), BOOK)


# ── shipments and registers as they come ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fault", [{"date": "2024-13-01"}, {"export": "ZZ"}, {"net_kg": -1}, {"facts": {"plant_on_approved_list": "so so"}}]
)
def test_a_shipment_that_cannot_be_read_stays_as_it_is(fault: Raw) -> None:
    raw = {**THAILAND, **fault}
    out, answers = enrich(raw, MemoryRegister(facts=[listed(True)]), BOOK)
    assert (out, answers) == (raw, ())
    with pytest.raises(Reject):
        parse_shipment(out, BOOK)


def test_the_shipment_given_is_not_changed() -> None:
    raw = {**THAILAND, "documents": [AP], "facts": {**THAILAND["facts"], "TH:import": {"plant_on_approved_list": True}}}
    before = json.dumps(raw)
    enrich(raw, MemoryRegister([PaperRecord("AP", "AP 17", "revoked")], [listed(False)]), BOOK)
    assert json.dumps(raw) == before


def test_a_column_of_the_same_name_is_not_lost() -> None:
    raw = {**shows(AP), ANSWERS: "mine"}
    register = MemoryRegister([PaperRecord("AP", "AP 17")])
    out, _ = enrich(raw, register, BOOK)
    assert out[f"source.{ANSWERS}"] == "mine"
    batch = enrich_batch(as_text([raw]), register, BOOK)
    assert batch.column(f"source.{ANSWERS}").to_pylist() == ["mine"]
    assert batch.column(ANSWERS).to_pylist() == [out[ANSWERS]]


def test_of_several_registers_one_that_refuses_a_paper_is_enough() -> None:
    good = MemoryRegister([PaperRecord("AP", "AP 17", valid_to=date(2030, 1, 1)), PaperRecord("AP", "1")], label="good")
    bad = MemoryRegister([PaperRecord("AP", "ap 17", "suspended")], [listed(True)], label="bad")
    for register in (JoinedRegisters([good, bad]), JoinedRegisters([bad, good])):
        assert register.papers([PaperKey.of("AP", "AP 17")])[PaperKey("AP", "AP 17")].status == "suspended"  # type: ignore[union-attr]
        table = {row["number"].upper(): row["status"] for row in register.paper_table().to_pylist()}
        assert table == {"AP 17": "suspended", "1": "valid"}
        assert register.fact_table().num_rows == 1
    assert JoinedRegisters([good, bad]).label == "good + bad"


def test_the_tables_hold_what_the_records_hold() -> None:
    papers = [
        PaperRecord("AP", "1", "revoked", date(2024, 1, 1), date(2020, 1, 1), date(2020, 1, 2), date(2025, 1, 1), "S", Decimal("1.50"), ((None, 3),), "X"),  # noqa: E501
        PaperRecord("AP", "2"),
        PaperRecord("AP", "3", scope=Scope(hs=("3915",), parties=(("consignee", "C"),)), left_kg=Decimal("1.500"), left_from=date(2024, 1, 1), as_of="now"),  # noqa: E501
    ]  # fmt: skip
    register = MemoryRegister(papers, [listed(True), quota(Decimal("2.5"), valid_to=date(2024, 12, 31))])
    assert register.paper_table().schema.equals(paper_schema())
    assert register.fact_table().schema.equals(fact_schema())
    from tidegate.screening.registers.tables import fact_records, paper_records

    assert paper_records(register.paper_table()) == papers
    assert [r.value for r in fact_records(register.fact_table())] == ["true", "2.5"]
    assert register.facts([FactKey.of("quota_left_t", "consignee", " c-1 ", FREE_ZONE)])


# ── one and many ───────────────────────────────────────────────────────────────────────────────────────────

NUMBERS = ["1", "AP 17", "ap  17 ", "№ 7/ก", "N-1"]
IDS = ["F-1", "f-1", "C-1", "X 9"]
FACTS = sorted(name for name, fact in BOOK.facts.items() if fact.by == "register" and answerable(fact))
FILLED = ["own_plant", "importer_type", "own_use", "ap_status", "destination_on_licence", "household_refuse_pct"]


@st.composite
def registers(draw: st.DrawFn, v: Vocabulary, rows: Sequence[Raw]) -> Register:
    """A register that speaks of these rows."""
    day = st.one_of(
        st.none(),
        st.sampled_from([date.fromisoformat(row["date"]) for row in rows]).flatmap(
            lambda d: st.sampled_from([d - timedelta(1), d, d + timedelta(1), d + timedelta(200)])
        ),
    )
    shown = sorted({kind for row in rows for kind in kinds_of(row)}) or ["AP"]
    said = {name: sorted({str(row[name]) for row in rows if row.get(name)}) for name in ("export", "import", "hs")}
    scopes = st.one_of(
        st.none(),
        st.builds(
            Scope,
            exports=some(said["export"]),
            imports=some(said["import"]),
            origins=some([*said["export"], "JP"]),
            hs=some([*said["hs"], "3915", "391510", "39151000"]),
            entries=some(["B3011", "Y48"]),
            operations=some(["R3", "D10"]),
            parties=some([(about, normal(name)) for about in ABOUT for name in IDS]),
        ),
    )
    papers = st.builds(
        PaperRecord,
        st.sampled_from(shown),
        st.sampled_from(NUMBERS),
        st.sampled_from([*STATUSES, STALE, "valid", "valid"]),
        status_from=day,
        issued=day,
        valid_from=st.none(),
        valid_to=day,
        standard=st.sampled_from([None, *v.standards]),
        value=st.sampled_from([None, *v.document_values]),
        renewals=st.sampled_from([None, (), ((None, 90),), ((date(2024, 1, 1), 30),)]),
        answered_by=st.sampled_from(["", "Office"]),
        scope=scopes,
        left_kg=st.sampled_from([None, Decimal(0), Decimal(20000), Decimal("20000.001"), Decimal(500000)]),
        left_from=day,
        as_of=st.sampled_from(["", "2026-11-22T03:40Z"]),
    )
    facts = st.sampled_from([*FACTS, *FACTS, *FILLED]).flatmap(
        lambda name: st.builds(
            FactRecord,
            st.just(name),
            st.sampled_from(ABOUT),
            st.sampled_from([*IDS, "*"]),
            value_of(v, name),
            rule=st.sampled_from(["", "", *rules_for(name)]),
            valid_from=day,
            valid_to=day,
            answered_by=st.sampled_from(["", "Office"]),
            scope=scopes,
        )
    )
    authorities = st.dictionaries(
        st.sampled_from([*shown, *(kind.partition(":")[0] for kind in shown)]),
        st.lists(st.builds(Authority, day, day, st.just("Office")), min_size=1, max_size=2),
        max_size=3,
    )

    def one(label: str) -> Register:
        return MemoryRegister(
            draw(st.lists(papers, max_size=6)), draw(st.lists(facts, max_size=8)), draw(authorities), label
        )

    return JoinedRegisters([one("a"), one("b")]) if draw(st.booleans()) else one("a")


def some(values: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Mostly nothing, that is no limit; else one or two of the values."""
    chosen = st.lists(st.sampled_from(values), min_size=1, max_size=2).map(tuple) if values else st.just(())
    return st.one_of(st.just(()), st.just(()), chosen)


def kinds_of(row: Raw) -> list[str]:
    return [p if isinstance(p, str) else p["kind"] for p in row.get("documents") or ()]


def value_of(v: Vocabulary, name: str) -> st.SearchStrategy[Any]:
    fact = BOOK.facts[name]
    if fact.type == "bool":
        return st.booleans()
    if fact.type == "number":
        return st.sampled_from([Decimal(0), Decimal("0.02"), Decimal(5), Decimal(20), Decimal(100)])
    return st.sampled_from([*fact.values, "another word"])


def rules_for(name: str) -> list[str]:
    return sorted(rule.id for rule in BOOK.rules.values() if name in facts_read(rule))[:6]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Raw], Register]:
    """Shipments with parties and numbered papers, and a register."""
    v = vocabulary(BOOK)
    rows = draw(neighbourhoods(v, size=12))
    if draw(st.booleans()):
        kept = ("id", "date", "transit", "facts")
        rows = [{**THAILAND, **{name: row[name] for name in kept if row.get(name)}} for row in rows]
    claims = st.sampled_from([*FACTS, *FILLED]).flatmap(lambda name: value_of(v, name).map(lambda value: (name, value)))
    for row in rows:
        for about in ABOUT:
            identity = draw(st.sampled_from([None, None, *IDS]))
            if identity is not None:
                row[about] = {"id": identity}
        row["documents"] = [
            p if draw(st.integers(0, 4)) == 0 else {**(p if isinstance(p, dict) else {"kind": p}), "number": number}
            for p in row.get("documents") or ()
            for number in [draw(st.sampled_from(NUMBERS))]
        ] or None
        if row["documents"] is None:
            del row["documents"]
        for name, value in draw(st.lists(claims, max_size=3)):
            row["facts"] = {**(row.get("facts") or {}), name: float(value) if isinstance(value, Decimal) else value}
    return rows, draw(registers(v, rows))


def one_by_one(rows: Sequence[Raw], register: Register) -> list[tuple[str, Any]]:
    out: list[tuple[str, Any]] = []
    for row in rows:
        try:
            out.append(("decided", decided(row, register)))
        except Reject as reject:
            out.append(("rejected", (reject.field, reject.expected)))
    return out


def in_bulk(batch: pa.RecordBatch, register: Register) -> list[tuple[str, Any]]:
    told = Join(Enricher(register, BOOK))(batch)
    session = AlertingSession(BOOK)
    result = session.screen(told.batch)
    answers = told.batch.column(ANSWERS).to_pylist()
    found: dict[int, tuple[str, Any]] = {}
    sets = session.with_alerts(result.set, told.alerts[result.index], told.texts)
    ids = result.ids.to_pylist() if isinstance(result.ids, pa.Array) else list(result.ids)
    for row, identity, set_id in zip(result.row.tolist(), ids, sets.tolist(), strict=True):
        decision = {"id": str(identity), **session.decision(set_id)}
        if answers[row - 1] is not None:
            decision[ANSWERS] = answers[row - 1]
        found[row] = ("decided", decision)
    for row, _, error in result.rejects:
        found[row] = ("rejected", (error["field"], error["expected"]))
    return [found[row] for row in sorted(found)]


@given(cases())
def test_a_batch_is_answered_as_each_of_its_rows(case: tuple[list[Raw], Register]) -> None:
    rows, register = case
    wanted = one_by_one(rows, register)
    shipments = [
        parse_shipment(enrich(row, register, BOOK)[0], BOOK) if want == "decided" else None
        for row, (want, _) in zip(rows, wanted, strict=True)
    ]
    for form, make in FORMS.items():
        batch = make(rows)
        columns = Columns(enrich_batch(batch, register, BOOK))
        for n, shipment in enumerate(shipments):
            if shipment is not None:
                got = parse_shipment(columns.row(n), BOOK)
                for name in ("documents", "facts", "scoped", "transit"):
                    assert (getattr(got, name) or None) == (getattr(shipment, name) or None), (form, name, rows[n])
        told = differences(wanted, in_bulk(batch, register), rows)
        assert not told, f"{form}:\n" + "\n".join(told)


@pytest.mark.parametrize("form", FORMS)
def test_rows_that_differ_only_by_their_day_are_told_apart(form: str) -> None:
    day = date(2024, 6, 15)
    register = MemoryRegister(
        [PaperRecord("AP", "AP 17", "revoked", status_from=day), PaperRecord("AP", "AP 18")],
        [listed(False, "*"), listed(True, valid_to=day - timedelta(1))],
        {"COA": [Authority(since=day + timedelta(1), until=day + timedelta(2))]},
    )
    papers = [AP, {"kind": "COA", "number": "1"}]
    rows: list[Raw] = [
        {**base, "id": f"{base['import']}{n}", "date": (day + timedelta(n)).isoformat(), "documents": papers}
        for n in (-1, 0, 1, 2, 3)
        for base in (MALAYSIA, THAILAND)
    ]
    wanted = one_by_one(rows, register)
    assert len({json.dumps([d.get(ANSWERS), d["alerts"]]) for _, d in wanted}) == 6
    assert not differences(wanted, in_bulk(FORMS[form](rows), register), rows)


@pytest.mark.parametrize("form", FORMS)
def test_rows_that_differ_only_by_what_the_shipment_says_are_told_apart(form: str) -> None:
    register = MemoryRegister(facts=[listed(False, rule=FREE_ZONE), quota(Decimal(20)), quota(5, subject="C-2")])
    claims: list[Raw] = [{}, {"plant_on_approved_list": True}, {"plant_on_approved_list": False}, {"quota_left_t": 3}]
    others: list[Raw] = [
        {},
        {"net_kg": 30000},
        {"net_kg": None},
        {"import": "VN"},
        {"events": {"import_completed": "2025-01-01"}},
        {"consignee": {"id": "C-2"}},
        {"facility": {"name": "no id"}},
    ]
    rows: list[Raw] = [
        {**THAILAND, **other, "id": f"{n}.{m}", "facts": {**THAILAND["facts"], **claim}}
        for n, claim in enumerate(claims)
        for m, other in enumerate(others)
    ]
    wanted = one_by_one(rows, register)
    assert not differences(wanted, in_bulk(FORMS[form](rows), register), rows)


def test_a_batch_without_anything_to_ask_about_keeps_its_columns() -> None:
    batch = as_text([MALAYSIA])
    out = enrich_batch(batch, MemoryRegister([PaperRecord("AP", "1")], [listed(True)]), BOOK)
    assert out.schema.names == [*batch.schema.names, ANSWERS]
    assert out.column(ANSWERS).null_count == 1


def test_the_facts_of_a_row_stand_in_one_place() -> None:
    scoped = {**THAILAND, "id": "2", "facts": {**THAILAND["facts"], "TH:import": {"zone": "free zone"}}}
    batch = enrich_batch(as_text([THAILAND, scoped]), MemoryRegister(facts=[listed(True)]), BOOK)
    texts = batch.column("facts").to_pylist()
    assert texts[0] is None
    assert json.loads(texts[1])["plant_on_approved_list"] is True
    for name in batch.schema.names:
        if name.startswith("facts."):
            assert batch.column(name).to_pylist()[1] is None


def test_rows_with_the_same_case_and_alerts_share_a_set() -> None:
    rows = [shows({"kind": "AP", "number": f"X-{n}"}, id=str(n)) for n in range(50)]
    told = Join(Enricher(MemoryRegister(authorities=EVERY_AP), BOOK))(as_text(rows))
    session = AlertingSession(BOOK)
    result = session.screen(told.batch)
    sets = session.with_alerts(result.set, told.alerts[result.index], told.texts)
    assert len(set(sets.tolist())) == 1
    assert raised(session.decision(int(sets[0]))) == {"REGISTER-UNKNOWN-PAPER"}
