"""Notices: everybody is told what is for them, in order, nothing left out; deadlines once; a digest once a day."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.parties.world import World, make_world
from tidegate.movements import clocks, notices, rounds, webhooks
from tidegate.movements.commands import notices as commands
from tidegate.movements.models import Clock, Notification, Subscription
from tidegate.movements.webhooks import Undelivered
from tidegate.parties import sealing, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused
from tidegate.parties.ids import reference
from tidegate.parties.journal import record
from tidegate.parties.models import JournalEntry, Organisation

pytestmark = pytest.mark.django_db

# 09:00 in Viet Nam.
START = datetime(2026, 11, 23, 2, tzinfo=UTC)
ADDRESS = "https://hooks.example/notices"
Posts = list[dict[str, Any]]


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with times.at(START):
        yield make_world()


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Posts:
    """What webhooks accepted, instead of the network."""
    accepted: Posts = []
    monkeypatch.setattr(webhooks, "post", lambda url, body, headers: accepted.append(json.loads(body)))
    return accepted


def write(body: Organisation, type: str = "organisation.changed") -> int:
    """Something happens to a body; gives the entry's number."""
    revision = 1 + JournalEntry.objects.filter(subject_id=body.pk).count()
    with transaction.atomic():
        entry = record(system(body.holder_id), type, body, revision=revision)
    sealing.seal_all()
    entry.refresh_from_db()
    assert entry.number is not None
    return entry.number


def tick(at: datetime) -> int:
    with times.at(at):
        return rounds.ROUNDS["notices"](at)


def hook(actor: Actor, **more: Any) -> Subscription:
    made: Subscription = commands.subscribe(actor, channel="webhook", address=ADDRESS, **more)
    sealing.seal_all()
    return made


def numbers(posts: Posts) -> list[int]:
    return [entry["number"] for post in posts for entry in post.get("entries", ())]


# ── who is told what ───────────────────────────────────────────────────────────────────────────────────────


def test_a_company_is_told_only_of_its_own(world: World, posts: Posts) -> None:
    hook(world.actor("notifier", "officer"), events=["organisation.changed"])
    commands.subscribe(world.actor("notifier", "clerk"), channel="email", events=["organisation.changed"])
    sealing.seal_all()
    own = write(world.body("notifier"))
    write(world.body("notifier", number=1))
    write(world.body("carrier"))
    write(world.body("notifier", "MY"))
    tick(START + timedelta(minutes=1))
    assert numbers(posts) == [own]
    assert [m.to for m in mail.outbox] == [["clerk.notifier.0.vn@example.org"]]
    assert mail.outbox[0].subject == "Tidegate: 1 change"


def test_an_authority_is_told_of_its_state_alone_and_of_what_it_chose(world: World, posts: Posts) -> None:
    hook(world.actor("customs", "officer"), events=["organisation.changed"])
    expected = [write(world.body("notifier")), write(world.body("carrier"))]
    write(world.body("carrier"), "facility.changed")
    write(world.body("notifier", "MY"))
    tick(START + timedelta(minutes=1))
    assert numbers(posts) == expected
    assert {post["state"] for post in posts} == {"VN"}


def test_only_what_happens_from_now_on_or_all_of_it(world: World, posts: Posts) -> None:
    before = write(world.body("carrier"))
    hook(world.actor("carrier", "officer"), events=["organisation.changed"])
    after = write(world.body("carrier"))
    tick(START)
    assert numbers(posts) == [after]
    hook(world.actor("carrier", "officer"), events=["organisation.changed"], from_start=True)
    tick(START)
    assert numbers(posts) == [after, before, after]


