"""Desk, border check and case ask the database as often for many rows as for few. Nothing is timed here: see bench/."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.movements import cases
from tests.movements.cases import START, actor, copy, sent_on, wired
from tests.movements.shipments import DAY, announced, departed, in_force
from tests.movements.test_pages_notifications import authority, client_of, text
from tidegate.movements.commands import certificates, consents, notifications
from tidegate.movements.models import Breach, Clock, Consent, Movement, Notification, Permit
from tidegate.movements.queries import desk
from tidegate.parties import times
from tidegate.parties.ids import uuid7
from tidegate.parties.models import State

pytestmark = pytest.mark.django_db
# What each page may ask, the frame (session, role, delegations) included.
DESK, BORDER, CASE = 34, 32, 36


@pytest.fixture
def wire() -> Any:
    with wired() as found, times.at(START):
        yield found


def questions(client: Client, address: str, **data: str) -> tuple[int, str]:
    """How often a page asks the database once the server is warm, and the page."""
    client.get(address, data)
    with CaptureQueriesContext(connection) as asked:
        shown = client.get(address, data)
    assert shown.status_code == 200
    return len(asked), text(shown)


def multiply(row: Notification, times_: int) -> None:
    """A case of DE over and over: notification, consents, what runs on them, a movement and a breach of each."""
    given = list(Consent.objects.filter(notification=row))
    running = {clock.subject_id: clock for clock in Clock.objects.filter(case=row.case, holder=row.holder_id)}
    for n in range(times_):
        case = f"TH-MANY-{n:04}"
        other = Notification.objects.get(pk=row.pk)
        other.pk, other.case, other.number = uuid7(), case, f"TH {n:07}"
        other.save(force_insert=True)
        for consent in given:
            clock = running.get(consent.pk)
            made = Consent.objects.get(pk=consent.pk)
            made.pk, made.case, made.notification = uuid7(), case, other
            made.save(force_insert=True)
            if clock is not None and clock.due_at is not None:
                Clock.objects.create(
                    holder_id="DE", case=case, rule=clock.rule, authority=clock.authority, subject=clock.subject,
                    subject_id=made.pk, started_at=clock.started_at, due_at=clock.due_at + timedelta(n), effect="none",
                )  # fmt: skip
        shipped = Movement.objects.create(
            holder_id="DE", case=case, notification=other, serial=1, planned_on=START.date(), announced_kg=1000,
            status="held",
        )  # fmt: skip
        Breach.objects.create(
            holder_id="DE", case=case, kind="overdue", subject="movement", subject_id=shipped.pk, opened_at=START
        )


@pytest.mark.parametrize("kind", ["competent_authority", "customs"])
def test_the_desk_asks_as_often_for_many_as_for_few(wire: Any, kind: str) -> None:
    row = sent_on()
    wire.settle()
    notifications.acknowledge(actor("DE"), copy(row, "DE").pk)
    client = client_of(actor("DE", kind))
    multiply(copy(row, "DE"), 2)
    filters: list[dict[str, str]] = [{}, {"kind": "movement"}, {"due": "over"}, {"q": "mixed"}]
    few = [questions(client, "/desk/", **asked) for asked in filters]
    multiply_more(copy(row, "DE"), 2, 40)
    for asked, (before, short) in zip(filters, few, strict=True):
        after, long = questions(client, "/desk/", **asked)
        assert after <= before, asked
        assert after <= DESK + (2 if asked else 0), asked
        assert long.count("<tr") >= short.count("<tr")


def multiply_more(row: Notification, there: int, times_: int) -> None:
    """The same again beside those that are there."""
    Notification.objects.filter(case__startswith="TH-MANY").update(number="")
    for n in range(there):
        for model in (Notification, Consent, Clock, Movement, Breach):
            model._default_manager.filter(case=f"TH-MANY-{n:04}").update(case=f"TH-FEW-{n:04}")
    multiply(row, times_)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("TH", "competent_authority"), ("DE", "competent_authority"), ("DE", "customs"), ("TH", "notifier")],
)
def test_a_case_asks_as_often_for_ten_movements_as_for_one(wire: Any, code: str, kind: str) -> None:
    row = in_force(wire)
    client = client_of(actor(code, kind, "clerk" if kind == "notifier" else "officer"))
    address = f"/notifications/{row.case}/"
    with times.at(DAY):
        departed(wire, row, "10000")
        few, short = questions(client, address)
        for n in range(9):
            (departed if n % 2 else announced)(wire, row, "10000")
        many, long = questions(client, address)
    assert long.count(f"/movements/{row.case}/") == short.count(f"/movements/{row.case}/") + 9
    assert many == few <= CASE


def test_counts_stop_and_say_so(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MOST", 5)
    row = sent_on()
    wire.settle()
    multiply(copy(row, "DE"), 9)
    client = authority("DE")
    found = desk.desk(actor("DE"))
    assert found.total == found.matching == 6
    assert len(found.items) == 5
    assert "5+" in text(client.get("/desk/"))


def test_every_item_is_on_one_page_and_no_other(wire: Any) -> None:
    row = sent_on()
    wire.settle()
    notifications.acknowledge(actor("DE"), copy(row, "DE").pk)
    multiply(copy(row, "DE"), 12)
    who = actor("DE")
    whole = desk.desk(who)
    turned = [desk.desk(who, page=n, size=7).items for n in range(1, -(-whole.matching // 7) + 1)]
    assert [item.uid for page in turned for item in page] == [item.uid for item in whole.items]
    assert len({(item.uid, item.due) for item in whole.items}) == whole.total == len(whole.items)
    dues = [item.due for item in whole.items]
    assert dues == sorted((due for due in dues if due), key=lambda due: due) + [None] * dues.count(None)
    for kind, _label, count in whole.counts:
        assert len(desk.desk(who, kind=kind).items) == count == desk.desk(who, kind=kind).matching


def test_the_border_asks_as_often_in_a_full_register(wire: Any) -> None:
    row = sent_on()
    wire.settle()
    for code in ("TH", "NL", "DE", "SG"):
        notifications.acknowledge(actor(code), copy(row, code).pk)
    consents.decide(
        actor("DE"), cases.consent(row, "DE").pk, revision=cases.consent(row, "DE").revision, outcome="consented",
        valid_from="2027-03-01", valid_until="2027-12-31", quantity_kg="250000",
    )  # fmt: skip
    wire.settle()
    token = certificates.issue(actor("DE"), cases.consent(row, "DE").pk, kind="consent").token
    multiply(copy(row, "DE"), 1)
    client = client_of(actor("DE", "customs"))
    asked = {"number": "TH 0000000", "movement": "TH 0000000/1", "code": token}
    few = {name: questions(client, "/border", q=q)[0] for name, q in asked.items()}
    Notification.objects.filter(case="TH-MANY-0000").update(number="")
    multiply_more(copy(row, "DE"), 1, 20)
    office = cases.organisation("DE", "consignee")
    for n in range(60):
        Permit.objects.create(
            holder_id="DE", case=f"P-{n}", kind="import", number=f"P-{n}", organisation=office, status="active",
            status_at=START,
        )  # fmt: skip
    for code in ("VN", "MY", "ID"):
        State.objects.create(code=code, name=code, node=f"{code.lower()}.ca", here=True)
    many = {name: questions(client, "/border", q=q)[0] for name, q in asked.items()}
    assert all(many[name] <= few[name] + 1 for name in asked), (few, many)
    assert max(many.values()) <= BORDER
