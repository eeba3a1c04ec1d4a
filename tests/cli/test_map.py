"""`tidegate map`: where the guessed map goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.cli import main

TABLE = "id,date,export,import,hs\nA,2026-11-21,AU,MY,391510\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "declarations.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.mark.parametrize("make", ["itself", "symlink", "hard link"])
def test_a_map_does_not_take_the_place_of_the_table(table: Path, make: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = table if make == "itself" else table.with_name("map.yaml")
    if make == "symlink":
        output.symlink_to(table)
    elif make == "hard link":
        output.hardlink_to(table)
    assert main(["map", str(table), "-o", str(output)]) == 2
    assert capsys.readouterr().err == f"tidegate map: {output}: is the table itself; name another file for the map\n"
    assert table.read_text(encoding="utf-8") == TABLE


@pytest.mark.parametrize("name", [".", "nowhere/map.yaml", "declarations.csv/map.yaml"])
def test_a_map_that_cannot_be_written_is_told_of(table: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = table.parent / name
    assert main(["map", str(table), "-o", str(output)]) == 2
    assert capsys.readouterr().err.startswith(f"tidegate map: {output}: cannot be written: ")
