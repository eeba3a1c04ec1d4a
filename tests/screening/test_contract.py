"""What the contract promises of shipments and decisions, sentence by sentence, on the shipped book."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given

from tests.screening.aim import FIELDS_OF_SHIPMENT, Raw
from tests.screening.strategies import shipments, vocabulary
from tidegate.law import load_rulebook
from tidegate.screening import Reject, decide, parse_shipment
from tidegate.screening.bulk import Session

BOOK = load_rulebook(())
ANNEX_I = [f"Y{n}" for n in range(1, 46)]
ANNEX_III = "H1 H3 H4.1 H4.2 H4.3 H5.1 H5.2 H6.1 H6.2 H8 H10 H11 H12 H13".split()
V = vocabulary(BOOK)
SEVERITY = ["clear", "needs", "undetermined", "prohibited"]
REGIMES = ["no_basel_control", "pic_required", "prohibited"]
CLEAN: Raw = {
    "id": "1",
    "date": "2024-06-15",
    "export": "JP",
    "import": "MY",
    "hs": "391510",
    "operation": "R3",
    "waste": True,
    "polymers": {"PE": 99},
    "contamination_pct": 1,
    "halogenated": False,
    "hazardous": False,
    "consumer": "post",
    "documents": [],
}
MIXED: Raw = {**CLEAN, "hs": "391590", "polymers": {"PE": 50, "PS": 40}, "contamination_pct": 10}


def say(base: Raw = CLEAN, /, **changes: Any) -> Raw:
    """The decision on a shipment with some fields changed; `import_` stands for `import`."""
    raw = {**base, **{k.rstrip("_"): v for k, v in changes.items()}}
    return decide(parse_shipment(raw, BOOK), BOOK)


def rules(decision: Raw) -> set[str]:
    return {r["rule"] for r in decision["reasons"]}


def missing(decision: Raw) -> dict[str, str]:
    return {d: m["why"] for m in decision["missing"] for d in m["documents"]}


def asked(decision: Raw) -> list[str]:
    return [q["fact"] for q in decision["questions"]]


def layer(decision: Raw, name: str) -> Raw:
    return next(x for x in decision["layers"] if x["layer"] == name)


def same_answer(a: Raw, b: Raw) -> bool:
    return {k: v for k, v in a.items() if k != "id"} == {k: v for k, v in b.items() if k != "id"}


# ── the shipment ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["id", "date", "export", "import"])
@pytest.mark.parametrize("value", [None, "", "left out"])
def test_four_fields_are_required(name: str, value: str | None) -> None:
    raw = {k: v for k, v in CLEAN.items() if k != name} if value == "left out" else {**CLEAN, name: value}
    with pytest.raises(Reject) as told:
        parse_shipment(raw, BOOK)
    assert told.value.field == name
    assert told.value.expected


def test_everything_but_the_four_may_be_unknown() -> None:
    bare = {k: CLEAN[k] for k in ("id", "date", "export", "import")}
    assert decide(parse_shipment(bare, BOOK), BOOK)["outcome"] in SEVERITY


@given(shipments(V))
def test_null_and_left_out_both_mean_not_known(raw: Raw) -> None:
    nulls = {**dict.fromkeys(FIELDS_OF_SHIPMENT), **raw}
    nulls["facts"] = {**dict.fromkeys(V.facts), **raw.get("facts", {})}
    assert decide(parse_shipment(nulls, BOOK), BOOK) == decide(parse_shipment(raw, BOOK), BOOK)


@given(shipments(V))
def test_keys_that_nobody_knows_are_kept_and_change_nothing(raw: Raw) -> None:
    more = {**raw, "colour": "red", "x.y": [1], "facts": {**raw.get("facts", {}), "shoe_size": 42}}
    plain, decorated = (decide(parse_shipment(r, BOOK), BOOK) for r in (raw, more))
    assert (decorated.pop("colour"), decorated.pop("x.y"), decorated.pop("facts")) == ("red", [1], {"shoe_size": 42})
    assert decorated == plain


def test_the_day_of_the_event_that_a_rule_names_governs_it() -> None:
    """Thailand's ban looks at the day on which import is completed; `date` stands in where that is left out."""
    ban = "TH-IMP-BAN-2025"
    assert ban not in rules(say(import_="TH", date="2024-12-31"))
    assert ban in rules(say(import_="TH", date="2025-01-01"))
    assert ban in rules(say(import_="TH", date="2024-12-31", events={"import_completed": "2025-01-01"}))
    assert ban not in rules(say(import_="TH", date="2025-01-01", events={"import_completed": "2024-12-31"}))
    assert ban not in rules(say(import_="TH", date="2024-12-31", events={"arrived": "2025-01-01"}))


