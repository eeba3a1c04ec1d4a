"""The register of a State: its organisations and their facilities."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.journal import record
from tidegate.parties.models import Facility, Organisation
from tidegate.parties.published import FACILITY_ADDED, FACILITY_CHANGED, ORGANISATION_ADDED, ORGANISATION_CHANGED

ORGANISATION_FIELDS = (
    "name", "registration", "address", "contact", "telephone", "fax", "email", "authority_code", "active",
)  # fmt: skip
FACILITY_FIELDS = (
    "name", "address", "permit_number", "operations", "wastes", "capacity_kg_year", "authorised_from",
    "authorised_until", "preconsented_from", "preconsented_until", "preconsented_kg",
)  # fmt: skip
# Annex IV of the Basel Convention: disposal D1 to D15, recovery R1 to R13.
OPERATION = re.compile(r"D([1-9]|1[0-5])|R([1-9]|1[0-3])")
# Entries of Annexes I, II, VIII and IX.
WASTE = re.compile(r"Y[1-9][0-9]?|[AB][1-4][0-9]{3}")


@command("parties.organisation.keep", "parties.organisation.add")
def add_organisation(actor: Actor, *, kind: str, **fields: Any) -> Organisation:
    """Enter an organisation in the register of the actor's State. `fields` are ORGANISATION_FIELDS.

    Raises Refused: an unknown kind, an authority entered by another than a competent authority, a registration number
    that is taken, a field that is not valid.
    """
    if kind not in Organisation.Kind.values:
        raise Refused("kind", _("This is no kind of organisation."), field="kind", value=kind)
    competent = actor.organisation is not None and actor.organisation.kind == Organisation.Kind.COMPETENT_AUTHORITY
    if kind in Organisation.OFFICIAL and not competent:
        raise Refused("kind", _("Only a competent authority enters another authority."), field="kind", value=kind)
    row = Organisation(holder_id=actor.state, kind=kind)
    _set(row, fields, ORGANISATION_FIELDS)
    _keep(row)
    record(actor, ORGANISATION_ADDED, row, revision=row.revision, payload={"kind": kind, **_plain(row, fields)})
    return row


@command("parties.organisation.keep", "parties.organisation.edit")
def edit_organisation(actor: Actor, organisation_id: UUID, *, revision: int, **fields: Any) -> Organisation:
    """Change an organisation's entry. Its kind stays: what it has done was done as that kind.

    Raises Missing, Conflict, Refused.
    """
    row = locked(Organisation, organisation_id, actor, revision)
    if row.official and actor.organisation is not None and row.pk != actor.organisation.pk:
        competent = actor.organisation.kind == Organisation.Kind.COMPETENT_AUTHORITY
        if not competent or row.kind == Organisation.Kind.COMPETENT_AUTHORITY:
            raise Refused("other_authority", _("Another authority keeps its own entry."), field="organisation")
    if fields.get("active") is False and actor.organisation is not None and row.pk == actor.organisation.pk:
        raise Refused("own", _("An organisation does not put itself out of the register."), field="active")
    changed = _set(row, fields, ORGANISATION_FIELDS)
    if changed:
        _keep(row)
        record(actor, ORGANISATION_CHANGED, row, revision=row.revision, payload=_plain(row, changed))
    return row


@command("parties.facility.keep", "parties.facility.add")
def add_facility(actor: Actor, organisation_id: UUID, **fields: Any) -> Facility:
    """Enter a facility of an organisation of the register. `fields` are FACILITY_FIELDS. Raises Missing, Refused."""
    owner = locked(Organisation, organisation_id, actor)
    row = Facility(holder_id=actor.state, organisation=owner)
    _set(row, fields, FACILITY_FIELDS)
    _check_facility(row)
    _keep(row)
    payload = {"organisation": str(owner.pk), **_plain(row, fields)}
    record(actor, FACILITY_ADDED, row, revision=row.revision, payload=payload)
    return row


@command("parties.facility.keep", "parties.facility.edit")
def edit_facility(actor: Actor, facility_id: UUID, *, revision: int, **fields: Any) -> Facility:
    """Change what a facility may take, and when. Raises Missing, Conflict, Refused."""
    row = locked(Facility, facility_id, actor, revision)
    changed = _set(row, fields, FACILITY_FIELDS)
    if changed:
        _check_facility(row)
        _keep(row)
        record(actor, FACILITY_CHANGED, row, revision=row.revision, payload=_plain(row, changed))
    return row


def _check_facility(row: Facility) -> None:
    """Codes of the Convention, days in order, a capacity that is none below zero."""
    for name, form, example in (("operations", OPERATION, "R3, D10"), ("wastes", WASTE, "B3011, Y48")):
        for code in getattr(row, name):
            if not form.fullmatch(str(code)):
                raise Refused(
                    "code", _("This is no code of the Basel Convention."), field=name, value=code, expected=example
                )
    for start, end in (("authorised_from", "authorised_until"), ("preconsented_from", "preconsented_until")):
        first, last = getattr(row, start), getattr(row, end)
        if first is not None and last is not None and last < first:
            raise Refused("dates", _("It ends before it begins."), field=end, value=last, expected=first)
    for name, text in (
        ("capacity_kg_year", _("A capacity is not below zero.")),
        ("preconsented_kg", _("A quantity is not below zero.")),
    ):
        figure = getattr(row, name)
        if figure is not None and Decimal(figure) < 0:
            raise Refused("capacity", text, field=name, value=figure, expected="0")


def _set(row: models.Model, fields: dict[str, Any], known: Iterable[str]) -> list[str]:
    """Sets the fields; gives the names of those that are different now. Raises Refused for an unknown one."""
    changed = []
    for name, value in fields.items():
        if name not in known:
            raise Refused("field", _("There is no such field."), field=name)
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed.append(name)
    return changed


def _keep(row: Any) -> None:
    """Checks and saves under the next revision. Raises Refused."""
    row.revision += 1
    try:
        row.clean_fields(exclude=["holder", "organisation"])
    except ValidationError as error:
        name, said = next(iter(error.message_dict.items()))
        raise Refused("field", said[0], field=name, value=getattr(row, name, None)) from None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        value = getattr(row, "registration", None)
        raise Refused("taken", _("This registration number is taken."), field="registration", value=value) from None


def _plain(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
