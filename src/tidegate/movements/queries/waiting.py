"""The rows that wait for somebody, by the right that deals with them: what a desk is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tidegate.movements import legs, machines, naming, takebacks
from tidegate.movements.models import (
    Amendment,
    Analysis,
    Approval,
    Breach,
    Certificate,
    Consent,
    Consignment,
    Contract,
    Correction,
    GreenShipment,
    Guarantee,
    HeldGuarantee,
    InfoRequest,
    JointInspection,
    Movement,
    Permit,
    QuotaAllocation,
    Requirement,
    TakeBack,
)
from tidegate.movements.owning import at_home, in_hand
from tidegate.movements.queries import cases, fees, green, inspectors, permits
from tidegate.movements.queries.counting import among
from tidegate.parties import queries as parties
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.models import State
from tidegate.parties.registry import registry
from tidegate.parties.scope import visible


@dataclass(frozen=True)
class Source:
    """Rows that wait for an actor. `since` is the column that says for how long; `about` the column of another row
    whose time limits are theirs too; `due` a column that holds the end of their time; `words` what a text is looked
    for in where the row is of no case; `near` rows that all of them are among, where those are gathered sooner."""

    kind: str
    what: Callable[[Any], Any]
    rows: QuerySet[Any]
    since: str
    about: str = ""
    due: str = ""
    title: Callable[[Any], str] | None = None
    words: Sequence[str] = ()
    near: QuerySet[Any] | None = None

    @property
    def name(self) -> str:
        """The name of the rows' model."""
        return self.rows.model._meta.model_name or ""

    @property
    def of_case(self) -> bool:
        """Whether the rows are of a case."""
        return any(field.name == "case" for field in self.rows.model._meta.get_fields())


def sources(actor: Actor) -> list[Source]:
    """Everything that may wait for an actor."""
    return [one for source in SOURCES for one in source(actor)]


def about(source: Source, named: Iterable[str], text: str = "") -> QuerySet[Any]:
    """The rows of a source that are of one of the named cases, or whose own words hold the text."""
    met = Q(among("case", named)) if source.of_case else Q(pk__in=[])
    for word in source.words if text else ():
        met |= Q(**{f"{word}__icontains": text})
    return source.rows.filter(met)


def _says(text: Any) -> Callable[[Any], Any]:
    return lambda row: text


def _notifications(actor: Actor) -> Iterator[Source]:
    rows = cases.notifications(actor).defer("blocks", "load", "screen")
    if actor.may("movements.notification.draft"):
        drafts = in_hand(rows.filter(status="draft"), actor)
        yield Source("draft", _says(_("Finish the draft and submit it")), drafts, "created_at")
    if actor.may("movements.notification.transmit"):
        yield Source(
            "forward", _says(_("Send it to the authorities concerned")),
            rows.filter(status="submitted", holder_id=actor.state, state_export=actor.state), "submitted_at",
        )  # fmt: skip
    if actor.may("movements.notification.answer"):
        unanswered = InfoRequest.objects.filter(answered_at=None, notification__ended_as="")
        asked = in_hand(visible(unanswered, actor, cases.READ), actor, "notification__")
        yield Source(
            "question", _says(_("Answer the question of an authority")),
            asked.exclude(notification__status="refused_to_forward"), "asked_at",
        )  # fmt: skip


def _consents(actor: Actor) -> Iterator[Source]:
    own = visible(Consent.objects.all(), actor, cases.READ).filter(authority=actor.state, notification__ended_as="")
    if actor.may("movements.notification.acknowledge"):
        yield Source(
            "acknowledge", _says(_("Acknowledge the notification")), own.filter(status="requested"), "requested_at",
            "notification_id",
        )  # fmt: skip
    if actor.may("movements.consent.decide"):
        waiting = [status for status in machines.WAITING if status != "requested"]
        yield Source(
            "decide", _says(_("Decide on the notification")), own.filter(status__in=waiting), "acknowledged_at",
            "notification_id",
        )  # fmt: skip
    if actor.may("movements.contract.confirm"):
        lodged = visible(Contract.objects.filter(status="lodged"), actor, cases.READ)
        yield Source(
            "approve", _says(_("Confirm the contract")),
            lodged.filter(notification__state_import=actor.state, notification__transmitted_at__isnull=False),
            "created_at",
        )  # fmt: skip
    if actor.may("movements.guarantee.approve"):
        proposed = visible(Guarantee.objects.filter(status="proposed"), actor, cases.READ)
        yield Source(
            "approve", _says(_("Approve the guarantee")),
            proposed.filter(at_home(actor, "notification__"), notification__ended_as="").exclude(
                notification__status="draft"
            ),
            "created_at",
        )  # fmt: skip
    held = visible(HeldGuarantee.objects.filter(status__in=HeldGuarantee.WANTED), actor, cases.READ)
    if actor.may("movements.guarantee.approve"):
        yield Source(
            "guarantee", _says(_("Record your State's own guarantee")),
            held.filter(authority=actor.state, notification__ended_as=""), "updated_at",
        )  # fmt: skip
    if actor.may("movements.guarantee.propose"):
        asked_of = in_hand(held.filter(notification__ended_as=""), actor, "notification__")
        yield Source(
            "guarantee", _says(_("Lodge the guarantee that a State of the route asks for")),
            asked_of.exclude(authority=actor.state), "updated_at",
        )  # fmt: skip
    if actor.may("movements.amendment.approve"):
        answered = Approval.objects.filter(subject="amendment", authority=actor.state, subject_id=OuterRef("pk"))
        asked = Consent.objects.filter(notification=OuterRef("notification"), authority=actor.state)
        yield Source(
            "approve", _says(_("Answer the amendment")),
            visible(Amendment.objects.filter(status="proposed"), actor, cases.READ).filter(
                ~Exists(answered), Exists(asked)
            ),
            "proposed_at",
        )  # fmt: skip
    if actor.may("parties.approval.decide"):
        yield Source(
            "approve", _says(_("Approve as the second person")), parties.approvals(actor), "proposed_at",
            title=lambda row: registry.act_label(row.command),
        )  # fmt: skip


