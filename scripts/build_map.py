"""Build `src/tidegate/paper/world.json`, the offline map, from the npm package world-atlas.

Usage, after `npm pack world-atlas@2.0.2` and unpacking it:

    python scripts/build_map.py package/countries-50m.json

The atlas (ISC licence) redistributes Natural Earth 1:50m (public domain). We keep its shared arcs, so that
neighbours keep one common border at every level of detail, and add what a customs map needs: ISO 3166-1
alpha-2 codes, names and a label point for each code, also for those that the atlas lacks (`map_states.csv`).

Each point of an arc carries the coarsest level of detail at which it is drawn (Visvalingam's effective area):
level 0 for a world map, 4 for one sea. The atlas has no cut at the 180th meridian; an arc that crosses it
goes on past 180 degrees here, and `tidegate.paper.geo` joins the arcs of a ring modulo 360.
"""

from __future__ import annotations

import csv
import heapq
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCALE = 100  # stored coordinates are hundredths of a degree
LEVELS = (
    0.1,
    0.025,
    0.007,
    0.002,
    0.0004,
)  # square degrees: least effective area of a point of level 0, 1, …
SMALLEST_RING = 0.0012  # square degrees: smaller islets are dropped unless they are all that a State has

# Areas that the atlas draws apart without an ISO code. Those of the first kind are drawn as part of the State
# that the United Nations' maps show them in; the others stay land without a code, and their edges are drawn
# dotted.
PART_OF = {"N. Cyprus": "CY", "Somaliland": "SO"}

Point = tuple[float, float]


