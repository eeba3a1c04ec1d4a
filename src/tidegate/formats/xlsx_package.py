"""A workbook as a zip of XML parts: what is refused before any part of it is read as a workbook.

Nothing in a workbook is ever run or fetched. Workbooks that carry macros, links to other workbooks, data
connections or ActiveX are refused outright, because what they show depends on something that is not in the
file. Parts that unpack too far are refused by the sizes in the zip's own directory (Python's reader stops
at those sizes, so a directory that lies gains nothing). A document type declaration anywhere is refused:
workbooks have none, and entities live there.
"""

from __future__ import annotations

import io
import posixpath
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as SafeTree
from defusedxml.common import DefusedXmlException

from tidegate.formats.limits import SMALL_PART, Limits
from tidegate.formats.rejects import FormatError

_MACROS = re.compile(r"vbaproject|vbadata|/macrosheets/|/dialogsheets/", re.IGNORECASE)
_LINKS = re.compile(r"(^|/)externallinks/", re.IGNORECASE)
_CONNECTIONS = re.compile(r"(^|/)connections\.xml$|(^|/)querytables/", re.IGNORECASE)
_ACTIVE = re.compile(r"(^|/)activex/|(^|/)ctrlprops/", re.IGNORECASE)
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


class Package:
    """An opened workbook file. Close it, or use it in a `with`."""

    def __init__(self, source: Path | IO[bytes], name: str, limits: Limits) -> None:
        self.name = name
        self.limits = limits
        try:
            self._zip = zipfile.ZipFile(source)
            self._parts = {info.filename.lstrip("/"): info for info in self._zip.infolist()}
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise FormatError(f"{name}: not a whole .xlsx file, it may be cut off ({error})", expected="xlsx") from None
        try:
            self._check()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._zip.close()

    def has(self, part: str) -> bool:
        return part in self._parts

    def size(self, part: str) -> int:
        return self._parts[part].file_size

    # ------------------------------------------------------------ refusals

    def _check(self) -> None:
        limits = self.limits
        if len(self._parts) > limits.zip_parts:
            self._refuse(f"{len(self._parts)} parts; at most {limits.zip_parts} are read")
        total = 0
        for part, info in self._parts.items():
            total += info.file_size
            if info.flag_bits & 1:
                self._refuse("it is encrypted; save it without a password")
            if info.file_size > SMALL_PART and info.file_size > limits.zip_ratio * max(info.compress_size, 1):
                self._refuse(f"{part} grows {info.file_size // max(info.compress_size, 1)} times: a zip bomb")
        if total > limits.zip_bytes:
            self._refuse(f"it unpacks to {total} bytes; at most {limits.zip_bytes} are read")
        for pattern, what in (
            (_MACROS, "macros"),
            (_LINKS, "links to other workbooks"),
            (_CONNECTIONS, "connections to outside data"),
            (_ACTIVE, "active controls"),
        ):
            if any(pattern.search(part) for part in self._parts):
                self._refuse(f"it holds {what}; save the data alone as .xlsx (copy, paste values)")
        if not self.has("[Content_Types].xml"):
            self._refuse("a zip file, but not a workbook")
        for part in self._parts:
            if part.lower().endswith((".xml", ".rels", ".vml")):
                self._refuse_doctype(part)
        types = self._zip.read(self._parts["[Content_Types].xml"]).lower()
        if b"macroenabled" in types:
            self._refuse("it holds macros; save the data alone as .xlsx")

    def _refuse_doctype(self, part: str) -> None:
        """Walk over the part once. Zero bytes are dropped first, so that UTF-16 hides nothing."""
        tail = b""
        try:
            with self._zip.open(self._parts[part]) as stream:
                while chunk := stream.read(1 << 20):
                    seen = tail + chunk.replace(b"\0", b"")
                    if _DOCTYPE.search(seen):
                        self._refuse(f"{part} declares a document type or an entity")
                    tail = seen[-16:]
        except (
            zipfile.BadZipFile,
            OSError,
            EOFError,
            NotImplementedError,
            RuntimeError,
            zlib.error,
        ) as error:
            self._refuse(f"{part} is damaged ({error})")

    def _refuse(self, why: str) -> None:
        raise FormatError(f"{self.name}: the workbook is refused: {why}", expected="a plain .xlsx workbook")

    # ------------------------------------------------------------ reading parts

    def tree(self, part: str) -> Element:
        """A small part as a whole."""
        if self.size(part) > self.limits.shared_text_bytes:
            self._refuse(f"{part} is {self.size(part)} bytes long")
        try:
            with self._zip.open(self._parts[part]) as stream:
                root = SafeTree.parse(stream, forbid_dtd=True).getroot()
        except _XML_ERRORS as error:
            raise FormatError(f"{self.name}: {part} is damaged ({error})", expected="xlsx") from None
        if root is None:
            raise FormatError(f"{self.name}: {part} is empty", expected="xlsx")
        return root

    def events(self, part: str) -> Iterator[tuple[str, Element]]:
        """The `start` and `end` events of a large part. The caller clears what it has used."""
        depth = 0
        try:
            with self._zip.open(self._parts[part]) as stream:
                for event, element in SafeTree.iterparse(stream, ("start", "end"), forbid_dtd=True):
                    depth += 1 if event == "start" else -1
                    if depth > self.limits.depth:
                        self._refuse(f"{part} is nested too deep")
                    yield event, element
        except _XML_ERRORS as error:
            raise FormatError(f"{self.name}: {part} is damaged ({error})", expected="xlsx") from None

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The relations of a part: id → (last word of the type, target part). Outside targets are left
        out."""
        folder, file = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{file}.rels")
        if not self.has(rels):
            return {}
        found = {}
        for element in self.tree(rels):
            if element.get("TargetMode", "").lower() == "external":
                continue
            target = element.get("Target", "")
            target = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
            found[element.get("Id", "")] = (element.get("Type", "").rsplit("/", 1)[-1], target.lstrip("/"))
        return found


def local(tag: Any) -> str:
    """An element's name without its namespace, so that both dialects of the standard are read."""
    return str(tag).rsplit("}", 1)[-1]


def seekable(source: IO[bytes], limits: Limits, name: str) -> IO[bytes]:
    """The stream itself where it can seek, else a copy of it in memory or on disk, within the limits."""
    try:
        if source.seekable():
            return source
    except AttributeError:
        pass
    copy = tempfile.SpooledTemporaryFile(max_size=SMALL_PART)  # noqa: SIM115  (closed with the reader)
    size = 0
    while chunk := source.read(1 << 20):
        size += len(chunk)
        if size > limits.zip_bytes:
            raise FormatError(f"{name}: longer than {limits.zip_bytes} bytes")
        copy.write(chunk)
    copy.seek(0)
    return copy


_XML_ERRORS = (
    ParseError, DefusedXmlException, zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError,
    NotImplementedError, RecursionError, zlib.error, io.UnsupportedOperation, LookupError,  # of an encoding
)  # fmt: skip
