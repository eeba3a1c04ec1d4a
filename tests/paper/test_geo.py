from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paper import svgs
from tidegate.paper import geo

REGION = "BN ID KH LA MM MY PH SG TH TL VN HK MO TW CN JP KR IN LK BD MV AU NZ".split()
PACIFIC = "FJ PG SB VU NC WS AS TO TV TK KI NR MH FM PW CK NU PF WF GU MP".split()


@pytest.mark.parametrize("code", [*REGION, *PACIFIC, "AQ", "US", "NL", "DE", "GB"])
def test_every_state_of_the_trade_has_a_place(code: str) -> None:
    place = geo.place(code)
    assert place is not None
    assert place.name
    west, south, east, north = place.box
    assert west <= place.at[0] <= east
    assert south <= place.at[1] <= north


def test_the_map_knows_every_code_of_iso_3166() -> None:
    from importlib.resources import files

    table = files("tidegate.formats").joinpath("iso3166.csv").read_text(encoding="utf-8").splitlines()
    codes = {cell for line in table for cell in line.split(",")[:2] if len(cell) == 2 and cell.isupper()}
    assert len(codes) >= 240
    assert codes <= set(geo.world().places)


def test_an_unknown_code_has_no_place() -> None:
    assert geo.place("XX") is None


@pytest.mark.parametrize(
    ("code", "lon", "lat"),
    [("SG", 103.8, 1.35), ("HK", 114.2, 22.3), ("FJ", 178.0, -17.8), ("MV", 73.5, 4.2), ("TH", 100.5, 15)],
)
def test_places_lie_where_they_are(code: str, lon: float, lat: float) -> None:
    place = geo.place(code)
    assert place is not None
    assert place.at == pytest.approx((lon, lat), abs=1.0)


@pytest.mark.parametrize(
    ("longitudes", "middle"),
    [([10, 20], 15), ([170, -170], 180), ([-170, 170, 178], 180), ([100], 100), ([-10, 10], 0)],
)
def test_the_middle_lies_in_the_shortest_stretch(longitudes: list[float], middle: float) -> None:
    found = geo.middle_longitude(longitudes)
    assert abs((found - middle + 180) % 360 - 180) <= 10


def test_the_projection_rises_with_latitude_and_is_the_same_on_both_sides_of_the_equator() -> None:
    heights = [geo.project_latitude(lat) for lat in range(-90, 91)]
    assert heights == sorted(heights)
    assert geo.project_latitude(-40) == pytest.approx(-geo.project_latitude(40))


spots = st.tuples(st.floats(-180, 180), st.floats(-70, 75))


@given(st.lists(spots, min_size=1, max_size=5))
def test_a_view_shows_every_point_that_it_was_made_for(points: list[tuple[float, float]]) -> None:
    middle = geo.middle_longitude(lon for lon, _ in points)
    view = geo.View.around(points, width=720, height=720, margin=20, least_span=20)
    for lon, lat in points:
        x, y = view.xy(lon, lat)
        assert -1 <= y <= 721
        if abs((lon - middle + 180) % 360 - 180) < 170:
            assert -1 <= x <= 721


@given(spots, st.integers(8, 160))
def test_land_and_borders_stay_within_the_picture_and_its_rim(spot: tuple[float, float], span: int) -> None:
    view = geo.View.around([spot], width=300, height=200, margin=10, least_span=span)
    rings = [ring for place in geo.world().places.values() for ring in place.rings]
    for x, y in svgs.numbers(view.land(rings)):
        assert -11.5 <= x <= 311.5
        assert -11.5 <= y <= 211.5


def test_antarctica_reaches_across_the_whole_picture() -> None:
    view = geo.View.around([(140, -75)], width=400, height=200, margin=10, least_span=90)
    place = geo.place("AQ")
    assert place is not None
    points = svgs.numbers(view.land(place.rings))
    assert min(x for x, _ in points) < 0
    assert max(x for x, _ in points) > 400
    assert max(y for _, y in points) > 200  # and down to the pole


def test_a_state_on_the_180th_meridian_is_drawn_once_and_whole() -> None:
    view = geo.View.around([(178, -17.8), (-172, -13.8)], width=400, height=200, margin=30, least_span=20)
    place = geo.place("FJ")
    assert place is not None
    points = svgs.numbers(view.land(place.rings))
    home = view.xy(*place.at)
    assert points
    # Fiji's islands lie within five degrees of their label: no stroke runs across the picture.
    assert all(abs(x - home[0]) < 5.5 * view.scale for x, _ in points)


@pytest.mark.parametrize("code", ["RU", "FJ", "US", "AQ"])
def test_no_outline_jumps_across_the_picture(code: str) -> None:
    view = geo.View.around([(100, 60), (-100, -60)], width=720, height=600, margin=10, least_span=200)
    place = geo.place(code)
    assert place is not None
    for ring in place.rings:
        outline = svgs.numbers(view.land([ring]))
        for (x0, y0), (x1, y1) in pairwise(outline):
            along_the_rim = max(y0, y1) <= -9 or min(y0, y1) >= 609
            assert along_the_rim or abs(x1 - x0) < 150


def test_a_closer_view_shows_more_detail() -> None:
    place = geo.place("ID")
    assert place is not None
    far = geo.View.around([place.at], width=300, height=300, margin=10, least_span=200)
    near = geo.View.around([place.at], width=300, height=300, margin=10, least_span=12)
    assert near.level > far.level
