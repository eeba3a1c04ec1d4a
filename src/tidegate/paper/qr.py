"""QR codes as SVG: black modules on a white ground, so that they scan in any theme and from any printer."""

from __future__ import annotations

import io

import segno

from tidegate.paper import svg


def qr_svg(text: str, *, title: str | None = None) -> str:
    """A QR code of a text (usually a permalink) with the quiet zone that scanners want, as one scalable SVG.

    `title` names the picture for a screen reader; default: the text itself. Raises ValueError where the text
    is empty or too long for a QR code (about 2,300 bytes).
    """
    if not text:
        raise ValueError("text: ''; expected what the code should say")
    try:
        code = segno.make(text, error="m", micro=False)
    except segno.DataOverflowError:
        raise ValueError(
            f"text: {len(text)} characters; expected at most what a QR code holds (about 2,300 bytes)"
        ) from None
    out = io.BytesIO()
    code.save(out, kind="svg", border=4, xmldecl=False, svgns=False, omitsize=True, svgclass=None, lineclass=None)
    drawn = out.getvalue().decode()
    path = drawn[drawn.index("<path") : drawn.rindex("</svg>")]
    side = code.symbol_size(border=4)[0]
    ground = svg.element("rect", None, {"width": side, "height": side, "fill": "#fff"})
    return svg.titled(
        title if title is not None else text,
        text,
        ground + path,
        {"viewBox": f"0 0 {side} {side}", "class": "tg-qr", "shape-rendering": "crispEdges"},
    )
