"""Guessed maps: right where headers and values agree, honest where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.formats.support import read, shipments
from tidegate.formats import ColumnMap, guess_map, read_map, sample_rows
from tidegate.formats.shapes import is_container


def fields_of(map_: ColumnMap) -> dict[str, str]:
    return {guess.column: guess.field for guess in map_.guesses}


ENGLISH = ["Declaration No.", "Declaration Date", "Exporting Country", "Country of Destination", "HS Code",
           "Goods Description", "Net Weight (MT)", "PE %", "Remarks"]  # fmt: skip
VIETNAMESE = ["Số tờ khai", "Ngày đăng ký", "Nước xuất khẩu", "Nước nhập khẩu", "Mã HS", "Mô tả hàng hóa",
              "Trọng lượng tịnh (tấn)", "PE %", "Ghi chú"]  # fmt: skip
VIETNAMESE_PLAIN = ["So to khai", "Ngay dang ky", "Nuoc xuat khau", "Nuoc nhap khau", "Ma HS", "Mo ta hang hoa",
                    "Trong luong tinh (tan)", "PE %", "Ghi chu"]  # fmt: skip
THAI = ["เลขที่ใบขนสินค้า", "วันที่นำเข้า", "ประเทศต้นทาง", "ประเทศปลายทาง", "พิกัดศุลกากร", "รายละเอียดสินค้า",
        "น้ำหนักสุทธิ (ตัน)", "PE %", "หมายเหตุ"]  # fmt: skip
INDONESIAN = ["Nomor PIB", "Tanggal PIB", "Negara Pengirim", "Negara Tujuan", "Pos Tarif", "Uraian Barang",
              "Berat Bersih (ton)", "PE %", "Catatan"]  # fmt: skip
MALAY = ["Nombor Borang", "Tarikh Import", "Negara Pengeksport", "Negara Destinasi", "Kod Tarif", "Perihal Barang",
         "Berat Bersih (MT)", "PE %", "Ulasan"]  # fmt: skip
CODES = ["MRN", "Registration Date", "DispatchCountry", "DestinationCountry", "CommodityCode", "Commodity description",
         "NetMass_t", "PE (%)", "Box 44 note"]  # fmt: skip
ROWS = [
    ["A-1", "29/02/2024", "AU", "VN", "391510", "HDPE flakes", "24.5", "98", ""],
    ["A-2", "30/03/2024", "NZ", "VN", "0391590", "film", "12", "90.5", "x"],
    ["A-3", "31/03/2024", "AU", "TH", "39151000", "bales", "3", "99", ""],
]
TARGETS = ["id", "date", "export", "import", "hs", "description", "net_kg", "polymers.PE"]


@pytest.mark.parametrize("headers", [ENGLISH, VIETNAMESE, VIETNAMESE_PLAIN, THAI, INDONESIAN, MALAY, CODES])
def test_headers_in_the_languages_of_the_region(headers: Sequence[str]) -> None:
    map_ = guess_map(headers, ROWS)
    assert [fields_of(map_).get(header) for header in headers] == [*TARGETS, None]
    assert map_.missing_fields == ()
    assert all(0.5 <= guess.confidence < 1 and guess.reason for guess in map_.guesses)
    row = map_.apply(dict(zip(headers, ROWS[0], strict=True)))
    assert row["date"] == "2024-02-29"
    assert row["net_kg"] == "24500"
    assert row["polymers.PE"] == "98"


def test_a_guess_can_be_saved_looked_at_and_used(tmp_path: Path) -> None:
    path = tmp_path / "declarations.csv"
    path.write_text("\n".join(";".join(row) for row in [THAI, *ROWS]), encoding="cp874")
    headers, rows, reader = sample_rows(path)
    assert reader.encoding == "cp874"
    guessed = guess_map(headers, rows)
    text = guessed.to_yaml()
    assert "# เลขที่ใบขนสินค้า → id" in text
    again = read_map(text)
    data = shipments(read(path, map=again))
    assert data == shipments(read(path, map=guessed))
    assert data[2]["net_kg"] == "3000"


def test_a_buddhist_date_is_seen_and_turned() -> None:
    map_ = guess_map(["วันที่"], [["29/02/2567"], ["15/03/2567"]])
    assert "Buddhist" in map_.guesses[0].reason
    assert map_.apply({"วันที่": "29/02/2567"}) == {"date": "2024-02-29"}


def test_a_date_that_may_stand_either_way_is_marked_down_and_says_so() -> None:
    sure = guess_map(["Date"], [["13/02/2024"], ["01/02/2024"]]).guesses[0]
    unsure = guess_map(["Date"], [["03/02/2024"], ["01/02/2024"]]).guesses[0]
    assert unsure.confidence < 0.6 < sure.confidence
    assert "check" in unsure.reason


@pytest.mark.parametrize(
    ("header", "values", "read"),
    [
        ("date", ["2026-11-21", "2026-11-22", "n/a"], {"date": "2026-11-21"}),
        ("Date", ["21/11/2026", "31/02/2026", "22/11/2026", "01/12/2026"], {"date": "2026-11-21"}),
        ("วันที่", ["21/11/2569", "?", "22/11/2569"], {"date": "2026-11-21"}),
    ],
)
def test_one_day_that_cannot_be_read_does_not_hide_the_column(
    header: str, values: list[str], read: dict[str, str]
) -> None:
    map_ = guess_map([header], [[value] for value in values])
    assert map_.apply({header: values[0]}) == read
    whole = guess_map([header], [[value] for value in values if value not in ("n/a", "31/02/2026", "?")])
    assert map_.guesses[0].confidence < whole.guesses[0].confidence
    assert "of the values are days" in map_.guesses[0].reason


def test_a_column_of_few_days_is_no_column_of_days() -> None:
    assert fields_of(guess_map(["Date"], [["21/11/2026"], ["soon"], ["later"], ["22/11/2026"]])) == {}
    assert fields_of(guess_map(["Date"], [["21/11/2026"], ["soon"]])) == {}


def test_a_slip_does_not_decide_between_day_and_month() -> None:
    """Each way of reading fits all but one value: it is said, not settled by which slip came first."""
    guess = guess_map(["Date"], [["13/02/2026"], ["02/13/2026"], ["03/04/2026"]]).guesses[0]
    assert guess.confidence < 0.6
    assert "check" in guess.reason


def test_decimal_commas_and_thousands() -> None:
    map_ = guess_map(["Berat Bersih (kg)"], [["1.234,5"], ["900"], ["12.000,25"]])
    assert map_.apply({"Berat Bersih (kg)": "1.234,5"}) == {"net_kg": "1234.5"}
    map_ = guess_map(["Net weight (kg)"], [["1,234.5"], ["900"]])
    assert map_.apply({"Net weight (kg)": "1,234.5"}) == {"net_kg": "1234.5"}


def test_states_by_name_or_other_codes_are_turned() -> None:
    map_ = guess_map(["Country of Origin"], [["Viet Nam"], ["Australia"], ["Malaysia"]])
    assert map_.apply({"Country of Origin": "Viet Nam"}) == {"origin": "VN"}


def test_values_that_do_not_fit_are_no_guess() -> None:
    rows = [["a", "b", "c"], ["d", "e", "f"]]
    assert fields_of(guess_map(["Net weight", "Country of origin", "HS code"], rows)) == {}


def test_a_name_of_the_contract_with_other_values_is_kept_from_being_that_field() -> None:
    map_ = guess_map(["id", "value"], [["1", "low"], ["2", "high"]])
    assert map_.apply({"id": "1", "value": "low"}) == {"id": "1", "source.value": "low"}


def test_exporter_over_state_codes_means_the_state() -> None:
    assert fields_of(guess_map(["Exporter", "Importer"], [["AU", "VN"], ["NZ", "TH"]])) == {
        "Exporter": "export",
        "Importer": "import",
    }
    rows = [["Example Exports (fictitious)", "Sample Imports (fictitious)"]]
    assert fields_of(guess_map(["Exporter", "Importer"], rows)) == {
        "Exporter": "consignor.name",
        "Importer": "consignee.name",
    }


def test_values_alone_are_enough_only_where_they_are_unmistakable() -> None:
    rows = [
        ["CSQU3054383", "R3", "Y48", "391510", "AU"],
        ["CSQU3054383, CSQU3054383", "R3", "B3011", "391590", "NZ"],
        ["CSQU3054383", "D1", "A3210", "470790", "AU"],
    ]
    guessed = guess_map(["a", "b", "c", "d", "e"], rows)
    assert fields_of(guessed) == {"a": "containers", "b": "operation", "c": "declared_entry", "d": "hs"}
    assert {"id", "date", "export", "import"} == set(guessed.missing_fields)


def test_each_field_goes_to_one_column() -> None:
    guessed = guess_map(["HS Code", "HS6", "Net weight", "Net mass (kg)"], [["391510", "391510", "5", "5"]])
    assert sorted(fields_of(guessed).values()) == ["hs", "net_kg"]
    assert fields_of(guessed)["Net mass (kg)"] == "net_kg"


def test_shares_up_to_one_are_pointed_out() -> None:
    guess = guess_map(["Contamination %"], [["0.02"], ["0.5"]]).guesses[0]
    assert "fraction" in guess.reason


def test_nothing_to_go_by() -> None:
    assert guess_map([], []).guesses == ()
    assert guess_map(["HS code"], []).guesses[0].field == "hs"


@pytest.mark.parametrize(
    ("text", "valid"), [("CSQU3054383", True), ("CSQU3054384", False), ("csqu 305438-3", True), ("ABCD1", False)]
)
def test_check_digits_of_containers(text: str, valid: bool) -> None:
    assert is_container(text) is valid


@pytest.mark.data
def test_the_columns_of_the_korean_file(shared_data: Path) -> None:
    headers, rows, _ = sample_rows(shared_data / "customs" / "korea_synthetic_declarations_2020_2021.csv.gz")
    guessed = guess_map(headers, rows)
    assert fields_of(guessed) == {
        "Declaration ID": "id", "Date": "date", "Mode of Transport": "facts.mode", "Importer ID": "consignee.id",
        "Seller ID": "consignor.id", "HS6 Code": "hs", "Country of Departure": "export",
        "Country of Origin": "origin", "Net Mass": "net_kg", "Item Price": "value",
    }  # fmt: skip
    assert guessed.missing_fields == ("import",)
