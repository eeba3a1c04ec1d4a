"""Cases are found by words: each as its beginning, from an index that is kept with the case itself."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from tests.movements.cases import START, Wire, actor, drafted, sent_on, wired
from tests.movements.test_pages_notifications import client_of
from tests.movements.test_pages_notifications import text as text_of
from tidegate.movements.commands import certificates, consignments, permits, takeback
from tidegate.movements.commands import notifications as commands
from tidegate.movements.models import (
    CertificateWord,
    ConsignmentWord,
    Notification,
    Permit,
    PermitWord,
    SearchWord,
    TakeBack,
    TakeBackWord,
)
from tidegate.movements.queries import cases, desk, shipments, worded
from tidegate.movements.queries import consignments as arrivals
from tidegate.movements.queries import permits as reads
from tidegate.movements.queries import takeback as returns
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commands import register
from tidegate.parties.models import Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire() -> Any:
    with wired() as found, times.at(START):
        yield found


def found(who: Any, text: str) -> list[str]:
    return list(cases.find(who, text).values_list("case", flat=True))


def test_a_case_is_found_by_the_beginnings_of_its_words_in_every_state(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    number = row.number.split()[-1]
    trader, other = actor("TH", "notifier", "clerk"), actor("TH", "notifier", "clerk", "TH-other")
    for who in (actor("TH"), actor("DE"), actor("DE", "customs"), trader):
        for text in (
            "mix",
            "PLASTIC",
            "waste mixed",
            f"mixed {number}",
            f"mixed {int(number)}",
            "waste, (mixed)",
            row.case.lower()[:9],
        ):
            assert found(who, text) == [row.case], text
        for text in ("lastic", "mixed nothing", "%", "_", "…", "ixed"):
            assert found(who, text) == [], text
    assert found(other, "mixed") == []
    assert found(None, "mixed") == []
    assert {item.case for item in desk.desk(actor("DE"), text="plast").items} == {row.case}
    officer = client_of(actor("DE"))
    assert row.number in text_of(officer.get("/notifications/", {"q": "plast"}))
    assert row.number not in text_of(officer.get("/notifications/", {"q": "lastic"}))
    assert not shipments.find(actor("DE"), text="plast").exists()


def test_what_was_rewritten_is_found_by_its_new_words_alone(wire: Wire) -> None:
    mine, row = actor("TH", "notifier", "clerk"), drafted()
    commands.save(mine, row.pk, content={"designation": "เศษพลาสติกผสม, Flocons d’Épave"})
    for text in ("พลาสติก", "เศษ", "ผสม", "épave", "flocons ผสม"):
        assert found(mine, text) == [row.case], text
    assert found(mine, "mixed") == []
    commands.save(mine, row.pk, content={"designation": "Film"})
    assert found(mine, "พลาสติก") == []
    assert found(mine, "fil") == [row.case]
    kept = {bytes(word) for word in SearchWord.objects.filter(notification=row).values_list("word", flat=True)}
    assert b"film" in kept
    assert "พลาสติกผสม".encode() not in kept


def test_a_save_that_changes_no_word_asks_for_none(wire: Wire, django_assert_num_queries: Any) -> None:
    row = sent_on()
    for fresh in (Notification.objects.get(pk=row.pk), Notification.objects.defer("blocks").get(pk=row.pk)):
        with django_assert_num_queries(1):
            fresh.save()


def test_words_that_are_everywhere_find_the_same(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    row = sent_on()
    monkeypatch.setattr(worded, "FEW", 0)
    assert found(actor("TH"), "mixed plast") == [row.case]
    assert found(actor("TH"), "mixed nothing") == []
    assert found(actor("TH", "notifier", "clerk", "TH-other"), "mixed") == []


# ── permits, certificates, consignments and take-back cases ──────────────────────────────────────────────────


def applied_for(number: str = "IMP-0042") -> Permit:
    """A permit in force, of an importer whose name is the State's own script."""
    importer, office = actor("TH", "consignee", "clerk", "TH-importer"), actor("TH")
    Organisation.objects.filter(registration="TH-importer").update(name="บริษัทรีไซเคิล Siam")
    made = permits.draft(replace(importer, organisation=again(importer)), "import", content={"note": "for recycling"})
    made = permits.apply(importer, made.pk, revision=made.revision)
    made = permits.review(office, made.pk, revision=made.revision)
    return permits.issue(
        office, made.pk, revision=made.revision, valid_from="2027-01-01", valid_until="2027-12-31", number=number,
        quantity_kg="1000",
    )  # fmt: skip


