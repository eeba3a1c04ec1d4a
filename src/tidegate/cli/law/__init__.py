"""`tidegate law`: show, search, compare, check, change and export the rulebook.

The sub-verbs live in the modules of this package; each sub-verb imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tidegate.cli.law import checks, days, reading, upkeep

# modules, each with VERBS: sub-verb → (one line of help, configure(parser), run(args) -> int)
MODULES = (reading, days, checks, upkeep)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds every sub-verb to the parser of `tidegate law`."""
    verbs = parser.add_subparsers(dest="law_verb", metavar="WHAT", required=True)
    for module in MODULES:
        for verb, (text, configure_verb, run_verb) in module.VERBS.items():
            sub = verbs.add_parser(verb, help=text, description=text[0].upper() + text[1:] + ".")
            sub.add_argument(
                "--rulebook",
                metavar="DIR",
                action="append",
                type=Path,
                help="lay this folder of rulebook files over the shipped book (may be repeated)",
            )
            configure_verb(sub)
            sub.set_defaults(run_law=run_verb)


def run(args: argparse.Namespace) -> int:
    """Runs the sub-verb. Exit status: 0 done, 1 findings, 2 wrong usage or unreadable input."""
    from tidegate.formats import FormatError
    from tidegate.law import RulebookError
    from tidegate.law.proposals import ProposalError
    from tidegate.screening.scenarios import ScenarioError

    try:
        return int(args.run_law(args))
    except BrokenPipeError:
        raise  # the reader of our output has gone; the command as a whole deals with it
    except (RulebookError, ScenarioError, ProposalError, FormatError, OSError) as error:
        print(f"tidegate law {args.law_verb}: {error}", file=sys.stderr)
        return 2
