"""The offline world: State shapes, projected and cropped for one picture.

`world.json` is made by `scripts/build_map.py` and holds shared arcs in hundredths of a degree; see its
docstring.
The projection is Miller's cylinder: nearly conformal where our States lie, finite at the poles, and it
repeats every 360 degrees, so that a crop may cross the 180th meridian without any cutting.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from tidegate.paper.words import gettext_noop

Point = tuple[float, float]

BOUNDARY_NOTE = gettext_noop(
    "Boundaries and names on this map are schematic. They do not imply any opinion on the legal status of "
    "any country, territory or area, or on the delimitation of its frontiers."
)


@dataclass(frozen=True)
class Place:
    """A State or territory on the map. Degrees; `box` is west, south, east, north of what a route should
    show.
    """

    code: str
    name: str
    at: Point
    box: tuple[float, float, float, float]
    rings: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class World:
    levels: tuple[float, ...]  # least effective area in square degrees of a point of level 0, 1, …
    arcs: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]  # levels, x and y in hundredths of a degree
    borders: tuple[int, ...]
    dotted: tuple[int, ...]
    land: tuple[tuple[int, ...], ...]
    places: dict[str, Place]


@cache
def world() -> World:
    """The map, read once for each process (about 40 ms)."""
    raw = json.loads(files("tidegate.paper").joinpath("world.json").read_text(encoding="utf-8"))
    arcs = []
    for levels, *flat in raw["arcs"]:
        x = y = 0
        xs, ys = [], []
        for i in range(0, len(flat), 2):
            x, y = x + flat[i], y + flat[i + 1]
            xs.append(x)
            ys.append(y)
        arcs.append((levels, tuple(xs), tuple(ys)))
    places = {
        code: Place(code, s["name"], tuple(s["at"]), tuple(s["box"]), tuple(tuple(r) for r in s["rings"]))
        for code, s in raw["states"].items()
    }
    return World(
        tuple(raw["levels"]),
        tuple(arcs),
        tuple(raw["borders"]),
        tuple(raw["dotted"]),
        tuple(tuple(r) for r in raw["land"]),
        places,
    )


@cache
def _miller() -> list[float]:
    """Projected latitude, in degrees of longitude at the equator, for each hundredth of a degree from -90 to
    90.
    """
    return [math.degrees(1.25 * math.asinh(math.tan(0.8 * math.radians((i - 9000) / 100)))) for i in range(18001)]


def project_latitude(lat: float) -> float:
    """Miller's y of a latitude in degrees, in the unit of longitude; north is positive."""
    return _miller()[min(18000, max(0, round(lat * 100) + 9000))]


def middle_longitude(longitudes: Iterable[float]) -> float:
    """The middle of the shortest stretch of the globe that holds all the longitudes, in degrees (-180 to
    180).
    """
    ordered = sorted({lon % 360 for lon in longitudes})
    if not ordered:
        return 120.0
    gaps = [((ordered[(i + 1) % len(ordered)] - lon) % 360 or 360, i) for i, lon in enumerate(ordered)]
    widest, i = max(gaps)
    start = ordered[(i + 1) % len(ordered)]
    return (start + (360 - widest) / 2 + 180) % 360 - 180


