"""Whose a row is, before a command writes it: the State of export's content, each authority's own word."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements.models import Consent, Notification
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, locked

LEGAL = "Basel Convention, Article 6"


def exporting(actor: Actor, key: UUID | str, revision: int | None = None) -> Notification:
    """The notification, locked, where the actor's State is that of export. Raises Missing, Conflict, Refused."""
    row: Notification = locked(Notification, key, actor, revision)
    if row.holder_id != row.state_export:
        raise Refused(
            "not_owner",
            _("Only the State of export can do this."),
            field="state_export",
            value=row.holder_id,
            expected=row.state_export,
        )
    return row


def own_consent(actor: Actor, row: Notification) -> Consent:
    """The row of the actor's own authority on a notification. Raises Refused("not_concerned")."""
    found = Consent.objects.select_for_update().filter(notification=row, authority=actor.state).first()
    if found is None:
        raise Refused(
            "not_concerned", _("This State is not asked about this notification."), field="authority", value=actor.state
        )
    return found
