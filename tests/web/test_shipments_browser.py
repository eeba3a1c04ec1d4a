"""The border desk and a shipment's page in a browser: wide and on a phone, with a keyboard, without barriers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.movements import shipments
from tests.movements.cases import Wire, wired
from tests.movements.shipments import DAY, again, arrived, at, in_force
from tidegate.movements.commands import movements
from tidegate.movements.models import Movement
from tidegate.parties import times
from tidegate.parties.actors import Actor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.ci, pytest.mark.django_db(transaction=True)]

Axe = Callable[["Page"], list[str]]


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.TIDEGATE_SECOND_FACTOR = False


@pytest.fixture
def wire(transactional_db: None) -> Iterator[Wire]:
    with wired() as found, times.at(DAY):
        yield found


@pytest.fixture
def received(wire: Wire) -> Movement:
    """A shipment that lost a quarter of its mass on the way."""
    row = in_force(wire)
    made = arrived(wire, row)
    movements.receive(shipments.facility(), at(made, "DE").pk, received_kg="15000", accepted_kg="15000")
    wire.settle()
    return again(made)


def enter(page: Page, live_server: Any, actor: Actor, client: Any) -> None:
    """Sign in by the session of Django's own client."""
    assert actor.person is not None
    client.force_login(actor.person)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_the_border_answers_while_one_looks(
    page: Page,
    live_server: Any,
    received: Movement,
    client: Any,
    axe: Axe,
) -> None:
    enter(page, live_server, shipments.customs("DE"), client)
    page.goto(f"{live_server.url}/border")
    assert page.evaluate("document.activeElement.id") == "id_q"
    page.keyboard.type(f"{received.case}/{received.serial}")
    page.keyboard.press("Enter")
    page.wait_for_selector("article h2")
    assert "q=" in page.url
    assert page.locator("article h2").inner_text() in ("Valid", "Not valid", "Unknown")
    assert axe(page) == []
    page.get_by_role("link", name="Open it").click()
    page.wait_for_selector("text=Journey and custody")


def test_a_shipment_reads_well_wide_and_narrow(
    page: Page,
    phone: Page,
    live_server: Any,
    received: Movement,
    client: Any,
    axe: Axe,
) -> None:
    address = f"{live_server.url}/movements/{received.case}/{received.serial}/"
    for one in (page, phone):
        enter(one, live_server, shipments.actor("DE"), client)
        one.goto(address)
        assert one.locator("h1").inner_text().endswith("/ 1")
        assert "-5,000 kg" in one.inner_text("main")
        assert axe(one) == []
        assert fits(one)
        one.goto(f"{live_server.url}/border?q={received.case}/{received.serial}")
        assert axe(one) == []
        assert fits(one)


def test_without_javascript_it_works_as_well(
    no_js: Page,
    live_server: Any,
    received: Movement,
    client: Any,
) -> None:
    enter(no_js, live_server, shipments.customs("DE"), client)
    no_js.goto(f"{live_server.url}/border")
    no_js.fill("#id_q", received.case)
    no_js.get_by_role("button", name="Check", exact=True).click()
    assert no_js.locator("article h2").count() == 1
    no_js.goto(f"{live_server.url}/movements/{received.case}/{received.serial}/hold/")
    no_js.fill("#id_reason", "Sampled")
    no_js.get_by_role("button", name="Hold").click()
    assert "holds it" in no_js.inner_text("main")
