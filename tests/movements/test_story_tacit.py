"""A whole story in a browser: a State of transit is silent, its time limit ends, and the movement goes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.movements.notifying import CONTRACT, decides, drafted, drafts_movement, in_force, submitted, world
from tests.movements.walking import Walk

pytestmark = [pytest.mark.browser, pytest.mark.ci, pytest.mark.django_db(transaction=True)]
ROUTE = [("TH", "export"), ("NL", "transit"), ("DE", "import")]


def test_silence_of_a_state_of_transit_is_its_consent(walk: Walk) -> None:
    walk.tell(draft, asked, silence, departure)


def draft(walk: Walk) -> None:
    world(walk, ROUTE)
    walk.notes["case"] = drafted(walk, walk.who("TH", "notifier", "clerk"), ROUTE, kg="40000", shipments=2)


def asked(walk: Walk) -> None:
    submitted(walk)
    number = walk.notes["number"]
    walk.later(1)
    with walk.step("the State of transit acknowledges, and its time limit says when and why it ends"):
        transit = walk.who("NL", "competent_authority").case(number)
        transit.click("Acknowledge").click("Acknowledge").sees("silence counts as consent")
        transit.page.locator("summary", has_text="Why this date").first.click()
        transit.sees("30", within="Time limits")
    with walk.step("the State of import acknowledges, confirms and consents"):
        there = walk.who("DE", "competent_authority").case(number)
        there.click("Acknowledge").click("Acknowledge")
        there.click("Confirm the contract").fill({"Contract number": CONTRACT}).click("Confirm it")
        decides(there, number)
    with walk.step("nothing may move yet"):
        walk.who("TH", "notifier", "clerk").case(number).sees("Acknowledged").sees_not("Tacit consent")


def silence(walk: Walk) -> None:
    number = walk.notes["number"]
    with walk.step("the day before its end, silence is no consent"):
        walk.later(28)
        walk.who("TH", "notifier", "clerk").case(number).sees_not("Tacit consent")
    with walk.step("afterwards it is, in every State's copy"):
        walk.later(5)
        for state in ("TH", "NL", "DE"):
            walk.who(state, "competent_authority").case(number).sees("Tacit consent")


def departure(walk: Walk) -> None:
    number = walk.notes["number"]
    with walk.step("the State of export consents, the last"):
        home = walk.who("TH", "competent_authority").case(number)
        home.click("Acknowledge").click("Acknowledge")
        decides(home, number)
    in_force(walk, number, datetime(2027, 3, 1, 2, tzinfo=UTC))
    notifier = walk.who("TH", "notifier", "clerk")
    with walk.step("a movement is announced and departs"):
        drafts_movement(notifier, number, kg="20000", day="2027-03-10")
        notifier.click("Announce").click("Announce").sees("Announced")
        walk.on(datetime(2027, 3, 10, 2, tzinfo=UTC))
        notifier.movement(f"{number} / 1").click("Record departure").fill({"Loaded (kg)": "20000"})
        notifier.click("Record departure").sees("Under way")
    with walk.step("the silent State sees it pass"):
        customs = walk.who("NL", "customs", "clerk").movement(f"{number} / 1").click("Record passage")
        customs.fill({"It came in": True, "Border office": "port of NL"}).click("Record passage").sees("port of NL")
