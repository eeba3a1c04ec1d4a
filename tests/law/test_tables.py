"""The tables of the rulebook: States and their dated groups, headings, facts and documents.

Expectations come from the treaty lists (deposit dates, days of accession), not from the file under test.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tidegate.law import load_rulebook
from tidegate.law.conditions import atoms


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def day(text: str) -> date:
    return date.fromisoformat(text)


# ISO 3166-1 alpha-2 as published: 249 codes.
ISO_CODES = words(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
    ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
    HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
    LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
    NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
    UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """
)


@pytest.fixture(scope="module")
def book():
    return load_rulebook(())


# ── States ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_iso_code_is_there_and_no_other(book):
    assert len(ISO_CODES) == 249
    assert set(book.states) == ISO_CODES


def test_states_have_a_name_a_long_code_and_a_point_on_the_map(book):
    assert len({s.iso3 for s in book.states.values()}) == 249
    for state in book.states.values():
        assert state.name
        assert len(state.iso3) == 3
        assert state.iso3.isupper()
        assert abs(state.lat) <= 90
        assert abs(state.lon) <= 180


def test_territories_belong_to_a_state_that_belongs_to_none(book):
    territories = [s for s in book.states.values() if s.part_of]
    assert {"HK", "PR", "NC", "GI", "TK"} <= {s.iso for s in territories}
    for territory in territories:
        assert book.states[territory.part_of].part_of is None


def test_periods_run_forwards_and_do_not_overlap(book):
    for state in book.states.values():
        for group, periods in state.groups.items():
            end = None
            for period in periods:
                start, where = period.start or date.min, (state.iso, group)
                assert start <= (period.end or date.max), where
                assert end is None or start > end, where
                end = period.end or date.max
            assert periods, (state.iso, group)


# The first day as a Party: day 90 after the deposit, not before 1992-05-05 (law-international.md 3).
BASEL_FIRST_DAY = {
    "KH": "2001-05-31",
    "ID": "1993-12-19",
    "LA": "2010-12-20",
    "MY": "1994-01-06",
    "MM": "2015-04-06",
    "PH": "1994-01-19",
    "SG": "1996-04-01",
    "BN": "2003-03-16",
    "TH": "1998-02-22",
    "VN": "1995-06-11",
    "LK": "1992-11-26",
    "AU": "1992-05-05",
    "NZ": "1995-03-20",
    "JP": "1993-12-16",
    "KR": "1994-05-29",
    "CN": "1992-05-05",
    "HK": "1992-05-05",
    "MO": "1992-05-05",
    "IN": "1992-09-22",
    "BD": "1993-06-30",
    "PK": "1994-10-24",
    "CA": "1992-11-26",
    "MX": "1992-05-05",
    "GB": "1994-05-08",
    "NO": "1992-05-05",
    "CH": "1992-05-05",
    "TR": "1994-09-20",
    "PG": str(date(1995, 9, 1) + timedelta(90)),
    "WS": str(date(2002, 3, 22) + timedelta(90)),
    "TO": str(date(2010, 3, 26) + timedelta(90)),
    "KI": str(date(2000, 9, 7) + timedelta(90)),
    "MH": str(date(2003, 1, 27) + timedelta(90)),
    "FM": str(date(1995, 9, 6) + timedelta(90)),
    "NR": str(date(2001, 11, 12) + timedelta(90)),
    "PW": str(date(2011, 9, 8) + timedelta(90)),
    "CK": str(date(2004, 6, 29) + timedelta(90)),
    "MV": str(date(1992, 4, 28) + timedelta(90)),
}


@pytest.mark.parametrize(("iso", "first"), BASEL_FIRST_DAY.items())
def test_a_party_from_the_day_of_entry_into_force(book, iso, first):
    assert not book.states[iso].member("basel_party", day(first) - timedelta(1))
    assert book.states[iso].member("basel_party", day(first))
    assert book.states[iso].member("basel_party", day("2026-11-21"))


