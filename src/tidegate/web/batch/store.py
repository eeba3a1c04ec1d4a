"""The files of a batch, all in one folder under ``MEDIA_ROOT/batches``.

<folder>/source/…              what was uploaded, under safe forms of its names
<folder>/result-<token>/       one finished run; `Batch.result` names the one that counts
    decisions.parquet          the decisions in full, with the shipments beside them
    decisions.rejects.jsonl    the rejects as the command line writes them
    index.parquet              what the filters need of each decision (`results.build_index`)
    rejects.parquet            the rejects as a table
    consignments.parquet       a row for each consignment (`batch.consignment_file`)
    summary.json               the counts
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from tidegate.formats import rejects_path
from tidegate.web.batch import conf
from tidegate.web.batch.models import Batch

DECISIONS = "decisions.parquet"
INDEX = "index.parquet"
REJECTS = "rejects.parquet"
CONSIGNMENTS = "consignments.parquet"
SUMMARY = "summary.json"
INCOMING = "incoming"


def home(batch: Batch) -> Path:
    """The folder of a batch."""
    return conf.folder() / batch.folder


def source_folder(batch: Batch) -> Path:
    """Where the upload lies."""
    return home(batch) / "source"


def source(batch: Batch) -> Path | list[Path]:
    """The upload as the readers take it: a file, or the files of ASYCUDA in order."""
    paths = [source_folder(batch) / name for name in batch.files]
    return paths[0] if len(paths) == 1 else paths


def result(batch: Batch) -> Path:
    """The folder of the result that counts."""
    return home(batch) / batch.result


def decisions(batch: Batch) -> Path:
    return result(batch) / DECISIONS


def index(batch: Batch) -> Path:
    return result(batch) / INDEX


def rejects(batch: Batch) -> Path:
    return result(batch) / REJECTS


def consignments(batch: Batch) -> Path:
    return result(batch) / CONSIGNMENTS


def rejects_lines(batch: Batch) -> Path:
    """The rejects as JSON Lines; the file is not there when nothing was rejected."""
    return rejects_path(decisions(batch))


def summary(batch: Batch) -> Path:
    return result(batch) / SUMMARY


def incoming() -> Path:
    """Where uploads are written while they come in; on the same disk as the batches, so that taking one is a rename."""
    folder = conf.folder() / INCOMING
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def safe_name(name: str, taken: Iterable[str] = ()) -> str:
    """A name that is safe on every disk, still like the one given: the readers take the kind of file from it, and an
    ASYCUDA declaration its id."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = re.sub(r"[^\w.-]+", "_", name).strip("._") or "file"
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    if suffix.lower() == "gz" and "." in stem:
        stem, _, inner = stem.rpartition(".")
        suffix = f"{inner}.{suffix}"
    stem, suffix = stem[:50] or "file", suffix[:12]
    taken = {other.casefold() for other in taken}
    number, found = 1, f"{stem}{dot}{suffix}"
    while found.casefold() in taken:
        number += 1
        found = f"{stem}-{number}{dot}{suffix}"
    return found


def remove(batch_folder: str) -> None:
    """Removes every file of a batch."""
    shutil.rmtree(conf.folder() / batch_folder, ignore_errors=True)


def sweep(known: set[str], before: datetime) -> int:
    """Removes folders that belong to no batch and uploads that were never taken, when they are older than `before`."""
    gone = 0
    root = conf.folder()
    if not root.is_dir():
        return 0
    for path in [*root.iterdir(), *(root / INCOMING).glob("*")]:
        if path.name == INCOMING or path.name in known:
            continue
        try:
            if path.stat().st_mtime >= before.timestamp():
                continue
        except FileNotFoundError:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        gone += 1
    return gone


def sweep_results(batch: Batch, running: str) -> None:
    """Removes what runs that did not count have left: every result folder but the batch's own and the one running."""
    for path in home(batch).glob("result-*"):
        if path.name not in (batch.result, running):
            shutil.rmtree(path, ignore_errors=True)
