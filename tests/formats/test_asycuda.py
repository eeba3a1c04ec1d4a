"""ASYCUDA declarations with the quirks that they have in the wild. All parties are made up."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tests.formats.support import check_rows, errors, read, shipments
from tidegate.formats import FormatError, Limits, RawRow, load_map, open_shipments

HEADER = """
<Property><Sad_flow>I</Sad_flow><Date_of_declaration/></Property>
<Identification>
  <Office_segment><Customs_clearance_office_code>XVLI1</Customs_clearance_office_code></Office_segment>
  <Type><Type_of_declaration>IM</Type_of_declaration></Type>
  <Manifest_reference_number><null/></Manifest_reference_number>
  <Registration><Serial_number>C</Serial_number><Number>123</Number><Date>{date}</Date></Registration>
  <Assessment><Serial_number><null/></Serial_number><Number/><Date/></Assessment>
</Identification>
<Traders>
  <Exporter><Exporter_code><null/></Exporter_code><Exporter_name>Example Exports (fictitious)
12 Nowhere Road
Sampletown</Exporter_name></Exporter>
  <Consignee><Consignee_code>T-1</Consignee_code>
    <Consignee_name>Sample Imports (fictitious)\\nBox 5</Consignee_name></Consignee>
</Traders>
<Declarant><Declarant_code>D9</Declarant_code><Reference><Year>2024</Year><Number>R77</Number></Reference></Declarant>
<General_information><Country><Country_first_destination>SG</Country_first_destination>
  <Export><Export_country_code>AU</Export_country_code><Export_country_name>Australia</Export_country_name></Export>
  <Destination><Destination_country_code>{destination}</Destination_country_code>
    <Destination_country_name>Viet Nam</Destination_country_name></Destination>
</Country></General_information>
<Transport><Means_of_transport><Border_information><Mode>1</Mode></Border_information></Means_of_transport></Transport>
<Valuation><Gs_Invoice><Currency_code>AUD</Currency_code></Gs_Invoice></Valuation>
"""
CONTAINERS = """
<Container><Item_Number>1</Item_Number><Container_identity>MSKU1234565</Container_identity></Container>
<Container><Item_Number>2</Item_Number><Container_identity>TGHU7654321, MSKU1234565</Container_identity></Container>
<Container><Container_identity>CSQU3054383</Container_identity></Container>
"""
ITEM = """
<Item>
  <Attached_documents><Attached_document_code>C669</Attached_document_code>
    <Attached_document_name>NOTIFICATION</Attached_document_name>
    <Attached_document_reference>AU 0001</Attached_document_reference>
    <Attached_document_date>{paper_date}</Attached_document_date></Attached_documents>
  <Attached_documents><Attached_document_code>380</Attached_document_code>
    <Attached_document_reference>INV-9</Attached_document_reference></Attached_documents>
  <Packages><Number_of_packages>40</Number_of_packages><Kind_of_packages_code>BL</Kind_of_packages_code></Packages>
  <Tarification>
    <HScode><Commodity_code>{hs}</Commodity_code><Precision_1>00</Precision_1><Precision_2><null/></Precision_2></HScode>
    <Extended_customs_procedure>4000</Extended_customs_procedure>
    <Supplementary_unit><Suppplementary_unit_code>KGM</Suppplementary_unit_code>
      <Suppplementary_unit_quantity>24000.0</Suppplementary_unit_quantity></Supplementary_unit>
    <Item_price>9000.00</Item_price>
  </Tarification>
  <Goods_description><Country_of_origin_code>NZ</Country_of_origin_code>
    <Description_of_goods>Waste of polymers</Description_of_goods>
    <Commercial_Description>HDPE  bottles,
 baled</Commercial_Description></Goods_description>
  <Previous_doc><Summary_declaration>BL-1</Summary_declaration></Previous_doc>
  <Licence_number>{licence}</Licence_number>
  <Valuation_item><Weight_itm><Gross_weight_itm>24100.5</Gross_weight_itm><Net_weight_itm>24000</Net_weight_itm></Weight_itm>
    <Item_Invoice><Amount_foreign_currency>9000.00</Amount_foreign_currency><Currency_code>AUD</Currency_code></Item_Invoice>
  </Valuation_item>
