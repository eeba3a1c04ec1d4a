"""The press: a typst template and data in, an archival and accessible PDF out.

Papers are PDF/A-3a (kept for decades, with their data attached) and PDF/UA-1 (tagged for screen readers).
Values travel as JSON and are shown as text; nothing that a shipment says is ever read as markup. Only the
fonts shipped beside this file are used, so that a paper looks the same everywhere; a text in a script that
they lack is set with the fonts of the machine where it has them, else the paper says so and gives up the
archival profile rather than the paper.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typst

from tidegate.paper import qr, svg
from tidegate.paper.palette import LIGHT

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "templates"
FONTS = HERE / "fonts"
STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]

LONGEST_WORD = 26  # characters that surely fit the narrowest column
ZERO_WIDTH_SPACE = "\u200b"
# Latin only: typst finds the words of Thai, Lao, Khmer and Myanmar by itself, and their letters must not be
# torn apart.
_ENDLESS = re.compile(rf"[\x21-\x7e\u00a1-\u024f\u1e00-\u1eff]{{{LONGEST_WORD + 1},}}")
# No sentence of any script runs on so long without a space: what does is torn, though between letters only.
_UNWRITTEN = re.compile(r"[^\s\u200b]{200,}")
_LEADING_VOWELS = "เแโใไເແໂໃໄ"
_STACKERS = "\u17d2\u1039\u0dca\u0bcd\u094d\u200d"

Translate = Callable[[str], str]


@dataclass(frozen=True)
class Attachment:
    """A file carried inside a paper, such as the decision as JSON."""

    name: str
    text: str
    description: str
    mime: str = "application/json"


def render(
    template: str,
    body: Mapping[str, Any],
    *,
    title: str,
    kind: str,
    reference: str,
    labels: Mapping[str, str],
    footer: str,
    generated: datetime,
    language: str = "en",
    url: str | None = None,
    attachments: Sequence[Attachment] = (),
    translate: Translate = str,
) -> bytes:
    """Set `templates/<template>.typ` on `templates/base.typ` and return the PDF.

    `body` is the template's own data, as JSON; `labels` its words, in the reader's language; `kind` what sort
    of paper it is and `reference` its number, both in the running head; `url` (http or https) becomes the QR
    code. `generated` is an aware time: the same data at the same time give the same bytes.
    """
    if generated.tzinfo is None:
        raise ValueError(f"generated: {generated!r}; expected an aware time")
    if not re.fullmatch(r"[a-z_]+", template):
        raise ValueError(f"template: {template!r}; expected the bare name of a file in templates/")
    _ = translate
    moment = generated.astimezone(UTC).replace(microsecond=0)
    link = address(url)
    data: dict[str, Any] = {
        "title": show(title),
        "author": "Tidegate",
        "kind": show(kind),
        "reference_short": show(reference if len(reference) <= 60 else reference[:59] + "…"),
        "keywords": [show(kind)],
        "date": {part: getattr(moment, part) for part in ("year", "month", "day", "hour", "minute", "second")},
        "lang": language.split("-")[0].lower(),
        "palette": dict(LIGHT),
        "labels": {
            "page": _("Page {n} of {all}"),
            "unshown": _(
                "Some characters cannot be shown with the fonts of this installation. "
                "The attached file holds every text as it was given."
            ),
            **labels,
        },
        "footer": show(footer),
        "qr": None,
        "unshown": False,
        "attachments": [
            {"name": a.name, "text": a.text, "mime": a.mime, "description": a.description} for a in attachments
        ],
        "body": body,
    }
    if link is not None and link["safe"]:
        alt = _("QR code that opens this record: %(url)s") % {"url": url}
        data["qr"] = {
            "svg": qr.qr_svg(str(url), title=alt),
            "alt": alt,
            "caption": _("Scan to open the record"),
        }
    return _press(template, data)


def show(value: object) -> str:
    """A value as text for a paper: control and direction marks taken out, and places to break put into
    endless words.
    """
    text = svg.clean(value).replace("\r\n", "\n")
    return _UNWRITTEN.sub(_torn, _ENDLESS.sub(_breakable, text))


def address(url: object) -> dict[str, Any] | None:
    """An address for a template's `address`: a link only where it is plain http or https."""
    if not url:
        return None
    text = svg.clean(url).strip()
    try:
        parts = urlsplit(text)
        safe = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        safe = False
    return {"target": text, "text": _breakable_url(text), "safe": safe}


def _breakable(found: re.Match[str]) -> str:
    word = found.group()
    if word.startswith(("http://", "https://")):
        return _breakable_url(word)
    pieces = re.split(r"(?<=[-_/.,;:])", word)
    return ZERO_WIDTH_SPACE.join(
        ZERO_WIDTH_SPACE.join(piece[i : i + 12] for i in range(0, len(piece), 12)) for piece in pieces if piece
    )


def _torn(found: re.Match[str]) -> str:
    out: list[str] = []
    since = 0
    for before, letter in pairwise(" " + found.group()):
        since += 1
        own_letter = unicodedata.category(letter)[0] not in "MC" and before not in _LEADING_VOWELS + _STACKERS
        if since >= 24 and own_letter:
            out.append(ZERO_WIDTH_SPACE)
            since = 0
        out.append(letter)
    return "".join(out)


def _breakable_url(text: str) -> str:
    return re.sub(r"([/?&=._-]|[^/?&=._-]{20})(?=.)", rf"\1{ZERO_WIDTH_SPACE}", text)


@cache
def _fonts(system: bool) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=system, include_embedded_fonts=False, font_paths=[FONTS])


def _press(template: str, data: dict[str, Any]) -> bytes:
    """Ours first; then with the machine's fonts; then without the profile that forbids a missing glyph."""
    attempts: tuple[tuple[bool, list[typst.PDFStandard], bool], ...] = (
        (False, STANDARDS, False),
        (True, STANDARDS, False),
        (True, [], True),
    )
    for system, standards, unshown in attempts:
        try:
            return typst.compile(
                TEMPLATES / f"{template}.typ",
                root=TEMPLATES,
                font_paths=_fonts(system),
                format="pdf",
                sys_inputs={"data": json.dumps({**data, "unshown": unshown}, ensure_ascii=False, default=str)},
                pdf_standards=standards,
            )
        except typst.TypstError as error:
            if "could not be displayed" not in error.message or not standards:
                raise
    raise AssertionError("the last attempt returns or raises")
