"""The pages of notifications in a real browser: both widths, axe-core, autosave, the law beside the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from tests.movements import cases
from tests.movements.cases import actor, again, copy, drafted, sent_on, wired
from tidegate.movements.commands import notifications as commands
from tidegate.movements.models import Notification
from tidegate.parties.actors import Actor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.ci, pytest.mark.django_db(transaction=True)]

Axe = Callable[["Page"], list[str]]


def enter(page: Page, address: str, who: Actor) -> None:
    """Sign somebody in without the form, which has a test of its own."""
    client = Client()
    assert who.person is not None
    client.force_login(who.person)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])


def looks_right(page: Page, axe: Axe) -> None:
    assert axe(page) == [], page.url
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is wider than the window"


def world() -> tuple[Notification, Notification]:
    """A notification under way in every copy, and a draft."""
    cache.clear()
    with wired() as wire:
        row = sent_on()
        wire.settle()
        commands.acknowledge(actor("DE"), copy(row, "DE").pk)
        commands.request_info(actor("NL"), copy(row, "NL").pk, question="By which vessel?")
        wire.settle()
        return row, drafted()


@pytest.mark.parametrize("width", ["page", "phone"])
def test_every_page_can_be_used(width: str, live_server: Any, request: pytest.FixtureRequest, axe: Axe) -> None:
    row, draft = world()
    shown: Page = request.getfixturevalue(width)
    enter(shown, live_server.url, actor("DE"))
    for where in (
        "/desk/", "/notifications/", f"/notifications/{row.case}/", f"/notifications/{row.case}/decide/",
        f"/notifications/{row.case}/suspend/", "/calendar/",
    ):  # fmt: skip
        shown.goto(live_server.url + where)
        looks_right(shown, axe)
    shown.context.clear_cookies()
    enter(shown, live_server.url, actor("TH", "notifier", "clerk"))
    steps = ["parties", "waste", "quantities", "carriers", "facility", "route", "papers", "files", "review"]
    for where in (
        "/notifications/new/", f"/notifications/{row.case}/revise/",
        *(f"/notifications/{draft.case}/edit/{step}/" for step in steps),
    ):  # fmt: skip
        shown.goto(live_server.url + where)
        looks_right(shown, axe)


def test_what_is_typed_is_kept_and_the_law_answers_beside_it(live_server: Any, page: Page, axe: Axe) -> None:
    _row, draft = world()
    enter(page, live_server.url, actor("TH", "notifier", "clerk"))
    page.goto(f"{live_server.url}/notifications/{draft.case}/edit/route/")
    assert page.locator("#mv-law").get_by_text("Papers needed").is_visible()
    page.locator("#id_import-state").select_option("MY")
    page.locator("#mv-law").get_by_text("What stands in the way").wait_for()
    page.locator("#mv-saved").get_by_text("Kept").wait_for()
    assert again(draft).state_import == "MY"
    # The next change builds on the revision that came back with the last one.
    page.locator("#id_import-state").select_option("DE")
    page.locator("#mv-law").get_by_text("Papers needed").wait_for()
    assert again(draft).state_import == "DE"
    looks_right(page, axe)


def test_a_decision_shows_only_what_it_asks(live_server: Any, page: Page) -> None:
    row, _draft = world()
    enter(page, live_server.url, actor("DE"))
    page.goto(f"{live_server.url}/notifications/{row.case}/decide/")
    assert not page.get_by_role("heading", name="Conditions").is_visible()
    page.get_by_role("radio", name="Consent with conditions").check()
    assert page.get_by_role("heading", name="Conditions").is_visible()
    first = page.locator("[data-mv-condition]").first
    first.locator("select").select_option("maximum_load")
    assert first.get_by_label("Kilograms").is_visible()
    assert not first.get_by_label("Packaging codes").is_visible()
    page.get_by_role("radio", name="Objection").check()
    assert page.get_by_role("heading", name="Grounds of an objection").is_visible()
    assert not page.get_by_label("Valid from").is_visible()


def test_a_draft_is_finished_without_scripts(live_server: Any, no_js: Page) -> None:
    _row, draft = world()
    enter(no_js, live_server.url, actor("TH", "notifier", "clerk"))
    no_js.goto(f"{live_server.url}/notifications/{draft.case}/edit/quantities/")
    no_js.get_by_label("Intended quantity (kg)").fill("200000")
    no_js.get_by_role("button", name="Save and go on").click()
    assert no_js.url.endswith("/edit/carriers/")
    assert str(again(draft).quantity_kg) == "200000.000"
    no_js.goto(f"{live_server.url}/notifications/{draft.case}/edit/review/")
    no_js.get_by_role("button", name="Submit to the authority of export").click()
    assert again(draft).status == "submitted"
    assert cases.again(draft).number.startswith("TH ")
