"""Cases are found by words: each as its beginning, from an index that is kept with the case itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection

from tests.movements.cases import START, Wire, actor, drafted, sent_on, wired
from tests.movements.test_pages_notifications import client_of
from tests.movements.test_pages_notifications import text as text_of
from tidegate.movements.commands import notifications as commands
from tidegate.movements.models import Notification, SearchWord
from tidegate.movements.queries import cases, desk, shipments
from tidegate.parties import times

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
    monkeypatch.setattr(cases, "FEW", 0)
    assert found(actor("TH"), "mixed plast") == [row.case]
    assert found(actor("TH"), "mixed nothing") == []
    assert found(actor("TH", "notifier", "clerk", "TH-other"), "mixed") == []


def test_a_word_is_looked_up_in_an_index(wire: Wire) -> None:
    sent_on()
    if connection.vendor == "postgresql":  # it reads a small table whole
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    begun = SearchWord.objects.filter(holder="TH", word__gte=b"mixed", word__lt=b"mixed\xff")
    assert re.search("holder_id.*word.*word", begun.explain())
    plan = cases.find(actor("TH"), "mixed").explain()
    assert re.search("notification_id.*word.*word", plan)
    assert "SCAN" not in plan
