"""A whole story in a browser: an illegal load is held, sent home at its exporter's cost, and the case is closed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.movements.notifying import ROUTE, begun, consented, drafts_movement
from tests.movements.walking import Walk

pytestmark = [pytest.mark.browser, pytest.mark.ci, pytest.mark.django_db(transaction=True)]
STATES = [code for code, _role in ROUTE]


def test_an_illegal_load_is_sent_home(walk: Walk) -> None:
    walk.begin("drafted", begun)
    walk.begin("consented", consented)
    walk.tell(the_load_leaves, the_find, the_case, the_plan, the_way_home, the_end)


def the_load_leaves(walk: Walk) -> None:
    number = walk.notes["number"]
    notifier = walk.who("TH", "notifier", "clerk")
    with walk.step("the load leaves"):
        drafts_movement(notifier, number, kg="20000", day="2027-03-10")
        notifier.click("Announce").click("Announce")
        walk.on(datetime(2027, 3, 10, 2, tzinfo=UTC))
        notifier.movement(f"{number} / 1").click("Record departure").fill({"Loaded (kg)": "20000"})
        notifier.click("Record departure")


def the_find(walk: Walk) -> None:
    number, customs = walk.notes["number"], walk.who("DE", "customs", "clerk")
    walk.on(datetime(2027, 4, 5, 8, tzinfo=UTC))
    with walk.step("customs asks at the border and holds the load"):
        customs.menu("Border").fill({BORDER: f"{number} / 1"}).press("Check").sees("Valid")
        customs.look()
        customs.click("Open it").click("Hold").fill({"Reason": "Household refuse behind the first row of bales"})
        customs.click("Hold").sees("holds it")
    with walk.step("customs opens the case with a photo"):
        customs.click("Open a take-back case").fill(
            {"What was found": "Household refuse under a layer of bales", "Where it is kept": "Terminal 4, port of DE"}
        ).click("Open the case")
        walk.notes["back"] = customs.heading()
        photo = {"name": "photo.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n as found"}
        customs.click("Add evidence").fill({"File": photo}).click("Add evidence").sees("photo.png")
    with walk.step("no time limit runs from the finding"):
        customs.sees("not yet: no time limit runs")


def the_case(walk: Walk) -> None:
    back, there = walk.notes["back"], walk.who("DE", "competent_authority")
    with walk.step("the authority of import finds illegal traffic"):
        there.take_back(back).click("Classify")
        there.page.get_by_role("radio", name=ART9_EXPORTER).check()
        there.page.locator("input[name=grounds]").nth(3).check()
        there.click("Classify")
    with walk.step("it informs the State of export: thirty days begin, and two letters are written"):
        there.click("Inform the State of export").click("Inform the State of export").sees("5 May 2027")
        there.page.locator("summary", has_text="Why this date").first.click()
        there.sees("30", within="Time limit")
        for letter in there.area("Letters").get_by_role("link").all():
            if (letter.get_attribute("href") or "").count("/files/"):
                assert there.fetched(letter)
    with walk.step("the report form for illegal traffic, as a paper"):
        there.page.locator("summary", has_text="Compose one").click()
        there.follow(REPORT, to="/letters/")
        assert there.paper("PDF")[:5] == b"%PDF-"
    with walk.step("the State of export acknowledges and accepts"):
        home = walk.who("TH", "competent_authority").take_back(back).sees("photo.png")
        home.click("Acknowledge").click("Acknowledge").click("Accept").click("Accept").sees("Accepted")


def the_plan(walk: Walk) -> None:
    back, home = walk.notes["back"], walk.who("TH", "competent_authority")
    with walk.step("a plan for the return, signed by every State"):
        home.take_back(back).click("Propose a plan").fill(
            {"What happens": "Return to the State of export", "Who carries it": "Example carrier of TH",
             "Who pays": "Example notifier of TH"}
        ).click("Propose a plan")  # fmt: skip
        for state in STATES:
            walk.who(state, "competent_authority").take_back(back).click("Sign the plan").click("Sign the plan")
    with walk.step("nobody objects to the return"):
        for state in STATES:
            authority = walk.who(state, "competent_authority").take_back(back).click("Answer the return")
            authority.fill({"No objection": True}).click("Answer the return").sees("no objection")


def the_way_home(walk: Walk) -> None:
    number, back = walk.notes["number"], walk.notes["back"]
    with walk.step("the return is announced"):
        home = walk.who("TH", "competent_authority").take_back(back).click("Start the return")
        home.fill({"Planned day": "2027-04-20"}).choose("Who takes it in", "Example facility of TH")
        home.click("Start the return")
    walk.on(datetime(2027, 4, 20, 8, tzinfo=UTC))
    with walk.step("the hold ends, and customs of import sees it leave"):
        customs = walk.who("DE", "customs", "clerk")
        customs.movement(f"{number} / 2").click("It was seen leaving").fill({"Loaded (kg)": "20000"})
        customs.click("It was seen leaving").sees("Under way")
    walk.on(datetime(2027, 5, 2, 8, tzinfo=UTC))
    with walk.step("it is home"):
        customs = walk.who("TH", "customs", "clerk").take_back(back).click("It is back")
        customs.fill({"Quantity (kg)": "20000", "Place": "port of TH"}).click("It is back").stands(
            "Back in the State of export"
        )
    with walk.step("what was done with it"):
        customs.click("Record its disposal").choose("Operation", "D10")
        customs.fill({"Quantity (kg)": "20000", "Facility": "Example plant of TH"}).click("Record its disposal")


def the_end(walk: Walk) -> None:
    number, back = walk.notes["number"], walk.notes["back"]
    there, home = walk.who("DE", "competent_authority"), walk.who("TH", "competent_authority")
    with walk.step("the cost is recorded and the guarantee called"):
        there.take_back(back).click("Record a cost").fill(
            {"Kind": "Storage", "Amount": "41250.00", "Currency (three letters)": "THB",
             "Who pays": "Example notifier of TH"}
        ).click("Record a cost").sees("41,250.00 THB")  # fmt: skip
        home.case(number).click("Call the guarantee").fill({"Reason": "Costs of the return"}).click("Call it")
        there.take_back(back).click("Settle a cost").fill({"How": "Taken from the guarantee"}).click("Settle a cost")
        there.sees("Taken from the guarantee", within="Costs")
    with walk.step("the case is closed, in every copy"):
        there.click("Close the case").fill({"How it ends": "Disposed of"}).click("Close the case")
        for state in STATES:
            reader = walk.who(state, "competent_authority").menu("Movements").click("Take-back")
            reader.fill({"Ended ones, too": True}).click("Search").follow(back).stands("Closed")
    with walk.step("what left stays drawn"):
        home.case(number).fact("Used", "20,000 kg").sees("Called")


BORDER = "Permit, notification, movement, declaration, container or certificate"
ART9_EXPORTER = "Article 9(2)"
REPORT = "Report"
