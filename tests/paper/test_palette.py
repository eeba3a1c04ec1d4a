import math

import pytest

from tidegate.paper import palette


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("role", palette.TEXT_ROLES)
def test_text_stands_out_from_every_surface(theme: palette.Theme, role: str) -> None:
    colours = palette.theme_colours(theme)
    for surface in ("paper", "sand", "raised"):
        assert palette.contrast(colours[role], colours[surface]) >= 4.5, surface


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("outcome", [*palette.OUTCOMES, "verify", "teal"])
def test_a_verdict_stands_out_from_its_own_tint(theme: palette.Theme, outcome: str) -> None:
    colours = palette.theme_colours(theme)
    assert palette.contrast(colours[outcome], colours[outcome + "_tint"]) >= 4.5


# Machado, Oliveira and Fernandes 2009, severity 1: what eyes without one kind of cone see, in linear RGB.
SEEN = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.1523, 1.0526, -0.2049), (0.1145, 0.7863, 0.0992), (-0.0039, -0.0481, 1.0520)),
    "deutan": ((0.3673, 0.8606, -0.2280), (0.2801, 0.6725, 0.0474), (-0.0118, 0.0429, 0.9689)),
    "tritan": ((1.2555, -0.0767, -0.1788), (-0.0784, 0.9308, 0.1476), (0.0047, 0.6914, 0.3039)),
}


def lab(colour: str, eyes: str) -> tuple[float, float, float]:
    """CIE L*a*b* of a colour as some eyes see it."""
    raw = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in raw]
    r, g, b = (min(1.0, max(0.0, sum(m * v for m, v in zip(row, linear, strict=True)))) for row in SEEN[eyes])
    white = ((0.4124, 0.3576, 0.1805, 0.9505), (0.2126, 0.7152, 0.0722, 1), (0.0193, 0.1192, 0.9505, 1.0888))
    x, y, z = ((p * r + q * g + s * b) / w for p, q, s, w in white)
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("eyes", SEEN)
def test_clear_with_checks_left_is_told_from_every_outcome_by_every_eye(theme: palette.Theme, eyes: str) -> None:
    colours = palette.theme_colours(theme)
    for outcome in palette.OUTCOMES:
        assert math.dist(lab(colours["verify_bar"], eyes), lab(colours[outcome], eyes)) >= 20, outcome
    assert palette.contrast(colours["verify_bar"], colours["raised"]) >= 2.5


def test_contrast_of_black_on_white_is_the_largest() -> None:
    assert palette.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert palette.contrast("#777777", "#777777") == pytest.approx(1)


def test_themes_name_the_same_roles() -> None:
    assert set(palette.LIGHT) == set(palette.DARK)


def test_css_variables_cover_every_colour_that_the_map_rules_use() -> None:
    import re

    defined = set(re.findall(r"(--tg-[\w-]+):", palette.css_variables("dark")))
    assert set(re.findall(r"var\((--tg-[\w-]+)\)", palette.MAP_CSS)) <= defined


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 'light' or 'dark'"):
        palette.theme_colours("sepia")  # type: ignore[arg-type]