def test_origin_is_the_exporting_state_where_it_is_left_out() -> None:
    barred = "MY-IMP-BASELPARTY-2025"
    today = {"date": "2026-11-21"}
    assert barred in rules(say(**today, export="US"))
    assert barred in rules(say(**today, export="SG", origin="US"))
    assert barred not in rules(say(**today, export="US", origin="JP"))


def test_the_area_south_of_sixty_degrees_is_a_place() -> None:
    assert say(MIXED, export="AU", import_="AQ")["outcome"] == "prohibited"
    assert "BASEL-ANTARCTIC-4-6" in rules(say(MIXED, export="AU", import_="AQ"))


def test_no_transit_and_an_empty_list_mean_direct() -> None:
    direct = "ID-IMP-DIRECT"
    for stops, outcome in ((None, "satisfied"), ([], "satisfied"), (["SG"], "broken")):
        told = say(import_="ID", transit=stops)
        effect = next(r["effect"] for r in told["reasons"] if r["rule"] == direct)
        assert effect == ("standard" if outcome == "satisfied" else "prohibit")


def test_a_transit_state_has_days_and_facts_of_its_own() -> None:
    paper = {**CLEAN, "hs": "4707", "material": "paper", "polymers": None, "contamination_pct": 0, "import": "CN"}
    suspended = "VN-TRN-SUSP-2018"
    assert suspended not in rules(say(paper, transit=["VN"]))
    assert suspended in rules(say(paper, transit=[{"state": "VN", "arrived": "2019-06-01"}]))
    film = {**CLEAN, "hs": "392020", "import": "CN", "date": "2025-06-01", "facts": {"used": True}}
    crossing = {"state": "VN", "facts": {"enters_territory": True}}
    assert "VN-TRN-SUSP-2025" in rules(say(film, transit=[crossing]))
    assert "VN-TRN-SUSP-2025" not in rules(say(film, transit=[{**crossing, "facts": {"enters_territory": False}}]))


@pytest.mark.parametrize("written", ["391510", "3915.10", "39 15 10", "3915 1000", " 391510 ", 391510])
def test_hs_is_text_without_dots_and_spaces(written: Any) -> None:
    assert same_answer(say(import_="TH", hs=written), say(import_="TH"))


@pytest.mark.parametrize(
    ("number", "code"),
    [(3915.9, "391590"), (Decimal("3915.1"), "391510"), (391590.0, "391590"), (3915.0, "3915"), (39159, "39159"),
     (101.21, "010121")],
)  # fmt: skip
def test_a_number_for_hs_has_its_last_zero_back(number: Any, code: str) -> None:
    assert parse_shipment({**CLEAN, "hs": number}, BOOK).hs == code
    with pytest.raises(Reject):
        parse_shipment({**CLEAN, "hs": True}, BOOK)


def test_leading_zeros_of_hs_stay() -> None:
    assert parse_shipment({**CLEAN, "hs": "0101.21"}, BOOK).hs == "010121"


def test_the_edition_is_the_one_in_force_on_the_day_unless_it_is_named() -> None:
    """Heading 85.49, waste of electronics, came with the edition of 2022."""
    bare = {**CLEAN, "hs": "8549", "polymers": None, "contamination_pct": None, "waste": None, "operation": None}
    later, earlier = say(bare, date="2023-01-01"), say(bare, date="2023-01-01", hs_edition="2017")
    assert same_answer(later, say(bare, date="2023-01-01", hs_edition="2022"))
    assert not same_answer(later, earlier)


