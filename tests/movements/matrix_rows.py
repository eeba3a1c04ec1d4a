"""Rows of movements for the matrix test (tests/parties/test_matrix.py): a notification and what hangs on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

from django.utils import timezone

from tests.movements import matrix_shipments
from tests.parties.matrix_rows import Places
from tests.parties.world import COMPANIES, ELSEWHERE, World
from tidegate.movements.models import (
    Amendment,
    Attachment,
    Breach,
    Consent,
    Contract,
    FieldRelease,
    Guarantee,
    Holiday,
    InfoRequest,
    InspectorAccess,
    InspectorReport,
    LegalHold,
    Notification,
    Subscription,
    Tolerance,
)
from tidegate.parties import files
from tidegate.parties.ids import reference
from tidegate.parties.models import Organisation

NOW = timezone.now()


def notification(owner: Organisation) -> Notification:
    """A notification that is under way, in which a company takes part."""
    row = Notification.objects.create(
        holder_id=owner.holder_id,
        case=reference(owner.holder_id),
        state_export=owner.holder_id,
        status="transmitted",
        transmitted_at=NOW,
        revision=1,
        blocks={"exporter": {"registration": owner.registration}},
        confidential=["technology"],
    )
    row.involved.add(owner)
    for number in (1, 2):
        row.versions.create(number=number, content={"designation": str(number)}, at=NOW)
    return row


def _below(owner: Organisation) -> dict[str, Any]:
    row = notification(owner)
    held = {"holder_id": row.holder_id, "case": row.case, "notification": row, "revision": 1}
    made = {
        "consent": Consent.objects.create(**held, authority=row.holder_id, role="export", requested_at=NOW),
        "contract": Contract.objects.create(**held, number="K"),
        "guarantee": Guarantee.objects.create(**held, number="G"),
        "question": InfoRequest.objects.create(
            **held, reference=reference("Q"), authority=row.holder_id, question="?", asked_at=NOW
        ),
        "release": FieldRelease.objects.create(
            **held, field="technology", state=row.holder_id, registration="X", name="X", until=NOW.date(), at=NOW
        ),
        "amendment": Amendment.objects.create(**held, number=1, changes={}, reason="r", proposed_at=NOW),
    }
    file = Attachment.objects.create(
        holder_id=row.holder_id, case=row.case, subject="notification", subject_id=row.pk, kind="other", name="a.txt",
        media_type="text/plain", size=1, sha256=files.keep(b"a"), added_at=NOW,
    )  # fmt: skip
    breach = Breach.objects.create(
        holder_id=row.holder_id, case=row.case, kind="overdue", subject="notification", subject_id=row.pk, opened_at=NOW
    )
    access = InspectorAccess.objects.create(
        **held, issued_by=owner, purpose="p", digest=reference("D"), issued_at=NOW, expires_at=NOW, limit=1
    )
    report = InspectorReport.objects.create(
        holder_id=row.holder_id, case=row.case, access=access, key=uuid4(), office="o", seen_at=NOW, place="p",
        seal="intact", received_at=NOW,
    )  # fmt: skip
    hold = LegalHold.objects.create(holder_id=row.holder_id, case=row.case, reason="r", placed_by=owner, placed_at=NOW)
    day = Holiday.objects.create(holder_id=row.holder_id, day=date(2027, 1, 1), name=reference("day"))
    kept = Tolerance.objects.create(
        holder_id=row.holder_id, regime=reference("")[-16:], percent=1, since=day.day, source=day.name
    )
    for one in (*made.values(), file):
        one.involved.add(owner)
    return {
        "row": row,
        "attachment": file,
        "breach": breach,
        "holiday": day,
        "tolerance": kept,
        "access": access,
        "hold": hold,
        "report": report,
        **made,
    }


def _maker(name: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[World, Organisation], Places]:
    def maker(world: World, acting: Organisation) -> Places:
        own = world.body(COMPANIES[0]) if acting.official else acting
        other = None if acting.official else world.body(acting.kind, number=1)
        return Places(
            name(_below(own)),
            None if other is None else name(_below(other)),
            name(_below(world.body(COMPANIES[0], ELSEWHERE))),
        )

    return maker


def _subscription(channel: str) -> Callable[[World, Organisation], Places]:
    """An e-mail notice of a clerk, or a webhook: seen in its own organisation alone, by authorities too."""

    def of(body: Organisation, world: World) -> dict[str, Any]:
        webhook = channel == "webhook"
        person = None if webhook else world.membership(body.kind, "clerk", body.holder_id).person
        address = "https://hooks.example/notices" if webhook else person.email if person else ""
        row = Subscription.objects.create(
            holder_id=body.holder_id, organisation=body, person=person, channel=channel, address=address, revision=1
        )
        return {"pk": row.pk}

    def maker(world: World, acting: Organisation) -> Places:
        kind = COMPANIES[-1] if acting.kind != COMPANIES[-1] else COMPANIES[0]
        return Places(of(acting, world), of(world.body(kind), world), of(world.body(acting.kind, ELSEWHERE), world))

    return maker


ROWS = {
    **matrix_shipments.ROWS,
    "subscription": _subscription("email"),
    "webhook": _subscription("webhook"),
    "notification": _maker(lambda made: {"case": made["row"].case}),
    "notification-step": _maker(lambda made: {"case": made["row"].case, "step": "parties"}),
    "notification-versions": _maker(lambda made: {"case": made["row"].case, "before": 1, "after": 2}),
    "notification-question": _maker(lambda made: {"case": made["row"].case, "pk": made["question"].pk}),
    "legal-hold": _maker(lambda made: {"pk": made["hold"].pk}),
    "inspector-access": _maker(lambda made: {"pk": made["access"].pk}),
    "inspector-report": _maker(lambda made: {"pk": made["report"].pk}),
    "field-release": _maker(lambda made: {"case": made["row"].case, "pk": made["release"].pk}),
    "notification-amendment": _maker(lambda made: {"case": made["row"].case, "number": 1}),
    "notification-file": _maker(lambda made: {"case": made["row"].case, "pk": made["attachment"].pk}),
    "consent": _maker(lambda made: {"pk": made["consent"].pk}),
    "contract": _maker(lambda made: {"pk": made["contract"].pk}),
    "guarantee": _maker(lambda made: {"pk": made["guarantee"].pk}),
    "info-request": _maker(lambda made: {"pk": made["question"].pk}),
    "amendment": _maker(lambda made: {"pk": made["amendment"].pk}),
    "holiday": _maker(lambda made: {"pk": made["holiday"].pk}),
    "tolerance": _maker(lambda made: {"pk": made["tolerance"].pk}),
    "breach": _maker(lambda made: {"pk": made["breach"].pk}),
}
