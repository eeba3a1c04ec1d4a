"""The colours of Tidegate, one place for paper, charts, maps and the web.

Every colour that carries text keeps a contrast of at least 4.5:1 on its theme's surfaces (a test measures
it).
Colour never stands alone: each outcome has a shape, each status of a rule its own outline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Theme = Literal["light", "dark"]

NAVY = "#0B2E4F"
TEAL = "#0F766E"
SAND = "#F5F1E8"
AMBER = "#C77700"  # a signal for fills and icons; as text use the role `amber_text`
PROHIBITED = "#B42318"
UNDETERMINED = "#6941C6"
NEEDS = "#B54708"
CLEAR = "#067647"

LIGHT: Mapping[str, str] = {
    "navy": NAVY,
    "teal": TEAL,
    "sand": SAND,
    "paper": "#FFFFFF",
    "raised": "#FFFFFF",
    "ink": "#14202E",
    "muted": "#475467",
    "line": "#D9D4C7",
    "amber": AMBER,
    "amber_text": "#A15C00",
    "prohibited": PROHIBITED,
    "undetermined": UNDETERMINED,
    "needs": NEEDS,
    "clear": CLEAR,
    "verify": "#175CD3",
    "verify_bar": "#0BA5EC",  # beside the four outcomes, told apart from each by colour-blind eyes, too
    "verify_tint": "#E8F1FD",
    "teal_tint": "#E3F1EF",
    "prohibited_tint": "#FDECEA",
    "undetermined_tint": "#F1ECFB",
    "needs_tint": "#FDF0E3",
    "clear_tint": "#E7F5EE",
    "map_sea": "#E4EDF2",
    "map_land": "#F7F4EC",
    "map_border": "#C9C3B4",
    "map_grid": "#D3E0E8",
    "map_export": "#B5DCD6",
    "map_import": "#B4C8DF",
    "map_transit": "#F3DDB8",
}

DARK: Mapping[str, str] = {
    "navy": "#9CC4EA",
    "teal": "#5FD4C4",
    "sand": "#16263A",
    "paper": "#0F1B2A",
    "raised": "#1D3149",
    "ink": "#E6ECF3",
    "muted": "#A9B8C8",
    "line": "#31475F",
    "amber": "#FDB022",
    "amber_text": "#FDB022",
    "prohibited": "#FDA29B",
    "undetermined": "#BDB4FE",
    "needs": "#FDB022",
    "clear": "#47CD89",
    "verify": "#84B9FA",
    "verify_bar": "#2E73FA",
    "verify_tint": "#12294A",
    "teal_tint": "#12302F",
    "prohibited_tint": "#3B1D1F",
    "undetermined_tint": "#2A2348",
    "needs_tint": "#3A2A14",
    "clear_tint": "#12312A",
    "map_sea": "#12253A",
    "map_land": "#2A405A",
    "map_border": "#46617F",
    "map_grid": "#1A3049",
    "map_export": "#1E6B67",
    "map_import": "#3F6FA3",
    "map_transit": "#6B5426",
}

TEXT_ROLES = (
    "navy",
    "teal",
    "ink",
    "muted",
    "amber_text",
    "prohibited",
    "undetermined",
    "needs",
    "verify",
    "clear",
)
OUTCOMES = ("prohibited", "undetermined", "needs", "clear")


def theme_colours(theme: Theme) -> Mapping[str, str]:
    """The colours of a theme, by role. Any other name of a theme is a `ValueError`."""
    if theme == "light":
        return LIGHT
    if theme == "dark":
        return DARK
    raise ValueError(f"theme: {theme!r}; expected 'light' or 'dark'")


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two `#RRGGBB` colours, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def css_variables(theme: Theme, prefix: str = "--tg-") -> str:
    """The theme as CSS custom properties, one a line, without a selector."""
    return "\n".join(f"{prefix}{role.replace('_', '-')}: {value};" for role, value in theme_colours(theme).items())


MAP_CSS = """\
.tg-map .tg-sea { fill: var(--tg-map-sea); }
.tg-map .tg-grid { stroke: var(--tg-map-grid); }
.tg-map .tg-land { fill: var(--tg-map-land); stroke: var(--tg-map-land); }
.tg-map .tg-border { stroke: var(--tg-map-border); }
.tg-map .tg-state-export { fill: var(--tg-map-export); stroke: var(--tg-map-export); }
.tg-map .tg-state-transit { fill: var(--tg-map-transit); stroke: var(--tg-map-transit); }
.tg-map .tg-state-import { fill: var(--tg-map-import); stroke: var(--tg-map-import); }
.tg-map .tg-leg { stroke: var(--tg-navy); }
.tg-map .tg-arrow { fill: var(--tg-navy); }
.tg-map .tg-flow { stroke: var(--tg-teal); }
.tg-map .tg-flow-head { fill: var(--tg-teal); }
.tg-map .tg-dot-export { fill: var(--tg-raised); stroke: var(--tg-teal); }
.tg-map .tg-dot-transit { fill: var(--tg-raised); stroke: var(--tg-amber); }
.tg-map .tg-dot-import { fill: var(--tg-navy); stroke: var(--tg-raised); }
.tg-map .tg-name { fill: var(--tg-ink); stroke: var(--tg-map-sea); }
.tg-map .tg-role { fill: var(--tg-muted); stroke: var(--tg-map-sea); }
.tg-map .tg-panel { fill: var(--tg-raised); stroke: var(--tg-line); }
.tg-map .tg-panel-text { fill: var(--tg-ink); }
"""
"""Rules that let a page colour the maps of `tidegate.paper.maps` by its own theme (with `css_variables`)."""
