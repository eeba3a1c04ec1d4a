"""A notification filled in by its notifier, step by step of the wizard, by the words that stand on the pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.movements import cases
from tests.movements.walking import Walk, Walker, organised

# The route that most stories take.
ROUTE = [("TH", "export"), ("SG", "transit"), ("DE", "import")]
CONTRACT, GUARANTEE = "C-2026-1", "G-2026-1"


def world(walk: Walk, route: Sequence[tuple[str, str]]) -> None:
    """The States of a route with their authorities and companies. What else happens, happens on pages."""
    home, there = route[0][0], route[-1][0]
    for code, _role in route:
        cases.state(code)
        for kind in ("competent_authority", "customs"):
            organised(code, kind)
    for code, kind in ((home, "notifier"), (home, "carrier"), (there, "consignee"), (there, "facility")):
        organised(code, kind)
    walk.rest()  # every State has its keys


def party(code: str, kind: str) -> dict[str, Any]:
    """A party as it is typed in."""
    return {
        "Registration number": f"{code}-{kind}-1",
        "Name": f"Example {kind} of {code}",
        "Address": "1 Sample Street",
        "E-mail": f"office@{kind}.example.test",
    }


def drafted(
    walk: Walk, notifier: Walker, route: Sequence[tuple[str, str]], *, kg: str = "60000", shipments: int = 3,
    last: str = "2027-12-31",
) -> str:  # fmt: skip
    """A draft from the first page to the review; gives its case."""
    home, there = route[0][0], route[-1][0]
    with walk.step("the notifier begins a draft"):
        notifier.menu("Desk").click("New notification").click("Begin")
        case = notifier.page.url.split("/")[-4]
    with walk.step("the parties"):
        notifier.fill(party(home, "notifier"), within="Exporter or notifier")
        notifier.fill(party(there, "consignee"), within="Importer or consignee")
        notifier.fill({**party(home, "notifier"), "Process in which the waste arose": "Sorting"}, within="Generator 1")
        notifier.click("Save and go on")
    with walk.step("the waste"):
        notifier.fill({"What the waste is called": "Mixed plastic waste", "Physical characteristics": ["2"]})
        notifier.fill({"Constituent": "Polyethylene", "Per cent of mass": "60"}, within="Constituent 1")
        notifier.fill(
            {"(i) Basel, Annex VIII or IX": "Y48", "(vii) Y-code": "Y48", "(xii) Customs code (HS)": "3915.90"},
            within="Identification",
        )
        notifier.fill(
            {"Is it waste?": "Yes", "Is it hazardous (Annex I and III)?": "No",
             "Contamination, per cent of mass": "10"},
            within="What the law asks about",
        )  # fmt: skip
        notifier.fill({"Polymer": "PE", "Per cent of mass": "60"}, within="Polymer 1")
        notifier.click("Another: Polymer")
        notifier.fill({"Polymer": "PVC", "Per cent of mass": "30"}, within="Polymer 2")
        notifier.click("Save and go on")
    with walk.step("quantity and period, kept without a button"):
        kept = lambda answer: answer.request.method == "POST" and last in (answer.request.post_data or "")  # noqa: E731
        with notifier.page.expect_response(kept):
            notifier.fill(
                {"Several shipments": shipments > 1, "Intended number of shipments": shipments,
                 "Intended quantity (kg)": kg, "First departure": "2027-03-01", "Last departure": last},
            )  # fmt: skip
            notifier.page.keyboard.press("Tab")
        notifier.page.locator("#mv-saved").get_by_text("Kept").wait_for()
        notifier.page.reload()
        assert notifier.page.get_by_label("Intended quantity (kg)").input_value() == kg
        assert notifier.page.get_by_label("Last departure").input_value() == last
        notifier.click("Save and go on")
    with walk.step("carriers and packaging"):
        notifier.fill({**party(home, "carrier"), "Means of transport": ["S"]}, within="Carrier 1")
        notifier.fill({"Packaging": ["5"], "Does it need special handling?": "No"}, within="Packaging and handling")
        notifier.click("Save and go on")
    with walk.step("facility and operation"):
        notifier.fill(
            {**party(there, "facility"), "Actual site": "2 Sample Street"}, within="Disposal or recovery facility"
        )
        notifier.fill(
            {"Operations": ["R3", "R12"], "Technology employed": "Washing and extrusion",
             "Reason for export": "No plant for this mix"},
            within="Operation",
        )  # fmt: skip
        notifier.click("Save and go on")
    with walk.step("the route, and whose consent it asks for"):
        notifier.fill({"Point of exit": f"port of {home}"}, within="State of export")
        transit = [code for code, role in route if role == "transit"]
        for number, code in enumerate(transit, 1):
            if number > 1:
                notifier.click("Another: State of transit")
            port = f"port of {code}"
            notifier.fill(
                {"State of transit": NAMES[code], "Point of entry": port, "Point of exit": port, "Order": number},
                within=f"State of transit {number}",
            )
        notifier.fill({"State of import": NAMES[there], "Point of entry": f"port of {there}"}, within="State of import")
        notifier.click("Save")
        notifier.sees("Who must consent", NAMES[there], within="What the law says")
        notifier.follow("Contract and guarantee")
    with walk.step("contract and guarantee"):
        notifier.fill(
            {"Contract number": CONTRACT, "Signed on": "2026-11-20", "Valid until": "2028-12-31",
             "It obliges the exporter to take the waste back where the movement cannot be completed (Article 8).": True}
        )  # fmt: skip
        notifier.click("Lodge it")
        notifier.fill({"Guarantee number": GUARANTEE, "Issued by": "Example Surety", "Amount": "250000.00",
                       "Currency": "THB", "Valid from": "2026-12-01"})  # fmt: skip
        notifier.page.locator("#id_guarantee-valid_until").fill("2028-12-31")
        notifier.click("Propose it").click("Go on")
    with walk.step("an attachment"):
        notifier.fill({"File": {"name": "analysis.txt", "mimeType": "text/plain", "buffer": b"PE 60 %, PVC 30 %\n"}})
        notifier.click("Attach")
        notifier.sees("analysis.txt").click("Go on")
    with walk.step("the review says what is missing, and then nothing"):
        notifier.sees("missing or wrong")
        notifier.fill({"Number of annexes": "1"}, within="Annexes and remarks")
        notifier.fill(
            {"Name": "Office of the exporter", "Date": "2026-12-01",
             "The information is complete and correct to the best of our knowledge; contracts are in force, and "
             "insurance or other guarantees are or will be.": True},
            within="Declaration of the exporter",
        )  # fmt: skip
        notifier.click("Save").sees("Nothing is missing")
    return case


NAMES = {"TH": "Thailand", "SG": "Singapore", "NL": "Netherlands", "DE": "Germany", "VN": "Viet Nam"}


# ── what several stories do alike ────────────────────────────────────────────────────────────────────────────


def decides(authority: Walker, number: str, *, maximum_kg: str = "") -> None:
    """An authority consents, with a maximum load where one is given."""
    authority.case(number).click("Decide")
    authority.fill({"Consent with conditions" if maximum_kg else "Consent": True, "Valid from": "2027-02-01"})
    authority.fill({"Valid until": "2027-12-31"})
    if maximum_kg:
        authority.fill({"Condition": "Maximum load"}, within="Condition 1")
        authority.fill({"Kilograms": maximum_kg}, within="Condition 1")
    authority.click("Decide").sees("The decision is made")


def in_force(walk: Walk, number: str, moment: datetime) -> None:
    """The first day of the consents comes."""
    walk.on(moment)
    with walk.step("the notification comes into force"):
        walk.who("TH", "notifier", "clerk").case(number).stands("In force")


def drafts_movement(notifier: Walker, number: str, *, kg: str, day: str, **more: Any) -> None:
    """A movement's draft, from the list of movements."""
    notifier.menu("Movements").click("New movement").follow(number)
    notifier.fill({"Planned day of departure": day, "Quantity (kg)": kg, "Containers": "EXAM 100000-1", **more})
    notifier.click("Keep the draft").sees("Drafted.")


