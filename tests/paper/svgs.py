"""Reading an SVG back, for tests."""

from __future__ import annotations

import re

from defusedxml.ElementTree import fromstring

SVG = "{http://www.w3.org/2000/svg}"


def parse(markup: str):  # type: ignore[no-untyped-def]
    """The root of a well-formed SVG that names and describes itself and holds nothing active."""
    root = fromstring(markup)
    assert root.tag == SVG + "svg"
    assert root.get("role") == "img"
    ids = {node.get("id") for node in root.iter()}
    assert root.get("aria-labelledby") in ids
    assert root.get("aria-describedby") in ids
    for node in root.iter():
        assert node.tag.removeprefix(SVG) not in {"script", "style", "foreignObject", "image", "use", "a"}
        for name in node.attrib:
            assert not name.lower().startswith("on")
            assert name.split("}")[-1] not in {"href", "style"}
    return root


def title(markup: str) -> str:
    return parse(markup).findtext(SVG + "title") or ""


def description(markup: str) -> str:
    return parse(markup).findtext(SVG + "desc") or ""


def texts(markup: str) -> list[str]:
    """What is written in the picture."""
    return ["".join(node.itertext()) for node in parse(markup).iter(SVG + "text")]


def of_class(markup: str, name: str):  # type: ignore[no-untyped-def]
    return [node for node in parse(markup).iter() if name in (node.get("class") or "").split()]


def numbers(path: str) -> list[tuple[float, float]]:
    """The absolute points of path data written with M, l and z."""
    points = []
    for piece in re.findall(r"M([^Mz]+)", path):
        start, _, rest = piece.partition("l")
        x, y = (float(v) for v in start.split())
        points.append((x, y))
        values = [float(v) for v in rest.split()]
        for dx, dy in zip(values[::2], values[1::2], strict=True):
            x, y = x + dx, y + dy
            points.append((x, y))
    return points
