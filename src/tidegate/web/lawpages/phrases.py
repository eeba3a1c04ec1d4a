"""What a rule asks, as phrases in the reader's language: conditions, papers with their terms, periods, scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tidegate.law import Book, Rule
from tidegate.law.conditions import Condition, positive
from tidegate.law.records import Requirement
from tidegate.parties import figures
from tidegate.web import words as shared
from tidegate.web.lawpages import words

STATE_FACTS = frozenset(("export", "import", "origin", "counterpart", "here", "transit"))


@dataclass(frozen=True)
class Phrase:
    """A condition for a page: one line of `text`, or a list of `parts` of which all or any must hold.

    `kind`: `atom`, `all` or `any`.
    """

    kind: str
    text: str = ""
    parts: tuple[Phrase, ...] = ()


@dataclass(frozen=True)
class Paper:
    """A paper that a rule asks for: (kind, name, issuer, meaning) of each that serves, and its terms."""

    choices: tuple[tuple[str, str, str, str], ...]
    terms: tuple[str, ...]
    when: Phrase | None


def listed(items: Iterable[str]) -> str:
    """ "a", "a or b", "a, b or c"."""
    found = list(items)
    if len(found) < 2:
        return "".join(found)
    return _("%(first)s or %(last)s") % {"first": ", ".join(found[:-1]), "last": found[-1]}


def day(value: date) -> str:
    """A date of law as people write it."""
    return figures.day(value)


def number(value: Decimal) -> str:
    """A figure in the reader's language, without a needless exponent or zeros."""
    return figures.number(value)


# ── conditions ─────────────────────────────────────────────────────────────────────────────────────────────


def phrase(condition: Condition | None, book: Book) -> Phrase | None:
    """A condition as a tree of phrases; None when there is none."""
    return _phrase(positive(condition), book) if condition is not None else None


def _phrase(condition: Condition, book: Book) -> Phrase:
    kind = condition[0]
    if kind in ("all", "any"):
        parts = tuple(_phrase(part, book) for part in condition[1])
        flat = tuple(p for part in parts for p in (part.parts if part.kind == kind else (part,)))
        return flat[0] if len(flat) == 1 else Phrase(kind, parts=flat)
    return Phrase("atom", capfirst(_atom(condition, book)))


def line(found: Phrase | None) -> str:
    """A phrase on one line: parts joined by "and" or "or"."""
    if found is None:
        return ""
    if found.kind == "atom":
        return found.text[:1].lower() + found.text[1:] if found.text[1:2].islower() else found.text
    parts = [f"({line(p)})" if p.kind in ("all", "any") and len(found.parts) > 1 else line(p) for p in found.parts]
    return (_(" and ") if found.kind == "all" else _(" or ")).join(parts)


def _atom(condition: Condition, book: Book) -> str:
    denied = condition[0] == "not"
    _kind, name, op, operand = condition[1] if denied else condition
    if op == "holds":
        kinds, before, standard = operand
        template = _("not held: %(papers)s") if denied else _("held: %(papers)s")
        text = template % {"papers": listed(paper_name(k, book) for k in kinds)}
        if before:
            text += " " + _("(issued before %(day)s)") % {"day": day(before)}
        if standard:
            text += " " + _("(to the standard %(standard)s)") % {"standard": standard}
        return text
    if op == "before":
        return (_("from %(day)s on") if denied else _("before %(day)s")) % {"day": day(operand)}
    subject = words.fact(name)
    if isinstance(operand, Decimal):
        figure = f"{number(operand)}\u202f{words.unit(name)}".strip()
        if op == "gt" and operand == 0:
            return _("%(fact)s: any at all") % {"fact": subject}
        if op == "le" and operand == 0:
            return _("%(fact)s: none") % {"fact": subject}
        templates = {
            "gt": _("%(fact)s above %(figure)s"),
            "ge": _("%(fact)s of %(figure)s or more"),
            "lt": _("%(fact)s below %(figure)s"),
            "le": _("%(fact)s of %(figure)s at most"),
        }
        return templates[op] % {"fact": subject, "figure": figure}
    said = listed(_value(name, v, book) for v in operand)
    if operand in ((True,), (False,)):
        return subject if (operand == (True,)) == (op == "in") else words.denied(name)
    if name == "contains":
        template = _("contains %(values)s") if op == "in" else _("does not contain %(values)s")
        return template % {"values": said}
    if name in STATE_FACTS and any(v not in book.states for v in operand):
        template = _("%(fact)s among: %(values)s") if op == "in" else _("%(fact)s not among: %(values)s")
    else:
        template = _("%(fact)s: %(values)s") if op == "in" else _("%(fact)s other than: %(values)s")
    return template % {"fact": subject, "values": said}


