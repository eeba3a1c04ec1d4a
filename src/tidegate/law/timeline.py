"""When the law changes: what begins and ends, the spans of the rules, and a calendar file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tidegate.law.records import Book, Rule
from tidegate.law.wording import caution_text, layer_text

DAY = timedelta(days=1)
BEGINS, ENDS = "begins", "ends"


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that begins on `date`, or that no longer holds from `date` on."""

    date: date
    what: str
    rule: Rule

    @property
    def sentence(self) -> str:
        """`TH-IMP-BAN-2025 begins`."""
        return f"{self.rule.id} {self.what}"


@dataclass(frozen=True, slots=True)
class Span:
    """The days on which a rule holds, both ends included; None where no start was seen or no end is known."""

    rule: Rule
    start: date | None
    end: date | None


def changes(
    book: Book, start: date, end: date | None = None, *, state: str | None = None, layer: str | None = None
) -> list[Change]:
    """What begins or ends from `start` to `end` (both included), in the order of the days.

    `state`: only the national rules of that State. `layer`: only this layer (`basel`, `national:TH:import`).
    A rule that ends is told on the first day on which it no longer holds.
    """
    out = []
    for rule in book.rules.values():
        if (state is not None and rule.state != state) or (layer is not None and rule.layer_name != layer):
            continue
        if rule.valid_from is not None:
            out.append(Change(rule.valid_from, BEGINS, rule))
        if rule.valid_to is not None:
            out.append(Change(rule.valid_to + DAY, ENDS, rule))
    wanted = [c for c in out if start <= c.date and (end is None or c.date <= end)]
    return sorted(wanted, key=lambda c: (c.date, c.what == BEGINS, c.rule.order))


def spans(book: Book, *, state: str | None = None, layer: str | None = None) -> list[Span]:
    """The rules of a State or a layer with their periods, those that began first on top."""
    rules = [
        r
        for r in book.rules.values()
        if (state is None or r.state == state) and (layer is None or r.layer_name == layer)
    ]
    rules.sort(key=lambda r: (r.valid_from or date.min, r.valid_to or date.max, r.order))
    return [Span(r, r.valid_from, r.valid_to) for r in rules]


def states(book: Book) -> dict[str, list[Span]]:
    """Spans by State, for every State whose law the book holds, by name."""
    codes = sorted(book.national_states, key=lambda iso: book.states[iso].name if iso in book.states else iso)
    return {iso: spans(book, state=iso) for iso in codes}


# ── the calendar file (RFC 5545) ───────────────────────────────────────────────────────────────────────────


def icalendar(book: Book, coming: Iterable[Change], *, stamp: datetime, name: str, address: str = "") -> str:
    """The changes as the text of a calendar file, one all-day event each.

    `stamp`: the moment at which the file is made, aware. `name`: title of the calendar. `address`: where
    the pages of the law stand, such as `https://tidegate.example/law`; a link to the rule is made from it.
    An event keeps its UID when its date moves, so that a calendar that subscribes moves it too.
    """
    if stamp.tzinfo is None:
        raise ValueError("stamp: expected an aware time")
    moment = stamp.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//Tidegate//Rulebook {_text(book.version)}//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
    ]
    for change in coming:
        lines += _event(book, change, moment, address)
    lines.append("END:VCALENDAR")
    return "".join(folded for line in lines for folded in _folded(line))


def _event(book: Book, change: Change, moment: str, address: str) -> Iterator[str]:
    rule = change.rule
    place = layer_text(book, rule)
    caution = caution_text(rule)
    parts = [rule.text, rule.instrument, rule.url] + ([f"({caution})"] if caution else [])
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(rule.id)}.{change.what}@rulebook.tidegate"
    yield f"DTSTAMP:{moment}"
    yield f"DTSTART;VALUE=DATE:{change.date:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{change.date + DAY:%Y%m%d}"
    yield f"SUMMARY:{_text(f'{place}: {change.sentence}')}"
    yield f"DESCRIPTION:{_text(chr(10).join(p for p in parts if p))}"
    yield f"CATEGORIES:{_text(place)},{_text(rule.kind if rule.regime is None else rule.regime)}"
    if address:
        yield f"URL:{address.rstrip('/')}/rules/{rule.id}"
    yield "STATUS:" + ("CONFIRMED" if rule.binds and rule.dates == "seen" else "TENTATIVE")
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _text(value: str) -> str:
    """Escaped as a TEXT value (section 3.3.11)."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets, no character cut in two (section 3.1)."""
    piece, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > 75:
            yield piece + "\r\n"
            piece, size = " ", 1
        piece += character
        size += width
    yield piece + "\r\n"
