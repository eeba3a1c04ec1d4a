"""What a page says in another language than English: which texts are marked as English, figures, days, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from django.conf import settings as live_settings
from django.template import Context, Template
from django.test import Client
from django.utils.translation import gettext, override, trans_real

from tests.web.batches import SHIPMENTS, lines, screened
from tests.web.shipments import CLEAN_PE_TO_MALAYSIA, MIXED_TO_THAILAND
from tidegate.law import load_rulebook
from tidegate.parties import figures
from tidegate.screening import decide, messages, parse_shipment
from tidegate.web import words
from tidegate.web.check.answers import permalink
from tidegate.web.check.panel import panel

RULEBOOK = load_rulebook()


def seen(client: Client, path: str, language: str) -> Any:
    """A page in a language, as a tree."""
    client.cookies[live_settings.LANGUAGE_COOKIE_NAME] = language
    response = client.get(path)
    assert response.status_code == 200, path
    return lxml.html.document_fromstring(response.content.decode())


def english(language: str) -> set[str]:
    """The texts of rules that a page in this language shows in English."""
    with override(language):
        texts = {t for rule in RULEBOOK.rules.values() for t in (rule.text, rule.note, rule.penalty) if t}
        return {words.book_text(t) for t in texts if gettext(t) == t}


def spoken(tree: Any) -> Iterator[tuple[str, str]]:
    """(text, language) of every piece of text of the page's own part: that of the nearest element that says one."""
    for text in tree.xpath("//main//text()[normalize-space() and not(ancestor::script)]"):
        holder = text.getparent().getparent() if text.is_tail else text.getparent()
        yield " ".join(text.split()), holder.xpath("string(ancestor-or-self::*[@lang][1]/@lang)")


def marked(tree: Any, language: str) -> int:
    """How many English texts of rules the page shows: each says that it is English; what is translated never does."""
    wanted = {" ".join(text.split()) for text in english(language)}
    found = 0
    for text, lang in spoken(tree):
        if text in wanted:
            assert lang == "en", text
            found += 1
        elif lang == "en":
            with override(language):
                assert gettext(text) == text, text
        else:
            assert lang == language, text
    return found


