"""The XML of ASYCUDA declarations as a small tree that forgives what the many writers of it get wrong.

The format has no public schema. Element names differ in case, in doubled letters (`Suppplementary_unit`), in
underscores and in wrappers; nothing is spelt `<null/>`, `null` or left empty. Names are therefore compared by
`plain_name`, and fields are looked for anywhere below their section.

Nothing outside the text is ever read: a document type declaration, the only door to entities, is refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO
from xml.parsers import expat

from tidegate.formats.encodings import BROKEN, Encoding, detect_encoding, known_encoding
from tidegate.formats.limits import Limits
from tidegate.formats.rejects import RowError

_START = re.compile(r"<(?:[\w.-]+:)?ASYCUDA(?=[\s/>])", re.IGNORECASE)
_END = re.compile(r"</(?:[\w.-]+:)?ASYCUDA\s*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_REPEATED = re.compile(r"(.)\1+")
_LONGEST_TAG = 64
_CHUNK = 64 * 1024


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """An element's name without prefix, case, signs and doubled letters."""
    letters = "".join(c for c in name.rpartition(":")[2].casefold() if c.isalnum())
    return _REPEATED.sub(r"\1", letters)


@dataclass(slots=True)
class Node:
    """An element: plain name, text, line in the file, members in order."""

    name: str
    line: int
    text: str = ""
    members: list[Node] = field(default_factory=list)

    @property
    def value(self) -> str | None:
        """The text, None where it is empty or spelt null."""
        text = self.text.strip()
        return None if not text or text.casefold() == "null" else text

    def walk(self, *, skip: frozenset[str] = frozenset()) -> Iterator[Node]:
        """Every element below, in document order; those named in `skip` are left out with all below them."""
        stack = list(reversed(self.members))
        while stack:
            node = stack.pop()
            if node.name in skip:
                continue
            yield node
            stack.extend(reversed(node.members))

    def all(self, *names: str, skip: frozenset[str] = frozenset()) -> list[Node]:
        """Every element below that has one of these names."""
        wanted = {plain_name(name) for name in names}
        return [node for node in self.walk(skip=skip) if node.name in wanted]

    def first(self, *names: str, skip: frozenset[str] = frozenset()) -> Node | None:
        """The first element below with the first of these names that occurs."""
        for name in names:
            wanted = plain_name(name)
            for node in self.walk(skip=skip):
                if node.name == wanted:
                    return node
        return None

    def get(self, *names: str, skip: frozenset[str] = frozenset()) -> str | None:
        """The first value below under the first of these names that has one."""
        for name in names:
            wanted = plain_name(name)
            for node in self.walk(skip=skip):
                if node.name == wanted and node.value is not None:
                    return node.value
        return None


def xml_encoding(sample: bytes) -> Encoding:
    """The encoding by byte order mark, else by the XML declaration, else as for any text."""
    found = detect_encoding(sample)
    declared = _DECLARED.match(sample)
    if found.bom or found.wide or not declared:
        return found
    name = known_encoding(declared[1].decode("ascii"))
    if name.startswith(("utf-16", "utf-32")):
        return found  # the declaration was read byte by byte, so it is wrong: a text that was saved otherwise later
    return Encoding(name, b"", f"{declared[1].decode('ascii')}, as the XML declaration says")


@dataclass(frozen=True, slots=True)
class Piece:
    """One declaration as text, with the line on which it starts; or why it cannot be one."""

    line: int
    text: str
    error: RowError | None = None