def main(atlas: Path, states_csv: Path, out: Path) -> None:
    topology = json.loads(atlas.read_text(encoding="utf-8"))
    with states_csv.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    codes = {row["numeric"]: row["code"] for row in table}

    raw = _arcs(topology)
    shapes: dict[str, list[list[list[int]]]] = {}  # code, or "" for land without one -> polygons of rings of arcs
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        code = PART_OF.get(name) or codes.get(geometry.get("id", ""), "")
        polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
        if code == "AQ":  # the atlas gives the continent as a hole in a ring of no area at the pole
            polygons = [[ring] for polygon in polygons for ring in polygon]
        shapes.setdefault(code, []).extend(polygons)

    owners: dict[int, set[str]] = {}
    kept: dict[str, list[list[list[int]]]] = {}
    for code, polygons in shapes.items():
        sized = sorted(((_area(_ring(raw, p[0])), p) for p in polygons), key=lambda item: -item[0])
        kept[code] = [p for i, (area, p) in enumerate(sized) if area >= SMALLEST_RING or (code and i < 6)]
        for polygon in kept[code]:
            for ring in polygon:
                for arc in ring:
                    owners.setdefault(arc if arc >= 0 else ~arc, set()).add(code)

    renumber: dict[int, int] = {}
    arcs: list[list[Any]] = []
    for old in sorted(owners):
        renumber[old] = len(arcs)
        arcs.append(_encode(raw[old]))
    borders = {renumber[a]: ("d" if "" in who else "b") for a, who in owners.items() if len(who) > 1}

    def refs(polygons: list[list[list[int]]]) -> list[list[int]]:
        return [[renumber[a] if a >= 0 else ~renumber[~a] for a in ring] for polygon in polygons for ring in polygon]

    states: dict[str, Any] = {}
    for row in table:
        code = row["code"]
        polygons = kept.get(code, [])
        rings = [_ring(raw, polygon[0]) for polygon in polygons]
        if row["lon"]:
            at = (float(row["lon"]), float(row["lat"]))
        elif rings:
            at = _centroid(max(rings, key=_area))
        else:
            raise SystemExit(f"{states_csv}: {code} has neither a shape in the atlas nor a point in the table")
        states[code] = {
            "name": row["name"],
            "at": [round(at[0], 2), round(at[1], 2)],
            "box": _box(rings, at),
            "rings": refs(polygons),
        }
    world = {
        "source": "Natural Earth 4.1.0, 1:50m, by world-atlas 2.0.2; simplified",
        "scale": SCALE,
        "levels": LEVELS,
        "arcs": arcs,
        "borders": [a for a, kind in sorted(borders.items()) if kind == "b"],
        "dotted": [a for a, kind in sorted(borders.items()) if kind == "d"],
        "land": refs(kept.get("", [])),
        "states": states,
    }
    out.write_text(json.dumps(world, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{out}: {len(states)} States, {len(arcs)} arcs, {out.stat().st_size // 1024} kB")


def _arcs(topology: dict[str, Any]) -> list[list[Point]]:
    """Undo TopoJSON's delta coding and quantisation: degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[list[Point]] = []
    for arc in topology["arcs"]:
        x = y = 0
        points: list[Point] = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            lon = x * sx + tx
            if points:
                lon += 360 * round((points[-1][0] - lon) / 360)
            points.append((lon, y * sy + ty))
        arcs.append(points)
    return arcs


def _ring(arcs: list[list[Point]], refs: Sequence[int]) -> list[Point]:
    ring: list[Point] = []
    for ref in refs:
        part = arcs[ref] if ref >= 0 else arcs[~ref][::-1]
        if ring and math.dist(ring[-1], part[0]) > 1e-6:
            raise SystemExit("a ring crosses the 180th meridian between two arcs; geo.py joins them as they are")
        ring.extend(part[1:] if ring else part)
    if abs(ring[-1][0] - ring[0][0]) > 180:  # Antarctica goes round the globe; it closes along the pole
        ring += [(ring[-1][0], -90.0), (ring[0][0], -90.0)]
    return ring


def _area(ring: Sequence[Point]) -> float:
    """Area in square degrees as they look at the ring's own latitude."""
    total = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True))
    middle = sum(y for _, y in ring) / len(ring)
    return abs(total) / 2 * math.cos(math.radians(middle))


def _centroid(ring: Sequence[Point]) -> Point:
    area = cx = cy = 0.0
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        cross = x0 * y1 - x1 * y0
        area, cx, cy = area + cross, cx + (x0 + x1) * cross, cy + (y0 + y1) * cross
    if not area:
        return ring[0]
    return cx / (3 * area), cy / (3 * area)


def _box(rings: list[list[Point]], at: Point) -> list[float]:
    """West, south, east, north of the part of the State that a route should show: its larger pieces near the
    label.
    """
    near = [r for r in rings if _area(r) >= 0.1 * max(_area(x) for x in rings)]
    points = [p for ring in near for p in ring if abs(p[0] - at[0]) < 14 and abs(p[1] - at[1]) < 10] + [at]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    west, south, east, north = min(xs), min(ys), max(xs), max(ys)
    return [
        math.floor(west * 10) / 10,
        math.floor(south * 10) / 10,
        math.ceil(east * 10) / 10,
        math.ceil(north * 10) / 10,
    ]


def _encode(points: list[Point]) -> list[Any]:
    """`[levels, x, y, dx, dy, …]` with one digit of `levels` for each point."""
    weights = _weights(points)
    kept = [(p, w) for p, w in zip(points, weights, strict=True) if w >= LEVELS[-1]]
    flat: list[int] = []
    levels = ""
    px = py = None
    for (x, y), weight in kept:
        ix, iy = round(x * SCALE), round(y * SCALE)
        if px is not None and py is not None:
            flat += [ix - px, iy - py]
        else:
            flat += [ix, iy]
        px, py = ix, iy
        levels += str(next(level for level, least in enumerate(LEVELS) if weight >= least))
    return [levels, *flat]


def _weights(points: list[Point]) -> list[float]:
    """Visvalingam's effective area of each point; infinite for the ends, and for enough points to keep an
    islet a shape.
    """
    n = len(points)
    weights = [math.inf] * n
    left, right = list(range(-1, n - 1)), list(range(1, n + 1))

    def triangle(i: int) -> float:
        (x0, y0), (x1, y1), (x2, y2) = points[left[i]], points[i], points[right[i]]
        area = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2
        return area * max(0.05, math.cos(math.radians(y1)))

    current = {i: triangle(i) for i in range(1, n - 1)}
    heap = [(w, i) for i, w in current.items()]
    heapq.heapify(heap)
    closed = points[0] == points[-1]
    remaining, floor, most = n, (5 if closed else 2), 0.0
    while heap and remaining > floor:
        weight, i = heapq.heappop(heap)
        if current.get(i) != weight:
            continue
        most = max(most, weight)
        weights[i] = most
        del current[i]
        remaining -= 1
        left[right[i]], right[left[i]] = left[i], right[i]
        for j in (left[i], right[i]):
            if 0 < j < n - 1:
                current[j] = triangle(j)
                heapq.heappush(heap, (current[j], j))
    return weights


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python scripts/build_map.py path/to/countries-50m.json")
    root = Path(__file__).resolve().parent
    main(Path(sys.argv[1]), root / "map_states.csv", root.parent / "src" / "tidegate" / "paper" / "world.json")
