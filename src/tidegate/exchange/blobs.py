"""Which files go with a message: the rows; the bytes lie in `parties.files`."""

from __future__ import annotations

from datetime import datetime

from tidegate.exchange.envelope import Attachment
from tidegate.exchange.models import Blob
from tidegate.exchange.receipt import plain
from tidegate.parties import files
from tidegate.parties.registry import Enclosed


def enclose(state: str, file: Enclosed, now: datetime) -> Attachment:
    """A file as an envelope names it; the State that sends it holds it from now on."""
    item = Attachment(plain(file.name)[:200], file.media_type, file.size, file.sha256)
    told = {"name": item.name, "media_type": item.media_type, "size": item.size}
    row, _ = Blob.objects.get_or_create(
        holder_id=state, sha256=file.sha256, defaults={**told, "named": now, "stored": now}
    )
    if row.stored is None and files.sound(file.sha256, file.size):
        row.stored = now
        row.save(update_fields=["stored"])
    return item


def came(state: str, item: Attachment, peer: str, case: str, now: datetime) -> bool:
    """Note that a message named a file, and whether its bytes are here: all of them, and as its SHA-256 says."""
    here = files.sound(item.sha256, item.size)
    told = {"name": plain(item.name)[:200], "media_type": item.media_type, "size": item.size}
    where = {"peer": peer, "case": case}
    row, new = Blob.objects.get_or_create(
        holder_id=state, sha256=item.sha256, defaults={**told, **where, "named": now, "stored": now if here else None}
    )
    if not new and here != (row.stored is not None):
        row.stored = now if here else None
        # What it makes itself it asks nobody for; what another names again may be asked for there.
        row.peer, row.case, row.named = peer, case, now
        row.save(update_fields=["stored", "peer", "case", "named"])
    return here
