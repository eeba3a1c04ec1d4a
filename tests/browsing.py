"""A browser with and without JavaScript, one for the whole run: two of Playwright in one process do not get on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# Playwright's own loop would make Django refuse its synchronous database calls in this process.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What axe-core calls moderate or minor is looked at by people; these two are never let through.
SERIOUS = {"serious", "critical"}
# Milliseconds that a page may take, on a busy machine, too: a test waits for what it waits for, it measures nothing.
PATIENCE = 120_000


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One browser for the run; every test has its own context."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium_path, args=BROWSER_ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def open_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Make a browser context; it is closed after the test."""
    made: list[BrowserContext] = []

    def make(width: int = 1280, **options: Any) -> BrowserContext:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB", **options)
        context.set_default_timeout(PATIENCE)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


def _watched(context: BrowserContext) -> Iterator[Page]:
    """A page whose errors fail the test: a refused script or style is an error, too."""
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A page 1280 pixels wide."""
    yield from _watched(open_context())


@pytest.fixture
def phone(open_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A page 390 pixels wide, with a finger instead of a mouse."""
    yield from _watched(open_context(390, has_touch=True, is_mobile=True))


@pytest.fixture
def dark(open_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A page 1280 pixels wide for a reader who has set a dark screen."""
    yield from _watched(open_context(color_scheme="dark"))


@pytest.fixture
def no_js(open_context: Callable[..., BrowserContext]) -> Page:
    """A page in a browser that runs no script."""
    return open_context(java_script_enabled=False).new_page()


@pytest.fixture
def axe(axe_source: str) -> Callable[[Page], list[str]]:
    """`axe(page)`: the serious and critical findings, one line each; a page without any gives []."""

    def run(page: Page) -> list[str]:
        page.evaluate(axe_source)
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for violation in found["violations"]
            if violation["impact"] in SERIOUS
            for node in violation["nodes"]
        ]

    return run
