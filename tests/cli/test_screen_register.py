"""`tidegate screen --register`: tables of papers and facts, one row or many, and what is said of a bad table."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tidegate.batch import screen_file
from tidegate.cli import main
from tidegate.formats import FormatError, flatten
from tidegate.formats.registers import FileRegister, open_registers
from tidegate.law import load_rulebook
from tidegate.screening.registers import ANSWERS, PaperKey

ROOT = Path(__file__).resolve().parents[2]
REGISTERS = ROOT / "examples" / "registers"
SHIPMENTS = REGISTERS / "shipments" / "shipments.jsonl"
HOW_TO = ROOT / "docs" / "how-to" / "registers.md"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def screen(tmp_path: Path, *registers: Path, shipments: Path = SHIPMENTS, output: str = "out.jsonl") -> Path:
    asked = [word for register in registers for word in ("--register", str(register))]
    assert main(["screen", str(shipments), *asked, "-o", str(tmp_path / output), "--quiet"]) == 0
    return tmp_path / output


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# ── what comes out ─────────────────────────────────────────────────────────────────────────────────────────


def test_papers_and_facts_of_a_folder_change_what_is_decided(tmp_path: Path) -> None:
    found = {d["id"]: d for d in rows(screen(tmp_path, REGISTERS))}
    assert {key: d["outcome"] for key, d in found.items()} == {
        "TH-1": "clear", "TH-2": "clear", "TH-3": "prohibited", "MY-1": "clear", "MY-2": "needs", "MY-3": "needs",
    }  # fmt: skip
    assert [m["documents"] for m in found["MY-3"]["missing"]] == [["AP"]]
    assert "Fictitious Plant List" in found["TH-3"][ANSWERS]
    assert all(d["alerts"] == [] for d in rows(screen(tmp_path, output="without.jsonl")))


def test_several_registers_are_asked_as_one(tmp_path: Path) -> None:
    stolen = table(tmp_path / "stolen.csv", "kind,number,status\nAP,ex-ap-2024-0017,revoked\n")
    found = {d["id"]: d for d in rows(screen(tmp_path, REGISTERS, stolen))}
    assert found["MY-1"]["outcome"] == "needs"
    assert json.loads(found["MY-1"][ANSWERS])[0]["answered_by"] == "stolen"
    assert found["TH-3"]["outcome"] == "prohibited"


def many(tmp_path: Path, copies: int = 60) -> Path:
    """The example shipments many times over, as flat Parquet, with days and masses that differ."""
    flat: list[Mapping[str, str]] = []
    for n in range(copies):
        for row in rows(SHIPMENTS):
            day = f"2024-{1 + n % 12:02d}-15"
            facts = row.get("facts") or {}
            if n % 3 == 0:  # a shape that goes through the register row by row, and a fact that no book knows
                facts = {**facts, "shoe_size": str(n), "TH:import": {"zone": "free zone"}}
            row = {**row, "facts": facts, "net_kg": 1000 * (n % 20)}
            flat.append(flatten({**row, "id": f"{row['id']}#{n}", "date": day}))
    names = list(dict.fromkeys(name for row in flat for name in row))
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({name: [row.get(name) for row in flat] for name in names}), path)
    return path


def test_many_rows_are_answered_as_single_ones(tmp_path: Path) -> None:
    source = many(tmp_path)
    bulk = rows(screen(tmp_path, REGISTERS, shipments=source, output="bulk.jsonl"))
    # with --changes rows go one by one
    single = tmp_path / "single.jsonl"
    arguments = ["screen", str(source), "--register", str(REGISTERS), "-o", str(single), "--changes", "--quiet"]
    assert main(arguments) == 0
    wanted = rows(single)
    assert len(bulk) == len(wanted) == 360
    assert len({json.dumps([a["text"] for a in d["alerts"]]) for d in bulk}) == 4
    assert sum("facts.shoe_size" in d or "facts" in d for d in bulk) == 120
    for one, other in zip(bulk, wanted, strict=True):
        assert {**one, "changes": []} == {**other, "changes": []}


@pytest.mark.parametrize("output", ["out.parquet", "out.csv"])
def test_flat_outputs_carry_alerts_and_answers(tmp_path: Path, output: str) -> None:
    source = many(tmp_path, 2)
    path = screen(tmp_path, REGISTERS, shipments=source, output=output)
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            found = list(csv.DictReader(stream))
    else:
        found = pq.read_table(path).to_pylist()
    refused = [d for d in found if d["id"].startswith("MY-3")]
    assert len(refused) == 2
    for row in refused:
        assert row["outcome"] == "needs"
        assert [a["rule"] for a in json.loads(row["decision_json"])["alerts"]] == ["REGISTER-UNKNOWN-PAPER"]
        assert json.loads(row[ANSWERS])[0]["effect"] == "not held"


def test_the_compact_form_expands_to_the_full_one(tmp_path: Path) -> None:
    from tidegate.batch.sinks import EXPAND_SQL, sets_path

    source = many(tmp_path, 12)
    full = screen(tmp_path, REGISTERS, shipments=source, output="full.parquet")
    compact = tmp_path / "compact.parquet"
    arguments = ["screen", str(source), "--register", str(REGISTERS), "-o", str(compact), "--compact", "--quiet"]
    assert main(arguments) == 0
    expanded = duckdb.sql(EXPAND_SQL.format(decisions=compact, sets=sets_path(compact))).to_arrow_table()
    wanted = pq.read_table(full)
    names = wanted.schema.names
    assert expanded.select(names).to_pylist() == wanted.to_pylist()
    assert pq.read_metadata(sets_path(compact)).num_rows < wanted.num_rows / 2


def test_fields_kept_are_those_of_the_input(tmp_path: Path) -> None:
    register = open_registers([REGISTERS])
    for n, source in enumerate((SHIPMENTS, many(tmp_path, 1))):
        output = tmp_path / f"{n}.jsonl"
        screen_file(source, output, keep=("documents",), register=register)
        revoked = next(d for d in rows(output) if d["id"].startswith("MY-2"))
        assert "EX-AP-2024-0018" in revoked["documents"]


def test_a_run_is_resumed_only_with_the_same_register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.batch import stream

    monkeypatch.setattr(stream, "PART_ROWS", 6)
    monkeypatch.setattr(stream, "BATCH_ROWS", 6)
    source, output = many(tmp_path, 3), tmp_path / "out.jsonl"
    table(tmp_path / "r.csv", "kind,number,status\nAP,EX-AP-2024-0017,revoked\n")

    def stop(done: int, of: int | None, decided: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screen_file(source, output, resume=True, register=FileRegister(tmp_path / "r.csv"), progress=stop)
    table(tmp_path / "r.csv", "kind,number,status\nAP,EX-AP-2024-0017,valid\n")
    screen_file(source, output, resume=True, register=FileRegister(tmp_path / "r.csv"))
    assert [d["outcome"] for d in rows(output) if d["id"].startswith("MY-1")] == ["clear"] * 3


def test_the_page_of_the_first_shipment_says_what_the_register_said(tmp_path: Path) -> None:
    from pypdf import PdfReader

    first = table(tmp_path / "first.jsonl", SHIPMENTS.read_text(encoding="utf-8").splitlines()[-1] + "\n")
    page = tmp_path / "page.pdf"
    arguments = ["screen", str(first), "--register", str(REGISTERS), "-o", str(tmp_path / "o.jsonl"), "--quiet"]
    assert main([*arguments, "--pdf", str(page)]) == 0
    text = " ".join("".join(p.extract_text() for p in PdfReader(page).pages).split())
    assert "counts as not held" in text


# ── tables ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_table_in_every_format_says_the_same(tmp_path: Path) -> None:
    text = (REGISTERS / "permits.csv").read_text(encoding="utf-8")
    records = list(csv.DictReader(text.splitlines()))
    table(tmp_path / "permits.jsonl", "".join(json.dumps(r) + "\n" for r in records))
    pq.write_table(pyarrow.csv.read_csv(REGISTERS / "permits.csv"), tmp_path / "permits.parquet")
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in csv.reader(text.splitlines()):
        book.active.append([cell or None for cell in line])
    book.save(tmp_path / "permits.xlsx")
    wanted = FileRegister(REGISTERS / "permits.csv")
    assert wanted.counts == (5, 0)
    for name in ("permits.jsonl", "permits.parquet", "permits.xlsx"):
        got = FileRegister(tmp_path / name)
        assert got.paper_table().equals(wanted.paper_table()), name
        assert got.authorities == wanted.authorities


def test_renewals_may_be_given_as_json(tmp_path: Path) -> None:
    path = table(
        tmp_path / "r.csv",
        'kind,number,renewals\nLA_CERT,1,"[{""from"": ""2026-01-01"", ""days"": 90}]"\nLA_CERT,2,[]\nLA_CERT,3,\n',
    )
    keys = [PaperKey.of("LA_CERT", n) for n in (1, 2, 3)]
    found = FileRegister(path).papers(keys)
    renewals = [record.renewals for key in keys if (record := found[key])]
    assert [None if r is None else [days for _, days in r] for r in renewals] == [[90], [], None]


def test_nothing_asked_is_no_register() -> None:
    assert open_registers([]) is None


PAPERS, FACTS = "kind,number,status,status_from,valid_from,valid_to,value,renewals\n", "fact,about,subject,rule,value,valid_from,valid_to\n"  # fmt: skip  # noqa: E501
BAD = {
    "an unknown kind": (PAPERS + "APP,1,,,,,,\n", ["row 1", "line 2", "kind", "'APP'", "did you mean AP"]),
    "a kind without its State": (PAPERS + "CONSENT,1,,,,,,\n", ["row 1", "CONSENT:MY"]),
    "a State that does not exist": (PAPERS + "CONSENT:QQ,1,,,,,,\n", ["kind", "'CONSENT:QQ'", "alpha-2"]),
    "a State where none belongs": (PAPERS + "AP:MY,1,,,,,,\n", ["kind", "'AP:MY'", "AP without a State"]),
    "no number": (PAPERS + "AP,1,,,,,,\nAP,,,,,,,\n", ["row 2", "line 3", "number"]),
    "an unknown status": (PAPERS + "AP,1,cancelled,,,,,\n", ["status", "'cancelled'", "suspended", "used up"]),
    "a day that is none": (PAPERS + "AP,1,,,2024-02-30,,,\n", ["valid_from", "'2024-02-30'", "YYYY-MM-DD"]),
    "an end before its beginning": (PAPERS + "AP,1,,,2024-02-02,2024-02-01,,\n", ["valid_to", "'2024-02-01'"]),
    "a value that is none": (PAPERS + "AP,1,,,,,ten,\n", ["value", "'ten'", "a number"]),
    "renewals in words": (PAPERS + "AP,1,,,,,,once\n", ["renewals", "'once'", "JSON"]),
    "broken renewals": (PAPERS + 'AP,1,,,,,,"[{""days"": ""x""}]"\n', ["renewals", "days", "a number"]),
    "a day for a status of valid": (PAPERS + "AP,1,valid,2024-01-01,,,,\n", ["status_from", "'2024-01-01'"]),
    "the same paper twice": (PAPERS + "AP,a 1,,,,,,\nAP,A  1,,,,,,\n", ["row 2", "number", "row 1", "once"]),
    "a status for every paper": (PAPERS + "AP,*,revoked,,,,,\n", ["status", "'revoked'", "every AP"]),
    "an unknown fact": (FACTS + "quota_left,consignee,1,,5,,\n", ["fact", "'quota_left'", "did you mean quota_left_t"]),
    "a field of the shipment": (FACTS + "net_kg,consignee,1,,5,,\n", ["fact", "'net_kg'"]),
    "nobody whom it is about": (FACTS + "quota_left_t,importer,1,,5,,\n", ["about", "'importer'", "consignee"]),
    "no subject": (FACTS + "quota_left_t,consignee,,,5,,\n", ["subject", "the id of the consignee"]),
    "an unknown rule": (FACTS + "quota_left_t,consignee,1,TH-X,5,,\n", ["rule", "'TH-X'", "the id of a rule"]),
    "a rule that looks elsewhere": (FACTS + "quota_left_t,consignee,1,MY-IMP-COA-2025,5,,\n", ["rule", "quota_left_t"]),
    "no value": (FACTS + "quota_left_t,consignee,1,,,,\n", ["value", "a number in t"]),
    "a value of the wrong type": (FACTS + "new_plant,facility,1,,12,,\n", ["value", "'12'", "true or false"]),
    "a share above 100": (FACTS + "household_refuse_pct,facility,1,,120,,\n", ["value", "'120'", "at most 100"]),
    "days covered twice": (
        FACTS + "quota_left_t,consignee,1,,5,,2024-06-01\nquota_left_t,consignee,1,,6,2024-06-01,\n",
        ["row 2", "valid_from", "'2024-06-01'", "row 1"],
    ),
    "a column that is not known": ("kind,number,valid_til\nAP,1,2026-01-01\n", ["'valid_til'", "valid_to"]),
    "a column missing": ("fact,about,subject\nquota_left_t,consignee,1\n", ["value"]),
    "another kind of table": ("name,age\nx,1\n", ["not a table of a register", "kind, number"]),
    "a row too short": ("kind,number,status\nAP,1\n", ["row 1", "3"]),
    "an empty file": ("", ["empty"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_with_row_field_value_and_expectation(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, parts = BAD[name]
    path = table(tmp_path / "bad.csv", text)
    output = tmp_path / "out.jsonl"
    assert main(["screen", str(SHIPMENTS), "--register", str(path), "-o", str(output)]) == 2
    error = capsys.readouterr().err
    for part in ("bad.csv", *parts):
        assert part in error
    assert "Traceback" not in error
    assert error.count("\n") == 1
    assert not output.exists()


def test_files_that_cannot_be_registers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    table(tmp_path / "two.jsonl", '{"kind": "AP", "number": "1"}\n{"kind": "AP"\n')
    table(tmp_path / "x.xml", "<ASYCUDA></ASYCUDA>")
    for name in ("nowhere.csv", "empty", "cut.parquet", "two.jsonl", "x.xml"):
        assert main(["screen", str(SHIPMENTS), "--register", str(tmp_path / name), "-o", "-"]) == 2, name
        captured = capsys.readouterr()
        assert name in captured.err
        assert captured.out == ""


def test_an_overlay_brings_kinds_of_its_own_to_the_register(tmp_path: Path) -> None:
    battery = ROOT / "examples" / "used-batteries"
    path = table(tmp_path / "r.csv", "fact,about,subject,value\nbattery_chemistry,facility,F,lead-acid\n")
    with pytest.raises(FormatError, match="battery_chemistry"):
        FileRegister(path)
    assert FileRegister(path, load_rulebook([battery])).counts == (0, 1)


# ── the how-to ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_examples_of_the_how_to_run_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    printed, ran = "", 0
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", HOW_TO.read_text(encoding="utf-8"), re.M | re.S):
        if language == "text":
            assert printed == block
            ran += 1
            continue
        command = ["bash", "-euc", block] if language == "sh" else [sys.executable, "-c", block]
        done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True)
        assert done.returncode == 0, block + done.stderr
        printed = done.stdout
    assert ran == 3
    assert not (tmp_path / "decisions.jsonl").exists()
