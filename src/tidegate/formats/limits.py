"""How much of a hostile or broken input is read before it is refused.

Every limit exists because some file could otherwise take the memory or the time of the whole office. The
defaults are far above what a customs administration sends in a day and far below what would hurt a laptop.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one input. Sizes are bytes unless the name says otherwise."""

    line_bytes: int = 16 * MIB
    """Longest line (CSV: longest record) that is read into memory; a longer one is skipped and rejected."""

    record_lines: int = 1_000
    """Most physical lines that one CSV record may span before its open quotation mark counts as a slip."""

    columns: int = 2_000
    """Most columns of a table, most keys of one JSON object, and most columns of the table made of a JSON
    Lines file."""

    depth: int = 32
    """Deepest nesting of JSON objects and lists, and of XML elements."""

    sample_bytes: int = 256 * 1024
    """How much of the beginning is looked at to tell format, encoding and delimiter."""

    zip_bytes: int = 1024 * MIB
    """Most bytes that the parts of a workbook may come to once unpacked."""

    zip_ratio: int = 300
    """Most that one part of a workbook, or a gzip stream, may grow on unpacking; small ones are let off."""

    zip_parts: int = 5_000
    """Most parts in a workbook."""

    shared_text_bytes: int = 256 * MIB
    """Most bytes of a workbook's table of shared texts, the only part that has to be held in memory."""

    sheet_rows: int = 1_048_576
    """Last row number that a worksheet may use (the limit of the spreadsheet programs themselves)."""

    declaration_chars: int = 16 * MIB
    """Longest single ASYCUDA declaration, in characters."""

    number_digits: int = 400
    """Most digits, and largest exponent, of a number in JSON."""


#: A part of an archive smaller than this is never called a bomb, however well it packs.
SMALL_PART = 8 * MIB
