"""Which column is which field: the guess, the form in which a person changes it, and the map that comes of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tidegate.formats.fields import canonical
from tidegate.law import Book
from tidegate.web import words
from tidegate.web.batch.source import Column, Look, Problem, Trial, rule_for
from tidegate.web.batch.targets import REQUIRED, is_field, label

# The name of maps made by this form; any other map is a file's, and is taken whole.
CONFIRMED = "confirmed"
OPTIONS = ("encoding", "delimiter", "sheet", "header_row")
CONSTANTS = ("export", "import", "date")
ID_PARTS = 3
# Columns beyond these are kept beside the decisions and cannot be chosen here; a map file can name them.
MOST_COLUMNS = 150
# A column is marked where one in so many of the first rows is refused because of it.
BAD_SHARE = 5
ENCODINGS: tuple[tuple[str, str | Promise], ...] = (
    ("utf-8", "UTF-8"),
    ("utf-16", "UTF-16"),
    ("cp1252", gettext_lazy("Windows-1252, Western European")),
    ("cp874", gettext_lazy("Windows-874, Thai")),
    ("tis-620", gettext_lazy("TIS-620, Thai")),
    ("cp1258", gettext_lazy("Windows-1258, Vietnamese")),
    ("gb18030", gettext_lazy("GB 18030, Chinese")),
    ("big5", gettext_lazy("Big5, Chinese")),
    ("shift_jis", gettext_lazy("Shift JIS, Japanese")),
    ("euc-kr", gettext_lazy("EUC-KR, Korean")),
)
DELIMITERS: tuple[tuple[str, str | Promise], ...] = (
    (",", gettext_lazy("comma")),
    (";", gettext_lazy("semicolon")),
    ("\t", gettext_lazy("tab")),
    ("|", gettext_lazy("vertical bar")),
)


@dataclass
class Choices:
    """What a person (or the guess) has chosen. `columns`: header → field, "" where the column is only kept."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)

    @property
    def chosen(self) -> Counter[str]:
        """How many columns each field has."""
        return Counter(target for target in self.columns.values() if target)


def guessed(look: Look, options: Mapping[str, str] | None = None) -> Choices:
    """The choices that the guess proposes."""
    return Choices({column.header: column.choice for column in look.columns}, options=dict(options or {}))


def kept(definition: Mapping[str, Any], look: Look) -> Choices:
    """The choices that a map of this form stands for."""
    columns = {}
    rules = definition.get("columns", {})
    for header in look.headers:
        rule = rules.get(header, canonical(header) or "") if header in rules else _own(header)
        columns[header] = rule if isinstance(rule, str) else str((rule or {}).get("to", ""))
    template = str(definition.get("templates", {}).get("id", ""))
    parts = [part.partition("}")[0] for part in template.split("{")[1:]]
    return Choices(columns, dict(definition.get("constants", {})), parts, options_of(definition))


def options_of(definition: Mapping[str, Any] | None) -> dict[str, str]:
    """How a map says that the file is to be read."""
    return {key: str(value) for key, value in (definition or {}).get("source", {}).items() if key in OPTIONS}


def posted_options(post: QueryDict) -> dict[str, str]:
    """How the form says that the file is to be read."""
    found = {key: value for key in OPTIONS if (value := post.get(f"source_{key}", "").strip())}
    if post.get("source_delimiter") == "\t":
        found["delimiter"] = "\t"
    return found


def posted(post: QueryDict, look: Look, options: Mapping[str, str]) -> Choices:
    """The choices of the form. A column that the form did not show keeps its guess."""
    columns = {}
    for number, column in enumerate(look.columns):
        target = post.get(f"c{number}", column.choice if number >= MOST_COLUMNS else "").strip()
        columns[column.header] = target if is_field(target) else ""
    constants = {name: value for name in CONSTANTS if (value := post.get(f"all_{name}", "").strip())}
    parts = [part for n in range(ID_PARTS) if (part := post.get(f"id{n}", "")) in columns]
    return Choices(columns, constants, list(dict.fromkeys(parts)), dict(options))


def definition(choices: Choices, look: Look) -> dict[str, Any] | None:
    """The map that the choices stand for, as `formats.load_map` reads it; None where none is needed: every column is
    called as the contract calls it, and none is taken for anything else."""
    made: dict[str, Any] = {"name": CONFIRMED, "columns": {}}
    plain = not (choices.constants or choices.parts or choices.options)
    for column in look.columns:
        target = choices.columns.get(column.header, "")
        own = canonical(column.header)
        if target == (own or ""):
            if own is None:
                continue
            if own != column.header:
                made["columns"][column.header] = rule_for(column, target)
            elif _converts(column):
                made["columns"][column.header] = column.rule
                plain = False
            continue
        plain = False
        made["columns"][column.header] = rule_for(column, target) if target else None
    if plain:
        return None
    constants = {name: value for name, value in choices.constants.items() if name not in choices.chosen}
    if constants:
        made["constants"] = constants
    if choices.parts and "id" not in choices.chosen:
        made["templates"] = {"id": "-".join(f"{{{part}}}" for part in choices.parts)}
    if choices.options:
        made["source"] = dict(choices.options)
    return made


