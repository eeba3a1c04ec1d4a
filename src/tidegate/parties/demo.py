"""The demo's States, organisations and people: agencies of five States, companies that do not exist.

The people are roles, their addresses lie under example.org, and none of them has a password. `build` may run as often
as it likes. A database is a demo's when it is marked as one; another is never opened by the demo settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from tidegate.parties import times
from tidegate.parties.actors import Actor, acting
from tidegate.parties.commands import people, register
from tidegate.parties.models import Membership, Organisation, Role, State
from tidegate.parties.setup import set_up

# "TGdm", in the header of the SQLite file, where SQLite keeps what kind of file it is.
MARK = 0x5447646D
SINCE = date(2026, 1, 1)
Kind = Organisation.Kind


def mark_database() -> None:
    """Mark the database of the demo settings as a demo's, before its tables are made.

    Raises ImproperlyConfigured where it holds something and is not marked, or where the settings are no demo's.
    """
    if not settings.TIDEGATE_DEMO:
        raise ImproperlyConfigured("these are not the demo's settings: their database is not marked as a demo's")
    if connection.vendor != "sqlite":
        raise ImproperlyConfigured("the demo keeps its own SQLite file, and no other database")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA application_id")
        if cursor.fetchone()[0] == MARK:
            return
        cursor.execute("SELECT count(*) FROM sqlite_master")
        if cursor.fetchone()[0]:
            name = Path(str(connection.settings_dict["NAME"])).name
            raise ImproperlyConfigured(
                f"{name} holds data and is not marked as a demo's: the demo, which asks nobody for a password, does "
                "not open it. Move the file away, or name another TIDEGATE_DATA_DIR"
            )
        cursor.execute(f"PRAGMA application_id = {MARK}")


def is_marked() -> bool:
    """Whether the database is a demo's."""
    if connection.vendor != "sqlite":
        return False
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA application_id")
        return bool(cursor.fetchone()[0] == MARK)


# ── who there is ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Body:
    """An organisation of the demo. `slug` names it in addresses and registration numbers; `roles` who works there."""

    slug: str
    kind: str
    name: str
    address: str
    roles: tuple[str, ...] = (Role.CLERK, Role.MANAGER)
    code: str = ""


@dataclass(frozen=True)
class Country:
    """A State of the demo with its bodies."""

    code: str
    name: str
    node: str
    zone: str
    bodies: tuple[Body, ...]


AUTHORITY_ROLES = (Role.OFFICER, Role.OFFICER, Role.CLERK, Role.MANAGER)
CUSTOMS_ROLES = (Role.OFFICER, Role.CLERK, Role.MANAGER)
TITLES = {
    Role.OFFICER: "Officer",
    Role.CLERK: "Case worker",
    Role.MANAGER: "Manager",
    Role.VIEWER: "Reader",
}


def _authorities(code: str, name: str, place: str, port: str) -> tuple[Body, ...]:
    return (
        Body("ca", Kind.COMPETENT_AUTHORITY, f"Competent Authority of {name} (demo)", place, AUTHORITY_ROLES, code),
        Body("customs", Kind.CUSTOMS, f"Customs of {name} (demo)", place, CUSTOMS_ROLES),
        Body("port", Kind.AGENCY, f"Port Agency of {port} (demo)", port, (Role.OFFICER,)),
    )


COUNTRIES = (
    Country(
        "VN", "Viet Nam", "vn.demo", "Asia/Ho_Chi_Minh",
        (
            *_authorities("VN", "Viet Nam", "Ha Noi", "Hai Phong"),
            Body("heron", Kind.NOTIFIER, "Heron Polymer Trading (fictitious)", "1 Example Street, Hai Phong"),
            Body("lotus", Kind.FACILITY, "Lotus Recycling Works (fictitious)", "2 Example Street, Binh Duong"),
            Body("redriver", Kind.CARRIER, "Red River Lines (fictitious)", "3 Example Quay, Hai Phong"),
        ),
    ),
    Country(
        "MY", "Malaysia", "my.demo", "Asia/Kuala_Lumpur",
        (
            *_authorities("MY", "Malaysia", "Putrajaya", "Port Klang"),
            Body("banyan", Kind.CONSIGNEE, "Banyan Resin Imports (fictitious)", "1 Jalan Contoh, Klang"),
            Body("hornbill", Kind.FACILITY, "Hornbill Recovery Plant (fictitious)", "2 Jalan Contoh, Seremban"),
            Body("strait", Kind.CARRIER, "Strait Feeder Services (fictitious)", "3 Jalan Contoh, Port Klang"),
        ),
    ),
    Country(
        "TH", "Thailand", "th.demo", "Asia/Bangkok",
        (
            *_authorities("TH", "Thailand", "Bangkok", "Laem Chabang"),
            Body("garuda", Kind.NOTIFIER, "Siam Flake Trading (fictitious)", "1 Tua Yang Road, Chon Buri"),
            Body("mekong", Kind.FACILITY, "Mekong Pellet Works (fictitious)", "2 Tua Yang Road, Rayong"),
            Body("gulf", Kind.CARRIER, "Gulf Coastal Carriers (fictitious)", "3 Tua Yang Road, Laem Chabang"),
        ),
    ),
    Country(
        "AU", "Australia", "au.demo", "Australia/Sydney",
        (
            *_authorities("AU", "Australia", "Canberra", "Port Botany"),
            Body("wattle", Kind.NOTIFIER, "Wattle Plastics Export (fictitious)", "1 Sample Road, Sydney NSW"),
            Body("kookaburra", Kind.FACILITY, "Kookaburra Reprocessing (fictitious)", "2 Sample Road, Newcastle NSW"),
            Body("banksia", Kind.LABORATORY, "Banksia Testing Laboratory (fictitious)", "5 Sample Road, Sydney NSW"),
            Body("tasman", Kind.CARRIER, "Tasman Box Lines (fictitious)", "3 Sample Road, Port Botany NSW"),
            Body("agent", Kind.BROKER, "Southern Clearing Agents (fictitious)", "4 Sample Road, Sydney NSW"),
        ),
    ),
    Country(
        "ID", "Indonesia", "id.demo", "Asia/Jakarta",
        (
            *_authorities("ID", "Indonesia", "Jakarta", "Tanjung Priok"),
            Body("nusa", Kind.CARRIER, "Nusa Transit Lines (fictitious)", "1 Jalan Misal, Jakarta"),
        ),
    ),
)  # fmt: skip

