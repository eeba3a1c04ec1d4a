"""Certificates: signed statements about consents, permits, receipts, recoveries, inspections, pre-consents, the quality
of a load and the training of a person.

A certificate is signed once with the State's key and never changed; its two bits in the State's status lists say
whether it still holds. A permit or consent that is suspended, lifted or ended takes its certificates along (`follow`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts
from tidegate.movements.calendars import today
from tidegate.movements.commands import analyses
from tidegate.movements.credentials import status as bitstring
from tidegate.movements.credentials import tokens
from tidegate.movements.credentials.verify import Bundle
from tidegate.movements.machines import CERTIFICATE, step
from tidegate.movements.models import Analysis, Certificate, Consent, Consignment, Movement, Permit, StatusList
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.ids import reference
from tidegate.parties.models import Facility, JournalEntry, Organisation, State
from tidegate.parties.registry import Post, registry

Status = Certificate.Status
ISSUE = "movements.certificate.issue"
QUALITY = "movements.certificate.quality"


@dataclass(frozen=True)
class Statement:
    """What a certificate says: claims (short, for they have to fit into a QR code), days, case, who is concerned."""

    claims: Mapping[str, Any]
    valid_from: date | None
    valid_until: date | None
    case: str
    involved: Sequence[Organisation]


@command(ISSUE)
def issue(actor: Actor, subject_id: UUID | str, *, kind: str, remarks: str = "") -> Certificate:
    """Sign a certificate of a kind of KINDS about a row of the actor's State.

    Raises Refused: kind, not_certifiable (what it would say is not so), no_signer, too_long; Missing.
    """
    if kind not in KINDS:
        raise Refused(
            "kind", _("There is no such kind of certificate."), field="kind", value=kind, expected=", ".join(KINDS)
        )
    model, state_it = KINDS[kind]
    return _publish(actor, kind, locked(model, subject_id, actor), state_it, remarks)


@command(QUALITY)
def certify_quality(
    actor: Actor, analysis_id: UUID | str, *, standard: str, conforms: bool, load: str, remarks: str = ""
) -> Certificate:
    """Sign the quality of a load (facts/movement.md 4.6): what was measured in an analysis that was handed in, and
    whether it meets a standard. The laboratory or an authority says by `load` what was sampled: containers, a lot.

    Raises Missing; Refused: not_certifiable (nothing was handed in), text, conforms, no_signer, too_long.
    """
    row: Analysis = locked(Analysis, analysis_id, actor)
    if row.status != Analysis.Status.SUBMITTED:
        raise _not_so(row.status)
    if not isinstance(conforms, bool):
        raise Refused("conforms", _("Yes or no."), field="conforms", value=str(conforms)[:40], expected="true, false")
    found = analyses.findings(row)
    said = {
        "load": facts.words(load, "load", _("what was sampled: containers, a lot or a declaration"))[:300],
        "standard": facts.words(standard, "standard", _("the standard of quality"))[:200], "conforms": conforms,
        "contaminationPct": found.get("contamination_pct"), "moisturePct": found.get("moisture_pct"),
        "polymers": [f"{name} {Decimal(share).normalize():f} %" for name, share in found.get("polymers", {}).items()],
        "hazardous": found.get("hazardous"), "sample": row.sample, "sampledOn": row.sampled_on,
        "analysedOn": row.analysed_on, "method": row.method, "laboratory": row.laboratory.name,
        "accreditation": row.accreditation, "analysis": row.reference,
    }  # fmt: skip
    return _publish(actor, "quality", row, lambda one: Statement(said, None, None, one.case, _concerned(one)), remarks)


def _concerned(row: Analysis) -> list[Organisation]:
    """The laboratory, and the companies of the load: it is theirs to show."""
    about = row.consignment or row.movement or (row.take_back.movement if row.take_back else None)
    return [row.laboratory, *(about.involved.all() if about is not None else ())]


@command(ISSUE, "movements.certificate.train")
def certify_training(
    actor: Actor,
    organisation_id: UUID | str,
    *,
    course: str,
    trained_on: date | str,
    person: str = "",
    role: str = "",
    provider: str = "",
    valid_until: date | str | None = None,
    remarks: str = "",
) -> Certificate:
    """Sign that a person, or whoever holds a role, at an organisation of this State's register was trained
    (facts/movement.md 4.6). Raises Missing; Refused: text, person (neither person nor role), day, dates, no_signer."""
    body: Organisation = locked(Organisation, organisation_id, actor)
    who = {"person": str(person).strip()[:200], "role": str(role).strip()[:120]}
    if not any(who.values()):
        raise Refused("person", _("Say who was trained."), field="person", expected=_("a person or a role"))
    day, last = facts.needed_day(trained_on, "trained_on"), facts.day(valid_until, "valid_until")
    if day > today(actor.state) or (last is not None and last < day):
        raise Refused("dates", _("The training is over, and counts from its day."), field="trained_on",
                      value=day.isoformat(), expected=f"≤ {(last or today(actor.state)).isoformat()}")  # fmt: skip
    said = {
        **who, "course": facts.words(course, "course", _("the course"))[:200], "provider": str(provider).strip()[:200],
        "trainedOn": day, "organisation": body.name, "registration": body.registration,
    }  # fmt: skip
    return _publish(actor, "training", body, lambda one: Statement(said, day, last, "", [one]), remarks)


@command(QUALITY, "movements.certificate.retract")
def retract(actor: Actor, certificate_id: UUID | str, *, revision: int, reason: str) -> Certificate:
    """Who signed a certificate of quality takes it back: it never holds again. Raises Missing; Refused: not_owner."""
    row: Certificate = locked(Certificate, certificate_id, actor, revision)
    if row.kind != "quality" or row.issued_by != actor.organisation:
        raise Refused("not_owner", _("Another body has signed this."), field="certificate_id", value=row.number)
    return _step(actor, row, "revoked", _said(reason))


@command(ISSUE, "movements.certificate.renew")
def supersede(actor: Actor, certificate_id: UUID | str, *, revision: int, remarks: str = "") -> Certificate:
    """Put a new certificate about the same row in the place of this one; gives the new one."""
    old = locked(Certificate, certificate_id, actor, revision)
    if old.kind not in KINDS:  # what was said by hand is said anew by hand
        raise Refused("kind", _("This kind of certificate is issued anew, not renewed."), field="kind", value=old.kind)
    _step(actor, old, "superseded", "")
    model, state_it = KINDS[old.kind]
    return _publish(actor, old.kind, locked(model, old.subject_id, actor), state_it, remarks, {"replaces": old.number})


@command("movements.certificate.suspend")
def suspend(actor: Actor, certificate_id: UUID | str, *, revision: int, reason: str) -> Certificate:
    """It does not hold until it is reinstated."""
    return _step(actor, locked(Certificate, certificate_id, actor, revision), "suspended", _said(reason))


@command("movements.certificate.suspend", "movements.certificate.reinstate")
def reinstate(actor: Actor, certificate_id: UUID | str, *, revision: int, reason: str = "") -> Certificate:
    """It holds again."""
    return _step(actor, locked(Certificate, certificate_id, actor, revision), "reinstated", reason.strip())


@command("movements.certificate.suspend", "movements.certificate.revoke")
def revoke(actor: Actor, certificate_id: UUID | str, *, revision: int, reason: str) -> Certificate:
    """It never holds again."""
    return _step(actor, locked(Certificate, certificate_id, actor, revision), "revoked", _said(reason))


# --- what others check with ----------------------------------------------------------------------------


def bundle(states: Iterable[str] = ()) -> Bundle:
    """The keys of the States named (all, where none is) and the status lists of those kept here, signed now."""
    rows = State.objects.filter(pk__in=list(states)) if states else State.objects.all()
    keys, lists = [], []
    for state in rows:
        keys += _signer().keys(state.pk)
        lists += status_lists(state.pk) if state.here else []
    # A key that was made just now, to sign the first list of its State, belongs in, too.
    keys = [key for state in rows for key in _signer().keys(state.pk)] if lists else keys
    return Bundle(tuple(keys), tuple(lists), times.now())


def status_lists(state: str) -> list[str]:
    """A State's status lists as they are now, signed: one for each purpose."""
    rows = {row.purpose: row for row in StatusList.objects.filter(holder=state)}
    signed = []
    for purpose in tokens.PURPOSES:
        row = rows.get(purpose)
        content = bitstring.payload(
            state=state, purpose=purpose, bits=bitstring.empty() if row is None else bytes(row.bits),
            version=0 if row is None else row.version, issued=times.now(),
        )  # fmt: skip
        signed.append(_signer().sign(state, content, tokens.TYP)[1])
    return signed