@pytest.fixture
def undrafted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Vietnamese catalogue without the texts of national rules: those of an overlay have no translation either."""
    texts = {t for rule in RULEBOOK.rules.values() if rule.state for t in (rule.text, rule.note, rule.penalty) if t}
    texts |= {t for rule in RULEBOOK.rules.values() if rule.layer == "waigani" for t in (rule.text, rule.note) if t}
    for held in trans_real.translation("vi")._catalog._catalogs:  # type: ignore[attr-defined]
        for text in texts & held.keys():
            monkeypatch.delitem(held, text)


PAGES = pytest.mark.parametrize(
    "path",
    [
        permalink(CLEAN_PE_TO_MALAYSIA),
        permalink({**CLEAN_PE_TO_MALAYSIA, "import": "VN", "transit": ["TH"]}),
        permalink(MIXED_TO_THAILAND),
        "/law/states/MY",
        "/law/rules/MY-IMP-AP-MITI-2008",
        "/law/changes?from=2020-01-01",
        "/law/entries/Y48",
        "/law/layers/waigani",
        "/law/search?q=permit",
        "/law/compare?a=2020-01-01&b=2026-01-01",
    ],
)


@pytest.mark.django_db
@PAGES
def test_what_is_left_in_english_says_so(client: Client, undrafted: None, path: str) -> None:
    assert marked(seen(client, path, "vi"), "vi") >= 1


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["vi", "th", "id", "ms"])
@PAGES
def test_no_text_of_a_rule_is_left_in_english(client: Client, path: str, language: str) -> None:
    assert marked(seen(client, path, language), language) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("path", [permalink(CLEAN_PE_TO_MALAYSIA), "/law/states/MY", "/law/entries/"])
def test_an_english_page_marks_nothing(client: Client, path: str) -> None:
    assert not seen(client, path, "en").xpath("//main//*[@lang]")


@pytest.mark.django_db
def test_a_rule_that_is_translated_is_in_the_language_of_the_page(client: Client) -> None:
    rule = RULEBOOK.rules["BASEL-B3011"]
    with override("vi"):
        text = words.book_text(rule.text)
    assert text != rule.text
    tree = seen(client, f"/law/rules/{rule.id}", "vi")
    assert ("vi", text) in {(lang, said) for said, lang in spoken(tree)}


@pytest.mark.django_db
def test_the_rows_and_figures_of_a_batch_mark_english_too(
    client: Client, undrafted: None, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    bad = {**SHIPMENTS[0], "id": "bad", "contamination_pct": "120"}
    batch = screened(client, data=lines([*SHIPMENTS[:12], bad]))
    assert marked(seen(client, f"/batch/{batch.token}/", "vi"), "vi")
    assert marked(seen(client, f"/batch/{batch.token}/rows/1/", "vi"), "vi")


def test_a_text_is_escaped_and_marked_at_once() -> None:
    template = Template('<b{{ text|lang }}>{{ text }}</b>{{ text|spoken }}<i{{ "x"|lang }}>{{ code|spoken }}</i>')
    with override("vi"):
        context = Context({"text": words.book_text("No <b>such</b> rule & text."), "code": words.book_text("R3")})
        assert template.render(context) == (
            '<b lang="en">No &lt;b&gt;such&lt;/b&gt; rule &amp; text.</b>'
            '<span lang="en">No &lt;b&gt;such&lt;/b&gt; rule &amp; text.</span><i>R3</i>'
        )
    with override("en"):
        context = Context({"text": words.book_text("Plain `text`."), "code": ""})
        assert template.render(context) == "<b>Plain “text”.</b>Plain “text”.<i></i>"


# ── sentences that the core puts together ──────────────────────────────────────────────────────────────────


def test_the_core_says_its_sentences_as_the_contract_has_them() -> None:
    assert messages.say(messages.AT_MOST, maximum=100) == "a number of at most 100"
    goods = {**MIXED_TO_THAILAND, "id": "x", "declared_entry": "B3011"}
    found = [a for a in decide(parse_shipment(goods), RULEBOOK)["alerts"] if a["rule"] == "DECLARED-ENTRY"]
    assert found[0]["text"] == "The papers name B3011; the content stated falls under Y48."
    assert type(found[0]["text"]) is str


@pytest.mark.parametrize("message", [m for m in messages.MESSAGES if "%(" in m])
def test_a_sentence_is_taken_apart_into_what_it_was_put_together_from(message: str) -> None:
    values = {name: f"<{name}>, %(x)s" for name in re.findall(r"%\((\w+)\)s", message)}
    assert messages.parts(messages.say(message, **values)) == (message, values)


def test_a_sentence_of_the_core_is_said_in_the_language_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {
        messages.OTHER_ENTRY: "Giấy tờ ghi %(declared)s; nội dung thuộc %(entries)s.",
        messages.NO_ENTRY: "không mục nào",
    }
    monkeypatch.setattr(words, "gettext", lambda text: held.get(text, text))
    monkeypatch.setattr(words, "_held", lambda text: text in held)
    english = messages.say(messages.OTHER_ENTRY, declared="B3011", entries=f"Y48, {messages.NO_ENTRY}")
    with override("vi"):
        said = words.book_text(english)
        assert (said, said.lang) == ("Giấy tờ ghi B3011; nội dung thuộc Y48, không mục nào.", "vi")
        # What has no translation stays as it was written, and says so.
        said = words.book_text(messages.say(messages.AT_LEAST, minimum=0))
        assert (said, said.lang) == ("a number of at least 0", "en")


def test_what_a_reader_says_is_said_in_the_language_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {
        "%(file)s: the input is empty": "%(file)s: tệp rỗng",
        "the header is %(language)s for %(field)s (%(wording)s)": "tiêu đề %(language)s cho %(field)s (%(wording)s)",
        "English": "tiếng Anh",
        "decimal comma": "dấu phẩy thập phân",
        "%(unit)s turned into kg": "đổi %(unit)s ra kg",
        "encoding: %(said)s": "bảng mã: %(said)s",
        "read as %(encoding)s": "đọc là %(encoding)s",
        "as asked for": "như đã yêu cầu",
    }
    monkeypatch.setattr(words, "gettext", lambda text: held.get(text, text))
    monkeypatch.setattr(words, "_held", lambda text: text in held)
    with override("vi"):
        said = words.sentences("the header is English for net_kg ('net weight'); decimal comma, t turned into kg")
        assert said == "tiêu đề tiếng Anh cho net_kg ('net weight'); dấu phẩy thập phân, đổi t ra kg"
        assert said.lang == "vi"
        assert words.sentences("decimal comma; its values repeat").lang == "en"
        assert words.refusal("a.csv: the input is empty") == "a.csv: tệp rỗng"
        assert words.book_text("encoding: read as cp874, as asked for") == "bảng mã: đọc là cp874, như đã yêu cầu"
        # What the page itself said, in the reader's language, is not taken for English.
        assert getattr(words.refusal("Chưa chọn tệp."), "lang", "") == ""


def test_every_status_that_the_core_gives_an_alert_has_a_word() -> None:
    decision = {
        "outcome": "undetermined",
        "alerts": [{"rule": "MY-IMP-AP-NSWMD", "status": "failed", "text": messages.NOT_EVALUATED}],
    }
    with override("en"):
        assert panel(decision, RULEBOOK, {}).alerts[0]["status_word"] == "Could not be evaluated"


# ── figures and days ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "98.5"), ("th", "98.5"), ("ms", "98.5"), ("vi", "98,5"), ("id", "98,5")]
)
@pytest.mark.django_db
def test_figures_have_the_decimal_sign_of_the_language(client: Client, language: str, shown: str) -> None:
    goods = {**CLEAN_PE_TO_MALAYSIA, "polymers": {"PE": "98.50"}, "contamination_pct": "1.5"}
    tree = seen(client, permalink(goods), language)
    assert tree.get_element_by_id("pct-0").get("value") == shown
    assert tree.get_element_by_id("foreign").get("value") == shown.replace("98", "1")
    assert f"PE {shown} %" in tree.cssselect("#goods .ck-said")[0].text_content()
    # The address stays the same in every language.
    assert "mix=PE:98.50" in lxml.html.tostring(tree).decode()
    limits = seen(client, "/law/standards", language).text_content()
    assert f"{'99' + shown[2:]}\u202f%" in limits


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "typed"), [("vi", "98,5"), ("vi", "98.5"), ("en", "98.5"), ("en", "98,5")])
def test_a_figure_may_be_typed_with_either_decimal_sign(client: Client, language: str, typed: str) -> None:
    client.cookies[live_settings.LANGUAGE_COOKIE_NAME] = language
    response = client.get("/", {"go": "1", "from": "JP", "to": "MY", "p": "PE", "pct": typed, "foreign": "0,25"})
    assert response["Location"] == "/?from=JP&to=MY&mix=PE:98.5&foreign=0.25"


def test_days_read_naturally() -> None:
    for language, day in (
        ("en", "5 November 2026"),
        ("vi", "5 tháng 11 năm 2026"),
        ("th", "5 พฤศจิกายน 2026"),
        ("id", "5 November 2026"),
    ):
        with override(language):
            assert figures.day(date(2026, 11, 5)) == day
            assert figures.moment(datetime(2026, 11, 5, 9, 7, tzinfo=UTC)) == f"{day}, 09:07"


def test_figures_that_are_none_stay_as_they_were_typed() -> None:
    with override("vi"):
        assert [figures.number(text) for text in ("1.50", "1E3", "abc", "NaN", "")] == ["1,5", "1000", "abc", "NaN", ""]
