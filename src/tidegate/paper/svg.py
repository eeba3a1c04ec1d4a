"""Small parts that every SVG of ours shares: escaping, naming for screen readers, ids that never collide on a
page.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")

Attribute = str | float | int | None
Signs = tuple[str, str]  # the decimal sign, and the one between groups of three figures
SIGNS: Signs = (".", "\u202f")


def clean(text: object) -> str:
    """Text without characters that XML forbids or that would turn the reading order of a line around."""
    return _BIDI.sub("", _NOT_XML.sub("", str(text)))


def escape(text: object) -> str:
    """Text for an element or a quoted attribute."""
    return (
        clean(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    )


def element(name: str, content: str | None = None, attributes: Mapping[str, Attribute] | None = None) -> str:
    """One element; `content` is markup already, attribute values are escaped here, None leaves an attribute
    out.
    """
    parts = [name]
    for key, value in (attributes or {}).items():
        if value is not None:
            parts.append(f'{key}="{escape(number(value) if isinstance(value, float) else value)}"')
    return f"<{' '.join(parts)}/>" if content is None else f"<{' '.join(parts)}>{content}</{name}>"


def number(value: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def key(*parts: str) -> str:
    """A short name made from content."""
    return "tg" + hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:10]


def titled(title: str, description: str, body: str, attributes: Mapping[str, Attribute]) -> str:
    """An `<svg>` that a screen reader names by its title and describes by its description.

    The ids are made from the content, so that two pictures on one page never share one unless they are the
    same.
    """
    own = key(title, description, body)
    head = element("title", escape(title), {"id": f"{own}-t"}) + element(
        "desc", escape(description), {"id": f"{own}-d"}
    )
    names: dict[str, Attribute] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "role": "img",
        "aria-labelledby": f"{own}-t",
        "aria-describedby": f"{own}-d",
    }
    return element("svg", head + body, {**names, **attributes})


def figure(text: str, signs: Signs) -> str:
    """A figure as Python groups it (12,345.6), with the signs of the reader's language."""
    decimal, group = signs
    return text.translate({ord("."): decimal, ord(","): group})
