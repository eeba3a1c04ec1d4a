"""The pages of the rooms in every language: nothing that they look up is missing, and the languages fit the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as configured
from django.test import Client
from django.utils import translation
from django.utils.translation import trans_real
from lxml import html as lxml_html

from tests.movements import people, shipments
from tests.movements.browsing import send, signed_in
from tests.movements.cases import Wire, wired
from tests.movements.people import issued
from tests.movements.shipments import DAY, actor, arrived, at, in_force
from tests.movements.test_pages_browser import Axe, enter, looks_right
from tidegate.movements.models import Movement, TakeBack
from tidegate.parties import times
from tools import messages

if TYPE_CHECKING:
    from playwright.sync_api import Page

LANGUAGES = sorted(messages.LANGUAGES)
# What a page of each language must say where it says “Movement” in English.
MOVEMENT = {"vi": "Chuyến vận chuyển", "th": "การเคลื่อนย้าย", "id": "Perpindahan", "ms": "Pergerakan"}
# Texts of the packages that serve sign-in, which have no catalogue of these languages, and a sign of Django's.
OTHERS = {
    "Forgot your password?",
    "This functionality requires JavaScript.",
    "String to return when truncating text\x04%(truncated_text)s…",
}
# Days and figures as machines write them; the logs, whose times are compared to the second, keep them.
RAW = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{4,}\.\d{3}\b")
LOGS = {"/exchange/", "/journal/"}
Visit = tuple[Client, str]


@pytest.fixture(autouse=True)
def fixed(tmp_path: Path, settings: Any) -> Iterator[None]:
    """No second factor, files of the test's own; and the last page's language does not stay."""
    settings.TIDEGATE_SECOND_FACTOR = False
    settings.TIDEGATE_DATA_DIR = tmp_path
    yield
    translation.deactivate()


@pytest.fixture
def wire() -> Iterator[Wire]:
    with wired() as found, times.at(DAY):
        yield found


@pytest.fixture
def missed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The messages that were looked up in a language other than English and found in no catalogue."""
    found: set[str] = set()
    translations: Any = trans_real.DjangoTranslation
    one, many = translations.gettext, translations.ngettext

    def note(catalogue: Any, message: str) -> None:
        held = catalogue._catalog
        if catalogue.language() not in ("en", "en-us") and not any(key in held for key in (message, (message, 0))):
            found.add(message)

    def gettext(self: Any, message: str) -> str:
        note(self, message)
        return str(one(self, message))

    def ngettext(self: Any, singular: str, plural: str, n: int) -> str:
        note(self, singular)
        return str(many(self, singular, plural, n))

    monkeypatch.setattr(translations, "gettext", gettext)
    monkeypatch.setattr(translations, "ngettext", ngettext)
    return found


def world(wire: Wire) -> tuple[Movement, TakeBack]:
    """A shipment that arrived in Germany, and a take-back case about it."""
    made = arrived(wire, in_force(wire))
    customs = signed_in(shipments.customs("DE"))
    send(customs, f"/take-back/new/?movement={at(made, 'DE').pk}", finding="Household refuse",
         custody_place="Pier 4", custody_kg="20000")  # fmt: skip
    wire.settle()
    return made, TakeBack.objects.get(holder="DE")


def visits(made: Movement, case: TakeBack) -> Iterator[Visit]:
    """Who looks at which page: the rooms' main pages, forms among them."""
    office, customs = signed_in(actor("DE")), signed_in(shipments.customs("DE"))
    trader, public = signed_in(shipments.trader()), Client()
    permit, licensing = issued(), signed_in(people.actor("competent_authority"))
    notification, movement = f"/notifications/{made.case}/", f"/movements/{made.case}/{made.serial}/"
    own = f"/take-back/{case.case}/"
    for where in ("/verify/", "/quotas/", "/accounts/login/"):
        yield public, where
    for where in (f"/border?q={made.case}/{made.serial}", "/border?q=nothing", "/border/many/"):
        yield customs, where
    for where in (
        "/desk/", "/notifications/", notification, f"{notification}suspend/", "/movements/", movement,
        f"{movement}hold/", "/take-back/", own, f"{own}classify/", "/certificates/", "/calendar/", "/notices/",
        "/exchange/", "/consignments/", "/me/", "/organisations/", "/journal/", "/approvals/",
    ):  # fmt: skip
        yield office, where
    for where in ("/permits/", f"/permits/{permit.pk}/"):
        yield licensing, where
    for where in ("/notifications/new/", "/movements/new/", "/shipments/green/"):
        yield trader, where


@pytest.mark.django_db
def test_nothing_that_a_page_looks_up_is_missing(wire: Wire, missed: set[str]) -> None:
    """The catalogue's check sees what the code marks; this sees what a page asks for, also by a variable."""
    may = {key[1] for key, found in messages.messages().items() if found.optional}
    for client, where in visits(*world(wire)):
        for language in LANGUAGES:
            client.cookies[configured.LANGUAGE_COOKIE_NAME] = language
            response = client.get(where)
            assert response.status_code == 200, where
            text = response.content.decode()
            assert f'<html lang="{language}"' in text, where
            tree: Any = lxml_html.document_fromstring(text)
            visible = " ".join(tree.xpath("//body//text()[not(ancestor::script or ancestor::pre or ancestor::code)]"))
            assert not re.search(r"%\(\w+\)[sd]|%%", visible), where
            assert where in LOGS or not RAW.search(visible), (where, RAW.findall(visible))
    assert {text for text in missed - OTHERS if text not in may and not messages.is_code(text)} == set()


@pytest.mark.ci
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", ["page", "phone"])
def test_the_pages_hold_every_language(width: str, live_server: Any, request: pytest.FixtureRequest, axe: Axe) -> None:
    """Thai has no blanks to break lines at, Vietnamese and Indonesian words are longer than English ones."""
    with wired() as wire, times.at(DAY):
        made, case = world(wire)
    shown: Page = request.getfixturevalue(width)
    pages = {
        "ms": f"/border?q={made.case}/{made.serial}",
        "vi": f"/notifications/{made.case}/",
        "th": f"/take-back/{case.case}/",
        "id": f"/movements/{made.case}/{made.serial}/",
    }
    for language, where in pages.items():
        shown.context.clear_cookies()
        enter(shown, live_server.url, shipments.customs("DE") if language == "ms" else actor("DE"))
        cookie: Any = {"name": configured.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}
        shown.context.add_cookies([cookie])
        shown.goto(live_server.url + where)
        assert shown.locator("html").get_attribute("lang") == language
        assert MOVEMENT[language] in shown.locator("body").inner_text(), where
        looks_right(shown, axe)
