"""The screening record, read back from the PDF itself."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from pypdf import PdfReader

from tests.paper.samples import CLEAR, NEEDS, SHIPMENT, decision
from tidegate.paper import decision_pdf

MADE = datetime(2026, 11, 21, 8, 30, 5, tzinfo=UTC)
URL = "https://tidegate.example/c/7Kd93hTq"
BOOK: Any = SimpleNamespace(
    states={},
    facts={
        "quota_left_t": SimpleNamespace(label="Quota left"),
        "halogenated": SimpleNamespace(label="Any halogen?"),
    },
    documents={
        "COA": SimpleNamespace(name="Certificate of approval"),
        "ENV_PERMIT": SimpleNamespace(name="Environmental permit"),
        "CONSENT": SimpleNamespace(name="Consent"),
    },
)


def make(d: dict[str, Any], s: dict[str, Any] = SHIPMENT, **options: Any) -> PdfReader:
    given = {"url": URL, "today": date(2026, 11, 21), "generated": MADE, "book": BOOK, **options}
    return PdfReader(io.BytesIO(decision_pdf(d, s, **given)))


def text(reader: PdfReader) -> str:
    """All text, with the places to break taken out and white space folded."""
    joined = "\n".join(page.extract_text() for page in reader.pages)
    return re.sub(r"\s+", " ", joined.replace("\u200b", ""))


def links(reader: PdfReader) -> set[str]:
    found = set()
    for page in reader.pages:
        for annotation in page.get("/Annots") or ():
            action = annotation.get_object().get("/A")
            if action is not None and "/URI" in action:
                found.add(str(action["/URI"]))
    return found


def attached(reader: PdfReader) -> Any:
    return json.loads(reader.attachments["screening.json"][0])


def test_the_record_says_everything_that_was_decided() -> None:
    said = text(make(NEEDS))
    for words in (
        "Screening of shipment MY-2026-K1-004417",
        "Papers needed",
        "B3011",
        "No consent procedure",
        "From Japan through Philippines and Singapore to Malaysia.",
        "Certificate of approval — not held",
        "PSI_REPORT — expired on the day",
        "Any halogen? — decides between B3011 and Y48",
        "Quota left — ask the register",
        "A stop of imports from States outside the OECD has been announced",
        "2027-01-01",
        "MY-IMP-BAN-2027",
        "Customs (Prohibition of Imports) Order",
        "Rulebook 2026.11.21+3f9a0c17e2d4 · made 2026-11-21 08:30:05 UTC",
        "Example Polymer Works (fictitious)",
        "PE 96 %, PP 2 %",
        "do not imply any opinion",
        "It is not a permit",
        "Page 1 of",
    ):
        assert words in said, words
    for reason in NEEDS["reasons"]:
        assert reason["rule"] in said
        assert reason["text"] in said


def test_it_is_tagged_archival_and_in_its_language() -> None:
    reader = make(NEEDS, language="th-TH")
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert str(root["/Lang"]).startswith("th")
    metadata = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfuaid:part>1<", metadata)
    assert re.search(r"pdfaid:part>3<.*pdfaid:conformance>A<", metadata, re.DOTALL)
    assert reader.metadata is not None
    assert reader.metadata.title == "Screening of shipment MY-2026-K1-004417"
    assert reader.metadata.creation_date == MADE
    assert reader.metadata.modification_date == MADE


def test_every_picture_has_words_for_those_who_do_not_see_it() -> None:
    alternatives = [str(found["/Alt"]) for found in _objects(make(NEEDS)) if "/Alt" in found]
    assert any(URL in words for words in alternatives)
    assert any("From Japan through" in words for words in alternatives)


def _objects(reader: PdfReader) -> list[Any]:
    seen = []
    for number in range(1, int(str(reader.trailer["/Size"]))):
        try:
            obj = reader.get_object(number)
        except Exception:  # free numbers of the cross-reference table
            continue
        if hasattr(obj, "keys"):
            seen.append(obj)
    return seen


def test_the_decision_travels_inside_the_paper() -> None:
    held = attached(make(NEEDS))
    assert held["decision"] == NEEDS
    assert held["shipment"] == SHIPMENT


def test_clear_is_unqualified_only_when_nothing_is_left_to_check() -> None:
    plain = text(make(CLEAR))
    assert "still to check" not in plain.lower()
    qualified = text(make(decision(**{**CLEAR, "verify": NEEDS["verify"]})))
    assert "Clear on paper; still to check: • Quota left • Food residue" in qualified


@pytest.mark.parametrize("outcome", [None, "allowed", ""])
def test_an_outcome_that_is_not_one_of_the_four_is_never_shown_as_clear(outcome: Any) -> None:
    said = text(make(decision(**{**CLEAR, "outcome": outcome, "layers": []})))
    assert "Undetermined" in said
    assert "Clear" not in said


def test_what_was_not_read_in_the_gazette_is_labelled_beside_the_verdict_and_the_rule() -> None:
    said = text(make(NEEDS))
    assert "Rests on rules not read in their gazette, or with an inferred date: MY-IMP-COA-2025" in said
    rule = said.index("Each consignment travels")
    assert "not checked against the gazette" in said[rule : rule + 150]
    assert "date inferred" in said[rule : rule + 150]
    assert "not checked against the gazette" not in text(make(CLEAR))


def test_a_law_that_the_rulebook_lacks_is_not_shown_as_clear() -> None:
    layer = {"layer": "national:NR:import", "outcome": "clear", "rules": []}
    verify = [{"fact": "national_law", "rules": ["national:NR:import"], "by": "register"}]
    said = text(make(decision(**{**CLEAR, "layers": [layer], "verify": verify})))
    assert "Nauru · Import Still to check The rulebook holds no national law of this State." in said


def test_a_rule_that_bound_is_never_left_out() -> None:
    layers = [{"layer": "national:MY:import", "outcome": "needs", "rules": ["MY-NO-REASON-GIVEN"]}]
    said = text(make(decision(layers=layers)))
    assert "MY-NO-REASON-GIVEN" in said
    assert "Further rules checked" in said
    assert "BASEL-B3011" in said


def test_alternatives_and_consents_are_named() -> None:
    missing = [
        {"rule": "A", "documents": ["ENV_PERMIT/ENV_CERTIFICATE"], "why": "not held"},
        {"rule": "B", "documents": ["CONSENT:SG"], "why": "too small"},
    ]
    verify = [{"fact": "document:CONSENT:SG", "rules": ["B"], "by": "register"}]
    said = text(make(decision(missing=missing, verify=verify)))
    assert "Environmental permit or ENV_CERTIFICATE — not held" in said
    assert "Consent: Singapore — too small" in said
    assert "Consent: Singapore — ask the register" in said


def test_a_paper_that_several_rules_ask_for_stands_once() -> None:
    missing = [
        {"rule": "A", "documents": ["ENV_PERMIT", "CONSENT:SG"], "why": "not held"},
        {"rule": "B", "documents": ["ENV_PERMIT"], "why": "not held"},
    ]
    said = text(make(decision(missing=missing)))
    assert "Environmental permit — not held A, B" in said
    assert "Consent: Singapore — not held A" in said


def test_changes_of_the_past_are_left_out() -> None:
    assert "OLD-RULE" not in text(make(NEEDS))
    assert "OLD-RULE" in text(make(NEEDS, today=date(2025, 12, 1)))


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    sparse = {"id": "1", "date": "2026-11-21", "export": "JP", "import": "MY"}
    said = text(make(decision(entry=None, entry_candidates=["B3011", None], regime=None), sparse))
    assert "Polymers not known" in said
    assert "Foreign matter not known" in said
    assert "Net mass not known" in said
    assert "Open: B3011, no entry" in said


def test_it_shows_a_decision_with_nothing_but_an_outcome() -> None:
    said = text(make({"outcome": "prohibited"}, {"id": "1"}, url=None, book=None))
    assert "Prohibited" in said
    assert "Scan to open" not in said


HOSTILE = '#read("/etc/passwd") $x^2$ \\ *b* <lab> @ref `c` #{sys.inputs} /* */ #import "base.typ" = h'


def test_no_text_of_a_shipment_is_read_as_markup() -> None:
    shipment = {
        **SHIPMENT,
        "id": HOSTILE,
        "description": HOSTILE,
        "consignee": {"name": HOSTILE},
        "facts": {HOSTILE: HOSTILE},
    }
    reason = {"rule": HOSTILE, "effect": HOSTILE, "text": HOSTILE, "instrument": HOSTILE, "url": HOSTILE}
    d = decision(
        reasons=[reason],
        layers=[{"layer": HOSTILE, "outcome": HOSTILE, "rules": [HOSTILE]}],
        missing=[{"rule": HOSTILE, "documents": [HOSTILE], "why": HOSTILE}],
        questions=[{"fact": HOSTILE, "rules": [HOSTILE], "decides": [HOSTILE]}],
        verify=[{"fact": HOSTILE, "rules": [HOSTILE], "by": HOSTILE}],
        alerts=[{"rule": HOSTILE, "status": HOSTILE, "text": HOSTILE}],
        changes=[{"date": "2999-" + HOSTILE, "outcome": HOSTILE, "rules": [HOSTILE]}],
        rulebook=HOSTILE,
    )
    reader = make(d, shipment)
    said = text(reader)
    assert "root:" not in said
    assert said.count('#read("/etc/passwd") $x^2$') >= 12
    assert attached(reader)["shipment"]["id"] == HOSTILE


def test_links_lead_to_web_addresses_only() -> None:
    urls = [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://law.example/a?b=c#d",
        "ftp://x.example",
        "http://",
        "",
    ]
    reasons = [{**NEEDS["reasons"][0], "rule": f"R{i}", "url": url} for i, url in enumerate(urls)]
    reader = make(decision(reasons=reasons))
    assert links(reader) == {"https://law.example/a?b=c#d"}
    assert "javascript:alert(1)" in text(reader)


@pytest.mark.parametrize("word", ["W" * 3000, "é" * 500, "https://x.example/" + "a" * 900, "ก" * 700, "-" * 900])
def test_an_endless_word_stays_on_the_page(word: str) -> None:
    reasons = [{**NEEDS["reasons"][0], "text": word, "instrument": word, "url": None}]
    reader = make(decision(reasons=reasons), {**SHIPMENT, "id": word, "description": word})
    lines = [line for page in reader.pages for line in page.extract_text().splitlines()]
    # No line holds more letters than fit beside each other on the paper, even the narrowest.
    assert max(len(line.replace("\u200b", "")) for line in lines) < 180
    assert sum(line.count(word[-1]) for line in lines) >= len(word)


def test_marks_that_turn_the_reading_order_around_are_taken_out() -> None:
    said = text(make(NEEDS, {**SHIPMENT, "description": "safe \u202eDETIBIHORP\u202c \x00\x07end"}))
    assert "safe DETIBIHORP end" in said
    assert "\u202e" not in said


def test_a_script_without_a_font_gives_a_paper_that_says_so() -> None:
    shipment = {**SHIPMENT, "description": "\U000e0fff\U0001fbff \ue123 private"}
    reader = make(NEEDS, shipment)
    assert "Some characters cannot be shown" in text(reader)
    assert attached(reader)["shipment"]["description"] == shipment["description"]
    assert "Some characters cannot be shown" not in text(make(NEEDS))


@pytest.mark.parametrize(
    "words",
    ["Phế liệu nhựa ẩm", "เศษพลาสติก", "កាកសំណល់", "ເສດຢາງ", "ප්ලාස්ටික්", "பிளாஸ்டிக்", "ပလတ်စတစ်"],
)
def test_the_scripts_of_the_region_are_set_with_our_own_fonts(words: str) -> None:
    reader = make(NEEDS, {**SHIPMENT, "description": words})
    assert "Some characters cannot be shown" not in text(reader)
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert fonts
    assert all("NotoSans" in name for name in fonts)


def test_the_same_at_the_same_time_gives_the_same_bytes_also_in_threads() -> None:
    def one(_: int) -> bytes:
        return decision_pdf(NEEDS, SHIPMENT, url=URL, today=date(2026, 11, 21), generated=MADE)

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(one, range(6)))) == 1


def test_times_are_told_in_utc() -> None:
    local = MADE.astimezone(timezone(timedelta(hours=7)))
    assert "2026-11-21 08:30:05 UTC" in text(make(NEEDS, generated=local))
    with pytest.raises(ValueError, match="expected an aware time"):
        make(NEEDS, generated=datetime(2026, 11, 21))  # noqa: DTZ001


def test_words_come_from_the_translation() -> None:
    said = text(make(NEEDS, translate=lambda message: {"Papers needed": "Cần giấy tờ"}.get(message, message)))
    assert "Cần giấy tờ" in said
    assert "Papers needed" not in said