# --- what they say -------------------------------------------------------------------------------------


def _permit(permit: Permit) -> Statement:
    if permit.status not in (Permit.Status.ISSUED, Permit.Status.ACTIVE, Permit.Status.EXHAUSTED):
        raise _not_so(permit.status)
    claims = {
        "permit": permit.number, "permitKind": permit.kind, "holder": permit.organisation.name,
        "registration": permit.organisation.registration, "wastes": permit.wastes, "hs": permit.hs,
        "origins": permit.origins, "kg": permit.quantity_kg,
    }  # fmt: skip
    return Statement(claims, permit.valid_from, permit.valid_until, permit.case, [permit.organisation])


def _consent(consent: Consent) -> Statement:
    if consent.authority != consent.holder_id or consent.status not in Consent.GIVEN:
        raise _not_so(consent.status)
    notification = consent.notification
    claims = {
        "case": consent.case, "notification": notification.number, "authority": consent.authority,
        "decision": consent.status, "stateOfExport": notification.state_export,
        "stateOfImport": notification.state_import, "kg": consent.quantity_kg, "shipments": consent.shipments,
        "conditions": len(consent.conditions) or None,
    }  # fmt: skip
    involved = list(notification.involved.all())
    return Statement(claims, consent.valid_from, consent.valid_until, consent.case, involved)