def test_the_declared_entry_is_evidence_and_never_the_answer() -> None:
    honest, wrong = say(MIXED, declared_entry="Y48"), say(MIXED, declared_entry="B3011")
    assert honest["entry"] == wrong["entry"] == "Y48"
    assert [a for a in wrong["alerts"] if a not in honest["alerts"]]
    assert {k: v for k, v in honest.items() if k != "alerts"} == {k: v for k, v in wrong.items() if k != "alerts"}
    assert same_answer(say(MIXED), honest)


def test_what_is_known_not_to_be_waste_is_outside() -> None:
    told = say(waste=False, import_="TH", date="2026-01-01")
    assert (told["entry"], told["regime"]) == (None, "no_basel_control")


@pytest.mark.parametrize(
    ("name", "codes", "named"),
    [("annex_i", ANNEX_I, "one of Y1…Y45"), ("annex_iii", ANNEX_III, f"one of {', '.join(ANNEX_III)}")],
)
def test_codes_of_an_annex_are_those_that_the_convention_has(name: str, codes: list[str], named: str) -> None:
    field = getattr(parse_shipment({**CLEAN, name: codes}, BOOK), name)
    assert field == tuple(codes)
    for written in ([f" {code.lower()} " for code in codes], ";".join(codes), json.dumps(codes)):
        assert getattr(parse_shipment({**CLEAN, name: written}, BOOK), name) == field
    letter, padded = codes[0][0], [re.sub(r"^(.)(\d)(?!\d)", r"\g<1>0\2", code) for code in codes]
    assert padded[0] == f"{letter}01"
    assert getattr(parse_shipment({**CLEAN, name: padded}, BOOK), name) == field
    pool = [f"{letter}{n}{tail}" for n in range(100) for tail in ("", *(f".{m}" for m in range(10)))]
    others = [code for code in pool if code not in codes]
    assert len(others) == len(pool) - len(codes)
    for wrong in (*others, f"{letter}010", f"{letter}{'1' * 5000}", "Y", "H", "31", "", "A3210", None):
        with pytest.raises(Reject) as told:
            parse_shipment({**CLEAN, name: [codes[0], wrong]}, BOOK)
        assert (told.value.field, told.value.value, told.value.expected) == (name, wrong, named)


def test_codes_that_do_not_exist_decide_nothing() -> None:
    """They once made clean plastic hazardous: a slip of the pen is not a test result."""
    assert say(hazardous=None, annex_i=["Y31"], annex_iii=["H12"])["entry"] == "A3210"
    for change in ({"annex_i": ["Y99"]}, {"annex_i": ["Y46"]}, {"annex_i": "Y31;Y0"}, {"annex_iii": ["H77"]}):
        with pytest.raises(Reject):
            say(**{"hazardous": None, "annex_i": ["Y31"], "annex_iii": ["H12"], **change})


@pytest.mark.parametrize(
    ("grades", "polymers"),
    [
        ({"HDPE": 50, "LDPE": 25, "LLDPE": 24}, {"PE": 99}),
        ({"HIPS": 40, "EPS": 59}, {"PS": 99}),
        ({"PA6": 40, "PA66": 59}, {"PA": 99}),
        ({"pe": 99}, {"PE": 99}),
    ],
)
def test_a_grade_counts_as_its_polymer(grades: Raw, polymers: Raw) -> None:
    assert same_answer(say(polymers=grades), say(polymers=polymers))


def test_a_code_not_known_is_one_more_polymer() -> None:
    assert say(polymers={"PE": 50, "XQZ": 49})["entry"] == "Y48"
    assert say(polymers={"XQZ": 99})["entry"] == "B3011"
    assert "halogenated" in asked(say(polymers={"XQZ": 99}, halogenated=None))


