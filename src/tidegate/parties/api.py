"""The API of parties and rights, and how every operation that asks a right knows who calls.

    @router.get("/movements", auth=actor_required("movements.movement.read"), response=…)
    def movements(request: HttpRequest) -> …:
        rows = visible(Movement.objects.all(), request.auth, "movements.movement.read")

A program sends `Authorization: Bearer <access key>`; a page of this installation uses the session, with the CSRF token
where something is changed. What a command refuses (`commanding.Refused` and its kinds) may pass: the API app words it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.params.functions import Query
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf
from pydantic import Field

from tidegate.parties import queries, times
from tidegate.parties.access import lacks_second_factor
from tidegate.parties.actors import Actor, in_force, key_actor
from tidegate.parties.commanding import Forbidden, Refused
from tidegate.parties.commands.agents import digest_of_secret
from tidegate.parties.models import AccessKey, JournalEntry, Organisation
from tidegate.parties.rights import rights

router = Router(tags=["Parties"], by_alias=True)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# How often a key's last use is written: a program may call many times a second.
NOTED_EVERY = timedelta(minutes=1)


class NotSignedIn(Refused):
    """Nobody that this installation knows is calling."""

    def __init__(self, text: str):
        super().__init__("unauthenticated", text)


def actor_required(right: str) -> list[Any]:
    """`auth` of an operation that asks a right: `request.auth` (and `request.actor`) is the Actor that has it.

    Raises NotSignedIn (401) for an unknown, revoked or outdated key or a missing CSRF token, and Forbidden (403) where
    the actor has not the right.
    """
    return [AccessKeyAuth(right), SessionAuth(right)]


def right_of(auth_callbacks: list[Any]) -> str | None:
    """The right that an operation asks, by what ninja keeps of its `auth`; None for one that asks none."""
    found = {getattr(callback, "right", None) for callback in auth_callbacks}
    return found.pop() if len(found) == 1 else None


class AccessKeyAuth(HttpBearer):
    """An access key of an organisation."""

    def __init__(self, right: str):
        super().__init__()
        self.right = right

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        """The key's actor. Raises NotSignedIn, Forbidden."""
        key = _key(token)
        if key is None:
            raise NotSignedIn("The access key is not known, is revoked, or is not of today.")
        actor = key_actor(key)
        _allow(request, actor, self.right)
        _note_use(key)
        return actor


class SessionAuth(APIKeyCookie):
    """A person who is signed in, in the role that they act in."""

    param_name = "sessionid"

    def __init__(self, right: str):
        super().__init__(csrf=False)
        self.right = right

    def __call__(self, request: HttpRequest) -> Actor | None:
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """The session's actor; None where nobody is signed in. Raises NotSignedIn, Forbidden."""
        if not request.user.is_authenticated:
            return None
        # The guard of the API takes Django's own check off, since a program with a key has no token.
        if request.method not in SAFE and check_csrf(request, _nothing) is not None:
            raise NotSignedIn("A page that changes something sends its CSRF token as X-CSRFToken.")
        if lacks_second_factor(request):
            raise NotSignedIn("Add a passkey or an authenticator app to the account first.")
        actor = getattr(request, "actor", None)
        if not actor:
            raise Forbidden(self.right)
        found: Actor = getattr(actor, "_wrapped", actor)
        _allow(request, found, self.right)
        return found


def _nothing(request: HttpRequest) -> None:
    """What the CSRF check is told is behind it."""


def _key(token: str) -> AccessKey | None:
    related = (
        "holder", "organisation", "organisation__holder", "delegation", "delegation__holder", "delegation__principal",
        "delegation__principal__holder",
    )  # fmt: skip
    key = AccessKey.objects.select_related(*related).filter(digest=digest_of_secret(token)).first()
    if key is None or not in_force(key) or not key.organisation.active or not key.holder.here:
        return None
    if key.delegation is not None and not (in_force(key.delegation) and key.delegation.principal.active):
        return None
    return key


def _allow(request: HttpRequest, actor: Actor, right: str) -> None:
    if not actor.may(right):
        raise Forbidden(right)
    request.actor = actor  # type: ignore[attr-defined]


def _note_use(key: AccessKey) -> None:
    now = times.now()
    if key.last_used is None or now - key.last_used >= NOTED_EVERY:
        AccessKey.objects.filter(pk=key.pk).update(last_used=now)


# ── what is said ───────────────────────────────────────────────────────────────────────────────────────────


class OrganisationItem(Schema):
    """An organisation of the State's register."""

    id: UUID
    kind: Literal[tuple(Organisation.Kind.values)]  # type: ignore[valid-type]
    name: str
    registration: str = Field(description="Registration number in its State.")
    state: str = Field(description="ISO 3166-1 alpha-2.")
    address: str
    contact: str
    telephone: str
    email: str
    authority_code: str = Field(description="Of an authority: its number on the forms.")
    active: bool
    revision: int


class OrganisationList(Schema):
    """Organisations by name."""

    count: int = Field(description="How many there are in all.")
    organisations: list[OrganisationItem]


