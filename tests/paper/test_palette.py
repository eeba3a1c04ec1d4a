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