# Sites of the recovery companies: operations, wastes, capacity in kilograms a year.
SITES: dict[str, tuple[list[str], list[str], int]] = {
    "lotus": (["R3", "R12", "R13"], ["B3011", "Y48"], 18_000_000),
    "hornbill": (["R3", "R12"], ["B3011", "Y48", "A3210"], 24_000_000),
    "mekong": (["R3"], ["B3011"], 9_500_000),
    "kookaburra": (["R3", "R1", "D10"], ["B3011", "Y48", "A3210"], 12_000_000),
}


def build() -> dict[str, State]:
    """Make the States with their organisations and people, by the commands with which any installation is filled.

    Gives the States by code, also where they are there already. Raises ImproperlyConfigured in a database that is not
    marked as a demo's.
    """
    if not is_marked():
        raise ImproperlyConfigured("the demo is built only in a database that is marked as a demo's")
    with transaction.atomic(), times.at(datetime.combine(SINCE, time(12), UTC)):
        for country in COUNTRIES:
            if not State.objects.filter(code=country.code).exists():
                _country(country)
    return State.objects.in_bulk([country.code for country in COUNTRIES])


def _country(country: Country) -> None:
    """The authority and its first manager as `tidegate` sets any State up; all else is entered by its people."""
    first, *others = country.bodies
    named = _people(country, first)
    [manager] = [one for one in named if one[0] == Role.MANAGER]
    number = _number(country, first)
    set_up(country.code, country.name, country.node, country.zone, first.name, number, manager[1], manager[2])
    chief = _actor(number, Role.MANAGER)
    assert chief.organisation is not None
    entered = {name: value for name, value in _entry(country, first).items() if name not in ("name", "registration")}
    register.edit_organisation(chief, chief.organisation.pk, revision=1, **entered)
    _invite(chief, chief.organisation, [one for one in named if one is not manager])
    officer = _actor(number, Role.OFFICER)
    for body in others:
        made = register.add_organisation(chief, kind=body.kind, **_entry(country, body))
        _invite(chief, made, _people(country, body))
        if body.slug in SITES:
            operations, wastes, capacity = SITES[body.slug]
            register.add_facility(
                officer, made.pk, name=f"{body.name.removesuffix(' (fictitious)')}, site 1", address=made.address,
                permit_number=f"DEMO/{country.code}/{body.slug.upper()}/1", authorised_from=SINCE,
                authorised_until=date(2028, 12, 31), operations=operations, wastes=wastes,
                capacity_kg_year=Decimal(capacity),
            )  # fmt: skip


def _number(country: Country, body: Body) -> str:
    return f"DEMO-{country.code}-{body.slug.upper()}"


def _entry(country: Country, body: Body) -> dict[str, Any]:
    """A body as the register enters it."""
    return {
        "name": body.name,
        "registration": _number(country, body),
        "address": f"{body.address}, {country.name}",
        "contact": "Duty office",
        "email": f"{body.slug}.{country.code.lower()}@example.org",
        "authority_code": body.code,
    }


def _people(country: Country, body: Body) -> list[tuple[str, str, str]]:
    """Who works there: role, address, name."""
    counted: dict[str, int] = {}
    found = []
    for role in body.roles:
        number = counted[role] = counted.get(role, 0) + 1
        title = TITLES[Role(role)] + (f" {number}" if body.roles.count(role) > 1 else "")
        address = f"{title.lower().replace(' ', '-')}.{body.slug}.{country.code.lower()}@example.org"
        found.append((role, address, f"{title}, {body.name}"))
    return found


def _invite(chief: Actor, body: Organisation, named: Sequence[tuple[str, str, str]]) -> None:
    for role, email, name in named:
        people.invite(chief, body.pk, email=email, name=name, role=role, valid_from=SINCE)


def _actor(registration: str, role: str) -> Actor:
    rows = Membership.objects.select_related("organisation__holder", "person")
    member = rows.filter(organisation__registration=registration, role=role).order_by("person__email").first()
    assert member is not None
    return acting(member)
