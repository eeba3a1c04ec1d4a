"""A file on its way in: streamed to disk under a random name, measured while it comes, looked at when it is there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tidegate.web.batch import conf, store

# What the beginning of a file says it is, where that is nothing we read.
FOREIGN = (
    (b"%PDF-", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x7fELF", "ELF"),
    (b"MZ", "EXE"),
    (b"SQLite format 3", "SQLite"),
)
PAGE = (b"<!doctype html", b"<html")
_BINARY = bytes(set(range(32)) - {9, 10, 12, 13, 27})


class Incoming(UploadedFile):  # type: ignore[type-arg]  # generic for the checker only
    """An upload on disk. It is removed when it is closed, unless `take` has moved it away."""

    file: IO[bytes]

    def __init__(self, name: str, content_type: str | None, folder: Path):
        file = tempfile.NamedTemporaryFile(prefix="upload-", dir=folder)  # noqa: SIM115 - `close` closes it
        super().__init__(file, name, content_type, 0)

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(self.file.name)

    def take(self, target: Path) -> None:
        """Moves the file to `target`."""
        self.file.flush()
        os.replace(self.path, target)

    def close(self) -> None:
        try:
            self.file.close()
        except FileNotFoundError:
            pass  # it was taken


class Handler(FileUploadHandler):
    """Writes each file of the request to disk as it comes, up to `limit` bytes for all of them together.

    `too_large` is set when there was more; the rest of that file is read and thrown away, so that the browser gets an
    answer instead of a broken connection.
    """

    file: Incoming

    def __init__(self, request: HttpRequest | None = None, limit: int | None = None):
        super().__init__(request)
        self.limit = conf.max_bytes() if limit is None else limit
        self.total = 0
        self.too_large = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = Incoming(self.file_name or "file", self.content_type, store.incoming())

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.total += len(raw_data)
        if self.total > self.limit:
            self.too_large = True
            raise SkipFile
        self.file.file.write(raw_data)

    def file_complete(self, file_size: int) -> Incoming:
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()


def foreign(path: Path, name: str) -> str:
    """Why a file is none of ours, going by its first bytes; "" when it may be one."""
    with path.open("rb") as stream:
        head = stream.read(8192)
    if not head:
        return _("“%(name)s” is empty.") % {"name": name}
    expected = _("Expected: CSV, JSON Lines, Parquet, an Excel workbook (.xlsx) or ASYCUDA XML.")
    for start, kind in FOREIGN:
        if head.startswith(start):
            return _("“%(name)s” is a file of the kind %(kind)s.") % {"name": name, "kind": kind} + " " + expected
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if bare.startswith(PAGE):
        return (
            _("“%(name)s” is a web page, perhaps the sign-in page of the system that it came from.") % {"name": name}
            + " "
            + expected
        )
    known = head.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"\xff\xfe", b"\xfe\xff"))
    # UTF-16 without a mark has a zero in every other place; anything else binary has signs that no text has.
    if not known and not _wide(head) and len(head.translate(None, _BINARY)) < len(head):
        return _("“%(name)s” is neither text nor a file that can be read here.") % {"name": name} + " " + expected
    return ""


def _wide(head: bytes) -> bool:
    """True for UTF-16 without a byte-order mark: zeros at odd (or even) places only."""
    zeros = [place for place, byte in enumerate(head) if byte == 0]
    return len(zeros) > len(head) / 4 and len({place % 2 for place in zeros}) == 1
