"""The State of import says that a facility notified as pre-consented is not: from then on the usual limits count.

What is notified counts until then, in every copy alike: no other State can look into its register (facts/movement.md 1,
row 9; the shorter limits are those of clocks.yaml for pre-consented facilities, of the OECD and the EU).
"""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts, guard, standing
from tidegate.movements.models import Notification
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked

DENY = "movements.preconsent.deny"


@command(DENY)
def deny(actor: Actor, notification_id: UUID | str, *, reason: str, revision: int | None = None) -> Notification:
    """Deny it for the present content; a later material version claims it anew.

    Every State's clocks of decisions are worked out again. Raises Refused: not_owner (the State of import alone), state
    (not sent, ended, not notified as pre-consented, denied already), text.
    """
    row: Notification = locked(Notification, notification_id, actor, revision)
    if actor.state != row.state_import:
        raise Refused("not_owner", _("Only the State of import can do this."), field="state_import", value=actor.state,
                      expected=row.state_import)  # fmt: skip
    if row.transmitted_at is None or row.ended_as or not row.preconsent_counts:
        raise Refused("state", _("There is no pre-consent to deny."), field="preconsented", value=row.preconsented)
    why, now = facts.words(reason, "reason", _("why it is not pre-consented")), times.now()
    body = {"at": now, "reason": why, "version": row.material_version}
    messages = facts.posts(row, "preconsent.denied", body)
    denied(row, row.material_version)
    facts.note(actor, "notification.preconsent_denied", row, payload=body, posts=messages)
    settle(row)
    return row


def denied(row: Notification, version: int) -> None:
    """Take it into a copy (not saved)."""
    row.preconsent_denied = max(row.preconsent_denied, version)


def settle(row: Notification, *, state: str | None = None) -> None:
    """The limits that count now; `state` is whose fact it is, where it came by message."""
    standing.decision_clocks(row, guard.book())
    standing.refresh(row, state=state)
