"""Rows of movements, permits, quotas, certificates, consignments and take-back for the matrix test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils import timezone

from tests.movements.green_forms import form
from tests.parties.matrix_rows import Places
from tests.parties.world import COMPANIES, ELSEWHERE, World
from tidegate.movements import green, guard
from tidegate.movements.inbound.green import fill
from tidegate.movements.models import (
    Analysis,
    Attachment,
    Certificate,
    Consignment,
    Correction,
    Fee,
    GreenShipment,
    GreenUpload,
    JointInspection,
    LineRun,
    Movement,
    Notification,
    Permit,
    QuotaAllocation,
    QuotaPool,
    Requirement,
    TakeBack,
)
from tidegate.parties import files
from tidegate.parties.ids import reference
from tidegate.parties.models import Organisation

NOW = timezone.now()
DAY = date(2026, 11, 2)
Named = dict[str, Any]


def _shipment(owner: Organisation) -> Movement:
    state = owner.holder_id
    row = Notification.objects.create(
        holder_id=state, case=reference(state), state_export=state, state_import=state, status="active", revision=1
    )
    made = Movement.objects.create(
        holder_id=state, case=row.case, notification=row, serial=1, status="in_transit", planned_on=DAY,
        announced_kg="1000", loaded_kg="1000", departed_at=NOW, revision=1, starts_in=state,
    )  # fmt: skip
    row.involved.add(owner)
    made.involved.add(owner)
    return made


def _green(owner: Organisation) -> GreenShipment:
    state = owner.holder_id
    other = "MY" if state != "MY" else "TH"
    given = form(state_export=state, state_import=other, transit=[], containers=[])
    made = GreenShipment(holder_id=state, case=reference(state), writer=state, status="entered", entered_by=owner)
    content = green.read({**given, "reference": made.case})
    fill(made, content, green.screen(content, DAY, guard.book()))
    made.revision = 1
    made.save(force_insert=True)
    made.involved.add(owner)
    return made


def green_shipment(owner: Organisation) -> Named:
    return {"case": _green(owner).case}


def green_key(owner: Organisation) -> Named:
    return {"pk": _green(owner).pk}


def green_list(owner: Organisation) -> Named:
    made = GreenUpload.objects.create(
        holder_id=owner.holder_id, organisation=owner, name="list.csv", at=NOW, rows=1, accepted=0, rejected=1,
        rejects=[{"row": 1, "line": 2, "reference": "", "field": "operation", "value": "D1", "expected": "R1 to R13"}],
    )  # fmt: skip
    return {"pk": made.pk}


def movement(owner: Organisation) -> Named:
    made = _shipment(owner)
    return {"case": made.case, "serial": made.serial}


def movement_key(owner: Organisation) -> Named:
    return {"pk": _shipment(owner).pk}


def correction(owner: Organisation) -> Named:
    made = _shipment(owner)
    row = Correction.objects.create(
        holder_id=made.holder_id, case=made.case, movement=made, reference=reference("C"), proposed_by="TH",
        changes={"loaded_kg": "1"}, reason="r", proposed_at=NOW, revision=1,
    )  # fmt: skip
    row.involved.add(owner)
    return {"pk": row.pk}


def _permit(owner: Organisation) -> Permit:
    row = Permit.objects.create(
        holder_id=owner.holder_id, case=reference(owner.holder_id), kind="import", number=reference("P"),
        organisation=owner, status="active", status_at=NOW, revision=1, valid_from=DAY, valid_until=date(2030, 1, 1),
    )  # fmt: skip
    row.involved.add(owner)
    return row


def permit(owner: Organisation) -> Named:
    return {"pk": _permit(owner).pk}


def issued_permit(owner: Organisation) -> Named:
    return {"pk": _permit(owner).pk, "kind": "permit"}


def _pool(owner: Organisation) -> QuotaPool:
    return QuotaPool.objects.create(
        holder_id=owner.holder_id, name="Q", number=reference("Q"), kg="1000", opens_on=DAY, status="open", revision=1,
        closes_on=date(2030, 1, 1),
    )  # fmt: skip


def pool(owner: Organisation) -> Named:
    return {"pk": _pool(owner).pk}


def allocation(owner: Organisation) -> Named:
    row = QuotaAllocation.objects.create(
        holder_id=owner.holder_id, case=reference("A"), pool=_pool(owner), organisation=owner, number=reference("A"),
        asked_kg="10", revision=1,
    )  # fmt: skip
    row.involved.add(owner)
    return {"pk": row.pk}


def certificate(owner: Organisation) -> Named:
    about = _permit(owner)
    row = Certificate.objects.create(
        holder_id=owner.holder_id, kind="permit", number=reference("Z"), subject="permit", subject_id=about.pk,
        claims={"number": "1"}, token="a.b.c", issued_at=NOW, revision=1,
        status_index=Certificate.objects.filter(holder=owner.holder_id).count(),
    )  # fmt: skip
    row.involved.add(owner)
    return {"pk": row.pk}


def _consignment(owner: Organisation) -> Consignment:
    row = Consignment.objects.create(
        holder_id=owner.holder_id, case=reference("K"), reference=reference("K"), declaration="D", revision=1
    )
    row.involved.add(owner)
    return row


def consignment(owner: Organisation) -> Named:
    return {"reference": _consignment(owner).reference}


def _take_back(owner: Organisation) -> TakeBack:
    row = TakeBack.objects.create(
        holder_id=owner.holder_id, case=reference(owner.holder_id), opener=owner.holder_id, state_export="TH",
        states=[owner.holder_id, "TH"], opened_at=NOW, detected_at=NOW, finding="f", custody_kg="10", revision=1,
    )  # fmt: skip
    row.involved.add(owner)
    return row


def take_back(owner: Organisation) -> Named:
    return {"case": _take_back(owner).case}


def take_back_key(owner: Organisation) -> Named:
    return {"pk": _take_back(owner).pk}


def take_back_file(owner: Organisation) -> Named:
    row = _take_back(owner)
    file = Attachment.objects.create(
        holder_id=row.holder_id, case=row.case, subject="takeback", subject_id=row.pk, kind="evidence", name="a.txt",
        media_type="text/plain", size=1, sha256=files.keep(b"a"), added_at=NOW,
    )  # fmt: skip
    return {"case": row.case, "pk": file.pk}


def take_back_letter(owner: Organisation) -> Named:
    return {"case": _take_back(owner).case, "template": "take_back_request"}


def _file(row: Analysis | Movement | JointInspection | Permit, case: str, owner: Organisation) -> Attachment:
    made = Attachment.objects.create(
        holder_id=row.holder_id, case=case, subject=row._meta.model_name or "", subject_id=row.pk, kind="photo",
        name="a.txt", media_type="text/plain", size=1, sha256=files.keep(b"a"), added_at=NOW,
    )  # fmt: skip
    made.involved.add(owner)
    return made


def movement_file(owner: Organisation) -> Named:
    row = _shipment(owner)
    return {"case": row.case, "serial": row.serial, "pk": _file(row, row.case, owner).pk}


def inspection_file(owner: Organisation) -> Named:
    about = _consignment(owner)
    row = JointInspection.objects.create(holder_id=owner.holder_id, consignment=about, place="p", at=NOW)
    return {"pk": row.pk, "file": _file(row, about.case, owner).pk}


def permit_file(owner: Organisation) -> Named:
    row = _permit(owner)
    return {"pk": row.pk, "file": _file(row, row.case, owner).pk}


def permit_by_key(owner: Organisation) -> Named:
    return {"key": _permit(owner).pk}


def _analysis(owner: Organisation) -> Analysis:
    row = Analysis.objects.create(
        holder_id=owner.holder_id, case=reference("L"), reference=reference("L"), laboratory=owner, asked_by=owner,
        consignment=_consignment(owner), question="q", asked_at=NOW, revision=1,
    )  # fmt: skip
    row.involved.add(owner)
    return row


def fee(owner: Organisation) -> Named:
    row = _permit(owner)
    made = Fee.objects.create(
        holder_id=owner.holder_id, case=row.case, permit=row, authority=owner.holder_id, kind="permit_import",
        fixed="10", per_tonne="0", amount="10", currency="THB", source="Example decree", assessed_on=DAY,
        settled_on=DAY, reference="T-1", status="paid", revision=1,
    )  # fmt: skip
    made.involved.add(owner)
    return {"pk": made.pk}


def analysis(owner: Organisation) -> Named:
    return {"pk": _analysis(owner).pk}


def analysis_by_key(owner: Organisation) -> Named:
    return {"key": _analysis(owner).pk}


def analysis_file(owner: Organisation) -> Named:
    row = _analysis(owner)
    return {"pk": row.pk, "file": _file(row, row.case, owner).pk}


def _involved(make: Callable[[Organisation], Named]) -> Callable[[World, Organisation], Places]:
    """A row of a company's; its authorities see all of their State's."""

    def maker(world: World, acting: Organisation) -> Places:
        own = world.body(COMPANIES[0]) if acting.official else acting
        other = None if acting.official else world.body(acting.kind, number=1)
        elsewhere = make(world.body(COMPANIES[0], ELSEWHERE))
        return Places(make(own), None if other is None else make(other), elsewhere)

    return maker


def _of_state(make: Callable[[Organisation], Named]) -> Callable[[World, Organisation], Places]:
    """What everybody of a State sees."""

    def maker(world: World, acting: Organisation) -> Places:
        return Places(make(acting), None, make(world.body(COMPANIES[0], ELSEWHERE)))

    return maker


def requirement(world: World, acting: Organisation) -> Places:
    """A requirement is answered by its agency, and seen by every official of its State."""

    def make(owner: Organisation) -> Named:
        row = Requirement.objects.create(
            holder_id=owner.holder_id, consignment=_consignment(owner), agency=owner, what="w"
        )
        return {"pk": row.pk}

    return Places(make(acting), None, make(world.body(acting.kind, ELSEWHERE)))


def inspection(world: World, acting: Organisation) -> Places:
    """As a requirement."""

    def make(owner: Organisation) -> Named:
        row = JointInspection.objects.create(
            holder_id=owner.holder_id, consignment=_consignment(owner), place="p", at=NOW
        )
        row.agencies.add(owner)
        return {"pk": row.pk}

    return Places(make(acting), None, make(world.body(acting.kind, ELSEWHERE)))


def line_run(world: World, acting: Organisation) -> Places:
    """A run of an office's line files is that office's alone."""

    def make(owner: Organisation) -> Named:
        row = LineRun.objects.create(
            holder_id=owner.holder_id, office=owner, direction="out", run=1, at=NOW, sha256="0" * 64
        )
        return {"pk": row.pk}

    return Places(make(acting), None, make(world.body(acting.kind, ELSEWHERE)))


ROWS = {
    "movement": _involved(movement),
    "movement-key": _involved(movement_key),
    "movement-file": _involved(movement_file),
    "green": _involved(green_shipment),
    "green-key": _involved(green_key),
    "green-list": _involved(green_list),
    "correction": _involved(correction),
    "permit": _involved(permit),
    "permit-file": _involved(permit_file),
    "permit-by-key": _involved(permit_by_key),
    "permit-to-certify": _involved(issued_permit),
    "quota": _of_state(pool),
    "allocation": _involved(allocation),
    "certificate": _involved(certificate),
    "consignment": _involved(consignment),
    "fee": _involved(fee),
    "analysis": _involved(analysis),
    "analysis-by-key": _involved(analysis_by_key),
    "analysis-file": _involved(analysis_file),
    "requirement": requirement,
    "inspection": inspection,
    "inspection-file": _involved(inspection_file),
    "line-run": line_run,
    "take-back": _involved(take_back),
    "take-back-key": _involved(take_back_key),
    "take-back-file": _involved(take_back_file),
    "take-back-letter": _involved(take_back_letter),
}