def test_what_is_not_identified_is_open() -> None:
    told = say(polymers={"mixed": 99})
    assert told["outcome"] == "undetermined"
    assert asked(told) == ["polymers"]


def test_half_of_a_halogenated_polymer_settles_it_whatever_the_rest_is() -> None:
    assert say(polymers={"PVC": 50, "mixed": 50}, contamination_pct=0)["entry"] == "Y48"


@pytest.mark.parametrize("resin", ["urea_formaldehyde_cured", "epoxy_cured", "alkyd_cured"])
def test_cured_resins_have_names_of_their_own(resin: str) -> None:
    assert say(polymers={resin: 99}, hs="391590")["entry"] == "B3011"


@pytest.mark.parametrize(("steps", "read"), [("1", True), ("2.0", True), ("1e40", True), ("1.5", False), ("-1", False)])
def test_storage_steps_come_whole_a_row_at_a_time_and_in_batches(steps: str, read: bool) -> None:
    try:
        parse_shipment({**CLEAN, "facts": {"storage_steps": steps}}, BOOK)
        rejects = []
    except Reject as told:
        rejects = [told.as_dict()]
    row = {**{k: str(CLEAN[k]) for k in ("id", "date", "export", "import", "hs")}, "facts.storage_steps": steps}
    for column in (row, {**row, "facts.storage_steps": float(steps)}):
        found = Session(BOOK).screen(pa.RecordBatch.from_pylist([column]))
        assert [error["field"] for _, _, error in found.rejects] == [told["field"] for told in rejects]
    assert [told["field"] for told in rejects] == ([] if read else ["facts.storage_steps"])


def test_shares_add_up_to_a_hundred_at_most() -> None:
    for mix, foreign in (({"PE": 99}, 1.1), ({"PE": 60, "PP": 41}, None), ({"PE": 101}, None)):
        with pytest.raises(Reject):
            parse_shipment({**CLEAN, "polymers": mix, "contamination_pct": foreign}, BOOK)
    assert parse_shipment({**CLEAN, "polymers": {"PE": 33.3, "PP": 33.3, "PET": 33.4}, "contamination_pct": 0}, BOOK)


def test_what_lacks_to_a_hundred_is_the_material_named() -> None:
    """Half plastic and half wood is no clean plastic; nor is half plastic and half nobody knows what, for certain."""
    assert say(polymers={"PE": 50}, contamination_pct=0, material="wood")["entry"] == "Y48"
    assert say(polymers={"PE": 99}, contamination_pct=0, material="wood")["entry"] == "B3011"


@pytest.mark.parametrize(
    "material",
    "cable, circuit boards, electronics, paper, textiles, rubber, tyres, household refuse, incinerator ash, "
    "clinical waste, "
    "shredder light fraction, contaminated packaging, processed engineered fuel".split(", "),
)
def test_every_rulebook_knows_these_materials(material: str) -> None:
    known = say(material=material, polymers=None, contamination_pct=None, hs=None)
    assert known["entry"] is not None or len(known["entry_candidates"]) > 1
    assert same_answer(known, say(material=material.upper(), polymers=None, contamination_pct=None, hs=None))


# ── facts ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fact_may_be_scoped_to_one_layer() -> None:
    film = {**CLEAN, "hs": "392020", "import": "CN", "date": "2025-06-01", "transit": ["VN"]}
    inside = {"used": True, "VN:transit": {"enters_territory": True}}
    assert "VN-TRN-SUSP-2025" in rules(say(film, facts=inside))
    elsewhere = {"used": True, "CN:import": {"enters_territory": True}}
    assert "VN-TRN-SUSP-2025" not in rules(say(film, facts=elsewhere))
    over = {"used": True, "enters_territory": True, "VN:transit": {"enters_territory": False}}
    assert "VN-TRN-SUSP-2025" not in rules(say(film, facts=over))


