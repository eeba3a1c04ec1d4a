"""Every command of the manual runs.

A fenced block marked ``console`` in docs/*.md or docs/how-to/*.md is run: a line that begins with ``$ `` is a command,
a line under it is text that its output must hold. The commands of one page share a folder, in which the repository's
examples lie as `examples`, and a page that reads `../shared/data` needs the data folder beside the checkout. What
cannot run here (servers) is marked ``text``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DATA = "../shared/data"
SPARK = "--engine spark"
LONG = ("integrators", "authorities")  # pages whose commands take long: a newcomer's run leaves them to CI


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """The commands of `page` in order, each with the lines that it has to print."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        first = True
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif first:
                raise ValueError(f"{page.name}: a console block begins with a command, not with {line!r}")
            elif line.strip():
                found[-1][1].append(line.strip())
            first = False
    return found


def pages() -> list[object]:
    out: list[object] = []
    for path in sorted([*DOCS.glob("*.md"), *DOCS.glob("how-to/*.md")]):
        if found := commands(path):
            asked = {DATA: [pytest.mark.data], SPARK: [pytest.mark.spark, pytest.mark.ci]}
            marks = [m for text, given in asked.items() if any(text in command for command, _ in found) for m in given]
            marks += [pytest.mark.ci] if path.stem in LONG else []
            out.append(pytest.param(path, id=path.stem, marks=marks))
    return out


@pytest.mark.parametrize("page", pages())
def test_the_commands_of_the_page_do_what_it_says(page: Path, tmp_path: Path, shared_data: Path) -> None:
    here = tmp_path / "checkout"
    here.mkdir()
    (here / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "data").symlink_to(shared_data)
    env = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "COLUMNS": "120",
    }
    for command, expected in commands(page):
        ran = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], cwd=here, env=env, capture_output=True, text=True, timeout=600
        )
        told = ran.stdout + ran.stderr
        assert ran.returncode == 0, f"$ {command}\n{told}"
        for line in expected:
            assert line in told, f"$ {command}\nlacks: {line}\n{told}"


def test_every_role_has_a_page_with_commands() -> None:
    with_commands = {path.stem for path in DOCS.glob("*.md") if commands(path)}
    assert {"officers", "traders", "authorities", "integrators", "operators", "korea-54000"} <= with_commands


def test_the_queries_that_give_the_flat_form_are_those_of_the_code() -> None:
    from tidegate.batch.sinks import EXPAND_SQL, WHOLE_SQL

    printed = re.findall(r"^```sql\n(.*?)^```$", (DOCS / "integrators.md").read_text("utf-8"), re.M | re.S)
    names = {"decisions": "year.parquet", "sets": "year.sets.parquet"}
    assert [text.strip() for text in printed] == [sql.format(**names).strip() for sql in (EXPAND_SQL, WHOLE_SQL)]


def test_no_setting_of_the_environment_is_left_out_of_the_operators_page() -> None:
    text = (DOCS / "operators.md").read_text("utf-8")
    read = re.compile(r"(?:environ(?:\.get)?[\[(]\s*|_named\(|_number\()[\"'](TIDEGATE_[A-Z_]+)[\"']")
    used = {
        name
        for path in (ROOT / "src").rglob("*.py")
        if path.name != "test.py"
        for name in read.findall(path.read_text("utf-8"))
    }
    assert {"TIDEGATE_DATA_DIR", "TIDEGATE_API_RATE", "TIDEGATE_RULEBOOK"} <= used
    assert sorted(name for name in used if f"`{name}`" not in text) == []
