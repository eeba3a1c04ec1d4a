"""The law pages and the API's page in a browser: sound for a screen reader, whole on a phone and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Axe = Callable[["Page"], list[str]]
PAGES = (
    "/law/",
    "/law/search?q=plastic",
    "/law/states/VN",
    "/law/layers/eu",
    "/law/rules/VN-IMP-CONFORM",
    "/law/rules/MY-IMP-EWASTE-2026",
    "/law/entries/",
    "/law/entries/Y48",
    "/law/standards",
    "/law/changes?from=2024-01-01",
    "/law/compare?a=2025-06-30&b=2025-07-01",
    "/api/v1/docs/",
    "/law/states/FR",
)


def unfold(page: Page) -> None:
    """Open everything that folds, so that what is inside is looked at, too."""
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")


def some(*kept: int) -> list[Any]:
    """All pages, of which a newcomer's run takes these."""
    return [p if n in kept else pytest.param(p, marks=pytest.mark.ci) for n, p in enumerate(PAGES)]


@pytest.mark.parametrize("address", some(0, 4, 8))
def test_pages_are_sound_by_day(page: Page, live_server: Any, axe: Axe, address: str) -> None:
    page.goto(live_server.url + address)
    unfold(page)
    assert axe(page) == []
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("address", some(2))
def test_pages_are_sound_by_night_and_on_a_phone(
    open_context: Callable[..., BrowserContext], live_server: Any, axe: Axe, address: str
) -> None:
    night = open_context(390, has_touch=True, is_mobile=True, color_scheme="dark").new_page()
    night.goto(live_server.url + address)
    unfold(night)
    assert axe(night) == []
    assert night.evaluate("document.documentElement.scrollWidth") <= 390


def test_search_follows_the_words(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + "/law/")
    page.fill("#q", "certificate of approval")
    page.wait_for_selector("#hits .lp-rule")
    assert "MY-IMP-COA-2025" in page.inner_text("#hits")
    page.click("#hits .lp-rule-text a >> nth=0")
    page.wait_for_url("**/law/rules/**")


def test_filters_of_the_search_keep_the_address(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + "/law/search?q=licence")
    page.select_option("#state", "TH")
    page.wait_for_url("**state=TH**")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#hits .td-code')].every((c) => c.innerText.startsWith('TH-'))"
    )
    page.reload()
    assert page.input_value("#state") == "TH"


@pytest.mark.ci
def test_the_map_leads_to_a_state_by_keyboard_and_by_finger(page: Page, phone: Page, live_server: Any) -> None:
    page.goto(live_server.url + "/law/")
    link = page.locator('svg.lp-atlas a.lp-state[href="/law/states/AU"]')
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/law/states/AU")
    phone.goto(live_server.url + "/law/")
    shape = phone.locator('svg.lp-atlas a.lp-shape[href="/law/states/AU"] path')
    shape.scroll_into_view_if_needed()
    box = shape.bounding_box()
    assert box
    phone.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    phone.wait_for_url("**/law/states/AU")


def test_everything_works_without_javascript(no_js: Page, live_server: Any) -> None:
    no_js.goto(live_server.url + "/law/")
    no_js.fill("#q", "Y48")
    no_js.click(".lp-search button")
    no_js.wait_for_url("**/law/search?q=Y48")
    assert no_js.locator(".lp-rule").count() > 3
    no_js.goto(live_server.url + "/law/states/TH")
    no_js.fill("#on", "2024-06-01")
    no_js.click(".lp-onday button")
    assert "TH-IMP-FZ-2024" in no_js.inner_text("section#import > .lp-rules")
    no_js.goto(live_server.url + "/law/compare")
    no_js.fill("#a", "2025-06-30")
    no_js.fill("#b", "2025-07-01")
    no_js.click(".lp-filter button")
    assert "MY-IMP-COA-2025" in no_js.inner_text("section[aria-labelledby=begun-title]")
    # The picture by day is there, the one by night is not.
    no_js.goto(live_server.url + "/law/states/TH")
    assert no_js.is_visible(".lp-light")
    assert not no_js.is_visible(".lp-dark")


@pytest.mark.ci
def test_pictures_follow_the_theme(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + "/law/states/TH")
    page.wait_for_function("() => document.querySelector('.lp-light img').naturalWidth > 100")
    assert not page.is_visible(".lp-dark")
    page.click("[data-td-theme]")
    page.wait_for_function("() => document.querySelector('.lp-dark img').naturalWidth > 100")
    assert not page.is_visible(".lp-light")


def test_the_api_can_be_tried_on_its_page(open_context: Callable[..., BrowserContext], live_server: Any) -> None:
    # Not the watched page: the browser itself reports an answer of 422, which is looked for here, as an error.
    page = open_context().new_page()
    page.goto(live_server.url + "/api/v1/docs/")
    page.click("#screen summary:has-text('Try it here')")
    page.click("#screen form button[type=submit]")
    page.wait_for_selector("#screen [data-ap-answer]:not([hidden])")
    assert page.inner_text("#screen [data-ap-status]").startswith("200 ")
    assert '"outcome": "needs"' in page.inner_text("#screen [data-ap-answer]")
    page.fill("#screen textarea", '{"id": 1, "date": "2026-01-01", "export": "JP"}')
    page.click("#screen form button[type=submit]")
    page.wait_for_function("() => document.querySelector('#screen [data-ap-status]').innerText.startsWith('422 ')")
    assert '"field": "import"' in page.inner_text("#screen [data-ap-answer]")