def _receipt(movement: Movement) -> Statement:
    if movement.received_at is None or movement.received_kg is None:
        raise _not_so(movement.status)
    claims = {
        "case": movement.case, "notification": movement.notification.number, "serial": movement.serial,
        "receivedAt": movement.received_at, "basis": movement.received_basis, "kg": movement.received_kg,
        "acceptedKg": movement.accepted_kg,
        "rejectedKg": movement.rejected_kg,
    }  # fmt: skip
    return Statement(claims, None, None, movement.case, list(movement.involved.all()))


def _recovery(movement: Movement) -> Statement:
    if movement.completed_at is None:
        raise _not_so(movement.status)
    final = movement.operations.filter(final=True).order_by("at")
    claims = {
        "case": movement.case, "notification": movement.notification.number, "serial": movement.serial,
        "completedAt": movement.completed_at, "kg": movement.accepted_kg,
        "operations": sorted({f"{row.code} {row.facility}" for row in final})[:8],
    }  # fmt: skip
    return Statement(claims, None, None, movement.case, list(movement.involved.all()))


def _inspection(consignment: Consignment) -> Statement:
    done = consignment.inspections.exclude(done_at=None).order_by("-done_at").first()
    if done is None:
        raise _not_so(consignment.status)
    claims = {
        "consignment": consignment.reference, "declaration": consignment.declaration, "place": done.place,
        "inspectedAt": done.done_at, "passed": done.passed, "result": done.result[:300],
    }  # fmt: skip
    return Statement(claims, None, None, consignment.case, list(consignment.involved.all()))


def _preconsent(facility: Facility) -> Statement:
    if facility.preconsented_from is None:
        raise _not_so("")
    claims = {
        "facility": facility.name, "permit": facility.permit_number, "operator": facility.organisation.name,
        "registration": facility.organisation.registration, "operations": facility.operations,
        "wastes": facility.wastes,
    }  # fmt: skip
    return Statement(claims, facility.preconsented_from, facility.preconsented_until, "", [facility.organisation])


KINDS: Mapping[str, tuple[type[models.Model], Callable[[Any], Statement]]] = {
    "permit": (Permit, _permit),
    "consent": (Consent, _consent),
    "receipt": (Movement, _receipt),
    "recovery": (Movement, _recovery),
    "inspection": (Consignment, _inspection),
    "preconsent": (Facility, _preconsent),
}


# --- what they hang on ---------------------------------------------------------------------------------

# Event of the row → event of its certificates.
FOLLOWS = {
    **dict.fromkeys(("permit.suspended", "consent.suspended"), "suspended"),
    **dict.fromkeys(("permit.reinstated", "consent.lifted"), "reinstated"),
    **dict.fromkeys(
        ("permit.revoked", "permit.surrendered", "permit.superseded", "consent.withdrawn", "consent.superseded",
         "consent.objected", "consent.reopened"),
        "revoked",
    ),
}  # fmt: skip


