"""Rows of the exchange for the matrix test (tests/parties/test_matrix.py): messages with a third State."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from tests.parties.matrix_rows import Places
from tests.parties.world import ELSEWHERE, HERE, World
from tidegate.exchange import delivery, outbox
from tidegate.exchange.models import Outbox
from tidegate.exchange.published import ANSWER
from tidegate.parties.models import Organisation, State
from tidegate.parties.registry import Post


def _sent(sender: str, to: str) -> Outbox:
    """A delivered message; its receiver rejects it, since it answers nothing, so that it waits for a person."""
    State.objects.get_or_create(code=to, defaults={"name": to, "node": f"{to.lower()}.test", "here": True})
    told = {"message": "01234567-89ab-7def-8123-456789abcdef", "outcome": "accepted"}
    with transaction.atomic():
        row = outbox.queue(State.objects.get(pk=sender), Post(to, f"{sender}-1", ANSWER, told))
    delivery.settle()
    return row


def _named(name: Callable[[Outbox], dict[str, Any]]) -> Callable[[World, Organisation], Places]:
    def maker(world: World, acting: Organisation) -> Places:
        # No official is kept from what its own State sent, and companies have no right to any of it.
        return Places(name(_sent(HERE, "TH")), None, name(_sent(ELSEWHERE, "SG")))

    return maker


ROWS = {
    "exchange-message": _named(lambda row: {"pk": row.pk}),
    "exchange-message-id": _named(lambda row: {"message_id": row.pk}),
    "exchange-peer": _named(lambda row: {"node": row.peer}),
    "exchange-case": _named(lambda row: {"node": row.peer, "case": row.case}),
}
