"""Guess a column map from headers and first rows, each guess with a confidence and a reason, to be shown
before use.

A guess is a proposal and nothing more: the caller shows it, a person confirms or corrects it, and the map
that is used is the one that was confirmed. Where a column can be read in two ways the reason says so.

How: the header is compared with the wordings of `headers.yaml` (English, Vietnamese, Thai, Indonesian and
Malay), then the values must look like the field (`shapes`). Values alone are enough only where their form
is unmistakable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from tidegate.formats import fields
from tidegate.formats.cells import cell_text
from tidegate.formats.columns import ColumnMap, Guess, load_map, with_guesses
from tidegate.formats.conversions import unit_factor
from tidegate.formats.shapes import Shape, shape_of

_LANGUAGES = {"en": "English", "vi": "Vietnamese", "th": "Thai", "ms": "Indonesian or Malay"}
_LEAST = 0.5
_BRACKETS = re.compile(r"[(\[{]([^)\]}]*)[)\]}]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_UNIT_WORDS = {
    "tấn": "t",
    "tan": "t",
    "ตัน": "t",
    "กก": "kg",
    "กิโลกรัม": "kg",
    "ton": "t",
    "tons": "t",
    "tonnes": "t",
}
_POLYMERS = frozenset(
    (
        "PE HDPE LDPE LLDPE PP PET PS EPS HIPS ABS PC PA PA6 PA66 PVC PVDF PTFE POM PMMA PBT PU PUR SAN EVA "
        "ETFE FEP PFA mixed"
    ).split()
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Candidate:
    column: str
    field: str
    confidence: float
    reason: str
    rule: dict[str, Any]


def guess_map(headers: Sequence[str], sample_rows: Sequence[Any] = (), *, name: str = "guessed") -> ColumnMap:
    """A proposed map for a table with these headers.

    sample_rows: some of its rows, as sequences of cells or as mappings by header. The map's `guesses` say
    how sure each column is and why; its `missing_fields` are the required fields that no column fills.
    """
    columns = [_column(headers, sample_rows, place) for place in range(len(headers))]
    candidates: list[_Candidate] = []
    for header, values in zip(headers, columns, strict=True):
        shape = shape_of(values)
        candidates += _by_header(header, shape)
        candidates += _by_polymer(header, shape)
    taken_columns: dict[str, _Candidate] = {}
    taken_fields: set[str] = set()
    for candidate in sorted(candidates, key=lambda c: -c.confidence):
        if candidate.confidence < _LEAST or candidate.column in taken_columns or candidate.field in taken_fields:
            continue
        taken_columns[candidate.column] = candidate
        taken_fields.add(candidate.field)
    for header, values in zip(headers, columns, strict=True):
        if header not in taken_columns:
            for candidate in _by_values(header, shape_of(values), taken_fields, columns):
                taken_columns[header] = candidate
                taken_fields.add(candidate.field)
                break
    chosen = [taken_columns[header] for header in headers if header in taken_columns]
    definition: dict[str, Any] = {
        "name": name,
        "description": "Guessed from headers and values; check it before use.",
        "columns": {c.column: c.rule if len(c.rule) > 1 else c.rule["to"] for c in chosen},
    }
    # A column that is called like a field, but was not taken for it, must not become it by its name alone.
    for header in headers:
        if header not in taken_columns and fields.canonical(header) is not None:
            definition["columns"][header] = None
    guesses = [Guess(c.column, c.field, round(c.confidence, 2), c.reason) for c in chosen]
    return with_guesses(load_map(definition), guesses)


def _column(headers: Sequence[str], rows: Sequence[Any], place: int) -> list[str]:
    values = []
    for row in rows:
        if isinstance(row, Mapping):
            value = row.get(headers[place])
        else:
            value = row[place] if place < len(row) else None
        text = cell_text(value).strip()
        if text:
            values.append(text)
    return values


# ---------------------------------------------------------------- headers


def plain(text: str) -> str:
    """A header without case, accents of Latin letters, signs and extra blanks; `NetMass` becomes `net
    mass`."""
    text = unicodedata.normalize("NFKC", _CAMEL.sub(" ", text)).casefold().replace("đ", "d")
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")
    text = unicodedata.normalize("NFC", text)
    signs = "".join(c if c.isalnum() or unicodedata.category(c) in ("Mn", "Mc") or c == "%" else " " for c in text)
    return " ".join(signs.replace("%", " % ").split())


@cache
def _wordings() -> dict[str, tuple[str, str, str]]:
    """Plain wording → (field, wording as listed, language)."""
    found: dict[str, tuple[str, str, str]] = {}
    text = resources.files("tidegate.formats").joinpath("headers.yaml").read_text(encoding="utf-8")
    for field, languages in yaml.safe_load(text).items():
        for language, wordings in languages.items():
            for wording in wordings:
                found.setdefault(plain(wording), (field, wording, _LANGUAGES[language]))
    return found


def _unit_in(header: str) -> tuple[str | None, str]:
    """The unit that a header names, and the header without it and without what stands in brackets."""
    unit = None
    for inner in _BRACKETS.findall(header):
        unit = unit or _unit(inner)
    bare = _BRACKETS.sub(" ", header)
    words = re.split(r"[\s_,;:/.-]+", bare.strip())
    if unit is None and len(words) > 1 and (unit := _unit(words[-1])):
        bare = bare.strip()[: -len(words[-1])]
    return unit, bare


def _unit(word: str) -> str | None:
    word = word.strip().casefold()
    if word in _UNIT_WORDS:
        return _UNIT_WORDS[word]
    return word if word and unit_factor(word) is not None and word not in ("g", "%") else "%" if word == "%" else None


# fields whose names are so common that their values may still be written in another way
OFTEN_WRITTEN_OTHERWISE = frozenset({"date", "export", "import", "origin", "hs", "net_kg", "gross_kg", "value"})


def _by_header(header: str, shape: Shape) -> list[_Candidate]:
    known = fields.canonical(header)
    unit, bare = _unit_in(header)
    found: list[tuple[str, float, str]] = []
    if known is not None and header == known and known not in OFTEN_WRITTEN_OTHERWISE:
        # a column under the contract's own name is read as the contract writes it
        return [_Candidate(header, known, 0.97, f"named {known} as in the contract", {"to": known})]
    if known is not None and known.partition(".")[0] not in fields.OPEN_OBJECTS:
        found.append((known, 0.97, f"named {known} as in the contract"))
    elif known is not None and "." in known:
        return [_Candidate(header, known, 0.97, f"named {known} as in the contract", {"to": known})]
    table = _wordings()
    for text, sure in ((plain(header), 0.95), (plain(bare), 0.92)):
        if text in table:
            field, wording, language = table[text]
            found.append((field, sure, f"the header is {language} for {field} ({wording!r})"))
            break
    else:
        found += _inside(plain(bare), table)
    out = []
    for field, sure, reason in found:
        candidate = _judge(header, field, sure, reason, unit, shape)
        if candidate is not None:
            out.append(candidate)
    return out


def _inside(text: str, table: Mapping[str, tuple[str, str, str]]) -> list[tuple[str, float, str]]:
    """Wordings that stand inside the header, the longest first, less sure the more else stands there."""
    best: tuple[str, float, str] | None = None
    squeezed = text.replace(" ", "")
    for plain_wording, (field, wording, language) in table.items():
        if len(plain_wording) < 4:
            continue
        thai = language == "Thai"
        inside = plain_wording.replace(" ", "") in squeezed if thai else f" {plain_wording} " in f" {text} "
        if not inside and plain_wording.replace(" ", "") != squeezed:
            continue
        covered = len(plain_wording) / max(len(text), 1)
        sure = 0.9 if plain_wording.replace(" ", "") == squeezed else 0.35 + 0.5 * covered
        if best is None or sure > best[1]:
            best = (field, sure, f"the header holds the {language} {wording!r}")
    return [best] if best else []


# ---------------------------------------------------------------- values


def _judge(column: str, field: str, sure: float, reason: str, unit: str | None, shape: Shape) -> _Candidate | None:
    """The candidate once its values were looked at, with the conversions that they need; None where they
    cannot be it."""
    rule: dict[str, Any] = {"to": field}
    said = [reason]
    if shape.count == 0:
        said.append("no values seen")
        sure -= 0.1
    elif field in ("export", "import", "origin", "transit"):
        sure, more = _state_rule(field, shape, sure, rule)
        said.append(more)
    elif field == "date" or field.startswith("events."):
        sure, more = _date_rule(shape, sure, rule)
        said.append(more)
    elif field == "hs":
        sure += 0.03 if shape.hs > 0.9 else 0 if shape.hs > 0.6 else -0.5
        said.append(f"{shape.hs:.0%} of the values look like HS codes")
    elif field in fields.NUMBERS:
        sure, more = _number_rule(field, unit, shape, sure, rule)
        said.append(more)
    elif field in fields.FLAGS:
        sure -= 0 if shape.flag > 0.9 else 0.5
        said.append(f"{shape.flag:.0%} of the values are yes or no")
    elif field == "currency":
        sure -= 0 if shape.currency > 0.8 else 0.5
    elif field == "declared_entry":
        sure -= 0 if shape.basel > 0.6 else 0.4
    elif field == "operation":
        sure -= 0 if shape.operation > 0.6 else 0.5
    elif field == "facts.mode":
        sure, more = _mode_rule(shape, sure, rule)
        said.append(more)
    elif field == "containers":
        sure += 0.03 if shape.container > 0.8 else -0.3
        if shape.separator:
            rule["split"] = shape.separator
    elif field == "id":
        if shape.distinct < 0.999:
            sure -= 0.25
            said.append("its values repeat")
        else:
            said.append("all values differ")
    elif field in ("consignor.name", "consignee.name") and shape.state > 0.9:
        # "Exporter" over State codes means the State.
        rule["to"] = field = "export" if field == "consignor.name" else "import"
        sure, more = _state_rule(field, shape, sure - 0.15, rule)
        said.append(more)
    sure = max(0.0, min(sure, 0.99))
    return _Candidate(column, field, sure, "; ".join(part for part in said if part), rule) if sure > 0 else None


def _state_rule(field: str, shape: Shape, sure: float, rule: dict[str, Any]) -> tuple[float, str]:
    if field == "transit" and shape.separator:
        return sure, "several words in a cell"
    if shape.alpha2 > 0.9:
        return sure + 0.03, "two-letter codes of States"
    if shape.state > 0.7:
        rule["convert"] = "alpha2"
        return sure, "other codes or names of States, turned into two-letter codes"
    return sure - 0.6, f"only {shape.state:.0%} of the values are States"


def _date_rule(shape: Shape, sure: float, rule: dict[str, Any]) -> tuple[float, str]:
    if shape.iso_date > 0.95:
        return sure + 0.02, "ISO dates"
    if not shape.date_formats:
        return sure - 0.6, "the values are not days in one form"
    rule["dates"] = list(shape.date_formats)
    said = f"days written {' or '.join(shape.date_formats)}"
    if shape.date < 1:
        sure -= 0.1
        said = f"{shape.date:.0%} of the values are {said}"
    if shape.month_only:
        rule["day"] = "last"
        said += ", taken for the last day of the period"
    if shape.buddhist:
        rule["calendar"] = "buddhist"
        said += ", years of the Buddhist era"
    if shape.ambiguous_date:
        return min(sure, 0.6) - 0.05, f"{said}; day and month could also stand the other way round: check"
    return sure, said


def _number_rule(field: str, unit: str | None, shape: Shape, sure: float, rule: dict[str, Any]) -> tuple[float, str]:
    if shape.number < 0.8:
        return sure - 0.6, f"only {shape.number:.0%} of the values are numbers"
    said = []
    if shape.decimal_comma:
        rule["decimal"] = ","
        rule["thousands"] = "."
        said.append("decimal comma")
    elif shape.thousands_comma:
        rule["thousands"] = ","
        said.append("commas between thousands")
    if field in ("net_kg", "gross_kg"):
        if unit is not None and unit != "kg":
            rule["unit"] = unit
            said.append(f"{unit} turned into kg")
        elif unit is None:
            sure -= 0.07
            said.append("no unit in the header: taken for kilograms")
    if field == "contamination_pct":
        if shape.largest is not None and shape.largest > 100:
            return sure - 0.6, "values above 100 are no percentages"
        if shape.largest is not None and shape.largest <= 1 and shape.fractional:
            sure -= 0.2
            said.append("all values are 1 or less: per cent assumed but it may be a share (unit: fraction)")
    return sure, ", ".join(said)


def _mode_rule(shape: Shape, sure: float, rule: dict[str, Any]) -> tuple[float, str]:
    words = {
        "sea": "sea",
        "road": "road",
        "rail": "rail",
        "air": "air",
        "ocean": "sea",
        "truck": "road",
        "vessel": "sea",
    }
    codes = {
        "1": "sea",
        "2": "rail",
        "3": "road",
        "4": "air",
        "10": "sea",
        "20": "rail",
        "30": "road",
        "40": "air",
    }
    for table, said in ((words, "words"), (codes, "codes of UN/ECE Recommendation 19")):
        values = {value: table[value.casefold()] for value in shape.values if value.casefold() in table}
        if values and len(values) >= len(shape.values) / 2:
            rule |= {"values": values, "otherwise": "empty", "pass_through": "true"}
            return sure - (0.0 if table is words else 0.15), f"read as {said}; other values are not known"
    return sure - 0.5, "the values name no mode that is known"


def _by_polymer(header: str, shape: Shape) -> list[_Candidate]:
    """A column named like a polymer that holds shares of mass."""
    _, bare = _unit_in(header)
    words = bare.replace("%", " ").split()
    code = words[0] if len(words) == 1 else words[-1] if len(words) == 2 and words[0].lower() == "share" else ""
    code = code if code in _POLYMERS else code.upper() if code.upper() in _POLYMERS and len(code) > 2 else ""
    if not code or shape.count == 0 or shape.number < 0.9 or (shape.largest or 0) > 100:
        return []
    rule: dict[str, Any] = {"to": f"polymers.{code}"}
    said = f"named like the polymer {code}, values from 0 to 100"
    if shape.decimal_comma:
        rule["decimal"] = ","
    return [_Candidate(header, f"polymers.{code}", 0.85 if "%" in header else 0.75, said, rule)]


def _by_values(header: str, shape: Shape, taken: set[str], columns: Sequence[list[str]]) -> list[_Candidate]:
    """What values alone can tell, where no header did: only forms that belong to one field, in one column
    only."""

    def alone(attribute: str, least: float) -> bool:
        return sum(1 for values in columns if getattr(shape_of(values), attribute) >= least) == 1

    out = []
    if shape.count < 3:
        return []
    if "containers" not in taken and shape.container > 0.9:
        rule = {"to": "containers", **({"split": shape.separator} if shape.separator else {})}
        out.append(_Candidate(header, "containers", 0.8, "the values are container numbers (ISO 6346)", rule))
    if "declared_entry" not in taken and shape.basel > 0.9:
        said = "the values are entries of the Basel annexes"
        out.append(_Candidate(header, "declared_entry", 0.75, said, {"to": "declared_entry"}))
    if "operation" not in taken and shape.operation > 0.9:
        out.append(_Candidate(header, "operation", 0.7, "the values are R and D codes", {"to": "operation"}))
    if "hs" not in taken and shape.hs6 >= 0.95 and alone("hs6", 0.95):
        out.append(_Candidate(header, "hs", 0.55, "the only column whose values look like HS codes", {"to": "hs"}))
    if "date" not in taken and shape.iso_date >= 0.95 and alone("iso_date", 0.95):
        out.append(_Candidate(header, "date", 0.55, "the only column of dates", {"to": "date"}))
    return out