@registry.subscriber
def follow(entry: JournalEntry, posts: Sequence[Post]) -> None:
    """A permit or consent that no longer holds takes its certificates with it, in the same transaction."""
    event = FOLLOWS.get(entry.type)
    if event is None or entry.state != entry.holder_id:
        return
    rows = Certificate.objects.select_for_update().filter(holder=entry.holder_id, subject_id=entry.subject_id)
    for row in rows.filter(status__in=(Status.PUBLISHED, Status.SUSPENDED)):
        if (row.status, event) in CERTIFICATE.table:
            _step(system(entry.holder_id), row, event, entry.type)


# --- rows ----------------------------------------------------------------------------------------------


def _publish(
    actor: Actor,
    kind: str,
    subject: Any,
    state_it: Callable[[Any], Statement],
    remarks: str,
    more: Mapping[str, Any] | None = None,
) -> Certificate:
    said = state_it(subject)
    claims = journal.as_json({**said.claims, **(more or {}), "remarks": remarks.strip()[:200]})
    claims = {name: value for name, value in claims.items() if value not in (None, "", [])}
    now = times.now()
    zone = ZoneInfo(State.objects.values_list("time_zone", flat=True).get(pk=actor.state))
    number, index = reference(actor.state), _take_place(actor.state)
    content = tokens.payload(
        number=number, kind=kind, state=actor.state, subject=claims, index=index, issued=now,
        valid_from=now if said.valid_from is None else datetime.combine(said.valid_from, time(), zone),
        valid_until=None if said.valid_until is None
        else datetime.combine(said.valid_until + timedelta(days=1), time(), zone) - timedelta(seconds=1),
    )  # fmt: skip
    token = _signer().sign(actor.state, content, tokens.TYP)[1]
    if len(token) > tokens.QR_BYTES:
        raise Refused(
            "too_long",
            _("It does not fit into one QR code."),
            field="remarks",
            value=len(token),
            expected=tokens.QR_BYTES,
        )
    row = Certificate(
        holder_id=actor.state, kind=kind, number=number, case=said.case, subject=subject._meta.model_name,
        subject_id=subject.pk, issued_by=actor.organisation, claims=claims, token=token, status_index=index,
        issued_at=now, valid_until=said.valid_until, status=step(CERTIFICATE, "", "published"),
    )  # fmt: skip
    row.save(force_insert=True)
    row.involved.add(*said.involved)
    if isinstance(subject, Consent):
        Consent.objects.filter(pk=subject.pk).update(certificate=row.pk)
    _record(actor, row, "published", {"kind": kind, "claims": claims, "index": index})
    return row


def _step(actor: Actor, row: Certificate, event: str, reason: str) -> Certificate:
    row.status = step(CERTIFICATE, row.status, event)
    row.revision += 1
    row.save()
    if event in ("suspended", "reinstated"):
        _mark(row, "suspension", event == "suspended")
    else:
        _mark(row, "revocation", True)
    _record(actor, row, event, {"reason": reason})
    return row


def _list(state: str, purpose: str) -> StatusList:
    """A State's status list, locked; made at the first use."""
    rows = StatusList.objects.select_for_update().filter(holder=state, purpose=purpose)
    found = rows.first()
    if found is None:
        try:
            with transaction.atomic():
                StatusList.objects.create(
                    holder_id=state, purpose=purpose, bits=bitstring.empty(), updated_at=times.now()
                )
        except IntegrityError:  # another made it at this moment
            pass
        found = rows.get()
    return found


def _take_place(state: str) -> int:
    row = _list(state, "revocation")
    index = row.next_index
    row.next_index += 1
    row.save(update_fields=["next_index"])
    return index


def _mark(certificate: Certificate, purpose: str, on: bool) -> None:
    row = _list(certificate.holder_id, purpose)
    row.bits = bitstring.with_bit(bytes(row.bits), certificate.status_index, on)
    row.version += 1
    row.updated_at = times.now()
    row.save()


def _record(actor: Actor, row: Certificate, event: str, payload: Mapping[str, Any]) -> None:
    journal.record(
        actor, f"certificate.{event}", row, revision=row.revision, case=row.case,
        payload={"number": row.number, **payload},
    )  # fmt: skip


def _signer() -> Any:
    if registry.signer is None:
        raise Refused("no_signer", _("No app of this installation keeps keys to sign with."))
    return registry.signer


def _said(reason: str) -> str:
    if not reason.strip():
        raise Refused("reason", _("Say why."), field="reason")
    return reason.strip()


def _not_so(status: str) -> Refused:
    return Refused("not_certifiable", _("What the certificate would say is not so."), field="subject", value=status)