@pytest.mark.parametrize("iso", ["US", "HT", "FJ", "SM", "SS", "TL", "TW"])
@pytest.mark.parametrize("on", ["1995-01-01", "2020-12-31", "2026-11-21"])
def test_never_a_party(book, iso, on):
    assert not book.states[iso].member("basel_party", day(on))


def test_the_eight_non_parties_of_december_2020_among_united_nations_members(book):
    on = day("2020-12-15")
    parties = [s for s in book.states.values() if not s.part_of and s.member("basel_party", on)]
    # 188 Parties in all, the Union among them (law-international.md 3, U5)
    assert len(parties) + 1 == 188
    for iso in ("US", "HT", "FJ", "GD", "SM", "SB", "SS", "TL"):
        assert not book.states[iso].member("basel_party", on)
    assert book.states["TV"].member("basel_party", on)
    assert book.states["PS"].member("basel_party", on)


@pytest.mark.parametrize("iso", ["GD", "SB"])
def test_joined_after_december_2020(book, iso):
    assert book.states[iso].member("basel_party", day("2026-11-21"))


def test_canada_is_bound_by_the_plastics_amendments_from_their_first_day(book):
    canada = book.states["CA"]
    assert canada.member("plastics_amendments", day("2021-01-01"))
    assert not canada.member("plastics_amendments", day("2020-12-31"))
    assert not book.states["US"].member("plastics_amendments", day("2026-11-21"))


@pytest.mark.parametrize(
    ("iso", "last_day_free", "first_day_bound"),
    [
        ("ID", "2019-12-04", "2019-12-05"),
        ("MY", "2019-12-04", "2019-12-05"),
        ("BN", "2019-12-04", "2019-12-05"),
        ("LK", "2019-12-04", "2019-12-05"),
        ("CN", "2019-12-04", "2019-12-05"),
        ("GB", "2019-12-04", "2019-12-05"),
        ("DE", "2019-12-04", "2019-12-05"),
        ("NO", "2019-12-04", "2019-12-05"),
        ("HR", "2019-12-04", "2019-12-05"),
        ("CK", "2019-12-04", "2019-12-05"),
        ("TH", "2023-05-29", "2023-06-30"),
    ],
)
def test_the_ban_amendment_binds_its_acceptors(book, iso, last_day_free, first_day_bound):
    assert not book.states[iso].member("ban_bound", day(last_day_free))
    assert book.states[iso].member("ban_bound", day(first_day_bound))


@pytest.mark.parametrize("iso", sorted(words("KH LA MM PH SG VN AU NZ JP KR IN BD PK CA MX US TL TW")))
def test_the_ban_amendment_does_not_bind_the_others(book, iso):
    assert not book.states[iso].member("ban_bound", day("2026-11-21"))


def test_annex_vii_and_the_oecd_decision(book):
    today = day("2026-11-21")
    for iso in words("AU NZ JP KR US CA MX GB NO CH TR DE FR HR BG LI CO CR"):
        assert book.states[iso].member("annex_vii", today), iso
    for iso in words("KH ID LA MY MM PH SG BN TH VN TL LK CN HK TW IN BD PK FJ CK"):
        assert not book.states[iso].member("annex_vii", today), iso
        assert not book.states[iso].member("oecd_decision", today), iso
    for iso in words("AU NZ JP KR US CA MX GB NO CH TR DE"):
        assert book.states[iso].member("oecd_decision", today), iso
    # a member that does not take part in the control system; members of the Union that are not in the OECD
    for iso in ("CO", "BG", "RO", "HR", "MT", "CY", "LI"):
        assert not book.states[iso].member("oecd_decision", today), iso


