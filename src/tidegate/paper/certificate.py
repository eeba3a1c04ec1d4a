"""A certificate as a paper: what it says, and its signed text as a QR code that verifies with no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from tidegate.paper import pdf, qr

Translate = Callable[[str], str]


def certificate_pdf(
    fields: Sequence[tuple[str, str]],
    *,
    token: str,
    title: str,
    kind: str,
    number: str,
    subtitle: str,
    state: str,
    footer: str,
    generated: datetime,
    tone: str = "clear",
    notes: Sequence[str] = (),
    check_at: str | None = None,
    language: str = "en",
    translate: Translate = str,
) -> bytes:
    """The certificate as a tagged, archival PDF that carries its signed text as a file, too.

    `fields` are (label, value); `token` the signed text, at most what a QR code holds (ValueError beyond it); `state` a
    word on where it stood when it was printed, in the colour `tone` (an outcome's); `check_at` the address of the page
    on which anybody may check it.
    """
    _ = translate
    alt = _("QR code with the signed text of certificate %(number)s") % {"number": number}
    body: dict[str, Any] = {
        "subtitle": pdf.show(subtitle),
        "state": pdf.show(state),
        "tone": tone,
        "fields": [[pdf.show(label), pdf.show(value)] for label, value in fields],
        "code": qr.qr_svg(token, title=alt),
        "alt": alt,
        "notes": [pdf.show(note) for note in notes],
        "address": pdf.address(check_at),
    }
    signed = pdf.Attachment(
        name="certificate.jwt", text=token, description=_("The signed text"), mime="application/vc+jwt"
    )
    return pdf.render(
        "certificate",
        body,
        title=title,
        kind=kind,
        reference=number,
        labels={"says": _("What it says"), "check": _("To be checked with")},
        footer=footer,
        generated=generated,
        language=language,
        attachments=[signed],
        translate=translate,
    )
