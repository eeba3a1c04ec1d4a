"""Dividing the work of an authority: a case is taken, handed to a colleague, and given back."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tidegate.movements.models import Assignment
from tidegate.movements.queries import assignments as queries
from tidegate.movements.queries.assignments import ASSIGN
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Missing, Refused, command
from tidegate.parties.models import Person


@command(ASSIGN, "movements.case.take")
def take(actor: Actor, case: str, *, revision: int | None = None) -> Assignment:
    """Deal with a case oneself.

    Raises Missing; Refused: person (software deals with none), taken (a colleague has it, who can hand it over).
    """
    row = _row(actor, case, revision)
    if actor.person is None:
        raise Refused("person", _("Only a person deals with a case."))
    if row.person_id is not None and queries.colleagues(actor).filter(pk=row.person_id).exists():
        raise Refused("taken", _("Somebody deals with it already."), field="case", value=str(row.person))
    return _give(actor, row, actor.person, "taken")


@command(ASSIGN, "movements.case.hand")
def hand(actor: Actor, case: str, *, person: UUID | str, revision: int | None = None) -> Assignment:
    """Let a colleague of the same authority deal with a case, whoever has it now. `person`: key or e-mail address.

    Raises Missing; Refused: person.
    """
    row, wanted = _row(actor, case, revision), str(person)
    people = queries.colleagues(actor)
    try:
        found = people.filter(email__iexact=wanted).first() if "@" in wanted else people.filter(pk=wanted).first()
    except (ValueError, ValidationError):
        found = None
    if found is None:
        raise Refused("person", _("This is nobody who deals with cases at your authority."), field="person",
                      value=wanted[:80])  # fmt: skip
    return row if found.pk == row.person_id else _give(actor, row, found, "handed")


@command(ASSIGN, "movements.case.give_back")
def give_back(actor: Actor, case: str, *, revision: int | None = None) -> Assignment:
    """Let nobody deal with a case in particular. Raises Missing; Refused: state."""
    row = _row(actor, case, revision)
    if row.person_id is None:
        raise Refused("state", _("Nobody deals with it."), field="case", value=case[:64])
    return _give(actor, row, None, "given_back")


def _row(actor: Actor, case: str, revision: int | None) -> Assignment:
    if not queries.known(actor, case):
        raise Missing("case")
    row: Assignment = Assignment.objects.select_for_update().get_or_create(
        organisation=actor.organisation, case=case, defaults={"holder_id": actor.state}
    )[0]
    if revision == 0 and row.revision:  # there was no row of it to show what changed of
        raise Refused("conflict", _("Somebody else changed it meanwhile. Look at it again and decide anew."),
                      field="case", value=str(row.person or ""))  # fmt: skip
    if revision is not None and row.revision != revision:
        raise Conflict("assignment", row.pk, revision)
    return row


def _give(actor: Actor, row: Assignment, person: Person | None, event: str) -> Assignment:
    row.person, row.since = person, None if person is None else times.now()
    row.revision += 1
    row.save()
    said = {} if person is None else {"to": str(person)}
    journal.record(actor, f"assignment.{event}", row, revision=row.revision, case=row.case, payload=said)
    return row
