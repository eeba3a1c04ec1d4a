"""The translations: complete, compiled, true to their placeholders, and seen on the pages."""

from __future__ import annotations

import gettext
import io
import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from django.conf import settings
from django.test import Client
from lxml import html as lxml_html
from pypdf import PdfReader

from tests.web.shipments import CLEAN_PE_TO_MALAYSIA
from tidegate.law import load_rulebook
from tidegate.web.check.answers import permalink
from tools import messages

LANGUAGES = sorted(messages.LANGUAGES)
PAGES = [
    "/",
    permalink(CLEAN_PE_TO_MALAYSIA),
    permalink({**CLEAN_PE_TO_MALAYSIA, "import": "VN", "transit": ["TH"]}),
    "/law/",
    "/law/states/TH",
    "/law/rules/BASEL-B3011",
    "/law/entries/Y48",
    "/law/changes",
    "/law/standards",
    "/law/search?q=permit",
    "/batch/",
    "/api/v1/docs/",
]
# (verdict of a clean load of PE for Thailand after the ban, a paper, a State) as the pages must say them.
WORDS = {
    "vi": ("Bị cấm", "Giấy xác nhận nhập khẩu phế liệu (Việt Nam)", "Đức"),
    "th": ("ต้องห้าม", "ใบรับรองการนำเข้าเศษวัสดุ (เวียดนาม)", "เยอรมนี"),
    "id": ("Dilarang", "Sertifikat impor skrap (Vietnam)", "Jerman"),
    "ms": ("Dilarang", "Perakuan import skrap (Vietnam)", "Jerman"),
}


@pytest.fixture(scope="module")
def found() -> dict[messages.Key, messages.Found]:
    return messages.messages(load_rulebook())


# ── the catalogues ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_extraction_reads_every_kind_of_source(found: dict[messages.Key, messages.Found]) -> None:
    book = load_rulebook()
    assert (None, "Skip to the content", None) in found  # {% trans %}
    assert (None, "%(n)s paper missing", "%(n)s papers missing") in found  # {% blocktrans count %}
    assert ("verdict", "Prohibited", None) in found  # pgettext_lazy
    assert (None, "Prohibited", None) in found  # gettext_noop below Django
    assert (None, "a day of the calendar as YYYY-MM-DD", None) in found  # a reject of the core
    assert (None, book.facts["hazardous"].label, None) in found
    assert (None, book.documents["COA"].name, None) in found
    assert found[None, book.states["VN"].name, None].state == "VN"
    assert found[None, book.rules["TH-IMP-BAN-2025"].text, None].optional
    assert found[None, "policy; permits for hazardous substances", None].optional  # what an authority decides


