"""The law over HTTP: the same records that decide, dated and cited. Every answer has an ETag."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from tidegate import __version__
from tidegate.law import RulebookError
from tidegate.law.compare import compare_days
from tidegate.law.standards import standards as standards_on
from tidegate.law.timeline import changes
from tidegate.parties.rulebook import book as current_book
from tidegate.web.api import lawdata
from tidegate.web.api.answers import json_answer, kept_answer
from tidegate.web.api.problems import Problem
from tidegate.web.api.schemas import law as schemas
from tidegate.web.api.schemas.decision import Problem as ProblemSchema

router = Router(tags=["Law"], by_alias=True)
service = Router(tags=["Service"], by_alias=True)

REFUSED = dict.fromkeys((422, 429, 500), ProblemSchema)
ABSENT = {**REFUSED, 404: ProblemSchema}


def _query(**said: Any) -> Any:
    """A parameter of the address with its words; the default stands in the signature."""
    return Query(..., **said)


Day = Annotated[date | None, _query(description="Today where left out.")]
OnDay = Annotated[date | None, _query(description="Only what is in force on this day.", examples=["2026-11-21"])]
Code = Annotated[str | None, _query(description="Only this State, ISO 3166-1 alpha-2.", pattern="^[A-Za-z]{2}$")]
Words = Annotated[str | None, _query(max_length=200, description="Words: text, instrument, id, State, paper, entry.")]
OfRole = Annotated[schemas.Role | None, _query(description="Only rules for a State in this role.")]
OfLayer = Annotated[schemas.LayerKind | None, _query(description="Only this body of law.")]
OfStatus = Annotated[schemas.Status | None, _query(description="Only rules of this status.")]
Role = Annotated[schemas.Role, _query(description="The State's role.")]
From = Annotated[date | None, _query(alias="from", description="From this day on, today where left out.")]
UpTo = Annotated[date | None, _query(description="Up to this day, as far as is known where left out.")]
FirstDay = Annotated[date, _query(description="The one day.")]
OtherDay = Annotated[date, _query(description="The other day.")]
Heading = Annotated[str, _query(pattern="^[0-9]{4,10}$", description="Heading whose rules are read.")]
Limit = Annotated[int, _query(ge=1, le=500, description="At most so many.")]
Offset = Annotated[int, _query(ge=0, le=1_000_000, description="Leave out so many at the start.")]


def today() -> date:
    """The day that stands in for `on`."""
    return datetime.now(UTC).date()


@router.get("/law/rules", response={200: schemas.RuleList, **REFUSED}, operation_id="list_rules", summary="Find rules")
def rules(
    request: HttpRequest,
    state: Code = None,
    role: OfRole = None,
    layer: OfLayer = None,
    status: OfStatus = None,
    on: OnDay = None,
    q: Words = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> HttpResponse:
    """Rules that match every filter, in the order of the book, or by relevance where `q` is given."""

    def build() -> dict[str, Any]:
        book = current_book()
        found = [
            rule
            for rule in lawdata.searched(book, q)
            if (state is None or rule.state == state.upper())
            and (role is None or rule.role == role)
            and (layer is None or rule.layer == layer)
            and (status is None or rule.status == status)
            and (on is None or rule.in_force(on))
        ]
        after = offset + limit
        onward = None
        if after < len(found):
            query = request.GET.copy()
            query["offset"], query["limit"] = str(after), str(limit)
            onward = f"{request.path}?{query.urlencode()}"
        return {
            "rulebook": book.label,
            "count": len(found),
            "offset": offset,
            "next": onward,
            "rules": [lawdata.rule(rule, book) for rule in found[offset:after]],
        }

    return kept_answer(request, build)


@router.get(
    "/law/rules/{rule_id}", response={200: schemas.RuleAnswer, **ABSENT}, operation_id="get_rule", summary="One rule"
)
def rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Everything that the book holds of one rule."""
    book = current_book()
    found = book.rules.get(rule_id)
    if found is None:
        raise Problem("not-found", f"The rulebook has no rule {rule_id[:80]}.")
    return kept_answer(request, lambda: {"rulebook": book.label, "rule": lawdata.rule(found, book)})


@router.get("/law/states", response={200: schemas.StateList, **REFUSED}, operation_id="list_states", summary="States")
def states(request: HttpRequest) -> HttpResponse:
    """Every State and territory, by name, with the number of national rules that the book holds for it."""

    def build() -> dict[str, Any]:
        book = current_book()
        found = sorted(book.states.values(), key=lambda state: state.name)
        return {"rulebook": book.label, "count": len(found), "states": [lawdata.state_item(s, book) for s in found]}

    return kept_answer(request, build)


@router.get(
    "/law/states/{iso}",
    response={200: schemas.StateAnswer, **ABSENT},
    operation_id="get_state",
    summary="A State on a day",
)
def state(request: HttpRequest, iso: str, on: Day = None) -> HttpResponse:
    """The State's memberships over time, the groups it belongs to on the day, and its rules in force by role."""
    book = current_book()
    found = book.states.get(iso.upper())
    if found is None:
        raise Problem("not-found", f"No State or territory of ISO 3166-1 has the code {iso[:80]}.")
    return kept_answer(request, lambda: lawdata.state_on(found, book, on or today()))