def test_dated_memberships_turn_on_their_day(book):
    states = book.states
    for iso, group, last_without, first_with in [
        ("CR", "oecd_decision", "2021-05-24", "2021-05-25"),
        ("KR", "oecd", "1996-12-11", "1996-12-12"),
        ("HR", "eu", "2013-06-30", "2013-07-01"),
        ("BG", "eu", "2006-12-31", "2007-01-01"),
        ("PL", "eu", "2004-04-30", "2004-05-01"),
        ("AT", "eu", "1994-12-31", "1995-01-01"),
        ("AU", "waigani_other", "2001-10-20", "2001-10-21"),
        ("PG", "waigani_island", "2001-10-20", "2001-10-21"),
    ]:
        assert not states[iso].member(group, day(last_without)), (iso, group)
        assert states[iso].member(group, day(first_with)), (iso, group)
    for iso, group, last, after in [
        ("GB", "eu", "2020-12-31", "2021-01-01"),
        ("MV", "eu_unlisted_reply", "2026-05-20", "2026-05-21"),
    ]:
        assert states[iso].member(group, day(last)), (iso, group)
        assert not states[iso].member(group, day(after)), (iso, group)


def test_the_union_has_27_member_states_today_besides_its_territories(book):
    today = day("2026-11-21")
    assert sum(s.member("eu", today) and not s.part_of for s in book.states.values()) == 27
    for iso in ("NO", "CH", "IS", "LI", "GB", "NC", "PF", "GL"):
        assert not book.states[iso].member("eu", today), iso
    assert {i for i in book.states if book.states[i].member("efta_party", today)} == {"CH", "IS", "LI", "NO"}


def test_replies_to_the_union_and_regions(book):
    on = day("2021-01-01")
    members = lambda group, when=on: {i for i, s in book.states.items() if s.member(group, when)}  # noqa: E731
    assert members("eu_unlisted_reply") == {"BN", "MV", "PG", "TL"}
    assert members("eu_replied") == words("BD HK ID IN KH LA LK MM MY PH PK SG TH TW VN")
    assert members("project") == words("KH ID LA MY PH TH LK VN")
    assert members("asean") == words("BN KH ID LA MY MM PH SG TH VN")
    assert members("art11_with_my") == set()
    assert members("waigani_island", day("2002-12-31")) == words("CK FM KI PG WS SB TV VU")
    assert {"FJ", "NU", "NR", "PW", "MH", "TO"} <= members("forum_island")
    assert not members("forum_island") & {"AU", "NZ"}


def test_the_antarctic_belongs_to_no_group(book):
    assert not book.states["AQ"].groups


# ── headings ───────────────────────────────────────────────────────────────────────────────────────────────


def test_editions_in_force(book):
    for on, edition in [
        ("2016-12-31", "2012"),
        ("2017-01-01", "2017"),
        ("2021-12-31", "2017"),
        ("2022-01-01", "2022"),
        ("2027-12-31", "2022"),
        ("2028-01-01", "2028"),
    ]:
        assert book.edition_on(day(on)) == edition


def test_headings_narrow_and_never_hold_an_unknown_edition(book):
    editions = {e for e, _ in book.editions}
    codes = [h.code for h in book.headings]
    assert len(codes) == len(set(codes))
    for heading in book.headings:
        assert heading.code.isdigit()
        assert len(heading.code) in (4, 6)
        assert heading.editions
        assert set(heading.editions) <= editions
        assert heading.waste in ("heading", "possible")
        assert heading.title
        assert heading.source
        assert heading.confidence in ("high", "medium", "low")
        assert len(heading.code) == 4 or any(h.code == heading.code[:4] for h in book.headings)


def test_heading_candidates_of_the_facts(book):
    by_code = {h.code: h for h in book.headings}
    assert set(by_code["391510"].candidates) == {"B3011", "Y48", "A3210", "B3010"}
    assert set(by_code["391530"].candidates) == {"Y48", "A3210"}
    assert by_code["391540"].candidates == ("A3210",)
    assert by_code["391540"].editions == ("2028",)
    assert by_code["382510"].candidates == ("Y46",)
    assert by_code["262110"].candidates == ("Y47",)
    assert {"B1115", "A1190"} == set(by_code["8544"].candidates)
    assert "2017" not in by_code["8549"].editions
    assert {"A1181", "Y49"} <= set(by_code["8549"].candidates)
    assert by_code["3920"].waste == "possible"
    assert "Y48" in by_code["3920"].candidates
    for code in [f"39{n:02}" for n in range(1, 27)] + [
        "4004",
        "4707",
        "5505",
        "6309",
        "6310",
        "7404",
        "7602",
        "8548",
    ]:
        assert code in by_code


