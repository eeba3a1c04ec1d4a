"""The summary of a run as a file: the JSON that the pages of a batch give, too, or one long CSV table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tidegate.batch.summary import BY_OUTCOME, Summary
from tidegate.formats import guard
from tidegate.formats.writers import AtomicFile

FORMATS = (".json", ".csv")
COLUMNS = ("group", "key", "outcome", "effect", "count")
COUNTED = ("missing", "questions", "reject_fields")


def public(figures: Mapping[str, Any], source_name: str) -> dict[str, Any]:
    """The counts of a run as they may be shown: with the name of the source, without paths of this machine."""
    return {
        **{name: value for name, value in figures.items() if name not in ("output", "rejects")},
        "source": source_name,
    }


def as_json(figures: Mapping[str, Any]) -> bytes:
    """What `public` gave, as the text of a file. Half a character in a name stands as its escape."""
    return json.dumps(figures, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def as_csv(figures: Mapping[str, Any]) -> bytes:
    """The same counts, a line each. `prohibiting` is left out: it is `rules` with the effect `prohibit`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for group, key, outcome, effect, count in _lines(figures):
        writer.writerow((group, guard(key), outcome, effect, count))
    return text.getvalue().encode("utf-8", "backslashreplace")


def _lines(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, int]]:
    """(group, key, outcome, effect, count), the groups named as in the JSON and their keys in order."""
    yield "source", figures["source"], "", "", figures["rows"]
    yield "rulebook", figures["rulebook"], "", "", figures["decided"]
    for group in ("rows", "decided", "rejected"):
        yield group, "", "", "", figures[group]
    if figures["clear_to_verify"]:
        yield "clear_to_verify", "", "clear", "", figures["clear_to_verify"]
    for group in ("outcomes", "consignment_outcomes"):
        for outcome, count in sorted(figures[group].items()):
            yield group, "", outcome, "", count
    if figures["consignments_cut"]:
        yield "consignments_cut", "", "", "", 1
    for group in BY_OUTCOME:
        for key, counts in sorted(figures[group].items()):
            for outcome, count in sorted(counts.items()):
                yield group, key, outcome, "", count
    for table, counts in sorted(figures["clear_to_verify_by"].items()):
        for key, count in sorted(counts.items()):
            yield f"clear_to_verify_by.{table}", key, "clear", "", count
    for rule, counts in sorted(figures["effects"].items()):
        for effect, count in sorted(counts.items()):
            yield "rules", rule, "", effect, count
    for group in COUNTED:
        for key, count in sorted(figures[group].items()):
            yield group, key, "", "", count


class SummaryFile:
    """A summary that takes its name once it is whole. Made before the run, so that a folder which is not there or not
    ours ends the run before it begins. Raises ValueError where the name says neither JSON nor CSV.

    In a `with`, a file that `write` did not finish leaves nothing behind.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.kind = path, kind_of(path)
        self._file: AtomicFile | None = AtomicFile(path)

    def __enter__(self) -> SummaryFile:
        return self

    def write(self, summary: Summary, source_name: str) -> None:
        """Writes the counts of a run. source_name: what was screened, without its folder."""
        if self._file is None:
            raise ValueError(f"{self.path}: was written already")
        figures = public(summary.as_dict(), source_name)
        self._file.stream.write(as_csv(figures) if self.kind == ".csv" else as_json(figures))
        self._file.commit()
        self._file = None

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.discard()


def kind_of(path: Path) -> str:
    """`.json` or `.csv`, from the name. Raises ValueError for any other."""
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise ValueError(f"{path}: a summary is written as JSON or CSV: give a name that ends in .json or .csv")
    return kind
