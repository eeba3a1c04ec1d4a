"""Whose a row is, before a command writes it: the State of export's content, each authority's own word."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tidegate.movements.models import Consent, Notification
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, locked

LEGAL = "Basel Convention, Article 6"

# What an authority is told that would write for a notifier.
NOTIFIER_WRITES = _("The notifier writes this; an authority keys in what came on paper.")


def exporting(actor: Actor, key: UUID | str, revision: int | None = None, *, pen: bool = False) -> Notification:
    """The notification, locked, where the actor's State is its home: that of export, or that which keyed it in.

    `pen`: it is for the notifier to write, or, where it came on paper, for the authority that keyed it in.
    Raises Missing, Conflict, Refused("not_owner").
    """
    row: Notification = locked(Notification, key, actor, revision)
    if row.holder_id != row.home:
        raise Refused(
            "not_owner",
            _("Only the State of export can do this."),
            field="state_export",
            value=row.holder_id,
            expected=row.home,
        )
    if pen:
        by_the_right_hand(actor, row)
    return row


def by_the_right_hand(actor: Actor, row: Notification) -> None:
    """What came on paper is written by the authority that keyed it in, all else by the notifier. Raises Refused."""
    if actor.organisation is not None and actor.official != bool(row.keyed_by):
        raise Refused(
            "not_owner",
            _("It came on paper: the authority that keyed it in writes it.") if row.keyed_by else NOTIFIER_WRITES,
            field="source",
            value=row.source,
        )


def in_hand(rows: QuerySet[Any], actor: Actor, through: str = "") -> QuerySet[Any]:
    """Of rows of notifications (or of what hangs on them, `through` which field): those that the actor's kind writes at
    the home, an authority what its State keyed in, a company the rest."""
    if actor.official:
        return rows.filter(**{f"{through}keyed_by": actor.state})
    return rows.filter(**{f"{through}keyed_by": "", f"{through}state_export": actor.state})


def at_home(actor: Actor, through: str = "") -> Q:
    """The rows whose home is the actor's State."""
    own = Q(**{f"{through}keyed_by": "", f"{through}state_export": actor.state})
    return own | Q(**{f"{through}keyed_by": actor.state})


def own_consent(actor: Actor, row: Notification) -> Consent:
    """The row of the actor's own authority on a notification. Raises Refused("not_concerned")."""
    found = Consent.objects.select_for_update().filter(notification=row, authority=actor.state).first()
    if found is None:
        raise Refused(
            "not_concerned", _("This State is not asked about this notification."), field="authority", value=actor.state
        )
    return found
