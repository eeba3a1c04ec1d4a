import pytest

from tests.paper import svgs
from tidegate.paper import qr_svg


def test_a_code_has_a_quiet_zone_and_says_what_it_opens() -> None:
    markup = qr_svg("https://tidegate.example/check?from=JP&to=MY")
    root = svgs.parse(markup)
    left, top, width, height = (float(v) for v in root.get("viewBox").split())
    assert (left, top) == (0, 0)
    assert width == height >= 21 + 8
    assert svgs.title(markup) == "https://tidegate.example/check?from=JP&to=MY"
    ground = root.find(svgs.SVG + "rect")
    assert ground.get("fill") == "#fff"


def test_the_modules_are_those_of_the_text() -> None:
    import segno

    text = "https://tidegate.example/c/7Kd93hTq"
    path = svgs.parse(qr_svg(text)).find(svgs.SVG + "path").get("d")
    dark = sum(bit for row in segno.make(text, error="m", micro=False).matrix for bit in row)
    import re

    assert sum(int(n) for n in re.findall(r"h(\d+)", path)) == dark


def test_another_text_gives_another_code() -> None:
    assert qr_svg("a") != qr_svg("b")


def test_a_hostile_text_stays_text() -> None:
    hostile = '"><script>alert(1)</script>&'
    assert svgs.title(qr_svg(hostile)) == hostile


@pytest.mark.parametrize(("text", "expected"), [("", "what the code should say"), ("x" * 4000, "4000 characters")])
def test_a_text_that_no_code_can_hold_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        qr_svg(text)
