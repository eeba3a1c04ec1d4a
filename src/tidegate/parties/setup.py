"""The first State, authority and manager of an installation: there is nobody yet who could have a right."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from tidegate.parties.actors import system
from tidegate.parties.commanding import Refused
from tidegate.parties.commands.people import way_in
from tidegate.parties.journal import record
from tidegate.parties.models import Membership, Organisation, Person, Role, State
from tidegate.parties.published import MEMBERSHIP_GIVEN, ORGANISATION_ADDED


@transaction.atomic
def set_up(
    code: str, name: str, node: str, zone: str, authority: str, registration: str, email: str, person_name: str = ""
) -> str | None:
    """Make the State, its competent authority and a manager of it, as far as they are not there.

    Gives the path under which the manager sets the first password; None where the manager has come in already.
    Raises Refused.
    """
    code, address = code.upper(), email.strip().lower()
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused("time_zone", _("There is no such time zone."), field="zone", value=zone) from None
    try:
        validate_email(address)
    except ValidationError:
        raise Refused("email", _("This is no e-mail address."), field="email", value=email) from None
    state = State.objects.filter(pk=code).first()
    if state is None:
        state = State(code=code, name=name, node=node, time_zone=zone, here=True)
        _save(state, "state")
    elif not state.here:
        state.here, state.time_zone = True, zone
        _save(state, "state")
    body = Organisation.objects.filter(holder=state, registration=registration).first()
    if body is None:
        body = Organisation(
            holder=state,
            kind=Organisation.Kind.COMPETENT_AUTHORITY,
            name=authority,
            registration=registration,
            revision=1,
        )
        _save(body, "registration")
        record(system(code), ORGANISATION_ADDED, body, revision=1, payload={"kind": body.kind, "name": authority})
    if body.kind != Organisation.Kind.COMPETENT_AUTHORITY:
        raise Refused("taken", _("This registration number is taken."), field="registration", value=registration)
    person = Person.objects.filter(email=address).first()
    if person is None:
        person = Person.objects.create_user(address, name=person_name or address)
    manager, made = Membership.objects.get_or_create(
        person=person, organisation=body, role=Role.MANAGER, defaults={"valid_from": state.today(), "revision": 1}
    )
    if made:
        payload = {"organisation": str(body.pk), "person": str(person.pk), "role": manager.role}
        record(system(code), MEMBERSHIP_GIVEN, manager, revision=1, payload=payload)  # type: ignore[arg-type]
    return way_in(person)


def _save(row: State | Organisation, field: str) -> None:
    try:
        row.full_clean(exclude=["holder"], validate_constraints=False)
        with transaction.atomic():
            row.save()
    except ValidationError as error:
        name, said = next(iter(error.message_dict.items()))
        raise Refused("field", said[0], field=name, value=getattr(row, name, None)) from None
    except IntegrityError:
        raise Refused("taken", _("This is taken already."), field=field) from None