def pieces(stream: IO[bytes], encoding: Encoding, limits: Limits) -> Iterator[Piece]:
    """The declarations of a file one by one: several `<ASYCUDA>` roots in a row, with or without a wrapper.

    Each is read alone, so that a damaged one costs only itself. Memory is bounded by the longest declaration.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)("tidegate-broken")
    if encoding.bom:
        stream.read(len(encoding.bom))
    buffer = ""
    line = 1
    doctype = False
    ended = False
    searched = 0
    while True:
        start = _START.search(buffer)
        if start is not None:
            end = _END.search(buffer, max(start.end(), searched - _LONGEST_TAG))
            if end is not None:
                doctype = doctype or bool(_DOCTYPE.search(buffer, 0, start.start()))
                line += buffer.count("\n", 0, start.start())
                text = buffer[start.start() : end.end()]
                yield Piece(line, text, _refused(text, doctype, encoding))
                line += text.count("\n")
                buffer, doctype, searched = buffer[end.end() :], False, 0
                continue
            if len(buffer) - start.start() > limits.declaration_chars:
                line += buffer.count("\n", 0, start.start())
                most = limits.declaration_chars
                shown = buffer[start.start() : start.start() + 80]
                message = f"the declaration is longer than {most} characters"
                yield Piece(line, "", RowError("declaration", shown, f"at most {most} characters", message))
                line, buffer = _skip_to_end(stream, decoder, buffer[start.end() :], line)
                doctype, searched = False, 0
                continue
            searched = len(buffer)
        elif len(buffer) > _CHUNK:
            # Nothing here starts a declaration; keep only what may be the beginning of a tag.
            keep = buffer[-_LONGEST_TAG:]
            gone = buffer[: len(buffer) - len(keep)]
            doctype = doctype or bool(_DOCTYPE.search(gone))
            line += gone.count("\n")
            buffer = keep
        if ended:
            break
        data = stream.read(_CHUNK)
        ended = not data
        buffer += decoder.decode(data, ended)
    start = _START.search(buffer)
    if start is not None:
        line += buffer.count("\n", 0, start.start())
        shown = buffer[start.start() :]
        yield Piece(line, "", RowError("declaration", shown[-80:], "a closing </ASYCUDA>",
                                       "the declaration is cut off before its end"))  # fmt: skip


def _skip_to_end(stream: IO[bytes], decoder: codecs.IncrementalDecoder, buffer: str, line: int) -> tuple[int, str]:
    while True:
        end = _END.search(buffer)
        if end:
            return line + buffer.count("\n", 0, end.end()), buffer[end.end() :]
        keep = buffer[-_LONGEST_TAG:]
        line += buffer.count("\n") - keep.count("\n")
        data = stream.read(_CHUNK)
        if not data:
            return line, ""
        buffer = keep + decoder.decode(data, False)


def _refused(text: str, doctype: bool, encoding: Encoding) -> RowError | None:
    if doctype or _DOCTYPE.search(text):
        return RowError("declaration", "<!DOCTYPE …>", "XML without a document type declaration",
                        "a document type declaration is refused: entities live there")  # fmt: skip
    if BROKEN in text:
        at = text.index(BROKEN)
        return RowError("declaration", text[max(0, at - 40) : at], f"text in {encoding.name}",
                        f"some bytes do not belong to {encoding.name} ({encoding.said})")  # fmt: skip
    return None


def parse(text: str, first_line: int, limits: Limits) -> Node:
    """One declaration as a tree. Raises `RowError`."""
    top = Node("", first_line)
    stack = [top]
    letters: list[list[str]] = [[]]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> int:
        raise RowError("declaration", "<!DOCTYPE …>", "XML without a document type declaration",
                       "a document type declaration is refused: entities live there")  # fmt: skip

    def opened(name: str, _: dict[str, str]) -> None:
        if len(stack) > limits.depth:
            raise RowError("declaration", name, f"elements nested at most {limits.depth} deep",
                           "the elements are nested too deep")  # fmt: skip
        node = Node(plain_name(name), first_line + parser.CurrentLineNumber - 1)
        stack[-1].members.append(node)
        stack.append(node)
        letters.append([])

    def closed(_: str) -> None:
        stack.pop().text = "".join(letters.pop())

    def heard(data: str) -> None:
        letters[-1].append(data)

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = heard
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        line = first_line + error.lineno - 1
        reason = expat.errors.messages.get(error.code, str(error))
        raise RowError("declaration", _around(text, error.lineno), "well-formed XML",
                       f"not well-formed XML at line {line}: {reason}") from None  # fmt: skip
    return top.members[0]


def _around(text: str, line: int) -> str:
    lines = text.split("\n")
    return lines[line - 1].strip()[:120] if 0 < line <= len(lines) else ""