def departs(walk: Walk, name: str, kg: str) -> None:
    """It leaves, is handed over, and passes the borders on its way."""
    walk.who("TH", "notifier", "clerk").movement(name).click("Record departure").fill({"Loaded (kg)": kg}).click(
        "Record departure"
    )
    carrier = walk.who("TH", "carrier", "clerk").movement(name).click("Hand over to another carrier")
    carrier.fill({"Carrier": "Example feeder", "Vehicle, vessel or flight": "MV Example"})
    carrier.click("Hand over to another carrier").sees("Example feeder")
    transit = walk.who("SG", "customs", "clerk")
    for way in ("It came in", "It left this State"):
        transit.movement(name).click("Record passage").fill({way: True, "Border office": "port of SG"})
        transit.click("Record passage").sees("port of SG")


def arrives(plant: Walker, name: str) -> None:
    """It comes to the facility."""
    plant.movement(name).click("Record arrival").fill({"Place": "Example yard"}).click("Record arrival")


def receives(plant: Walker, received: str, accepted: str, rejected: str, why: str = "") -> Walker:
    """It is weighed in."""
    plant.click("Record receipt").fill(
        {"Received (kg)": received, "Accepted (kg)": accepted, "Rejected (kg)": rejected,
         "Why something was rejected": why}
    )  # fmt: skip
    return plant.click("Record receipt")


def submitted(walk: Walk) -> None:
    """Submitted by the notifier; its guarantee approved, and sent on by the authority of export."""
    notifier, case = walk.who("TH", "notifier", "clerk"), walk.notes["case"]
    with walk.step("it is submitted"):
        notifier.case(case).click("Go on with the draft").follow("Review and submit")
        notifier.click("Submit to the authority of export").sees("Submitted")
        walk.notes["number"] = notifier.heading().removesuffix(" Mixed plastic waste")
    number = walk.notes["number"]
    walk.later(1)
    authority = walk.who("TH", "competent_authority")
    with walk.step("the authority of export approves the guarantee and sends it on"):
        authority.case(number).click("Approve the guarantee").click("Approve it")
        authority.click("Send to the authorities concerned").click("Send it on").sees("It is sent on.")


def begun(walk: Walk) -> None:
    """The world of the route, and a draft that lacks nothing."""
    world(walk, ROUTE)
    organised("TH", "facility")
    walk.notes["case"] = drafted(walk, walk.who("TH", "notifier", "clerk"), ROUTE)


def consented(walk: Walk) -> None:
    """Submitted, sent on, consented to by every authority that has to, and in force."""
    submitted(walk)
    number = walk.notes["number"]
    for state in ("TH", "SG", "DE"):
        with walk.step(f"{state} acknowledges and consents"):
            authority = walk.who(state, "competent_authority").case(number)
            authority.click("Acknowledge").click("Acknowledge")
            decides(authority, number)
    with walk.step("the State of import confirms the contract"):
        there = walk.who("DE", "competent_authority").case(number)
        there.click("Confirm the contract").fill({"Contract number": CONTRACT}).click("Confirm it")
    in_force(walk, number, datetime(2027, 3, 1, 2, tzinfo=UTC))
