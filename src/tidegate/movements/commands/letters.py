"""Standard letters that a person writes; those that a step of a case asks for are written with that step."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import letters
from tidegate.movements.models import Attachment, TakeBack
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked

WRITE = "movements.letter.write"


@command(WRITE)
def write(actor: Actor, take_back_id: UUID | str, *, template: str) -> Attachment:
    """Keep a standard letter with a take-back case, with what the case knows now. Raises Missing, Refused("template").

    It goes nowhere by itself: what another State must know goes out as a message of the case.
    """
    row: TakeBack = locked(TakeBack, take_back_id, actor)
    if template not in letters.templates():
        raise Refused("template", _("There is no such letter."), field="template", value=template[:40],
                      expected=", ".join(letters.templates()))  # fmt: skip
    return letters.write(actor, row, template, to=row.state_export)
