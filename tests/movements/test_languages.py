"""Texts of a document in two languages: on the page, the paper, in copies; which binds, what lacks."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from tests.movements import cases
from tests.movements.browsing import page, signed_in
from tests.movements.cases import Wire, actor, copy, drafted, sent_on, wired
from tests.movements.test_api import calls, post
from tests.movements.test_pages_wizard import sent
from tidegate.movements import blocks
from tidegate.movements.commands import consents, notifications
from tidegate.movements.models import Consent, Notification
from tidegate.parties import times
from tidegate.parties.commanding import Refused

pytestmark = pytest.mark.django_db
TWICE: dict[str, Any] = {
    "language": "en", "second_language": "de", "designation_second": "Gemischte Kunststoffabfälle",
    "technology_second": "Waschen und Extrudieren",
}  # fmt: skip
BINDING = "The texts in English are binding; those in German are a translation."


@pytest.fixture
def wire() -> Any:
    with wired() as found, times.at(cases.START):
        yield found


def paper(client: Client, row: Notification, **asked: str) -> str:
    answer = client.get(f"/notifications/{row.case}/document.pdf", asked)
    assert answer.status_code == 200
    text = " ".join(part.extract_text() for part in PdfReader(io.BytesIO(answer.content)).pages)
    return " ".join(text.split())


def test_a_translation_stands_below_its_text_and_a_missing_one_is_said_to_be_missing(wire: Wire) -> None:
    row = sent_on(**TWICE)
    wire.settle()
    notifications.acknowledge(actor("SG"), copy(row, "SG").pk)
    cases.decide(row, "SG", remarks="Keep it dry.")
    wire.settle()
    there = signed_in(actor("DE"))
    for said in (page(there, f"/notifications/{row.case}/"), *(
        paper(there, row, form=form, language="en", second="vi") for form in blocks.FORMS
    )):  # fmt: skip
        assert BINDING in said
        assert TWICE["designation_second"] in said
        assert TWICE["technology_second"] in said
        assert said.count("no translation given") == 2  # reason for export, process; not the decision of Singapore
    other = sent_on()
    wire.settle()
    plain = paper(there, other)
    assert "The language of the texts is not stated" in plain
    assert "no translation given" not in plain


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"designation_second": "Abfall"}, "second_language"),
        ({"second_language": "de"}, "language"),
        ({"language": "en", "second_language": "en"}, "second_language"),
        ({"language": "xx"}, "language"),
    ],
)
def test_a_translation_names_its_language_before_it_is_submitted(wire: Wire, said: dict[str, Any], field: str) -> None:
    row = drafted(**said)
    with pytest.raises(Refused, check=lambda error: error.field.endswith(field)):
        notifications.submit(actor("TH", "notifier", "clerk"), row.pk)


def test_the_wizard_takes_both_languages(wire: Wire) -> None:
    row = drafted()
    mine = signed_in(actor("TH", "notifier", "clerk"))
    edit = f"/notifications/{row.case}/edit/"
    shown = page(mine, f"{edit}facility/")
    assert "Technology employed (translation)" in shown
    assert sent(row, "waste", mine, **{"waste-designation_second": "Abfälle"}).status_code == 302
    row.refresh_from_db()
    assert row.blocks["designation_second"] == "Abfälle"


def test_copies_differences_and_amendments_carry_the_translation(wire: Wire, client: Client) -> None:
    row = sent_on(**TWICE)
    wire.settle()
    notifier = actor("TH", "notifier", "clerk")
    made = notifications.clone(notifier, row.pk)
    assert {made.blocks[name] for name in TWICE} == set(TWICE.values())
    notifications.revise(
        notifier, row.pk, content={"designation_second": "Kunststoffgemisch"}, reason="a better translation"
    )
    wire.settle()
    assert copy(row, "DE").blocks["designation_second"] == "Kunststoffgemisch"
    shown = page(signed_in(actor("DE")), f"/notifications/{row.case}/versions/1-2/")
    assert TWICE["designation_second"] in shown
    assert "Kunststoffgemisch" in shown
    assert "Designation (translation)" in shown
    # A translation changes no fact: nobody decides anew.
    assert copy(row, "DE").material_version == 1
    answer = client.get(f"/api/v1/notifications/{row.case}", headers=calls("TH", "notifier")).json()
    assert answer["content"]["designation_second"] == "Kunststoffgemisch"


def test_an_authority_decides_in_two_languages(wire: Wire, client: Client) -> None:
    row = sent_on(**TWICE)
    wire.settle()
    there = copy(row, "DE")
    own = Consent.objects.get(notification=there, authority="DE")
    terms = {
        "outcome": "consented_with_conditions", "valid_from": "2027-03-01", "valid_until": "2027-12-31",
        "conditions": [{"kind": "text", "text": "Nur werktags", "text_second": "On working days only"},
                       {"kind": "maximum_load", "kg": "25000", "text": "je Sendung"}],
        "remarks": "Bitte beachten", "remarks_second": "Please note",
    }  # fmt: skip
    with pytest.raises(Refused, check=lambda error: error.field == "second_language"):
        consents.decide(actor("DE"), own.pk, **terms)
    body = {"consent_id": str(own.pk), **terms, "language": "de", "second_language": "en"}
    answer = post(client, "/commands/consent/decide", body, calls("DE", "competent_authority", "officer"))
    assert answer.status_code == 200, answer.content
    wire.settle()
    mine = signed_in(actor("TH", "notifier", "clerk"))
    for said in (page(mine, f"/notifications/{row.case}/"), paper(mine, row)):
        for words in ("Nur werktags", "On working days only", "je Sendung", "Bitte beachten", "Please note"):
            assert words in said
        assert "The texts in German are binding; those in English are a translation." in said
        assert said.count("no translation given") == 3  # and of the condition on the load
