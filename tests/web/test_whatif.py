"""What if the draft regional standard held: the page, the API and the command line say the same."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from tests.web.batches import files_left, lines, page, screened, sent, text
from tidegate.cli import main
from tidegate.law import load_rulebook, regional
from tidegate.law.lint import lint
from tidegate.web.batch.models import Batch
from tidegate.web.jobs.models import Job
from tidegate.web.jobs.worker import Worker, reap_and_sweep
from tidegate.web.whatif.models import WhatIf

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
GAZETTED = ROOT / "examples" / "regional-standard" / "gazetted"
HOME = "/law/what-if/"
API = "/api/v1/what-if"
PLAIN = {
    "date": "2026-03-01",
    "hs": "391510",
    "polymers": {"PE": "97.5"},
    "contamination_pct": "2.5",
    "hazardous": False,
    "halogenated": False,
    "operation": "R3",
    "consumer": "pre",
    "waste": True,
}
# Dirty beyond the draft, clean enough for it, a mix, and rows that meet no State of the plan or cannot be read.
CLEAN = {"polymers": {"PE": "99.3"}, "contamination_pct": "0.7"}
MIXED = {"polymers": {"PE": "60", "PS": "40"}, "contamination_pct": "0"}
ROWS: list[dict[str, Any]] = [
    *(
        {**PLAIN, "id": f"dirty-{to}-{of}", "export": of, "import": to}
        for to in ("MY", "VN", "PH", "LK")
        for of in ("JP", "AU")
    ),
    *({**PLAIN, **CLEAN, "id": f"clean-{to}", "export": "JP", "import": to} for to in ("MY", "PH")),
    {**PLAIN, **MIXED, "id": "mixed", "export": "JP", "import": "PH"},
    {**PLAIN, "id": "elsewhere", "export": "JP", "import": "US"},
    {**PLAIN, "id": "later", "export": "KR", "import": "PH", "date": "2027-08-01"},
    {**PLAIN, "id": "no-such-day", "export": "JP", "import": "PH", "date": "2026-02-30"},
]
SHIPPED = {"foreign_matter_pct": "2", "target_purity_pct": "99", "polymer_mix": "on", "hazardous": "on"}
SHIPPED |= {"food_residue": "on", "any_day": "on"}


@pytest.fixture(autouse=True)
def own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What `tidegate law whatif` says of the rows."""

    def call(overlay: Path, *more: str) -> dict[str, Any]:
        source = tmp_path / "rows.jsonl"
        source.write_bytes(lines(ROWS))
        capsys.readouterr()
        assert main(["law", "whatif", str(overlay), str(source), "--json", *more]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)["shipments"]
        return found

    return call


def run(client: Client, batch: Batch, **fields: str) -> WhatIf:
    """A run from the form to its outcome."""
    answer = client.post(HOME, {"batch": batch.token, **fields})
    assert answer.status_code == 302, text(page_of(answer))
    found = WhatIf.objects.latest("pk")
    assert answer["Location"] == found.get_absolute_url()
    assert "Waiting for a worker" in text(page(client.get(found.get_absolute_url())))
    Worker("test").drain()
    found.refresh_from_db()
    assert found.state == "done", found.job and found.job.error
    return found


def page_of(answer: Any) -> Any:
    import lxml.html

    return lxml.html.fromstring(answer.content)


def test_from_a_batch_to_the_figures_of_the_command_line(client: Client, told: Callable[..., dict[str, Any]]) -> None:
    batch = screened(client, data=lines(ROWS))
    result = page(client.get(batch.get_absolute_url()))
    (way,) = [a for a in result.xpath("//main//a/@href") if a.startswith(HOME)]
    form = page(client.get(way))
    assert "Draft: nobody has adopted this" in text(form)
    assert form.xpath("//select[@name='batch']/option[@selected]/@value") == [batch.token]
    filled = dict(next(f for f in form.forms if "novalidate" in f.attrib).form_values())
    assert {name: value for name, value in filled.items() if name in SHIPPED} == SHIPPED
    assert not filled.get("other_polymer_pct")

    found = run(client, batch, **SHIPPED)
    expected = told(GAZETTED, "--any-day")
    assert found.figures == expected
    assert expected["changed"] > 3
    assert expected["rejected"] == 1
    outcome = page(client.get(found.get_absolute_url()))
    shown = text(outcome)
    assert "Draft: nobody has adopted this" in shown
    assert f"{len(ROWS)} rows in = {expected['read']} compared + 1 rejected" in shown
    (changes,) = outcome.cssselect(".wi-main dd")
    assert text(changes).split()[0] == str(expected["changed"])

    # By State of import and export, every shipment once.
    for name in ("by_import", "by_export"):
        assert sum(move["shipments"] for moves in expected[name].values() for move in moves) == expected["changed"]
    assert set(expected["by_export"]) >= {"JP", "AU"}
    # Not in force yet on the days of most rows: only the later one meets it.
    later = run(client, batch, **{name: value for name, value in SHIPPED.items() if name != "any_day"})
    assert later.figures == told(GAZETTED)
    assert later.figures["changed"] < expected["changed"]