class JournalItem(Schema):
    """One entry of the journal."""

    number: int = Field(description="Its place in the State's chain, without gaps from 1.")
    id: UUID
    type: str = Field(description="What happened, such as `organisation.added`.")
    subject: str = Field(description="The kind of row that it happened to.")
    subject_id: UUID
    case: str = Field(description="The case that the row belongs to; empty where it belongs to none.")
    revision: int = Field(description="The row's revision afterwards.")
    occurred_at: datetime
    recorded_at: datetime
    state: str = Field(description="The State whose fact it is.")
    principal: UUID | None = Field(description="The organisation on whose behalf it was done.")
    agent: UUID | None = Field(description="The organisation that did it for the principal.")
    person: UUID | None
    role: str
    payload: dict[str, Any]
    digest: str = Field(description="SHA-256 of what the entry says, hexadecimal.")
    head: str = Field(description="SHA-256 that vouches for this entry and all before it, hexadecimal.")

    @staticmethod
    def of(row: JournalEntry) -> dict[str, Any]:
        """The entry of a row."""
        return {
            "number": row.number,
            "id": row.pk,
            "type": row.type,
            "subject": row.subject,
            "subject_id": row.subject_id,
            "case": row.case,
            "revision": row.revision,
            "occurred_at": row.occurred_at,
            "recorded_at": row.recorded_at,
            "state": row.state,
            "principal": row.principal_id,
            "agent": row.agent_id,
            "person": row.person_id,
            "role": row.role,
            "payload": row.payload,
            "digest": row.digest,
            "head": row.head,
        }


class FeedPart(Schema):
    """A part of the change feed."""

    entries: list[JournalItem]
    next: int = Field(description="Ask for `after` this number next time: nothing before it is left unread.")
    more: bool = Field(description="There is more now. Where false, ask again in a while.")


class Me(Schema):
    """Who calls, and what they may do."""

    state: str
    organisation: OrganisationItem = Field(description="On whose behalf.")
    agent: UUID | None = Field(description="The organisation that acts, where it acts for another.")
    role: str
    person: str | None = Field(description="The person's e-mail address; null for software.")
    key: str | None = Field(description="The access key's name; null for a person.")
    valid_until: date | None = Field(description="The last day of the access key.")
    rights: list[str] = Field(description="What the caller may do now.")


def _organisation(row: Organisation) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "name": row.name,
        "registration": row.registration,
        "state": row.holder_id,
        "address": row.address,
        "contact": row.contact,
        "telephone": row.telephone,
        "email": row.email,
        "authority_code": row.authority_code,
        "active": row.active,
        "revision": row.revision,
    }


# ── operations ─────────────────────────────────────────────────────────────────────────────────────────────


def _query(**said: Any) -> Any:
    return Query(..., **said)


After = Annotated[int, _query(ge=0, le=2**62, description="The number after which to begin; 0 for the beginning.")]
Limit = Annotated[int, _query(ge=1, le=1000, description="At most so many entries.")]
Offset = Annotated[int, _query(ge=0, le=1_000_000, description="Leave out so many at the start.")]
Words = Annotated[str | None, _query(max_length=200, description="Words of name, number or address.")]


@router.get(
    "/journal",
    response=FeedPart,
    auth=actor_required(queries.READ_FEED),
    operation_id="journal",
    summary="What changed",
)
def journal(request: HttpRequest, after: After = 0, limit: Limit = 100) -> dict[str, Any]:
    """The change feed: sealed entries of the caller's State after a number, in order, as far as the caller sees them.

    Keep `next` and send it as `after`. Numbers have no gaps for an authority; a company sees only what it is involved
    in, so that its numbers skip. Entries appear within about a second of the change.
    """
    part = queries.feed(request.auth, after, limit)  # type: ignore[attr-defined]
    return {"entries": [JournalItem.of(row) for row in part.entries], "next": part.next, "more": part.more}


@router.get(
    "/organisations",
    response=OrganisationList,
    auth=actor_required("parties.organisation.read"),
    operation_id="list_organisations",
    summary="The register",
)
def organisations(request: HttpRequest, q: Words = None, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
    """Organisations of the State's register that the caller sees, by name: a company sees itself."""
    rows = queries.organisations(request.auth, text=q or "", closed=True)  # type: ignore[attr-defined]
    return {"count": rows.count(), "organisations": [_organisation(row) for row in rows[offset : offset + limit]]}


@router.get(
    "/me",
    response=Me,
    auth=actor_required("parties.organisation.read"),
    operation_id="me",
    summary="Who calls",
)
def me(request: HttpRequest) -> dict[str, Any]:
    """Who calls, on whose behalf, and which rights that gives now."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    assert actor.organisation is not None
    return {
        "state": actor.state,
        "organisation": _organisation(actor.organisation),
        "agent": actor.agent.pk if actor.agent else None,
        "role": actor.role,
        "person": actor.person.email if actor.person else None,
        "key": actor.key.label if actor.key else None,
        "valid_until": actor.key.valid_until if actor.key else None,
        "rights": sorted(name for name in rights.table if actor.may(name)),
    }
