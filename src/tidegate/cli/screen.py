"""`tidegate screen`: shipments of a file, or of standard input, against dated law."""

from __future__ import annotations

import argparse
import errno
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.batch import Summary
    from tidegate.batch.summary_file import SummaryFile

EPILOG = """\
Rows in = decisions out + rejects out, always. Rejected rows go to DECISIONS.rejects.jsonl; with `-o -` they come out
in place. Exit status: 0 at least one row decided; 1 a row rejected (--strict); 2 unreadable input or wrong usage;
3 none decided.

examples:
  tidegate screen shipments.csv -o decisions.csv
  tidegate screen - -o - < shipments.jsonl > decisions.jsonl
  tidegate screen year.parquet -o decisions.parquet --compact --summary summary.json
  tidegate screen year.parquet -o decisions.parquet --columns
  tidegate screen year.parquet -o decisions.parquet --consignments consignments.csv
  tidegate screen declarations.csv --map korea-synthetic -o decisions.parquet
  tidegate screen year.parquet --register permits/ --register plants.csv -o decisions.parquet
  tidegate screen year.parquet --register our --acting MY:CUSTOMS-01 -o decisions.parquet
  tidegate screen year.parquet -o decisions.parquet --engine spark --master spark://127.0.0.1:7077
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "shipments",
        nargs="+",
        metavar="SHIPMENTS",
        help="file (jsonl, csv, parquet, xlsx, ASYCUDA XML), folder of XML, or -",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="DECISIONS", help="file (jsonl, csv, parquet, xlsx), or -"
    )
    parser.add_argument(
        "--map", help="column map: a YAML file, or the name of a shipped one (see `tidegate map --list`)"
    )
    parser.add_argument(
        "--guess-map", action="store_true", help="guess the column map from the headers, print it, and use it"
    )
    parser.add_argument("--format", help="format of the input where it should not be found out")
    parser.add_argument("--encoding", help="encoding of a text input where it should not be found out")
    parser.add_argument(
        "--rulebook",
        action="append",
        default=[],
        metavar="DIR",
        help="lay the rules of this folder over the book (may be repeated)",
    )
    parser.add_argument(
        "--register",
        action="append",
        default=[],
        metavar="FILE_OR_DIR",
        help="ask this register (tables of papers and of facts) before deciding (may be repeated); `our`: the permits, "
        "consents, quota and facilities that this installation keeps",
    )
    parser.add_argument(
        "--acting", default="", metavar="STATE:REGISTRATION", help="the organisation that asks `--register our`"
    )
    parser.add_argument(
        "--settings", help="settings module of `--register our` (default: DJANGO_SETTINGS_MODULE, or demo)"
    )
    parser.add_argument("--changes", action="store_true", help="also the next dates on which each outcome changes")
    parser.add_argument("--compact", action="store_true", help="Parquet with set ids and a table of sets beside")
    parser.add_argument(
        "--columns",
        action="store_true",
        help="Parquet with the lists of a decision (layers, reasons, missing, …) as columns instead of decision_json",
    )
    parser.add_argument(
        "--resume", action="store_true", help="write in parts, and go on from the parts of a run that was cut off"
    )
    parser.add_argument(
        "--engine",
        choices=("duckdb", "spark"),
        default="duckdb",
        help="embedded, or a Spark cluster for one Parquet file (extra `spark`, Java 17)",
    )
    parser.add_argument("--master", help="address of the Spark master, such as spark://127.0.0.1:7077")
    parser.add_argument("--pdf", metavar="FILE", help="also write the first decision as a PDF")
    parser.add_argument(
        "--summary",
        metavar="FILE",
        help="also write the counts by outcome, State, entry, rule, month, missing paper and open question (json, csv)",
    )
    parser.add_argument(
        "--consignments",
        metavar="FILE",
        help="also write a row for each consignment with the strictest outcome of its rows (csv, jsonl, parquet, xlsx)",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a row is rejected")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, and no summary on the terminal")


def run(args: argparse.Namespace) -> int:
    """Screens, and keeps standard input in a file meanwhile where it must be read more than once."""
    args.source_name = _name_of(args.shipments)
    try:
        _keep_the_rest(args)
    except ValueError as error:
        print(f"tidegate screen: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-") as folder:
        if args.shipments == ["-"] and (args.pdf or args.guess_map):
            kept = Path(folder, "standard input")
            with kept.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
            args.shipments = [str(kept)]
        return screen(args)


def screen(args: argparse.Namespace) -> int:
    """Screens, prints a summary on standard error, and says by the exit status what came of it."""
    from tidegate.batch import screen_file
    from tidegate.batch.summary_file import SummaryFile
    from tidegate.formats import FormatError
    from tidegate.law import RulebookError, default_overlays, load_rulebook

    source: Any = args.shipments[0] if len(args.shipments) == 1 else args.shipments
    try:
        book = load_rulebook([*default_overlays(), *map(Path, args.rulebook)])
        _keep_input(source, args.output)
        register = None
        if args.register or args.acting:
            from tidegate.cli.registers import registers_of

            register = registers_of(args.register, book, acting=args.acting, settings=args.settings)
        mapping = args.map
        if args.guess_map:
            mapping = guess_and_show(source, args.format)
        with SummaryFile(Path(args.summary)) if args.summary else nullcontext() as file:
            with progress_bar(not args.quiet and args.output != "-") as progress:
                summary = screen_file(
                    source,
                    args.output,
                    map=mapping,
                    format=args.format,
                    encoding=args.encoding,
                    engine=args.engine,
                    master=args.master,
                    compact=args.compact,
                    columns=args.columns,
                    changes=args.changes,
                    resume=args.resume,
                    progress=progress,
                    book=book,
                    register=register,
                    consignments=args.consignments,
                )
            if file is not None:
                _write(file, summary, args)
    except (FormatError, RulebookError, OSError, ValueError) as error:
        print(f"tidegate screen: {describe(error)}", file=sys.stderr)
        return 2
    if not args.quiet:
        from tidegate.cli.summary import print_summary

        print_summary(summary, brief=True)
    if summary.decided == 0:
        print(f"tidegate screen: no row could be decided: {_why_none(summary, args.output)}", file=sys.stderr)
        return 3
    if args.pdf:
        try:
            write_pdf(args, source, mapping, book, register)
        except OSError as error:
            print(f"tidegate screen: --pdf {args.pdf}: cannot be written: {error.strerror or error}", file=sys.stderr)
            return 2
    return 1 if args.strict and summary.rejected else 0


def _why_none(summary: Any, output: str) -> str:
    """Why nothing was decided, for somebody who has not looked into the rejects yet."""
    if not summary.rows:
        return "the input holds no rows (a table has its headers in the first line)"
    from tidegate.formats import rejects_path

    if summary.unfilled:
        # Nobody wants to read a million rejects to learn that a column is called otherwise.
        return (
            f"no column is called {', '.join(summary.unfilled)}, or the first line holds no headers; "
            "`tidegate map FILE -o MAP.yaml` guesses which column is which, and `--map MAP.yaml` uses it"
        )
    fields = ", ".join(f"{name} (× {count:,})" for name, count in summary.reject_fields.most_common(5))
    where = "in place" if output == "-" else f"in {rejects_path(output)}"
    return f"of {summary.rows:,} rows each was rejected, for {fields}; row, value and what was expected stand {where}"


def _keep_input(source: Any, output: str) -> None:
    """Raises ValueError where the decisions would take the place of the shipments."""
    if output == "-":
        if sys.__stdout__ is None:
            raise ValueError("standard output is closed; name a file for the decisions")
        return
    if Path(output).is_dir():
        raise ValueError(f"{output}: is a folder; name a file for the decisions")
    for path in [source] if isinstance(source, str) else source:
        if one_file(Path(path), Path(output)):
            raise ValueError(f"{output}: is the input itself; name another file for the decisions")


def one_file(path: Path, other: Path) -> bool:
    """Whether two names lead to one file that is there, also through links."""
    return path.exists() and other.exists() and path.samefile(other)


def _name_of(shipments: list[str]) -> str:
    """What is screened, as a summary names it: without folders, and several files by the first."""
    first = "standard input" if shipments[0] == "-" else Path(shipments[0]).absolute().name
    return first if len(shipments) == 1 else f"{first} + {len(shipments) - 1}"


def _keep_the_rest(args: argparse.Namespace) -> None:
    """Raises ValueError where a file beside the decisions has no form, or would take the place of what is read or
    written."""
    if args.pdf is not None:
        if not Path(args.pdf).absolute().parent.is_dir():
            raise ValueError(f"--pdf {args.pdf}: there is no such folder")
        _keep_from(args, "--pdf", args.pdf, "the PDF", [])
    if args.summary is not None:
        from tidegate.batch.summary_file import kind_of

        kind_of(Path(args.summary))
        _keep_from(args, "--summary", args.summary, "the summary", [])
    if args.consignments is not None:
        from tidegate.formats import FormatError, output_format

        try:
            output_format(Path(args.consignments).absolute())
        except FormatError as error:
            raise ValueError(f"--consignments {error}") from None
        taken = [(args.summary, "the summary")] if args.summary else []
        if args.compact:
            from tidegate.batch.sinks import sets_path

            taken.append((str(sets_path(Path(args.output))), "the table of sets"))
        _keep_from(args, "--consignments", args.consignments, "the consignments", taken)


def _keep_from(args: argparse.Namespace, option: str, named: str, ours: str, taken: list[tuple[str, str]]) -> None:
    """Raises ValueError where the file of an option would take the place of another."""
    from tidegate.cli.registers import OUR
    from tidegate.formats import rejects_path

    path = Path(named)
    if path.is_dir():
        raise ValueError(f"{option} {path}: is a folder; name a file")
    taken += [(name, "the input") for name in args.shipments if name != "-"]
    if args.output != "-":
        taken += [
            (args.output, "the file of the decisions"),
            (str(rejects_path(args.output)), "the file of the rejects"),
        ]
    registers = [name for name in args.register if name != OUR]
    taken += [(name, "a register") for name in registers]
    taken += [(name, what) for name, what in ((args.map, "the column map"), (args.pdf, "the PDF")) if name]
    for name, what in taken:
        if what == ours:
            continue
        other = Path(name)
        if path.resolve() == other.resolve() or one_file(path, other):
            raise ValueError(f"{option} {path}: is {what} itself; name another file for {ours}")
    for name in registers:  # every table of such a folder is read as a register
        if path.resolve().parent == Path(name).resolve():
            raise ValueError(f"{option} {path}: lies among the registers of {name}; name a file in another folder")


def _write(file: SummaryFile, summary: Summary, args: argparse.Namespace) -> None:
    """The summary into its file. Raises ValueError where that fails: the decisions are there by then."""
    try:
        file.write(summary, args.source_name)
    except OSError as error:
        where = "came out" if args.output == "-" else f"are in {args.output}"
        raise ValueError(
            f"--summary {args.summary}: cannot be written: {error.strerror or error}; the decisions {where}"
        ) from error


def describe(error: BaseException) -> str:
    """The error in one line, without a traceback."""
    if isinstance(error, FileNotFoundError):
        folder = Path(error.filename or ".").parent
        return f"{error.filename}: no such file" if folder.is_dir() else f"{folder}: no such folder"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full; nothing was written"
    if isinstance(error, PermissionError):
        return f"{error.filename}: no permission"
    if isinstance(error, BrokenPipeError):
        return "standard output was closed before the end; what had not come out by then is not decided"
    if isinstance(error, UnicodeEncodeError):  # half a character, as a name of other bytes than UTF-8 has it
        return f"{error.object}: the name is not UTF-8; give one that is"
    return str(error)


def guess_and_show(source: Any, format: str | None) -> Any:
    """The guessed column map, printed on standard error before it is used."""
    from tidegate.formats import guess_map, sample_rows

    headers, rows, reader = sample_rows(source, format=format)
    reader.close()
    guessed = guess_map(headers, rows)
    print(guessed.to_yaml(), file=sys.stderr)
    return guessed


class progress_bar:  # noqa: N801 - used as a context manager function
    """A progress bar on standard error where that is a terminal; nothing elsewhere."""

    def __init__(self, wanted: bool):
        self._wanted = wanted and sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Callable[[int, int | None, int], None] | None:
        if not self._wanted:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("screening"),
            BarColumn(),
            TextColumn("{task.fields[rows]:,} rows"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._bar.start()
        self._task = self._bar.add_task("screening", total=None, rows=0)
        return self._update

    def _update(self, done: int, of: int | None, rows: int) -> None:
        self._bar.update(self._task, completed=done, total=of, rows=rows)

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def write_pdf(args: argparse.Namespace, source: Any, mapping: Any, book: Any, register: Any = None) -> None:
    """The first shipment's decision as a PDF."""
    from tidegate.cli.report import pdf_of_first

    page = pdf_of_first(source, mapping, args.format, book, register=register, encoding=args.encoding)
    Path(args.pdf).write_bytes(page)