# ── facts and documents ────────────────────────────────────────────────────────────────────────────────────


def test_facts_are_asked_in_plain_words(book):
    for fact in book.facts.values():
        assert fact.label.endswith("?"), fact.name
        assert fact.meaning, fact.name
        assert fact.type in ("bool", "text", "number", "date", "list", "object"), fact.name
        assert fact.by in ("declaration", "document", "inspection", "register", "derived"), fact.name
        assert fact.group in ("route", "goods", "process", "papers", "place"), fact.name
        assert fact.unit or fact.type != "number", fact.name


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("contamination_pct", "declaration"),
        ("zone", "declaration"),
        ("food_residue", "inspection"),
        ("household_refuse_pct", "inspection"),
        ("plant_on_approved_list", "register"),
        ("quota_left_t", "register"),
    ],
)
def test_who_can_know_a_fact(book, name, by):
    assert book.facts[name].by == by


def test_every_fact_of_the_contract_is_registered(book):
    contract = words(
        """
        separate_recycling storage_steps r3_documented foreign_matter_pct other_polymer_pct
        other_listed_hs_pct form to_specification zone plant_on_approved_list listed_item gate_listed
        ap_status target_purity_pct food_residue household_refuse_pct importer_type own_plant
        output_exported source direct_shipment cut cleaned used mode enters_territory customs_regime gate
        processed destination_on_licence temporary_import
        """
    )
    assert contract <= set(book.facts)


def test_every_word_of_a_rule_is_registered(book):
    for rule in book.rules.values():
        conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
        for condition in conditions:
            for fact, _, _ in atoms(condition):
                assert fact in book.facts, (rule.id, fact)
        for fact in (*rule.verify, *rule.needs):
            assert fact in book.facts, (rule.id, fact)
        for requirement in rule.documents:
            for kind in requirement.kinds:
                assert kind.partition(":")[0] in book.documents, (rule.id, kind)


def test_papers_with_a_term_of_their_own(book):
    for kind in (
        "CONSENT",
        "AP",
        "COA",
        "ENV_PERMIT",
        "LA_CERT",
        "AU_LICENCE",
        "EPL",
        "PI",
        "BANK_GUARANTEE",
    ):
        assert book.documents[kind].dated, kind
    for kind in (
        "CONTRACT",
        "ANNEX_VII",
        "PSI_REPORT",
        "LS",
        "DEPOSIT",
        "AU_WELD_DECL",
        "REEXPORT_UNDERTAKING",
    ):
        assert not book.documents[kind].dated, kind
    assert [k for k, d in book.documents.items() if d.per_state] == ["CONSENT"]


def test_every_document_of_the_contract_is_registered(book):
    contract = words(
        """
        TH_IMPORT_LICENCE DIW_APPROVAL TH_SHORTAGE_PROOF AP DOE_LETTER COA PSI_REPORT MFG_LICENCE MISW
        FACTORY_AUDIT BANK_GUARANTEE DOE_APPROVAL PI API-P REKOM_ENV REKOM_IND LS EXPORTER_REG ENV_PERMIT
        ENV_CERTIFICATE DEPOSIT CONFORMITY REEXPORT_UNDERTAKING PH_REGISTRATION PH_CLEARANCE KH_PERMISSION
        LA_PLANT_LICENCE LA_CERT EPL LAB_REPORT CEA_APPROVAL AU_LICENCE AU_LICENCE_PEF AU_WELD_DECL
        AU_HWA_PERMIT HK_PERMIT HK_DECLARATION JP_APPROVAL SG_PERMIT BN_PERMIT MM_APPROVAL KR_RULING
        IN_PERMISSION NOTIFICATION CONSENT CONTRACT GUARANTEE MOVEMENT_DOCUMENT ANNEX_VII
        """
    )
    assert contract == set(book.documents)
