"""A whole story in a browser: a general notification from its draft to the last recovery and its closing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.movements import notifying
from tests.movements.notifying import CONTRACT, arrives, begun, decides, departs, in_force, receives, submitted
from tests.movements.walking import Walk

pytestmark = [pytest.mark.browser, pytest.mark.ci, pytest.mark.django_db(transaction=True)]


def test_a_general_notification_from_draft_to_closing(walk: Walk) -> None:
    walk.begin("drafted", begun)
    walk.tell(submission, decisions, shipments, receipts, the_rejected_part, recovery, closing)


def submission(walk: Walk) -> None:
    submitted(walk)
    number, notifier = walk.notes["number"], walk.who("TH", "notifier", "clerk")
    walk.later(1)
    there = walk.who("DE", "competent_authority")
    with walk.step("the State of import acknowledges and asks"):
        there.desk("Acknowledge", number).click("Acknowledge").click("Acknowledge")
        there.click("Ask for information")
        there.fill({"What is asked": "Which plant takes the residues?"}).click("Ask").sees("Which plant takes")
    walk.later(2)
    with walk.step("the notifier answers"):
        notifier.desk("nswer", number).click("Answer")
        notifier.fill({"Answer": "Example facility of DE, line 2"}).click("Send the answer")
        notifier.sees("Example facility of DE, line 2")
    with walk.step("the State of import has the answer"):
        there.case(number).sees("Example facility of DE, line 2")


def decisions(walk: Walk) -> None:
    number = walk.notes["number"]
    walk.later(3)
    with walk.step("the State of transit acknowledges and consents"):
        transit = walk.who("SG", "competent_authority")
        transit.desk("Acknowledge", number).click("Acknowledge").click("Acknowledge")
        decides(transit, number)
    with walk.step("the State of import consents with a condition and confirms the contract"):
        there = walk.who("DE", "competent_authority")
        there.case(number).click("Confirm the contract").fill({"Contract number": CONTRACT}).click("Confirm it")
        decides(there, number, maximum_kg="25000")
    with walk.step("the State of export acknowledges and consents"):
        home = walk.who("TH", "competent_authority").case(number)
        home.click("Acknowledge").click("Acknowledge")
        decides(home, number)
    with walk.step("the notifier sees that all have consented"):
        notifier = walk.who("TH", "notifier", "clerk")
        notifier.case(number).sees("Consented", "25,000 kg")
    in_force(walk, number, datetime(2027, 3, 1, 2, tzinfo=UTC))


def shipments(walk: Walk) -> None:
    number, notifier = walk.notes["number"], walk.who("TH", "notifier", "clerk")
    with walk.step("a load above the condition is not announced; made smaller, it is"):
        notifying.drafts_movement(notifier, number, kg="26000", day="2027-03-15")
        notifier.click("Announce").click("Announce", refused="25,000 kg")
        notifier.movement(f"{number} / 1").click("Change")
        notifier.fill({"Quantity (kg)": "20000"}).click("Change").click("Announce").click("Announce")
        notifier.sees("Announced")
    with walk.step("a second one"):
        notifying.drafts_movement(notifier, number, kg="20000", day="2027-03-20")
        notifier.click("Announce").click("Announce").sees("Announced")
    with walk.step("what is set aside"):
        notifier.case(number).sees("40,000 kg", within="Quantity and movements")
        notifier.fact("Set aside", "40,000 kg").fact("Left", "20,000 kg")
    walk.on(datetime(2027, 3, 15, 2, tzinfo=UTC))
    with walk.step("the first departs, passes and is handed over"):
        departs(walk, f"{number} / 1", "20000")
    walk.on(datetime(2027, 3, 20, 2, tzinfo=UTC))
    with walk.step("the second departs and passes"):
        departs(walk, f"{number} / 2", "20000")


def receipts(walk: Walk) -> None:
    number = walk.notes["number"]
    walk.on(datetime(2027, 4, 10, 8, tzinfo=UTC))
    plant = walk.who("DE", "facility", "clerk")
    with walk.step("the first arrives and is accepted"):
        arrives(plant, f"{number} / 1")
        receives(plant, "20000", "20000", "0").sees("Accepted")
    with walk.step("the second is partly rejected"):
        arrives(plant, f"{number} / 2")
        receives(plant, "20000", "14000", "6000", why="Household refuse in the bales").sees("Take-back")
    with walk.step("the notifier sees both"):
        walk.who("TH", "notifier", "clerk").movement(f"{number} / 2").sees("accepted 14,000 kg, rejected 6,000 kg")


def the_rejected_part(walk: Walk) -> None:
    number = walk.notes["number"]
    there, home = walk.who("DE", "competent_authority"), walk.who("TH", "competent_authority")
    with walk.step("the authority of import classifies the case and informs"):
        there.movement(f"{number} / 2").follow_in("Take-back")
        back = walk.notes["back"] = there.heading()
        there.click("Classify").fill({"Article 8: it cannot be completed": True}).click("Classify")
        there.click("Inform the State of export").click("Inform the State of export")
    with walk.step("the State of export accepts"):
        home.take_back(back).click("Accept").click("Accept")
    with walk.step("a plan: another sound disposal; every State signs"):
        home.click("Propose a plan").fill(
            {"What happens": "Another sound disposal", "Who carries it": "Example carrier of TH",
             "Who pays": "Example notifier of TH", "Facility": "Example plant of DE"}
        ).choose("Operation", "D10").click("Propose a plan")  # fmt: skip
        for authority in (home, there, walk.who("SG", "competent_authority")):
            authority.take_back(back).click("Sign the plan").click("Sign the plan")
    with walk.step("it is disposed of, and the case closed"):
        there.take_back(back).click("Record its disposal").fill({"Quantity (kg)": "6000"}).click("Record its disposal")
        there.click("Close the case").fill({"How it ends": "Disposed of"}).click("Close the case").sees("Closed")


def recovery(walk: Walk) -> None:
    number, plant = walk.notes["number"], walk.who("DE", "facility", "clerk")
    walk.later(10)
    with walk.step("the first: an interim operation, then the final one"):
        plant.movement(f"{number} / 1").click("Record an operation")
        operation = {"Interim: it goes on to another operation": True, "Taken in (kg)": "20000"}
        plant.fill({**operation, "Passed on (kg)": "19500", "Declared loss (kg)": "500"})
        plant.choose("Operation", "R12").click("Record an operation").sees("19,500 kg", within="What became of it")
        plant.click("Record an operation").choose("Operation", "R3").choose("On what an earlier operation", "R12")
        plant.fill({"Final: the waste ends here": True, "Taken in (kg)": "19500"}).click("Record an operation")
        plant.fact("Not accounted for yet", "0 kg").fact("In final operations", "19,500 kg")
    with walk.step("the second: at once"):
        plant.movement(f"{number} / 2").click("Record an operation").choose("Operation", "R3")
        plant.fill({"Final: the waste ends here": True, "Taken in (kg)": "14000"}).click("Record an operation")
        plant.fact("Not accounted for yet", "0 kg")


def closing(walk: Walk) -> None:
    number, home = walk.notes["number"], walk.who("TH", "competent_authority")
    with walk.step("the movements are closed"):
        for serial in (1, 2):
            home.movement(f"{number} / {serial}").click("Close").click("Close").sees("Closed")
    with walk.step("the guarantee is released and the notification closed"):
        home.case(number).click("Release the guarantee").click("Release it")
        home.click("Close the notification").click("Close it").sees("It is closed.")
    with walk.step("the ledger's sums are right, in every copy"):
        for state in ("TH", "SG", "DE"):
            reader = walk.who(state, "competent_authority").case(number)
            reader.fact("Used", "40,000 kg").fact("Set aside", "0 kg").fact("Limit", "60,000 kg")
    with walk.step("the notification document"):
        assert home.case(number).downloaded("Notification document (PDF)")[:5] == b"%PDF-"
