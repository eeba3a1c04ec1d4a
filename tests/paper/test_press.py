"""The common ground that every later paper stands on."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from pypdf import PdfReader

from tidegate.paper import pdf
from tidegate.paper.record import Record, labels

MADE = datetime(2026, 11, 21, tzinfo=UTC)


def press(template: str = "decision", **changes: Any) -> bytes:
    record = Record({"outcome": "clear"}, {"id": "1", "export": "JP", "import": "MY"}, None, str)
    given: dict[str, Any] = {
        "title": "A paper",
        "kind": "Kind of paper",
        "reference": "REF-1",
        "labels": labels(str),
        "footer": "A footer",
        "generated": MADE,
        **changes,
    }
    return pdf.render(template, record.body("1", "2026-11-21", MADE.date(), MADE), **given)


@pytest.mark.parametrize("template", ["../decision", "decision.typ", "/etc/passwd", ""])
def test_a_template_is_a_bare_name(template: str) -> None:
    with pytest.raises(ValueError, match="expected the bare name"):
        press(template=template)


def test_files_travel_inside_with_their_names() -> None:
    reader = PdfReader(io.BytesIO(press(attachments=[pdf.Attachment("note.csv", "a,b\n1,2", "A table", "text/csv")])))
    assert reader.attachments["note.csv"][0] == b"a,b\n1,2"


def test_only_a_web_address_becomes_a_code() -> None:
    with_code = PdfReader(io.BytesIO(press(url="https://tidegate.example/x")))
    without = PdfReader(io.BytesIO(press(url="javascript:alert(1)")))
    assert "Scan to open" in with_code.pages[0].extract_text()
    assert "Scan to open" not in without.pages[0].extract_text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short words only", "short words only"),
        ("a\u202eb\x00c", "abc"),
        ("x" * 27, "x" * 12 + "\u200b" + "x" * 12 + "\u200b" + "xxx"),
        ("ก" * 60, "ก" * 60),
        ("เก" * 120, ("\u200b".join(["เก" * 12] * 10))),
    ],
)
def test_text_is_made_fit_for_paper(text: str, shown: str) -> None:
    assert pdf.show(text) == shown


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://law.example/a", True),
        ("http://law.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("https://[broken", False),
        ("https://a b", False),
    ],
)
def test_only_web_addresses_are_links(url: str, safe: bool) -> None:
    found = pdf.address(url)
    assert found is not None
    assert found["safe"] is safe
    assert found["text"].replace("\u200b", "") == url


def test_no_address_is_no_address() -> None:
    assert pdf.address(None) is None
    assert pdf.address("") is None
