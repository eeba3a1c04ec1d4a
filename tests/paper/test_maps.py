import math
import re

import pytest

from tests.paper import svgs
from tidegate.paper import BOUNDARY_NOTE, flow_svg, maps, route_svg

HOSTILE = '<script>alert("x")</script>&\u202e\x00'


def spot(node) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    if node.get("cx"):
        return float(node.get("cx")), float(node.get("cy"))
    xs_ys = re.findall(r"(-?[\d.]+) (-?[\d.]+)", node.get("d"))
    return float(xs_ys[0][0]), float(xs_ys[1][1])


def test_a_route_shows_each_stop_by_its_shape_and_name() -> None:
    markup = route_svg(["AU", "SG", "MY"], title="Route")
    assert len(svgs.of_class(markup, "tg-dot-export")) == 1
    assert len(svgs.of_class(markup, "tg-dot-transit")) == 1
    assert len(svgs.of_class(markup, "tg-dot-import")) == 1
    assert svgs.texts(markup) == ["Australia", "Export", "Singapore", "Transit", "Malaysia", "Import"]
    assert [node.get("data-state") for node in svgs.of_class(markup, "tg-state")] == ["AU", "SG", "MY"]
    assert svgs.title(markup) == "Route"
    assert svgs.description(markup) == "From Australia through Singapore to Malaysia."


def test_arrows_lead_from_stop_to_stop() -> None:
    markup = route_svg(["JP", "PH", "VN"], title="Route")
    legs = svgs.of_class(markup, "tg-leg")
    assert len(legs) == len(svgs.of_class(markup, "tg-arrow")) == 2
    export = spot(svgs.of_class(markup, "tg-dot-export")[0])
    start = tuple(float(v) for v in re.match(r"M(\S+) ([\d.-]+)Q", legs[0].get("d")).groups())  # type: ignore[union-attr]
    assert start == pytest.approx(export, abs=12)


def test_a_route_across_the_180th_meridian_takes_the_short_way() -> None:
    markup = route_svg(["FJ", "WS"], title="Route", width=720, height=380)
    fiji, samoa = (
        spot(svgs.of_class(markup, "tg-dot-export")[0]),
        spot(svgs.of_class(markup, "tg-dot-import")[0]),
    )
    assert 0 < fiji[0] < samoa[0] < 720
    assert fiji[1] > samoa[1]  # Fiji lies south of Samoa


@pytest.mark.parametrize("states", [["NZ", "AQ"], ["CA", "TV", "KI"], ["NL", "EG", "SG", "VN"], ["RU", "US"], ["SG"]])
def test_every_stop_and_label_lies_within_the_picture(states: list[str]) -> None:
    root = svgs.parse(route_svg(states, title="Route", width=600, height=320))
    for node in root.iter():
        if (node.get("class") or "").startswith("tg-dot"):
            x, y = spot(node)
            assert 0 < x < 600
            assert 0 < y < 320
        if node.tag == svgs.SVG + "text":
            assert 0 <= float(node.get("x")) <= 600
            assert 0 <= float(node.get("y")) <= 320


def test_a_movement_within_one_state_has_no_arrow() -> None:
    for states in (["TH"], ["TH", "TH"]):
        markup = route_svg(states, title="Route")
        assert not svgs.of_class(markup, "tg-leg")
        assert svgs.texts(markup) == ["Thailand", "Export, Import"]
        assert svgs.description(markup) == "Movement within Thailand."


def test_a_code_without_a_place_is_told_and_left_off() -> None:
    markup = route_svg(["JP", "XX", "MY"], title="Route")
    assert "Not on the map: XX." in svgs.description(markup)
    assert len(svgs.of_class(markup, "tg-leg")) == 1
    nowhere = route_svg(["XX", "YY"], title="Route")
    assert svgs.texts(nowhere) == []


def test_an_empty_route_is_refused() -> None:
    with pytest.raises(ValueError, match="State of export"):
        route_svg([], title="Route")


def test_names_and_words_come_from_the_caller() -> None:
    def thai(message: str) -> str:
        return {"Japan": "ญี่ปุ่น", "Export": "ส่งออก"}.get(message, message)

    markup = route_svg(["JP", "TH"], title="T", names={"TH": "ประเทศไทย"}, translate=thai)
    assert svgs.texts(markup) == ["ญี่ปุ่น", "ส่งออก", "ประเทศไทย", "Import"]


