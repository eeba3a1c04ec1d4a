"""`tidegate demo`: screens the example file, prints a summary, and shows the result in the web application.

Numbered steps of `run`:
 1. unless `--no-serve`: see that the address is free
 2. screen the shipped example of about ten thousand declarations, through the same function as `tidegate screen`
 3. print what came of it, what was rejected and why, and where the result lies
 4. unless `--no-serve`: hand the result to the batch page and serve until Ctrl-C
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.cli.serve import add_address, serve_at

if TYPE_CHECKING:
    from tidegate.batch import Summary

SETTINGS = "tidegate.web.settings.demo"
SHOWN_REJECTS = 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("--no-serve", action="store_true", help="end after the summary")
    add_address(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE.parquet", help="where to write the decisions (default: in the data folder)"
    )


def run(args: argparse.Namespace) -> int:
    """Screens, prints, serves. Exit status as for `tidegate screen` and `tidegate serve`."""
    from tidegate.cli.screen import describe
    from tidegate.formats import FormatError
    from tidegate.law import RulebookError

    if not args.no_serve and (trouble := taken(args.host, args.port)):
        print(f"tidegate demo: {trouble}", file=sys.stderr)
        return 2
    try:
        output = Path(args.output) if args.output else data_folder() / "demo-decisions.parquet"
        if output.suffix.lower() != ".parquet":
            raise ValueError(f"{output}: the demo writes Parquet; give a name that ends with .parquet")
        example = shipped_example()
        summary = screen_example(example, output)
    except (FormatError, RulebookError, OSError, ValueError) as error:
        print(f"tidegate demo: {describe(error)}", file=sys.stderr)
        return 2
    report(summary, example, output)
    if summary.decided == 0:
        print("tidegate demo: no row could be decided", file=sys.stderr)
        return 3
    if args.no_serve:
        return 0
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    page = show(output, example, summary)
    if page is None:
        return 2
    return serve_at(args.host, args.port, SETTINGS, lambda address: say_where(address, page))


def taken(host: str, number: int) -> str:
    """Why the result could not be shown at this address; "" where it can. Known before anything is screened."""
    from tidegate.web.serve import CannotServe, check_free

    try:
        check_free(host, number)
    except CannotServe as error:
        return f"{error} with --port, or leave the pages out with --no-serve"
    return ""


def shipped_example() -> Path:
    """The example file, the same in a checkout and in an installed package."""
    from tidegate.formats.generate.example import SHIPPED

    if not SHIPPED.is_file():
        raise FileNotFoundError(2, "no such file", str(SHIPPED))
    return SHIPPED


def data_folder() -> Path:
    """Where the web application keeps its state, made when it is not there. Raises OSError, ValueError."""
    from django.core.exceptions import ImproperlyConfigured

    from tidegate.web.settings.datadir import data_dir

    try:
        return data_dir()
    except ImproperlyConfigured as error:
        raise ValueError(str(error)) from None


def screen_example(example: Path, output: Path) -> Summary:
    """Decisions of the example in full form, with what the batch page shows beside them."""
    from tidegate.batch import WHOLE_SHIPMENT, screen_file
    from tidegate.law import default_overlays, load_rulebook

    book = load_rulebook(default_overlays())
    with bar() as progress:
        return screen_file(example, output, progress=progress, book=book, keep=WHOLE_SHIPMENT)


def report(summary: Summary, example: Path, output: Path) -> None:
    """The summary, the first rejects, and where everything lies."""
    from rich.console import Console
    from rich.markup import escape

    from tidegate.cli.summary import print_summary
    from tidegate.formats import rejects_path

    print_summary(summary)
    console = Console(highlight=False, soft_wrap=True)
    rejects = rejects_path(output)
    if summary.rejected:
        console.print("\n[bold]rejected[/]")
        for record in first_rejects(rejects):
            error = record.get("error") or {}
            console.print(escape(f"row {record.get('row')}  {record.get('id')}  {error.get('message', '')}"))
    console.print(f"\nexample    {escape(str(example))}")
    console.print(f"decisions  {escape(str(output))}")
    if summary.rejected:
        console.print(f"rejects    {escape(str(rejects))}")


def first_rejects(path: Path) -> list[dict[str, Any]]:
    """The first few records of a rejects file."""
    found: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if len(found) == SHOWN_REJECTS:
                break
            found.append(json.loads(line))
    return found


def show(output: Path, example: Path, summary: Summary) -> str | None:
    """Puts the result with its source on the batch page and gives its path there; None, with a word why, if not."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from tidegate.web.serve import prepare

    try:
        prepare()
        from tidegate.web.batch import load_result

        batch = load_result(output, example.name, summary, example)
    except (ImproperlyConfigured, DatabaseError, OSError, ValueError) as error:
        print(f"tidegate demo: the result cannot be shown: {error}", file=sys.stderr)
        return None
    return str(batch.get_absolute_url())


def say_where(address: str, page: str) -> None:
    """The addresses to open, once the server is about to answer."""
    print(f"Tidegate is at {address}  (Ctrl-C ends it)", file=sys.stderr)
    print(f"the result is at {address.rstrip('/')}{page}", file=sys.stderr, flush=True)


class bar:  # noqa: N801 - used as a context manager function
    """A progress bar where standard error is a terminal, else a line at the beginning."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> Callable[[int, int | None, int], None] | None:
        from tidegate.cli.screen import progress_bar

        if not sys.stderr.isatty():
            print("screening the example file …", file=sys.stderr, flush=True)
        self._bar = progress_bar(True)
        return self._bar.__enter__()

    def __exit__(self, *exc: object) -> None:
        self._bar.__exit__(*exc)
