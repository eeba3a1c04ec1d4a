"""A file on its way in: streamed to disk under a random name, measured while it comes, looked at when it is there."""

from __future__ import annotations

import os
import re
import tempfile
from collections import deque
from pathlib import Path
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import FIELD, FILE, ChunkIter, LazyStream, Parser
from django.utils.datastructures import MultiValueDict
from django.utils.encoding import force_str
from django.utils.translation import gettext as _

from tidegate.web.batch import conf, store

# The form has no more than its token beside the files.
MOST_FIELDS = 20
LONGEST_FIELD = 64 * 1024
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
    """An upload on disk, not held open: a thousand of them need no more than one handle. It is removed when it is
    closed, unless `take` has moved it away."""

    def __init__(self, name: str, content_type: str | None, folder: Path):
        handle, path = tempfile.mkstemp(prefix="upload-", dir=folder)
        super().__init__(os.fdopen(handle, "wb"), name, content_type, 0)
        self.path = Path(path)

    def add(self, data: bytes) -> None:
        """Puts more of the file on the disk."""
        assert self.file is not None
        self.file.write(data)
        self.size = (self.size or 0) + len(data)

    def complete(self) -> None:
        """The whole file is there."""
        assert self.file is not None
        self.file.close()

    def take(self, target: Path) -> None:
        """Moves the file to `target`."""
        os.replace(self.path, target)

    def close(self) -> None:
        self.complete()
        self.path.unlink(missing_ok=True)


class Handler(FileUploadHandler):
    """Reads the whole request: writes each file to disk as it comes, up to `most_files` files and `limit` bytes for all
    of them together.

    Django counts the files of every request by one setting, small because the other pages take one file at most. Here
    a day of ASYCUDA declarations may come as a thousand files; so this handler takes the parts of the request itself.

    `too_large`, `too_many` are set when there was more; the rest is read and thrown away, so that the browser gets an
    answer instead of a broken connection.
    """

    def __init__(self, request: HttpRequest | None = None, limit: int | None = None, most_files: int | None = None):
        super().__init__(request)
        self.limit = conf.max_bytes() if limit is None else limit
        self.most_files = conf.max_files() if most_files is None else most_files
        self.too_large = False
        self.too_many = False

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, UploadedFile[Any]]]:
        """(fields, files) of the request. Raises TooManyFieldsSent or RequestDataTooBig for a form that is not ours."""
        post: QueryDict = QueryDict(mutable=True, encoding=encoding)
        files: MultiValueDict[str, UploadedFile[Any]] = MultiValueDict()
        total = fields = 0
        try:
            stream = LazyStream(ChunkIter(input_data, self.chunk_size))
            for kind, head, part in Parser(stream, boundary):
                about = head.get("content-disposition", ("", {}))[1]
                name = force_str(about.get("name", ""), errors="replace").strip()
                if kind == FIELD and name:
                    fields += 1
                    value = part.read(size=LONGEST_FIELD + 1)
                    if fields > MOST_FIELDS:
                        raise TooManyFieldsSent
                    if len(value) > LONGEST_FIELD:
                        raise RequestDataTooBig
                    post.appendlist(name, value.decode("utf-8", "replace"))
                elif kind == FILE and name and (filename := _plain_name(about.get("filename", ""))):
                    if len(files.getlist(name)) >= self.most_files:
                        self.too_many = True
                        deque(part, maxlen=0)
                        continue
                    file = Incoming(filename, force_str(head.get("content-type", ("",))[0]), store.incoming())
                    files.appendlist(name, file)
                    for chunk in part:
                        total += len(chunk)
                        if total > self.limit:
                            self.too_large = True
                        else:
                            file.add(chunk)
                    file.complete()
                else:
                    deque(part, maxlen=0)
        except BaseException:
            for _name, some in files.lists():
                for one in some:
                    one.close()
            raise
        return post, files


def _plain_name(name: str | bytes) -> str:
    """The last part of a name, whatever system it comes from; browsers may send a path."""
    last = re.split(r"[/\\]", force_str(name, errors="replace"))[-1]
    return "".join(sign for sign in last if sign.isprintable()).strip()


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
