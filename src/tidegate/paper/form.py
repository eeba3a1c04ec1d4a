"""A form of numbered blocks, in two languages, as the official notification and movement documents have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidegate.paper import pdf

Translate = Callable[[str], str]


@dataclass(frozen=True)
class Block:
    """One numbered block: its name in the first and the second language, and its lines (label, value)."""

    number: str
    label: str
    lines: Sequence[tuple[str, str]]
    second: str = ""
    wide: bool = False


def form_pdf(
    blocks: Sequence[Block],
    *,
    title: str,
    kind: str,
    reference: str,
    subtitle: str,
    footer: str,
    generated: datetime,
    second: str = "",
    state: str = "",
    tone: str = "verify",
    flags: Sequence[tuple[str, str]] = (),
    language: str = "en",
    url: str | None = None,
    data: Mapping[str, str] | None = None,
    translate: Translate = str,
) -> bytes:
    """The form as a tagged, archival PDF.

    Two blocks stand side by side unless one is `wide`. `second`: the title in the second language. `state`: a word on
    where the document stands, in the colour `tone` (an outcome's). `flags`: what has to be seen before the first block,
    each a sentence with the outcome whose colour it has. `data`: files carried inside, name to JSON text. `url` becomes
    the QR code.
    """
    body: dict[str, Any] = {
        "second": pdf.show(second),
        "subtitle": pdf.show(subtitle),
        "state": pdf.show(state),
        "tone": tone,
        "rows": [[_shown(block) for block in row] for row in _rows(blocks)],
        "flags": [{"tone": tone, "words": pdf.show(words)} for tone, words in flags],
    }
    attachments = [pdf.Attachment(name=name, text=text, description=kind) for name, text in (data or {}).items()]
    return pdf.render(
        "form",
        body,
        title=title,
        kind=kind,
        reference=reference,
        labels={},
        footer=footer,
        generated=generated,
        language=language,
        url=url,
        attachments=attachments,
        translate=translate,
    )


def _rows(blocks: Sequence[Block]) -> list[list[Block]]:
    rows: list[list[Block]] = []
    for block in blocks:
        if not block.wide and rows and len(rows[-1]) == 1 and not rows[-1][0].wide:
            rows[-1].append(block)
        else:
            rows.append([block])
    return rows


def _shown(block: Block) -> dict[str, Any]:
    return {
        "number": block.number,
        "label": pdf.show(block.label),
        "second": pdf.show(block.second),
        "lines": [{"label": pdf.show(label), "value": pdf.show(value)} for label, value in block.lines]
        or [{"label": "", "value": ""}],
    }
