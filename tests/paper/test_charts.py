import json
import re
import subprocess
import sys
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from tests.paper import svgs
from tidegate.paper import charts
from tidegate.paper.charts import chart_svg
from tidegate.paper.palette import DARK, LIGHT
from tidegate.paper.words import CHART_TEXTS, CLASSES

TODAY = date(2026, 11, 21)
ROWS: dict[str, list[dict[str, Any]]] = {
    "outcomes": [{"outcome": outcome, "count": 1200 + n} for n, outcome in enumerate(CLASSES)],
    "outcomes_by_state": [
        {"state": "Malaysia", "outcome": "needs", "count": 40},
        {"state": "Malaysia", "outcome": "clear", "count": 10},
        {"state": "Malaysia", "outcome": "clear_to_verify", "count": 7},
        {"state": "Viet Nam", "outcome": "prohibited", "count": 90},
    ],
    "outcomes_by_month": [
        {"month": "2026-01", "outcome": "needs", "count": 4},
        {"month": "2026-02", "outcome": "clear", "count": 1},
    ],
    "rules_binding": [{"rule": "MY-IMP-COA-2025", "count": 30}, {"rule": "BASEL-Y48", "count": 12}],
    "state_timeline": [
        {"rule": "TH-A", "start": None, "end": "2024-12-31", "status": "gazetted", "kind": "licence"},
        {"rule": "TH-B", "start": "2025-01-01", "end": None, "status": "gazetted", "kind": "prohibition"},
        {"rule": "TH-C", "start": date(2027, 6, 1), "end": None, "status": "announced", "kind": "standard"},
        {"rule": "TH-D", "start": "2023-01-01", "end": "2023-12-31", "status": "draft", "kind": "exemption"},
    ],
    "standards": [
        {"state": "Malaysia", "limit": "Foreign matter at most", "value": 5, "unit": "%"},
        {"state": "Viet Nam", "limit": "Foreign matter at most", "value": 2, "unit": "%"},
        {"state": "Viet Nam", "limit": "Other polymers at most", "value": 20, "unit": "%"},
    ],
}


def draw(name: str, rows: list[dict[str, Any]] | None = None, **options: Any) -> str:
    chosen = ROWS[name] if rows is None else rows
    return chart_svg(name, chosen, title="A title", description="A description", today=TODAY, **options)


