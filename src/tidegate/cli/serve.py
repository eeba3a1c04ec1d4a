"""`tidegate serve`: the web application on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

SETTINGS = ("demo", "dev", "office")
EPILOG = """\
`demo` is for one person: loopback, plain HTTP, every batch open; background jobs run inside the server. `office` is a
shared installation behind a proxy with HTTPS; it needs a second process for its background jobs, `tidegate serve
--settings office --worker`, or several. docs/operators.md says how to set it up, back it up and upgrade it. State lies
in TIDEGATE_DATA_DIR.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    add_address(parser)
    parser.add_argument(
        "--settings", choices=SETTINGS, help="which settings (default: DJANGO_SETTINGS_MODULE, or demo)"
    )
    parser.add_argument(
        "--worker", action="store_true", help="do background jobs (batches) until told to stop; serve no pages"
    )
    parser.add_argument("--drain", action="store_true", help="with --worker: do the jobs that are waiting, then end")


def add_address(parser: argparse.ArgumentParser) -> None:
    """Where to serve; the same for every verb that does."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=port, default=8000, help="port to listen at (default: %(default)s)")


def port(text: str) -> int:
    """A port number."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 0 < number < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; expected 1 to 65535")
    return number


def run(args: argparse.Namespace) -> int:
    """Serves, or works, until Ctrl-C. Exit status 2 when the address cannot be served or the settings are wrong."""
    settings = f"tidegate.web.settings.{args.settings}" if args.settings else None
    if args.worker:
        return work_with(settings, drain=args.drain)
    if args.drain:
        print("tidegate serve: --drain goes with --worker", file=sys.stderr)
        return 2
    return serve_at(args.host, args.port, settings)


def work_with(settings: str | None, *, drain: bool) -> int:
    """Does background jobs; what stands in the way is said in one sentence. SIGTERM and Ctrl-C end it."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from tidegate.web.jobs import work

    if not drain:
        print("Tidegate does background jobs  (Ctrl-C ends it)", file=sys.stderr, flush=True)
    try:
        work(settings, drain=drain)
    except (ImproperlyConfigured, DatabaseError) as error:
        print(f"tidegate serve --worker: {error}", file=sys.stderr)
        return 2
    return 0


def serve_at(host: str, number: int, settings: str | None, ready: Callable[[str], None] | None = None) -> int:
    """Serves; what stands in the way is said in one sentence. `ready` is told the address."""
    from django.core.exceptions import ImproperlyConfigured

    from tidegate.web.serve import CannotServe, serve

    if sys.stderr.isatty():
        # Tables and, in the demo, its cases are made at the first start: nobody should take that for a hang.
        print("starting; the first start takes up to a minute …", file=sys.stderr, flush=True)
    try:
        serve(host, number, settings, ready=ready)
    except (CannotServe, ImproperlyConfigured) as error:
        print(f"tidegate serve: {error}", file=sys.stderr)
        return 2
    return 0
