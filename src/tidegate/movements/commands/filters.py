"""Filters of desks and lists, which a person keeps for herself."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tidegate.movements.models import SavedFilter
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command

KEEP = "movements.filter.keep"


@command(KEEP)
def keep(actor: Actor, *, desk: str, name: str, query: str) -> SavedFilter:
    """Keep a filter (`query`, as the address writes it) under a name; the same name is overwritten.

    Raises Refused: person (software keeps no filters), text.
    """
    if actor.person is None:
        raise Refused("person", _("Only a person keeps filters."))
    title = name.strip()[:120]
    if not title:
        raise Refused("text", _("A text is missing."), field="name", value="", expected=_("a name for the filter"))
    row, _new = SavedFilter.objects.update_or_create(
        person=actor.person, desk=desk[:32], name=title, defaults={"query": query[:500]}
    )
    return row


@command(KEEP, "movements.filter.drop")
def drop(actor: Actor, *, desk: str, name: str) -> None:
    """Forget a filter. Raises Missing."""
    if actor.person is None:
        raise Missing("filter")
    gone, _rows = SavedFilter.objects.filter(person=actor.person, desk=desk, name=name).delete()
    if not gone:
        raise Missing("filter")
