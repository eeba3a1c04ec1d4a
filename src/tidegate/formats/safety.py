"""Text that no spreadsheet runs.

A program that opens a CSV file takes a cell which begins with `=`, `+`, `-`, `@`, a tab or a carriage
return for a formula. The rule of what we write:

* CSV: such a text gets one `'` in front (`=1+1` → `'=1+1`). So does a text that already begins with `'` and
  would otherwise look like one of ours (`'=x` → `''=x`). Plain numbers (`-5`, `+1.5e3`) stay as they are.
  `unguard` takes the `'` off again, so that every id can be had back exactly; `decision_json` holds it
  unchanged.
* XLSX: the cell is stored as text with the quote-prefix style, which shows and keeps the text unchanged and
  is never calculated.
* JSON Lines and Parquet have no formulas; nothing is changed there.

Our own readers do not take the `'` off: what is in an input is the caller's, and goes back as it came.
"""

from __future__ import annotations

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GUARDED = re.compile("'+[" + re.escape("".join(_STARTS)) + "]")


def guard(text: str) -> str:
    """The text as it is written into a CSV cell."""
    if not text or text[0] not in "'=+-@\t\r\n＝＋－＠":
        return text
    if text[0] == "'":
        return f"'{text}" if _GUARDED.match(text) else text
    return text if _NUMBER.fullmatch(text) else f"'{text}"


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if _GUARDED.match(text) and not _NUMBER.fullmatch(text) else text


def risky(text: str) -> bool:
    """True for a text that a spreadsheet might take for a formula."""
    return text.startswith(_STARTS) and not _NUMBER.fullmatch(text)