def test_a_letter_names_nobody_in_its_subject_and_speaks_the_readers_language(world: World) -> None:
    actor = world.actor("competent_authority", "clerk")
    assert actor.person is not None
    type(actor.person).objects.filter(pk=actor.person.pk).update(language="vi")
    commands.subscribe(actor, channel="email")
    sealing.seal_all()
    write(world.body("notifier"))
    tick(START)
    [letter] = mail.outbox
    names = [body.name for kinds in world.bodies.values() for found in kinds.values() for body in found]
    assert not [name for name in [*names, actor.person.name] if name in f"{letter.subject}{letter.body}"]
    assert f"/organisations/{world.body('notifier').pk}/" in letter.body
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"


# How a letter heads changes and limits, what it says of them, and how it writes 09:00 of 23 and 30 November.
LETTERS = {
    "vi": ("Những gì đã thay đổi", "Sắp hết hạn", "23 tháng 11 năm 2026, 09:00", "30 tháng 11 năm 2026, 09:00"),
    "th": ("สิ่งที่เปลี่ยนแปลง", "ใกล้สิ้นสุด", "23 พฤศจิกายน 2026, 09:00", "30 พฤศจิกายน 2026, 09:00"),
    "id": ("Yang berubah", "Segera berakhir", "23 November 2026, 09:00", "30 November 2026, 09:00"),
    "ms": ("Apa yang berubah", "Akan tamat", "23 November 2026, 09:00", "30 November 2026, 09:00"),
}


@pytest.mark.parametrize("language", LETTERS)
@pytest.mark.parametrize("channel", ["email", "digest"])
def test_notice_and_digest_write_words_and_days_as_their_reader_does(world: World, channel: str, language: str) -> None:
    """Whatever language the office keeps and the process is in."""
    actor = world.actor("notifier", "clerk")
    assert actor.person is not None
    type(actor.person).objects.filter(pk=actor.person.pk).update(language=language)
    commands.subscribe(actor, channel=channel, days_ahead=10)
    sealing.seal_all()
    write(world.body("notifier"))
    limit = clock(world.body("notifier"), START + timedelta(days=7))
    Clock.objects.filter(pk=limit.pk).update(rule="basel-acknowledge-transit")
    tick(START + timedelta(days=1))
    [letter] = mail.outbox
    changed, soon, recorded, due = LETTERS[language]
    with translation.override(language):
        event, text = (
            gettext("Organisation changed in the register"),
            gettext(clocks.clocks().rules["basel-acknowledge-transit"].text),
        )
    lines = letter.body.splitlines()
    assert {f"{changed}:", f"{soon}:", f"{due}  {text} ({limit.case})"} <= set(lines)
    assert f"{recorded}  {event}" in lines
    assert not {"Organisation changed in the register", clocks.clocks().rules["basel-acknowledge-transit"].text} & {
        event,
        text,
    }
    assert not re.search(r"\d{4}-\d\d-\d\d|change|deadline", f"{letter.subject} {letter.body}")


def test_whose_role_has_ended_is_told_nothing_more(world: World) -> None:
    member = world.membership("notifier", "clerk")
    row = commands.subscribe(world.actor("notifier", "clerk"), channel="email")
    member.valid_until = START.date() - timedelta(days=1)
    member.save()
    sealing.seal_all()
    write(world.body("notifier"))
    tick(START)
    row.refresh_from_db()
    assert (row.active, row.last_error, mail.outbox) == (False, "role", [])
    assert JournalEntry.objects.filter(subject_id=row.pk, type="subscription.disabled").count() == 1


def test_letters_at_once_keep_apart_and_lose_nothing(world: World) -> None:
    commands.subscribe(world.actor("notifier", "clerk"), channel="email", events=["organisation.changed"])
    sealing.seal_all()
    for minute in (0, 1, 2):
        write(world.body("notifier"))
        tick(START + timedelta(minutes=minute))
    assert len(mail.outbox) == 1
    tick(START + notices.APART)
    assert [m.subject for m in mail.outbox] == ["Tidegate: 1 change", "Tidegate: 2 changes"]


