"""A shipment and its take-back over the exchange itself: signed envelopes, two homes, files that go along."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from tests.movements.cases import START, actor
from tests.movements.shipments import DAY, STATES, announced, at, customs, everywhere, facility, in_force, statuses
from tidegate.exchange import delivery
from tidegate.exchange.models import Inbox
from tidegate.movements.commands import movements, permits, takeback
from tidegate.movements.models import Account, Attachment, Movement, TakeBack
from tidegate.parties import times

pytestmark = pytest.mark.django_db


class Exchange:
    """What the tests call a wire, with the exchange in its place."""

    def settle(self) -> int:
        """Deliver everything."""
        return delivery.settle()


def test_over_the_exchange(tmp_path: Path, settings: Any) -> None:
    settings.TIDEGATE_DATA_DIR = tmp_path
    wire: Any = Exchange()
    with times.at(START):
        row = in_force(wire)
    with times.at(DAY):
        made = announced(wire, row)
        movements.depart(actor("TH", "notifier", "clerk"), made.pk, loaded_kg="20000")
        wire.settle()
        movements.arrive(facility(), at(made, "DE").pk)
        said = {"received_kg": "20000", "accepted_kg": "0", "rejected_kg": "20000", "reason": "household waste"}
        movements.receive(facility(), at(made, "DE").pk, **said)
        wire.settle()
        case = TakeBack.objects.get(holder="DE")
        takeback.add_evidence(
            customs("DE"), case.pk, name="photo.jpg", media_type="image/jpeg", data=b"\xff\xd8\xff a photo"
        )
        takeback.classify(actor("DE"), case.pk, basis="art9_exporter", grounds=["d"])
        takeback.inform(actor("DE"), case.pk)
        wire.settle()
        takeback.accept(actor("TH"), TakeBack.objects.get(holder="TH").pk)
        wire.settle()
    assert list(Inbox.objects.filter(verdict="rejected").values_list("type", "reason", "reason_text")) == []
    assert statuses(made) == everywhere("received_rejected")
    assert dict(TakeBack.objects.values_list("holder", "status")) == everywhere("accepted")
    assert Attachment.objects.filter(kind="evidence").count() == len(STATES)


def test_a_movement_is_announced_when_the_home_of_the_import_permit_has_confirmed(
    tmp_path: Path, settings: Any
) -> None:
    settings.TIDEGATE_DATA_DIR = tmp_path
    wire: Any = Exchange()
    importer, authority, exporter = actor("DE", "consignee", "clerk"), actor("DE"), actor("TH", "notifier", "clerk")
    with times.at(START):
        row = in_force(wire)
    with times.at(DAY):
        permit = permits.draft(importer, "import", content={"wastes": ["Y48"], "hs": ["3915"], "note": "recycling"})
        permit = permits.apply(importer, permit.pk, revision=permit.revision)
        permit = permits.review(authority, permit.pk, revision=permit.revision)
        permits.issue(
            authority, permit.pk, revision=permit.revision, valid_from="2027-01-01", valid_until="2027-12-31",
            number="IMP-9", quantity_kg="30000",
        )  # fmt: skip
        wire.settle()

        def announce(kg: str) -> Movement:
            said = {"permits": ["DE-IMP-9"]}
            made = movements.draft(exporter, row.pk, planned_on="2027-03-15", announced_kg=kg, particulars=said)
            return movements.announce(exporter, made.pk, revision=made.revision)

        first = announce("20000")
        # Our own home has set it aside; nobody abroad hears of a movement until the other home has confirmed.
        assert statuses(first) == {"TH": "announcing"}
        assert (reserved("TH", row.case), reserved("DE", "DE-IMP-9")) == (Decimal(20_000), Decimal(0))
        wire.settle()
        assert statuses(first) == everywhere("announced")
        assert reserved("DE", "DE-IMP-9") == 20_000
        second = announce("20000")
        assert reserved("TH", row.case) == 40_000
        wire.settle()
        assert statuses(second) == {"TH": "draft"}
        assert (reserved("TH", row.case), reserved("DE", "DE-IMP-9")) == (Decimal(20_000), Decimal(20_000))
        movements.depart(exporter, first.pk, loaded_kg="19500")
        wire.settle()
    used = Account.objects.filter(reference__in=[row.case, "DE-IMP-9"], home=F("holder")).values_list(
        "used_kg", flat=True
    )
    assert set(used) == {19_500}
    assert not Inbox.objects.filter(verdict="rejected").exists()


def reserved(holder: str, reference: str) -> Decimal:
    """What an account's home has set aside."""
    return Account.objects.get(holder=holder, reference=reference).reserved_kg
