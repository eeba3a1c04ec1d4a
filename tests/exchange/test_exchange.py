"""Messages from change to effect: one commit, one receipt, in order, and what goes wrong never blocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.exchange import toy
from tidegate.exchange import delivery, inbox, keys, log, receipt
from tidegate.exchange.models import Inbox, LogEntry, Outbox
from tidegate.parties.models import State

pytestmark = pytest.mark.django_db


def test_a_message_has_its_effect_and_both_sides_can_prove_it(three: dict[str, State]) -> None:
    row = toy.send("VN", "TH", "VN-1", "hello")
    assert row.state == "queued"
    assert toy.came("TH") == []
    assert delivery.settle() == 1
    row.refresh_from_db()
    assert (row.state, row.seq, row.peer) == ("accepted", 1, "th.pcd")
    assert toy.came("TH") == ["hello"]
    kept = Inbox.objects.get(pk=row.pk)
    assert bytes(kept.bytes) == bytes(row.bytes)
    assert bytes(kept.receipt) == bytes(row.receipt or b"")
    told = receipt.open_with(
        receipt.read(bytes(kept.receipt)), bytes.fromhex(keys.find(receipt.read(bytes(kept.receipt)).kid).public)
    )
    entry = LogEntry.objects.get(holder="TH", kind="in")
    assert (told.n, told.sha256, told.verdict, told.outcome) == (entry.n, row.sha256, "stored", "accepted")
    assert [log.verify(state) for state in three] == [None, None, None]
    assert delivery.settle() == 0