def test_a_long_letter_counts_what_it_does_not_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "LINES", 2)
    commands.subscribe(world.actor("notifier", "clerk"), channel="email", events=["organisation.changed"])
    sealing.seal_all()
    for _number in range(5):
        write(world.body("notifier"))
    tick(START)
    assert mail.outbox[0].subject == "Tidegate: 5 changes"
    assert mail.outbox[0].body.count("/organisations/") == 2
    assert "3 further changes" in mail.outbox[0].body


def test_the_digest_is_one_letter_a_day_in_the_morning_there(world: World) -> None:
    commands.subscribe(world.actor("notifier", "clerk"), channel="digest", events=["organisation.changed"])
    sealing.seal_all()
    write(world.body("notifier"))
    sent = []
    for hour in range(24 * 4):
        at = START + timedelta(hours=hour)
        if hour == 30:
            write(world.body("notifier"))
            write(world.body("notifier"))
        before = len(mail.outbox)
        tick(at)
        if len(mail.outbox) > before:
            sent.append(at)
    # 07:00 in Viet Nam is midnight in UTC; nothing happened on the third day.
    assert sent == [datetime(2026, 11, day, 0, tzinfo=UTC) for day in (24, 25)]
    assert [m.subject for m in mail.outbox] == ["Tidegate: 1 change", "Tidegate: 2 changes"]


# ── order, and nothing left out ────────────────────────────────────────────────────────────────────────────


@given(data=st.data())
@settings(suppress_health_check=list(HealthCheck))
def test_no_failure_leaves_anything_out_or_changes_the_order(
    world: World, monkeypatch_module: Callable[[Any, str, Any], None], data: st.DataObject
) -> None:
    """Writers, and rounds in which the receiver accepts, fails before or fails after it took note."""
    with transaction.atomic():
        took: Posts = []
        mood = ["accept"]

        def receive(url: str, body: bytes, headers: Any) -> None:
            if mood[0] != "fail":
                took.append(json.loads(body))
            if mood[0] != "accept":
                raise Undelivered("timeout")

        monkeypatch_module(webhooks, "post", receive)
        monkeypatch_module(notices, "PART", data.draw(st.integers(1, 3)))
        row = hook(world.actor("notifier", "officer"), events=["organisation.changed"])
        start, meant, at = row.after, [], START
        for step in data.draw(st.lists(st.sampled_from(["own", "other", "accept", "fail", "lost"]), max_size=20)):
            at += timedelta(minutes=data.draw(st.sampled_from([1, 10, 2000])))
            if step == "own":
                meant.append(write(world.body("notifier")))
            elif step == "other":
                write(world.body("carrier"))
            else:
                mood[0] = step
                tick(at)
        row.refresh_from_db()
        if not row.active:
            with times.at(at):
                commands.change(world.actor("notifier", "officer"), row.pk, revision=row.revision, active=True)
        mood[0] = "accept"
        for _round in range(len(meant) + 5):
            at += timedelta(days=2)
            tick(at)
        told = list(dict.fromkeys(numbers(took)))
        assert told == meant
        for post in took:
            own = [entry["number"] for entry in post["entries"]]
            assert own == sorted(own)
            assert post["after"] < own[0] <= own[-1] <= post["next"]
        # A part begins where one that was accepted ended: the receiver can see that it missed nothing.
        assert {post["after"] for post in took} <= {start, *(post["next"] for post in took)}
        transaction.set_rollback(True)


@pytest.fixture
def monkeypatch_module(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, Any], None]:
    """For hypothesis: every example sets the same things anew."""
    return monkeypatch.setattr


