"""Column maps: other people's tables in the words of the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.formats.support import check_rows, errors, read, shipments
from tidegate.formats import FormatError, RowError, load_map, open_shipments, read_map, shipped_maps


def test_every_shipped_map_loads_and_says_what_it_is() -> None:
    maps = shipped_maps()
    assert {"korea-synthetic", "comtrade", "asycuda-documents"} <= set(maps)
    assert all(len(description) > 40 for description in maps.values())


@pytest.mark.parametrize(
    ("rule", "cell", "becomes"),
    [
        ({"to": "net_kg", "unit": "t"}, "1.5", "1500"),
        ({"to": "net_kg", "unit": "lb"}, "100", "45.359237"),
        ({"to": "net_kg", "unit": "kg"}, "1.50", "1.50"),
        ({"to": "contamination_pct", "unit": "fraction"}, "0.025", "2.5"),
        ({"to": "net_kg", "decimal": ",", "thousands": "."}, "1.234.567,89", "1234567.89"),
        ({"to": "net_kg", "thousands": ",", "unit": "t"}, "1,234.5", "1234500"),
        ({"to": "net_kg", "thousands": " "}, "1\N{NO-BREAK SPACE}234", "1234"),
        ({"to": "date", "dates": ["%d/%m/%Y"]}, "29/02/2024", "2024-02-29"),
        ({"to": "date", "dates": ["%d/%m/%Y"], "calendar": "buddhist"}, "29/02/2567", "2024-02-29"),
        ({"to": "date", "dates": ["%Y%m", "%Y"], "day": "last"}, "202402", "2024-02-29"),
        ({"to": "date", "dates": ["%Y%m", "%Y"], "day": "last"}, "2024", "2024-12-31"),
        ({"to": "date", "dates": ["%Y%m", "%Y"], "day": "first"}, "202402", "2024-02-01"),
        ({"to": "export", "convert": "alpha2"}, "GBR", "GB"),
        ({"to": "export", "convert": "alpha2"}, "36", "AU"),
        ({"to": "export", "convert": "alpha2"}, "lao people's democratic republic", "LA"),
        ({"to": "hs", "pad": 6}, "10121", "010121"),
        ({"to": "containers", "split": ","}, "A, B,,C", "A;B;C"),
        ({"to": "facts.mode", "values": {"10": "sea"}, "otherwise": "empty"}, "99", None),
        ({"to": "facts.mode", "values": {"10": "sea"}, "otherwise": "keep"}, "99", "99"),
        ({"to": "facts.mode", "values": {"10": "sea"}}, "10", "sea"),
        ({"to": "consumer", "empty": ["-", "N/A"]}, "N/A", None),
    ],
)
def test_conversions(rule: dict[str, Any], cell: str, becomes: str | None) -> None:
    map_ = load_map({"columns": {"X": rule}})
    out = map_.apply({"X": cell})
    assert out == ({} if becomes is None else {rule["to"]: becomes})


@pytest.mark.parametrize(
    ("rule", "cell", "expected"),
    [
        ({"to": "net_kg", "unit": "t"}, "much", "a number"),
        ({"to": "net_kg", "unit": "t"}, "1,5", "a number"),
        ({"to": "net_kg", "decimal": ","}, "1.5", "the decimal sign ','"),
        ({"to": "date", "dates": ["%d/%m/%Y"]}, "2024-02-29", "a day written %d/%m/%Y"),
        ({"to": "export", "convert": "alpha2"}, "W00", "a State"),
        ({"to": "export", "convert": "alpha2"}, "Korea", "a State"),
        ({"to": "facts.mode", "values": {"10": "sea"}}, "40", "one of 10"),
    ],
)
def test_what_cannot_be_turned_is_an_error_with_the_field(rule: dict[str, Any], cell: str, expected: str) -> None:
    with pytest.raises(RowError) as caught:
        load_map({"columns": {"X": rule}}).apply({"X": cell})
    assert caught.value.field == rule["to"]
    assert expected in caught.value.expected


def test_units_from_a_column_and_the_ton_that_nobody_defined() -> None:
    map_ = load_map({"columns": {"Qty": {"to": "net_kg", "unit_from": {"column": "UOM", "values": {"TON": "t"}}}}})
    assert map_.apply({"Qty": "2", "UOM": "TNE"})["net_kg"] == "2000"
    assert map_.apply({"Qty": "2", "UOM": "TON"})["net_kg"] == "2000"
    with pytest.raises(RowError, match="unit of mass"):
        map_.apply({"Qty": "2", "UOM": "PCS"})
    strict = load_map({"columns": {"Qty": {"to": "net_kg", "unit_from": "UOM"}}})
    with pytest.raises(RowError):
        strict.apply({"Qty": "2", "UOM": "TON"})


def test_conditions_fallbacks_templates_and_constants() -> None:
    map_ = load_map(
        {
            "columns": {
                "Reporter": [
                    {"to": "import", "when": {"Flow": ["M", "RM"]}},
                    {"to": "export", "when": {"Flow": "X"}},
                ],
                "Departure": "origin",
                "Origin": {"to": "origin", "fallback": True},
                "Day": {"to": ["date", "events.arrived"]},
            },
            "constants": {"currency": "USD", "origin": "ZZ"},
            "templates": {"id": "{Flow}-{Day}"},
        }
    )
    row = {"Reporter": "VN", "Flow": "M", "Departure": "", "Origin": "AU", "Day": "2024-01-01"}
    assert map_.apply(row) == {
        "import": "VN", "origin": "AU", "date": "2024-01-01", "events.arrived": "2024-01-01", "Flow": "M",
        "id": "M-2024-01-01", "currency": "USD",
    }  # fmt: skip
    out = map_.apply({**row, "Flow": "X", "Departure": "NZ"})
    assert (out["export"], out["origin"]) == ("VN", "NZ")
    assert map_.apply({**row, "Origin": ""})["origin"] == "ZZ"


def test_columns_are_passed_through_under_names_that_cannot_be_mistaken() -> None:
    map_ = load_map({"columns": {"When": "date", "value": None, "Mode": {"to": "facts.mode", "pass_through": True}}})
    assert map_.apply({"When": "2024-01-01", "value": "7", "Mode": "sea", "date": "old", "Note": "n"}) == {
        "date": "2024-01-01", "source.value": "7", "facts.mode": "sea", "Mode": "sea",
        "source.date": "old", "Note": "n",
    }  # fmt: skip


def test_two_columns_that_disagree_about_one_field_reject_the_row() -> None:
    map_ = load_map({"columns": {"A": "export", "B": "export"}})
    assert map_.apply({"A": "VN", "B": "VN"}) == {"export": "VN"}
    with pytest.raises(RowError, match="another column"):
        map_.apply({"A": "VN", "B": "MY"})


def test_headers_are_matched_without_case_and_blanks() -> None:
    assert load_map({"columns": {"net  mass": "net_kg"}}).apply({" Net Mass": "1"}) == {"net_kg": "1"}


def test_yaml_does_not_turn_norway_into_false_nor_codes_into_octal() -> None:
    map_ = read_map(
        "columns:\n  No: id\n  Code: {to: facts.mode, values: {010: sea, NO: air}}\nconstants: {import: NO}\n"
    )
    assert map_.apply({"No": "1", "Code": "010"}) == {"id": "1", "facts.mode": "sea", "import": "NO"}
    assert map_.apply({"No": "1", "Code": "NO"})["facts.mode"] == "air"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("columns: [1]", "must be a mapping"),
        ("just text", "a YAML mapping"),
        ("columns: {A: no_such_field}", "not a field of the contract"),
        ("colums: {A: id}", "not a word of a map"),
        ("columns: {A: {to: id, unti: t}}", "not a word of a map"),
        ("columns: {A: {to: net_kg, unit: ton}}", "which ton"),
        ("columns: {A: {to: date, dates: ['%d/%m/%y'], calendar: buddhist}}", "four digits"),
        ("columns: {A: {to: hs, pad: many}}", "pad is a number"),
        ("columns: {A: {to: hs, otherwise: guess}}", "otherwise is one of"),
        ("columns: {A: {unit: t}}", "which field"),
        ("columns: {A: id, A: hs}", "given twice"),
        ("columns: &x {A: *x}", "aliases"),
        ("a: [", "not YAML"),
        ("source: {header_row: 0}", "counts lines from 1"),
        ("source: {date_order: ydm}", "date_order is"),
        ("constants: {nowhere: 1}", "not a field of the contract"),
        ("columns: {A: facts.}", "not a field of the contract"),
    ],
)
def test_a_wrong_map_is_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        read_map(text)


def test_maps_come_by_name_or_by_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("columns: {A: id}\n", encoding="utf-8-sig")
    assert load_map(path).name == "mine"
    assert load_map("korea-synthetic").name == "korea-synthetic"
    with pytest.raises(FormatError, match="shipped map"):
        load_map("korea")
    with pytest.raises(FormatError, match="no such map file"):
        load_map(tmp_path / "none.yaml")


def test_a_table_that_lacks_columns_of_the_map_is_refused() -> None:
    map_ = load_map({"columns": {"A": "id", "B": {"to": "hs", "optional": True}}, "templates": {"consignment": "{C}"}})
    with pytest.raises(FormatError, match="needs columns that are not there: A, C"):
        read(b"X,Y\n1,2\n", format="csv", map=map_)


def test_a_row_that_the_map_cannot_turn_is_rejected_with_its_id() -> None:
    map_ = load_map({"columns": {"No": "id", "Day": {"to": "date", "dates": ["%d/%m/%Y"]}}})
    rows = read(b"No,Day\n7,29/02/2024\n8,30/02/2024\n", format="csv", map=map_)
    check_rows(rows)
    assert shipments(rows) == [{"id": "7", "date": "2024-02-29"}]
    assert rows[1].reject is not None
    assert rows[1].reject["id"] == "8"
    assert errors(rows)[0]["field"] == "date"


def test_a_map_reads_json_lines_by_their_flat_names() -> None:
    map_ = load_map({"columns": {"ref": "id", "goods.hs": "hs"}})
    rows = read(b'{"ref": "1", "polymers": {"PE": 99}, "goods": {"hs": "3915"}}\n', format="jsonl", map=map_)
    assert shipments(rows)[0]["id"] == "1"
    assert shipments(rows)[0]["polymers"] == {"PE": "99"}


COMTRADE = (
    "period,reporterISO,partnerISO,flowCode,cmdCode,netWgt,primaryValue,motCode\n"
    "202403,MYS,AUS,M,391510,25000,7000,2100\n"
    "2023,AUS,THA,X,391590,1000.5,10,0\n"
    "2023,AUS,W00,X,391590,1000.5,10,0\n"
    "2023,AUS,THA,FM,391590,1000.5,10,0\n"
)


def test_comtrade() -> None:
    rows = read(COMTRADE.encode(), format="csv", map="comtrade")
    first, second, third = shipments(rows)
    assert (first["date"], first["import"], first["export"], first["facts"]) == (
        "2024-03-31",
        "MY",
        "AU",
        {"mode": "sea"},
    )
    assert first["id"] == "202403-MYS-M-AUS-391510"
    assert (second["date"], second["import"], second["export"]) == ("2023-12-31", "TH", "AU")
    assert errors(rows)[0]["field"] == "import"
    assert "import" not in third


@pytest.mark.data
def test_the_korean_file_reads_without_a_reject(shared_data: Path) -> None:
    path = shared_data / "customs" / "korea_synthetic_declarations_2020_2021.csv.gz"
    with open_shipments(path, map="korea-synthetic") as reader:
        rows = iter(reader)
        first = next(rows).data
        assert sum(1 for row in rows if row.data is not None) == 54_000 - 1
    assert first == {
        "id": "97061800", "date": "2020-01-01", "export": "BE", "origin": "BE", "import": "KR", "hs": "440890",
        "net_kg": "108.0", "value": "372254.4", "currency": "KRW", "consignee": {"id": "QLRUBN9"},
        "consignor": {"id": "0VKY2BR"}, "facts": {"mode": "sea"}, "Office ID": "30", "Process Type": "B",
        "Import Type": "11", "Import Use": "21", "Payment Type": "11", "Mode of Transport": "10",
        "Declarant ID": "ZZR1LT6", "Tax Rate": "0.0", "Tax Type": "FEU1", "Country of Origin Indicator": "G",
        "Fraud": "0", "Critical Fraud": "0", "split": "train",
    }  # fmt: skip