def again(who: Actor) -> Organisation:
    assert who.organisation is not None
    return Organisation.objects.get(pk=who.organisation.pk)


def numbers(rows: Any, name: str = "case") -> list[str]:
    return list(rows.values_list(name, flat=True))


def test_a_permit_is_found_by_number_case_and_holder(wire: Wire) -> None:
    made = applied_for()
    mine, other = actor("TH", "consignee", "clerk", "TH-importer"), actor("TH", "consignee", "clerk", "TH-other")
    for who in (actor("TH"), actor("TH", "customs"), mine):
        for text in ("imp-0042", "IMP 42", "imp-00", "รีไซเคิล", "siam imp", made.case):
            assert numbers(reads.permits(who, text)) == [made.case], text
        for text in ("mp-0042", "siam nothing", "%", "…"):
            assert numbers(reads.permits(who, text)) == [], text
    strangers: tuple[Actor | None, ...] = (other, actor("DE"), None)
    for stranger in strangers:
        assert numbers(reads.permits(stranger, "imp")) == []
    assert made.number in text_of(client_of(actor("TH")).get("/permits/", {"q": "siam"}))


def test_a_permit_is_found_by_the_new_name_of_its_holder_alone() -> None:
    """Not on the wire of the tests: there the journal is told to nobody else."""
    with times.at(START):
        made = applied_for()
        row = Organisation.objects.get(registration="TH-importer")
        manager = actor("TH", role="manager")
        register.edit_organisation(manager, row.pk, revision=row.revision, address="3 Sample Street")
        assert numbers(reads.permits(actor("TH"), "siam")) == [made.case]
        register.edit_organisation(manager, row.pk, revision=row.revision + 1, name="Chao Phraya Plastics")
        assert numbers(reads.permits(actor("TH"), "chao")) == [made.case]
        assert numbers(reads.permits(actor("TH"), "siam")) == []


def test_a_certificate_is_found_by_its_number_and_case(wire: Wire) -> None:
    made = certificates.issue(actor("TH"), applied_for().pk, kind="permit")
    start, end = made.number.rsplit("-", 1)
    mine, other = actor("TH", "consignee", "clerk", "TH-importer"), actor("TH", "consignee", "clerk", "TH-other")
    for who in (actor("TH"), mine):
        for text in (made.number, made.number.lower(), f"{start} {end[:3]}", made.case):
            assert numbers(reads.certificates(who, text), "number") == [made.number], text
        assert numbers(reads.certificates(who, "nothing"), "number") == []
    strangers: tuple[Actor | None, ...] = (other, actor("DE"), None)
    for stranger in strangers:
        assert numbers(reads.certificates(stranger, made.number), "number") == []
    page = text_of(client_of(actor("TH")).get("/certificates/", {"q": end[:4]}))
    assert made.number in page


def test_a_consignment_is_found_by_declaration_office_and_reference(wire: Wire) -> None:
    customs = actor("DE", "customs")
    made = consignments.register(
        customs, declaration="26DE0007", office="ท่าเรือแหลมฉบัง", expected_on="2027-03-01",
        load={"hs": "3915.10"}, route=[{"state": "VN", "role": "export"}, {"state": "DE", "role": "import"}],
    )  # fmt: skip
    for text in ("26de", "แหลมฉบัง", f"26DE0007 {made.reference}"):
        assert numbers(arrivals.find(customs, text=text)) == [made.case], text
    for text in ("DE0007", "26DE nothing", "%"):
        assert numbers(arrivals.find(customs, text=text)) == [], text
    assert numbers(arrivals.find(actor("TH", "customs"), text="26de")) == []
    assert numbers(arrivals.find(None, text="26de")) == []