def test_contamination_stands_in_for_foreign_matter_and_for_no_other_fact() -> None:
    vn = {**CLEAN, "import": "VN", "date": "2024-06-15"}
    dirty = {"polymers": {"PE": 70}, "contamination_pct": 30}
    assert layer(say(vn, **dirty), "national:VN:import")["outcome"] == "prohibited"
    clean = say(vn, **dirty, facts={"foreign_matter_pct": 1, "own_plant": True, "mode": "sea"})
    assert layer(clean, "national:VN:import")["outcome"] != "prohibited"
    other = say(vn, facts={"other_listed_hs_pct": 21})
    assert "VN-IMP-QCVN-2018" in {r["rule"] for r in other["reasons"] if r["effect"] == "prohibit"}


def test_purity_is_worked_out_from_the_polymers_where_it_is_left_out() -> None:
    """Foreign matter left out: 98.5 of 99 parts plastic is 99.49 % pure, 98.6 of 99 is 99.6 %."""
    my = {**CLEAN, "date": "2026-11-21"}
    for mix, prohibited in (({"PE": 98.5, "PS": 0.5}, True), ({"PE": 98.6, "PS": 0.4}, False)):
        effects = {r["rule"]: r["effect"] for r in say(my, polymers=mix)["reasons"]}
        assert (effects["MY-IMP-PURITY-2025"] == "prohibit") is prohibited
    told = {r["rule"]: r["effect"] for r in say(my, facts={"target_purity_pct": 99.4})["reasons"]}
    assert told["MY-IMP-PURITY-2025"] == "prohibit"


# ── evaluate ───────────────────────────────────────────────────────────────────────────────────────────────


def test_evaluate_names_the_only_layers_to_look_at() -> None:
    told = say(evaluate=["TH:import", "VN:transit"], date="2026-01-01")
    assert [x["layer"] for x in told["layers"]] == ["national:TH:import", "national:VN:transit"]
    assert told["regime"] is None
    assert "TH-IMP-BAN-2025" in rules(told)


def test_an_open_entry_does_not_matter_to_layers_that_do_not_ask_for_it() -> None:
    told = say(MIXED, evaluate=["TH:import"], date="2026-01-01", polymers=None, contamination_pct=None)
    assert told["outcome"] == "prohibited"
    assert told["questions"] == []


# ── layers, regime, entry ──────────────────────────────────────────────────────────────────────────────────


def test_a_ban_of_one_state_stands_in_its_layer_and_not_in_the_regime() -> None:
    told = say(import_="TH", date="2026-11-21")
    assert (told["outcome"], told["regime"]) == ("prohibited", "no_basel_control")
    assert layer(told, "national:TH:import")["outcome"] == "prohibited"
    assert layer(told, "basel")["regime"] == "no_basel_control"


def test_an_article_11_agreement_displaces_basel_where_basel_would_control() -> None:
    inside = say(MIXED, export="FR", import_="DE")
    assert layer(inside, "basel")["regime"] == "displaced_art11"
    assert inside["regime"] == "pic_required"
    assert (inside["entry"], inside["eu_entry"]) == ("Y48", "EU48")
    north = say(MIXED, export="CA", import_="US")
    assert (layer(north, "basel")["regime"], north["regime"]) == ("displaced_art11", "no_basel_control")


def test_what_basel_does_not_control_is_not_displaced() -> None:
    inside = say(export="FR", import_="DE")
    assert layer(inside, "basel")["regime"] == "no_basel_control"
    assert (inside["entry"], inside["eu_entry"], inside["regime"]) == ("B3011", "EU3011", "no_basel_control")
    assert missing(inside) == {"ANNEX_VII": "not held"}, "a duty of information, not a control"


def test_union_law_has_an_entry_of_its_own_for_pvc() -> None:
    pvc = say(export="FR", import_="DE", polymers={"PVC": 99}, hs="391530", halogenated=True)
    assert (pvc["entry"], pvc["eu_entry"]) == ("Y48", "EU3011")


def test_the_entry_outside_the_convention_is_that_of_the_content() -> None:
    assert say(MIXED, export="US", import_="HT")["entry"] == "Y48"


