"""The check page in a browser: live with JavaScript, whole without it, by keyboard, and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.shipments import CLEAN_PE_TO_MALAYSIA, MIXED_TO_THAILAND, all_papers
from tidegate.web.check.answers import permalink

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Axe = Callable[["Page"], list[str]]


def address(live_server: Any, shipment: dict[str, Any]) -> str:
    return live_server.url + permalink(shipment)


def settled(page: Page) -> None:
    """Wait until htmx has put the answer to the last change in place."""
    page.wait_for_function("() => !document.querySelector('#busy.htmx-request')")


def test_the_verdict_follows_every_answer(page: Page, live_server: Any) -> None:
    page.goto(live_server.url)
    assert not page.query_selector(".ck-answer")
    page.select_option("#from", "JP")
    page.select_option("#to", "MY")
    page.wait_for_selector(".ck-answer")
    assert "from=JP&to=MY" in page.url
    page.fill("#p-0", "HDPE")
    page.fill("#pct-0", "98,5")
    page.press("#pct-0", "Tab")
    page.wait_for_url("**mix=HDPE:98.5**")
    first = page.inner_text("#ask-title")
    page.get_by_role("group", name=first).get_by_role("button", name="No", exact=True).first.click()
    page.wait_for_function("(first) => document.querySelector('#ask-title')?.innerText !== first", arg=first)
    assert page.evaluate("document.activeElement.id") == "ask-title"
    assert page.inner_text("#ask-title") in page.inner_text("#ask")
    page.go_back()
    page.wait_for_function("(first) => document.querySelector('#ask-title')?.innerText === first", arg=first)


def test_the_screen_reader_hears_the_verdict(page: Page, live_server: Any) -> None:
    page.goto(address(live_server, {k: v for k, v in MIXED_TO_THAILAND.items() if k != "import"}))
    voice = page.locator("#verdict-voice")
    assert voice.get_attribute("aria-live") == "polite"
    page.select_option("#to", "TH")
    page.wait_for_selector(".ck-answer")
    assert "Prohibited" in voice.inner_text()
    assert "Thailand" in voice.inner_text()


@pytest.mark.ci
def test_ticking_the_papers_changes_the_verdict(page: Page, live_server: Any) -> None:
    page.goto(address(live_server, {**CLEAN_PE_TO_MALAYSIA, "facts": {"source": "industrial"}}))
    assert page.inner_text("#verdict-title") == "Papers needed"
    boxes = page.locator("#papers input[type=checkbox]")
    for n in range(boxes.count()):
        # By its value: "the first that is not ticked" would be another one when the page answers in between.
        kind = page.locator("#papers input[type=checkbox]:not(:checked)").first.get_attribute("value")
        page.check(f"#papers input[type=checkbox][value='{kind}']")
        page.wait_for_function("(n) => document.querySelectorAll('#papers .ck-paper-held').length === n", arg=n + 1)
    assert page.inner_text("#verdict-title") == "Clear on paper"
    assert "Still to check" in page.inner_text(".ck-banner-text")


@pytest.mark.ci
def test_a_keyboard_reaches_and_answers_the_question(page: Page, live_server: Any) -> None:
    known = {name: CLEAN_PE_TO_MALAYSIA[name] for name in ("export", "import", "date", "polymers")}
    page.goto(address(live_server, known))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "td-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Yes"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    before = page.inner_text("#ask-title")
    page.keyboard.press("Enter")
    page.wait_for_function("(before) => document.querySelector('#ask-title')?.innerText !== before", arg=before)
    assert "hazardous=n" in page.url
    # Every control that is in sight can be reached, and none traps the keyboard.
    seen: list[str] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "(() => { const e = document.activeElement; return e === document.body ? '' : "
            "e.id || e.name || e.innerText || e.tagName; })()"
        )
        if not where:
            break
        seen.append(where)
    assert {"from", "to", "date"} <= set(seen) or "Route and day" in " ".join(seen)
    assert len(seen) < 200


def test_enter_in_a_field_does_not_answer_the_question(page: Page, live_server: Any) -> None:
    page.goto(address(live_server, {"export": "JP", "import": "MY", "date": "2026-11-21"}))
    page.fill("#hs", "391510")
    page.press("#hs", "Enter")
    page.wait_for_url("**hs=391510**")
    assert "hazardous" not in page.url


def test_everything_works_without_javascript(no_js: Page, live_server: Any) -> None:
    no_js.goto(live_server.url)
    no_js.select_option("#from", "JP")
    no_js.select_option("#to", "MY")
    no_js.fill("#p-0", "PE")
    no_js.fill("#pct-0", "99")
    no_js.fill("#foreign", "1")
    no_js.select_option("#op", "R3")
    no_js.get_by_role("button", name="Check", exact=True).last.click()
    no_js.wait_for_url("**mix=PE:99**")
    assert "go=" not in no_js.url
    assert no_js.inner_text("#verdict-title") == "Undetermined"
    no_js.get_by_role("group", name=no_js.inner_text("#ask-title")).get_by_role(
        "button", name="No", exact=True
    ).first.click()
    no_js.wait_for_url("**hazardous=n**")
    no_js.locator("#papers input[type=checkbox]").first.check()
    no_js.get_by_role("button", name="Check", exact=True).last.click()
    no_js.wait_for_url("**doc=**")
    no_js.locator("#papers .ck-paper-held").first.wait_for()
    assert no_js.locator("#papers .ck-paper-held").count() == 1
    # The language is changed by a button that only this browser sees.
    no_js.select_option("#td-language", "vi")
    no_js.get_by_role("button", name="Change").click()
    no_js.locator("html[lang=vi]").wait_for()
    assert "mix=PE:99" in no_js.url


@pytest.mark.ci
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "shipment",
    [
        pytest.param({}, id="start"),
        pytest.param(MIXED_TO_THAILAND, id="prohibited"),
        pytest.param({"export": "JP", "import": "VN", "transit": ["LA"], "date": "2026-11-21"}, id="undetermined"),
        pytest.param(
            {**CLEAN_PE_TO_MALAYSIA, "documents": all_papers(), "facts": {"source": "industrial"}}, id="clear"
        ),
        pytest.param({**CLEAN_PE_TO_MALAYSIA, "net_kg": "-5", "polymers": {"PE": "140"}}, id="errors"),
    ],
)
def test_no_serious_finding_of_axe(
    open_context: Callable[..., Any], axe: Axe, live_server: Any, scheme: str, shipment: dict[str, Any]
) -> None:
    page = open_context(color_scheme=scheme).new_page()
    page.goto(address(live_server, shipment))
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert axe(page) == []


@pytest.mark.ci
def test_a_phone_shows_it_all(phone: Page, axe: Axe, live_server: Any) -> None:
    phone.goto(address(live_server, MIXED_TO_THAILAND))
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    bar = phone.locator("[data-ck-bar]")
    phone.wait_for_function("() => document.querySelector('[data-ck-bar]').hidden")
    phone.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    bar.wait_for(state="visible")
    assert "Prohibited" in bar.inner_text()
    phone.evaluate("document.querySelectorAll('.ck details').forEach((d) => { d.open = true; })")
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert axe(phone) == []
    phone.evaluate("window.scrollTo(0, 0)")
    phone.locator(".td-menu > summary").tap()
    assert phone.locator(".td-menu nav a").first.is_visible()


@pytest.mark.ci
def test_the_colours_can_be_switched_and_stay(page: Page, live_server: Any) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(live_server.url)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark colours").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


@pytest.mark.ci
def test_a_dark_system_is_dark_without_javascript(open_context: Callable[..., Any], live_server: Any) -> None:
    pages = {
        scheme: open_context(java_script_enabled=False, color_scheme=scheme).new_page() for scheme in ("light", "dark")
    }
    seen = {}
    for scheme, page in pages.items():
        page.goto(live_server.url)
        seen[scheme] = page.screenshot()[:4000]
    assert seen["light"] != seen["dark"]


def test_a_page_stays_light_of_weight(page: Page, live_server: Any) -> None:
    weights: dict[str, int] = {}
    page.on(
        "response",
        lambda response: (
            weights.__setitem__(response.url, len(response.body()))
            if response.request.resource_type == "script"
            else None
        ),
    )
    page.goto(address(live_server, MIXED_TO_THAILAND))
    page.wait_for_load_state("networkidle")
    assert 0 < sum(weights.values()) < 300_000
    outside = page.evaluate(
        "performance.getEntriesByType('resource').map((r) => r.name)"
        ".filter((name) => !name.startsWith(location.origin))"
    )
    assert outside == []
