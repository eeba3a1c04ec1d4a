"""The ONE rule of who reads a confidential field of a notification.

1. Authorities read every field: the Convention gives them the information of Annex V A (Article 6(1)).
2. The exporter that wrote it reads it, at the home of the notification.
3. Any other party reads it only where it was released to that one organisation, until the release ends or is revoked.

Which fields are confidential travels with the content itself, so that no copy shows them for a moment; a release is a
fact of the home, and a party of another State reads by it only once its own State's copy has the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements import blocks, facts
from tidegate.movements.models import FieldRelease, Notification
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import Organisation

KEEP = "movements.confidential.keep"
# What may be kept from the other parties: what it is called, and the fields of the form in which it stands, with their
# translations. What is
# needed to handle, carry and check the load safely (composition, codes, handling, carriers) never is.
FIELDS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "generators": (_("Waste generators"), ("generators", "generator_declaration")),
    "technology": (_("Technology employed"), ("technology", "technology_second")),
    "reason_for_export": (_("Reason for export"), ("reason_for_export", "reason_for_export_second")),
}
EMPTY: Mapping[str, Any] = blocks.Blocks().model_dump(mode="json")


def kept_from(actor: Actor | None, row: Notification) -> list[str]:
    """The confidential fields of a notification that the actor does not read."""
    if not row.confidential or _reads_all(actor, row):
        return []
    released: set[str] = set()
    if actor and actor.organisation is not None:
        registration = actor.organisation.registration
        released = {one.field for one in row.releases.filter(registration=registration, state=actor.state) if one.holds}
    return [name for name in row.confidential if name not in released]


def hidden(actor: Actor | None, row: Notification) -> set[str]:
    """The same as names of the form's fields."""
    return {part for name in kept_from(actor, row) for part in FIELDS[name][1]}


def shown(actor: Actor | None, row: Notification, said: Mapping[str, Any]) -> dict[str, Any]:
    """A content, a part of one or an amendment's changes in plain form, as the actor reads it: the rest is empty."""
    out = hidden(actor, row)
    return {name: EMPTY[name] if name in out else value for name, value in said.items()}


def content_for(actor: Actor | None, row: Notification, *, decisions: bool = True) -> blocks.Content:
    """The whole document as the actor reads it."""
    content = blocks.content_of(row, decisions=decisions)
    empty = blocks.Blocks()
    return content.model_copy(update={name: getattr(empty, name) for name in hidden(actor, row)})


def refuse_hidden(actor: Actor, row: Notification, content: Mapping[str, Any]) -> None:
    """Nobody writes what they may not read. Raises Refused("confidential")."""
    if found := sorted(hidden(actor, row) & set(content)):
        raise Refused("confidential", _("This field is confidential, and not released to you."), field=found[0])


def keeps(actor: Actor, row: Notification) -> bool:
    """Whether the actor says what is confidential: the exporter, or the competent authority of the home."""
    body = actor.organisation
    if body is None or row.holder_id != row.home:
        return False
    return body.kind == Organisation.Kind.COMPETENT_AUTHORITY or _wrote(actor, row)


def parties(row: Notification) -> list[tuple[str, str, str]]:
    """To whom a field may be released: State, registration number and name of each party but the exporter. One that the
    register of the home does not know may be in that of any other State of the route."""
    own = str((row.blocks.get("exporter") or {}).get("registration") or "")
    named: dict[str, str] = {}
    for party in facts.parties_in(row.blocks):
        if (number := str(party.get("registration") or "").strip()) and number != own:
            named.setdefault(number, str(party.get("name") or number))
    here = set(
        Organisation.objects.filter(holder=row.holder_id, registration__in=named).values_list("registration", flat=True)
    )
    elsewhere = sorted(facts.others(row), key=lambda state: state != row.state_import)
    return [
        (state, number, name)
        for number, name in named.items()
        for state in ([row.holder_id] if number in here else elsewhere)
    ]


def releases(actor: Actor, row: Notification) -> list[FieldRelease]:
    """The releases that the actor may know of: all for an authority and the exporter, its own for another party."""
    rows = row.releases.order_by("-at")
    if _reads_all(actor, row):
        return list(rows)
    return list(rows.filter(registration=actor.organisation.registration)) if actor.organisation else []


def label(name: str) -> Any:
    """What a confidential field is called."""
    return FIELDS[name][0]


def _reads_all(actor: Actor | None, row: Notification) -> bool:
    return bool(actor) and actor is not None and (actor.official or _wrote(actor, row))


def _wrote(actor: Actor, row: Notification) -> bool:
    """The exporter by the register of the home; a draft without one is its only party's."""
    if actor.organisation is None or row.holder_id != row.home or row.keyed_by:
        return False
    return actor.organisation.registration == str((row.blocks.get("exporter") or {}).get("registration") or "")
