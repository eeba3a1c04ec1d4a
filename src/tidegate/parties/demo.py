"""The demo's States, organisations and people: agencies of five States, companies that do not exist.

The people are roles, their addresses lie under example.org, and none of them has a password. `build` may run as often
as it likes. A database is a demo's when it is marked as one; another is never opened by the demo settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from tidegate.parties.models import Facility, Membership, Organisation, Person, Role, State

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
            Body("garuda", Kind.CONSIGNEE, "Siam Flake Imports (fictitious)", "1 Tua Yang Road, Chon Buri"),
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
    """Make what of the demo is not there yet; gives its States by code.

    Raises ImproperlyConfigured in a database that is not marked as a demo's.
    """
    if not is_marked():
        raise ImproperlyConfigured("the demo is built only in a database that is marked as a demo's")
    with transaction.atomic():
        return {country.code: _country(country) for country in COUNTRIES}


def _country(country: Country) -> State:
    state, _ = State.objects.get_or_create(
        code=country.code,
        defaults={"name": country.name, "node": country.node, "here": True, "time_zone": country.zone},
    )
    for body in country.bodies:
        organisation, _ = Organisation.objects.get_or_create(
            holder=state,
            registration=f"DEMO-{country.code}-{body.slug.upper()}",
            defaults={
                "kind": body.kind,
                "name": body.name,
                "address": f"{body.address}, {country.name}",
                "contact": "Duty office",
                "email": f"{body.slug}.{country.code.lower()}@example.org",
                "authority_code": body.code,
                "revision": 1,
            },
        )
        _people(country, body, organisation)
        if body.slug in SITES:
            operations, wastes, capacity = SITES[body.slug]
            Facility.objects.get_or_create(
                holder=state,
                organisation=organisation,
                name=f"{body.name.removesuffix(' (fictitious)')}, site 1",
                defaults={
                    "address": f"{body.address}, {country.name}",
                    "permit_number": f"DEMO/{country.code}/{body.slug.upper()}/1",
                    "authorised_from": SINCE,
                    "authorised_until": date(2028, 12, 31),
                    "operations": operations,
                    "wastes": wastes,
                    "capacity_kg_year": Decimal(capacity),
                    "revision": 1,
                },
            )
    return state


def _people(country: Country, body: Body, organisation: Organisation) -> None:
    counted: dict[str, int] = {}
    for role in body.roles:
        number = counted[role] = counted.get(role, 0) + 1
        title = TITLES[Role(role)] + (f" {number}" if body.roles.count(role) > 1 else "")
        address = f"{title.lower().replace(' ', '-')}.{body.slug}.{country.code.lower()}@example.org"
        person = Person.objects.filter(email=address).first()
        if person is None:
            person = Person.objects.create_user(address, name=f"{title}, {body.name}")
        Membership.objects.get_or_create(
            person=person, organisation=organisation, role=role, valid_from=SINCE, defaults={"revision": 1}
        )
