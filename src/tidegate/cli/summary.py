"""A run's summary in the terminal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidegate.batch import Summary

ORDER = ("prohibited", "undetermined", "needs", "clear_to_verify", "clear")  # as `evaluate.CLASSES`
STYLE = {
    "prohibited": "bold red", "undetermined": "magenta", "needs": "yellow", "clear_to_verify": "cyan", "clear": "green",
}  # fmt: skip
WORDS = {"clear_to_verify": "clear, with checks left", "clear": "clear, with none left"}
MOST_MONTHS = 24  # lines of a table that a terminal shows at once


def print_summary(summary: Summary, *, brief: bool = False, stream: object = None) -> None:
    """Counts by outcome; unless `brief`, also by State, entry, month, rule, missing paper and open question."""
    if brief and not sys.stderr.isatty():
        found = summary.classes()
        said = {"clear_to_verify": "clear with checks left", "clear": "clear with none left"}
        parts = ", ".join(f"{found[o]:,} {said.get(o, o)}" for o in ORDER if found[o])
        print(
            f"{summary.rows:,} rows in, {summary.decided:,} decided ({parts or 'none'}), "
            f"{summary.rejected:,} rejected; rulebook {summary.rulebook}",
            file=sys.stderr,
        )
        for note in summary.notes:
            print(f"note: {note}", file=sys.stderr)
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=brief, highlight=False)
    console.print(
        f"\n[bold]{summary.rows:,}[/] rows in = [bold]{summary.decided:,}[/] decided + "
        f"[bold]{summary.rejected:,}[/] rejected   rulebook {summary.rulebook}"
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for outcome, n in summary.classes().items():
        share = n / summary.decided if summary.decided else 0
        table.add_row(
            f"[{STYLE[outcome]}]{WORDS.get(outcome, outcome)}[/]", f"{n:,}", f"{share:6.1%}", "█" * round(share * 40)
        )
    console.print(table)
    groups = summary.consignment_outcomes()
    if groups:
        text = ", ".join(f"{groups[o]:,} {'clear on paper' if o == 'clear' else o}" for o in ORDER if groups[o])
        console.print(f"{sum(groups.values()):,} consignments by their strictest line: {text}")
    if not brief:
        for title, name in (("importing State", "imports"), ("entry", "entries")):
            console.print(_by_outcome(title, {key: summary.classes(name, key) for key in getattr(summary, name)}))
        console.print(_by_outcome(*_periods(summary), limit=MOST_MONTHS, by_name=True))
        console.print(_counts("rules that prohibit most", summary.prohibiting))
        console.print(_counts("papers missing most", summary.missing))
        console.print(_counts("questions still open", summary.questions))
    for note in summary.notes:
        console.print(f"[dim]note: {note}[/]")


def _periods(summary: Summary) -> tuple[str, dict[str, Counter[str]]]:
    """("month", the counts by month), or by year where the months lie further apart than a table can show."""
    numbers = [int(month[:4]) * 12 + int(month[5:7]) for month in summary.months]
    by_month = not numbers or max(numbers) - min(numbers) < MOST_MONTHS
    found: dict[str, Counter[str]] = {}
    for month in summary.months:
        found.setdefault(month if by_month else month[:4], Counter()).update(summary.classes("months", month))
    return ("month" if by_month else "year"), found


def _by_outcome(title: str, table: Mapping[str, Mapping[str, int]], limit: int = 12, by_name: bool = False):  # type: ignore[no-untyped-def]
    from rich.table import Table

    out = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    out.add_column("")
    for outcome in ORDER:
        out.add_column(WORDS.get(outcome, outcome), justify="right", style=STYLE[outcome])
    ordered = sorted(table.items(), key=(lambda kv: kv[0]) if by_name else (lambda kv: (-sum(kv[1].values()), kv[0])))
    for name, counts in ordered[:limit]:
        out.add_row(name, *(f"{counts[o]:,}" if counts[o] else "·" for o in ORDER))
    return out


def _counts(title: str, counts: Counter[str], limit: int = 8):  # type: ignore[no-untyped-def]
    from rich.table import Table

    out = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, show_header=False)
    for name, n in counts.most_common(limit):
        out.add_row(name, f"{n:,}")
    return out
