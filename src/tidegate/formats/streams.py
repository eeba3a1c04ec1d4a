"""Bytes in: files, standard input and streams, gzip taken off, and lines that never outgrow their limit."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import sys
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tidegate.formats.encodings import Encoding
from tidegate.formats.limits import SMALL_PART, Limits
from tidegate.formats.rejects import FormatError, RowError

STDIN = "-"
_CHUNK = 64 * 1024

_EXTENSIONS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv",
    ".parquet": "parquet", ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xml": "asycuda",
}  # fmt: skip
FORMATS = ("jsonl", "csv", "parquet", "xlsx", "asycuda")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class _Chained(io.RawIOBase):
    """What was read ahead, then the rest of a stream. Reads no more of a pipe than is there."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        super().__init__()
        self._head = memoryview(head)
        self._rest = rest
        self._read = getattr(rest, "read1", rest.read)
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if len(self._head):
            size = min(len(buffer), len(self._head))
            buffer[:size] = self._head[:size]
            self._head = self._head[size:]
        else:
            data = self._read(min(len(buffer), _CHUNK))
            size = len(data)
            buffer[:size] = data
        self.taken += size
        return size

    def close(self) -> None:
        if not self.closed and self._rest is not sys.stdin.buffer:
            self._rest.close()
        super().close()


class _Unzipped(io.RawIOBase):
    """A gzip stream that gives up when it grows as only a bomb does, and says so when it is cut off."""

    def __init__(self, packed: _Chained, limits: Limits) -> None:
        super().__init__()
        self._packed = packed
        self._gzip = gzip.GzipFile(fileobj=io.BufferedReader(packed))
        self._limits = limits
        self._out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._gzip.read1(min(len(buffer), _CHUNK))
        except (EOFError, OSError, zlib.error) as error:
            raise FormatError(
                f"the gzip stream is damaged or cut off ({error})", expected="a whole gzip file"
            ) from None
        self._out += len(data)
        if self._out > SMALL_PART and self._out > self._limits.zip_ratio * max(self._packed.taken, 1):
            raise FormatError(
                f"the gzip stream grows more than {self._limits.zip_ratio} times: refused as a bomb",
                expected="ordinary data",
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._gzip.close()
            self._packed.close()
        super().close()


class _Recoded(io.RawIOBase):
    """Text of any encoding as UTF-8 bytes with `\\n` at line ends; broken letters become
    `encodings.BROKEN`."""

    def __init__(self, source: IO[bytes], encoding: str, *, lone_returns: bool) -> None:
        super().__init__()
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)("tidegate-broken")
        self._lone_returns = lone_returns
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = getattr(self._source, "read1", self._source.read)
        while not self._ready and not self._ended:
            data = read(_CHUNK)
            self._ended = not data
            text = self._decoder.decode(data, self._ended)
            if self._lone_returns:
                text = text.replace("\r", "\n")
            self._ready = text.encode("utf-8", "surrogatepass")
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


@dataclass(slots=True)
class Opened:
    """An input with its beginning already looked at. `stream` starts at the first byte of the (unzipped)
    data."""

    name: str
    path: Path | None
    stream: IO[bytes]
    sample: bytes
    size: int | None
    raw: _Chained

    @property
    def taken(self) -> int:
        """Bytes of the file as stored that have been read so far, for a progress bar."""
        return self.raw.taken


def open_source(source: str | Path | IO[bytes], limits: Limits) -> Opened:
    """Open a path, `-` (standard input) or a binary stream, take gzip off, and look at the beginning."""
    path: Path | None = None
    size: int | None = None
    rest: IO[bytes]
    if isinstance(source, str | Path) and str(source) != STDIN:
        path = Path(source)
        name = path.name
        try:
            rest = path.open("rb", buffering=0)
            size = os.fstat(rest.fileno()).st_size
        except OSError as error:
            raise FormatError(f"{path}: cannot be opened: {error.strerror or error}", value=str(path)) from None
    elif isinstance(source, str | Path):
        name, rest = "standard input", sys.stdin.buffer
    else:
        name, rest = Path(str(getattr(source, "name", "stream"))).name, source
    if not hasattr(rest, "read") or isinstance(rest.read(0), str):
        raise FormatError("a stream must give bytes, not text: open it in binary mode")
    try:
        head = _look_ahead(rest, limits.sample_bytes)
        raw = _Chained(head, rest)
        if head.startswith(b"\x1f\x8b"):
            inner = io.BufferedReader(_Unzipped(raw, limits), limits.sample_bytes)
            head = _look_ahead(inner, limits.sample_bytes)
            stream = io.BufferedReader(_Chained(head, inner), _CHUNK)
        else:
            stream = io.BufferedReader(raw, _CHUNK)
    except OSError as error:
        raise FormatError(f"{name}: cannot be read: {error.strerror or error}") from None
    return Opened(name, path, stream, head, size, raw)


