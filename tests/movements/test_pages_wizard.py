"""The wizard of a draft: steps kept part by part, conflicts, the law beside it, the review, files."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.movements import cases
from tests.movements.cases import Wire, actor, again, drafted, wired
from tests.movements.test_pages_notifications import authority, fields_of, page, text, trader
from tidegate.movements.commands import notifications as commands
from tidegate.movements.models import Attachment, Notification
from tidegate.parties import files, times

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire(settings: Any, tmp_path: Any) -> Any:
    settings.TIDEGATE_DATA_DIR = tmp_path
    with wired() as found, times.at(cases.START):
        yield found


def blank() -> Notification:
    for code in ("TH", "DE", "SG"):
        cases.state(code)
    return commands.create(actor("TH", "notifier", "clerk"))


def sent(row: Notification, step: str, client: Any = None, **changed: Any) -> Any:
    """Fill in a step as a browser does, with some fields changed, and press Save."""
    browser = client or trader()
    data = fields_of(text(browser.get(page(row, "edit", step))))
    return browser.post(page(row, "edit", step), {**data, "save": "1", **changed})


@pytest.mark.parametrize(
    "step", ["parties", "waste", "quantities", "carriers", "facility", "route", "papers", "files", "review"]
)
def test_every_step_opens_for_a_blank_and_for_a_complete_draft(wire: Wire, step: str) -> None:
    for row in (blank(), drafted()):
        assert trader().get(page(row, "edit", step)).status_code == 200


@pytest.mark.parametrize("step", ["parties", "waste", "quantities", "carriers", "facility", "route", "review"])
def test_a_step_that_is_saved_unchanged_changes_nothing(wire: Wire, step: str) -> None:
    row = drafted()
    before = (row.revision, row.blocks, row.load, [(s.state, s.role, s.entry) for s in row.route.all()])
    answer = sent(row, step)
    assert answer.status_code == 302, text(answer)
    row = again(row)
    assert (row.revision, row.blocks, row.load, [(s.state, s.role, s.entry) for s in row.route.all()]) == before


def test_what_is_right_is_kept_and_what_is_wrong_is_said_at_its_field(wire: Wire) -> None:
    row = blank()
    answer = sent(
        row, "quantities", **{"quantity-quantity_kg": "12,000", "quantity-shipments": "3", "quantity-multiple": "on"}
    )
    assert answer.status_code == 422
    assert "“12,000” is not a figure" in text(answer)
    assert 'value="12,000"' in text(answer)
    row = again(row)
    assert (row.shipments, row.multiple, row.quantity_kg) == (3, True, None)


def test_rows_are_added_left_out_and_put_in_order(wire: Wire) -> None:
    row = blank()
    mine = trader()
    sent(row, "carriers", mine, **{"carriers.0-name": "First Line", "carriers.0-means": ["S", "R"]})
    shown = mine.post(
        page(row, "edit", "carriers"),
        {**fields_of(text(mine.get(page(row, "edit", "carriers")))), "add": "carriers"},
    )
    assert shown.status_code == 200
    assert 'name="carriers.1-name"' in text(shown)
    data = fields_of(text(shown)) | {"carriers.1-name": "Second Line", "carriers.0-gone": "1", "save": "1"}
    assert mine.post(page(row, "edit", "carriers"), data).status_code == 302
    assert [c["name"] for c in again(row).blocks["carriers"]] == ["Second Line"]


def test_the_route_is_edited_and_says_at_once_who_must_consent(wire: Wire) -> None:
    row = blank()
    mine = trader()
    commands.save(actor("TH", "notifier", "clerk"), row.pk, content={"load": cases.LOAD})
    answer = sent(
        row, "route", mine, **{"import-state": "DE", "import-entry": "Hamburg", "export-exit": "Laem Chabang"}
    )
    assert answer.status_code == 302
    shown = text(mine.get(page(row, "edit", "route")))
    data = fields_of(shown) | {"transit.0-seen": "1", "transit.0-state": "SG", "transit.0-place": "1"}
    live = mine.post(page(row, "edit", "route"), data, headers={"HX-Request": "true"})
    assert live.status_code == 200
    assert "Who must consent" in text(live)
    assert "Singapore" in text(live)
    assert [(s.state, s.role) for s in again(row).route.all()] == [
        ("TH", "export"), ("SG", "transit"), ("DE", "import"),
    ]  # fmt: skip


def test_a_state_twice_on_the_route_is_named_on_the_review(wire: Wire) -> None:
    row = drafted()
    route = [*cases.content()["route"]]
    route.insert(1, {**route[1]})
    commands.save(actor("TH", "notifier", "clerk"), row.pk, content={"route": route})
    assert "each State once" in text(trader().get(page(row, "edit", "review")))


def test_facts_that_the_law_asks_for_are_asked_and_kept(wire: Wire) -> None:
    row = drafted([("TH", "export"), ("VN", "import")], load={"waste": True})
    mine = trader()
    data = fields_of(text(mine.get(page(row, "edit", "waste"))))
    data |= {"load-contamination_pct": "1.5", "polymers.0-seen": "1", "polymers.0-polymer": "pe"}
    data |= {"polymers.0-percent": "98", "facts-own_plant": "n", "save": "1"}
    assert "own_plant" in data["asked"].split(",")
    answer = mine.post(page(row, "edit", "waste"), data)
    assert answer.status_code == 302, text(answer)
    load = again(row).load
    assert (load["polymers"], load["contamination_pct"]) == ({"PE": "98"}, "1.5")
    assert load["facts"] == {"own_plant": False}
    assert fields_of(text(mine.get(page(row, "edit", "waste"))))["facts-own_plant"] == "n"


def test_somebody_elses_change_is_a_conflict_and_ones_own_is_not(wire: Wire) -> None:
    row = drafted()
    mine, other = trader(), trader()
    data = fields_of(text(mine.get(page(row, "edit", "quantities"))))
    late = {**data, "quantity-quantity_kg": "240000", "save": "1"}
    # The page's own autosave went before: no conflict with oneself.
    mine.post(page(row, "edit", "quantities"), {**data, "quantity-shipments": "9"}, headers={"HX-Request": "true"})
    assert mine.post(page(row, "edit", "quantities"), late).status_code == 302
    stale = {**data, "quantity-quantity_kg": "230000"}
    answer = other.post(page(row, "edit", "quantities"), stale, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "Somebody else changed it meanwhile" in text(answer)
    assert "quantity_kg" in text(answer)
    assert str(again(row).quantity_kg) == "240000.000"


def test_what_was_typed_first_and_arrives_last_changes_nothing(wire: Wire) -> None:
    row = drafted()
    mine, where = trader(), page(row, "edit", "quantities")
    data = fields_of(text(mine.get(where)))

    def keeps(kilograms: str, turn: int, **more: Any) -> int:
        said = {**data, "quantity-quantity_kg": kilograms, "turn": str(turn), **more}
        return mine.post(where, said, headers={} if "save" in more else {"HX-Request": "true"}).status_code

    assert keeps("240000", 20, save="1") == 302
    assert keeps("230000", 10) == 204
    assert str(again(row).quantity_kg) == "240000.000"
    # What is typed later is kept, and so is what another page of the same person says: its turns are its own.
    assert keeps("250000", 30) == 200
    assert keeps("260000", 10, page="another") == 200
    # A button is the last word of its page.
    assert keeps("270000", 10, save="1") == 302
    assert str(again(row).quantity_kg) == "270000.000"


def test_the_review_names_every_problem_with_a_link_to_its_field(wire: Wire) -> None:
    row = blank()
    mine = trader()
    shown = text(mine.get(page(row, "edit", "review")))
    for step, control in (
        ("waste", "id_waste-designation"), ("quantities", "id_quantity-quantity_kg"), ("papers", "id_contract-number"),
        ("parties", "id_importer-name"), ("carriers", "id_carriers.0-registration"),
    ):  # fmt: skip
        target = page(row, "edit", step)
        assert f"{target}#{control}" in shown, control
        assert f'id="{control}"' in text(mine.get(target)), control
    assert "Importer or consignee · Name" in shown
    answer = mine.post(page(row, "submit"), {"revision": row.revision})
    assert answer.status_code == 422
    assert "fields are missing or wrong" in text(answer)
    assert again(row).status == "draft"


def test_a_prohibited_load_is_shown_and_not_submitted(wire: Wire) -> None:
    row = drafted([("TH", "export"), ("MY", "import")])
    mine = trader()
    assert "What stands in the way" in text(mine.get(page(row, "edit", "route")))
    answer = mine.post(page(row, "submit"), {"revision": row.revision})
    assert answer.status_code == 422
    assert "The law prohibits this load on this route." in text(answer)


def test_contract_and_guarantee_have_their_step(wire: Wire) -> None:
    row = drafted(papers=False)
    mine = trader()
    bad = mine.post(page(row, "edit", "papers"), {"which": "contract", "contract-number": "K"})
    assert bad.status_code == 422
    assert "oblige to take the waste back" in text(bad)
    good = {"which": "contract", "contract-number": "K", "contract-takes_back": "on"}
    assert mine.post(page(row, "edit", "papers"), good).status_code == 302
    assert row.contract.number == "K"


def test_a_submitted_notification_is_edited_no_more(wire: Wire) -> None:
    row = drafted()
    commands.submit(actor("TH", "notifier", "clerk"), row.pk)
    assert trader().get(page(row, "edit", "waste"))["Location"] == page(row)


def test_only_the_notifier_edits(wire: Wire) -> None:
    row = drafted()
    turned_away = authority("TH").get(page(row, "edit", "waste"))
    assert turned_away.headers["Location"] == page(row)
    assert trader("TH", "clerk").get(page(row, "edit", "waste")).status_code == 200
    assert trader(role="viewer").post(page(row, "edit", "waste"), {}).status_code == 403


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────


def upload(row: Notification, name: str, data: bytes, media: str, client: Any = None) -> Any:
    file = SimpleUploadedFile(name, data, media)
    return (client or trader()).post(page(row, "attach"), {"kind": "analysis", "file": file}, follow=True)


def test_a_file_is_kept_under_its_digest_and_read_as_a_download(wire: Wire) -> None:
    row = drafted()
    data = b"%PDF-1.7 analysis"
    assert "The file is kept." in text(upload(row, "analysis.pdf", data, "application/pdf"))
    made = Attachment.objects.get()
    assert files.path_of(made.sha256).read_bytes() == data
    answer: Any = trader().get(page(row, "attachment", made.pk))
    assert b"".join(answer.streaming_content) == data
    assert answer["Content-Disposition"].startswith("attachment")
    stranger = cases.actor("TH", "notifier", "clerk", "TH-other")
    from tests.movements.test_pages_notifications import client_of

    assert client_of(stranger).get(page(row, "attachment", made.pk)).status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "media", "wanted"),
    [
        ("a.pdf", b"MZ not a pdf", "application/pdf", "The file is not what it says it is."),
        ("a.html", b"<script>", "text/html", "This kind of file is not taken."),
        ("a.pdf", b"", "application/pdf", "empty"),
    ],
)
def test_a_file_that_is_not_taken_says_why(wire: Wire, name: str, data: bytes, media: str, wanted: str) -> None:
    row = drafted()
    assert wanted in text(upload(row, name, data, media))
    assert not Attachment.objects.exists()


def test_a_file_is_taken_away_from_a_draft_only(wire: Wire) -> None:
    row = drafted()
    upload(row, "a.txt", b"a", "text/plain")
    made = Attachment.objects.get()
    commands.submit(actor("TH", "notifier", "clerk"), row.pk)
    trader().post(reverse("movements:detach", args=[row.case, made.pk]))
    assert Attachment.objects.exists()
    Notification.objects.filter(pk=row.pk).update(status="draft")
    trader().post(reverse("movements:detach", args=[row.case, made.pk]))
    assert not Attachment.objects.exists()
