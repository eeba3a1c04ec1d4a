"""Maps drawn on the server: the route of one shipment, the flows of a batch.

A map is one self-contained SVG without scripts, outside addresses or inline styles. Colours are presentation
attributes of the light theme; with `theme_classes` each part also has a class, which a page's style sheet
overrides (`palette.MAP_CSS`). Print `BOUNDARY_NOTE` (translated) beside every map.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tidegate.paper import geo, svg
from tidegate.paper.drawing import Curve, Labels, Paint, dot
from tidegate.paper.geo import BOUNDARY_NOTE, Point, View
from tidegate.paper.palette import LIGHT
from tidegate.paper.words import ROLES, joined

__all__ = ["BOUNDARY_NOTE", "flow_svg", "route_svg", "route_text", "state_name"]

FONT = "'Noto Sans', 'Noto Sans Thai', 'Noto Sans Khmer', 'Noto Sans Lao', 'Noto Sans Myanmar', sans-serif"


def state_name(code: str, translate: Callable[[str], str] = str, names: Mapping[str, str] | None = None) -> str:
    """The name of a State by its alpha-2 code: from `names`, else the map's own (translated), else the
    code.
    """
    if names and code in names:
        return names[code]
    found = geo.place(code)
    return translate(found.name) if found else code


def route_svg(
    states: Sequence[str],
    *,
    title: str,
    theme_classes: bool = True,
    translate: Callable[[str], str] = str,
    names: Mapping[str, str] | None = None,
    width: int = 720,
    height: int = 380,
) -> str:
    """The route of a shipment as an SVG map.

    `states`: ISO 3166-1 alpha-2 codes in order: State of export, States of transit, State of import. One code
    alone is a movement within that State. A code that the map does not know is named in the description and
    left off the picture.
    The crop follows the route, also across the 180th meridian.
    """
    if not states:
        raise ValueError("states: empty; expected the State of export and the State of import")
    codes = [code.upper() for code in states]
    stops = _stops(codes)
    drawn = [(code, roles, place) for code, roles in stops.items() if (place := geo.place(code)) is not None]
    view = View.around(
        [p for _, _, place in drawn for p in _corners(place)] or [(60.0, -40.0), (190.0, 40.0)],
        width=width,
        height=height,
        margin=min(width, height) * 0.14,
        least_span=24,
    )
    paint = Paint(theme_classes)
    body = [_ground(view, paint)]
    for code, roles, place in drawn:
        role = _strongest(roles)
        body.append(
            paint.path(
                view.land(place.rings),
                f"tg-state tg-state-{role}",
                fill=LIGHT[f"map_{role}"],
                stroke=LIGHT[f"map_{role}"],
                fill_rule="evenodd",
                stroke_width=0.6,
                data={"data-state": code},
            )
        )
    body.append(_borders(view, paint))

    spots = {code: view.xy(*place.at) for code, _, place in drawn}
    legs = [(spots[a], spots[b]) for a, b in pairwise(c for c in codes if c in spots) if a != b]
    curves = [Curve.between(a, b) for a, b in legs]
    body += [_leg(curve, paint) for curve in curves]
    labels = Labels(view.width, view.height)
    for curve in curves:
        labels.avoid_points(curve.points(60))
    for spot in spots.values():
        labels.avoid_box((spot[0] - 7, spot[1] - 7, spot[0] + 7, spot[1] + 7))
    for code, roles, _ in drawn:
        body.append(dot(spots[code], _strongest(roles), paint))
    for code, roles, _ in drawn:
        words = ", ".join(translate(ROLES[role]) for role in roles)
        body.append(labels.place(spots[code], state_name(code, translate, names), words, paint))

    return svg.titled(
        title,
        route_text(codes, translate, names),
        "".join(body),
        {
            "viewBox": f"0 0 {width} {height}",
            "class": "tg-map tg-route" if theme_classes else None,
            "font-family": FONT,
        },
    )


def flow_svg(
    flows: Sequence[tuple[str, str, float]],
    *,
    title: str,
    unit: str = "t",
    top: int = 30,
    theme_classes: bool = True,
    translate: Callable[[str], str] = str,
    signs: svg.Signs = svg.SIGNS,
    names: Mapping[str, str] | None = None,
    width: int = 960,
    height: int = 480,
) -> str:
    """The largest flows between States as arcs whose width follows their value.

    `flows`: `(export, import, value)` with alpha-2 codes and a value in `unit`; rows of one pair are added
    up. Flows within one State, without a place on the map or without a positive value are left out, and the
    description says how many. At most `top` pairs are drawn. `signs`: as for a chart.
    """
    totals: dict[tuple[str, str], float] = {}
    for export, to, value in flows:
        amount = float(value)
        if not math.isfinite(amount):
            raise ValueError(f"flows: value {value!r} of {export}–{to}; expected a finite number")
        pair = (export.upper(), to.upper())
        totals[pair] = totals.get(pair, 0.0) + amount
    usable = {
        pair: value
        for pair, value in totals.items()
        if value > 0 and pair[0] != pair[1] and geo.place(pair[0]) and geo.place(pair[1])
    }
    ranked = sorted(usable.items(), key=lambda item: (-item[1], item[0]))[: max(0, top)]
    places = {code: found for pair, _ in ranked for code in pair if (found := geo.place(code)) is not None}
    corners = [place.at for place in places.values()] or [(60.0, -40.0), (190.0, 45.0)]
    view = View.around(corners, width=width, height=height, margin=56, least_span=60)
    paint = Paint(theme_classes)
    body = [_ground(view, paint), _borders(view, paint)]
    spots = {code: view.xy(*place.at) for code, place in places.items()}
    largest = ranked[0][1] if ranked else 1.0
    for (export, to), value in ranked:  # the largest lie below, so that the small stay visible
        curve = Curve.between(spots[export], spots[to], bulge=0.2)
        there = f"{state_name(export, translate, names)} → {state_name(to, translate, names)}"
        words = f"{there}: {_amount(value, signs)} {unit}"
        body.append(_flow(curve, _flow_width(value, largest), words, paint))

    arriving: dict[str, float] = {}
    weight: dict[str, float] = {}
    for (export, to), value in ranked:
        arriving[to] = arriving.get(to, 0.0) + value
        for code in (export, to):
            weight[code] = weight.get(code, 0.0) + value
    labels = Labels(view.width, view.height)
    labels.avoid_box((0, height - 64, 190, height))
    for code, spot in spots.items():
        labels.avoid_box((spot[0] - 5, spot[1] - 5, spot[0] + 5, spot[1] + 5))
        body.append(dot(spot, "import" if code in arriving else "export", paint, radius=3.6))
    for code in sorted(spots, key=lambda c: (-weight[c], c))[:14]:
        name = state_name(code, translate, names)
        body.append(labels.place(spots[code], name, "", paint, size=12, reach=7, if_free=True))
    if ranked:
        body.append(_flow_legend(largest, unit, height, paint, signs))

    drawn = sum(value for pair, value in ranked)
    everything = sum(value for value in totals.values() if value > 0)
    share = round(100 * drawn / everything) if everything else 0
    _ = translate
    lines = [
        _("%(drawn)s of %(all)s flows drawn, %(share)s%% of the total of %(total)s %(unit)s.")
        % {
            "drawn": len(ranked),
            "all": len(totals),
            "share": share,
            "total": _amount(everything, signs),
            "unit": unit,
        }
    ]
    lines += [
        f"{state_name(a, translate, names)} → {state_name(b, translate, names)}: {_amount(v, signs)} {unit}."
        for (a, b), v in ranked[:10]
    ]
    return svg.titled(
        title,
        " ".join(lines),
        "".join(body),
        {
            "viewBox": f"0 0 {width} {height}",
            "class": "tg-map tg-flows" if theme_classes else None,
            "font-family": FONT,
        },
    )


def _stops(codes: Sequence[str]) -> dict[str, list[str]]:
    """Each State of the route once, in order, with its roles."""
    stops: dict[str, list[str]] = {}
    last = len(codes) - 1
    for i, code in enumerate(codes):
        role = "export" if i == 0 else "import" if i == last else "transit"
        roles = stops.setdefault(code, [])
        if role not in roles:
            roles.append(role)
    if last == 0:
        stops[codes[0]] = ["export", "import"]
    return stops


def _strongest(roles: Sequence[str]) -> str:
    return next(role for role in ("import", "export", "transit") if role in roles)


def _corners(place: geo.Place) -> list[Point]:
    west, south, east, north = place.box
    return [place.at, (west, south), (east, north)]


def route_text(
    codes: Sequence[str], translate: Callable[[str], str] = str, names: Mapping[str, str] | None = None
) -> str:
    """The route in one sentence: what a reader who does not see the map needs."""
    _ = translate
    called = [state_name(code, translate, names) for code in codes]
    unknown = [code for code in dict.fromkeys(codes) if geo.place(code) is None]
    if len(set(codes)) == 1:
        text = _("Movement within %(state)s.") % {"state": called[0]}
    elif len(codes) == 2:
        text = _("From %(start)s directly to %(end)s.") % {"start": called[0], "end": called[-1]}
    else:
        text = _("From %(start)s through %(transit)s to %(end)s.") % {
            "start": called[0],
            "transit": joined(called[1:-1], translate),
            "end": called[-1],
        }
    if unknown:
        text += " " + _("Not on the map: %(codes)s.") % {"codes": ", ".join(unknown)}
    return text


def _ground(view: View, paint: Paint) -> str:
    """Sea, the net of meridians and parallels, land."""
    step = 5 if view.scale > 22 else 10 if view.scale > 7 else 20
    grid = []
    reach = view.width / 2 / view.scale
    for k in range(math.ceil((view.centre - reach) / step), math.floor((view.centre + reach) / step) + 1):
        x = view.width / 2 + (k * step - view.centre) * view.scale
        grid.append(f"M{svg.number(x)} 0v{svg.number(view.height)}")
    for lat in range(-80, 81, step):
        y = (view.top - geo.project_latitude(lat)) * view.scale
        if 0 <= y <= view.height:
            grid.append(f"M0 {svg.number(y)}h{svg.number(view.width)}")
    book = geo.world()
    rings = [ring for place in book.places.values() for ring in place.rings] + list(book.land)
    return (
        paint.shape("rect", "tg-sea", {"width": view.width, "height": view.height}, fill=LIGHT["map_sea"])
        + paint.path("".join(grid), "tg-grid", fill="none", stroke=LIGHT["map_grid"], stroke_width=0.7)
        + paint.path(
            view.land(rings),
            "tg-land",
            fill=LIGHT["map_land"],
            stroke=LIGHT["map_land"],
            stroke_width=0.6,
            fill_rule="evenodd",
        )
    )


def _borders(view: View, paint: Paint) -> str:
    book = geo.world()
    look: dict[str, Any] = {"fill": "none", "stroke": LIGHT["map_border"], "stroke_width": 0.7}
    return paint.path(view.lines(book.borders), "tg-border", stroke_linejoin="round", **look) + paint.path(
        view.lines(book.dotted), "tg-border", stroke_dasharray="1.5 2", **look
    )


def _leg(curve: Curve, paint: Paint) -> str:
    length = curve.length
    if length < 4:
        return ""
    gap = min(9.0, length * 0.25) / length
    whole = curve.part(gap, 1 - gap)
    size = min(11.0, whole.length * 0.5)
    shaft = whole.part(0, max(0.05, 1 - size * 0.8 / whole.length))
    return paint.path(
        shaft.d, "tg-leg", fill="none", stroke=LIGHT["navy"], stroke_width=2.2, stroke_linecap="round"
    ) + paint.path(whole.head(size, size * 0.42), "tg-arrow", fill=LIGHT["navy"])


def _flow_width(value: float, largest: float) -> float:
    """Pixels for a value: proportional, but never too thin to see."""
    return max(0.8, 12.0 * value / largest)


def _flow(curve: Curve, thickness: float, words: str, paint: Paint) -> str:
    length = curve.length
    if length < 4:
        return ""
    gap = min(5.0, length * 0.2) / length
    whole = curve.part(gap, 1 - gap)
    half = max(3.0, thickness * 0.75)
    size = min(half * 1.9, whole.length * 0.4)
    shaft = whole.part(0, max(0.05, 1 - size * 0.9 / whole.length))
    return svg.element(
        "g",
        svg.element("title", svg.escape(words))
        + paint.path(
            shaft.d,
            "tg-flow",
            fill="none",
            stroke=LIGHT["teal"],
            stroke_width=round(thickness, 1),
            stroke_opacity="0.62",
        )
        + paint.path(whole.head(size, half), "tg-flow-head", fill=LIGHT["teal"], fill_opacity="0.85"),
    )


def _flow_legend(largest: float, unit: str, height: float, paint: Paint, signs: svg.Signs) -> str:
    """Three strokes with their values, so that widths can be read."""
    top = height - 64
    parts = [
        paint.shape(
            "rect",
            "tg-panel",
            {"x": 12.0, "y": top - 8, "width": 172.0, "height": 60.0, "rx": 4.0},
            fill=LIGHT["raised"],
            stroke=LIGHT["line"],
            fill_opacity="0.92",
        )
    ]
    # Shipments come whole: of a small batch the legend says 7, 3 and 1, never 0.7, and never one figure twice.
    values = [largest * part for part in (1.0, 0.4, 0.1)]
    if float(largest).is_integer():
        values = sorted({float(max(1, round(value))) for value in values}, reverse=True)
    for i, value in enumerate(values):
        part = value / largest
        y = top + 8 + i * 18
        parts.append(
            paint.path(
                f"M22 {svg.number(y)}h44",
                "tg-flow",
                stroke=LIGHT["teal"],
                stroke_width=round(_flow_width(part, 1.0), 1),
                stroke_opacity="0.75",
            )
        )
        text = svg.escape(f"{_amount(value, signs)} {unit}")
        parts.append(
            svg.element(
                "text",
                text,
                {**paint.attributes("tg-panel-text", fill=LIGHT["ink"], font_size=11), "x": 76.0, "y": y + 4},
            )
        )
    return "".join(parts)


def _amount(value: float, signs: svg.Signs) -> str:
    """A value to three figures or to the unit."""
    return svg.figure(f"{value:,.0f}" if value >= 100 else f"{value:.3g}", signs)
