"""Results of a batch: filters, pages, one row, pictures, files; and results that come from elsewhere."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client

from tests.movements.cases import actor
from tests.web.batches import (
    SHIPMENTS,
    decided,
    files_left,
    lines,
    messy,
    page,
    screened,
    sent,
    text,
)
from tidegate.batch import screen_file
from tidegate.law import load_rulebook
from tidegate.screening import Reject, decide, parse_shipment
from tidegate.web.batch import load_result, store
from tidegate.web.batch.models import Batch
from tidegate.web.batch.results import OUTCOMES, Filter, Rows, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def wanted(decision: dict[str, Any], shipment: dict[str, Any], name: str, value: str) -> bool:
    """Whether a row is let through by a filter: worked out from the decision itself, without the index."""
    checks = bool(decision["verify"])
    match name:
        case "outcome":
            clear = decision["outcome"] == "clear"
            return {"verify": clear and checks, "settled": clear and not checks}.get(
                value, decision["outcome"] == value
            )
        case "to":
            return bool(shipment["import"] == value)
        case "of":
            return bool(shipment["export"] == value)
        case "entry":
            return bool((decision["entry"] or "open") == value)
        case "rule":
            return value in {reason["rule"] for reason in decision["reasons"]}
        case "prohibits":
            return value in {r["rule"] for r in decision["reasons"] if r["effect"] == "prohibit"}
        case "month":
            return bool(shipment["date"].startswith(value))
        case "question":
            return value in {question["fact"] for question in decision["questions"]}
        case "paper":
            return value in {document for missing in decision["missing"] for document in missing["documents"]}
        case "text":
            return value.lower() in decision["id"].lower() or value.lower() in shipment["consignment"].lower()
    raise AssertionError(name)


def test_every_filter_finds_what_the_decisions_say(client: Client) -> None:
    batch = screened(client)
    decisions = [json.loads(cells["decision_json"]) for cells in pq.read_table(store.decisions(batch)).to_pylist()]
    pairs = list(zip(decisions, SHIPMENTS, strict=True))
    options: dict[str, set[str]] = {
        "outcome": set(OUTCOMES),
        "to": {"MY", "TH", "VN", "LA", "XX"},
        "of": {"JP", "DE", "US"},
        "entry": {d["entry"] or "open" for d in decisions},
        "rule": {reason["rule"] for d in decisions for reason in d["reasons"]},
        "prohibits": {r["rule"] for d in decisions for r in d["reasons"] if r["effect"] == "prohibit"} | {"NONE"},
        "month": {"2018", "2024", "2025-01", "2026-09"},
        "question": {question["fact"] for d in decisions for question in d["questions"]},
        "paper": {document for d in decisions for missing in d["missing"] for document in missing["documents"]},
        "text": {"s-00", "C-1", "S-059", "%", "'"},
    }
    for name, values in options.items():
        assert values, name
        for value in sorted(values)[:8]:
            expected = [d["row"] for d, s in pairs if wanted(d, s, name, value)]
            found = Rows(batch, Filter(**{name: value}))
            assert found.numbers() == expected, (name, value)
            assert found.count() == len(expected)
    both = Rows(batch, Filter(outcome="prohibited", to="TH"))
    assert both.numbers() == [
        d["row"] for d, s in pairs if wanted(d, s, "outcome", "prohibited") and wanted(d, s, "to", "TH")
    ]
    assert Rows(batch, Filter(outcome="nonsense")).count() == 0


def test_the_counts_beside_the_filters_are_what_they_find(client: Client) -> None:
    batch = screened(client)
    shown = page(client.get(f"/batch/{batch.token}/rows/"))
    checked = 0
    for select in shown.xpath("//form[@role='search']//select"):
        for option in select.xpath("./option[@value!='']")[:2]:
            count = int(option.text.rpartition("(")[2].strip(")").replace(",", ""))
            found = page(client.get(f"/batch/{batch.token}/rows/", {select.name: option.get("value")}))
            assert f"{count} row" in text(found.xpath("//*[contains(@class, 'ba-found')]")[0]), option.text
            checked += 1
    assert checked > 12


def test_pages_hold_every_row_once(client: Client) -> None:
    batch = screened(client)
    seen = []
    for number in (1, 2):
        shown = page(client.get(f"/batch/{batch.token}/rows/?page={number}"))
        seen += [text(cell) for cell in shown.xpath("//tbody//td[contains(@class, 'ba-c-id')]/a")]
    assert seen == [s["id"] for s in SHIPMENTS]
    assert "Page 2 of 2" in text(shown)


def test_a_row_leads_to_the_check_page_and_that_says_the_same(client: Client) -> None:
    batch = screened(client)
    book = load_rulebook()
    for number in (1, 5, 7, 24, 60):
        shown = page(client.get(f"/batch/{batch.token}/rows/{number}/"))
        found = row(batch, number)
        assert found is not None
        given = SHIPMENTS[number - 1]
        known = {k: v for k, v in given.items() if v not in ([], None)}
        assert {k: v for k, v in found.shipment.items() if v not in ([], None)} == known
        again = decide(parse_shipment(found.shipment, book), book)
        assert again["outcome"] == found.decision["outcome"]
        address = shown.xpath("//a[contains(., 'Open in the check page')]/@href")[0]
        checked = page(client.get(address))
        title = text(checked.xpath("//h2[@id='verdict-title']")[0])
        assert title == text(shown.xpath("//h2[@id='verdict-title']")[0])
        reasons = {reason["rule"] for reason in found.decision["reasons"]}
        assert {f"rule-{rule}" for rule in reasons} == set(shown.xpath("//li[starts-with(@id, 'rule-')]/@id"))
    assert client.get(f"/batch/{batch.token}/rows/61/").status_code == 404


def test_what_was_declared_is_escaped(client: Client) -> None:
    batch = screened(client)
    body = client.get(f"/batch/{batch.token}/rows/1/").content.decode()
    assert "&lt;b&gt;&amp;&quot;x" in body
    assert '<b>&"x' not in body


def test_the_steps_to_the_next_row_stay_inside_the_filter(client: Client) -> None:
    batch = screened(client)
    chosen = Filter(to="TH")
    numbers = Rows(batch, chosen).numbers()
    assert Rows(batch, chosen).beside(numbers[0]) == (None, numbers[1])
    assert Rows(batch, chosen).beside(numbers[3]) == (numbers[2], numbers[4])
    assert Rows(batch, chosen).beside(numbers[-1]) == (numbers[-2], None)
    shown = page(client.get(f"/batch/{batch.token}/rows/{numbers[1]}/?to=TH"))
    assert shown.xpath("//a[@rel='next']/@href") == [f"/batch/{batch.token}/rows/{numbers[2]}/?to=TH"]


def test_nothing_looks_green_while_something_is_left_to_check(client: Client) -> None:
    batch = screened(client)
    clear = Rows(batch, Filter(outcome="clear")).numbers()
    left = Rows(batch, Filter(outcome="verify")).numbers()
    assert batch.checks == len(left)
    shown = page(client.get(batch.get_absolute_url()))
    tiles = {}
    for tile in shown.xpath("//a[contains(@class, 'ba-tile ')]"):
        word, count = (tile.xpath(f".//*[contains(@class, 'ba-tile-{part}')]")[0] for part in ("word", "count"))
        tiles[text(word)] = int(text(count))
    assert tiles["Clear on paper"] == len(left) > 0
    assert tiles["Clear"] == len(clear) - len(left) > 0
    for number in left[:5]:
        listed = page(client.get(f"/batch/{batch.token}/rows/?text={SHIPMENTS[number - 1]['id']}"))
        assert listed.xpath("//tbody//span[contains(@class, 'td-tone-verify')]")
        assert not listed.xpath("//tbody//span[contains(@class, 'td-tone-clear')]")


def test_the_tables_part_what_is_clear_by_whether_something_is_left_to_check(client: Client) -> None:
    batch = screened(client)
    figures = json.loads(store.summary(batch).read_text())
    assert figures["clear_to_verify"] == batch.checks == figures["clear_to_verify_by"]["imports"]["US"]
    shown = page(client.get(batch.get_absolute_url()))
    for head, key in (("State of import", "to=US"), ("Month", "month=2026-01"), ("Entry", "entry=B3011")):
        table = shown.xpath(f"//div[@aria-label='{head}']/table")[0]
        for name in ("verify", "settled"):
            (link,) = table.xpath(f".//a[@href='rows/?outcome={name}&{key}']") or [None]
            found = page(client.get(f"/batch/{batch.token}/rows/?outcome={name}&{key}"))
            count = int(text(found.xpath("//*[contains(@class, 'ba-found')]/b")[0]))
            assert count == (0 if link is None else int(text(link))), (key, name)


def test_a_summary_of_an_earlier_version_calls_nothing_settled(client: Client) -> None:
    batch = screened(client)
    figures = json.loads(store.summary(batch).read_text())
    clear = figures["outcomes"]["clear"]
    del figures["clear_to_verify"], figures["clear_to_verify_by"]
    store.summary(batch).write_text(json.dumps(figures))
    store.consignments(batch).unlink()
    shown = page(client.get(batch.get_absolute_url()))
    table = shown.xpath("//div[@aria-label='State of import']/table")[0]
    cells = [[text(cell).replace("·", "0") for cell in line.xpath("./td")] for line in table.xpath("./tbody/tr")]
    assert sum(int(line[-2]) for line in cells) == clear
    assert sum(int(line[-1]) for line in cells) == 0
    for name in ("outcomes", "imports", "months"):
        assert client.get(f"/batch/{batch.token}/picture/{name}.svg").status_code == 200
    assert "earlier version" in text(page(client.get(f"/batch/{batch.token}/consignments/")))
    assert client.get(f"/batch/{batch.token}/download/consignments.csv").status_code == 404
    assert client.get(f"/batch/{batch.token}/downloads/").status_code == 200


def test_consignments_are_listed_filtered_and_taken_away(client: Client, tmp_path: Path) -> None:
    batch = screened(client)
    (tmp_path / "in.jsonl").write_bytes(lines())
    screen_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl", consignments=tmp_path / "groups.jsonl")
    wanted = [json.loads(line) for line in (tmp_path / "groups.jsonl").read_text().splitlines()]
    assert len(wanted) == 21
    address = f"/batch/{batch.token}/download/consignments"
    assert [json.loads(line) for line in sent(client, f"{address}.jsonl").splitlines()] == wanted
    assert pq.read_table(io.BytesIO(sent(client, f"{address}.parquet"))).to_pylist() == wanted
    as_text = [{key: str(value) for key, value in group.items()} for group in wanted]
    assert list(csv.DictReader(io.StringIO(sent(client, f"{address}.csv").decode()))) == as_text
    sheet = openpyxl.load_workbook(io.BytesIO(sent(client, f"{address}.xlsx")))["consignments"]
    assert list(sheet.iter_rows(min_row=2, values_only=True)) == [tuple(group.values()) for group in wanted]

    address = f"/batch/{batch.token}/consignments/"
    for outcome in ("", *OUTCOMES):
        groups = [group for group in wanted if not outcome or group["outcome"] == outcome]
        shown = page(client.get(address, {"outcome": outcome}))
        listed = [text(cell) for cell in shown.xpath("//tbody//td[contains(@class, 'ba-c-id')]")]
        assert listed == [group["consignment"] for group in groups]
        assert text(shown.xpath("//*[contains(@class, 'ba-found')]/b")[0]) == str(len(groups))
    downloads = page(client.get(f"/batch/{batch.token}/downloads/"))
    assert "21 consignments" in text(downloads.xpath(f"//ul[@class='ba-files']//a[@href='{address}']")[0])
    (link,) = page(client.get(address)).xpath("//a[.='C-1']/@href")
    found = page(client.get(link))  # C-1, and not C-10 with it
    assert text(found.xpath("//*[contains(@class, 'ba-found')]/b")[0]) == "3"
    left = [group for group in wanted if group["clear_to_verify"]]
    assert left
    line = page(client.get(address)).xpath(f"//tr[.//a[.='{left[0]['consignment']}']]")[0]
    assert line.xpath(".//td[contains(@class, 'ba-c-outcome')]//*[contains(@class, 'td-tone-verify')]")


def test_a_batch_without_consignments_says_so(client: Client) -> None:
    batch = screened(client, "table.csv", messy())
    assert "No row names a consignment" in text(page(client.get(f"/batch/{batch.token}/consignments/")))
    links = page(client.get(f"/batch/{batch.token}/downloads/")).xpath("//ul[@class='ba-files']//a/@href")
    assert not [link for link in links if "consignments" in link]


def test_the_overview_adds_up(client: Client) -> None:
    batch = screened(client)
    shown = page(client.get(batch.get_absolute_url()))
    counts: Counter[str] = Counter()
    for tile in shown.xpath("//a[contains(@class, 'ba-tile ')]"):
        counts["tiles"] += int(text(tile.xpath(".//*[contains(@class, 'ba-tile-count')]")[0]).replace(",", ""))
    assert counts["tiles"] == batch.decided
    for head in ("State of import", "State of export", "Month", "Entry"):
        table = shown.xpath(f"//div[@aria-label='{head}']/table")[0]
        rows = [[text(cell) for cell in line.xpath("./td")] for line in table.xpath("./tbody/tr")]
        assert sum(int(cells[0]) for cells in rows) == batch.decided
        for cells in rows:
            assert int(cells[0]) == sum(int(cell) for cell in cells[1:] if cell != "·")
    states = Counter(s["import"] for s in SHIPMENTS)
    assert "Malaysia" in text(shown)
    assert Rows(batch, Filter(to="MY")).count() == states["MY"]


@pytest.mark.parametrize("name", ["outcomes", "imports", "exports", "months", "rules", "flows", "flows-prohibited"])
def test_pictures(client: Client, name: str) -> None:
    batch = screened(client)
    drawn = {}
    for query in ("", "?theme=dark", "?size=narrow"):
        response = client.get(f"/batch/{batch.token}/picture/{name}.svg{query}")
        assert response.status_code == 200
        assert response["Content-Type"] == "image/svg+xml"
        assert b"<script" not in response.content
        drawn[query] = response.content
    assert len(set(drawn.values())) == 3
    assert client.get(f"/batch/{batch.token}/picture/nonsense.svg").status_code == 404


def test_downloads_hold_the_same_rows(client: Client) -> None:
    batch = screened(client, "messy.csv", messy())
    base = f"/batch/{batch.token}/download/"

    def body(what: str) -> bytes:
        return sent(client, base + what)

    table = pq.read_table(io.BytesIO(body("decisions.parquet"))).to_pylist()
    sheet = openpyxl.load_workbook(io.BytesIO(body("decisions.xlsx")), read_only=True).active
    assert sheet is not None
    cells = list(sheet.iter_rows(values_only=True))
    with_commas = list(csv.DictReader(io.StringIO(body("decisions.csv").decode())))
    objects = [json.loads(line) for line in body("decisions.jsonl").splitlines()]
    ids = [row["id"] for row in table]
    assert len(ids) == 38
    assert [row["id"] for row in with_commas] == ids
    assert [line[0] for line in cells[1:]] == ids
    assert [one["id"] for one in objects] == ids
    assert list(cells[0]) == list(with_commas[0]) == list(table[0])
    assert with_commas[3]["Bemerkung"] == "'=cmd|3"
    assert objects[3]["Bemerkung"] == "=cmd|3"
    assert objects[0]["export"] == "DE"
    assert objects[0]["reasons"] == json.loads(table[0]["decision_json"])["reasons"]
    part = list(csv.DictReader(io.StringIO(body("decisions.csv?to=TH").decode())))
    assert [line["row"] for line in part] == [str(n) for n in Rows(batch, Filter(to="TH")).numbers()]
    rejects = [json.loads(line) for line in body("rejects.jsonl").splitlines()]
    assert [reject["id"] for reject in rejects] == ["D-bad1", "D-bad2"]
    assert len(ids) + len(rejects) == json.loads(body("summary.json"))["rows"] == 40
    assert client.get(base + "decisions.exe").status_code == 404
    assert client.get(base + "decisions.parquet?to=TH").status_code == 404


def test_a_workbook_has_its_limit(client: Client, settings: Any) -> None:
    batch = screened(client)
    settings.TIDEGATE_BATCH_XLSX_ROWS = 10
    assert client.get(f"/batch/{batch.token}/download/decisions.xlsx").status_code == 302
    assert "At most 10 rows" in text(page(client.get(f"/batch/{batch.token}/downloads/")))
    assert client.get(f"/batch/{batch.token}/download/decisions.xlsx?text=S-00").status_code == 200


@pytest.mark.parametrize("language", ["vi", "th", "id", "ms"])
def test_every_page_in_every_language(client: Client, language: str) -> None:
    batch = screened(client, "messy.csv", messy())
    client.cookies["django_language"] = language
    for part in ("", "rows/", "rows/1/", "consignments/", "rejects/", "downloads/", "delete/"):
        shown = page(client.get(f"/batch/{batch.token}/{part}"))
        assert shown.get("lang") == language
        for drawn in shown.xpath("//main//rect/@width | //main//rect/@x"):
            assert float(drawn) >= 0
    assert client.get(f"/batch/{batch.token}/picture/imports.svg").status_code == 200


def test_another_rulebook_since_is_said(client: Client) -> None:
    batch = screened(client)
    Batch.objects.update(rulebook="2020.01.01+abc")
    assert "another is in force now" in text(page(client.get(batch.get_absolute_url())))
    assert "another is in force now" in text(page(client.get(f"/batch/{batch.token}/rows/1/")))


STAYS = "Under the law known today the answer for this shipment stays the same."


def refuse(*_: Any) -> Any:
    raise Reject("hs", "391510", "something else")


def changes_said(shown: Any) -> str:
    return text(shown.xpath("//section[@aria-labelledby='changes-title']")[0])


def test_a_row_tells_what_changes_or_why_it_cannot(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = screened(client)
    book = load_rulebook()
    told = set()
    for number, given in enumerate(SHIPMENTS[:12], start=1):
        changes = decide(parse_shipment(given, book), book, changes=True)["changes"]
        shown = page(client.get(f"/batch/{batch.token}/rows/{number}/"))
        assert shown.xpath("//ol[@class='ck-changes']/li/time/@datetime") == [str(c["date"]) for c in changes]
        assert (STAYS in changes_said(shown)) == (not changes), number
        assert "cannot be worked out" not in changes_said(shown)
        told.add(bool(changes))
    assert told == {True, False}
    # Nobody may read that nothing changes where nobody could look.
    with monkeypatch.context() as patched:
        patched.setattr("tidegate.web.batch.result_views.parse_shipment", refuse)
        said = changes_said(page(client.get(f"/batch/{batch.token}/rows/1/")))
    assert "was not kept whole or can no longer be read" in said
    assert STAYS not in said
    Batch.objects.update(rulebook="2020.01.01+abc")
    said = changes_said(page(client.get(f"/batch/{batch.token}/rows/1/")))
    assert "Another rulebook is in force now than the one that decided this row" in said
    assert STAYS not in said


def test_a_result_is_registered_and_shown(client: Client, tmp_path: Path, settings: Any) -> None:
    settings.TIDEGATE_BATCHES_OPEN = True
    data = lines([*SHIPMENTS, {"id": "bad"}])
    out, summary = decided(tmp_path, data)
    batch = load_result(out, "declarations.jsonl", summary)
    assert (batch.rows, batch.decided, batch.rejected) == (61, 60, 1)
    shown = page(client.get(batch.get_absolute_url()))
    assert "61 rows in = 60 decided + 1 rejected" in text(shown)
    assert page(client.get(f"/batch/{batch.token}/rows/1/")).xpath("//a[contains(., 'Open in the check page')]")
    assert "bad" in text(page(client.get(f"/batch/{batch.token}/rejects/")))
    assert str(tmp_path) not in client.get(f"/batch/{batch.token}/download/summary.json").content.decode()
    # The caller's file stays its own; a second result of the name takes the place of the first.
    again = load_result(out, "declarations.jsonl", summary.as_dict())
    assert out.exists()
    assert list(Batch.objects.all()) == [again]
    assert {path.parent.parent.name for path in files_left()} == {again.folder}
    client.post(f"/batch/{again.token}/delete/")
    assert out.exists()


def test_a_result_without_the_shipments_is_shown_as_far_as_it_goes(
    client: Client, tmp_path: Path, settings: Any
) -> None:
    from tidegate.batch import screen_file

    settings.TIDEGATE_BATCHES_OPEN = True
    (tmp_path / "in.jsonl").write_bytes(lines())
    summary = screen_file(tmp_path / "in.jsonl", tmp_path / "plain.parquet")
    batch = load_result(tmp_path / "plain.parquet", "plain", summary)
    shown = page(client.get(f"/batch/{batch.token}/rows/1/"))
    assert not shown.xpath("//a[contains(., 'Open in the check page')]")
    assert "was not kept" in text(shown)
    assert "was not kept whole or can no longer be read" in changes_said(shown)
    assert page(client.get(f"/batch/{batch.token}/rows/?outcome=prohibited")) is not None


def test_what_is_no_result_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    out, summary = decided(tmp_path, lines())
    wrong = {**summary.as_dict(), "decided": 59, "rows": 59}
    with pytest.raises(ValueError, match="60 decisions, the summary says 59"):
        load_result(out, "x", wrong)
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    with pytest.raises(ValueError, match="full form"):
        load_result(other, "x", summary)
    assert not Batch.objects.exists()
    assert not files_left()


def test_an_officer_goes_from_a_row_to_a_laboratory(client: Client) -> None:
    batch = screened(client)
    address = f"/batch/{batch.token}/rows/1/"
    assert "/check/analyse/" not in client.get(address).content.decode()
    officer = actor("DE", "customs", "officer")
    assert officer.person is not None
    client.force_login(officer.person)
    [link] = page(client.get(address)).xpath("//a[starts-with(@href, '/check/analyse/')]/@href")
    assert f"{batch.name}, row 1" in client.get(link).content.decode()