@dataclass(frozen=True)
class View:
    """A rectangle of the projected world, drawn `width` by `height` pixels with `scale` pixels a degree at
    the equator.
    """

    width: float
    height: float
    centre: float  # longitude in the middle of the picture
    top: float  # projected latitude of the upper edge
    scale: float

    @classmethod
    def around(cls, points: Sequence[Point], *, width: float, height: float, margin: float, least_span: float) -> View:
        """The closest view that holds the points (degrees) with `margin` pixels around, at least `least_span`
        degrees wide.
        """
        centre = middle_longitude(lon for lon, _ in points)
        xs = [_near(lon, centre) for lon, _ in points]
        ys = [project_latitude(lat) for _, lat in points]
        span_x, span_y = max(xs) - min(xs), max(ys) - min(ys)
        scale = min(
            (width - 2 * margin) / max(span_x, 1e-6),
            (height - 2 * margin) / max(span_y, 1e-6),
            width / least_span,
        )
        scale = max(scale, width / 360)
        middle = (max(xs) + min(xs)) / 2
        y_middle = (max(ys) + min(ys)) / 2
        # The poles are the edge of the paper: rather shift the picture than show nothing.
        half = height / 2 / scale
        low, high = project_latitude(-85), project_latitude(84)
        if high - low > 2 * half:
            y_middle = min(max(y_middle, low + half), high - half)
        return cls(width, height, centre + middle, y_middle + half, scale)

    def xy(self, lon: float, lat: float) -> Point:
        """Pixels of a place in degrees, on the copy of the world nearest to the middle of the picture."""
        return (
            self.width / 2 + _near(lon, self.centre) * self.scale,
            (self.top - project_latitude(lat)) * self.scale,
        )

    @property
    def level(self) -> int:
        """The finest level of detail worth drawing: a point that moves a line by less is not seen."""
        least = 0.8 / self.scale**2  # somewhat less than a pixel
        levels = world().levels
        return next((i for i, area in enumerate(levels) if area <= least), len(levels) - 1)

    def land(self, rings: Iterable[Sequence[int]]) -> str:
        """SVG path data of the rings' visible part (to be filled by `evenodd`)."""
        parts = []
        smallest = 1.2  # pixels
        for ring in rings:
            if not self._near_enough(_ring_box(tuple(ring))):
                continue
            points = list(self._ring(ring))
            if len(points) < 4:
                continue
            for shifted in self._copies(points):
                clipped = _clip(shifted, -10, -10, self.width + 10, self.height + 10)
                if clipped and _extent(clipped) >= smallest:
                    parts.append(_path(clipped, close=True))
        return "".join(parts)

    def lines(self, arcs: Iterable[int]) -> str:
        """SVG path data of the arcs' visible part."""
        parts = []
        book = world().arcs
        for arc in arcs:
            levels, xs, ys = book[arc]
            if not self._near_enough(_ring_box((arc,))):
                continue
            for shifted in self._copies(list(self._points(levels, xs, ys))):
                run: list[Point] = []
                for a, b in pairwise(shifted):
                    if _seen(a, b, self.width, self.height):
                        run = run or [a]
                        run.append(b)
                    elif run:
                        parts.append(_path(run, close=False))
                        run = []
                if run:
                    parts.append(_path(run, close=False))
        return "".join(parts)

    def _near_enough(self, box: tuple[int, int, int, int]) -> bool:
        """Whether a box in hundredths of a degree can be seen, on any copy of the world."""
        west, south, east, north = box
        if self.top < project_latitude(south / 100):
            return False
        if self.top - self.height / self.scale > project_latitude(north / 100):
            return False
        away = _near((west + east) / 200, self.centre)
        return abs(away) <= self.width / 2 / self.scale + (east - west) / 200 + 1 or self.width / self.scale > 300

    def _ring(self, refs: Sequence[int]) -> Iterator[Point]:
        for position, (levels, xs, ys) in enumerate(_joined(refs)):
            points = self._points(levels, xs, ys)
            if position:
                next(points)  # the end of the arc before
            yield from points

    def _points(self, levels: str, xs: Sequence[int], ys: Sequence[int]) -> Iterator[Point]:
        miller, wanted = _miller(), self.level
        origin_x = self.width / 2 - self.centre * self.scale
        step = self.scale / 100
        for level, x, y in zip(levels, xs, ys, strict=True):
            if ord(level) - 48 <= wanted:
                yield (
                    origin_x + x * step,
                    (self.top - miller[min(18000, max(0, y + 9000))]) * self.scale,
                )

    def _copies(self, points: list[Point]) -> Iterator[list[Point]]:
        """The points, shifted by whole turns of the globe to wherever they are seen."""
        west, east = min(p[0] for p in points), max(p[0] for p in points)
        if min(p[1] for p in points) > self.height or max(p[1] for p in points) < 0:
            return
        turn = 360 * self.scale
        first = math.ceil((-10 - east) / turn)
        last = math.floor((self.width + 10 - west) / turn)
        for k in range(first, last + 1):
            yield [(x + k * turn, y) for x, y in points] if k else points


