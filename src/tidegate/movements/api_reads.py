"""What else a State's copy holds, over HTTP: quotas, certificates, consignments, take-back cases, the desk, the annual
report, and the border check of many numbers. Changing them is an operation of `api`, as every command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.db import models
from django.http import HttpRequest
from ninja import Schema
from ninja.params.functions import Query
from pydantic import Field

from tidegate.movements import border
from tidegate.movements.api import Limit, Offset, Words, actor_of, deadlines, plain, router
from tidegate.movements.queries import analyses, annual, consignments, desk, fees, files, overdue, permits, takeback
from tidegate.parties import journal
from tidegate.parties.actors import Actor
from tidegate.parties.api import actor_required
from tidegate.parties.commanding import Missing


def _page(rows: models.QuerySet[Any], limit: int, offset: int) -> dict[str, Any]:
    return {"count": rows.count(), "items": [plain(row) for row in rows[offset : offset + limit]]}


class Rows(Schema):
    """Rows of a kind, in the order that the operation says; each with all its columns."""

    count: int
    items: list[dict[str, Any]]


# ── quotas and certificates ──────────────────────────────────────────────────────────────────────────────────


class QuotaItem(Schema):
    """A quota and what is left of it, kg as texts. Who holds which part is not told here."""

    id: UUID
    number: str
    name: str
    status: str
    hs: list[str]
    wastes: list[str]
    origins: list[str]
    opens_on: date
    closes_on: date
    total: str
    allocated: str = Field(description="Granted to holders.")
    unallocated: str
    reserved: str = Field(description="Of what is granted: set aside for movements.")
    used: str
    lapsed: str
    as_of: datetime | None
    revision: int


class Quotas(Schema):
    """Quotas, the latest first."""

    count: int
    quotas: list[QuotaItem]


@router.get(
    "/quotas", response=Quotas, auth=actor_required("movements.quota.read"), operation_id="list_quotas",
    summary="Quotas and what is left of them",
)  # fmt: skip
def list_quotas(request: HttpRequest, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
    """The quotas of the caller's State; those that are not open yet for its authorities alone."""
    rows = permits.pools(actor_of(request))
    shown = []
    for row in rows[offset : offset + limit]:
        stand = asdict(permits.pool_balance(row))
        masses = {name: format(value, "f") for name, value in stand.items() if isinstance(value, Decimal)}
        shown.append({**stand, **masses, "id": row.pk, "revision": row.revision})
    return {"count": rows.count(), "quotas": shown}


