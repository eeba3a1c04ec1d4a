"""Sign-in, roles and the journal in a real browser: both widths, with and without scripts, a passkey, and axe-core."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from tests.parties.test_delegation import delegated
from tests.parties.test_feed import write
from tests.parties.world import World, make_world
from tidegate.parties import sealing
from tidegate.parties.models import Person

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "seven quiet herons"
Axe = Callable[["Page"], list[str]]


@pytest.fixture
def served(live_server: Any) -> tuple[str, World]:
    return live_server.url, make_world()


def enter(page: Page, address: str, world: World, kind: str, role: str) -> None:
    """Sign the person in without the form, which has a test of its own."""
    client = Client()
    client.force_login(world.membership(kind, role).person)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])


def looks_right(page: Page, axe: Axe) -> None:
    assert axe(page) == [], page.url
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is wider than the window"


PAGES = {
    "manager": ["/me/", "/organisations/", "/organisations/new/", "/delegations/", "/delegations/new/", "/keys/",
                "/keys/new/", "/state/", "/accounts/2fa/"],
    "officer": ["/approvals/", "/journal/"],
}  # fmt: skip


@pytest.mark.ci
@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize("width", ["page", "phone", "dark"])
def test_every_page_can_be_used(
    served: tuple[str, World],
    request: pytest.FixtureRequest,
    axe: Axe,
    role: str,
    width: str,
) -> None:
    address, world = served
    shown = request.getfixturevalue(width)
    write(world.body("carrier"))
    sealing.seal_all()
    write(world.body("carrier"))
    enter(shown, address, world, "competent_authority", role)
    own = world.body("competent_authority").pk
    for path in [*PAGES[role], f"/organisations/{own}/"]:
        shown.goto(address + path)
        looks_right(shown, axe)
    shown.locator(".td-acting > summary").click()
    looks_right(shown, axe)


def test_a_person_signs_in_and_switches(served: tuple[str, World], page: Page, axe: Axe) -> None:
    address, world = served
    person = world.membership("broker", "clerk").person
    person.set_password(PASSWORD)
    person.save()
    delegated(world, rights=["parties.organisation.read"])
    page.goto(f"{address}/organisations/")
    looks_right(page, axe)
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/organisations/")
    assert "broker 0 VN" in str(page.locator("main td").first.text_content())
    page.locator(".td-acting > summary").click()
    page.get_by_role("button", name="Case worker, notifier 0 VN").click()
    page.wait_for_url("**/me/")
    page.goto(f"{address}/organisations/")
    assert "notifier 0 VN" in str(page.locator("main td").first.text_content())
    page.locator(".td-acting > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{address}/")
    assert page.get_by_role("link", name="Sign in").is_visible()


def test_the_form_works_without_scripts(served: tuple[str, World], no_js: Page) -> None:
    address, world = served
    person = world.membership("customs", "viewer").person
    person.set_password(PASSWORD)
    person.save()
    no_js.goto(f"{address}/journal/")
    no_js.fill("input[name=login]", person.email)
    no_js.fill("input[name=password]", PASSWORD)
    no_js.click("main form button[type=submit]")
    assert no_js.url == f"{address}/journal/"


@pytest.mark.ci
def test_a_passkey_is_made_and_opens_the_door(served: tuple[str, World], page: Page) -> None:
    """With Chromium's own virtual authenticator; the content policy lets the scripts of it run."""
    address, world = served
    address = address.replace("127.0.0.1", "localhost")
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    enter(page, address, world, "customs", "viewer")
    page.goto(f"{address}/accounts/2fa/webauthn/add/")
    passwordless = page.locator("input[name=passwordless]")
    if passwordless.count():
        passwordless.check()
    page.locator("main form button").first.click()
    page.wait_for_url(lambda url: "webauthn/add" not in url)
    page.context.clear_cookies()
    page.goto(f"{address}/accounts/login/")
    page.click("#passkey_login")
    page.wait_for_url(lambda url: "login" not in url)
    page.goto(f"{address}/me/")
    assert "1 passkey" in str(page.locator("main").text_content())
    assert Person.objects.get(pk=world.membership("customs", "viewer").person_id).last_login is not None
