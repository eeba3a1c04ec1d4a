"""Sentences of the readers, so that a page can say them in the reader's language.

The readers write finished English: what was assumed, why a column was taken for a field, why a file is refused. `parts`
finds the message and its values again in such a sentence, as `tidegate.screening.messages` does for those of the core.
Sentences of maps that people wrote by hand, of registers and of writers are for the command line and stand in English.
"""

from __future__ import annotations

from functools import lru_cache

from tidegate.screening.messages import found, patterns

# Why a column was taken for a field (`guess`); several are joined by "; ", some of them by ", ".
GUESSES = (
    "named %(field)s as in the contract",
    "the header is %(language)s for %(field)s (%(wording)s)",
    "the header holds the %(language)s %(wording)s",
    "English",
    "Vietnamese",
    "Thai",
    "Indonesian or Malay",
    "no values seen",
    "its values repeat",
    "all values differ",
    "%(share)s of the values look like HS codes",
    "%(share)s of the values are yes or no",
    "several words in a cell",
    "two-letter codes of States",
    "other codes or names of States, turned into two-letter codes",
    "only %(share)s of the values are States",
    "ISO dates",
    "the values are not days in one form",
    "%(share)s of the values are days written %(forms)s",
    "days written %(forms)s",
    "taken for the last day of the period",
    "years of the Buddhist era",
    "day and month could also stand the other way round: check",
    "only %(share)s of the values are numbers",
    "decimal comma",
    "commas between thousands",
    "%(unit)s turned into kg",
    "no unit in the header: taken for kilograms",
    "values above 100 are no percentages",
    "all values are 1 or less: per cent assumed but it may be a share (unit: fraction)",
    "read as words",
    "read as codes of UN/ECE Recommendation 19",
    "other values are not known",
    "the values name no mode that is known",
    "named like the polymer %(code)s, values from 0 to 100",
    "the values are container numbers (ISO 6346)",
    "the values are entries of the Basel annexes",
    "the values are R and D codes",
    "the only column whose values look like HS codes",
    "the only column of dates",
)
# What was assumed of the file as a whole.
NOTES = (
    "encoding: %(said)s",
    "assumed (the beginning is plain ASCII)",
    "by its byte order mark",
    "assumed from the zero bytes between the letters (no mark)",
    (
        "assumed although %(few)s of the first %(lines)s lines with letters beyond ASCII are not: "
        "those are rejected one by one"
    ),
    "assumed as the last resort: it is not UTF-8. Name the encoding if wrong",
    "assumed from its letters: it is not UTF-8. Name the encoding if wrong",
    "read as %(encoding)s",
    "as asked for",
    "as JSON is",
    "as the XML declaration says",
    "columns are separated by %(sign)s (assumed: only one column seen)",
    "columns are separated by %(sign)s",
    "comma",
    "semicolon",
    "tab",
    "bar",
    "%(rows)s blank rows were left out",
    "only the sheet %(sheet)s is read; not read: %(others)s",
    "named like %(name)s, but is %(content)s by its content: read as %(format)s",
    "no row names a consignment: the file of consignments has none",
)
# Why a file cannot be read at all.
REFUSALS = (
    "%(file)s: the input is empty",
    "%(file)s: cannot be read: %(why)s",
    "%(file)s: an old Excel file (.xls) or one with a password; save it as .xlsx without it",
    "%(file)s: workbooks with macros are refused; save it as .xlsx",
    "%(file)s: not %(wanted)s, but %(content)s",
    "a web page or XML",
    "text",
    "something else",
    "%(file)s: not a whole .xlsx file, it may be cut off (%(why)s)",
    "%(file)s: not a whole Parquet file, it may be cut off (%(why)s)",
    "%(file)s: the workbook is refused: %(part)s grows %(times)s times: a zip bomb",
    "%(file)s: the workbook is refused: %(why)s",
    "%(file)s: no sheet with a header row",
    "%(file)s: there is no sheet %(sheet)s",
    "%(file)s: the header of column %(column)s is %(content)s, not a name",
    "%(file)s: no header line found",
    "%(file)s: the header holds zero bytes: this is not a text file",
    "%(file)s: no ASYCUDA declaration in it",
    "%(file)s: %(content)s; JSON Lines wants one object on each line, with no brackets or commas around them",
    "a JSON list",
    "one JSON object over several lines",
    "columns %(one)s and %(other)s are both the field %(field)s: only one may be",
    "the table has %(columns)s columns; at most %(most)s are read",
    "%(file)s: %(columns)s columns; at most %(most)s are read",
    "the gzip stream is damaged or cut off (%(why)s)",
    "the gzip stream grows more than %(times)s times: refused as a bomb",
    "row %(row)s, line %(line)s: a document type declaration is refused: entities live there",
)
MESSAGES = tuple(dict.fromkeys((*GUESSES, *NOTES, *REFUSALS)))
_PATTERNS = patterns(MESSAGES)


@lru_cache(maxsize=1024)
def parts(text: str) -> tuple[str, dict[str, str]] | None:
    """The message of which `text` is made, and its values; None for a text that no message with values gives."""
    return found(_PATTERNS, text)
