"""Files by what they hold: stored once under their SHA-256, never changed, on the disk before anybody is told.

Rows elsewhere say whose a file is, what it is called and who may read it; here are bytes alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from django.conf import settings

_DIGEST = re.compile(r"[0-9a-f]{64}")


def path_of(digest: str) -> Path:
    """Where the bytes with this SHA-256 (hexadecimal, small letters) lie. Raises ValueError for anything else."""
    if not _DIGEST.fullmatch(digest):
        raise ValueError("not a SHA-256 in hexadecimal")
    return Path(settings.TIDEGATE_DATA_DIR) / "files" / digest[:2] / digest


def keep(data: bytes) -> str:
    """Store bytes and give their SHA-256. The same bytes again cost nothing."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(digest)
    if sound(digest, len(data)):
        return digest
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{digest}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, path)
    above = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(above)
    finally:
        os.close(above)
    return digest


def size_of(digest: str) -> int | None:
    """The number of bytes, or None where the file is not here."""
    path = path_of(digest)
    return path.stat().st_size if path.is_file() else None


def sound(digest: str, size: int) -> bool:
    """Whether the bytes are here, so many as they have to be, and are what their SHA-256 says: all of them are read.

    What is not is put aside, so that it counts as missing and the right bytes can take its place.
    """
    path = path_of(digest)
    try:
        with path.open("rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest() == digest
            length = file.tell()
    except FileNotFoundError:
        return False
    if not right:
        path.replace(path.with_name(f"{digest}.wrong"))
    return right and length == size


def begins(digest: str, length: int) -> bytes:
    """The first bytes of a file; none where it is not here."""
    try:
        with path_of(digest).open("rb") as file:
            return file.read(length)
    except FileNotFoundError:
        return b""
