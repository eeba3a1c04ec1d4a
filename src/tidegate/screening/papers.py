"""Whether the papers held satisfy what a rule asks for: kind, dates, terms and renewals, standard, value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from tidegate.law.records import Book, Requirement
from tidegate.screening.shipment import Document, Shipment

NOT_HELD, EXPIRED, WRONG_STANDARD, TOO_SMALL = "not held", "expired", "wrong standard", "too small"
# how near a failing paper comes: the nearest says why
NEARNESS = {NOT_HELD: 0, EXPIRED: 1, WRONG_STANDARD: 2, TOO_SMALL: 3}
KG_PER_TONNE = Decimal(1000)


def end_of(document: Document, day: date, rule: Requirement | None = None) -> tuple[date | None, bool]:
    """(last valid day or None, whether it could be worked out).

    A term of N days (years) ends N days (years) after the day of issue, that day included; a renewal adds its
    days to the end (contract). A printed end and a rule's longest term both hold: the earlier one counts. A period
    longer than the rule lets a paper name does not hold for sure.
    """
    ends = [document.valid_to] if document.valid_to else []
    known = bool(ends)
    if rule is not None and (rule.term_days or rule.term_years):
        if document.issued is None:
            known = False
        else:
            ends.append(
                later(document.issued, rule.term_days)
                if rule.term_days
                else add_years(document.issued, rule.term_years or 0)
            )
            known = True
    if (
        rule is not None
        and rule.old_before
        and rule.old_until
        and document.issued
        and document.issued < rule.old_before
    ):
        ends.append(rule.old_until)
        known = True
    if not ends:
        return None, False
    end = min(ends)
    renewals = [r for r in document.renewals if r[0] is None or r[0] <= day]
    if rule is not None and rule.renewals_max is not None:
        renewals = renewals[: rule.renewals_max]
    for _, days in renewals:
        if days is not None:
            end = later(end, min(days, rule.renewal_days) if rule and rule.renewal_days else days)
    if end < day and any(days is None for _, days in renewals):
        return None, False  # renewed, nobody says for how long
    return end, known and not (rule is not None and _too_long(document, rule))


def _too_long(document: Document, rule: Requirement) -> bool:
    """Whether its period is longer than the rule lets it be, or may be: a paper that names its end alone hides it."""
    if rule.longest_years is None or document.valid_to is None:
        return False
    begins = document.valid_from or document.issued
    return begins is None or document.valid_to > add_years(begins, rule.longest_years)


def turning_days(document: Document, rule: Requirement | None = None) -> set[date]:
    """The days from which on a paper may be judged otherwise: it begins, is renewed, or has ended."""
    begins = {d for d in (document.issued, document.valid_from, *(r[0] for r in document.renewals)) if d}
    ends = {end_of(document, day, rule)[0] for day in (date.min, *begins, date.max)}
    return begins | {later(end, 1) for end in ends if end}


def later(day: date, days: int) -> date:
    """`days` after a day; the last day that a calendar holds where that lies beyond it."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max


def add_years(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 28. The last day of the calendar where that lies beyond it."""
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def in_time(document: Document, day: date, rule: Requirement | None = None) -> bool:
    """Whether the paper is valid on `day`, as far as its fields tell."""
    if document.valid_from is not None and day < document.valid_from:
        return False
    if document.issued is not None and day < document.issued:
        return False
    end, _ = end_of(document, day, rule)
    return end is None or day <= end


def held(
    s: Shipment, kinds: Sequence[str], day: date, issued_before: date | None = None, standard: str | None = None
) -> bool:
    """Whether a valid paper of one of the kinds is shown. What is not shown is not held."""
    for document in s.documents or ():
        if document.kind not in kinds or not in_time(document, day):
            continue
        if issued_before is not None and (document.issued is None or document.issued >= issued_before):
            continue
        if standard is not None and (document.standard is None or norm(document.standard) != norm(standard)):
            continue
        return True
    return False


def check(s: Shipment, kinds: Sequence[str], rule: Requirement, day: date, book: Book) -> tuple[str | None, str | None]:
    """(why it is missing or None, kind to verify or None) for one requirement on `day`."""
    why = NOT_HELD
    unsure: str | None = None
    for document in s.documents or ():
        if document.kind not in kinds:
            continue
        fault = _fault(s, document, rule, day)
        if fault is not None:
            why = max(why, fault, key=NEARNESS.__getitem__)
            continue
        kind = book.documents.get(document.kind.partition(":")[0])
        known = end_of(document, day, rule)[1]
        has_term = bool(rule.term_days or rule.term_years or rule.longest_years) or (kind is not None and kind.dated)
        loose = (has_term and not known) or (rule.standards and document.standard is None)
        loose = loose or bool(rule.value_by_tonnes and document.value is None)
        if not loose:
            return None, None
        unsure = document.kind
    return (None, unsure) if unsure is not None else (why, None)


def _fault(s: Shipment, document: Document, rule: Requirement, day: date) -> str | None:
    if document.valid_from is not None and day < document.valid_from:
        return NOT_HELD
    if document.issued is not None and day < document.issued:
        return NOT_HELD
    if not in_time(document, day, rule):
        return EXPIRED
    named = rule.standards and document.standard
    if named and norm(named) not in {norm(x) for x in rule.standards}:
        return WRONG_STANDARD
    if rule.value_by_tonnes and document.value is not None:
        needed = least_value(rule.value_by_tonnes, s.net_kg)
        if document.value < needed:
            return TOO_SMALL
    return None


def least_value(steps: Sequence[tuple[Decimal | None, Decimal]], net_kg: Decimal | None) -> Decimal:
    """The least value that the step function asks for; the largest step when the mass is not known."""
    if net_kg is None:
        return max(value for _, value in steps)
    for below, value in steps:
        if below is None or net_kg < below * KG_PER_TONNE:
            return value
    return steps[-1][1]


def norm(standard: str) -> str:
    """QCVN 32:2018/BTNMT and QCVN32:2018 are one standard."""
    return standard.upper().replace(" ", "").replace("-", "").split("/")[0]
