"""The pages of notifications in a real browser: both widths, axe-core, autosave, the law beside the form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from tests.movements import cases
from tests.movements.cases import actor, again, copy, drafted, sent_on, wired
from tests.movements.green_forms import at, form, ready, trader
from tidegate.movements.commands import green, inspectors
from tidegate.movements.commands import notifications as commands
from tidegate.movements.models import InfoRequest, InspectorReport, Notification
from tidegate.parties import times
from tidegate.parties.actors import Actor

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

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
    with wired() as wire:
        row = sent_on()
        wire.settle()
        commands.acknowledge(actor("DE"), copy(row, "DE").pk)
        commands.request_info(actor("NL"), copy(row, "NL").pk, question="By which vessel?")
        wire.settle()
        return row, drafted()


@pytest.mark.parametrize("width", ["phone", "dark"])
def test_an_inspector_reads_a_case_and_reports(
    width: str, live_server: Any, request: pytest.FixtureRequest, axe: Axe
) -> None:
    row, _draft = world()
    secret = vars(inspectors.issue(actor("DE"), notification_id=copy(row, "DE").pk, purpose="Police"))["shown"]
    shown: Page = request.getfixturevalue(width)
    shown.goto(f"{live_server.url}/inspect/{secret}/")
    looks_right(shown, axe)
    shown.get_by_label("Your service and number").fill("Police 12")
    shown.get_by_label("Place").fill("Route 3, km 41")
    shown.get_by_label("Intact, numbers agree").check()
    shown.get_by_role("button", name="Send it to the authority").click()
    shown.get_by_text("Your report is kept").wait_for()
    looks_right(shown, axe)
    assert InspectorReport.objects.get().place == "Route 3, km 41"


@pytest.mark.parametrize("width", ["page", "phone", "dark"])
def test_every_page_can_be_used(width: str, live_server: Any, request: pytest.FixtureRequest, axe: Axe) -> None:
    row, draft = world()
    shown: Page = request.getfixturevalue(width)
    enter(shown, live_server.url, actor("DE"))
    for where in (
        "/desk/", "/notifications/", f"/notifications/{row.case}/", f"/notifications/{row.case}/decide/",
        f"/notifications/{row.case}/suspend/", f"/notifications/{row.case}/inspectors/", "/calendar/", "/keeping/",
        "/keeping/hold/",
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


def test_what_the_page_kept_late_does_not_undo_the_button(live_server: Any, page: Page) -> None:
    """The page's own autosave is held up on its way and arrives after what its Save button sent."""
    _, draft = world()
    enter(page, live_server.url, actor("TH", "notifier", "clerk"))
    page.goto(f"{live_server.url}/notifications/{draft.case}/edit/quantities/")
    kilograms = page.get_by_label("Intended quantity (kg)")

    def held(route: Route) -> None:
        route.fulfill(status=204) if "hx-request" in route.request.headers else route.continue_()

    page.route("**/edit/quantities/", held)
    with page.expect_request(lambda asked: asked.headers.get("hx-request") == "true") as autosave:
        kilograms.fill("111000")
        page.keyboard.press("Tab")
    kilograms.fill("222000")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    late = page.request.post(
        autosave.value.url,
        headers={"HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded", "Referer": page.url},
        data=autosave.value.post_data,
    )
    assert late.status == 204
    assert again(draft).quantity_kg == 222000


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


def test_a_question_is_answered_with_a_file(
    live_server: Any, open_context: Callable[..., Any], axe: Axe, tmp_path: Path
) -> None:
    row, _draft = world()
    phone: Page = open_context(390, has_touch=True, is_mobile=True).new_page()
    enter(phone, live_server.url, actor("TH", "notifier", "clerk"))
    phone.goto(f"{live_server.url}/notifications/{row.case}/")
    phone.get_by_role("link", name="Answer", exact=True).click()
    answer, send = phone.get_by_label("Answer"), phone.get_by_role("button", name="Send the answer")
    answer.fill("By the vessel of the plan")
    for name, data in (("plan.txt", b"\xff\xfe"), ("plan.pdf", b"%PDF-1.7 the plan")):
        (tmp_path / name).write_bytes(data)
    phone.locator("input[type=file]").set_input_files(tmp_path / "plan.txt")
    # An answer whose file is refused is not lost, and the reader is led to the file.
    with phone.expect_response(lambda one: one.request.method == "POST") as refused:
        send.click()
    assert refused.value.status == 422
    phone.get_by_text("Expected: plain text in UTF-8").wait_for()
    assert answer.input_value() == "By the vessel of the plan"
    assert phone.evaluate("document.activeElement.type") == "file"
    looks_right(phone, axe)
    phone.locator("input[type=file]").set_input_files(tmp_path / "plan.pdf")
    send.click()
    phone.get_by_text("The answer is sent.").wait_for()
    assert phone.get_by_role("link", name="plan.pdf").is_visible()
    looks_right(phone, axe)
    assert InfoRequest.objects.get(holder="TH", case=row.case).answer == "By the vessel of the plan"


def test_customs_holds_a_green_listed_shipment_and_lets_it_go(live_server: Any, phone: Page, axe: Axe) -> None:
    ready()
    with wired() as wire, times.at(datetime(2026, 6, 1, 2, tzinfo=UTC)):
        row = green.enter(trader(), content=form(planned_on="2026-07-01"))
        wire.settle()
    enter(phone, live_server.url, actor("DE", "customs", "clerk"))
    phone.goto(f"{live_server.url}/shipments/green/{row.case}/")
    for act, done, held in (
        ("Hold", "Held; the other States are told.", True),
        ("End the hold", "The hold of this State has ended.", False),
    ):
        phone.get_by_role("link", name=act, exact=True).click()
        looks_right(phone, axe)
        phone.get_by_label("Reason").fill("Papers are looked at")
        phone.get_by_role("button", name=act, exact=True).click()
        phone.get_by_text(done).wait_for()
        looks_right(phone, axe)
        assert phone.get_by_text("Held by Germany").is_visible() is held
        assert bool(at(row, "DE").holds) is held