# The statuses of a movement in which somebody has to do something: right, statuses, what, in which State.
MOVEMENTS: Sequence[tuple[str, tuple[str, ...], Any, str]] = (
    ("movements.movement.announce", ("draft",), gettext_lazy("Announce the movement"), "writer"),
    ("movements.movement.depart", ("announced",), gettext_lazy("Report the departure"), "writer"),
    ("movements.movement.receive", ("in_transit",), gettext_lazy("Report the arrival"), "import"),
    ("movements.movement.receive", ("arrived",), gettext_lazy("Confirm the receipt"), "import"),
    ("movements.movement.complete", ("received_accepted", "received_partly", "interim_done"),
     gettext_lazy("Confirm recovery or disposal"), "import"),
    ("movements.movement.complete", ("completed",), gettext_lazy("Certify recovery or disposal"), "import"),
    ("movements.movement.hold", ("held", "seized"), gettext_lazy("Decide on the held load"), ""),
    ("movements.movement.close", ("completed", "returned", "alternatively_disposed"),
     gettext_lazy("Close the movement"), "export"),
)  # fmt: skip


def _movements(actor: Actor) -> Iterator[Source]:
    seen = visible(Movement.objects.all(), actor, "movements.movement.read")
    for right, statuses, what, where in MOVEMENTS:
        if not actor.may(right):
            continue
        near = rows = seen.filter(status__in=statuses)
        if where == "writer":
            rows = in_hand(rows, actor, "notification__")
        elif where == "export":
            rows = rows.filter(at_home(actor, "notification__"))
        elif where:
            rows = rows.filter(notification__state_import=actor.state)
        if statuses == ("completed",):
            near = rows = rows.filter(certified_on=None)
        if statuses == ("announced",) and (body := legs.carries(actor)) is not None:
            rows = rows.filter(legs.first_is(body))
        yield Source("movement", _says(what), rows, "updated_at", near=near)
    if actor.may("movements.correction.answer"):
        made = visible(Correction.objects.filter(status="proposed"), actor, "movements.movement.read")
        yield Source(
            "movement", _says(_("Answer the correction")),
            made.exclude(proposed_by=actor.state).exclude(answers__has_key=actor.state), "proposed_at",
        )  # fmt: skip


# The same for green-listed shipments: right, status, what, in which State.
GREEN: Sequence[tuple[str, str, Any, str]] = (
    ("movements.green.enter", "entered", gettext_lazy("Report the departure of the green-listed shipment"), "writer"),
    ("movements.green.receive", "departed", gettext_lazy("Confirm the receipt of the green-listed shipment"),
     "state_import"),
    ("movements.green.receive", "received", gettext_lazy("Confirm the recovery of the green-listed shipment"),
     "state_import"),
)  # fmt: skip


