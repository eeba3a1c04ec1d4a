"""The main navigation. A folder of pages adds one line; an entry shows once its address exists."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Entry:
    """`name` is the URL name it leads to; `prefix`, and `also`, the starts of the paths that count as inside it.

    An entry with a `right` belongs to the work of those who have it, and stands in the second row.
    """

    name: str
    label: str | Promise
    icon: str
    prefix: str
    right: str = ""
    also: tuple[str, ...] = ()


ENTRIES = (
    Entry("check:page", _("Check a shipment"), "clipboard-check", "/"),
    Entry("batch:index", _("Screen a batch"), "table", "/batch/"),
    Entry("law:index", _("The law"), "scale", "/law/"),
    Entry("api-v1:docs", _("API"), "api", "/api/"),
    Entry("movements:desk", _("Desk"), "clipboard-list", "/desk/", "parties.feed.read"),
    Entry("movements:notifications", _("Cases"), "files", "/notifications/", "movements.notification.read"),
    Entry("movements:movements", _("Movements"), "truck", "/movements/", "movements.movement.read", ("/shipments/",)),
    Entry("movements:permits", _("Permits"), "file-certificate", "/permits/", "movements.permit.read"),
    Entry("movements:border", _("Border"), "flag", "/border", "movements.border.check"),
    Entry("parties:approvals", _("Two persons"), "users", "/approvals/", "parties.approval.decide"),
    Entry("parties:organisations", _("Register"), "building-factory-2", "/organisations/", "parties.organisation.read"),
    Entry("parties:journal", _("Journal"), "history", "/journal/", "parties.journal.read"),
    Entry("exchange:index", _("Exchange"), "send", "/exchange/", "exchange.queue.read"),
)


def entries(request: HttpRequest) -> list[dict[str, bool | str | Promise]]:
    """The public entries whose pages exist: address, label, icon and whether the reader is there now."""
    return [_shown(request, entry, address) for entry, address in _found() if not entry.right]


def work(request: HttpRequest) -> list[dict[str, bool | str | Promise]]:
    """The entries of the reader's work: those whose right the acting role has."""
    actor = getattr(request, "actor", None)
    if not actor:
        return []
    return [_shown(request, entry, address) for entry, address in _found() if entry.right and actor.may(entry.right)]


def _found() -> list[tuple[Entry, str]]:
    found = []
    for entry in ENTRIES:
        try:
            found.append((entry, reverse(entry.name)))
        except NoReverseMatch:
            continue
    return found


def _shown(request: HttpRequest, entry: Entry, address: str) -> dict[str, bool | str | Promise]:
    if entry.prefix == "/":
        inside = request.path == "/" or request.path.startswith("/check")
    else:
        inside = request.path.startswith((entry.prefix, *entry.also))
    return {"url": address, "label": entry.label, "icon": entry.icon, "current": inside}