def _value(name: str, value: object, book: Book) -> str:
    if name in STATE_FACTS and isinstance(value, str):
        return shared.state_name(value, book.states) if value in book.states else words.group(value)
    if name == "entry":
        return entry_name(str(value))
    return words.value(name, value)


# ── papers ─────────────────────────────────────────────────────────────────────────────────────────────────


def paper_name(kind: str, book: Book) -> str:
    """The name of a kind of paper; `CONSENT:import` says whose."""
    base, colon, place = kind.partition(":")
    record = book.documents.get(base)
    name = shared.book_text(record.name) if record else kind
    if not colon:
        return name
    whose = {
        "import": _("of the State of import"),
        "export": _("of the State of export"),
        "transit": _("of each State of transit"),
    }.get(place)
    if whose is None:
        whose = _("of %(state)s") % {"state": shared.state_name(place, book.states)}
    return f"{name} {whose}"


def papers(rule: Rule, book: Book) -> tuple[Paper, ...]:
    """The papers that a rule asks for."""
    return tuple(_paper(r, book) for r in rule.documents)


def _paper(asked: Requirement, book: Book) -> Paper:
    choices = []
    for kind in asked.kinds:
        record = book.documents.get(kind.partition(":")[0])
        issuer = shared.book_text(record.issuer) if record else ""
        meaning = shared.book_text(record.meaning) if record else ""
        choices.append((kind, paper_name(kind, book), issuer, meaning))
    return Paper(tuple(choices), tuple(_terms(asked)), phrase(asked.when, book))


def _terms(asked: Requirement) -> Iterable[str]:
    if asked.term_days is not None:
        yield ngettext(
            "counts for at most %(days)s day from issue", "counts for at most %(days)s days from issue", asked.term_days
        ) % {"days": asked.term_days}
    if asked.term_years is not None:
        yield ngettext(
            "counts for at most %(years)s year from issue",
            "counts for at most %(years)s years from issue",
            asked.term_years,
        ) % {"years": asked.term_years}
    if asked.renewals_max is not None:
        yield ngettext("may be renewed %(times)s time", "may be renewed %(times)s times", asked.renewals_max) % {
            "times": asked.renewals_max
        }
    if asked.renewal_days is not None:
        yield _("each renewal adds %(days)s days at most") % {"days": asked.renewal_days}
    if asked.standards:
        yield _("to the standard %(standards)s") % {"standards": listed(asked.standards)}
    floor: Decimal | None = None
    for below, least in asked.value_by_tonnes:
        figures = {"least": number(least), "low": number(floor or Decimal(0)), "high": number(below or Decimal(0))}
        if below is None:
            yield _("value of %(least)s or more, from %(low)s t on") % figures
        elif floor is None:
            yield _("value of %(least)s or more, below %(high)s t") % figures
        else:
            yield _("value of %(least)s or more, from %(low)s t to below %(high)s t") % figures
        floor = below
    old_before, old_until = getattr(asked, "old_before", None), getattr(asked, "old_until", None)
    if old_before and old_until:
        yield _("issued before %(issued)s: good until %(until)s at the latest") % {
            "issued": day(old_before),
            "until": day(old_until),
        }
    if asked.longest_years is not None:
        yield _("one for more than %(months)s months is to be checked") % {"months": asked.longest_years * 12}
    if asked.outside:
        yield _("only of States outside this group: %(group)s") % {"group": words.group(asked.outside)}


# ── scope and period ───────────────────────────────────────────────────────────────────────────────────────


def entry_name(code: str) -> str:
    """An entry, or what a group of entries means."""
    return str(words.ENTRY_GROUPS.get(code, code))


def heading_name(code: str) -> str:
    """An HS prefix with its dot, or what a group of headings means."""
    if code in words.HS_GROUPS:
        return str(words.HS_GROUPS[code])
    return ".".join(part for part in (code[:4], code[4:6], code[6:]) if part)


def period(rule: Rule) -> str:
    """From when to when a rule holds, as far as was seen."""
    if rule.valid_from and rule.valid_to:
        if rule.valid_from == rule.valid_to:
            return _("on %(a)s") % {"a": day(rule.valid_from)}
        return _("%(a)s to %(b)s") % {"a": day(rule.valid_from), "b": day(rule.valid_to)}
    if rule.valid_from:
        return _("since %(a)s") % {"a": day(rule.valid_from)}
    if rule.valid_to:
        return _("until %(b)s; first day not seen") % {"b": day(rule.valid_to)}
    return _("in force; first day not seen") if rule.binds else _("first day not seen")