def test_a_consent_held_turns_needs_into_clear_and_leaves_the_regime() -> None:
    route = {"export": "BR", "import_": "ZA"}
    before = say(MIXED, **route)
    papers = [d for m in before["missing"] for d in m["documents"]]
    assert "CONSENT:ZA" in papers
    end = {"valid_from": "2024-01-01", "valid_to": "2024-12-31"}
    after = say(MIXED, **route, documents=[{"kind": kind, **end} for kind in papers])
    assert (before["outcome"], after["outcome"]) == ("needs", "clear")
    assert before["regime"] == after["regime"] == "pic_required"


def test_the_consent_of_each_transit_party_is_asked_for() -> None:
    told = missing(say(MIXED, export="BR", import_="ZA", transit=["SG", "US", "SG"]))
    assert {"CONSENT:ZA", "CONSENT:SG"} <= set(told)
    assert "CONSENT:US" not in told, "a State outside the Convention is told, not asked"


@given(shipments(V))
def test_the_outcome_is_the_strictest_of_its_layers(raw: Raw) -> None:
    told = decide(parse_shipment(raw, BOOK), BOOK)
    worst = max((x["outcome"] for x in told["layers"]), key=SEVERITY.index, default="clear")
    open_answer = told["outcome"] == "undetermined" and SEVERITY.index(worst) < SEVERITY.index("undetermined")
    if open_answer:
        assert "evaluate" not in raw
        assert told["entry"] is None or told["regime"] is None
    else:
        assert told["outcome"] == worst


@given(shipments(V))
def test_a_decision_has_the_fields_of_the_contract_and_says_only_known_words(raw: Raw) -> None:
    told = decide(parse_shipment(raw, BOOK), BOOK)
    assert json.loads(json.dumps(told)) == told
    assert set(told) == set(
        "id outcome entry entry_candidates eu_entry regime layers reasons missing questions verify alerts changes "
        "confidence rulebook".split()
    )
    assert told["id"] == str(raw["id"])
    assert told["rulebook"] == BOOK.label
    assert told["outcome"] in SEVERITY
    assert told["regime"] in (*REGIMES, None)
    assert told["confidence"] in ("low", "medium", "high")
    assert {r["effect"] for r in told["reasons"]} <= {"prohibit", "require", "standard", "allow"}
    assert {m["why"] for m in told["missing"]} <= {"not held", "expired", "wrong standard", "too small"}
    assert {v["by"] for v in told["verify"]} <= {"register", "inspection"}
    for name in ("regime", "outcome"):
        for x in told["layers"]:
            assert x.get(name) in (*REGIMES, *SEVERITY, "displaced_art11", None)
    for part in (told["reasons"], told["missing"], told["alerts"]):
        assert all(x["rule"] in BOOK.rules or x["rule"] in ("DECLARED-ENTRY", "NO-BORDER") for x in part)
    assert all(set(q) == {"fact", "rules", "decides"} for q in told["questions"])
    if told["entry"] is not None:
        assert told["entry_candidates"] == [told["entry"]]
    if told["outcome"] == "undetermined":
        assert told["questions"], "what is open is asked"
    if told["outcome"] == "needs":
        assert told["missing"], "what is needed is named"


# ── papers ─────────────────────────────────────────────────────────────────────────────────────────────────

LAOS: Raw = {**CLEAN, "import": "LA", "date": "2024-06-15", "facts": {"gate_listed": True}}


def papers_of(base: Raw, *papers: Any) -> dict[str, str]:
    return missing(say(base, documents=list(papers)))


def test_a_bare_word_is_a_paper_of_that_kind() -> None:
    assert papers_of(LAOS, "LA_PLANT_LICENCE", "LA_CERT") == papers_of(
        LAOS, {"kind": "LA_PLANT_LICENCE"}, {"kind": "LA_CERT"}
    )


def test_papers_not_listed_and_no_papers_are_both_not_held() -> None:
    assert same_answer(say(LAOS, documents=[]), say(LAOS, documents=None))
    assert set(missing(say(LAOS))) >= {"LA_PLANT_LICENCE", "LA_CERT"}