@router.get(
    "/law/timeline",
    response={200: schemas.Timeline, **REFUSED},
    operation_id="law_timeline",
    summary="What changes, and when",
)
def timeline(
    request: HttpRequest,
    start: From = None,
    to: UpTo = None,
    state: Code = None,
    role: OfRole = None,
) -> HttpResponse:
    """Rules that begin or end, in the order of the days, as far as the law is known today."""

    def build() -> dict[str, Any]:
        book, day = current_book(), start or today()
        found = [
            lawdata.change(c)
            for c in changes(book, day, to, state=state and state.upper())
            if role is None or c.rule.role == role
        ]
        return {
            "rulebook": book.label,
            "from": day.isoformat(),
            "to": lawdata.iso(to),
            "count": len(found),
            "changes": found,
        }

    return kept_answer(request, build)


@router.get(
    "/law/diff", response={200: schemas.Difference, **REFUSED}, operation_id="law_diff", summary="Two days side by side"
)
def diff(
    request: HttpRequest,
    a: FirstDay,
    b: OtherDay,
    state: Code = None,
) -> HttpResponse:
    """What holds on day `b` and not on day `a`, and the other way round: rules, memberships, figures."""

    def build() -> dict[str, Any]:
        book = current_book()
        return lawdata.difference(compare_days(book, a, b, state=state and state.upper()), book)

    return kept_answer(request, build)


@router.get(
    "/law/standards",
    response={200: schemas.StandardList, **REFUSED},
    operation_id="law_standards",
    summary="Limits side by side",
)
def standards(
    request: HttpRequest,
    on: Day = None,
    role: Role = "import",
    hs: Heading = "3915",
    state: Code = None,
) -> HttpResponse:
    """What each State asks of a load on a day: foreign matter, other polymers, purity, forms, papers, bars."""

    def build() -> dict[str, Any]:
        book, day = current_book(), on or today()
        found = standards_on(book, day, states=[state.upper()] if state else None, role=role, hs=hs)
        return {
            "rulebook": book.label,
            "on": day.isoformat(),
            "count": len(found),
            "standards": [lawdata.standard(s) for s in found],
        }

    return kept_answer(request, build)


@router.get("/law/facts", response={200: schemas.FactList, **REFUSED}, operation_id="list_facts", summary="Facts")
def facts(request: HttpRequest) -> HttpResponse:
    """Every word that a condition of law may use: its type, unit, values, meaning, and who can know it."""

    def build() -> dict[str, Any]:
        book = current_book()
        return {"rulebook": book.label, "count": len(book.facts), "facts": lawdata.facts(book)}

    return kept_answer(request, build)


@router.get(
    "/law/documents", response={200: schemas.DocumentList, **REFUSED}, operation_id="list_documents", summary="Papers"
)
def documents(request: HttpRequest) -> HttpResponse:
    """Every paper that a rule may ask for, and the rules that do."""

    def build() -> dict[str, Any]:
        book = current_book()
        return {"rulebook": book.label, "count": len(book.documents), "documents": lawdata.documents(book)}

    return kept_answer(request, build)


@router.get(
    "/law/entries", response={200: schemas.EntryList, **REFUSED}, operation_id="list_entries", summary="Basel entries"
)
def entries(request: HttpRequest) -> HttpResponse:
    """The entries of the Basel Convention that the book knows, with the control that each carries."""

    def build() -> dict[str, Any]:
        book = current_book()
        found = lawdata.entries(book)
        return {"rulebook": book.label, "count": len(found), "entries": found}

    return kept_answer(request, build)


@service.get(
    "/rulebook",
    response={200: schemas.Rulebook, **REFUSED},
    operation_id="get_rulebook",
    summary="The rulebook in force",
)
def rulebook(request: HttpRequest) -> HttpResponse:
    """Version and hash of the book that decides here: what every decision records."""

    def build() -> dict[str, Any]:
        book = current_book()
        return {
            "version": book.version,
            "hash": f"sha256:{book.hash}",
            "label": book.label,
            "overlays": len(book.overlays),
            "rules": len(book.rules),
            "states": len(book.national_states),
            "facts": len(book.facts),
            "documents": len(book.documents),
            "checked": lawdata.iso(max((r.checked for r in book.rules.values()), default=None)),
            "software": __version__,
        }

    return kept_answer(request, build)


@service.get(
    "/health",
    response={200: schemas.Health, 429: ProblemSchema, 503: ProblemSchema},
    operation_id="health",
    summary="Health",
)
def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and the rulebook loads."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        label = current_book().label
    except (DatabaseError, RulebookError):
        raise Problem("unavailable", "The database does not answer or the rulebook cannot be loaded.") from None
    return json_answer({"status": "ok", "rulebook": label})
