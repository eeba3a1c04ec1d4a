"""What the readers say of a file is made of messages that a page can say in another language."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tidegate.formats import FormatError, guess_map, messages, sample_rows

TABLE = "id,date,export,import\n1,2026-11-21,JP,MY\n"


def known(text: str) -> bool:
    return text in messages.MESSAGES or messages.parts(text) is not None


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", b" " * 50_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
        ("a.xlsm", b"PK\x03\x04"),
        ("a.xlsx", b"PK\x03\x04 cut off"),
        ("bomb.xlsx", bomb()),
        ("a.parquet", b"PAR1 cut off"),
        ("text.parquet", b"id,date"),
        ("a.json", b'[{"id": 1}]'),
        ("a.jsonl", b'{\n "id": 1}\n'),
        ("a.xml", b"<other/>"),
        ("twice.csv", b"hs,hs\n1,2\n"),
        ("a.csv.gz", b"\x1f\x8b\x08\x00 cut off"),
    ],
)
def test_a_refused_file_is_refused_in_words_that_can_be_translated(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError) as refused:
        sample_rows(path, map=None)
    assert known(str(refused.value))
    assert " " not in (messages.parts(str(refused.value)) or ("", {}))[1].get("file", "")


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp874", "cp1252"])
@pytest.mark.parametrize(
    "text", [TABLE, TABLE.replace("JP", "ญี่ปุ่น"), TABLE.replace(",", ";"), "only\none\n\n\ncolumn\n"]
)
def test_what_is_assumed_of_a_file_can_be_translated(tmp_path: Path, codec: str, text: str) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(text.encode(codec, "replace"))
    notes = sample_rows(path)[2].notes
    assert notes
    for note in notes:
        assert known(note)
        if note.startswith("encoding: "):  # the name of the encoding, and why
            assert all(known(part) for part in note.removeprefix("encoding: ").split(", ")[1:])


def test_the_reasons_of_a_guess_can_be_translated(tmp_path: Path) -> None:
    headers = "No,Tanggal,Exporting country,Negara Tujuan,Mã HS,น้ำหนักสุทธิ (t),PVC %,Port of export country,x,Mode"
    rows = [
        f"{n},{n % 12 + 1:02}/{n % 28 + 1:02}/2567,Japan,MY,391510,1.000,9{n % 9},JP,ABCU123456{n % 9},1"
        for n in range(40)
    ]
    path = tmp_path / "in.csv"
    path.write_text("\n".join([headers, *rows]), encoding="utf-8")
    found, sample, _ = sample_rows(path)
    guesses = guess_map(found, sample).guesses
    assert len(guesses) >= 5
    for guess in guesses:
        for part in guess.reason.split("; "):
            assert known(part) or all(known(one) for one in part.split(", ")), guess.reason
