"""What a person types: days and States."""

from __future__ import annotations

import argparse
from datetime import date, datetime

from tidegate.cli.law import output
from tidegate.law import Book


def today() -> date:
    """The day where the command runs."""
    return datetime.now().astimezone().date()


def day(text: str) -> date:
    """A day from the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, expected YYYY-MM-DD") from None


def count(text: str) -> int:
    """How many, from the command line: none at least."""
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of things, expected such as 20")


def at_least_one(text: str) -> int:
    """How many, from the command line, where none would be no answer."""
    if found := count(text):
        return found
    raise argparse.ArgumentTypeError(f"{text!r}: expected 1 or more")


def heading(text: str) -> str:
    """An HS heading or code, without its dots and spaces."""
    digits = text.replace(".", "").replace(" ", "")
    if digits.isascii() and digits.isdecimal() and 4 <= len(digits) <= 10:
        return digits
    raise argparse.ArgumentTypeError(f"{text!r} is not an HS heading, expected 4 to 10 digits such as 3915")


def find_state(book: Book, text: str) -> str | None:
    """The code of a State given as code or name."""
    upper = text.upper()
    if upper in book.states:
        return upper
    named = [s.iso for s in book.states.values() if s.name.casefold() == text.casefold() or s.iso3 == upper]
    return named[0] if named else None


def need_state(book: Book, text: str, verb: str) -> str:
    """As find_state; ends the command where there is no such State."""
    found = find_state(book, text)
    if found is None:
        output.problem(verb, f"state {text!r}: no such State, expected ISO 3166-1 alpha-2 such as MY, or its name")
        raise SystemExit(2)
    return found


def need_state_or_group(book: Book, text: str, verb: str) -> str:
    """As need_state, for what may also be a dated group of States."""
    return text if any(text in state.groups for state in book.states.values()) else need_state(book, text, verb)
