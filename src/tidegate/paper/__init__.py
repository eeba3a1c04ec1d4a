"""Papers and pictures, as pure functions: PDFs, QR codes, charts and offline maps.

Nothing here knows a web framework, a database or a network; the same values give the same paper. Text goes
through a
`translate` that the caller hands in. Rooms: `pdf` (the press and `templates/`), `decision` (the screening
record), `form` (forms of numbered blocks), `certificate`, `qr`,
`maps` on `geo`, `charts`, and `words` and `palette`, which the web shares.

The names below load their parts, and with them typst or the chart renderer, only when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.paper.certificate import certificate_pdf
    from tidegate.paper.charts import chart_svg
    from tidegate.paper.decision import decision_pdf
    from tidegate.paper.form import Block, form_pdf
    from tidegate.paper.maps import BOUNDARY_NOTE, flow_svg, route_svg
    from tidegate.paper.qr import qr_svg

__all__ = [
    "BOUNDARY_NOTE", "Block", "certificate_pdf", "chart_svg", "decision_pdf", "flow_svg", "form_pdf", "qr_svg",
    "route_svg",
]  # fmt: skip

_HOMES = {
    "BOUNDARY_NOTE": "maps",
    "Block": "form",
    "certificate_pdf": "certificate",
    "chart_svg": "charts",
    "decision_pdf": "decision",
    "flow_svg": "maps",
    "form_pdf": "form",
    "qr_svg": "qr",
    "route_svg": "maps",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"tidegate.paper.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