def test_a_take_back_case_is_found_in_every_state_by_what_was_found(wire: Wire) -> None:
    everybody = (actor("DE"), actor("DE", "customs"), actor("TH"))
    made = taken_back("Household refuse, ขยะครัวเรือน")
    wire.settle()
    for who in everybody:
        for text in ("household", "refuse ABCU", made.case, "ขยะ"):
            assert numbers(returns.find(who, text=text)) == [made.case], text
        for text in ("ousehold", "refuse nothing"):
            assert numbers(returns.find(who, text=text)) == [], text
    assert numbers(returns.find(actor("NL"), text="household")) == []
    takeback.classify(actor("DE"), made.pk, basis="art9_exporter", grounds=["d"], finding="Clinical waste")
    assert numbers(returns.find(actor("DE"), text="clinical")) == [made.case]
    assert numbers(returns.find(actor("DE"), text="household")) == []


def taken_back(finding: str) -> TakeBack:
    return takeback.open(
        actor("DE"), finding=finding, custody_place="Pier 4", custody_kg="20000", state_export="TH",
        containers=["ABCU1234567"], load={"description": "mixed plastics"},
    )  # fmt: skip


def test_words_go_with_the_row_and_a_save_that_changes_none_asks_for_none(
    wire: Wire, django_assert_num_queries: Any
) -> None:
    made = permits.draft(actor("TH", "consignee", "clerk"), "import", content={})
    fresh = Permit.objects.select_related("organisation").get(pk=made.pk)
    with django_assert_num_queries(1):
        fresh.save()
    with django_assert_num_queries(1):
        fresh.save(update_fields=["note"])
    fresh.number = "IMP-9"
    fresh.save(update_fields=["number"])
    assert b"9" in {bytes(word) for word in PermitWord.of(fresh).values_list("word", flat=True)}
    assert Permit.objects.get(pk=made.pk).words == fresh.words
    fresh.involved.clear()
    fresh.delete()
    assert not PermitWord.objects.exists()


def searches() -> dict[str, Any]:
    """Of each kind of row: the table of its words, how it is looked for, and a text that finds one."""
    permit = applied_for("MIXED-1")
    found = certificates.issue(actor("TH"), permit.pk, kind="permit")
    consignments.register(
        actor("DE", "customs"), declaration="MIXED-1", expected_on="2027-03-01", load={"hs": "3915.10"},
        route=[{"state": "VN", "role": "export"}, {"state": "DE", "role": "import"}],
    )  # fmt: skip
    taken_back("Mixed refuse")
    home, there = actor("TH"), actor("DE")
    return {
        "notification": (SearchWord, lambda text: cases.find(home, text), "mixed"),
        "permit": (PermitWord, lambda text: reads.permits(home, text), "mixed"),
        "certificate": (CertificateWord, lambda text: reads.certificates(home, text), found.number),
        "consignment": (ConsignmentWord, lambda text: arrivals.find(there, text=text), "mixed"),
        "take_back": (TakeBackWord, lambda text: returns.find(there, text=text), "mixed"),
    }


@pytest.mark.parametrize("kind", ["notification", "permit", "certificate", "consignment", "take_back"])
def test_a_word_is_looked_up_in_an_index(wire: Wire, kind: str) -> None:
    sent_on()
    kept, find, text = searches()[kind]
    assert len(find(text)) == 1
    if connection.vendor == "postgresql":  # it reads a small table whole
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    begun = kept.objects.filter(holder="TH", word__gte=b"mixed", word__lt=b"mixed\xff")
    assert re.search("holder_id.*word.*word", begun.explain())
    plan = find(text).explain()
    assert re.search(f"{kind}_id.*word.*word", plan)
    assert not re.search(f"SCAN {kind}|Seq Scan on {kind} ", plan)
