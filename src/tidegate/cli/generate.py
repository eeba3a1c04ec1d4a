"""`tidegate generate`: plausible declarations for trials and benchmarks, in constant memory."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

EPILOG = """\
Everything is made up, companies included. The same number, seed, profile and rulebook give the same rows on every
machine; row n does not depend on how many rows are asked for.

  profile A   without documents
  profile B   with documents, their dates, standards and renewals, on 30 % of the rows

examples:
  tidegate generate 1000000 -o year.parquet
  tidegate generate 1e7 -o year.parquet --profile B
  tidegate generate 500 -o trial.csv --seed 7
  tidegate generate --example -o declarations.csv
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "rows", nargs="?", type=row_count, metavar="ROWS", help="how many declarations, such as 10000 or 1e6"
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="file to write: .parquet, .csv or .jsonl")
    parser.add_argument("--format", choices=("parquet", "csv", "jsonl"), help="where the file's name does not say it")
    parser.add_argument("--profile", choices=("A", "B"), default="A", help="rows without or with documents")
    parser.add_argument("--seed", type=natural, metavar="N", help="another seed gives other rows")
    parser.add_argument("--start-row", type=natural, default=0, metavar="N", help="begin at this row, counted from 0")
    parser.add_argument(
        "--rulebook",
        action="append",
        default=[],
        metavar="DIR",
        help="draw from the book with the rules of this folder laid over it (may be repeated)",
    )
    parser.add_argument("--example", action="store_true", help="remake the example file that comes with Tidegate")
    parser.add_argument("--quiet", action="store_true", help="no progress and no closing line")


def natural(text: str) -> int:
    """A whole number of 0 or more."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return number


def row_count(text: str) -> int:
    """A whole number of 1 or more, also written 1e6 or 1_000_000."""
    try:
        number = float(text)
        rows = int(number) if number == number and abs(number) != float("inf") else 0
    except ValueError:
        number = rows = 0
    if rows < 1 or rows != number:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more, such as 10000 or 1e6")
    return rows


def run(args: argparse.Namespace) -> int:
    """Writes the file; a progress bar on standard error where that is a terminal."""
    from tidegate.cli.screen import describe
    from tidegate.formats import FormatError
    from tidegate.law import RulebookError

    if args.example == (args.rows is not None):
        print("tidegate generate: give the number of rows, or --example", file=sys.stderr)
        return 2
    try:
        rows = write(args)
    except (FormatError, RulebookError, OSError, ValueError) as error:
        print(f"tidegate generate: {describe(error)}", file=sys.stderr)
        return 2
    if not args.quiet:
        print(f"{rows:,} declarations in {args.output}", file=sys.stderr)
    return 0


def write(args: argparse.Namespace) -> int:
    """The number of rows written."""
    from tidegate.formats.generate import SEED, generate
    from tidegate.formats.generate.files import file_format, write_declarations
    from tidegate.law import load_rulebook

    path = Path(args.output)
    if args.example:
        return write_example(args, path)
    format = file_format(path, args.format)
    book = load_rulebook([Path(folder) for folder in args.rulebook])
    batches = generate(
        args.rows,
        seed=SEED if args.seed is None else args.seed,
        profile=args.profile,
        book=book,
        start_row=args.start_row,
        # text needs far more memory for a row than columns do
        batch_rows=65_536 if format == "parquet" else 8_192,
    )
    with bar(args.rows, not args.quiet) as progress:
        return write_declarations(batches, path, format, progress)


def write_example(args: argparse.Namespace, path: Path) -> int:
    """The shipped example, as CSV."""
    from tidegate.formats.generate.example import write_example as write_csv
    from tidegate.formats.writers import AtomicFile
    from tidegate.law import load_rulebook

    if (args.format or path.suffix.lstrip(".").lower()) != "csv":
        raise ValueError(f"{path}: the example is a CSV file; give a name that ends with .csv")
    file = AtomicFile(path)
    try:
        rows = write_csv(file.stream, load_rulebook([Path(folder) for folder in args.rulebook]))
    except BaseException:
        file.discard()
        raise
    file.commit()
    return rows


class bar:  # noqa: N801 - used as a context manager function
    """A progress bar on standard error where that is a terminal; nothing elsewhere."""

    def __init__(self, total: int, wanted: bool) -> None:
        self._total = total
        self._wanted = wanted and sys.stderr.isatty()
        self._shown: Any = None

    def __enter__(self) -> Callable[[int], None] | None:
        if not self._wanted:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._shown = Progress(
            TextColumn("writing"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._shown.start()
        task = self._shown.add_task("writing", total=self._total)
        return lambda done: self._shown.update(task, completed=done)

    def __exit__(self, *exc: object) -> None:
        if self._shown is not None:
            self._shown.stop()
