"""Where the rows of a batch stand in the input, for whoever refuses one later: it travels with the batch's schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

_KEY = b"tidegate.places"


@dataclass(slots=True)
class Places:
    """Line and file of each row of a batch that is being made; None where the input has no lines, or is one file."""

    lines: list[int | None] = field(default_factory=list)
    files: list[str | None] = field(default_factory=list)

    def add(self, line: int | None, file: str | None) -> None:
        """The next row's."""
        self.lines.append(line)
        self.files.append(file)

    def on(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch, with these."""
        if not any(self.lines) and not any(self.files):
            return batch
        return batch.replace_schema_metadata({_KEY: json.dumps([self.lines, self.files if any(self.files) else None])})


def places_of(batch: pa.RecordBatch) -> Sequence[tuple[int | None, str | None]]:
    """(line, file) of each row of a batch."""
    told = (batch.schema.metadata or {}).get(_KEY)
    lines, files = json.loads(told) if told else (None, None)
    nothing = [None] * batch.num_rows
    return list(zip(lines or nothing, files or nothing, strict=True))