def _look_ahead(stream: IO[bytes], most: int) -> bytes:
    """The beginning of a stream: of a file `most` bytes; of a pipe, what is there, but at least one whole
    line."""
    read = getattr(stream, "read1", stream.read)
    parts: list[bytes] = []
    have = 0
    while have < most:
        part = read(min(most - have, _CHUNK))
        if not part:
            break
        parts.append(part)
        have += len(part)
        if b"\n" in part and not _is_file(stream):
            break
    return b"".join(parts)


def _is_file(stream: IO[bytes]) -> bool:
    """False for pipes and terminals, where asking for more would wait for the other side to write it."""
    try:
        return bool(stream.seekable())
    except (AttributeError, OSError, ValueError):
        return False


def detect_format(opened: Opened) -> tuple[str, list[str]]:
    """The format by name and by content, and notes where the two disagree. `FormatError` for what is not
    read."""
    sample = opened.sample
    name = opened.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    by_name = _EXTENSIONS.get(suffix)
    by_content = _by_content(sample)
    if by_content == "old-excel":
        raise FormatError(
            f"{opened.name}: an old Excel file (.xls) or one with a password; save it as .xlsx without it",
            expected="xlsx",
        )
    if suffix in (".xlsm", ".xlsb", ".xltm", ".xlam"):
        raise FormatError(f"{opened.name}: workbooks with macros are refused; save it as .xlsx", expected="xlsx")
    if by_name is None:
        return by_content or "csv", []
    if by_content in ("parquet", "xlsx") and by_name != by_content:
        return by_content, [f"named like {by_name}, but is {by_content} by its content: read as {by_content}"]
    if by_name in ("parquet", "xlsx") and by_content != by_name and sample:
        found = "a web page or XML" if by_content == "asycuda" else "text" if sample.isascii() else "something else"
        raise FormatError(f"{opened.name}: not {by_name}, but {found}", value=suffix, expected=by_name)
    if suffix in (".txt", ".json") and by_content == "jsonl":
        return "jsonl", []
    return by_name, []


def _by_content(sample: bytes) -> str | None:
    if sample.startswith(b"PAR1"):
        return "parquet"
    if sample.startswith(b"PK\x03\x04"):
        return "xlsx"
    if sample.startswith(_OLD_EXCEL):
        return "old-excel"
    head = sample[:512]
    for bom in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        head = head.removeprefix(bom)
    head = head.replace(b"\0", b"").lstrip()
    if head.startswith(b"<"):
        return "asycuda"
    if head.startswith((b"{", b"[")):
        return "jsonl"
    return None


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line with its line end. `data` is None when it was longer than allowed; `size` counts
    all bytes."""

    number: int
    data: bytes | None
    size: int
    head: bytes


def text_lines(opened: Opened, encoding: Encoding, limits: Limits) -> Iterator[Line]:
    """The lines of a text, in bytes of `line_codec(encoding)`, numbered from 1, in constant memory."""
    stream: IO[bytes] = opened.stream
    if encoding.bom:
        stream.read(len(encoding.bom))
    lone_returns = _lone_returns(opened, encoding)
    if encoding.wide or lone_returns:
        stream = io.BufferedReader(_Recoded(stream, encoding.name, lone_returns=lone_returns), _CHUNK)
    number = 0
    most = limits.line_bytes + 1
    while True:
        data = stream.readline(most)
        if not data:
            return
        number += 1
        if len(data) < most or data.endswith(b"\n"):
            yield Line(number, data, len(data), b"")
            continue
        size, head = len(data), data[:256]
        while data and not data.endswith(b"\n"):
            data = stream.readline(_CHUNK)
            size += len(data)
        yield Line(number, None, size, head)


def line_codec(opened: Opened, encoding: Encoding) -> str:
    """The codec for the bytes of `text_lines`: wide encodings and texts with lone carriage returns are
    recoded."""
    return "utf-8" if encoding.wide or _lone_returns(opened, encoding) else encoding.name


def _lone_returns(opened: Opened, encoding: Encoding) -> bool:
    """True for text of old Macintosh programs, whose lines end with a carriage return alone."""
    return not encoding.wide and b"\r" in opened.sample and b"\n" not in opened.sample


def decode(data: bytes, codec: str, encoding: Encoding) -> str:
    """One line as text. Raises `RowError` naming the first byte that does not belong to the encoding."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        at = error.start + 1
        shown = data[max(0, error.start - 20) : error.end + 20]
        raise RowError(
            "line",
            shown,
            f"text in {encoding.name}",
            f"byte {at} of the line does not belong to {encoding.name} ({encoding.said})",
        ) from None
    # Vietnamese Windows text spells letters with separate tone marks; all else uses the composed letter.
    return unicodedata.normalize("NFC", text) if codec == "cp1258" else text