def test_a_template_gives_its_messages_as_django_looks_them_up(tmp_path: Path) -> None:
    template = tmp_path / "page.html"
    template.write_text(
        """{% load i18n %}<p title="{% trans 'A (bracket) in it' %}">{{ x|default:_("none yet") }}
        {% trans "May" context "month" %}{% blocktrans trimmed with n=x %}
          {{ n }} % of
          it{% endblocktrans %}{% blocktrans count n=x %}{{ n }} row{% plural %}{{ n }} rows{% endblocktrans %}</p>
        {# {% trans "left out" %} #}""",
        encoding="utf-8",
    )
    assert set(messages.in_template(template)) == {
        (None, "A (bracket) in it", None),
        (None, "none yet", None),
        ("month", "May", None),
        (None, "%(n)s %% of it", None),
        (None, "%(n)s row", "%(n)s rows"),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_is_complete_and_compiled(language: str, found: dict[messages.Key, messages.Found]) -> None:
    """Run `python tools/messages.py extract` and translate what is open where this fails."""
    assert list(messages.complaints(language, found)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_gettext_reads_from_the_mo_what_the_po_says(language: str) -> None:
    compiled = messages.po(language).with_suffix(".mo").read_bytes()
    read = gettext.GNUTranslations(io.BytesIO(compiled))
    held = 0
    for message in messages.catalogue_of(language):
        if not message.id or not message.string:
            continue
        if isinstance(message.id, (list, tuple)):
            if not message.string[0]:
                continue
            for number in (0, 1, 2, 17):
                one, many = message.id
                said = read.npgettext(message.context, one, many, number) if message.context else None
                assert (said or read.ngettext(one, many, number)) == message.string[0]
        elif message.context:
            assert read.pgettext(message.context, message.id) == message.string
        else:
            assert read.gettext(message.id) == message.string
        held += 1
    assert held > 1500
    assert read.info()["x-tidegate-draft"] in ("yes", "no")


def test_pages_call_a_draft_what_its_catalogue_calls_a_draft() -> None:
    drafts = {code for code in LANGUAGES if messages.heading(code)["X-Tidegate-Draft"] == "yes"}
    assert drafts == settings.TIDEGATE_MACHINE_DRAFTS
    assert {code for code, _name in settings.LANGUAGES} == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unread_translation_is_marked(language: str) -> None:
    """Until a reader takes the mark away, every translation says where it comes from."""
    if messages.heading(language)["X-Tidegate-Draft"] != "yes":
        return
    marks = {
        comment
        for message in messages.catalogue_of(language)
        if message.id and any(messages.strings(message))
        for comment in message.user_comments
    }
    assert messages.DRAFT in marks
    assert messages.CLDR in marks


@pytest.mark.parametrize(
    ("source", "translated", "wrong"),
    [
        ("%(n)s rules", "%(n)s quy định", False),
        ("%(n)s rules", "quy định", True),
        ("%(n)s rules", "%(m)s quy định", True),
        ("Page {n} of {all}", "Trang {n}", True),
        ("in %% of mass", "% khối lượng", True),
        ("an object with `kind`", "đối tượng có `loại`", True),
        ("Not translated %(n)s", "", False),
        ("Route", " Tuyến ", True),
        (" and ", " và ", False),
    ],
)
def test_a_lost_placeholder_is_named(source: str, translated: str, wrong: bool) -> None:
    assert bool(list(messages.faults(Message(source, translated)))) is wrong


def test_a_fuzzy_entry_is_named_because_it_is_not_compiled() -> None:
    assert list(messages.faults(Message("Route", "Tuyến", flags=["fuzzy"])))


# ── the pages ──────────────────────────────────────────────────────────────────────────────────────────────


def page(client: Client, path: str, language: str) -> Any:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    response = client.get(path)
    assert response.status_code == 200, path
    return lxml_html.document_fromstring(response.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", *LANGUAGES])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_its_language(client: Client, path: str, language: str) -> None:
    tree = page(client, path, language)
    assert tree.get("lang") == language
    assert bool(tree.cssselect(".td-draft")) is (language in settings.TIDEGATE_MACHINE_DRAFTS)
    # A placeholder that was not filled in, or a percent sign that was doubled once too often.
    visible = " ".join(tree.xpath("//body//text()[not(ancestor::script or ancestor::pre or ancestor::code)]"))
    assert not re.search(r"%\(\w+\)s|%%", visible)


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_verdict_papers_and_states_are_in_the_language_of_the_page(client: Client, language: str) -> None:
    verdict, paper, state = WORDS[language]
    shipment = {"export": "DE", "import": "TH", "date": "2026-11-21", "hs": "391510", "operation": "R3"}
    assert tree_text(page(client, permalink(shipment), language), "#verdict-title") == verdict
    assert state in tree_text(page(client, permalink(shipment), language), "#route-said")
    # Before Decision 13/2023 the certificate for scrap was one of the papers asked for.
    names = tree_text(page(client, "/law/rules/VN-IMP-ENVPERMIT", language), "main")
    assert paper in names


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "day"), [("th", "21 พฤศจิกายน 2026"), ("id", "21 November 2026"), ("ms", "21 November 2026")]
)
def test_days_are_written_in_the_language_with_the_years_of_the_common_era(
    client: Client, language: str, day: str
) -> None:
    """Thai pages too: the law cites its own dates by the common era here, and so do the papers of a shipment."""
    shipment = {"export": "DE", "import": "TH", "date": "2026-11-21"}
    text = tree_text(page(client, permalink(shipment), language), "#route-said")
    assert day in text
    assert "2569" not in text


@pytest.mark.django_db
def test_the_record_on_paper_is_in_the_language_of_the_page(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "vi"
    path = permalink({"export": "DE", "import": "TH", "date": "2026-11-21", "hs": "391510"})
    response = client.get("/check.pdf" + path.removeprefix("/"))
    reader = PdfReader(io.BytesIO(response.content))
    assert str(reader.root_object["/Lang"]).startswith("vi")
    assert "Bị cấm" in "\n".join(found.extract_text() for found in reader.pages)


def tree_text(tree: Any, selector: str) -> str:
    found = tree.cssselect(selector)
    assert found, selector
    return re.sub(r"\s+", " ", found[0].text_content()).strip()