def _green(actor: Actor) -> Iterator[Source]:
    seen = visible(GreenShipment.objects.all(), actor, "movements.green.read")

    def title(row: GreenShipment) -> str:
        return " · ".join(filter(None, [row.reference, str(row.content.get("designation") or "")[:80]]))

    words = ("reference", "case")
    for right, status, what, where in GREEN:
        if actor.may(right):
            rows = seen.filter(status=status, **{where: actor.state})
            if status == "entered":  # what the law bars does not depart
                rows = rows.exclude(law=GreenShipment.Law.BARRED)
            yield Source("movement", _says(what), rows, "updated_at", title=title, words=words)
    if actor.official or actor.may("movements.green.enter"):
        barred = seen.filter(status__in=("entered", "departed"), law=GreenShipment.Law.BARRED)
        yield Source(
            "movement", _says(_("Look at it: the law does not let it move as green-listed")), barred, "updated_at",
            title=title, words=words,
        )  # fmt: skip
        late = seen.filter(status__in=("entered", "departed"), late_notice=True)
        yield Source(
            "movement", _says(_("Look at it: its form was handed in too late")), late, "updated_at", title=title,
            words=words,
        )  # fmt: skip
    if actor.may("movements.green.hold"):
        yield Source(
            "movement", _says(_("Decide on the held load")), green.held(seen), "updated_at", title=title, words=words,
        )  # fmt: skip


# What comes next in a take-back case, by its status: the event, and what the act is called.
NEXT_HOME = {
    "opened": ("classified", gettext_lazy("Classify")),
    "classified": ("notified", gettext_lazy("Inform the State of export")),
    "notified": ("acknowledged", gettext_lazy("Acknowledge")),
    "acknowledged": ("accepted", gettext_lazy("Accept")),
    "accepted": ("plan_proposed", gettext_lazy("Propose a plan")),
    "consents_ok": ("returning", gettext_lazy("Start the return")),
    "returning": ("returned", gettext_lazy("It is back")),
    "returned": ("finally_disposed", gettext_lazy("Record its disposal")),
    "finally_disposed": ("closed", gettext_lazy("Close the case")),
}


def _take_back_next(row: TakeBack) -> str:
    """What the State that holds this copy does next; where it is another's turn, how the case stands."""
    event, act = NEXT_HOME.get(row.status, ("", ""))
    if row.status == TakeBack.Status.ACCEPTED and row.plan_number:
        event, act = "plan_signed", gettext_lazy("Sign the plan")
    mine = event and row.holder_id in takebacks.writers(row, event)
    if mine and not (event == "plan_signed" and row.holder_id in row.plan_signed):
        return f"{_('Take-back')}: {act}"
    return f"{_('Take-back')}: {row.get_status_display()}"


def _take_backs(actor: Actor) -> Iterator[Source]:
    if actor.official:
        rows: QuerySet[TakeBack] = visible(TakeBack.objects.all(), actor, "movements.movement.read")
        open_ = [status for status in TakeBack.Status.values if status not in TakeBack.ENDED]
        yield Source("take_back", _take_back_next, rows.filter(status__in=open_), "detected_at")


# How long before its end a paper is on the desk of who has to see to the next one.
ENDING = timedelta(days=60)


