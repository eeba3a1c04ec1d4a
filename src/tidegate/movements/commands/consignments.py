"""One consignment, all agencies of a State: what each asks, joint inspection, one release when all have answered.

A consignment is this State's own; nothing of it crosses a border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts, guard, letters, naming
from tidegate.movements.calendars import calendar_of
from tidegate.movements.models import (
    Consent,
    Consignment,
    Contract,
    Guarantee,
    JointInspection,
    Movement,
    Requirement,
)  # fmt: skip
from tidegate.movements.particulars import moment as read_moment
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command, locked
from tidegate.parties.ids import reference
from tidegate.parties.models import Organisation

Status = Consignment.Status
OPEN = (Status.OPEN, Status.HELD)
Kind = Organisation.Kind
# The answers of the law that keep a consignment back.
OUTCOMES: Mapping[str, Any] = {"prohibited": _("prohibited"), "undetermined": _("not decided")}


@command("movements.consignment.register")
def register(
    actor: Actor,
    *,
    declaration: str = "",
    movement_id: UUID | str | None = None,
    office: str = "",
    expected_on: date | str | None = None,
    load: Mapping[str, Any] | None = None,
    route: Sequence[Mapping[str, str]] = (),
) -> Consignment:
    """Register what arrives, under a declaration or a movement. The law is asked about its load, and each paper that
    is missing becomes a requirement of the agency that sees to it.

    `load` is the shipment of the screening contract without its route; of a movement it is the notification's. `route`
    are the stops ({"state", "role"}), where no movement says them.

    Raises Refused: declaration, load, route, day, registered (this declaration or movement is); Missing.
    """
    movement: Movement | None = None
    if movement_id is not None:
        movement = locked(Movement, movement_id, actor)
    number = str(declaration or "").strip()[:64]
    if movement is None and not number:
        raise Refused("declaration", _("A declaration or a movement is needed."), field="declaration",
                      expected=_("a number"))  # fmt: skip
    _only_once(actor, movement, number)
    day = facts.day(expected_on, "expected_on") or (movement.planned_on if movement else times.now().date())
    if movement is not None:
        stops: list[Any] = list(movement.notification.route.all())
        kg = format(movement.announced_kg, "f")
        told = {**guard.load_of(movement.notification), "net_kg": kg, "documents": papers_of(movement), **(load or {})}
    else:
        stops, told = _stops(route), dict(load or {})
    # With its route, so that it can be screened again with what a laboratory measures.
    whole = guard.shipment_of(stops, told, day)
    kept = guard.plain({**told, **{name: whole[name] for name in ("export", "import", "transit")}})
    answer = guard.decision(stops, kept, day, guard.book())
    row = Consignment(
        holder_id=actor.state, case=movement.case if movement else "", reference=reference(actor.state),
        declaration=number, movement=movement, office=str(office or "").strip()[:120], expected_on=day,
        load=kept, screen=guard.plain(answer, "screen"),
    )  # fmt: skip
    row.case = row.case or row.reference
    row.save(force_insert=True)
    facts.link(row, [], movement.involved.all() if movement else [])
    facts.note(
        actor, "consignment.registered", row, law_version=answer["law_version"],
        payload={"declaration": number, "movement": movement.pk if movement else None, "outcome": answer["outcome"]},
    )  # fmt: skip
    _from_the_law(actor, row, answer)
    return row


def papers_of(movement: Movement) -> list[dict[str, Any]]:
    """The papers that the case of a movement holds, as the screening contract names them."""
    notification = movement.notification
    held: list[dict[str, Any]] = [
        {"kind": "NOTIFICATION", "number": notification.number},
        {"kind": "MOVEMENT_DOCUMENT", "number": str(movement.serial)},
    ]
    for consent in notification.consents.filter(status__in=Consent.GIVEN):
        dates = {"valid_from": consent.valid_from, "valid_to": consent.valid_until}
        held.append(
            {"kind": f"CONSENT:{consent.authority}", "number": notification.number,
             **{name: day.isoformat() for name, day in dates.items() if day is not None}}
        )  # fmt: skip
    contract = Contract.objects.filter(notification=notification, status="confirmed").first()
    if contract is not None:
        held.append({"kind": "CONTRACT", "number": contract.number})
    guarantee = Guarantee.objects.filter(notification=notification, status__in=("approved", "in_force")).first()
    if guarantee is not None:
        held.append({"kind": "GUARANTEE", "number": guarantee.number})
    return held


def _only_once(actor: Actor, movement: Movement | None, number: str) -> None:
    live = Consignment.objects.filter(holder=actor.state).exclude(status=Status.REFUSED)
    found = live.filter(movement=movement).first() if movement else live.filter(declaration=number).first()
    if found is not None:
        raise Refused("registered", _("It is registered already."), field="declaration", value=found.reference)


def _stops(route: Sequence[Mapping[str, str]]) -> list[Any]:
    stops = [SimpleNamespace(state=str(stop.get("state") or "").upper(), role=stop.get("role")) for stop in route]
    roles = [stop.role for stop in stops]
    if roles.count("export") != 1 or roles.count("import") != 1 or set(roles) - {"export", "transit", "import"}:
        raise Refused("route", _("The route needs one State of export and one of import."), field="route",
                      value=", ".join(str(role) for role in roles), expected="export, transit …, import")  # fmt: skip
    return stops


def _from_the_law(actor: Actor, row: Consignment, answer: Mapping[str, Any]) -> None:
    """A requirement for each missing paper, for each fact to be checked, and for a load that is not clear."""
    due = calendar_of(actor.state).end(row.expected_on) if row.expected_on else None
    book = guard.book()
    wanted: list[tuple[str, str, str, str]] = []
    seen: set[str] = set()
    for item in answer.get("missing", ()):
        for document in item["documents"]:
            if document not in seen:
                seen.add(document)
                text = str(_("Paper: %(name)s") % {"name": naming.paper(document, book)})
                wanted.append((Kind.COMPETENT_AUTHORITY, text, document, item["rule"]))
    for item in answer.get("verify", ()):
        rule = next(iter(item.get("rules") or ()), "")
        wanted.append(
            (
                Kind.CUSTOMS,
                str(_("To be checked: %(fact)s") % {"fact": naming.fact(item["fact"], book)}),
                item["fact"],
                rule,
            )
        )
    if answer.get("outcome") in ("prohibited", "undetermined"):
        text = str(_("The law's answer to this load: %(outcome)s") % {"outcome": OUTCOMES[answer["outcome"]]})
        rules = guard.rules_that(answer, "prohibit")
        wanted.append((Kind.COMPETENT_AUTHORITY, text, "", rules[0] if rules else ""))
    for kind, what, document, rule in wanted:
        agency = _agency(actor, kind)
        made = Requirement.objects.create(
            holder_id=row.holder_id, consignment=row, agency=agency, what=what[:200], document=document[:48],
            rule=rule[:64], due_at=due,
        )  # fmt: skip
        _note(actor, row, "required", made)


def _agency(actor: Actor, kind: str) -> Organisation:
    """The State's body of a kind, or the actor's own where it has none."""
    found = Organisation.objects.filter(holder=actor.state, kind=kind, active=True).order_by("name")
    body = found.first() or actor.organisation
    if body is None:
        raise Missing("organisation")
    return body


def _note(actor: Actor, row: Consignment, event: str, made: Requirement, **more: Any) -> None:
    payload = {"requirement": made.pk, "agency": made.agency_id, "what": made.what, "status": made.status, **more}
    facts.note(actor, f"consignment.{event}", row, payload=payload)


def _open(actor: Actor, key: UUID | str, revision: int | None = None) -> Consignment:
    row: Consignment = locked(Consignment, key, actor, revision)
    if row.status not in OPEN:
        raise Refused("state", _("It is released or refused already."), field="consignment", value=row.status,
                      expected=", ".join(OPEN))  # fmt: skip
    return row


def _requirement(actor: Actor, key: UUID | str) -> tuple[Consignment, Requirement]:
    made = Requirement.objects.filter(pk=key, holder=actor.state).first()
    if made is None:
        raise Missing("requirement")
    row = _open(actor, made.consignment_id)
    return row, Requirement.objects.select_for_update().get(pk=made.pk)


@command("movements.consignment.require")
def require(
    actor: Actor,
    consignment_id: UUID | str,
    *,
    what: str,
    agency_id: UUID | str | None = None,
    document: str = "",
    due_at: datetime | str | None = None,
    revision: int | None = None,
) -> Requirement:
    """An agency asks for something: its own requirement, or one of another agency of the State (`agency_id`).

    Raises Refused: state, text, moment, agency.
    """
    row = _open(actor, consignment_id, revision)
    agency = actor.organisation
    if agency_id is not None:
        agency = Organisation.objects.filter(
            pk=agency_id, holder=actor.state, kind__in=Organisation.OFFICIAL, active=True
        ).first()
    if agency is None:
        raise Refused(
            "agency", _("There is no such agency in this State."), field="agency_id", value=str(agency_id)[:40]
        )
    made = Requirement.objects.create(
        holder_id=row.holder_id, consignment=row, agency=agency, document=str(document or "").strip()[:48],
        what=facts.words(what, "what", _("what is asked"))[:200],
        due_at=read_moment(due_at, "due_at") if due_at else None,
    )  # fmt: skip
    _note(actor, row, "required", made)
    return made


@command("movements.consignment.answer")
def answer(actor: Actor, requirement_id: UUID | str, *, met: bool, text: str = "") -> Requirement:
    """The agency whose requirement it is answers: met, or not and why. Its answer may change until the release.

    Raises Refused: agency (another agency's), state, text.
    """
    row, made = _requirement(actor, requirement_id)
    if actor.organisation is None or made.agency_id != actor.organisation.pk:
        raise Refused("agency", _("Only the agency that asks for it answers."), field="requirement",
                      expected=made.agency.name)  # fmt: skip
    if made.status == Requirement.Status.WAIVED:
        raise Refused("state", _("It was waived."), field="requirement", value=made.status)
    made.status = Requirement.Status.MET if met else Requirement.Status.REFUSED
    made.answer = str(text or "").strip()[:4000] if met else facts.words(text, "text", _("why not"))
    made.answered_at = times.now()
    made.save()
    _note(actor, row, "answered", made, text=made.answer)
    _hold(actor, row)
    return made


@command("movements.consignment.waive")
def waive(actor: Actor, requirement_id: UUID | str, *, reason: str) -> Requirement:
    """The agency gives its requirement up, with a reason. Raises Refused as `answer`."""
    row, made = _requirement(actor, requirement_id)
    if actor.organisation is None or made.agency_id != actor.organisation.pk:
        raise Refused("agency", _("Only the agency that asks for it can give it up."), field="requirement",
                      expected=made.agency.name)  # fmt: skip
    made.status, made.answer = Requirement.Status.WAIVED, facts.words(reason, "reason", _("a reason"))
    made.answered_at = times.now()
    made.save()
    _note(actor, row, "waived", made, text=made.answer)
    _hold(actor, row)
    return made


def _hold(actor: Actor, row: Consignment) -> None:
    """It is held exactly while an agency says that its requirement is not met, or an inspection failed."""
    refused = row.requirements.filter(status=Requirement.Status.REFUSED).exists()
    failed = row.inspections.filter(passed=False).exists()
    wanted = Status.HELD if refused or failed else Status.OPEN
    if wanted != row.status:
        row.status = wanted
        facts.note(actor, "consignment.held" if wanted == Status.HELD else "consignment.answered", row)


@command("movements.consignment.inspect", "movements.consignment.joint_inspection")
def joint_inspection(
    actor: Actor, consignment_id: UUID | str, *, place: str, at: datetime | str, agency_ids: Sequence[UUID | str] = ()
) -> JointInspection:
    """One inspection for all agencies, instead of one each; without `agency_ids`, for every agency that waits.

    Raises Refused: state, text, moment, agency.
    """
    row = _open(actor, consignment_id)
    bodies = Organisation.objects.filter(holder=actor.state, kind__in=Organisation.OFFICIAL, active=True)
    if agency_ids:
        asked = list(bodies.filter(pk__in=list(agency_ids)))
        if len(asked) != len(set(map(str, agency_ids))):
            raise Refused("agency", _("There is no such agency in this State."), field="agency_ids")
    else:
        waiting = row.requirements.filter(status=Requirement.Status.OPEN).values_list("agency", flat=True)
        asked = list(bodies.filter(pk__in=list(waiting)))
    made = JointInspection.objects.create(
        holder_id=row.holder_id, consignment=row, place=facts.words(place, "place", _("where"))[:200],
        at=read_moment(at),
    )  # fmt: skip
    made.agencies.set([*asked, *([actor.organisation] if actor.organisation else [])])
    payload = {"inspection": made.pk, "place": made.place, "at": made.at, "agencies": [one.pk for one in asked]}
    facts.note(actor, "consignment.inspection_set", row, payload=payload)
    return made


@command("movements.consignment.inspect")
def inspect(actor: Actor, inspection_id: UUID | str, *, passed: bool, result: str) -> JointInspection:
    """What the inspection found: by an agency that took part, once. Raises Refused: agency, recorded, text."""
    made = JointInspection.objects.select_for_update().filter(pk=inspection_id, holder=actor.state).first()
    if made is None:
        raise Missing("inspection")
    row = _open(actor, made.consignment_id)
    if actor.organisation is None or not made.agencies.filter(pk=actor.organisation.pk).exists():
        raise Refused("agency", _("Only an agency that takes part records it."), field="inspection")
    if made.done_at is not None:
        raise Refused("recorded", _("Its result is recorded already."), field="inspection")
    made.passed, made.result = bool(passed), facts.words(result, "result", _("what was found"))
    made.done_at = times.now()
    made.save()
    payload = {"inspection": made.pk, "passed": made.passed, "result": made.result}
    facts.note(actor, "consignment.inspected", row, payload=payload)
    _hold(actor, row)
    return made


def waiting_for(row: Consignment) -> list[str]:
    """Why it cannot be released: the names of agencies that have not answered or are not content, and inspections."""
    rows = row.requirements.exclude(status__in=[Requirement.Status.MET, Requirement.Status.WAIVED])
    names = list(rows.order_by("agency__name").values_list("agency__name", flat=True).distinct())
    if row.inspections.exclude(passed=True).exists():
        names.append(str(_("joint inspection")))
    return names


@command("movements.consignment.release")
def release(actor: Actor, consignment_id: UUID | str, *, revision: int | None = None) -> Consignment:
    """One release for all: only when every agency has answered, none says no, and every inspection passed.

    Raises Refused: state, waiting (for whom), held (its movement is held or seized).
    """
    row = _open(actor, consignment_id, revision)
    if names := waiting_for(row):
        raise Refused("waiting", _("Not every agency has agreed."), field="requirements", value=len(names),
                      expected=", ".join(names))  # fmt: skip
    if row.movement is not None and row.movement.holds:
        raise Refused("held", _("Its movement is held."), field="movement", value=row.movement.status)
    row.status, row.released_at = Status.RELEASED, times.now()
    facts.note(actor, "consignment.released", row)
    return row


@command("movements.consignment.refuse")
def refuse(actor: Actor, consignment_id: UUID | str, *, reason: str, revision: int | None = None) -> Consignment:
    """Refuse the goods, with the standard letter. Raises Refused: state, text."""
    row = _open(actor, consignment_id, revision)
    why = facts.words(reason, "reason", _("a reason"))
    row.status = Status.REFUSED
    facts.note(actor, "consignment.refused", row, payload={"reason": why})
    if row.movement is not None:
        movement = Movement.objects.select_for_update().get(pk=row.movement.pk)
        letters.write(actor, movement, "refusal_of_goods", to=letters.values.exporter_of(movement), finding=why)
    return row
