"""Confidential fields: who reads them on the page, as PDF and over the API; releasing one to one party; revoking it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest

from tests.movements import cases
from tests.movements.browsing import signed_in
from tests.movements.cases import Wire, actor, again, copy, sent_on, wired
from tidegate.movements.commands import confidential, notifications
from tidegate.movements.models import FieldRelease, Notification
from tidegate.movements.papers import notification_pdf
from tidegate.movements.queries import cases as queries
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry

pytestmark = pytest.mark.django_db
SECRET = "Zymotic sorting line 7"
RELEASE = {"field": "technology", "state": "DE", "registration": "DE-facility-1", "reason": "To prepare the plant"}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with times.at(cases.START), wired() as made:
        yield made


def case_of(wire: Wire, *fields: str, **more: Any) -> Notification:
    """A notification on its way, whose fields were confidential before it left."""
    row = cases.drafted(technology=SECRET, **more)
    trader = actor("TH", "notifier", "clerk")
    confidential.mark(trader, row.pk, fields=fields)
    notifications.submit(trader, row.pk)
    notifications.transmit(actor("TH"), row.pk)
    wire.settle()
    return again(row)


def read_by(who: Actor, row: Notification) -> dict[str, bool]:
    """Whether an actor finds the secret: on the page's model, in its versions, in a diff and in the PDF."""
    found = queries.case(who, row.case)
    text = "".join(
        p.extract_text() for p in pypdf.PdfReader(io.BytesIO(notification_pdf(found.notification, who))).pages
    )
    return {
        "page": found.content.technology == SECRET,
        "versions": SECRET in str([v.content for v in found.versions]),
        "pdf": re.sub(r"\s+", " ", text).count("Zymotic") > 0,
    }


ALL = {"page": True, "versions": True, "pdf": True}
NONE = dict.fromkeys(ALL, False)


def test_one_party_reads_a_released_field_until_its_day_or_until_it_is_revoked(wire: Wire) -> None:
    row = case_of(wire, "technology")
    facility, importer = actor("DE", "facility", "clerk"), actor("DE", "consignee", "clerk")
    carrier, trader = actor("TH", "carrier", "clerk"), actor("TH", "notifier", "clerk")
    for who, seen in ((trader, ALL), (actor("TH"), ALL), (actor("DE", "customs"), ALL), (carrier, NONE),
                      (facility, NONE), (importer, NONE)):  # fmt: skip
        assert read_by(who, row) == seen, who.organisation
    made = confidential.release(trader, row.pk, **RELEASE, until="2026-12-20")
    assert read_by(facility, row) == NONE, "another State's copy knows by message alone"
    wire.settle()
    assert (read_by(facility, row), read_by(importer, row), read_by(carrier, row)) == (ALL, NONE, NONE)
    with cases.later(30):
        assert read_by(facility, row) == NONE
    confidential.revoke(trader, made.pk, reason="The plant was changed")
    assert read_by(facility, row) == ALL
    wire.settle()
    assert read_by(facility, row) == NONE
    told = JournalEntry.objects.filter(case=row.case, type__startswith="field_release").values_list("holder", "type")
    assert sorted(told) == [
        ("DE", "field_release.given"), ("DE", "field_release.revoked"), ("TH", "field_release.given"),
        ("TH", "field_release.revoked"),
    ]  # fmt: skip
    assert not FieldRelease.objects.filter(case=row.case, holder="NL").exists(), "no State hears of another's party"


def test_a_field_marked_later_is_hidden_in_every_copy_and_a_revision_keeps_it_so(wire: Wire) -> None:
    row = sent_on(technology=SECRET)
    wire.settle()
    facility = actor("DE", "facility", "clerk")
    assert read_by(facility, row) == ALL
    confidential.mark(actor("TH"), row.pk, fields=["technology", "generators"])
    wire.settle()
    assert read_by(facility, row) == NONE
    assert queries.case(facility, row.case).content.generators == []
    notifications.revise(actor("TH", "notifier", "clerk"), row.pk, content={"annexes": 2}, reason="Annexes added")
    wire.settle()
    assert copy(row, "DE").version == 2
    assert read_by(facility, row) == NONE
    assert read_by(actor("DE"), row) == ALL


def test_a_translation_is_kept_with_its_text(wire: Wire) -> None:
    translation = f"{SECRET}, auf Deutsch"
    row = case_of(wire, "technology", technology_second=translation, language="en", second_language="de")
    for who, said, seen in ((actor("DE"), translation, ALL), (actor("DE", "facility", "clerk"), "", NONE)):
        assert queries.case(who, row.case).content.technology_second == said
        assert read_by(who, row) == seen


def test_nobody_copies_writes_or_releases_what_is_not_theirs(wire: Wire) -> None:
    row = case_of(wire, "technology")
    clerk = actor("TH", "broker", "clerk", registration="TH-broker-1")
    assert clerk.organisation is not None
    row.involved.add(clerk.organisation)
    made = notifications.clone(clerk, row.pk)
    assert made.blocks["technology"] == ""
    for who, call in (
        (clerk, lambda a: notifications.revise(a, row.pk, content={"technology": "x"}, reason="y")),
        (clerk, lambda a: confidential.release(a, row.pk, **RELEASE, until="2026-12-20")),
        (clerk, lambda a: confidential.mark(a, row.pk, fields=[])),
        (actor("DE"), lambda a: confidential.mark(a, copy(row, "DE").pk, fields=[])),
    ):
        with pytest.raises(Refused) as refused:
            call(who)
        assert refused.value.code in ("confidential", "not_owner")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"until": "2026-11-30"}, "until"),
        ({"field": "generators"}, "field"),
        ({"registration": "DE-nobody"}, "registration"),
        ({"reason": " "}, "text"),
    ],
)
def test_a_release_says_what_to_whom_why_and_how_long(wire: Wire, more: dict[str, Any], code: str) -> None:
    row = case_of(wire, "technology")
    with pytest.raises(Refused) as refused:
        confidential.release(actor("TH"), row.pk, **{**RELEASE, "until": "2026-12-20", **more})
    assert refused.value.code == code


def test_on_the_page_and_over_the_api(wire: Wire) -> None:
    row = case_of(wire, "technology")
    trader, facility = actor("TH", "notifier", "clerk"), actor("DE", "facility", "clerk")
    page = f"/notifications/{row.case}/"

    def seen(who: Actor, address: str = page) -> str:
        return signed_in(who).get(address).content.decode()

    assert SECRET in seen(trader)
    hidden = seen(facility)
    assert SECRET not in hidden
    assert "Not released to you" in hidden
    assert SECRET not in seen(facility, f"/api/v1/notifications/{row.case}")
    client = signed_in(trader)
    form = client.get(f"{page}release-field/").content.decode()
    assert "DE:DE-facility-1" in form
    answer = client.post(
        f"{page}release-field/",
        {"field": "technology", "party": "DE:DE-facility-1", "reason": "Preparation", "until": "2026-12-20",
         "revision": again(row).revision},
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    wire.settle()
    assert SECRET in seen(facility)
    made = FieldRelease.objects.get(case=row.case, holder="TH")
    assert client.post(f"{page}releases/{made.pk}/", {"reason": "Enough", "revision": made.revision}).status_code == 302
    wire.settle()
    assert SECRET not in seen(facility)
