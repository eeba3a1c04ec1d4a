"""A whole story in a browser: a movement draws on two homes, and is announced only when both have answered."""

from __future__ import annotations

import pytest

from tests.movements.notifying import begun, consented, drafts_movement
from tests.movements.walking import Walk
from tidegate.exchange import delivery

pytestmark = [pytest.mark.browser, pytest.mark.ci, pytest.mark.django_db(transaction=True)]
PERMIT = "DE-IMP-7"


def test_a_movement_waits_for_both_homes(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    walk.begin("drafted", begun)
    walk.begin("consented", consented)
    walk.tell(the_permit)
    with monkeypatch.context() as closed:
        # The way between the States is closed for a while: nothing is lost, and nothing is taken for granted.
        closed.setattr(delivery, "TRANSPORTS", [])
        walk.tell(one_answer)
    walk.tell(both_answers)


def the_permit(walk: Walk) -> None:
    with walk.step("the importer applies for a permit"):
        importer = walk.who("DE", "consignee", "clerk").menu("Permits").click("Apply")
        importer.choose("Kind", "Import").fill({"HS codes": "3915", "Quantity (kg)": "25000"})
        importer.fill({"What is asked for, and why": "Mixed plastics for recovery"}).click("Save")
        importer.click("Hand in").click("Hand in")
    with walk.step("the State of import grants it; its page says how a movement names it"):
        there = walk.who("DE", "competent_authority").menu("Permits").follow("DE-").click("Take up").click("Take up")
        there.click("Grant").fill({"Number": "IMP-7", "First day": "2027-01-01", "Last day": "2027-12-31"})
        there.click("Grant").fact("Reference for movements", PERMIT).fact("Left", "25,000 kg")


def one_answer(walk: Walk) -> None:
    number, notifier = walk.notes["number"], walk.who("TH", "notifier", "clerk")
    with walk.step("the notifier announces; its own home has set the quantity aside, the other has not answered"):
        drafts_movement(notifier, number, kg="20000", day="2027-03-15", **{"Permits and quotas drawn on": PERMIT})
        notifier.click("Announce").click("Announce")
        notifier.sees(walk.notes["case"], "reserved", PERMIT, "asked", within="What it draws on")
    with walk.step("no answer is no yes: nothing may depart, and nobody else knows of it"):
        assert not notifier.offered("Record departure")
        walk.who("DE", "customs", "clerk").menu("Movements").sees("No movement yet")
        walk.who("DE", "competent_authority").menu("Permits").follow(PERMIT[3:]).fact("Reserved", "0 kg")


def both_answers(walk: Walk) -> None:
    number, notifier = walk.notes["number"], walk.who("TH", "notifier", "clerk")
    with walk.step("the way is open again, and the other home answers"):
        walk.later(0.5)
        notifier.movement(f"{number} / 1").stands("Announced").sees_not("asked", within="What it draws on")
        walk.who("DE", "competent_authority").menu("Permits").follow(PERMIT[3:]).fact("Reserved", "20,000 kg")
    with walk.step("it leaves with what was weighed, and both homes book that"):
        walk.later(14)
        notifier.movement(f"{number} / 1").click("Record departure").fill({"Loaded (kg)": "19876.5"})
        notifier.click("Record departure")
        walk.rest()
        notifier.case(number).fact("Used", "19,876.5 kg")
        there = walk.who("DE", "competent_authority").menu("Permits").follow(PERMIT[3:])
        there.fact("Used", "19,876.5 kg").fact("Reserved", "0 kg").fact("Left", "5,123.5 kg")