@pytest.mark.parametrize("name", charts.NAMES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_chart_names_and_describes_itself(name: str, theme: str) -> None:
    markup = draw(name, theme=theme)
    assert svgs.title(markup) == "A title"
    assert svgs.description(markup) == "A description"
    assert (LIGHT if theme == "light" else DARK)["ink"].lower() in markup.lower()


@pytest.mark.parametrize("name", charts.NAMES)
def test_a_hostile_text_stays_text(name: str) -> None:
    hostile = '<script>alert("x")</script>\u202e\x00'
    rows = [
        {key: hostile if key in ("state", "rule", "limit", "unit") else value for key, value in row.items()}
        for row in ROWS[name]
    ]
    markup = chart_svg(name, rows, title=hostile, description=hostile, today=TODAY)
    svgs.parse(markup)
    assert svgs.title(markup) == '<script>alert("x")</script>'


def test_outcomes_are_named_with_their_counts() -> None:
    said = svgs.texts(draw("outcomes"))
    assert set(CLASSES.values()) <= set(said)
    assert "1\u202f203" in said
    assert "1.203" in svgs.texts(draw("outcomes", signs=(",", ".")))


@pytest.mark.parametrize("name", ["outcomes", "outcomes_by_state"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_clear_with_checks_left_has_words_and_a_colour_of_its_own(name: str, theme: str) -> None:
    colours = LIGHT if theme == "light" else DARK
    left = [row for row in ROWS[name] if row["outcome"] == "clear_to_verify"]
    drawn = draw(name, left, theme=theme)
    assert "Clear on paper, still to check" in svgs.texts(drawn)
    fills = [(node.get("fill") or "").lower() for node in svgs.parse(drawn).iter(svgs.SVG + "path")]
    assert colours["verify_bar"].lower() in fills
    bars = len(fills) if name == "outcomes" else fills.index(colours["verify_bar"].lower())
    assert colours["clear"].lower() not in fills[:bars]  # green stands in the legend alone


def test_bars_are_as_long_as_their_counts() -> None:
    markup = draw("rules_binding")
    lengths: list[float] = []
    for node in svgs.parse(markup).iter(svgs.SVG + "path"):
        if (node.get("fill") or "").lower() == LIGHT["teal"].lower():
            bounds = [float(v) for v in re.findall(r"-?\d+\.?\d*", node.get("d"))]
            lengths.append(max(bounds[0::2]))
    assert lengths[0] / lengths[1] == pytest.approx(30 / 12, rel=0.1)


def test_states_stand_in_the_order_of_their_totals() -> None:
    said = svgs.texts(draw("outcomes_by_state"))
    assert said.index("Viet Nam") < said.index("Malaysia")


def test_a_timeline_says_what_is_open_and_what_is_not_in_the_gazette() -> None:
    said = svgs.texts(draw("state_timeline"))
    assert "?" in said  # the start of TH-A was not seen
    assert "Announced" in said
    assert "Draft" in said
    assert "today" in said
    assert [t for t in said if t.startswith("TH-")] == ["TH-A", "TH-B", "TH-C", "TH-D"]
    only_gazetted = svgs.texts(draw("state_timeline", ROWS["state_timeline"][1:2]))
    assert "?" not in only_gazetted
    assert "Announced" not in only_gazetted


def test_limits_stand_side_by_side_with_their_unit() -> None:
    said = svgs.texts(draw("standards"))
    assert "Foreign matter at most" in said
    assert {"5\u202f%", "2\u202f%", "20\u202f%"} <= set(said)


def test_words_come_from_the_translation() -> None:
    said = svgs.texts(draw("outcomes", translate=lambda message: f"[{message}]"))
    assert "[Prohibited]" in said
    assert "[Shipments]" in said


def test_no_rows_make_an_empty_picture_that_says_so() -> None:
    for name in charts.NAMES:
        assert svgs.texts(draw(name, [])) == ["Nothing to show"]


def test_two_charts_on_one_page_share_no_id() -> None:
    ids = [{n.get("id") for n in svgs.parse(draw(name)).iter() if n.get("id")} for name in ("outcomes", "standards")]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("outcomes", {"outcome": "fine"}, "row 1, outcome: 'fine'; expected one of prohibited"),
        ("outcomes", {"count": -1}, "row 1, count: -1; expected a whole number"),
        ("outcomes", {"count": "3"}, "row 1, count: '3'"),
        ("outcomes_by_month", {"month": "2026-13"}, "row 1, month: '2026-13'; expected YYYY-MM"),
        ("state_timeline", {"start": "soon"}, "row 1, start: 'soon'; expected a date or None"),
        ("state_timeline", {"status": None}, "row 1, status: None"),
        ("standards", {"value": "much"}, "row 1, value: 'much'; expected a finite number"),
        ("standards", {"value": float("nan")}, "row 1, value: nan"),
        ("rules_binding", {"rule": None}, "row 1, rule: None; expected text"),
    ],
)
def test_a_row_that_cannot_be_drawn_is_named(name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        draw(name, [{**ROWS[name][0], **change}])


def test_an_unknown_chart_or_theme_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of outcomes"):
        draw("../secrets", [])
    with pytest.raises(ValueError, match="expected 'light' or 'dark'"):
        draw("outcomes", theme="sepia")


def placeholders(node: Any) -> list[str]:
    if isinstance(node, dict):
        if set(node) == {"$"}:
            return [node["$"]]
        return [key for value in node.values() for key in placeholders(value)]
    if isinstance(node, list):
        return [key for value in node for key in placeholders(value)]
    return []


@pytest.mark.parametrize("name", charts.NAMES)
def test_definitions_use_known_colours_and_translated_words_only(name: str) -> None:
    definition = json.loads(files("tidegate.paper.charts").joinpath(f"{name}.json").read_text(encoding="utf-8"))
    for key in placeholders(definition):
        kind, _, rest = key.partition(".")
        if kind == "colour":
            assert rest in LIGHT
        if kind == "text":
            assert rest in CHART_TEXTS
    assert "url" not in json.dumps(definition["data"])


def test_the_room_loads_without_typst_the_chart_renderer_or_django() -> None:
    code = (
        "import sys, tidegate.paper, tidegate.paper.charts, tidegate.paper.maps, tidegate.paper.qr\n"
        "tidegate.paper.route_svg(['JP', 'MY'], title='Route')\n"
        "print(sorted({'typst', 'vl_convert', 'altair', 'django'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
