"""`tidegate keeping`: what is due to be erased, and erasing it."""

from __future__ import annotations

import argparse
import os
import sys

EPILOG = """\
Without --do nothing changes: every case whose period of keeping is over is listed, with its end, its files, and whether
a legal hold stops it. With --do what is not held is erased, each case in a transaction of its own and in the journal.
Hashes and the journal stay; a second run finds nothing. Erase after a backup's own life is over, or in it as well.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--do", action="store_true", help="erase what is due and not held")
    parser.add_argument("--state", metavar="CC", help="only this State, ISO 3166-1 alpha-2 (default: all kept here)")
    parser.add_argument("--settings", choices=("demo", "dev", "office"), help="which settings (default: as `serve`)")


def run(args: argparse.Namespace) -> int:
    """Exit: 0 done, 2 wrong usage or no database."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

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
    from tidegate.movements import keeping
    from tidegate.parties.models import State

    states = State.objects.filter(here=True).order_by("code")
    if args.state:
        states = states.filter(pk=args.state.upper())
        if not states:
            return _wrong(f"no State {args.state.upper()} is kept here")
    erased = waiting = held = 0
    for state in states:
        for one in list(keeping.due(state.code)):
            done = None
            if args.do and not one.stopped:
                done = keeping.erase(state.code, one)
            word = "held" if one.stopped else "due" if done is None else "erased"
            print(f"{state.code}  {word:6}  {one.kind:12}  {one.case}  kept until {one.due_on}  files {one.files}")
            held, waiting, erased = held + one.stopped, waiting + (word == "due"), erased + (word == "erased")
    print(f"{erased} erased, {waiting} due, {held} held")
    return 0


def _wrong(text: str) -> int:
    print(f"tidegate keeping: {text}", file=sys.stderr)
    return 2