</Item>
"""


def item(**given: str) -> str:
    return ITEM.format(**{"hs": "39151000", "licence": "<null/>", "paper_date": "2024-01-05", **given})


def declaration(*items: str, date: str = "2024-02-29", destination: str = "VN", more: str = CONTAINERS) -> str:
    return f"<ASYCUDA>{HEADER.format(date=date, destination=destination)}{more}{''.join(items)}</ASYCUDA>"


def rows_of(text: str | bytes, **options: Any) -> list[RawRow]:
    rows = read(text.encode() if isinstance(text, str) else text, format="asycuda", **options)
    check_rows(rows)
    return rows


def test_an_item_becomes_a_shipment() -> None:
    first, second = shipments(
        rows_of(declaration(item(), item(hs="3915.90.00", licence="L-5")), map="asycuda-documents")
    )
    assert {k: v for k, v in first.items() if not k.startswith("asycuda.")} == {
        "id": "XVLI1-2024-C123/1",
        "consignment": "XVLI1-2024-C123",
        "date": "2024-02-29",
        "events": {"declared": "2024-02-29"},
        "export": "AU",
        "import": "VN",
        "origin": "NZ",
        "hs": "3915100000",
        "description": "HDPE bottles, baled | Waste of polymers",
        "net_kg": "24000",
        "gross_kg": "24100.5",
        "value": "9000.00",
        "currency": "AUD",
        "consignor": {"name": "Example Exports (fictitious)", "address": "12 Nowhere Road, Sampletown"},
        "consignee": {"id": "T-1", "name": "Sample Imports (fictitious)", "address": "Box 5"},
        "containers": ["MSKU1234565", "CSQU3054383"],
        "documents": [
            {
                "kind": "NOTIFICATION",
                "number": "AU 0001",
                "issued": "2024-01-05",
                "name": "NOTIFICATION",
                "code": "C669",
            },
            {"kind": "380", "number": "INV-9"},
        ],
        "facts": {"mode": "sea"},
    }
    assert first["asycuda.supplementary_quantity"] == "24000.0"
    assert first["asycuda.first_destination"] == "SG"
    assert second["id"] == "XVLI1-2024-C123/2"
    assert second["hs"] == "3915900000"
    assert second["containers"] == ["TGHU7654321", "MSKU1234565", "CSQU3054383"]
    assert second["documents"][2] == {"kind": "LICENCE", "number": "L-5"}


def test_the_map_says_what_a_licence_is_and_fills_what_the_file_lacks() -> None:
    map_ = load_map({"licence_kind": "KH_PERMISSION", "constants": {"import": "KH"}})
    text = declaration(item(licence="L-5"), destination="<null/>").replace("Viet Nam", "")
    (data,) = shipments(rows_of(text, map=map_))
    assert data["import"] == "KH"
    assert data["documents"][-1] == {"kind": "KH_PERMISSION", "number": "L-5"}


def test_an_item_without_papers_says_nothing_about_papers() -> None:
    start, end = item().index("<Attached_documents>"), item().index("<Packages>")
    (data,) = shipments(rows_of(declaration(item()[:start] + item()[end:])))
    assert "documents" not in data


def test_spellings_wrappers_case_and_prefixes() -> None:
    text = declaration(item())
    text = (
        text.replace("Tarification", "Tariff")
        .replace("HScode", "Harmonized_system")
        .replace("Weight_itm", "Weight")
        .replace("Suppplementary", "Supplementary")
        .replace("<Item>", "<ITEMS><item>")
        .replace("</Item>", "</item></ITEMS>")
        .replace("Export_country_code", "EXPORT_COUNTRY_CODE")
        .replace("ASYCUDA>", "ns:Asycuda>")
    )
    start, end = text.index("<Attached_documents>"), text.index("<Packages>")
    wrapped = (
        "<Attached_documents><Attached_document><Attached_document_code>C670</Attached_document_code></Attached_document>"
        "<Attached_document><Attached_document_code>C672</Attached_document_code></Attached_document></Attached_documents>"
    )
    (data,) = shipments(rows_of(text[:start] + wrapped + text[end:], map="asycuda-documents"))
    assert data["hs"] == "3915100000"
    assert data["net_kg"] == "24000"
    assert data["export"] == "AU"
    assert data["asycuda.supplementary_unit"] == "KGM"
    assert [paper["kind"] for paper in data["documents"]] == ["MOVEMENT_DOCUMENT", "ANNEX_VII"]


def test_null_in_all_its_spellings_is_not_known() -> None:
    for null in ("<null/>", "null", "", "  ", "<NULL></NULL>"):
        text = declaration(item(), destination=null).replace("Viet Nam", null)
        assert "import" not in shipments(rows_of(text))[0]


def test_states_may_be_named() -> None:
    (data,) = shipments(rows_of(declaration(item(), destination="<null/>")))
    assert data["import"] == "VN"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-02-29", "2024-02-29"), ("29/02/2024", "2024-02-29"), ("2/29/24", "2024-02-29"),
        ("20240229", "2024-02-29"), ("29-FEB-2024", "2024-02-29"), ("29.2.2024", "2024-02-29"),
        ("Feb 29, 2024", "2024-02-29"), ("2024-02-29T10:11:12", "2024-02-29"), ("29 Februari 2024", "2024-02-29"),
        ("3/3/2024", "2024-03-03"),
    ],
)  # fmt: skip
def test_days_in_many_styles(written: str, day: str) -> None:
    assert shipments(rows_of(declaration(item(), date=written)))[0]["date"] == day


def test_a_day_that_can_be_read_in_two_ways_is_settled_by_another_or_not_at_all() -> None:
    rows = rows_of(declaration(item(), date="6/10/25"))
    assert "either 2025-06-10 or 2025-10-06" in errors(rows)[0]["message"]
    settled = rows_of(declaration(item(paper_date="5/25/25"), date="6/10/25"))
    assert shipments(settled)[0]["date"] == "2025-06-10"
    named = rows_of(declaration(item(), date="6/10/25"), map=load_map({"source": {"date_order": "dmy"}}))
    assert shipments(named)[0]["date"] == "2025-10-06"


def test_an_unreadable_day_of_a_paper_is_kept_as_written() -> None:
    (data,) = shipments(rows_of(declaration(item(paper_date="soon"))))
    assert data["documents"][0]["issued_text"] == "soon"
    assert "issued" not in data["documents"][0]


def test_several_declarations_in_one_file_and_one_of_them_broken() -> None:
    prolog = '<?xml version="1.0" encoding="UTF-8"?>\n'
    text = (
        prolog
        + declaration(item(), item())
        + "\n"
        + prolog
        + declaration("<Item><oops></Item>")
        + "\n"
        + declaration(item())
    )
    rows = rows_of(text)
    assert [row.data is not None for row in rows] == [True, True, False, True]
    error = errors(rows)[0]
    assert "not well-formed XML at line" in error["message"]
    lines = text.split("\n")
    assert "<Item><oops></Item>" in lines[int(error["message"].split("at line ")[1].split(":")[0]) - 1]
    assert rows[3].line is not None
    assert "<Item>" in lines[rows[3].line - 1]


def test_a_declaration_without_items_or_cut_off_is_a_reject() -> None:
    rows = rows_of(declaration() + declaration(item())[:-200])
    assert [error["field"] for error in errors(rows)] == ["Item", "declaration"]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "doctype", [LAUGHS, '<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/hostname">]>', "<!DOCTYPE x>"]
)
def test_entities_are_refused_and_cost_only_their_declaration(doctype: str) -> None:
    hostile = doctype + declaration(item(licence="&b;"))
    rows = rows_of(hostile + declaration(item()))
    assert [row.data is not None for row in rows] == [False, True]
    assert "document type declaration is refused" in errors(rows)[0]["message"]


def test_deep_nesting_and_endless_declarations_are_rejects() -> None:
    deep = "<Item>" + "<a>" * 500 + "</a>" * 500 + "</Item>"
    rows = rows_of(
        declaration(deep) + declaration(item(licence="x" * 300_000)) + declaration(item()),
        limits=Limits(declaration_chars=100_000),
    )
    assert [row.data is not None for row in rows] == [False, False, True]
    assert "nested too deep" in errors(rows)[0]["message"]
    assert "longer than 100000" in errors(rows)[1]["message"]


def test_encodings() -> None:
    text = declaration(item()).replace("Sample Imports", "Société")
    for codec, declared in (("cp1252", "windows-1252"), ("utf-16", "utf-16"), ("utf-8", "utf-8"), ("cp874", "tis-620")):
        wanted = "Société" if codec != "cp874" else "บริษัท"
        body = f'<?xml version="1.0" encoding="{declared}"?>' + text.replace("Société", wanted)
        assert wanted in shipments(rows_of(body.encode(codec)))[0]["consignee"]["name"]
    saved_otherwise = '<?xml version="1.0" encoding="utf-16"?>' + text  # a text made by .NET, saved as UTF-8
    assert "Société" in shipments(rows_of(saved_otherwise.encode()))[0]["consignee"]["name"]
    lying = b'<?xml version="1.0" encoding="UTF-8"?>' + text.encode("cp1252") + declaration(item()).encode()
    rows = rows_of(lying)
    assert [row.data is not None for row in rows] == [False, True]
    assert "do not belong to utf-8" in errors(rows)[0]["message"]


def test_a_folder_is_read_in_order_and_a_bad_file_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(declaration(item(), item()))
    (tmp_path / "b.xml").write_text("<nothing/>")
    (tmp_path / "c.xml").write_bytes(b"")
    (tmp_path / "d.XML").write_text(declaration(item()))
    (tmp_path / "notes.txt").write_text("not read")
    with open_shipments(tmp_path) as reader:
        rows = list(reader)
    check_some = [row.data is not None for row in rows]
    assert check_some == [True, True, False, False, True]
    assert rows[2].reject is not None
    assert rows[2].reject["file"] == "b.xml"
    assert rows[2].reject["error"]["message"].startswith("b.xml, row 3")
    assert [row.row for row in rows] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("first", ["", "id,date", '<?xml version="1.0" encoding="bogus"?><ASYCUDA></ASYCUDA>', None])
def test_a_bad_file_costs_itself_also_where_it_is_the_first(tmp_path: Path, first: str | None) -> None:
    (tmp_path / "b.xml").write_text(declaration(item()))
    if first is None:
        (tmp_path / "a.xml").symlink_to(tmp_path / "nowhere")
    else:
        (tmp_path / "a.xml").write_text(first)
    with open_shipments(tmp_path) as reader:
        rows = list(reader)
    assert [row.data is not None for row in rows] == [False, True]
    assert rows[0].reject is not None
    assert rows[0].reject["file"] == "a.xml"


def test_xml_that_holds_no_declaration_is_refused() -> None:
    with pytest.raises(FormatError, match="no ASYCUDA declaration"):
        rows_of("<rss></rss>")


def test_files_are_recognised_by_their_content() -> None:
    with open_shipments(io.BytesIO(declaration(item()).encode())) as reader:
        assert reader.format == "asycuda"
        assert len(list(reader)) == 1
