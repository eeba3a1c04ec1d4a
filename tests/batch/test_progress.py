"""How far a screening is, told often enough that a person sees it move and can end it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tidegate.batch.run import screen_file
from tidegate.formats.generate import generate
from tidegate.law import load_rulebook

BOOK = load_rulebook(())
ROWS = 300


class Ended(Exception):
    """What a caller raises to end the work."""


@pytest.fixture(scope="module")
def declarations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("progress") / "in.parquet"
    with pq.ParquetWriter(path, next(generate(1, book=BOOK)).schema) as writer:
        for batch in generate(ROWS, book=BOOK):
            writer.write_batch(batch)
    return path


@pytest.mark.parametrize("options", [{}, {"compact": True}, {"resume": True}])
def test_progress_moves_within_a_batch_and_never_back(
    declarations: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    told: list[tuple[int, int | None, int]] = []
    screen_file(declarations, tmp_path / "out.parquet", book=BOOK, progress=lambda *seen: told.append(seen), **options)
    rows = [seen[0] for seen in told]
    assert rows == sorted(rows)
    assert len({n for n in rows if 0 < n < ROWS}) > 2  # one batch, and yet it moves
    assert told[-1] == (ROWS, ROWS, ROWS)


@pytest.mark.parametrize("at", [0, 2, -1])
def test_a_caller_who_raises_ends_the_work_and_leaves_nothing(declarations: Path, tmp_path: Path, at: int) -> None:
    calls: list[int] = []
    screen_file(declarations, tmp_path / "out.parquet", book=BOOK, compact=True, progress=lambda *_: calls.append(0))
    for path in tmp_path.iterdir():
        path.unlink()
    left = range(len(calls))[at]

    def progress(*_: Any) -> None:
        nonlocal left
        if left == 0:
            raise Ended
        left -= 1

    with pytest.raises(Ended):
        screen_file(declarations, tmp_path / "out.parquet", book=BOOK, compact=True, progress=progress)
    assert list(tmp_path.iterdir()) == []