def test_a_kind_that_nobody_knows_satisfies_nothing() -> None:
    assert papers_of(LAOS, "A_KIND_NOBODY_KNOWS") == papers_of(LAOS)


@pytest.mark.parametrize(
    ("age", "renewals", "valid"),
    [
        (180, [], True),
        (181, [], False),
        (270, [90], True),
        (271, [90], False),
        (360, [90, 90], False),
        (250, [60], False),
    ],
)
def test_a_term_ends_that_many_days_after_issue_and_one_renewal_adds_its_own(
    age: int, renewals: list[int], valid: bool
) -> None:
    """The certificate of Laos: 180 days, renewed once, by 90 days at most."""
    issued = (date.fromisoformat(LAOS["date"]) - timedelta(days=age)).isoformat()
    cert = {"kind": "LA_CERT", "issued": issued, "renewals": [{"days": n} for n in renewals]}
    told = papers_of(LAOS, cert, {"kind": "LA_PLANT_LICENCE", "valid_to": "2030-01-01"})
    assert told.get("LA_CERT") == (None if valid else "expired")


@pytest.mark.parametrize(("issued", "valid"), [("2021-06-15", True), ("2021-06-14", False)])
def test_a_term_of_years_ends_that_many_years_after_issue(issued: str, valid: bool) -> None:
    told = say(export="AU", documents=[{"kind": "AU_LICENCE", "issued": issued, "valid_to": "2030-01-01"}])
    assert ("AU_LICENCE" in missing(told)) is not valid


def test_a_paper_whose_end_cannot_be_worked_out_counts_and_is_to_be_checked() -> None:
    told = say(LAOS, documents=["LA_CERT", "LA_PLANT_LICENCE"])
    assert "LA_CERT" not in missing(told)
    assert {"fact": "document:LA_CERT", "rules": ["LA-IMP-CERT-2020"], "by": "register"} in told["verify"]


def test_a_paper_does_not_count_before_it_is_issued_or_begins() -> None:
    for early in ({"issued": "2024-06-16"}, {"valid_from": "2024-06-16"}):
        assert "LA_CERT" in papers_of(LAOS, {"kind": "LA_CERT", **early}, "LA_PLANT_LICENCE")
    same_day = {"issued": "2024-06-15", "valid_from": "2024-06-15", "valid_to": "2024-06-15"}
    assert "LA_CERT" not in papers_of(LAOS, {"kind": "LA_CERT", **same_day}, "LA_PLANT_LICENCE")


@pytest.mark.parametrize(
    ("net_kg", "held", "why"),
    [
        (99_999, 15, None),
        (99_999, 14.9, "too small"),
        (100_000, 15, "too small"),
        (100_000, 18, None),
        (499_999, 18, None),
        (500_000, 18, "too small"),
        (500_000, 20, None),
        (None, 18, "too small"),
    ],
)
def test_a_deposit_is_as_large_as_the_load_asks_for(net_kg: float | None, held: float, why: str | None) -> None:
    vn = {**CLEAN, "import": "VN", "net_kg": net_kg}
    assert papers_of(vn, {"kind": "DEPOSIT", "value": held}).get("DEPOSIT") == why


def test_a_certificate_names_the_standard_that_applies() -> None:
    vn = {**CLEAN, "import": "VN"}
    assert papers_of(vn, {"kind": "CONFORMITY", "standard": "QCVN 32:2018/BTNMT"}).get("CONFORMITY") is None
    assert papers_of(vn, {"kind": "CONFORMITY", "standard": "QCVN32:2024"}).get("CONFORMITY") == "wrong standard"
    later = {**vn, "date": "2025-06-30"}
    assert papers_of(later, {"kind": "CONFORMITY", "standard": "QCVN32:2018"}).get("CONFORMITY") == "wrong standard"
    old = {"kind": "ENV_PERMIT", "issued": "2023-05-31", "valid_to": "2030-01-01"}
    assert papers_of(later, old, {"kind": "CONFORMITY", "standard": "QCVN32:2018"}).get("CONFORMITY") is None