def _own(header: str) -> str:
    name = canonical(header)
    return name if name == header else ""


def _converts(column: Column) -> bool:
    """Whether a column that is named like a field needs its values turned all the same (days, decimal signs)."""
    return isinstance(column.rule, Mapping) and len(column.rule) > 1 and column.rule.get("to") == column.choice


@dataclass(frozen=True)
class Line:
    """A column as the form shows it.

    `level`: sure, likely or doubtful; "" where a person chose, or nobody. `error`: why it cannot stay so; `problem`:
    rows that cannot be read because of it, `bad` where those are many.
    """

    number: int
    header: str
    values: list[str]
    choice: str
    level: str
    percent: int
    reason: words.InLanguage
    error: str
    problem: str = ""
    bad: bool = False


@dataclass
class Form:
    """The whole form: lines, what still lacks, and what the first rows come to."""

    lines: list[Line]
    choices: Choices
    missing: list[str]
    errors: list[str]
    hidden: int = 0

    @property
    def ready(self) -> bool:
        return not (self.errors or self.missing or any(line.error for line in self.lines))


def form(choices: Choices, look: Look, book: Book, tried: Trial | None) -> Form:
    """The form for these choices."""
    doubled = {target for target, count in choices.chosen.items() if count > 1}
    lines = []
    for number, column in enumerate(look.columns[:MOST_COLUMNS]):
        choice = choices.columns.get(column.header, "")
        level, percent, reason = _certainty(column, choice)
        error, said, bad = "", "", False
        if choice in doubled:
            error = _("Another column is taken for “%(field)s” too: only one can be.") % {"field": label(choice, book)}
        elif tried is not None and choice and (problem := tried.problems.get(choice)) is not None:
            said = _problem(problem, tried.rows)
            bad = problem.count * BAD_SHARE >= tried.rows
        told = words.sentences(reason)
        why = words.InLanguage(in_letters(told), told.lang)
        lines.append(Line(number, column.header, column.values, choice, level, percent, why, error, said, bad))
    have = {*choices.chosen, *choices.constants, *(["id"] if choices.parts else [])}
    missing = [name for name in REQUIRED if name not in have]
    errors = []
    for name, value in choices.constants.items():
        if name in choices.chosen:
            continue
        if name == "date":
            if not _is_day(value):
                errors.append(_("“%(value)s” is no day; expected: YYYY-MM-DD.") % {"value": value})
        elif value not in book.states:
            errors.append(_("“%(value)s” is no State.") % {"value": value})
    return Form(lines, choices, missing, errors, hidden=max(0, len(look.columns) - MOST_COLUMNS))


def _certainty(column: Column, choice: str) -> tuple[str, int, str]:
    """How sure the guess is, in a word and per cent, and why; nothing where the choice is not the guess."""
    guess = column.guess
    if guess is None or guess.field != choice:
        if choice and choice == canonical(column.header):
            return "sure", 100, _("named %(field)s as in the contract") % {"field": choice}
        return "", 0, ""
    level = "sure" if guess.confidence >= 0.85 else "likely" if guess.confidence >= 0.65 else "doubtful"
    return level, round(100 * guess.confidence), guess.reason


def _problem(problem: Problem, rows: int) -> str:
    """What rows were refused for, in a sentence."""
    return _(
        "%(count)s of the first %(rows)s rows cannot be read. Row %(row)s: “%(value)s”; expected: %(expected)s."
    ) % {
        "count": problem.count,
        "rows": rows,
        "row": problem.row,
        "value": problem.value,
        "expected": expectation(problem.expected),
    }


def expectation(text: str) -> words.InLanguage:
    """What a reject expected, in the reader's language as far as there is a translation of it."""
    said = words.book_text(text)
    return words.InLanguage(in_letters(said), said.lang)


def in_letters(text: str) -> str:
    """Forms of days as people write them: ``%d/%m/%Y`` → DD/MM/YYYY."""
    return re.sub(r"%([dmYybBHM])", lambda found: _DAY_LETTERS[found[1]], text)


_DAY_LETTERS = {"d": "DD", "m": "MM", "Y": "YYYY", "y": "YY", "b": "Mon", "B": "Month", "H": "hh", "M": "mm"}


def _is_day(value: str) -> bool:
    from datetime import date

    try:
        return len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False
