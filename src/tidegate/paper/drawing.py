"""What a map is drawn with: paint, arcs, dots and labels that keep out of each other's way. Units: pixels."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tidegate.paper import svg
from tidegate.paper.geo import Point
from tidegate.paper.palette import LIGHT

HALO = 3.2  # pixels of sea colour around a label


class Paint:
    """Writes shapes with their light colours and, for pages with themes, their classes."""

    def __init__(self, classes: bool) -> None:
        self.classes = classes

    def attributes(self, css: str, **presentation: svg.Attribute) -> dict[str, svg.Attribute]:
        named = {key.replace("_", "-"): value for key, value in presentation.items()}
        return {"class": css, **named} if self.classes else named

    def path(
        self,
        d: str,
        css: str,
        *,
        data: Mapping[str, svg.Attribute] | None = None,
        **presentation: svg.Attribute,
    ) -> str:
        if not d:
            return ""
        return svg.element("path", None, {**self.attributes(css, **presentation), **(data or {}), "d": d})

    def shape(self, name: str, css: str, geometry: Mapping[str, svg.Attribute], **presentation: svg.Attribute) -> str:
        return svg.element(name, None, {**self.attributes(css, **presentation), **geometry})


@dataclass(frozen=True)
class Curve:
    """A quadratic Bézier curve between two spots, bent away from the straight line."""

    start: Point
    control: Point
    end: Point

    @classmethod
    def between(cls, a: Point, b: Point, *, bulge: float = 0.22) -> Curve:
        dx, dy = b[0] - a[0], b[1] - a[1]
        length = math.hypot(dx, dy) or 1.0
        nx, ny = dy / length, -dx / length
        if ny > 0 or (ny == 0 and nx < 0):
            # Always bent towards the upper edge, like a great circle of the north; the way back is bent less,
            # so that there and back do not lie on each other.
            nx, ny, bulge = -nx, -ny, bulge * 0.6
        bend = min(bulge * length, 120)
        return cls(a, ((a[0] + b[0]) / 2 + nx * bend, (a[1] + b[1]) / 2 + ny * bend), b)

    def at(self, t: float) -> Point:
        (x0, y0), (x1, y1), (x2, y2) = self.start, self.control, self.end
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        return a * x0 + b * x1 + c * x2, a * y0 + b * y1 + c * y2

    def points(self, n: int) -> list[Point]:
        return [self.at(i / n) for i in range(n + 1)]

    @property
    def length(self) -> float:
        return sum(math.dist(p, q) for p, q in pairwise(self.points(16)))

    def part(self, first: float, last: float) -> Curve:
        """The same curve from `first` to `last` (0 to 1)."""
        (x0, y0), (x1, y1), (x2, y2) = self.start, self.control, self.end
        u, v = first, last
        control = (
            (1 - u) * (1 - v) * x0 + (u + v - 2 * u * v) * x1 + u * v * x2,
            (1 - u) * (1 - v) * y0 + (u + v - 2 * u * v) * y1 + u * v * y2,
        )
        return Curve(self.at(first), control, self.at(last))

    @property
    def d(self) -> str:
        n = svg.number
        (x0, y0), (x1, y1), (x2, y2) = self.start, self.control, self.end
        return f"M{n(x0)} {n(y0)}Q{n(x1)} {n(y1)} {n(x2)} {n(y2)}"

    def head(self, length: float, half: float) -> str:
        """A triangle whose tip is the end of the curve."""
        dx, dy = self.end[0] - self.control[0], self.end[1] - self.control[1]
        size = math.hypot(dx, dy) or 1.0
        ux, uy = dx / size, dy / size
        bx, by = self.end[0] - ux * length, self.end[1] - uy * length
        n = svg.number
        return (
            f"M{n(self.end[0])} {n(self.end[1])}L{n(bx - uy * half)} {n(by + ux * half)}"
            f"L{n(bx + uy * half)} {n(by - ux * half)}z"
        )


def dot(spot: Point, role: str, paint: Paint, *, radius: float = 5.5) -> str:
    """Export: a ring; transit: a diamond; import: a full disc. The shape says it without colour."""
    x, y = spot
    if role == "transit":
        r, n = radius + 0.8, svg.number
        return paint.path(
            f"M{n(x)} {n(y - r)}L{n(x + r)} {n(y)}L{n(x)} {n(y + r)}L{n(x - r)} {n(y)}z",
            "tg-dot-transit",
            fill=LIGHT["raised"],
            stroke=LIGHT["amber"],
            stroke_width=2.2,
        )
    at: dict[str, svg.Attribute] = {"cx": float(x), "cy": float(y), "r": radius}
    if role == "export":
        return paint.shape("circle", "tg-dot-export", at, fill=LIGHT["raised"], stroke=LIGHT["teal"], stroke_width=2.4)
    return paint.shape("circle", "tg-dot-import", at, fill=LIGHT["navy"], stroke=LIGHT["raised"], stroke_width=1.6)


@dataclass
class Labels:
    """Puts each label where it covers least: not over dots, other labels or arcs, and inside the picture."""

    width: float
    height: float
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    def avoid_box(self, box: tuple[float, float, float, float]) -> None:
        self.boxes.append(box)

    def avoid_points(self, points: Sequence[Point]) -> None:
        self.points.extend(points)

    def place(
        self,
        spot: Point,
        name: str,
        words: str,
        paint: Paint,
        *,
        size: int = 14,
        reach: float = 12,
        if_free: bool = False,
    ) -> str:
        """Markup of a name with a smaller line of words under it, near the spot; with `if_free` nothing where
        no room is.
        """
        x, y = spot
        wide = max(_text_width(name, size) * 1.06, _text_width(words, 11))
        tall = size + (14 if words else 2)
        candidates = (
            (x + reach, y - tall / 2, "start"),
            (x - reach - wide, y - tall / 2, "end"),
            (x - wide / 2, y + reach - 2, "middle"),
            (x - wide / 2, y - reach - tall + 2, "middle"),
            (x + reach * 0.7, y + reach * 0.5, "start"),
            (x + reach * 0.7, y - reach * 0.5 - tall, "start"),
            (x - reach * 0.7 - wide, y + reach * 0.5, "end"),
            (x - reach * 0.7 - wide, y - reach * 0.5 - tall, "end"),
        )
        best = min(candidates, key=lambda c: self._cost((c[0], c[1], c[0] + wide, c[1] + tall)))
        left, top, anchor = best
        if if_free and self._covered((left, top, left + wide, top + tall)):
            return ""
        left = min(max(left, 4.0), max(4.0, self.width - wide - 4))
        top = min(max(top, 4.0), self.height - tall - 4)
        self.boxes.append((left, top, left + wide, top + tall))
        at = left if anchor == "start" else left + wide if anchor == "end" else left + wide / 2
        look: dict[str, svg.Attribute] = {
            "stroke": LIGHT["map_sea"],
            "stroke_width": HALO,
            "stroke_linejoin": "round",
            "paint_order": "stroke",
            "text_anchor": anchor,
        }
        bold = paint.attributes("tg-name", fill=LIGHT["ink"], font_size=size, font_weight=700, **look)
        text = svg.element("text", svg.escape(name), {**bold, "x": float(at), "y": top + size * 0.86})
        if words:
            small = paint.attributes("tg-role", fill=LIGHT["muted"], font_size=11, **look)
            text += svg.element("text", svg.escape(words), {**small, "x": float(at), "y": top + size + 10.5})
        return text

    def _covered(self, box: tuple[float, float, float, float]) -> list[float]:
        """The areas, in square pixels, in which the box covers something else."""
        left, top, right, bottom = box
        return [
            (min(right, r) - max(left, x)) * (min(bottom, b) - max(top, y))
            for x, y, r, b in self.boxes
            if x < right and r > left and y < bottom and b > top
        ]

    def _cost(self, box: tuple[float, float, float, float]) -> float:
        left, top, right, bottom = box
        cost = sum(8.0 + area / 50 for area in self._covered(box))
        cost += 2 * sum(left - 2 <= x <= right + 2 and top - 2 <= y <= bottom + 2 for x, y in self.points)
        outside = max(0.0, 4 - left) + max(0.0, right - self.width + 4) + max(0.0, 4 - top)
        return cost + outside + max(0.0, bottom - self.height + 4)


def _text_width(text: str, size: float) -> float:
    """Rough width of a text in pixels; marks that sit on a letter take no room."""
    return size * sum(
        0.0 if unicodedata.combining(c) or unicodedata.category(c) == "Mn" else 0.3 if c in " .,il'" else 0.6
        for c in text
    )
