"""States and those who act in them, for the tests of permits, quotas, certificates and the border."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from tidegate.movements.commands import permits
from tidegate.movements.models import Permit
from tidegate.parties.actors import Actor, acting
from tidegate.parties.models import Membership, Organisation, Person, State

NOON = datetime(2026, 11, 2, 5, tzinfo=UTC)
NODES = {"VN": "vn.dea", "TH": "th.pcd", "MY": "my.doe"}


def state(code: str = "VN") -> State:
    """A State kept on this node."""
    return State.objects.get_or_create(
        code=code, defaults={"name": code, "node": NODES[code], "here": True, "time_zone": "Asia/Bangkok"}
    )[0]


def actor(kind: str, role: str = "officer", code: str = "VN", name: str = "") -> Actor:
    """Somebody with a role in an organisation of a kind; the same name is the same organisation."""
    state(code)
    label = name or f"{code.lower()}-{kind}"
    organisation = Organisation.objects.get_or_create(
        holder_id=code, registration=label, defaults={"kind": kind, "name": f"{label} (fictitious)"}
    )[0]
    email = f"{label}-{role}@example.test"
    person = Person.objects.filter(email=email).first() or Person.objects.create_user(email, None, name=email)
    membership = Membership.objects.get_or_create(
        person=person, organisation=organisation, role=role, defaults={"valid_from": date(2020, 1, 1)}
    )[0]
    return acting(Membership.objects.select_related("organisation__holder", "person").get(pk=membership.pk))


def issued(number: str = "IMP-7", kg: str | None = "100000", code: str = "VN", **more: Any) -> Permit:
    """An import permit in force, for the importer of the State."""
    importer, authority = actor("consignee", "clerk", code), actor("competent_authority", "officer", code)
    permit = permits.draft(importer, "import", content={"wastes": ["B3011"], "hs": ["3915"], "note": "for recycling"})
    permit = permits.apply(importer, permit.pk, revision=permit.revision)
    permit = permits.review(authority, permit.pk, revision=permit.revision)
    return permits.issue(
        authority, permit.pk, revision=permit.revision,
        **{"valid_from": "2026-11-01", "valid_until": "2027-10-31", "number": number, "quantity_kg": kg, **more},
    )  # fmt: skip
