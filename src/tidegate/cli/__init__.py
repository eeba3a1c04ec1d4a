"""The `tidegate` command. Each verb lives in a module of its own and is imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

# verb → (module, one line of help). A module has `configure(parser)` and `run(args) -> int`.
VERBS = {
    "screen": ("tidegate.cli.screen", "screen shipments of a file or of standard input against dated law"),
    "law": ("tidegate.cli.law", "show, search, compare, check, change and export the rulebook"),
    "map": ("tidegate.cli.map", "guess or check a column map for a file"),
    "generate": ("tidegate.cli.generate", "write plausible declarations for trials and benchmarks"),
    "report": ("tidegate.cli.report", "write the decision on one shipment as a PDF"),
    "exchange": ("tidegate.cli.exchange", "messages between States: what waits, deliver, verify the logs, keys"),
    "keeping": ("tidegate.cli.keeping", "what is due to be erased after its period of keeping, and erasing it"),
    "journal": ("tidegate.cli.journal", "verify, seal or show the end of the journal's chain"),
    "authority": ("tidegate.cli.authority", "set up a State with its first authority and manager"),
    "verify": ("tidegate.cli.verify", "check a certificate with no network: valid, invalid or unknown"),
    "border": ("tidegate.cli.border", "check permits and consents at the border; write off by line file"),
    "serve": ("tidegate.cli.serve", "serve the web application"),
    "demo": ("tidegate.cli.demo", "screen the example file, print a summary, serve the web application"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb. Exit: 0 done, 1 refused by --strict, 2 wrong usage or unreadable input, 3 nothing decided."""
    _stand_in()
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="tidegate",
        description="Screens plastic-waste shipments against dated law, with reasons.",
        epilog="`tidegate VERB --help` explains a verb. Documentation: docs/ in the source tree.",
    )
    parser.add_argument("--version", action="store_true", help="print the version of Tidegate and of its rulebook")
    chosen = next((a for a in arguments if not a.startswith("-")), None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for verb, (module, text) in VERBS.items():
        sub = verbs.add_parser(verb, help=text, description=text[0].upper() + text[1:] + ".")
        if verb == chosen:
            importlib.import_module(module).configure(sub)
    args = parser.parse_args(arguments)
    if args.version:
        from tidegate import __version__
        from tidegate.law import load_rulebook

        print(f"tidegate {__version__}, rulebook {load_rulebook().label}")
        return 0
    if not args.verb:
        parser.print_help()
        return 2
    try:
        return int(importlib.import_module(VERBS[args.verb][0]).run(args))
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print("tidegate: stopped", file=sys.stderr)
        return 130


def _stand_in() -> None:
    """Gives what was started without standard input, output or error an empty one: files that are opened later would
    take its number otherwise."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (as long as the process)


if __name__ == "__main__":
    sys.exit(main())
