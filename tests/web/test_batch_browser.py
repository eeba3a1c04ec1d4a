"""The batch page in a browser: from upload to one row, with and without JavaScript, on a phone, without barriers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.batches import SHIPMENTS, decided, lines, messy
from tidegate.web.batch import load_result
from tidegate.web.batch.models import Batch
from tidegate.web.jobs.models import Job
from tidegate.web.jobs.worker import Worker

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.ci, pytest.mark.django_db(transaction=True)]

Axe = Callable[["Page"], list[str]]


@pytest.fixture(autouse=True)
def own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.TIDEGATE_BATCHES_OPEN = True


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "declarations.csv"
    path.write_bytes(messy())
    return path


@pytest.fixture
def result(tmp_path: Path) -> Batch:
    out, summary = decided(tmp_path, lines([*SHIPMENTS, {"id": "bad", "date": "2026-02-30"}]))
    return load_result(out, "declarations of a year.parquet", summary)


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_from_upload_to_one_row(page: Page, live_server: Any, source: Path) -> None:
    page.goto(f"{live_server.url}/batch/")
    page.set_input_files("#files", source)
    assert "declarations.csv" in page.inner_text("[data-ba-chosen]")
    page.get_by_role("button", name="Upload and look at the columns").click()
    page.wait_for_selector("#columns-form")
    # A choice is tried at once, and the column says why it is wrong.
    choice = page.locator("label:text-is('Net weight (t)') >> xpath=../.. >> select")
    choice.focus()
    choice.select_option("date")
    page.wait_for_selector("text=Another column is taken for")
    assert page.get_by_role("button", name="Start screening").is_disabled()
    choice.select_option("net_kg")
    page.wait_for_selector("text=rows can be read")
    assert choice.evaluate("(select) => select === document.activeElement")
    page.get_by_role("button", name="Start screening").click()
    page.wait_for_selector("text=Waiting for a worker")
    Worker("test").drain()
    page.wait_for_selector(".ba-equation")
    assert "38 decided" in page.inner_text(".ba-equation")
    page.get_by_role("link", name="Rows", exact=False).first.click()
    page.select_option("#f-to", "TH")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_selector("text=of 38")
    page.locator("tbody a").first.click()
    page.wait_for_selector("#verdict-title")
    title = page.inner_text("#verdict-title")
    page.get_by_role("link", name="Open in the check page").click()
    page.wait_for_selector(".ck-answer")
    assert page.inner_text("#verdict-title") == title


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    page: Page, live_server: Any, source: Path, settings: Any
) -> None:
    settings.TIDEGATE_UPLOAD_MAX_BYTES = 100
    page.goto(f"{live_server.url}/batch/")
    page.set_input_files("#files", source)
    assert "Larger than" in page.inner_text("[data-ba-chosen]")
    assert page.get_by_role("button", name="Upload and look at the columns").is_disabled()
    assert not Batch.objects.exists()


def test_everything_works_without_javascript(no_js: Page, live_server: Any, source: Path) -> None:
    no_js.goto(f"{live_server.url}/batch/")
    no_js.set_input_files("#files", source)
    no_js.get_by_role("button", name="Upload and look at the columns").click()
    chosen = "label:text-is('PE %') >> xpath=../.. >> select"
    no_js.select_option(chosen, "")
    no_js.get_by_role("button", name="Try these columns").click()
    assert no_js.locator(chosen).input_value() == ""
    no_js.get_by_role("button", name="Start screening").click()
    assert "Waiting for a worker" in no_js.inner_text("main")
    no_js.get_by_role("button", name="Cancel").click()
    assert "cancelled" in no_js.inner_text("main")
    no_js.get_by_role("link", name="Back to the columns").click()
    assert no_js.locator(chosen).input_value() == ""
    no_js.get_by_role("button", name="Start screening").click()
    Worker("test").drain()
    # The page looks again by itself.
    no_js.wait_for_selector(".ba-equation")
    no_js.locator("label[for=flow-prohibited]").click()
    assert no_js.locator(".ba-map-prohibited").is_visible()
    assert not no_js.locator(".ba-map-all").is_visible()
    no_js.get_by_role("link", name="Rejects").first.click()
    assert no_js.locator("tbody tr").count() == 2


def test_the_page_stays_when_a_job_fails(page: Page, live_server: Any, source: Path, result: Batch) -> None:
    page.goto(f"{live_server.url}/batch/")
    page.set_input_files("#files", source)
    page.get_by_role("button", name="Upload and look at the columns").click()
    page.get_by_role("button", name="Start screening").click()
    page.wait_for_selector("text=Waiting for a worker")
    Job.objects.update(state="failed", error="The file was cut off.")
    page.wait_for_selector("text=This file could not be screened.")
    assert "The file was cut off." in page.inner_text("[role=alert]")


PAGES = ["", "rows/", "rows/?outcome=prohibited&to=TH", "rows/1/", "rejects/", "downloads/", "delete/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe_in_a_result(
    open_context: Callable[..., Any], axe: Axe, live_server: Any, scheme: str, result: Batch
) -> None:
    page = open_context(color_scheme=scheme).new_page()
    for part in PAGES:
        page.goto(f"{live_server.url}{result.get_absolute_url()}{part}")
        page.evaluate("document.querySelectorAll('main details').forEach((d) => { d.open = true; })")
        assert axe(page) == [], part


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe_on_the_way(
    open_context: Callable[..., Any], axe: Axe, live_server: Any, scheme: str, source: Path
) -> None:
    page = open_context(color_scheme=scheme).new_page()
    page.goto(f"{live_server.url}/batch/")
    assert axe(page) == []
    page.set_input_files("#files", {"name": "x.pdf", "mimeType": "text/csv", "buffer": b"%PDF-1"})
    page.get_by_role("button", name="Upload and look at the columns").click()
    page.wait_for_selector("[role=alert]")
    assert axe(page) == []
    page.set_input_files("#files", source)
    page.get_by_role("button", name="Upload and look at the columns").click()
    page.wait_for_selector("#columns-form")
    page.evaluate("document.querySelectorAll('main details').forEach((d) => { d.open = true; })")
    assert axe(page) == []
    page.get_by_role("button", name="Start screening").click()
    page.wait_for_selector("text=Waiting for a worker")
    assert axe(page) == []
    page.goto(f"{live_server.url}/batch/")
    assert axe(page) == []


def test_a_phone_shows_it_all(phone: Page, axe: Axe, live_server: Any, source: Path, result: Batch) -> None:
    for part in PAGES:
        phone.goto(f"{live_server.url}{result.get_absolute_url()}{part}")
        phone.evaluate("document.querySelectorAll('main details').forEach((d) => { d.open = true; })")
        assert fits(phone), part
        assert axe(phone) == [], part
    phone.goto(f"{live_server.url}{result.get_absolute_url()}rows/")
    assert not phone.locator("#f-to").is_visible()
    phone.locator(".ba-filter-more > summary").tap()
    assert phone.locator("#f-to").is_visible()
    phone.goto(f"{live_server.url}/batch/")
    assert fits(phone)
    phone.set_input_files("#files", source)
    phone.get_by_role("button", name="Upload and look at the columns").tap()
    phone.wait_for_selector("#columns-form")
    assert fits(phone)
    assert axe(phone) == []


def test_a_keyboard_reaches_everything(page: Page, live_server: Any, result: Batch) -> None:
    page.goto(f"{live_server.url}{result.get_absolute_url()}")
    seen: list[str] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "(() => { const e = document.activeElement; return e === document.body ? '' : "
            "e.id || e.getAttribute('href') || e.innerText || e.tagName; })()"
        )
        if not where:
            break
        seen.append(where)
    assert len(seen) < 150
    assert "flow-all" in seen
    assert any("outcome=prohibited" in one for one in seen)
    page.locator("#flow-all").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".ba-map-prohibited").is_visible()


def test_the_pictures_load_and_nothing_comes_from_outside(page: Page, live_server: Any, result: Batch) -> None:
    page.goto(f"{live_server.url}{result.get_absolute_url()}")
    page.evaluate("document.querySelectorAll('img').forEach((i) => { i.loading = 'eager'; })")
    page.wait_for_function(
        "() => [...document.images].filter((i) => i.offsetParent).every((i) => i.complete && i.naturalWidth > 50)"
    )
    outside = page.evaluate(
        "performance.getEntriesByType('resource').map((r) => r.name)"
        ".filter((name) => !name.startsWith(location.origin))"
    )
    assert outside == []