def test_hostile_text_stays_text() -> None:
    markup = route_svg(["JP", "TH"], title=HOSTILE, names={"TH": HOSTILE})
    assert svgs.title(markup) == '<script>alert("x")</script>&'
    assert '<script>alert("x")</script>&' in svgs.texts(markup)
    flows = flow_svg([("JP", "MY", 1)], title=HOSTILE, unit=HOSTILE, names={"JP": HOSTILE})
    assert svgs.title(flows) == '<script>alert("x")</script>&'


def test_without_theme_classes_every_part_carries_its_colour_only() -> None:
    plain = svgs.parse(route_svg(["JP", "TH"], title="Route", theme_classes=False))
    assert not any(node.get("class") for node in plain.iter())
    themed = svgs.parse(route_svg(["JP", "TH"], title="Route"))
    drawn = [n for n in themed.iter() if n.tag.removeprefix(svgs.SVG) in {"path", "rect", "circle", "text"}]
    assert all(node.get("class") for node in drawn)
    assert all(node.get("fill") or node.get("stroke") for node in drawn)


def test_two_maps_on_one_page_share_no_id() -> None:
    ids = [
        {n.get("id") for n in svgs.parse(markup).iter() if n.get("id")}
        for markup in (route_svg(["JP", "TH"], title="Route"), route_svg(["JP", "VN"], title="Route"))
    ]
    assert not ids[0] & ids[1]


FLOWS = [
    ("JP", "MY", 500),
    ("US", "MY", 300),
    ("AU", "ID", 100),
    ("JP", "MY", 200),
    ("MY", "MY", 900),
    ("XX", "VN", 50),
]


def test_flow_widths_follow_the_values() -> None:
    markup = flow_svg(FLOWS, title="Flows")
    groups = [g for g in svgs.parse(markup).iter(svgs.SVG + "g") if g.find(svgs.SVG + "title") is not None]
    said = [g.findtext(svgs.SVG + "title") for g in groups]
    widths = [float(g.find(svgs.SVG + "path").get("stroke-width")) for g in groups]
    assert said == [
        "Japan → Malaysia: 700 t",
        "United States → Malaysia: 300 t",
        "Australia → Indonesia: 100 t",
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] / widths[1] == pytest.approx(700 / 300, rel=0.05)


@pytest.mark.parametrize(
    ("largest", "told"),
    [(1, ["1 lines"]), (7, ["7 lines", "3 lines", "1 lines"]), (0.5, ["0.5 lines", "0.2 lines", "0.05 lines"])],
)
def test_the_legend_counts_whole_lines_as_whole(largest: float, told: list[str]) -> None:
    markup = flow_svg([("JP", "MY", largest)], title="Flows", unit="lines")
    assert [text for text in svgs.texts(markup) if text.endswith(" lines")] == told


def test_the_description_says_what_was_left_out() -> None:
    text = svgs.description(flow_svg(FLOWS, title="Flows", top=2))
    # 700 + 300 of 700 + 300 + 100 + 900 + 50
    assert "2 of 5 flows drawn, 49% of the total of 2\u202f050 t." in text
    assert "Australia" not in text


def test_a_flow_and_its_return_do_not_lie_on_each_other() -> None:
    there = svgs.of_class(flow_svg([("JP", "MY", 5), ("MY", "JP", 5)], title="F"), "tg-flow")
    bends = []
    for found in (re.match(r"M(\S+) (\S+)Q(\S+) (\S+) (\S+) (\S+)$", node.get("d")) for node in there):
        if found:
            x0, y0, x1, y1, x2, y2 = (float(v) for v in found.groups())
            across = (x2 - x0) * (y1 - y0) - (y2 - y0) * (x1 - x0)
            bends.append(abs(across) / math.dist((x0, y0), (x2, y2)) ** 2)
    assert min(bends) < 0.75 * max(bends)


def test_no_flow_gives_an_empty_map() -> None:
    markup = flow_svg([], title="Flows")
    assert svgs.of_class(markup, "tg-land")
    assert not svgs.of_class(markup, "tg-flow")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JP–MY; expected a finite number"):
        flow_svg([("JP", "MY", value)], title="Flows")


def test_the_note_on_boundaries_takes_no_side() -> None:
    assert "do not imply any opinion" in BOUNDARY_NOTE
    assert maps.BOUNDARY_NOTE == BOUNDARY_NOTE
