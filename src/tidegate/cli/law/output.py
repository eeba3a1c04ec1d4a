"""How `tidegate law` speaks: plain text, with colour and boxed tables where a person reads at a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate.law import Book, default_overlays, load_rulebook

if TYPE_CHECKING:
    from rich.console import Console

# sub-verb → (one line of help, adds the arguments, runs it and gives the exit status)
Verbs = dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]]
PLAIN_WIDTH = 110
MOST_COLUMNS = 6
WHOLE = frozenset({"rule", "day", "scenario", "HS", "row"})  # columns that are never broken
STYLES = {"prohibited": "bold red", "undetermined": "yellow", "needs": "cyan", "clear": "green"}


def overlays(args: argparse.Namespace) -> tuple[Path, ...]:
    """The folders of TIDEGATE_RULEBOOK, and those of --rulebook over them."""
    return (*default_overlays(), *(args.rulebook or ()))


def book(args: argparse.Namespace) -> Book:
    """The rulebook that the command works on."""
    return load_rulebook(overlays(args))


def console() -> Console:
    """A console on standard output: colours at a terminal, elsewhere none and a fixed width."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(file=sys.stdout, width=PLAIN_WIDTH, highlight=False, color_system=None, soft_wrap=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """A table: boxed at a terminal, tab-separated elsewhere for cut, awk and spreadsheets."""
    if not sys.stdout.isatty():
        if title:
            print(title)
        print("\t".join(columns))
        for row in rows:
            print("\t".join(" ".join(cell.split()) for cell in row))
        return
    if len(columns) > MOST_COLUMNS:
        _cards(columns, rows, title)
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        shown.add_column(column, overflow="fold", no_wrap=column in WHOLE)
    for row in rows:
        shown.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    console().print(shown)


def _cards(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    """A table too wide for a terminal, row by row: the first cell as a heading, the others under it."""
    if title:
        heading(title)
    for first, *others in rows:
        heading(first)
        for column, cell in zip(columns[1:], others, strict=True):
            if cell:
                print(f"  {column}: {cell}")


def heading(text: str) -> None:
    """A line that opens a part."""
    if sys.stdout.isatty():
        from rich.text import Text

        console().print(Text(text, style="bold"))
    else:
        print(text)


def problem(verb: str, text: str) -> None:
    """A message about wrong usage or unreadable input, on standard error."""
    print(f"tidegate law {verb}: {text}", file=sys.stderr)


def write(path: Path | None, text: str, verb: str) -> int:
    """A text into a file, or onto standard output; gives the exit status."""
    if path is None:
        sys.stdout.write(text)
        return 0
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        problem(verb, f"{path}: cannot be written: {error.strerror or error}")
        return 2
    return 0
