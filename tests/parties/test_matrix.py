"""Every address and API operation × every role × every kind of organisation, held to the table in matrix.yaml.

A new address without a line there fails. A view that says something else than its line fails, and so does one that
says it and does not hold to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import get_resolver, resolve, reverse
from django.urls.converters import IntConverter, SlugConverter, UUIDConverter
from django.urls.resolvers import URLPattern, URLResolver

from tests.parties.matrix_rows import all_rows
from tests.parties.world import COMPANIES, ELSEWHERE, HERE, KINDS, ROLES, World
from tidegate.parties.access import PUBLIC, SIGNED_IN
from tidegate.parties.actors import Actor
from tidegate.parties.api import right_of
from tidegate.parties.models import Organisation, Person, State
from tidegate.parties.rights import rights
from tidegate.web.api.app import NAMESPACE, api
from tidegate.web.api.urls import OPERATIONS

pytestmark = pytest.mark.django_db

NOBODYS = UUID("01900000-0000-7000-8000-000000000000")
# What stands in for a part of an address where no row decides.
STAND_INS = {UUIDConverter: NOBODYS, IntConverter: 999, SlugConverter: "nothing"}


@dataclass(frozen=True)
class Route:
    """An address: its name in the table, the view's own word, and the names of its open parts."""

    name: str
    access: str | None
    parts: dict[str, Any]
    callback: Any = None
    methods: tuple[str, ...] = ("GET",)

    @property
    def is_operation(self) -> bool:
        return self.callback is None

    def address(self, **named: Any) -> str:
        if self.is_operation:
            path = next(path for name, path, *_ in operations() if name == self.name)
            return f"/api/v1{path.format(**{**self.named(), **named})}"
        return reverse(self.name, kwargs={**self.named(), **named})

    def named(self) -> dict[str, Any]:
        """Its open parts, as the table fills them in, else with what nothing has."""
        return {**self.parts, **line(self.name).get("with", {})}


def patterns(resolver: URLResolver, space: str = "", outer: dict[str, Any] | None = None) -> Iterator[Route]:
    for found in resolver.url_patterns:
        parts = {**(outer or {}), **_parts(found)}
        if isinstance(found, URLResolver):
            inner = f"{space}{found.namespace}:" if found.namespace else space
            yield from patterns(found, inner, parts)
            continue
        access = getattr(found.callback, "access", None)
        if access == OPERATIONS:
            continue  # below, one by one
        name = f"{space}{found.name}" if found.name else f"{space}({found.pattern})"
        yield Route(name, access, parts, found.callback)


def _parts(found: URLPattern | URLResolver) -> dict[str, Any]:
    converters = found.pattern.converters
    named = {name: STAND_INS.get(type(converter), "nothing") for name, converter in converters.items()}
    regex = getattr(found.pattern, "regex", None)
    if regex is not None and not named:
        named = dict.fromkeys(regex.groupindex, "nothing")
    return named


def operations() -> Iterator[tuple[str, str, tuple[str, ...], str, dict[str, Any]]]:
    """Name, path, methods, what is asked, and the open parts of every operation of the API."""
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                asked = operation.auth_callbacks
                access = right_of(list(asked)) if asked else PUBLIC
                whole = "/".join(part.strip("/") for part in (prefix, path) if part.strip("/"))
                name = f"{NAMESPACE}:{operation.operation_id}"
                parts = {}
                for piece in whole.split("/"):
                    if piece.startswith("{"):
                        kind, _, word = piece.strip("{}").rpartition(":")
                        parts[word] = NOBODYS if kind == "uuid" or word.endswith("id") else "nothing"
                plain = "/".join(
                    "{" + piece.strip("{}").rpartition(":")[2] + "}" if piece.startswith("{") else piece
                    for piece in whole.split("/")
                )
                yield name, f"/{plain}", tuple(operation.methods), str(access), parts


def routes() -> dict[str, Route]:
    found: dict[str, Route] = {}
    for route in patterns(get_resolver()):
        found.setdefault(route.name, route)
    for name, _path, methods, access, parts in operations():
        assert name not in found, f"two operations are called {name}"
        found[name] = Route(name, access, parts, None, methods)
    return found


TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("matrix.yaml").read_text(encoding="utf-8"))
ROUTES = routes()
ROWS = all_rows()


def line(name: str) -> dict[str, Any]:
    found = TABLE[name]
    return found if isinstance(found, dict) else {"access": found}


def every_third(names: list[str]) -> list[Any]:
    """All names, of which a newcomer's run takes every third; who is refused it asks of all."""
    return [name if n % 3 == 0 else pytest.param(name, marks=pytest.mark.ci) for n, name in enumerate(names)]


GUARDED = sorted(name for name in ROUTES if name in TABLE and line(name)["access"] not in (PUBLIC, SIGNED_IN))
NAMING_A_ROW = [name for name in GUARDED if line(name).get("row") in ROWS]


# ── the table is whole ─────────────────────────────────────────────────────────────────────────────────────


def test_every_address_has_a_line_and_every_line_an_address() -> None:
    assert sorted(ROUTES.keys() - TABLE.keys()) == [], "new addresses: say in matrix.yaml who may open them"
    assert sorted(TABLE.keys() - ROUTES.keys()) == [], "lines without an address"


def test_every_line_says_what_the_view_says() -> None:
    told = {name: (route.access, line(name)["access"]) for name, route in ROUTES.items() if name in TABLE}
    assert {name: pair for name, pair in told.items() if pair[0] != pair[1]} == {}