def test_other_limits_are_tried_and_come_out_as_an_overlay_with_those_figures(
    client: Client, told: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    strict = tmp_path / "strict"
    shutil.copytree(GAZETTED, strict, ignore=shutil.ignore_patterns("scenarios"))
    for path in strict.glob("*.yaml"):
        written = path.read_text(encoding="utf-8")
        other = written.replace("foreign_matter_pct: {gt: 2}", "foreign_matter_pct: {gt: 0.5}")
        other = other.replace("- target_purity_pct: {lt: 99}", "- other_polymer_pct: {gt: 10}")
        other = other.replace("      - polymer_mix: other\n", "")
        assert other.count("0.5") == 1
        path.write_text(other, encoding="utf-8")
    batch = screened(client, data=lines(ROWS))
    fields = {"foreign_matter_pct": "0.5", "other_polymer_pct": "10", "hazardous": "on", "food_residue": "on"}
    found = run(client, batch, **fields, any_day="on")
    assert found.figures == told(strict, "--any-day")
    assert found.figures != told(GAZETTED, "--any-day")
    # The next one starts with these limits.
    again = page(client.get(HOME, {"from": found.token}))
    filled = dict(next(f for f in again.forms if "novalidate" in f.attrib).form_values())
    assert {name: filled[name] for name in fields} == fields
    assert "polymer_mix" not in filled


def test_every_changed_row_is_in_the_file_and_each_example_leads_to_its_check(client: Client) -> None:
    batch = screened(client, data=lines(ROWS))
    found = run(client, batch, **SHIPPED)
    rows = list(csv.DictReader(io.StringIO(sent(client, f"{found.get_absolute_url()}changed.csv").decode())))
    assert found.figures is not None
    assert len(rows) == found.figures["changed"]
    assert {row["id"] for row in rows} > {"dirty-PH-JP", "dirty-PH-AU"}
    assert all(ROWS[int(row["row"]) - 1]["id"] == row["id"] for row in rows)
    shown = page(client.get(found.get_absolute_url()))
    checks = [a for a in shown.xpath("//main//td/a/@href") if a.startswith("/?")]
    assert len(checks) == len(found.rows) > 3
    for row, address in zip(found.rows, checks, strict=True):
        assert page(client.get(f"/batch/{batch.token}/rows/{row['row']}/")) is not None
        verdict = page(client.get(address)).get_element_by_id("verdict-title")
        # The check page knows nothing of the draft: it says what held before.
        assert row["before"] in {"prohibited": "prohibited", "undetermined": "undetermined"}.get(
            text(verdict).lower().split()[0], row["before"]
        )
    for name in ("by_import", "by_export"):
        assert b"<svg" in client.get(f"{found.get_absolute_url()}picture/{name}.svg").content
    assert client.get(f"{found.get_absolute_url()}picture/other.svg").status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"foreign_matter_pct": "101"}, "foreign_matter_pct", "100"),
        ({"target_purity_pct": "ninety"}, "target_purity_pct", "number"),
        ({"batch": "not-mine"}, "batch", "not-mine"),
        (dict.fromkeys(SHIPPED, ""), None, "at least one limit"),
    ],
)
def test_what_cannot_be_tried_comes_back_at_its_field(
    client: Client, fields: dict[str, str], field: str | None, said: str
) -> None:
    batch = screened(client, data=lines(ROWS[:2]))
    answer = client.post(HOME, {"batch": batch.token, **SHIPPED, **fields})
    assert answer.status_code == 422
    shown = page_of(answer)
    place = shown.get_element_by_id(f"id_{field}_error") if field else shown.xpath("//*[@role='alert']")[0]
    assert said in text(place)
    assert not WhatIf.objects.exists()


def test_a_run_is_seen_by_whoever_sees_its_batch_and_goes_with_it(client: Client) -> None:
    batch = screened(client, data=lines(ROWS))
    found = run(client, batch, **SHIPPED)
    stranger = Client()
    for part in ("", "progress/", "changed.csv", "picture/by_import.svg"):
        assert stranger.get(f"{found.get_absolute_url()}{part}").status_code == 404, part
    for part in ("cancel/", "delete/"):
        assert stranger.post(f"{found.get_absolute_url()}{part}").status_code == 404, part
    assert stranger.get(f"{API}/{found.token}").status_code == 404
    assert stranger.post(HOME, {"batch": batch.token, **SHIPPED}).status_code in (200, 422)
    assert stranger.get(HOME, {"from": found.token}).status_code == 404
    assert found.token not in stranger.get(HOME).content.decode()
    assert WhatIf.objects.count() == 1
    # Deleting a run takes its file and leaves the batch; deleting the batch takes all.
    client.post(f"{found.get_absolute_url()}delete/")
    assert not [path for path in files_left() if "whatif" in path.name]
    another = run(client, batch, **SHIPPED)
    assert [path for path in files_left() if path.name == another.changed]
    client.post(f"/batch/{batch.token}/delete/")
    assert not WhatIf.objects.exists()
    assert not files_left()