# ── reasons, alerts, questions ─────────────────────────────────────────────────────────────────────────────


def test_reasons_name_what_was_satisfied_and_what_was_exempt() -> None:
    out = say(export="AU", facts={"temporary_import": True, "processed": "flake"})
    effects = {r["rule"]: r["effect"] for r in out["reasons"]}
    assert effects["AU-EXP-EXEMPT"] == "allow"
    assert "AU-EXP-LIC-2021" not in effects
    within = {r["rule"]: r["effect"] for r in say(export="AU", facts={"processed": "flake"})["reasons"]}
    assert (within["AU-EXP-PROC-2022"], within["AU-EXP-LIC-2021"]) == ("standard", "require")
    assert "BASEL-B3011" in within, "also where the answer is that nothing is controlled"


def test_only_gazetted_rules_bind_and_the_others_alert() -> None:
    for rule in BOOK.rules.values():
        if rule.binds:
            continue
        for raw in V.aimed(rule):
            told = decide(parse_shipment({**raw, "id": "1"}, BOOK), BOOK)
            assert rule.id not in rules(told)
            assert rule.id not in {m["rule"] for m in told["missing"]}
            for alert in told["alerts"]:
                if alert["rule"] == rule.id and rule.status != "gazetted":
                    assert alert["status"] == rule.status


def test_what_only_inspection_or_a_register_shows_is_to_be_checked_and_blocks_nothing() -> None:
    my = {**CLEAN, "date": "2026-11-21", "facts": {"source": "industrial"}}
    told = say(my)
    by = {v["fact"]: v["by"] for v in told["verify"]}
    assert by["food_residue"] == "inspection"
    assert told["outcome"] == "needs"
    found = {r["rule"]: r["effect"] for r in say(my, facts={"source": "industrial", "food_residue": True})["reasons"]}
    assert found["MY-IMP-PURITY-2025"] == "prohibit"
    assert "food_residue" not in {v["fact"] for v in say(my, facts={"food_residue": False})["verify"]}


@given(shipments(V))
def test_questions_ask_for_what_a_declaration_or_a_paper_can_tell(raw: Raw) -> None:
    told = decide(parse_shipment(raw, BOOK), BOOK)
    facts = [BOOK.facts[name] for name in asked(told)]
    assert {f.by for f in facts} <= {"declaration", "document"}
    assert len(asked(told)) == len(set(asked(told)))
    assert not {v["fact"] for v in told["verify"]} & set(asked(told))


def test_the_most_decisive_question_comes_first() -> None:
    """Nothing is known of a load for Malaysia: whether it is hazardous and what it consists of settle most."""
    bare = {k: CLEAN[k] for k in ("id", "date", "export", "import", "hs")}
    first = asked(decide(parse_shipment({**bare, "hs": "3915"}, BOOK), BOOK))
    assert set(first[:3]) & {"polymers", "hazardous"}
    assert set(first) >= {"polymers", "hazardous", "contamination_pct", "operation"}


def test_confidence_is_the_lowest_of_the_binding_rules() -> None:
    for raw in (
        CLEAN,
        MIXED,
        {**CLEAN, "export": "AU"},
        {**CLEAN, "import": "KR"},
        {**CLEAN, "import": "TH", "date": "2026-01-01"},
    ):
        told = say(raw)
        binding = [r["confidence"] for r in told["reasons"] if r["effect"] != "allow"]
        assert told["confidence"] == min(binding or ["high"], key=["low", "medium", "high"].index)


def test_a_reason_names_text_instrument_source_and_confidence() -> None:
    for reason in say(import_="TH", date="2026-01-01")["reasons"]:
        rule = BOOK.rules[reason["rule"]]
        assert (reason["text"], reason["instrument"], reason["url"]) == (rule.text, rule.instrument, rule.url)
        assert reason["confidence"] == rule.confidence
        assert re.match(r"https?://", reason["url"])