def _joined(refs: Sequence[int]) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """The arcs of a ring in its direction, each beginning where the one before ended."""
    book = world().arcs
    out = []
    for ref in refs:
        levels, xs, ys = book[ref if ref >= 0 else ~ref]
        out.append((levels, xs, ys) if ref >= 0 else (levels[::-1], xs[::-1], ys[::-1]))
    start, end = out[0][1][0], out[-1][1][-1]
    if abs(end - start) > 18000:
        # Antarctica goes round the globe: it closes along the pole. Three points: the first is dropped.
        out.append(("000", (end, end, start), (-9000, -9000, -9000)))
    return out


@cache
def _ring_box(refs: tuple[int, ...]) -> tuple[int, int, int, int]:
    """West, south, east, north of a ring in hundredths of a degree; it may go on past 180."""
    parts = _joined(refs)
    return (
        min(min(xs) for _, xs, _ in parts),
        min(min(ys) for _, _, ys in parts),
        max(max(xs) for _, xs, _ in parts),
        max(max(ys) for _, _, ys in parts),
    )


def _near(lon: float, centre: float) -> float:
    return (lon - centre + 180) % 360 - 180


def _extent(points: Sequence[Point]) -> float:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return max(max(xs) - min(xs), max(ys) - min(ys))


def _seen(a: Point, b: Point, width: float, height: float) -> bool:
    return max(a[0], b[0]) >= 0 and min(a[0], b[0]) <= width and max(a[1], b[1]) >= 0 and min(a[1], b[1]) <= height


def _clip(points: list[Point], left: float, top: float, right: float, bottom: float) -> list[Point]:
    """Sutherland and Hodgman: the polygon's part within the rectangle."""
    for axis, limit, keep_above in ((0, left, True), (0, right, False), (1, top, True), (1, bottom, False)):
        if not points:
            return points
        if all((p[axis] >= limit) == keep_above or p[axis] == limit for p in points):
            continue
        out: list[Point] = []
        previous = points[-1]
        for point in points:
            inside = point[axis] >= limit if keep_above else point[axis] <= limit
            was_inside = previous[axis] >= limit if keep_above else previous[axis] <= limit
            if inside != was_inside:
                t = (limit - previous[axis]) / (point[axis] - previous[axis])
                out.append((previous[0] + t * (point[0] - previous[0]), previous[1] + t * (point[1] - previous[1])))
            if inside:
                out.append(point)
            previous = point
        points = out
    return points


def _path(points: Sequence[Point], *, close: bool) -> str:
    """Relative path data with one decimal: small in the page, exact enough for an eye."""
    x, y = round(points[0][0] * 10), round(points[0][1] * 10)
    parts = [f"M{_tenth(x)} {_tenth(y)}l"]
    moved = 0
    for px, py in points[1:]:
        nx, ny = round(px * 10), round(py * 10)
        if nx == x and ny == y:
            continue
        parts.append(f"{_tenth(nx - x)} {_tenth(ny - y)} ")
        x, y, moved = nx, ny, moved + 1
    if not moved:
        return ""
    return "".join(parts).rstrip() + ("z" if close else "")


def _tenth(value: int) -> str:
    whole, rest = divmod(abs(value), 10)
    sign = "-" if value < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole or ''}.{rest}"


def place(code: str) -> Place | None:
    """The State or territory of an ISO 3166-1 alpha-2 code, or None where the map has none."""
    return world().places.get(code.upper())
