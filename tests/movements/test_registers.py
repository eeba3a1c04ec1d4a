"""The registers that the screen asks: what they answer, to whom, how old; and that one shipment and a batch agree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.movements.cases import actor, organisation, party, state
from tests.screening.tables import FORMS, differences
from tests.screening.test_registers import in_bulk, one_by_one
from tidegate.law import load_rulebook
from tidegate.movements.applications import asking_rules, permit_papers
from tidegate.movements.models import Account, Consent, Movement, Notification, Permit, QuotaAllocation, QuotaPool
from tidegate.movements.registers import Records, RoomRegister, register_of
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.models import Facility
from tidegate.parties.registry import registry
from tidegate.screening import decide, parse_shipment
from tidegate.screening.registers import PaperKey, enrich

BOOK = load_rulebook()
NOON = datetime(2024, 6, 15, 5, tzinfo=UTC)
TODAY = date(2024, 6, 15)
CASE = "JP-AAAA-BBBB-CCCC"
IMPORTER, OTHER, PLANT, CLOSED_PLANT = "TH-consignee-1", "TH-consignee-2", "TH-facility-1", "TH-facility-2"
# into a Thai free zone in 2024: licence, list of plants, what is left of quota and capacity
LOAD: dict[str, Any] = {
    "id": "1", "date": "2024-06-15", "export": "JP", "import": "TH", "hs": "391510", "waste": True,
    "polymers": {"PE": 99.5}, "contamination_pct": 0.5, "hazardous": False, "halogenated": False, "operation": "R3",
    "consumer": "pre", "net_kg": 20000, "declared_entry": "B3011", "consignee": {"id": IMPORTER},
    "consignor": {"id": "JP-notifier-1"}, "facility": {"id": PLANT},
    "facts": {"zone": "free zone", "output_exported": True, "separate_recycling": True, "to_specification": True},
}  # fmt: skip


@pytest.fixture
def noon(db: None) -> Iterator[None]:
    with times.at(NOON):
        yield


def account(reference: str, kg: Any, home: str = "TH", **more: Any) -> Account:
    return Account.objects.create(
        **{"holder_id": "TH", "home": home, "kind": "permit", "reference": reference, "limit_kg": Decimal(kg),
           "as_of": NOON - timedelta(hours=1), **more}
    )  # fmt: skip


def permit(number: str, kg: Any = None, status: str = "active", **more: Any) -> Permit:
    owner = organisation("TH", "consignee", more.pop("owner", IMPORTER))
    row = Permit.objects.create(
        **{"holder": state("TH"), "case": f"C-{number}", "kind": "import", "number": number, "organisation": owner,
           "status": status, "valid_from": date(2024, 1, 1), "valid_until": date(2024, 12, 31), "status_at": NOON,
           "account": None if kg is None else account(f"TH-{number}", kg), **more}
    )  # fmt: skip
    row.involved.add(owner)
    return row


def notification(case: str = CASE, status: str = "active", **consents: str) -> Notification:
    state("JP")
    row = Notification.objects.create(
        holder=state("TH"), case=case, number=f"JP {case[-4:]}", state_export="JP", state_import="TH", status=status,
        submitted_at=NOON - timedelta(days=90),
        blocks={"exporter": party("JP", "notifier"), "importer": party("TH", "consignee"),
                "facility": party("TH", "facility")},
    )  # fmt: skip
    row.involved.add(organisation("TH", "consignee", IMPORTER))
    for code, status_of in (consents or {"JP": "consented", "TH": "consented_with_conditions"}).items():
        Consent.objects.create(
            holder_id="TH", case=case, notification=row, authority=code, role="import", status=status_of,
            requested_at=NOON, decided_at=NOON, valid_from=date(2024, 1, 1), valid_until=date(2024, 12, 31),
        )  # fmt: skip
    return row


def plant(registration: str = PLANT, **more: Any) -> Facility:
    return Facility.objects.create(
        **{"holder": state("TH"), "organisation": organisation("TH", "facility", registration), "name": registration,
           "address": "1 Sample Street", "operations": ["R3"], "wastes": ["B3011"],
           "authorised_from": date(2020, 1, 1), "capacity_kg_year": Decimal(500_000), **more}
    )  # fmt: skip


def allocation(kg: Any, registration: str = IMPORTER, used: Any = 0, **pool: Any) -> QuotaAllocation:
    number = f"Q{QuotaPool.objects.count()}"
    row = QuotaPool.objects.create(
        **{"holder": state("TH"), "name": number, "number": number, "kg": Decimal(10**9), "status": "open",
           "opens_on": date(2024, 1, 1), "closes_on": date(2024, 12, 31), **pool}
    )  # fmt: skip
    owner = organisation("TH", "consignee", registration)
    part = QuotaAllocation.objects.create(
        holder_id="TH", case=number, pool=row, organisation=owner, number=f"{number}/1", asked_kg=Decimal(kg),
        kg=Decimal(kg), status="granted", account=account(f"{number}/1", kg, used_kg=Decimal(used)),
    )  # fmt: skip
    part.involved.add(owner)
    return part


def customs() -> Actor:
    return actor("TH", "customs", "viewer")


def asked(raw: Mapping[str, Any], who: Actor | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The decision with what the register answered, and the answers."""
    register = RoomRegister(who or customs(), BOOK)
    out, _ = enrich(raw, register, BOOK)
    return decide(parse_shipment(out, BOOK), BOOK), json.loads(out.get("register_answers", "[]"))


