"""Charts drawn on the server: Vega-Lite definitions as data, rendered to SVG without a browser or a script in
the page.

Each chart is one JSON file beside this one. Three things are filled in when it is drawn: the rows, the
colours of the theme and the words in the reader's language; a place to fill is written `{"$":
"colour.teal"}`, `{"$": "text.Shipments"}` and so on. `usermeta.rows` says which fields a row must have. Rows
travel as data only: no text of theirs is ever part of an expression, an address or markup.

The renderer (vl-convert) is loaded with the first chart, once for each process: about 0.7 s, later charts
about 0.05 s.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from tidegate.paper import svg
from tidegate.paper.palette import Theme, theme_colours
from tidegate.paper.words import CHART_TEXTS, CLASSES, KINDS, STATUSES

NAMES = ("outcomes", "outcomes_by_state", "outcomes_by_month", "rules_binding", "state_timeline", "standards")

Row = Mapping[str, Any]
Translate = Callable[[str], str]

CLASS_COLOURS = tuple("verify_bar" if name == "clear_to_verify" else name for name in CLASSES)
FONT = "Noto Sans, Noto Sans Thai, Noto Sans Khmer, Noto Sans Lao, Noto Sans Myanmar, system-ui, sans-serif"
KIND_GROUPS = {  # kind of a rule -> the group whose colour it has on a timeline
    "prohibition": "prohibition",
    "standard": "limit",
    "port": "limit",
    "quota": "limit",
    "exemption": "exemption",
}


def chart_svg(
    name: str,
    rows: Iterable[Row],
    *,
    title: str,
    description: str,
    theme: Theme = "light",
    translate: Translate = str,
    signs: svg.Signs = svg.SIGNS,
    width: int = 640,
    today: date | None = None,
) -> str:
    """Draw the chart `name` (one of `NAMES`) from `rows`.

    | chart | fields of a row |
    |---|---|
    | outcomes | outcome, count |
    | outcomes_by_state | state (as shown), outcome, count |
    | outcomes_by_month | month "YYYY-MM", outcome, count |
    | rules_binding | rule, count; the caller chooses how many |
    | state_timeline | rule, start, end (date, ISO text or None), status, kind (of the book); in this order |
    | standards | state (as shown), limit (as shown), value, unit |

    An outcome is one of `words.CLASSES`: what is clear with checks left has a bar of its own and is never green.
    `signs`: the decimal sign, and the one between groups of three figures. `width`: pixels of the drawing area,
    without labels. `today` marks the day on a timeline (default: the
    real day).
    A row that lacks a field or has a value that cannot be drawn is a `ValueError` that names row, field and
    value.
    The picture stands on a transparent ground; print a table of the same rows beside it.
    """
    if name not in NAMES:
        raise ValueError(f"chart: {name!r}; expected one of {', '.join(NAMES)}")
    definition = _definition(name)
    colours = theme_colours(theme)
    checked = [_checked(row, i, definition["usermeta"]["rows"]) for i, row in enumerate(rows, start=1)]
    # A legend wider than the drawing would have the picture shrunk until it cannot be read.
    filling: dict[str, Any] = {"width": width, "legend.columns": max(1, width // 200)}
    values = _prepare(name, checked, filling, translate, signs, today or datetime.now(UTC).date())
    if not values:
        return _empty(title, description, translate, colours, width)
    filling |= {
        "outcome.words": [translate(word) for word in CLASSES.values()],
        "outcome.colours": [colours[name] for name in CLASS_COLOURS],
        "kind.words": [translate(word) for word in KINDS.values()],
        "kind.colours": [colours[c] for c in ("prohibited", "teal", "needs", "clear")],
    }

    def look_up(key: str) -> Any:
        kind, _, rest = key.partition(".")
        if kind == "colour":
            return colours[rest]
        if kind == "text":
            return translate(CHART_TEXTS[rest])
        return filling[key]

    spec = _filled(definition, look_up)
    spec["data"]["values"] = values
    spec["config"] = _config(colours)
    return _accessible(_render(spec, signs), title, description)


def _checked(row: Row, number: int, fields: Mapping[str, str]) -> dict[str, Any]:
    checked = {}
    for name, kind in fields.items():
        value = row.get(name)
        ok, expected = True, "text"
        if kind == "text":
            ok = isinstance(value, str)
        elif kind == "count":
            ok, expected = isinstance(value, int) and value >= 0, "a whole number, 0 or more"
        elif kind == "number":
            try:
                value = float(value)  # type: ignore[arg-type]
                ok = math.isfinite(value)
            except (TypeError, ValueError):
                ok = False
            expected = "a finite number"
        elif kind in ("outcome", "status"):
            known = CLASSES if kind == "outcome" else STATUSES
            ok, expected = value in known, "one of " + ", ".join(known)
        elif kind == "month":
            ok = isinstance(value, str) and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value) is not None
            expected = "YYYY-MM"
        elif kind == "date?":
            try:
                value = date.fromisoformat(value) if isinstance(value, str) else value
                ok = value is None or isinstance(value, date)
            except ValueError:
                ok = False
            expected = "a date or None"
        if not ok:
            raise ValueError(f"row {number}, {name}: {row.get(name)!r}; expected {expected}")
        checked[name] = svg.clean(value) if isinstance(value, str) else value
    return checked


def _prepare(
    name: str, rows: Sequence[dict[str, Any]], filling: dict[str, Any], translate: Translate, signs: svg.Signs,
    today: date,
) -> list[dict[str, Any]]:  # fmt: skip
    """The rows as the definition wants them: words for codes, labels, and open ends closed at the edge of the
    picture.
    """
    if name == "state_timeline":
        return _timeline(rows, filling, translate, today)
    order = list(CLASSES)
    out = []
    for row in rows:
        ready = dict(row)
        if "outcome" in row:
            ready["rank"] = order.index(row["outcome"])
            ready["outcome"] = translate(CLASSES[row["outcome"]])
        if "count" in row:
            ready["label"] = svg.figure(f"{row['count']:,}", signs)
        if "value" in row:
            ready["label"] = svg.figure(f"{row['value']:g}", signs) + f"\u202f{row['unit']}"
        out.append(ready)
    if name == "standards":
        filling["order.limit"] = list(dict.fromkeys(row["limit"] for row in rows))
    return out


def _timeline(
    rows: Sequence[dict[str, Any]], filling: dict[str, Any], translate: Translate, today: date
) -> list[dict[str, Any]]:
    days = [day for row in rows for day in (row["start"], row["end"]) if day is not None] + [today]
    left = min(days) - timedelta(days=200)
    right = max(days) + timedelta(days=300)
    filling["domain.time"] = [
        {"year": day.year, "month": day.month, "date": day.day, "utc": True}
        for day in (left, right + (right - left) * 0.02)
    ]
    filling["order.rule"] = list(dict.fromkeys(row["rule"] for row in rows))
    out = []
    for i, row in enumerate(rows):
        # A rule holds through its last day, so that its bar ends where the next day begins.
        start, end = row["start"] or left, row["end"] + timedelta(days=1) if row["end"] else right
        # What is not in the gazette says so in words, where there is room beside its bar.
        side = "right" if row["end"] else "left" if row["start"] else "inside"
        out.append(
            {
                "rule": row["rule"],
                "from": start.isoformat(),
                "to": end.isoformat(),
                "open_start": row["start"] is None,
                "open_end": row["end"] is None,
                "look": row["status"],
                "note": translate(STATUSES[row["status"]]),
                "note_at": (end if side == "right" else start).isoformat(),
                "note_side": None if row["status"] == "gazetted" else side,
                "kind": translate(KINDS[KIND_GROUPS.get(row["kind"], "paper")]),
                "today": today.isoformat(),
                "first": i == 0,
            }
        )
    return out


@cache
def _definition(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    definition: dict[str, Any] = json.loads(text)
    return definition


def _filled(node: Any, look_up: Callable[[str], Any]) -> Any:
    """A copy of the definition with every `{"$": key}` replaced."""
    if isinstance(node, dict):
        if set(node) == {"$"}:
            return look_up(node["$"])
        return {key: _filled(value, look_up) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, look_up) for value in node]
    return node


def _config(colours: Mapping[str, str]) -> dict[str, Any]:
    """The look of every chart."""
    text = {
        "labelColor": colours["ink"],
        "titleColor": colours["muted"],
        "labelFont": FONT,
        "titleFont": FONT,
    }
    return {
        "aria": False,  # the whole picture has one title and one description, and a table beside it
        "background": None,
        "font": FONT,
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            **text,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "labelPadding": 6,
            "gridColor": colours["line"],
            "gridDash": [2, 3],
            "domainColor": colours["line"],
            "tickColor": colours["line"],
            "ticks": False,
            "domain": False,
        },
        "axisY": {"grid": False},
        "axisYQuantitative": {"grid": True},
        "legend": {
            **text,
            "labelFontSize": 12,
            "symbolSize": 120,
            "symbolType": "square",
            "padding": 4,
            "labelLimit": 240,
        },
        "header": {"labelColor": colours["ink"], "labelFont": FONT},
        "text": {"color": colours["ink"], "font": FONT},
        "bar": {"stroke": None},
    }


@cache
def _renderer() -> Any:
    import vl_convert  # loaded with the first chart only

    # Vega measures text with these, so that a Thai or Lao label gets the room it needs.
    with as_file(files("tidegate.paper") / "fonts") as fonts:
        vl_convert.register_font_directory(str(fonts))
    return vl_convert


def _render(spec: Mapping[str, Any], signs: svg.Signs) -> str:
    figures = {"decimal": signs[0], "thousands": signs[1], "grouping": [3], "currency": ["", ""]}
    drawn: str = _renderer().vegalite_to_svg(
        json.dumps(spec), vl_version="6.4", allowed_base_urls=[], format_locale=figures
    )
    return drawn


def _accessible(drawn: str, title: str, description: str) -> str:
    """Vega's SVG with our title and description, and with ids that no other picture on the page has."""
    found = re.fullmatch(
        r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)" viewBox="([^"]+)"[^>]*>(.*)</svg>\s*',
        drawn,
        re.DOTALL,
    )
    if found is None:
        raise RuntimeError("the chart renderer returned something other than one svg element")
    width, height, view_box, body = found.groups()
    shell = {"class": "tg-chart", "width": width, "height": height, "viewBox": view_box}
    own = svg.key(title, description, body)
    body = re.sub(r'\bid="([\w-]+)"', rf'id="{own}-\1"', body)
    body = re.sub(r"url\(#([\w-]+)\)", rf"url(#{own}-\1)", body)
    return svg.titled(title, description, body, shell)


def _empty(title: str, description: str, translate: Translate, colours: Mapping[str, str], width: int) -> str:
    text = svg.element(
        "text",
        svg.escape(translate(CHART_TEXTS["Nothing to show"])),
        {
            "x": width // 2,
            "y": 46,
            "text-anchor": "middle",
            "fill": colours["muted"],
            "font-family": FONT,
            "font-size": 14,
        },
    )
    return svg.titled(
        title,
        description,
        text,
        {"class": "tg-chart", "width": width, "height": 80, "viewBox": f"0 0 {width} 80"},
    )
