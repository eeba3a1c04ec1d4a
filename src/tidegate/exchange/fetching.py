"""Files that a message named and whose bytes have not come whole: asked for again, and sent again.

A message takes effect without them; what lacks is noted with its holder (`Blob.stored` is empty) until it is here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from tidegate.exchange import envelope, outbox
from tidegate.exchange.models import Blob, Outbox
from tidegate.parties import files, times
from tidegate.parties.models import State
from tidegate.parties.registry import Enclosed, Message, Post, Rejected, registry

logger = logging.getLogger("tidegate.exchange")

ASKED, SENT = "exchange.files.asked", "exchange.files.sent"
# How often a file is asked for by itself, and for how long since it was named; a person may ask at any time.
EVERY = timedelta(days=1)
FOR = timedelta(days=30)

_DIGESTS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "maxItems": envelope.MAX_ATTACHMENTS,
}


def ask(rows: Iterable[Blob], now: datetime) -> int:
    """Ask for files where they were last named, one message for each case; in the caller's transaction."""
    wanted: dict[tuple[str, str, str], list[Blob]] = {}
    for row in rows:
        if row.peer:
            wanted.setdefault((row.holder_id, row.peer, row.case), []).append(row)
    for (holder, peer, case), found in sorted(wanted.items()):
        digests = [row.sha256 for row in found[: envelope.MAX_ATTACHMENTS]]
        outbox.queue(State.objects.get(pk=holder), Post(peer, case, ASKED, {"files": digests}, nominal=False))
        Blob.objects.filter(holder=holder, sha256__in=digests).update(asked=now)
    return sum(map(len, wanted.values()))


def ask_due(now: datetime) -> int:
    """Ask once more for what has not come since yesterday; gives how many files were asked for."""
    due = Blob.objects.filter(Q(asked=None) | Q(asked__lte=now - EVERY), stored=None, named__gt=now - FOR)
    if not due.exists():
        return 0
    with transaction.atomic():
        return ask(due.select_for_update(skip_locked=True, of=("self",)), now)


def fetch(state: str, digests: Sequence[str]) -> int:
    """Ask at once for files that a State was told of and that are not here; gives how many were asked for."""
    with transaction.atomic():
        rows = Blob.objects.select_for_update().filter(holder=state, sha256__in=digests).exclude(peer="")
        now, missing = times.now(), []
        for row in rows:
            here = files.sound(row.sha256, row.size)
            missing += [] if here else [row]
            if here != (row.stored is not None):
                row.stored = now if here else None
                row.save(update_fields=["stored"])
        return ask(missing, now)


@registry.message(ASKED, {"type": "object", "required": ["files"], "properties": {"files": _DIGESTS}})
def asked(message: Message) -> None:
    """Another State lacks files. It gets those, and only those, that were named to it in this very case."""
    peer = State.objects.get(pk=message.sender).node
    named: dict[str, envelope.Attachment] = {}
    for raw in Outbox.objects.filter(holder=message.to, peer=peer, case=message.case, erased_at=None).values_list(
        "bytes", flat=True
    ):
        ours = envelope.parse(envelope.read(bytes(raw)).payload)
        named |= {item.sha256: item for item in ours.attachments}
    wanted = [named[digest] for digest in message.body["files"] if digest in named]
    if not wanted:
        raise Rejected("unknown_reference", "no such file was named in this case")
    here = [item for item in wanted if files.sound(item.sha256, item.size)]
    lost = [item.sha256 for item in wanted if item not in here]
    if lost:
        logger.warning("%d files of %s are asked for and are not here", len(lost), message.case)
    outbox.queue(
        State.objects.get(pk=message.to),
        Post(
            message.sender, message.case, SENT, {"lost": lost}, nominal=False,
            attachments=[Enclosed(item.sha256, item.name, item.media_type, item.size) for item in here],
        ),
    )  # fmt: skip


@registry.message(SENT, {"type": "object", "required": ["lost"], "properties": {"lost": _DIGESTS}})
def sent(message: Message) -> None:
    """What was asked for has been noted with the message itself; what is lost there too is asked for again later."""


registry.fetch = fetch