def test_cancelled_it_leaves_nothing_and_can_be_tried_again(client: Client) -> None:
    batch = screened(client, data=lines(ROWS))
    client.post(HOME, {"batch": batch.token, **SHIPPED})
    found = WhatIf.objects.get()
    shown = page(client.post(f"{found.get_absolute_url()}cancel/", follow=True))
    assert "The run was cancelled" in text(shown)
    assert Worker("test").drain() == 0
    assert client.get(f"{found.get_absolute_url()}changed.csv").status_code == 404
    assert f"{HOME}?from={found.token}" in shown.xpath("//main//a/@href")
    # A job whose run is deleted while it waits does nothing.
    client.post(HOME, {"batch": batch.token, **SHIPPED})
    last = WhatIf.objects.latest("pk")
    assert last.job is not None
    Job.objects.filter(pk=last.job.pk).update(state="queued")
    WhatIf.objects.all().delete()
    Worker("test").drain()
    assert not [path for path in files_left() if "whatif" in path.name]


def test_the_limits_are_shown_as_shipped_and_the_overlay_made_of_them_is_clean() -> None:
    shipped = regional.shipped()
    assert shipped.figures == {"foreign_matter_pct": Decimal(2), "target_purity_pct": Decimal(99)}
    assert shipped.bars == ("polymer_mix", "hazardous", "food_residue")
    with regional.overlay(regional.read({"foreign_matter_pct": "0.25", "food_residue": False})) as folder:
        assert lint([folder]) == []
        rule = load_rulebook([folder]).rules["VN-IMP-RCQS-2027"]
    assert rule.summary["max_foreign_pct"] == 0.25
    assert rule.verify == ()
    assert len(rule.fails) == 4


# ── over the API ───────────────────────────────────────────────────────────────────────────────────────────


def asked(client: Client, body: Any) -> Any:
    return client.post(API, json.dumps(body), content_type="application/json")


def test_the_api_says_the_same(client: Client, told: Callable[..., dict[str, Any]]) -> None:
    answer = asked(client, {"shipments": ROWS})
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    assert answer.json()["shipments"] is None
    Worker("test").drain()
    done = Client().get(answer["Location"]).json()
    expected = told(GAZETTED, "--any-day")
    assert done["state"] == "done"
    assert done["shipments"] == expected
    assert "Nobody has adopted" in done["draft"]
    assert len(done["rows"]) == expected["changed"]
    assert done["limits"]["target_purity_pct"] == 99
    assert not WhatIf.objects.get().shipments, "the shipments are kept no longer than needed"
    # What came over the API has no page, and goes by itself.
    assert client.get(f"{HOME}{done['token']}/").status_code == 404
    WhatIf.objects.update(created="2020-01-01T00:00:00Z")
    reap_and_sweep()
    assert client.get(answer["Location"]).status_code == 404


def test_the_api_takes_a_batch_of_the_callers_own(client: Client) -> None:
    batch = screened(client, data=lines(ROWS))
    body = {"batch": batch.token, "limits": {"foreign_matter_pct": 0.5, "target_purity_pct": None}}
    assert asked(Client(), body).status_code == 404
    answer = asked(client, body)
    assert answer.status_code == 202, answer.content
    Worker("test").drain()
    done = client.get(answer["Location"]).json()
    found = WhatIf.objects.get()
    assert done["shipments"] == found.figures
    assert found.standard.figures == {"foreign_matter_pct": Decimal("0.5")}
    assert page(client.get(found.get_absolute_url())) is not None


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ({"shipments": [], "limits": {"foreign_matter_pct": 120}}, "foreign_matter_pct", "100"),
        ({"shipments": [], "limits": {"foreign_matter": 1}}, "foreign_matter", ""),
        ({"shipments": [], "batch": "x"}, "shipments", "either"),
        ({}, "shipments", "either"),
        ({"shipments": "none"}, "shipments", "list"),
    ],
)
def test_the_api_names_field_and_expectation(client: Client, body: Any, field: str, expected: str) -> None:
    answer = asked(client, body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert expected in error["expected"]
    assert not WhatIf.objects.exists()


# ── in a browser ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.browser
@pytest.mark.ci
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser(
    client: Client,
    open_context: Callable[..., Any],
    axe: Callable[[Page], list[str]],
    live_server: Any,
    settings: Any,
    scheme: str,
    width: int,
) -> None:
    settings.TIDEGATE_BATCHES_OPEN = True
    batch = screened(client, data=lines(ROWS))
    page = open_context(width=width, color_scheme=scheme).new_page()
    page.goto(f"{live_server.url}{batch.get_absolute_url()}")
    page.get_by_role("link", name="What if the draft regional standard held?").click()
    assert axe(page) == []
    page.get_by_label("Foreign matter").fill("200")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_selector("#id_foreign_matter_pct_error")
    assert page.evaluate("document.activeElement.id") == "id_foreign_matter_pct"
    page.get_by_label("Foreign matter").fill("0.5")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_selector("text=Waiting for a worker")
    assert axe(page) == []
    Worker("test").drain()
    page.wait_for_selector("#moves-title")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert download.value.suggested_filename.endswith("-what-if.csv")
