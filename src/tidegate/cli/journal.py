"""`tidegate journal`: the chain of a State's journal, looked at from the machine that keeps it."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC

EPILOG = """\
verify  works every digest and head out again; says the first number that does not hold (exit 1)
seal    numbers and chains what is committed now, without waiting for a worker
tail    the last number and head of each State, and how many entries wait to be sealed

Keep the line that `tail` prints somewhere else: `verify --state VN --number N --head H` shows whether the journal still
ends, or passed, where it did then. Which database: TIDEGATE_DATA_DIR or TIDEGATE_DATABASE_URL, and --settings.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("what", choices=("verify", "seal", "tail"))
    parser.add_argument("--state", metavar="CC", help="only this State, ISO 3166-1 alpha-2 (default: all kept here)")
    parser.add_argument("--number", type=int, metavar="N", help="with verify: a number that was noted, with its head")
    parser.add_argument("--head", metavar="HEX", help="with verify: the head that was noted for --number")
    parser.add_argument("--settings", choices=("demo", "dev", "office"), help="which settings (default: as `serve`)")


def run(args: argparse.Namespace) -> int:
    """Exit: 0 all holds, 1 the chain is broken, 2 wrong usage or no database."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    if (args.number is None) != (args.head is None) or (args.number is not None and args.what != "verify"):
        return _wrong("--number and --head go together, with `verify`")
    if args.number is not None and not args.state:
        return _wrong("--number is a number of one State's journal: name it with --state")
    if args.settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = f"tidegate.web.settings.{args.settings}"
    try:
        import django

        from tidegate.web.serve import DEFAULT_SETTINGS

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", DEFAULT_SETTINGS)
        django.setup()
        return _run(args)
    except (ImproperlyConfigured, DatabaseError) as error:
        return _wrong(f"the database cannot be read: {error}")


def _run(args: argparse.Namespace) -> int:
    from tidegate.parties import sealing
    from tidegate.parties.models import State

    states = State.objects.filter(here=True)
    if args.state:
        states = states.filter(pk=args.state.upper())
    codes = [state.code for state in states]
    if not codes:
        return _wrong(f"no State {args.state.upper()} is kept here" if args.state else "no State is kept here yet")
    broken = False
    for code in codes:
        if args.what == "seal":
            print(f"{code}  {sealing.seal(code)} sealed")
        elif args.what == "tail":
            print(_said(sealing.tail(code)))
        else:
            broken |= not _verify(args, code)
    return 1 if broken else 0


def _verify(args: argparse.Namespace, code: str) -> bool:
    from tidegate.parties import sealing

    tail = sealing.tail(code)
    number = sealing.verify(code)
    if number is not None:
        print(f"{code}  BROKEN at number {number}: the entry is gone, was altered, or does not follow the one before")
        return False
    if args.number is not None:
        head = sealing.head_at(code, args.number)
        if head is None:
            print(f"{code}  BROKEN: it ends at number {tail.number}, and number {args.number} was noted")
            return False
        if head != args.head.lower():
            print(f"{code}  BROKEN: number {args.number} has another head than was noted")
            return False
    print(f"{code}  holds: {tail.number} sealed, {tail.unsealed} not sealed yet")
    return True


def _said(tail: object) -> str:
    from tidegate.parties.sealing import Tail

    assert isinstance(tail, Tail)
    since = f" since {tail.waiting_since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if tail.waiting_since else ""
    return f"{tail.state}  number {tail.number}  head {tail.head}  not sealed {tail.unsealed}{since}"


def _wrong(text: str) -> int:
    print(f"tidegate journal: {text}", file=sys.stderr)
    return 2
