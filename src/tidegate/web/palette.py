"""The colours of paper, charts and maps as a style sheet: pages and printed records look like one house.

``static/tidegate/palette.css`` is written by ``python -m tidegate.web.palette``; a test compares them.
"""

from __future__ import annotations

from pathlib import Path

from tidegate.paper.palette import MAP_CSS, css_variables

TARGET = Path(__file__).parent / "static" / "tidegate" / "palette.css"


def style_sheet() -> str:
    """Custom properties by theme, and the classes of maps drawn on the server."""
    light, dark = css_variables("light"), css_variables("dark")
    return (
        "/* Written by `python -m tidegate.web.palette` from tidegate.paper.palette:"
        " change that, not this. */\n"
        f":root {{\n{light}\n}}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-bs-theme]) {{\n{dark}\n}} }}\n"
        f":root[data-bs-theme=dark] {{\n{dark}\n}}\n"
        f"@media print {{ :root, :root[data-bs-theme=dark] {{\n{light}\n}} }}\n"
        f"{MAP_CSS}"
    )


if __name__ == "__main__":
    TARGET.write_text(style_sheet(), encoding="utf-8")