def shown(number: str, kind: str = "TH_IMPORT_LICENCE", **more: Any) -> dict[str, Any]:
    return {**LOAD, "documents": [{"kind": kind, "number": number}], **more}


def effects(answers: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    return {a.get("document") or a["fact"]: (a["answer"], a["effect"]) for a in answers}


# ── papers ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", ["L-7", " l-7 ", "TH-L-7"])
def test_a_permit_in_force_is_held_with_what_is_left_and_as_of_when(noon: None, number: str) -> None:
    permit("L-7", "50000", hs=["3915.10"], wastes=["B3011"], origins=["JP"])
    _, answers = asked(shown(number))
    assert answers == [
        {"document": "TH_IMPORT_LICENCE", "number": number.strip(), "answer": "valid", "effect": "held",
         "left_kg": "50000", "answered_by": "TH: register of permits", "as_of": "2024-06-15T05:00Z"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "load", "answer"),
    [
        ({"status": "suspended"}, {}, ("suspended", "not held")),
        ({"status": "revoked"}, {}, ("revoked", "not held")),
        ({"status": "revoked"}, {"date": "2024-06-14"}, ("valid", "held")),
        ({"kg": "19999.999"}, {}, ("too little left", "not held")),
        ({"kg": "19999.999"}, {"date": "2024-06-14"}, ("valid", "held")),
        ({"kg": "20000"}, {}, ("valid", "held")),
        ({"kg": "0"}, {}, ("used up", "not held")),
        ({"kg": "20000"}, {"net_kg": None}, ("valid", "to check")),
        ({"hs": ["3920"]}, {}, ("does not cover the load", "not held")),
        ({"wastes": ["Y48"]}, {}, ("does not cover the load", "not held")),
        ({"wastes": ["Y48"]}, {"declared_entry": None}, ("valid", "to check")),
        ({"origins": ["KR"]}, {}, ("does not cover the load", "not held")),
        ({}, {"consignee": {"id": OTHER}}, ("does not cover the load", "not held")),
        ({}, {"consignee": {"id": f"th:{IMPORTER}"}}, ("valid", "held")),
    ],
)
def test_a_permit_is_answered_as_the_border_answers(
    noon: None, row: dict[str, Any], load: dict[str, Any], answer: tuple[str, str]
) -> None:
    permit("L-7", **row)
    raw = shown("L-7", **load)
    assert effects(asked(raw)[1])["TH_IMPORT_LICENCE"] == answer
    kept = enrich(raw, RoomRegister(customs(), BOOK), BOOK)[0]["documents"]
    assert (not kept) is (answer[1] == "not held")


def test_what_is_not_granted_or_is_another_paper_is_not_known(noon: None) -> None:
    permit("L-7", status="applied")
    permit("L-8", kind="facility")
    for raw in (shown("L-7"), shown("L-8"), shown("L-9"), shown("L-7", "DIW_APPROVAL")):
        assert asked(raw)[1] == []


def test_each_consent_answers_for_itself(noon: None) -> None:
    notification(JP="consented", TH="requested", VN="withdrawn")
    account(CASE, "100000", home="JP")
    papers = [{"kind": kind, "number": CASE} for kind in ("NOTIFICATION", "CONSENT:JP", "CONSENT:TH", "CONSENT:VN")]
    _, answers = asked({**LOAD, "documents": papers})
    assert effects(answers) == {
        "NOTIFICATION": ("valid", "held"),
        "CONSENT:JP": ("valid", "held"),
        "CONSENT:TH": ("not given", "not held"),
        "CONSENT:VN": ("withdrawn", "not held"),
    }
    assert {a["as_of"] for a in answers} == {"2024-06-15T04:00Z"}  # the home's word, an hour old
    assert effects(asked({**LOAD, "export": "KR", "documents": papers[:1]})[1])["NOTIFICATION"][1] == "not held"


@pytest.mark.parametrize(("hours", "effect"), [(23, "held"), (25, "to check")])
def test_an_old_word_of_another_home_is_not_known(noon: None, hours: int, effect: str) -> None:
    notification()
    account(CASE, "100000", home="JP", as_of=NOON - timedelta(hours=hours))
    _, answers = asked(shown("JP CCCC", "CONSENT:JP"))
    assert answers[0]["effect"] == effect
    raised = {a["rule"] for a in decide_with_alerts(shown("JP CCCC", "CONSENT:JP"))}
    assert ("REGISTER-OLD" in raised) is (effect == "to check")


def test_what_ended_is_not_valid_however_old_the_word(noon: None) -> None:
    row = notification(status="revoked")
    account(CASE, "100000", home="JP", as_of=NOON - timedelta(days=30))
    with transaction.atomic(), times.at(NOON - timedelta(days=2)):
        journal.record(system("TH"), "notification.revoked", row, revision=1, case=CASE, state="JP")
    assert effects(asked(shown(CASE, "CONSENT:TH"))[1])["CONSENT:TH"] == ("revoked", "not held")
    before = shown(CASE, "CONSENT:TH", date="2024-06-12")
    assert effects(asked(before)[1])["CONSENT:TH"] == ("valid", "held")


def decide_with_alerts(raw: Mapping[str, Any]) -> list[dict[str, str]]:
    from tidegate.screening.registers import alerts_of

    return alerts_of(enrich(raw, RoomRegister(customs(), BOOK), BOOK)[1])


# ── facts ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_quota_capacity_and_the_list_of_plants(noon: None) -> None:
    permit("L-7", "50000")
    plant()
    allocation("900000", used="100000", hs=["3915"])
    allocation("5000")
    moved = notification()
    account(CASE, "100000", home="JP")
    Movement.objects.create(
        holder_id="TH", case=CASE, notification=moved, serial=1, planned_on=TODAY, announced_kg=Decimal(24_000),
        received_kg=Decimal(24_000), accepted_kg=Decimal(24_000), rejected_kg=Decimal(0), status="completed",
        received_at=NOON - timedelta(days=5),
    )  # fmt: skip
    decision, answers = asked(LOAD)
    assert effects(answers) == {
        "quota_left_t": ("800", "known"),
        "plant_on_approved_list": ("true", "known"),
        "capacity_left_t": ("476", "known"),
    }
    assert not {"quota_left_t", "capacity_left_t", "plant_on_approved_list"} & {v["fact"] for v in decision["verify"]}
    # Of yesterday's load it knows no quantity any more; the permission of the plant it does.
    assert set(effects(asked({**LOAD, "date": "2024-06-14"})[1])) == {"plant_on_approved_list"}


def test_a_plant_whose_time_is_over_is_not_on_the_list(noon: None) -> None:
    plant(authorised_until=date(2024, 6, 14), capacity_kg_year=None)
    decision, answers = asked(LOAD)
    assert effects(answers) == {"plant_on_approved_list": ("false", "known")}
    layers = {layer["layer"]: layer["outcome"] for layer in decision["layers"]}
    assert layers["national:TH:import"] == "prohibited"


def test_what_does_not_cover_the_load_says_nothing(noon: None) -> None:
    plant(wastes=["Y48"], capacity_kg_year=None)
    allocation("900000", hs=["3920"])
    assert asked(LOAD)[1] == []


def test_the_number_of_a_company_with_two_plants_names_neither(noon: None) -> None:
    plant(permit_number="P-1")
    plant(permit_number="P-2", authorised_until=date(2024, 1, 1))
    assert asked(LOAD)[1] == []
    assert effects(asked({**LOAD, "facility": {"id": "P-1"}})[1]) == {"plant_on_approved_list": ("true", "known")}
    assert effects(asked({**LOAD, "facility": {"id": "P-2"}})[1]) == {"plant_on_approved_list": ("false", "known")}


def test_another_state_s_register_says_nothing_of_this_one(noon: None) -> None:
    permit("L-7", "50000")
    plant()
    allocation("900000")
    assert asked(shown("L-7"), actor("JP", "customs", "viewer"))[1] == []


# ── who is answered ────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_answered_what(noon: None) -> None:
    permit("L-7", "50000")
    permit("L-8", owner=OTHER)
    allocation("900000")
    plant()
    assert register_of(None, BOOK) is None
    assert register_of(Actor("TH"), BOOK) is None  # the State's own machinery asks nothing
    assert registry.registers is not None
    for who, known in (
        (customs(), {"L-7", "L-8"}),
        (actor("TH", "competent_authority"), {"L-7", "L-8"}),
        (actor("TH", "consignee", "clerk", IMPORTER), {"L-7"}),
        (actor("TH", "consignee", "clerk", OTHER), {"L-8"}),
        (actor("TH", "carrier", "clerk"), set()),
        (actor("JP", "competent_authority"), set()),
    ):
        register = registry.registers(who, BOOK)
        assert register is not None
        found = register.live.papers([PaperKey("TH_IMPORT_LICENCE", n) for n in ("L-7", "L-8")])
        assert {key.number for key, record in found.items() if record is not None} == known
        table = register.frozen().paper_table().to_pylist()
        assert {row["number"] for row in table} == known | {f"TH-{n}" for n in known}


def test_without_the_right_to_see_what_is_left_no_paper_is_confirmed(noon: None) -> None:
    permit("L-7", "0")
    key = customs()
    limited = type("Limited", (), {})()
    for name in ("state", "organisation", "official"):
        setattr(limited, name, getattr(key, name))
    limited.may = lambda right: right != "movements.ledger.read" and key.may(right)
    assert list(Records(limited, BOOK).papers()) == []


def test_every_permit_is_a_paper_of_the_rulebook() -> None:
    for code, kinds in permit_papers().items():
        assert code in BOOK.states
        assert set(kinds) <= set(Permit.Kind.values)
        assert set(kinds.values()) <= {name for name, paper in BOOK.documents.items() if not paper.per_state}


def test_every_paper_of_an_application_is_asked_by_a_rule_of_its_state() -> None:
    for code, kinds in asking_rules().items():
        assert set(kinds) <= set(Permit.Kind.values)
        for name, papers in (one for rules in kinds.values() for one in rules.items()):
            assert BOOK.rules[name].state == code
            assert set(papers) <= {kind for asked in BOOK.rules[name].documents for kind in asked.kinds}


# ── one and many ───────────────────────────────────────────────────────────────────────────────────────────

NUMBERS = ["L-1", "l-2", "TH-L-3", "L-4", "L-5", "L  6", "é-7", CASE, "jp cccc", "JP-NONE", "JP DDDD", "L-404"]
KINDS = ["TH_IMPORT_LICENCE", "DIW_APPROVAL", "CONSENT:JP", "CONSENT:TH", "NOTIFICATION"]


@pytest.fixture
def world(noon: None) -> tuple[RoomRegister, ...]:
    """Permits, consents, quota and plants in every state, and who asks about them."""
    permit("L-1", "20000", hs=["3915"])
    permit("L-2", status="revoked", status_at=NOON - timedelta(days=3))
    permit("L-3", "0")
    permit("L-4", owner=OTHER, wastes=["Y48"], origins=["KR", "JP"])
    permit("l-5", "25000", status="suspended")
    permit("L  6")
    permit("é-7")
    permit("L-8", status="expired", valid_until=date(2024, 6, 14))
    notification()
    account(CASE, "24000", home="JP", used_kg=Decimal(1000))
    notification("JP-AAAA-BBBB-DDDD", TH="objected", JP="consented")
    notification("JP-AAAA-BBBB-EEEE", "suspended")
    plant(permit_number="P-1")
    plant(CLOSED_PLANT, authorised_until=TODAY - timedelta(days=1), wastes=[])
    allocation("21000", hs=["391510"])
    allocation("19000")
    allocation("900000", OTHER, origins=["KR"])
    return tuple(RoomRegister(who, BOOK) for who in (customs(), actor("TH", "consignee", "clerk", IMPORTER)))


@st.composite
def shipments(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for n in range(draw(st.integers(1, 6))):
        row = {**LOAD, "id": str(n)}
        row["documents"] = draw(
            st.lists(
                st.builds(lambda k, m: {"kind": k, "number": m}, st.sampled_from(KINDS), st.sampled_from(NUMBERS)),
                max_size=3,
            )
        )
        choices: dict[str, list[Any]] = {
            "date": ["2024-06-15", "2024-06-14", "2024-06-12", "2024-07-01", "2025-03-01"],
            "net_kg": [20000, 20000.5, 23000, None, -1],
            "hs": ["391510", "3915", "39151000", "3920", None, "x"],
            "declared_entry": ["B3011", "Y48", None],
            "origin": ["KR", None],
            "export": ["JP", "KR"],
            "consignee": [{"id": IMPORTER}, {"id": OTHER}, {"name": "nobody"}],
            "facility": [{"id": PLANT}, {"id": "p-1"}, {"id": CLOSED_PLANT}, None],
            "facts": [LOAD["facts"], {**LOAD["facts"], "plant_on_approved_list": False}, {"TH:import": LOAD["facts"]}],
        }
        for name, values in choices.items():
            row[name] = draw(st.sampled_from([LOAD.get(name, values[0]), *values]))
            if row[name] is None:
                del row[name]
        rows.append(row)
    return rows


@pytest.mark.ci
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # no example changes the world
@given(data=st.data())
def test_one_shipment_and_a_batch_are_answered_alike(world: tuple[RoomRegister, ...], data: st.DataObject) -> None:
    rows = data.draw(shipments())
    with times.at(NOON):
        register = data.draw(st.sampled_from(world))
        wanted = one_by_one(rows, register)
        form = data.draw(st.sampled_from(sorted(FORMS)))
        for again in (register, register.frozen()):
            told = differences(wanted, in_bulk(FORMS[form](rows), again), rows)
            assert not told, f"{form}:\n" + "\n".join(told)
        assert one_by_one(rows, register.frozen()) == wanted
