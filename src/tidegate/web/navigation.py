"""The main navigation. A folder of pages adds one line; an entry shows once its address exists."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Entry:
    """`name` is the URL name it leads to; `prefix` the start of every path that counts as inside it."""

    name: str
    label: str | Promise
    icon: str
    prefix: str


ENTRIES = (
    Entry("check:page", _("Check a shipment"), "clipboard-check", "/"),
    Entry("batch:index", _("Screen a batch"), "table", "/batch/"),
    Entry("law:index", _("The law"), "scale", "/law/"),
    Entry("api-v1:docs", _("API"), "api", "/api/"),
)


def entries(request: HttpRequest) -> list[dict[str, bool | str | Promise]]:
    """The entries whose pages exist: address, label, icon and whether the reader is there now."""
    found = []
    for entry in ENTRIES:
        try:
            address = reverse(entry.name)
        except NoReverseMatch:
            continue
        inside = request.path == entry.prefix if entry.prefix == "/" else request.path.startswith(entry.prefix)
        if entry.prefix == "/":
            inside = inside or request.path.startswith("/check")
        found.append({"url": address, "label": entry.label, "icon": entry.icon, "current": inside})
    return found
