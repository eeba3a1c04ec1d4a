"""The one door: where inputs come from, how their format is told, how they stream."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats.support import read, shipments
from tidegate.formats import FormatError, open_shipments, sample_rows

LINE = b'{"id": "1", "date": "2024-01-01"}\n'
TABLE = b"id,date\n1,2024-01-01\n"


@pytest.mark.parametrize(
    ("name", "data", "format"),
    [
        ("a.jsonl", LINE, "jsonl"), ("a.ndjson", LINE, "jsonl"), ("a.json", LINE, "jsonl"), ("a.csv", TABLE, "csv"),
        ("a.tsv", TABLE.replace(b",", b"\t"), "csv"), ("a.txt", TABLE, "csv"), ("a.txt", LINE, "jsonl"),
        ("noname", TABLE, "csv"), ("noname", LINE, "jsonl"), ("upload", b"\xef\xbb\xbf" + LINE, "jsonl"),
    ],
)  # fmt: skip
def test_formats_by_name_and_content(tmp_path: Path, name: str, data: bytes, format: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with open_shipments(path) as reader:
        assert reader.format == format
        assert [row.data for row in reader] == [{"id": "1", "date": "2024-01-01"}]
        assert reader.size == reader.position == len(data)


def test_a_stream_is_told_by_its_content() -> None:
    assert shipments(read(LINE)) == shipments(read(TABLE))


@pytest.mark.parametrize(
    ("source", "says"),
    [("/no/such/file.csv", "cannot be opened"), ([], "no file"), (io.StringIO("id\n1\n"), "bytes, not text")],
)
def test_inputs_that_are_none(source: object, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        read(source)


def test_wrong_usage_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="'xml' is not known"):
        read(LINE, format="xml")
    with pytest.raises(FormatError, match="without XML files"):
        read(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(TABLE)
    with pytest.raises(FormatError, match="only for ASYCUDA"):
        read([tmp_path / "a.csv", tmp_path / "b.csv"])


@pytest.mark.parametrize(("head", "format"), [(b"", "jsonl"), (b"id,note\n", "csv")])
def test_standard_input_gives_each_row_as_soon_as_it_is_there(head: bytes, format: str) -> None:
    program = (
        "from tidegate.formats import open_shipments\n"
        f"for row in open_shipments('-', format={format!r}): print(row.row, row.data['id'], flush=True)\n"
    )
    lines = [b'{"id": "a"}\n', b'{"id": "b"}\n'] if format == "jsonl" else [b"a,1\n", b"b,2\n"]
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number, line in enumerate(lines, start=1):
            process.stdin.write(head * (number == 1) + line)
            process.stdin.flush()
            # Would wait for ever if the reader wanted more before it gave this row.
            assert process.stdout.readline() == f"{number} {'ab'[number - 1]}\n".encode()
        process.stdin.close()
    assert process.returncode == 0


def test_importing_the_room_brings_in_no_large_library() -> None:
    program = (
        "import sys, tidegate.formats as f\n"
        "list(f.open_shipments(sys.stdin.buffer, format='jsonl'))\n"
        "print([m for m in ('pyarrow', 'openpyxl', 'lxml', 'django', 'duckdb', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], input=LINE, capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_columns_that_pass_through_are_known_beforehand_where_they_can_be() -> None:
    with open_shipments(io.BytesIO(b"id,Vessel,consignee.id,polymers.PE\n"), format="csv") as reader:
        assert reader.passed_columns == ["Vessel"]
    with open_shipments(io.BytesIO(b"id,facts.smell\n"), format="csv") as reader:
        assert reader.passed_columns is None
    with open_shipments(io.BytesIO(LINE), format="jsonl") as reader:
        assert reader.passed_columns is None


def test_a_sample_shows_the_source_under_its_own_names() -> None:
    headers, rows, reader = sample_rows(io.BytesIO(b"ID,Net Mass\n1,5\n2,6\n3,7\n"), 2, format="csv")
    assert headers == ["ID", "Net Mass"]
    assert rows == [{"ID": "1", "Net Mass": "5"}, {"ID": "2", "Net Mass": "6"}]
    assert any("UTF-8" in note for note in reader.notes)
    headers, rows, _ = sample_rows(io.BytesIO(b'{"id": "1", "polymers": {"PE": 99}}\n'), format="jsonl")
    assert headers == ["id", "polymers.PE"]