@router.get(
    "/quota-allocations", response=Rows, auth=actor_required("movements.quota.read"),
    operation_id="list_quota_allocations", summary="Parts of quotas",
)  # fmt: skip
def list_allocations(request: HttpRequest, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
    """Applications for parts of quotas and what was granted, the latest first: an authority sees all of its State, a
    company its own."""
    return _page(permits.allocations(actor_of(request)), limit, offset)


@router.get(
    "/certificates", response=Rows, auth=actor_required("movements.certificate.read"),
    operation_id="list_certificates", summary="Certificates",
)  # fmt: skip
def list_certificates(request: HttpRequest, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
    """The certificates that the caller sees, the latest first, each with its signed text."""
    return _page(permits.certificates(actor_of(request)), limit, offset)


# ── fees ─────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get(
    "/fees", response=Rows, auth=actor_required(fees.READ), operation_id="list_fees", summary="Fees of filings",
)  # fmt: skip
def list_fees(request: HttpRequest, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
    """The fees that the caller sees, the latest first: how each comes about, and what was recorded of its payment."""
    return _page(fees.fees(actor_of(request)), limit, offset)


@router.get(
    "/fee-rates", response=Rows, auth=actor_required(fees.READ), operation_id="list_fee_rates",
    summary="A State's schedule of fees",
)  # fmt: skip
def list_fee_rates(
    request: HttpRequest, state: Annotated[str, Query("", max_length=2)], limit: Limit = 100, offset: Offset = 0
) -> dict[str, Any]:
    """What a State (the caller's, where none is named) charges for each kind of filing, from when and by which law;
    past rates, too."""
    return _page(fees.rates(state.upper() or actor_of(request).state), limit, offset)


# ── consignments ─────────────────────────────────────────────────────────────────────────────────────────────


class ConsignmentWhole(Schema):
    """A consignment with what each agency asks of it and answered, and the inspections, each with its `files`."""

    consignment: dict[str, Any]
    requirements: list[dict[str, Any]]
    inspections: list[dict[str, Any]]


@router.get(
    "/consignments", response=Rows, auth=actor_required(consignments.READ), operation_id="list_consignments",
    summary="Consignments",
)  # fmt: skip
def list_consignments(
    request: HttpRequest, q: Words = "", status: str = "", mine: bool = False, limit: Limit = 100, offset: Offset = 0
) -> dict[str, Any]:
    """Those that the caller sees, expected last first; `mine`: that wait for the caller's own agency."""
    return _page(consignments.find(actor_of(request), text=q, status=status, mine=mine), limit, offset)


@router.get(
    "/consignments/{reference}", response=ConsignmentWhole, auth=actor_required(consignments.READ),
    operation_id="consignment", summary="One consignment",
)  # fmt: skip
def one_consignment(request: HttpRequest, reference: str) -> dict[str, Any]:
    """A consignment by its reference."""
    actor = actor_of(request)
    row = consignments.consignment(actor, reference)
    return {
        "consignment": plain(row),
        "requirements": _all(row.requirements.order_by("pk")),
        "inspections": [
            {**(plain(one) or {}), "files": [plain(kept.file) for kept in files.kept(actor, one)]}
            for one in row.inspections.order_by("pk")
        ],
    }


# ── analyses ─────────────────────────────────────────────────────────────────────────────────────────────────


class AnalysisWhole(Schema):
    """An analysis with its report; for authorities, the law's answer to the load as declared and as measured."""

    analysis: dict[str, Any]
    files: list[dict[str, Any]] = Field(description="name, media type, size and SHA-256 of the report.")
    screen: dict[str, Any] | None = Field(
        description="`values` (label, declared, measured), and `declared` and `measured`: a decision each. Null where "
        "nothing was measured that the law asks, or the load is not described."
    )


@router.get(
    "/analyses", response=Rows, auth=actor_required(analyses.READ), operation_id="list_analyses",
    summary="Analyses of laboratories",
)  # fmt: skip
def list_analyses(
    request: HttpRequest, q: Words = "", status: str = "", limit: Limit = 100, offset: Offset = 0
) -> dict[str, Any]:
    """Those that the caller sees, asked for last first: an authority its State's, a laboratory its own."""
    actor = actor_of(request)
    rows = analyses.find(actor, text=q, status=status)
    return {"count": rows.count(), "items": [_analysis(actor, row) for row in rows[offset : offset + limit]]}


def _analysis(actor: Actor, row: models.Model) -> dict[str, Any]:
    """Its columns; what it is of, for authorities alone."""
    hidden = () if actor.official else ("consignment_id", "movement_id", "take_back_id")
    return {name: value for name, value in (plain(row) or {}).items() if name not in hidden}


@router.get(
    "/analyses/{key}", response=AnalysisWhole, auth=actor_required(analyses.READ), operation_id="analysis",
    summary="One analysis, and the screen with it",
)  # fmt: skip
def one_analysis(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """What is asked of a laboratory and what it found."""
    actor = actor_of(request)
    row = analyses.analysis(actor, key)
    found = analyses.screened(row) if actor.official else None
    return {
        "analysis": _analysis(actor, row),
        "files": [plain(one.file) for one in files.kept(actor, row)],
        "screen": None if found is None else journal.as_json(asdict(found)),
    }


# ── take-back ────────────────────────────────────────────────────────────────────────────────────────────────


class TakeBackWhole(Schema):
    """A take-back case with everything that this State's copy holds of it."""

    case: dict[str, Any]
    duty: list[str] = Field(description="The States one of which has to act.")
    in_custody_kg: str = Field(description="What is in custody and not on its way yet.")
    signatures: dict[str, bool] = Field(description="By State, whether it has signed the plan.")
    consents: list[dict[str, Any]]
    consents_open: list[str] = Field(description="The States on the way home that have not consented to it.")
    costs: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    letters: list[dict[str, Any]] = Field(description="For officials alone.")
    evidence: list[dict[str, Any]] = Field(description="name, media type, size and SHA-256 of each file.")
    returns: list[dict[str, Any]] = Field(description="The movements that bring the load home.")


@router.get(
    "/take-backs", response=Rows, auth=actor_required(takeback.READ), operation_id="list_take_backs",
    summary="Take-back cases",
)  # fmt: skip
def list_take_backs(
    request: HttpRequest, q: Words = "", status: str = "", ended: bool = True, limit: Limit = 100, offset: Offset = 0
) -> dict[str, Any]:
    """The take-back cases that the caller sees, the latest first; without `ended` the open ones alone."""
    return _page(takeback.find(actor_of(request), text=q, status=status, ended=ended), limit, offset)


@router.get(
    "/take-backs/{case}", response=TakeBackWhole, auth=actor_required(takeback.READ), operation_id="take_back",
    summary="One take-back case",
)  # fmt: skip
def one_take_back(request: HttpRequest, case: str) -> dict[str, Any]:
    """A take-back case by its reference."""
    actor = actor_of(request)
    view = takeback.view(actor, takeback.take_back(actor, case))
    return {
        "case": plain(view.row),
        "duty": view.duty,
        "in_custody_kg": format(view.left, "f"),
        "signatures": dict(view.signatures),
        "consents": _all(view.consents),
        "consents_open": view.consents_open,
        "costs": _all(view.costs),
        "deadlines": deadlines(view.deadlines),
        "letters": _all(view.letters),
        "evidence": _all(view.evidence),
        "returns": _all(view.returns),
    }


# ── desk and annual report ───────────────────────────────────────────────────────────────────────────────────


class Waiting(Schema):
    """One thing that waits for the caller."""

    kind: str
    what: str
    title: str
    case: str
    subject: str
    subject_id: UUID | str = Field(description="Key of the row; of a State's annual report, the State's code.")
    since: datetime
    due: datetime | None
    over: bool
    assigned: str = Field(description="Who of the caller's authority deals with the case.")


class Desk(Schema):
    """A page of the caller's queue, the next deadline first. No number goes beyond 101, which means more than 100."""

    total: int
    over: int
    week: int
    matching: int
    items: list[Waiting]


@router.get(
    "/desk", response=Desk, auth=actor_required(desk.DESK), operation_id="desk",
    summary="What waits for the caller",
)  # fmt: skip
def one_desk(
    request: HttpRequest,
    q: Words = "",
    kind: str = "",
    due: Annotated[str, Query("", pattern="^(over|week|)$", description="over or week")] = "",
    who: Annotated[str, Query("", pattern="^(mine|nobody|)$", description="mine or nobody")] = "",
    page: Annotated[int, Query(1, ge=1, le=100)] = 1,
) -> dict[str, Any]:
    """The queue of the caller's role, by deadline, as the desk shows it."""
    actor = actor_of(request)
    found = desk.desk(actor, kind=kind if kind in desk.KINDS else "", text=q, due=due, who=who, page=page)
    return {
        "total": found.total, "over": found.over, "week": found.week, "matching": found.matching,
        "items": [{**vars(one), "what": str(one.what)} for one in found.items],
    }  # fmt: skip


class OverdueItem(Schema):
    """What is overdue of a kind (decision, receipt, certificate) at the authority of a State."""

    state: str
    kind: str
    count: int
    oldest_case: str
    oldest_days: int
    median_days: str


@router.get(
    "/overdue", response=list[OverdueItem], auth=actor_required(overdue.COMPARE), operation_id="overdue",
    summary="What is overdue at which authority",
)  # fmt: skip
def compared(request: HttpRequest) -> list[dict[str, Any]]:
    """By State and kind, of the cases that the caller's State holds; days beyond the last day."""
    return [journal.as_json(asdict(row)) for row in overdue.compared(actor_of(request))]


class AnnualReport(Schema):
    """The tables of a State's annual report (Article 13), kg as texts."""

    state: str
    year: int
    exports: list[dict[str, Any]]
    imports: list[dict[str, Any]]
    green: list[dict[str, Any]] = Field(description="What moved as green-listed; no part of the Convention's tables.")
    partners: list[dict[str, Any]] = Field(description="What this State and each partner say of the same shipments.")
    differences: list[dict[str, Any]] = Field(description="The shipments of which two States' figures differ.")


@router.get(
    "/annual-reports/{year}", response=AnnualReport, auth=actor_required("movements.report.read"),
    operation_id="annual_report", summary="The annual report",
)  # fmt: skip
def one_report(request: HttpRequest, year: int) -> dict[str, Any]:
    """The report of the caller's State for a calendar year, counted in its own time."""
    if not 1990 <= year <= 2100:
        raise Missing("report")
    found = annual.report(actor_of(request), year)
    tables = ("exports", "imports", "green", "partners", "differences")
    rows = {name: [journal.as_json(asdict(row)) for row in getattr(found, name)] for name in tables}
    return {"state": found.state, "year": found.year, **rows}


# ── many numbers at the border ───────────────────────────────────────────────────────────────────────────────

MOST = 1_000


class Asked(Schema):
    """A number at the border, and what stands there with it."""

    number: str = Field(min_length=1, max_length=4000)
    kg: str = Field("", pattern=r"^$|^[0-9]{1,15}(\.[0-9]{1,3})?$")
    wastes: list[str] = []
    hs: list[str] = []
    origin: str = Field("", max_length=2)


class AskedMany(Schema):
    """Numbers at the border."""

    numbers: list[Asked] = Field(min_length=1, max_length=MOST)


class Answered(Schema):
    """What a number may mean; none where nothing of that number is known here."""

    number: str
    answers: list[dict[str, Any]]


class AnsweredMany(Schema):
    """An answer for each number, in their order."""

    results: list[Answered]


@router.post(
    "/border/checks", response=AnsweredMany, auth=actor_required("movements.border.check"),
    operation_id="border_check_many", summary="May they pass?",
)  # fmt: skip
def border_checks(request: HttpRequest, asked: AskedMany) -> dict[str, Any]:
    """The border check of up to 1,000 numbers at once."""
    actor = actor_of(request)

    def answers(one: Asked) -> list[dict[str, Any]]:
        kg = Decimal(one.kg) if one.kg else None
        try:
            found = border.check(
                actor, one.number, kg=kg, wastes=one.wastes, hs=one.hs, origin=one.origin.upper()
            )  # fmt: skip
        except Missing:
            return []
        return [border.as_json(answer) for answer in found]

    return {"results": [{"number": one.number, "answers": answers(one)} for one in asked.numbers]}


def _all(rows: Iterable[models.Model]) -> list[dict[str, Any] | None]:
    return [plain(row) for row in rows]