def test_after_the_last_rung_it_is_switched_off_and_its_keepers_know(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = hook(world.actor("notifier", "officer"), events=["organisation.changed"])
    number = write(world.body("notifier"))
    tries = []

    def refuse(url: str, body: bytes, headers: Any) -> None:
        tries.append(times.now())
        raise Undelivered("status:500")

    monkeypatch.setattr(webhooks, "post", refuse)
    at = START
    while at < START + timedelta(days=5):
        tick(at)
        at += timedelta(minutes=30)
    row.refresh_from_db()
    assert (row.active, row.last_error, row.failures) == (False, "status:500", len(notices.LADDER) + 1)
    assert len(tries) == len(notices.LADDER) + 1
    told = {address for letter in mail.outbox for address in letter.to}
    assert told == {f"{role}.notifier.0.vn@example.org" for role in ("officer", "manager")}
    assert "500" in mail.outbox[0].body
    # On again: it goes on with what was refused.
    accepted: Posts = []
    monkeypatch.setattr(webhooks, "post", lambda url, body, headers: accepted.append(json.loads(body)))
    commands.change(world.actor("notifier", "manager"), row.pk, revision=row.revision, active=True)
    tick(at)
    assert numbers(accepted) == [number]


def test_a_mail_server_that_is_down_switches_nothing_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = commands.subscribe(world.actor("notifier", "clerk"), channel="email", events=["organisation.changed"])
    sealing.seal_all()
    write(world.body("notifier"))

    def down(*_args: Any, **_named: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(mail.EmailMessage, "send", down)
        for day in range(30):
            tick(START + timedelta(days=day))
    row.refresh_from_db()
    assert (row.active, row.last_error) == (True, "mail")
    member_day = START + timedelta(days=40)
    tick(member_day)
    assert [m.subject for m in mail.outbox] == ["Tidegate: 1 change"]


def test_two_workers_send_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hook(world.actor("notifier", "officer"), events=["organisation.changed"])
    write(world.body("notifier"))
    took: list[bytes] = []

    def receive(url: str, body: bytes, headers: Any) -> None:
        took.append(body)
        if len(took) == 1:
            tick(START)  # the other worker, in the middle of it

    monkeypatch.setattr(webhooks, "post", receive)
    tick(START)
    tick(START + timedelta(minutes=5))
    assert len(took) == 1


def test_set_back_it_tells_again_and_never_ahead(world: World, posts: Posts) -> None:
    actor = world.actor("notifier", "officer")
    row = hook(actor, events=["organisation.changed"])
    first, second = write(world.body("notifier")), write(world.body("notifier"))
    tick(START)
    row.refresh_from_db()
    commands.change(actor, row.pk, revision=row.revision, again_after=first)
    tick(START)
    assert numbers(posts) == [first, second, second]
    row.refresh_from_db()
    with pytest.raises(Refused) as refused:
        commands.change(actor, row.pk, revision=row.revision, again_after=row.after + 1)
    assert refused.value.code == "again_after"


# ── deadlines ──────────────────────────────────────────────────────────────────────────────────────────────


def clock(owner: Organisation, due_at: datetime) -> Clock:
    row = Notification.objects.create(
        holder_id=owner.holder_id, case=reference(owner.holder_id), state_export=owner.holder_id, revision=1
    )
    row.involved.add(owner)
    return Clock.objects.create(
        holder_id=owner.holder_id, case=row.case, rule="basel-acknowledge", authority="VN", subject="notification",
        subject_id=row.pk, started_at=START, due_at=due_at,
    )  # fmt: skip


def told(posts: Posts) -> list[tuple[str, str]]:
    return [(one["case"], one["kind"]) for post in posts for one in post.get("deadlines", ())]


def test_deadlines_are_told_once_before_and_once_after(world: World, posts: Posts) -> None:
    mine, other = clock(world.body("notifier"), START + timedelta(days=10)), clock(world.body("carrier"), START)
    hook(world.actor("notifier", "officer"), events=["deadline"], days_ahead=3)
    for hour in range(0, 24 * 15, 6):
        tick(START + timedelta(hours=hour))
    assert told(posts) == [(mine.case, "soon"), (mine.case, "overdue")]
    hook(world.actor("customs", "officer"), events=["deadline"])
    tick(START + timedelta(days=15))
    assert sorted(told(posts)[2:]) == sorted([(mine.case, "overdue"), (other.case, "overdue")])


def test_a_deadline_that_moves_is_another_and_one_that_is_met_is_none(world: World, posts: Posts) -> None:
    moved, met = (clock(world.body("notifier"), START + timedelta(days=2)) for _number in range(2))
    met.ended_at = START
    met.save()
    hook(world.actor("notifier", "officer"), events=["deadline"])
    tick(START)
    moved.due_at = START + timedelta(days=30)
    moved.save()
    tick(START + timedelta(days=1))
    tick(START + timedelta(days=28))
    assert told(posts) == [(moved.case, "soon")] * 2


def test_a_refused_deadline_is_told_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = clock(world.body("notifier"), START + timedelta(days=1))
    hook(world.actor("notifier", "officer"), events=["deadline"])
    took: Posts = []

    def refuse_first(url: str, body: bytes, headers: Any) -> None:
        took.append(json.loads(body))
        if len(took) == 1:
            raise Undelivered("timeout")

    monkeypatch.setattr(webhooks, "post", refuse_first)
    for minute in range(0, 60, 5):
        tick(START + timedelta(minutes=minute))
    assert told(took) == [(row.case, "soon")] * 2


def test_a_digest_has_the_deadlines_too(world: World) -> None:
    row = clock(world.body("notifier"), START + timedelta(days=2))
    commands.subscribe(world.actor("notifier", "clerk"), channel="digest", events=["deadline"])
    for hour in range(48):
        tick(START + timedelta(hours=hour))
    assert [m.subject for m in mail.outbox] == ["Tidegate: 1 deadline"]
    assert row.case in mail.outbox[0].body


# ── who may ask for what ───────────────────────────────────────────────────────────────────────────────────


def test_webhooks_are_for_those_who_decide_or_manage(world: World) -> None:
    with pytest.raises(Forbidden):
        hook(world.actor("notifier", "clerk"))
    with pytest.raises(Forbidden):
        commands.subscribe(world.actor("notifier", "viewer"), channel="email")
    assert hook(world.actor("notifier", "manager")).active


def test_e_mail_goes_to_no_strange_address(world: World) -> None:
    actor = world.actor("notifier", "clerk")
    with pytest.raises(Refused) as refused:
        commands.subscribe(actor, channel="email", address="elsewhere@example.net")
    assert (refused.value.code, refused.value.field) == ("address", "address")
    Organisation.objects.filter(pk=world.body("notifier").pk).update(email="office@example.org")
    actor = Actor(actor.state, Organisation.objects.get(pk=world.body("notifier").pk), actor.role, actor.person)
    row = commands.subscribe(actor, channel="email", address="office@example.org", events=["organisation.changed"])
    sealing.seal_all()
    write(world.body("notifier"))
    tick(START)
    assert mail.outbox[0].to == ["office@example.org"]
    # Taken out of the register, it is no address any more: the person's own is.
    Organisation.objects.filter(pk=world.body("notifier").pk).update(email="")
    assert notices.recipient(Subscription.objects.get(pk=row.pk)) == "clerk.notifier.0.vn@example.org"


def test_each_sees_the_own_and_the_manager_all(world: World) -> None:
    clerk, officer, manager = (world.actor("notifier", role) for role in ("clerk", "officer", "manager"))
    letter, webhook = commands.subscribe(clerk, channel="email"), hook(officer)
    seen = {name: set(notices.mine(a)) for name, a in (("c", clerk), ("o", officer), ("m", manager))}
    assert seen == {"c": {letter}, "o": {webhook}, "m": {letter, webhook}}
    assert not notices.mine(world.actor("competent_authority", "manager"))
    with pytest.raises(Missing):
        commands.end(officer, letter.pk)
    with pytest.raises(Missing):
        commands.send_test(world.actor("notifier", "officer", number=1), webhook.pk)
    commands.end(manager, letter.pk)
    assert not notices.mine(clerk)


def test_who_changes_it_has_seen_it_as_it_is(world: World) -> None:
    actor = world.actor("notifier", "clerk")
    row = commands.subscribe(actor, channel="email")
    commands.change(actor, row.pk, revision=1, channel="digest")
    with pytest.raises(Conflict):
        commands.change(actor, row.pk, revision=1, channel="email")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"events": ["nothing"]}, "events"), ({"days_ahead": 0}, "days_ahead"), ({"channel": "fax"}, "channel")],
)
def test_what_makes_no_sense_is_refused(world: World, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        commands.subscribe(world.actor("notifier", "clerk"), **{"channel": "email", **wrong})
    assert refused.value.field == field


# ── pages ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pages_from_the_first_notice_to_the_last(world: World) -> None:
    client = world.client("notifier", "clerk")
    person = world.membership("notifier", "clerk").person
    assert "No notices yet" in client.get("/notices/").content.decode()
    given = {"channel": "email", "address": person.email, "events": ["deadline"], "days_ahead": "5"}
    assert client.post("/notices/new/", given).status_code == 302
    [row] = Subscription.objects.all()
    assert (row.events, row.days_ahead, row.person) == (["deadline"], 5, person)
    assert client.post(f"/notices/{row.pk}/test/").status_code == 302
    assert mail.outbox[0].to == [person.email]
    assert client.post(f"/notices/{row.pk}/test/").status_code == 422
    stale = {**given, "channel": "digest", "active": "on", "revision": "0"}
    assert client.post(f"/notices/{row.pk}/", stale).status_code == 409
    assert client.post(f"/notices/{row.pk}/", {**stale, "revision": "1"}).status_code == 302
    row.refresh_from_db()
    assert (row.channel, row.revision) == ("digest", 2)
    assert client.get("/notices/new/webhook/").status_code == 403
    assert client.post(f"/notices/{row.pk}/end/").status_code == 302
    assert client.get(f"/notices/{row.pk}/").status_code == 404


def test_the_secret_is_shown_once_and_a_new_one_replaces_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client: Client = world.client("notifier", "officer")
    bad = client.post("/notices/new/webhook/", {"address": "https://127.0.0.1/x", "days_ahead": "3"})
    assert bad.status_code == 422
    made = client.post("/notices/new/webhook/", {"address": ADDRESS, "days_ahead": "3"})
    secret = _shown(made.content.decode())
    [row] = Subscription.objects.all()
    assert secret == notices.secret_of(row) != row.secret
    pages = (client.get("/notices/"), client.get(f"/notices/{row.pk}/"))
    assert not [page for page in pages if secret in page.content.decode()]
    entries = json.dumps(list(JournalEntry.objects.values_list("payload", flat=True)))
    assert secret not in entries
    assert row.secret not in entries
    signed: list[tuple[bytes, dict[str, str]]] = []
    monkeypatch.setattr(webhooks, "post", lambda url, body, headers: signed.append((body, headers)))
    assert client.post(f"/notices/{row.pk}/test/").status_code == 302
    newer = _shown(client.post(f"/notices/{row.pk}/secret/").content.decode())
    assert newer != secret
    [(body, headers)] = signed
    at = int(headers["Tidegate-Timestamp"])
    assert headers["Tidegate-Signature"] == webhooks.signature(secret, at, body)
    assert headers["Tidegate-Signature"] != webhooks.signature(newer, at, body)


def _shown(page: str) -> str:
    found = re.search(r'id="secret" readonly value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_the_last_error_stands_on_the_page(world: World) -> None:
    row = hook(world.actor("notifier", "officer"))
    notices.failed(row, "status:503", START)
    assert "(503)" in world.client("notifier", "officer").get(f"/notices/{row.pk}/").content.decode()
    assert isinstance(row.pk, UUID)