def _ending(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those whose last day comes soon, with it as `ends_at`."""
    today = times.now().date()
    soon = rows.filter(valid_until__gte=today, valid_until__lte=today + ENDING)
    return soon.annotate(ends_at=Cast("valid_until", DateTimeField()))


def _permits(actor: Actor) -> Iterator[Source]:
    named = ("number", "organisation__name")
    seen = permits.permits(actor)
    if actor.may("movements.permit.review"):
        yield Source(
            "permit", _says(_("Take up the application")), seen.filter(status=Permit.Status.APPLIED), "updated_at",
            title=lambda row: str(row.organisation), words=named,
        )  # fmt: skip
    if actor.may("movements.permit.decide"):
        yield Source(
            "permit", _says(_("Decide on the permit")), seen.filter(status=Permit.Status.UNDER_REVIEW), "updated_at",
            title=lambda row: str(row.organisation), words=named,
        )  # fmt: skip
    if actor.may("movements.permit.acknowledge"):
        yield Source(
            "permit", _says(_("Confirm the permit's new status")), permits.to_acknowledge(actor), "status_at",
            title=lambda row: row.number, words=named,
        )  # fmt: skip
    if actor.may("movements.permit.apply"):
        for what, rows, due in (
            (_("Give the information asked for"), seen.filter(status=Permit.Status.INFO_REQUESTED), ""),
            (_("Hand in the application"), seen.filter(status=Permit.Status.DRAFT), ""),
            (_("Apply for the permit that follows it"), _ending(seen.filter(status=Permit.Status.ACTIVE)), "ends_at"),
        ):
            yield Source(
                "permit", _says(what), rows, "updated_at", due=due, title=lambda row: row.number or row.case,
                words=named,
            )  # fmt: skip
    if actor.may("movements.quota.decide"):
        yield Source(
            "permit", _says(_("Decide on the allocation")),
            permits.allocations(actor).filter(status=QuotaAllocation.Status.APPLIED), "created_at",
            title=lambda row: str(row.organisation), words=named,
        )  # fmt: skip


def _certificates(actor: Actor) -> Iterator[Source]:
    seen = visible(Certificate.objects.all(), actor, "movements.certificate.read")
    if actor.may("movements.certificate.issue"):
        yield Source(
            "certificate", _says(_("Replace the certificate before it ends")), _ending(seen.filter(status="published")),
            "issued_at", due="ends_at", title=lambda row: row.number, words=("number",),
        )  # fmt: skip
    if actor.may("movements.certificate.suspend"):
        yield Source(
            "certificate", _says(_("Decide on the suspended certificate")), seen.filter(status="suspended"),
            "issued_at", title=lambda row: row.number, words=("number",),
        )  # fmt: skip


def _reports(actor: Actor) -> Iterator[Source]:
    """The annual report: before the end of each year, on the year before (Basel Convention, Article 13(3))."""
    body = actor.organisation
    now = times.now()
    if body is None or body.kind != body.Kind.COMPETENT_AUTHORITY or not actor.may("movements.notification.close"):
        return
    due = datetime(now.year, 12, 31, 23, 59, tzinfo=UTC)
    if due - now > timedelta(days=90):
        return
    year = now.year - 1
    yield Source(
        "report", _says(_("Send the annual report for %(year)d to the Secretariat") % {"year": year}),
        State.objects.filter(pk=actor.state).annotate(
            ends_at=Value(due, DateTimeField()), begun_at=Value(datetime(now.year, 1, 1, tzinfo=UTC), DateTimeField())
        ),
        "begun_at", due="ends_at", title=lambda row: str(row.name), words=("name",),
    )  # fmt: skip


def _border(actor: Actor) -> Iterator[Source]:
    if actor.may("movements.consignment.release"):
        unmet = Requirement.objects.filter(consignment=OuterRef("pk")).exclude(status__in=("met", "waived"))
        untested = JointInspection.objects.filter(consignment=OuterRef("pk")).exclude(passed=True)
        loads = visible(Consignment.objects.filter(status__in=("open", "held")), actor, "movements.consignment.read")
        yield Source(
            "border", _says(_("Release the consignment: every agency has agreed")),
            loads.filter(~Exists(unmet), ~Exists(untested)), "created_at", title=lambda row: row.reference,
            words=("reference", "declaration"),
        )  # fmt: skip
    if actor.may("movements.consignment.inspect") and actor.organisation is not None:
        set_ = JointInspection.objects.filter(holder=actor.state, done_at=None, agencies=actor.organisation)
        yield Source(
            "border", _says(_("Inspect together and record the result")), set_.select_related("consignment"),
            "consignment__created_at", due="at", title=lambda row: row.consignment.reference,
            words=("consignment__reference", "consignment__declaration"),
        )  # fmt: skip
    if actor.official and actor.organisation is not None:
        rows = Requirement.objects.filter(status="open", agency=actor.organisation).select_related(
            "consignment", "agency"
        )
        yield Source(
            "border", naming.asked, rows.filter(consignment__holder=actor.state), "consignment__created_at",
            due="due_at", title=lambda row: row.consignment.reference,
            words=("consignment__reference", "consignment__declaration"),
        )  # fmt: skip


def _analyses(actor: Actor) -> Iterator[Source]:
    if actor.may("movements.analysis.submit"):
        rows = visible(Analysis.objects.filter(status="requested"), actor, "movements.analysis.read")
        yield Source(
            "analysis", _says(_("Hand in the analysis")), rows.annotate(ends_at=Cast("due_on", DateTimeField())),
            "asked_at", due="ends_at", title=lambda row: row.reference, words=("reference",),
        )  # fmt: skip


def _inspectors(actor: Actor) -> Iterator[Source]:
    if actor.may(inspectors.KEEP):
        yield Source(
            "inspector", _says(_("Deal with the report of an inspector (not verified)")),
            inspectors.reports(actor).filter(reviewed_at=None), "received_at", title=lambda row: row.place,
            words=("place", "office"),
        )  # fmt: skip


def _fees(actor: Actor) -> Iterator[Source]:
    """An authority records what its own fees brought; a company pays, wherever the fee is due."""
    due = fees.fees(actor).filter(status="due")
    if actor.may("movements.fee.record"):
        what, due = _("Record the payment of the fee, or waive it"), due.filter(authority=actor.state)
    elif actor.may("movements.fee.read") and not actor.official:
        what = _("Pay the fee")
    else:
        return
    yield Source("fee", _says(what), due, "created_at", title=lambda row: row.case, words=("case",))


def _breaches(actor: Actor) -> Iterator[Source]:
    if actor.may("movements.breach.close"):
        rows = Breach.objects.filter(holder=actor.state, closed_at=None)
        yield Source("breach", lambda row: row.kind, rows, "opened_at")


SOURCES: Sequence[Callable[[Actor], Iterator[Source]]] = (
    _breaches, _consents, _notifications, _movements, _green, _take_backs, _permits, _certificates, _border, _analyses,
    _inspectors, _fees, _reports,
)  # fmt: skip