def test_every_right_of_the_table_is_one() -> None:
    assert [name for name in GUARDED if line(name)["access"] not in rights.table] == []


def test_an_address_that_names_something_says_which_row_decides() -> None:
    """`row` is a kind of row in matrix_rows.py; where none decides, `why` says so."""
    naming = [name for name in GUARDED if ROUTES[name].parts]
    assert [name for name in naming if not (line(name).get("row") or line(name).get("why"))] == []
    assert [name for name in naming if line(name).get("row", next(iter(ROWS))) not in ROWS] == []


# ── who is let in ──────────────────────────────────────────────────────────────────────────────────────────


def stand_in(kind: str, role: str) -> Actor:
    """An actor that no database knows: what is refused must be refused before anything is read."""
    state = State(code=HERE, name=HERE, node=HERE, here=True)
    organisation = Organisation(holder=state, kind=kind, name=kind, registration=kind)
    return Actor(HERE, organisation, role, Person(email="a@example.org", name="a"))


def request_of(actor: Actor, method: str, address: str) -> HttpRequest:
    request = RequestFactory().generic(method, address, b"{}", content_type="application/json")
    request.user = actor.person  # type: ignore[assignment]
    request.actor = actor  # type: ignore[attr-defined]
    request.session = {}  # type: ignore[assignment]
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    return request


@pytest.mark.parametrize("name", GUARDED)
def test_who_has_not_the_right_is_refused(name: str, settings: Any) -> None:
    """Every kind × every role, reading and writing."""
    settings.TIDEGATE_API_RATE = 0
    route, right = ROUTES[name], line(name)["access"]
    for kind, role in product(KINDS, ROLES):
        actor = stand_in(kind, role)
        if actor.may(right):
            continue
        for method in route.methods if route.is_operation else ("GET", "POST"):
            request = request_of(actor, method, route.address())
            if route.is_operation:
                found = resolve(request.path)
                assert found.func(request, **found.kwargs).status_code == 403, (kind, role, method)
            else:
                with pytest.raises(PermissionDenied):
                    route.callback(request, **route.named())


@pytest.mark.parametrize("name", [name for name in sorted(ROUTES) if name in TABLE and not name.endswith(")")])
def test_who_is_not_signed_in_reaches_only_what_is_public(name: str, settings: Any) -> None:
    settings.TIDEGATE_API_RATE = 0
    route, access = ROUTES[name], line(name)["access"]
    response = Client().generic(route.methods[0], route.address())
    refused = response.status_code in (401, 403) or (
        response.status_code == 302 and response["Location"].startswith("/accounts/login/")
    )
    if access == PUBLIC:
        assert refused == (line(name).get("then") == "sign-in")
        assert response.status_code < 500
    else:
        assert refused, response.status_code


@pytest.mark.parametrize("name", every_third(GUARDED))
def test_who_has_the_right_is_let_in(name: str, world: World, settings: Any) -> None:
    """Each kind that has it, with each role that it has it in: the page opens, or says that the row is not there."""
    settings.TIDEGATE_API_RATE = 0
    route, right = ROUTES[name], line(name)["access"]
    seen: set[str] = set()
    for kind, role in sorted(rights.table[right].holders):
        # Every kind in one role and every role in one kind: what lies between is the table of rights itself.
        if kind not in KINDS or (kind in seen and role in seen):
            continue
        seen |= {kind, role}
        response = world.client(kind, role).generic(
            route.methods[0], route.address(), b"{}", content_type="application/json"
        )
        assert response.status_code not in (401, 403), (kind, role)
        assert response.status_code < 500, (kind, role)
        assert not response.headers.get("Location", "").startswith("/accounts/login/")


# ── which rows they see ────────────────────────────────────────────────────────────────────────────────────


def ask(client: Client, route: Route, named: dict[str, Any]) -> int:
    """The status, reading, and where the address takes no reading, writing nothing."""
    address = route.address(**named)
    if route.is_operation:
        return client.generic(route.methods[0], address, b"{}", content_type="application/json").status_code
    status = client.get(address).status_code
    return client.post(address).status_code if status == 405 else status


@pytest.mark.parametrize("name", every_third(NAMING_A_ROW))
def test_rows_are_seen_by_whom_they_are_for(name: str, world: World, settings: Any) -> None:
    """Involved in the same State: it opens. Not involved, or another State: there is no such row."""
    settings.TIDEGATE_API_RATE = 0
    route, make = ROUTES[name], ROWS[line(name)["row"]]
    holders = sorted(rights.table[line(name)["access"]].holders)
    for kind in [*Organisation.OFFICIAL[:2], *COMPANIES[:1]]:
        role = next((role for held, role in holders if held == kind), None)
        if role is None:
            continue
        places = make(world, world.body(kind))
        client = world.client(kind, role)
        assert ask(client, route, places.elsewhere) == 404, (kind, "another State's")
        if places.other is not None:
            assert ask(client, route, places.other) == 404, (kind, "of others")
        if places.own is not None:
            status = ask(client, route, places.own)
            assert status not in (401, 403, 404), (kind, "its own")
            assert status < 500


def test_the_world_has_two_states(world: World) -> None:
    """Else the test above would prove nothing."""
    assert {body.holder_id for kinds in world.bodies.values() for found in kinds.values() for body in found} == {
        HERE,
        ELSEWHERE,
    }
