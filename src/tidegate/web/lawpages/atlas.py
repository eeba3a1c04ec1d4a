"""The map of the States whose law the book holds: each is a link; drawn once, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from tidegate.law import Book
from tidegate.paper import geo, svg
from tidegate.paper.drawing import Labels, Paint
from tidegate.web import words as shared

WIDTH, HEIGHT = 860, 640
# What the picture shows: Asia and the Pacific. States beyond its edges stand in the list beside it.
CORNERS = ((67.0, -47.0), (67.0, 45.0), (180.0, -47.0), (180.0, 45.0))


def atlas(book: Book, coming: frozenset[str]) -> SafeString:
    """The map as inline SVG. `coming`: States for which a change lies ahead; they carry a mark."""
    names = {iso: shared.state_name(iso, book.states) for iso in sorted(book.national_states)}
    counts = {
        iso: sum(len(book.by_layer.get(f"national:{iso}:{role}", ())) for role in ("export", "transit", "import"))
        for iso in names
    }
    key = tuple((iso, names[iso], counts[iso], iso in coming) for iso in names)
    return mark_safe(_drawn(key, get_language() or "en"))  # noqa: S308 - every text is escaped by tidegate.paper.svg


@lru_cache(maxsize=16)
def _drawn(states: tuple[tuple[str, str, int, bool], ...], language: str) -> str:
    view = _view()
    paint = Paint(classes=True)
    world = geo.world()
    land = [ring for place in world.places.values() for ring in place.rings] + list(world.land)
    body = [
        paint.shape("rect", "tg-sea", {"width": float(WIDTH), "height": float(HEIGHT)}),
        paint.path(view.land(land), "tg-land", fill_rule="evenodd", stroke_width=0.5),
    ]
    found = {iso: place for iso, *_rest in states if (place := geo.place(iso)) is not None}
    inside = {iso: spot for iso, place in found.items() if _visible(spot := view.xy(*place.at))}
    labels = Labels(WIDTH, HEIGHT)
    for x, y in inside.values():
        labels.avoid_box((x - 5, y - 5, x + 5, y + 5))
    shapes: list[str] = []
    marks: list[str] = []
    # Shapes lie below every mark and name; the name is the link that a keyboard reaches, the shape is one for a finger.
    for iso, name, count, ahead in sorted(states, key=lambda s: -s[2]):
        if iso not in inside:
            continue
        x, y = inside[iso]
        address = reverse("law:state", args=[iso])
        shape = paint.path(view.land(found[iso].rings), "lp-land", fill_rule="evenodd", stroke_width=0.7)
        shapes.append(
            svg.element("a", shape, {"href": address, "class": "lp-shape", "tabindex": -1, "aria-hidden": "true"})
        )
        mark = paint.shape("circle", "lp-dot lp-dot-ahead" if ahead else "lp-dot", {"cx": x, "cy": y, "r": 4.5})
        label = labels.place((x, y), name, "", paint, size=13, reach=9)
        words = ngettext("%(name)s: %(count)s rule", "%(name)s: %(count)s rules", count) % {
            "name": name,
            "count": count,
        }
        if ahead:
            words += ", " + _("a change lies ahead")
        title = svg.element("title", svg.escape(words))
        marks.append(svg.element("a", title + mark + label, {"href": address, "class": "lp-state"}))
    borders = paint.path(view.lines(world.borders), "tg-border", fill="none", stroke_width=0.6)
    dotted = paint.path(view.lines(world.dotted), "tg-border", fill="none", stroke_width=0.6, stroke_dasharray="1.5 2")
    attributes: Mapping[str, svg.Attribute] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {WIDTH} {HEIGHT}",
        "class": "tg-map lp-atlas",
        "role": "group",
        "aria-label": _("Map of the States whose law the rulebook holds"),
    }
    return svg.element("svg", "".join([*body, *shapes, borders, dotted, *marks]), attributes)


def unseen(codes: Iterable[str]) -> set[str]:
    """The codes of States that the picture does not show."""
    view = _view()
    seen = {iso for iso in codes if (place := geo.place(iso)) is not None and _visible(view.xy(*place.at))}
    return set(codes) - seen


def _view() -> geo.View:
    return geo.View.around(CORNERS, width=WIDTH, height=HEIGHT, margin=0, least_span=60)


def _visible(spot: tuple[float, float]) -> bool:
    return 0 < spot[0] < WIDTH and 0 < spot[1] < HEIGHT
