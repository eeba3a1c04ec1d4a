"""Which files go with a message: the rows; the bytes lie in `parties.files`."""

from __future__ import annotations

from tidegate.exchange.envelope import Attachment
from tidegate.exchange.models import Blob
from tidegate.exchange.receipt import plain
from tidegate.parties import files, times

UNKNOWN = "application/octet-stream"


def put(state: str, name: str, media_type: str, data: bytes) -> Blob:
    """Store a file for a State, to be named in a message by its SHA-256."""
    return _row(state, files.keep(data), name, media_type, len(data))


def attachment(state: str, digest: str) -> Attachment:
    """A stored file as an envelope names it. Raises ValueError where it is not stored here."""
    row = Blob.objects.filter(holder_id=state, sha256=digest).first()
    if row is None:
        size = files.size_of(digest)
        if size is None:
            raise ValueError(f"no file with the SHA-256 {digest} is stored here: it cannot go with a message")
        row = _row(state, digest, digest[:16], UNKNOWN, size)
    return Attachment(row.name, row.media_type, row.size, row.sha256)


def came(state: str, item: Attachment) -> bool:
    """Note that a file came with a message; False where its bytes are not here, or are fewer or more."""
    if files.size_of(item.sha256) != item.size:
        return False
    _row(state, item.sha256, item.name, item.media_type, item.size)
    return True


def _row(state: str, digest: str, name: str, media_type: str, size: int) -> Blob:
    told = {"name": plain(name)[:200], "media_type": media_type, "size": size, "stored": times.now()}
    return Blob.objects.get_or_create(holder_id=state, sha256=digest, defaults=told)[0]
