"""A shipment and its take-back over the exchange itself: signed envelopes, and the files that go with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.movements.cases import START, actor
from tests.movements.shipments import DAY, STATES, announced, at, customs, everywhere, facility, in_force, statuses
from tidegate.exchange import delivery
from tidegate.exchange.models import Inbox
from tidegate.movements.commands import movements, takeback
from tidegate.movements.models import Attachment, TakeBack
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
