"""The batch page: a file of declarations in a browser, from upload to results.

uploads.py    a file on its way in: streamed to disk, measured, looked at
source.py     what is in it: columns, samples, how a map reads its first rows
targets.py    the fields that a column can be taken for
mapping.py    the form in which a person confirms or changes the guessed map
commands.py   every change: new, start, cancel, delete, register a result
tasks.py      the background job that screens, and what the reaper removes
store.py      the files of a batch
results.py    the index of a result: filters, pages, one row
overview.py   the figures of a result as charts and tables
downloads.py  results in other formats
queries.py    who sees which batch
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.batch import Summary
    from tidegate.web.batch.models import Batch

__all__ = ["load_result"]


def load_result(
    path_of_decisions: str | os.PathLike[str],
    source_name: str,
    summary: Summary | Mapping[str, Any],
    source: str | os.PathLike[str] | None = None,
) -> Batch:
    """Shows a finished result on the batch page; gives the batch, whose `get_absolute_url` leads to it.

    path_of_decisions: Parquet in the full form, best written with `screen_file(…, keep=WHOLE_SHIPMENT)`, so that the
    filters know States and months and a row can be opened on the check page. Its rejects file is taken along, and the
    `source` where one is given, so that a proposal to change the law can be tried on its shipments. The files are
    copied; an earlier result of that name that was registered in this way goes. Django must be set up and the database
    migrated (`tidegate.web.serve.prepare`). Raises ValueError for a file that is no such result.
    """
    from tidegate.web.batch.commands import register

    return register(path_of_decisions, source_name, summary, source)
