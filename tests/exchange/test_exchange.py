"""Messages from change to effect: one commit, one receipt, in order, and what goes wrong never blocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction

from tests.exchange import toy
from tests.exchange.people import actor
from tidegate.exchange import commands, delivery, durable, envelope, fetching, inbox, jose, keys, log, outbox, receipt
from tidegate.exchange.delivery import Unreachable
from tidegate.exchange.models import Blob, Hold, Inbox, Key, LogEntry, Outbox
from tidegate.parties import files, times
from tidegate.parties.commanding import Refused
from tidegate.parties.models import State
from tidegate.parties.registry import Enclosed, Post, registry

pytestmark = pytest.mark.django_db


def read(raw: bytes | memoryview | None) -> receipt.Receipt:
    token = receipt.read(bytes(raw or b""))
    key = keys.find(token.kid)
    assert key is not None
    return receipt.open_with(token, bytes.fromhex(key.public))


def fresh(row: Outbox) -> Outbox:
    return Outbox.objects.get(pk=row.pk)


class Wire:
    """A way whose faults the test chooses."""

    at_once = True

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.down = self.lose_answer = False
        self.tried = 0
        monkeypatch.setattr(delivery, "TRANSPORTS", [self])

    def reaches(self, peer: str) -> bool:
        return True

    def send(self, peer: str, data: bytes) -> bytes:
        self.tried += 1
        if self.down:
            raise Unreachable("the link is down")
        answer = inbox.receive(data, peer)
        return b"cut off" if self.lose_answer else answer


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


# ── the straight way ───────────────────────────────────────────────────────────────────────────────────────


def test_a_message_has_its_effect_and_both_sides_can_prove_it(three: dict[str, State]) -> None:
    row = toy.send("VN", "TH", "VN-1", "hello")
    assert row.state == "queued"
    assert toy.came("TH") == []
    assert delivery.settle() == 1
    row = fresh(row)
    assert (row.state, row.seq, row.peer) == ("accepted", 1, "th.pcd")
    assert toy.came("TH") == ["hello"]
    kept = Inbox.objects.get(pk=row.pk)
    assert bytes(kept.bytes) == bytes(row.bytes)
    assert bytes(kept.receipt) == bytes(row.receipt or b"")
    told = read(kept.receipt)
    entry = LogEntry.objects.get(holder="TH", kind="in")
    assert (told.n, told.sha256, told.verdict, told.outcome) == (entry.n, row.sha256, "stored", "accepted")
    assert [log.verify(state) for state in three] == [None, None, None]
    assert delivery.settle() == 0


def test_answers_go_back_and_forth_until_all_is_said(three: dict[str, State]) -> None:
    first = toy.send("VN", "TH", "VN-1", "hello", back=3)
    delivery.settle()
    assert toy.came("TH") == ["hello", "re re hello"]
    assert toy.came("VN") == ["re hello", "re re re hello"]
    assert Inbox.objects.get(holder="VN", seq=1).reply_to == first.pk


def test_an_address_serves_as_well_as_a_states_code(three: dict[str, State]) -> None:
    assert toy.send("VN", "th.pcd", "VN-1", "hello").peer == "th.pcd"
    with pytest.raises(ValueError, match="XX"):
        toy.send("VN", "XX", "VN-1", "hello")


def test_what_no_receiver_would_read_is_refused_where_it_is_said(three: dict[str, State]) -> None:
    with pytest.raises(Refused) as refused:
        toy.send("VN", "TH", "VN-1", "x" * 95_000)
    assert refused.value.code == "message_too_large"
    assert Outbox.objects.count() == 0
    assert toy.send("VN", "TH", "VN-1", "short").seq == 1


def enclosed(data: bytes = b"\xff\xd8 a photo") -> Enclosed:
    return Enclosed(files.keep(data), "photo of the box.jpg", "image/jpeg", len(data))


def held(state: str) -> dict[str, Blob]:
    return {blob.sha256: blob for blob in Blob.objects.filter(holder=state)}


def test_a_file_goes_with_its_message(three: dict[str, State]) -> None:
    photo = enclosed()
    toy.send("VN", "TH", "VN-1", "look", attachments=[photo])
    toy.send("VN", "TH", "VN-1", "look again", attachments=[photo])
    delivery.settle()
    assert toy.came("TH") == ["look", "look again"]
    got = held("TH")[photo.sha256]
    assert (got.name, got.media_type, got.size, got.peer) == (photo.name, "image/jpeg", photo.size, "vn.dea")
    assert got.stored is not None
    assert not Outbox.objects.filter(type=fetching.ASKED).exists()


@pytest.mark.parametrize("left", [None, b"\xff\xd8 another", b"\xff\xd8 a phot"])
def test_a_file_that_is_missing_or_another_holds_nothing_up_and_is_asked_for(
    three: dict[str, State], left: bytes | None
) -> None:
    photo = enclosed()
    path = files.path_of(photo.sha256)
    toy.send("VN", "TH", "VN-1", "look", attachments=[photo])
    path.unlink() if left is None else path.write_bytes(left)
    delivery.settle()
    assert toy.came("TH") == ["look"]
    assert held("TH")[photo.sha256].stored is None
    assert held("TH")[photo.sha256].asked is not None
    # The sender has lost it too: it says so, and is asked again the next day, not before.
    assert verdict_of("VN", fetching.SENT) == ["accepted"]
    asked = Outbox.objects.filter(holder="TH", type=fetching.ASKED)
    assert fetching.ask_due(times.now() + timedelta(hours=23)) == 0
    assert fetching.ask_due(times.now() + timedelta(hours=25)) == 1
    assert fetching.ask_due(times.now() + timedelta(days=31)) == 0
    delivery.settle()
    assert asked.count() == 2
    assert registry.fetch is not None
    assert registry.fetch("TH", [photo.sha256]) == 1
    files.keep(b"\xff\xd8 a photo")  # the sender has found it again
    delivery.settle()
    assert held("TH")[photo.sha256].stored is not None
    assert registry.fetch("TH", [photo.sha256]) == 0
    path.unlink()
    assert registry.fetch("TH", [photo.sha256]) == 1
    assert held("TH")[photo.sha256].stored is None


def verdict_of(state: str, type: str) -> list[str]:
    return list(Outbox.objects.filter(holder=state, type=type).values_list("state", flat=True))


def test_nobody_is_given_a_file_that_was_not_named_to_him_in_that_case(three: dict[str, State]) -> None:
    photo = enclosed()
    toy.send("VN", "TH", "VN-1", "look", attachments=[photo])
    delivery.settle()
    for state, case in (("MY", "VN-1"), ("TH", "VN-2")):
        with transaction.atomic():
            message = Post("VN", case, fetching.ASKED, {"files": [photo.sha256]})
            row = outbox.queue(three[state], message)
        delivery.settle()
        assert (fresh(row).state, fresh(row).reason) == ("rejected", "unknown_reference")
    assert verdict_of("VN", fetching.SENT) == []


# ── what the business step refuses ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mood", "code", "text"),
    [
        ("refuse", "wrong_status", "not now"),
        ("strange", "other", "a_code_of_its_own: whatever"),
        ("break", "internal", ""),
    ],
)
def test_a_poison_message_takes_its_number_and_blocks_nothing(
    three: dict[str, State], mood: str, code: str, text: str
) -> None:
    bad = toy.send("VN", "TH", "VN-1", "bad", mood=mood)
    good = toy.send("VN", "TH", "VN-1", "good")
    other = toy.send("MY", "TH", "MY-1", "other")
    delivery.settle()
    assert (fresh(bad).state, fresh(bad).reason, fresh(bad).reason_text) == ("rejected", code, text)
    assert (fresh(good).state, fresh(other).state) == ("accepted", "accepted")
    assert sorted(toy.came("TH")) == ["good", "other"]
    assert [row.pk for row in toy.quarantine("TH")] == [bad.pk]
    assert "secret" not in fresh(bad).reason_text
    assert read(fresh(bad).receipt).outcome == "rejected"
    assert log.verify("TH") is None


def test_a_body_that_misses_its_schema_is_rejected_with_field_and_expectation(three: dict[str, State]) -> None:
    row = toy.send("VN", "TH", "VN-1", "x", back="often")
    delivery.settle()
    assert (fresh(row).state, fresh(row).reason) == ("rejected", "schema")
    assert fresh(row).reason_text == "body.back: expected type integer"
    assert toy.came("TH") == []


def test_a_kind_that_the_receiver_does_not_know_waits_until_it_does(three: dict[str, State]) -> None:
    from tidegate.parties.registry import registry

    row = toy.send("VN", "TH", "VN-1", "new")
    known = registry.messages.pop(toy.NOTE)
    delivery.settle()
    assert (fresh(row).state, fresh(row).reason) == ("rejected", "unknown_type")
    registry.messages[toy.NOTE] = known
    (waiting,) = toy.quarantine("TH")
    done = commands.retry(actor("TH"), waiting.pk, revision=waiting.revision)
    assert (done.verdict, done.reason) == ("accepted", "")
    assert toy.came("TH") == ["new"]
    delivery.settle()
    assert (fresh(row).state, fresh(row).reason) == ("accepted", "")
    assert toy.quarantine("TH") == []
    assert [log.verify(state) for state in three] == [None, None, None]


def test_what_was_erased_after_its_period_of_keeping_is_known_by_its_hash(three: dict[str, State]) -> None:
    from tidegate.parties.registry import registry

    row = toy.send("VN", "TH", "VN-1", "private")
    delivery.settle()
    came = bytes(row.bytes)
    first = inbox.receive(came)
    assert [sum(eraser(state, "VN-1", []) for eraser in registry.erasers) for state in ("VN", "TH")] == [1, 1]
    assert (bytes(fresh(row).bytes), bytes(Inbox.objects.get(holder="TH").bytes)) == (b"", b"")
    assert [log.verify(state) for state in three] == [None, None, None]
    assert inbox.receive(came) == first, "the same again has no second effect"
    assert toy.came("TH") == ["private"]
    Outbox.objects.filter(pk=row.pk).update(bytes=b"another")
    fault = log.verify("VN")
    assert fault is not None


def test_trying_again_what_still_fails_leaves_it_with_the_newest_reason(three: dict[str, State]) -> None:
    toy.send("VN", "TH", "VN-1", "bad", mood="refuse")
    delivery.settle()
    (waiting,) = toy.quarantine("TH")
    officer = actor("TH")
    again = commands.retry(officer, waiting.pk, revision=waiting.revision)
    assert (again.verdict, again.reason, toy.came("TH")) == ("rejected", "wrong_status", [])
    with pytest.raises(Refused, match="changed"):
        commands.retry(officer, waiting.pk, revision=waiting.revision)
    with pytest.raises(Refused) as nothing_said:
        commands.close(officer, waiting.pk, revision=again.revision, note="  ")
    assert nothing_said.value.field == "note"
    commands.close(officer, waiting.pk, revision=again.revision, note="sent twice by mistake")
    assert toy.quarantine("TH") == []
    with pytest.raises(Refused) as settled:
        commands.retry(officer, waiting.pk, revision=again.revision + 1)
    assert settled.value.code == "settled"


def test_only_the_receiver_may_say_that_it_accepts_later(three: dict[str, State]) -> None:
    """Malaysia cannot turn Thailand's rejection of Viet Nam's message into an acceptance."""
    from tidegate.exchange import outbox
    from tidegate.exchange.published import ANSWER
    from tidegate.parties.registry import Post

    row = toy.send("VN", "TH", "VN-1", "bad", mood="refuse")
    delivery.settle()
    with transaction.atomic():
        forged = outbox.queue(three["MY"], Post("VN", "VN-1", ANSWER, {"message": str(row.pk), "outcome": "accepted"}))
    delivery.settle()
    assert fresh(row).state == "rejected"
    assert (fresh(forged).state, fresh(forged).reason) == ("rejected", "unknown_reference")


# ── the same bytes again, elsewhere, in another order ──────────────────────────────────────────────────────


def test_the_same_bytes_get_the_same_receipt_for_ever(three: dict[str, State]) -> None:
    rows = [toy.send("VN", "TH", "VN-1", text, mood=mood) for text, mood in (("a", ""), ("b", "refuse"), ("c", ""))]
    rows.append(toy.send("TH", "MY", "VN-1", "d"))
    delivery.settle()
    before = (toy.came("TH"), toy.came("MY"), LogEntry.objects.count(), Inbox.objects.count())
    keys.rotate(three["TH"])
    before = (*before[:2], LogEntry.objects.count(), before[3])
    for _ in range(3):
        for row in rows:
            raw, kept = bytes(row.bytes), bytes(fresh(row).receipt or b"")
            assert inbox.receive(raw) == kept
            assert inbox.receive(raw, row.peer) == kept
    assert (toy.came("TH"), toy.came("MY"), LogEntry.objects.count(), Inbox.objects.count()) == before


def test_another_addressee_refuses_it(three: dict[str, State]) -> None:
    row = toy.send("VN", "TH", "VN-1", "for Thailand")
    told = read(inbox.receive(bytes(row.bytes), "my.doe"))
    assert (told.verdict, told.code, told.sender) == ("refused", "not_addressed", "my.doe")
    assert toy.came("MY") == []
    assert inbox.receive(bytes(row.bytes), "xx.nobody") == b'{"verdict":"refused","code":"not_addressed"}'
    three["TH"].here = False
    three["TH"].save()
    assert b"not_addressed" in inbox.receive(bytes(row.bytes))


def test_out_of_order_is_kept_aside_and_answered_with_the_first_missing(three: dict[str, State]) -> None:
    rows = [toy.send("VN", "TH", "VN-1", str(n)) for n in range(1, 6)]
    for row in (rows[4], rows[2], rows[1]):
        told = read(inbox.receive(bytes(row.bytes)))
        assert (told.verdict, told.first_missing) == ("gap", 1)
    assert (toy.came("TH"), Hold.objects.count()) == ([], 3)
    assert read(inbox.receive(bytes(rows[0].bytes))).verdict == "stored"
    assert (toy.came("TH"), Hold.objects.count()) == (["1", "2", "3"], 1)
    assert read(inbox.receive(bytes(rows[4].bytes))).first_missing == 4
    delivery.settle()
    assert toy.came("TH") == ["1", "2", "3", "4", "5"]
    assert Hold.objects.count() == 0
    assert {fresh(row).state for row in rows} == {"accepted"}


def test_what_waited_follows_after_a_crash(three: dict[str, State], monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = toy.send("VN", "TH", "VN-1", "1"), toy.send("VN", "TH", "VN-1", "2")
    inbox.receive(bytes(two.bytes))
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "_follow", lambda *args: None)  # the process dies here
        inbox.receive(bytes(one.bytes))
    assert toy.came("TH") == ["1"]
    assert inbox.take_held() == 1
    assert toy.came("TH") == ["1", "2"]
    assert inbox.take_held() == 0


def test_no_more_than_a_hundred_wait_in_a_case(three: dict[str, State], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "HELD_IN_CASE", 3)
    rows = [toy.send("VN", "TH", "VN-1", str(n)) for n in range(6)]
    verdicts = [read(inbox.receive(bytes(row.bytes))).verdict for row in rows[1:]]
    assert verdicts == ["gap", "gap", "gap", "refused", "refused"]
    monkeypatch.setattr(inbox, "HELD_FROM_PEER", 3)
    elsewhere = [toy.send("VN", "TH", "VN-2", str(n)) for n in range(2)]
    assert read(inbox.receive(bytes(elsewhere[1].bytes))).code == "holding_full"
    delivery.settle()
    assert {fresh(row).state for row in rows} == {"accepted"}


def test_a_number_an_id_and_a_place_belong_to_one_message(three: dict[str, State]) -> None:
    first, second = toy.send("VN", "TH", "VN-1", "first"), toy.send("VN", "TH", "VN-1", "second")
    kid, private = keys.signing(three["VN"])
    opened = envelope.parse(envelope.read(bytes(first.bytes)).payload)

    def forge(**changed: object) -> str:
        raw = envelope.seal(type(opened)(**{**opened.__dict__, **changed}), kid, private)
        return read(inbox.receive(raw)).code

    inbox.receive(bytes(first.bytes))
    other = str(second.pk)[:-4] + "0000"
    assert forge(case="VN-9") == "id_taken"
    assert forge(id=other) == "number_taken"
    assert forge(id=other, seq=2, prev="0" * 64) == "chain_broken"
    assert forge(id=other, seq=3, prev="0" * 64) == ""  # kept aside: who came before it is not known yet
    assert forge(id=other, seq=3, prev="1" * 64) == "number_taken"
    assert toy.came("TH") == ["first"]
    assert read(inbox.receive(bytes(second.bytes))).verdict == "stored"
    assert toy.came("TH") == ["first", "second"]
    assert Hold.objects.count() == 0, "what does not follow is dropped when its turn comes"


# ── the way is closed ──────────────────────────────────────────────────────────────────────────────────────


def test_a_closed_way_is_tried_again_later_and_later(three: dict[str, State], wire: Wire) -> None:
    wire.down = True
    row = toy.send("VN", "TH", "VN-1", "hello")
    other = toy.send("VN", "TH", "VN-2", "another case")
    now = times.now()
    waits = []
    for _ in range(8):
        delivery.deliver_due(now)
        waits.append((fresh(row).next_try - now).total_seconds())
        now = max(fresh(row).next_try, fresh(other).next_try)
    for wait, planned in zip(waits, (5, 30, 120, 600, 1800, 3600, 3600, 3600), strict=True):
        assert 0.8 * planned <= wait <= 1.2 * planned * 1.5
    assert (fresh(row).state, fresh(row).reason, fresh(row).reason_text) == (
        "queued", "unreachable", "the link is down",
    )  # fmt: skip
    tried = wire.tried
    wire.down = False
    delivery.deliver_due(now - timedelta(seconds=1))
    assert wire.tried == tried, "not before its time"
    delivery.deliver_due(now)
    assert {fresh(row).state, fresh(other).state} == {"accepted"}


def test_one_try_an_interval_is_enough_for_all_cases_of_a_closed_way(three: dict[str, State], wire: Wire) -> None:
    wire.down = True
    for n in range(20):
        toy.send("VN", "TH", f"VN-{n}", "hello")
    delivery.settle(times.now())
    assert wire.tried == 1


def test_a_peer_that_speaks_is_tried_at_once(three: dict[str, State], wire: Wire) -> None:
    wire.down = True
    row = toy.send("VN", "TH", "VN-1", "hello")
    now = times.now()
    for _ in range(5):
        delivery.deliver_due(now)
        now = fresh(row).next_try
    assert fresh(row).next_try - (fresh(row).last_try or now) > timedelta(minutes=20)
    wire.down = False
    toy.send("TH", "VN", "TH-1", "I am back")
    delivery.settle()
    assert fresh(row).state == "accepted"


def test_a_lost_answer_is_asked_for_again(three: dict[str, State], wire: Wire) -> None:
    wire.lose_answer = True
    row = toy.send("VN", "TH", "VN-1", "hello")
    now = times.now()
    delivery.deliver_due(now)
    assert (fresh(row).state, fresh(row).reason, toy.came("TH")) == ("sent", "bad_answer", ["hello"])
    wire.lose_answer = False
    delivery.deliver_due(fresh(row).next_try)
    assert (fresh(row).state, fresh(row).reason, toy.came("TH")) == ("accepted", "", ["hello"])


@pytest.mark.parametrize("which", ["another message's", "another State's", "changed", "the envelope itself"])
def test_only_the_receivers_own_word_on_these_bytes_counts(
    three: dict[str, State], monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    other = toy.send("VN", "TH", "VN-9", "other")
    delivery.settle()
    row = toy.send("VN", "TH", "VN-1", "hello")
    good = inbox.receive(bytes(row.bytes))
    told = read(good)
    kid, private = keys.signing(three["MY"])
    answers = {
        "another message's": bytes(fresh(other).receipt or b""),
        "another State's": receipt.seal(told, kid, private),
        "changed": good[:-4] + (b"AAAA" if good[-4:] != b"AAAA" else b"BBBB"),
        "the envelope itself": bytes(row.bytes),
    }
    monkeypatch.setattr(delivery.TRANSPORTS[0], "send", lambda peer, data: answers[which], raising=False)
    delivery.settle(times.now())
    assert (fresh(row).state, fresh(row).reason) == ("sent", "bad_answer")


def test_what_could_not_be_handed_over_in_time_rests_and_holds_its_case(three: dict[str, State], wire: Wire) -> None:
    wire.down = True
    row, later = toy.send("VN", "TH", "VN-1", "1"), toy.send("VN", "TH", "VN-1", "2")
    after = row.expires + timedelta(seconds=1)
    delivery.deliver_due(row.created)
    wire.down = False
    Outbox.objects.filter(pk=later.pk).update(expires=after + timedelta(days=9))
    delivery.deliver_due(after)
    assert (fresh(row).state, fresh(row).reason, fresh(later).state) == ("expired", "expired", "queued")
    assert toy.came("TH") == []
    with times.at(after):
        commands.resend(actor("VN"), row.pk, revision=0)
    delivery.settle(after + timedelta(hours=2))
    assert toy.came("TH") == ["1", "2"]
    with pytest.raises(Refused, match="not stopped"):
        commands.resend(actor("VN", role="manager"), row.pk, revision=1)


def test_a_refusal_for_good_stops_the_message_until_a_person_has_looked(three: dict[str, State]) -> None:
    row, later = toy.send("VN", "TH", "VN-1", "1"), toy.send("VN", "TH", "VN-1", "2")
    kid = envelope.read(bytes(row.bytes)).kid
    Key.objects.filter(kid=kid).update(revoked_at=times.now())
    delivery.settle()
    assert (fresh(row).state, fresh(row).reason, fresh(later).state) == ("stopped", "revoked_key", "queued")
    assert read(fresh(row).receipt).verdict == "refused"
    Key.objects.filter(node="vn.dea").exclude(kid=kid).delete()
    Key.objects.filter(kid=kid).update(revoked_at=None)
    commands.resend(actor("VN"), row.pk, revision=0)
    delivery.settle()
    assert (fresh(row).state, fresh(later).state, toy.came("TH")) == ("accepted", "accepted", ["1", "2"])


def test_a_receiver_that_went_back_to_an_old_backup_gets_everything_again(three: dict[str, State]) -> None:
    from tidegate.exchange.models import Stream

    rows = [toy.send("VN", "TH", "VN-1", str(n)) for n in range(1, 4)]
    delivery.settle()
    Inbox.objects.filter(holder="TH", seq__gt=1).delete()
    Stream.objects.filter(holder="TH", way="in").update(seq=1, sha256=rows[0].sha256)
    rows.append(toy.send("VN", "TH", "VN-1", "4"))
    delivery.settle()
    assert {fresh(row).state for row in rows} == {"accepted"}
    assert list(Inbox.objects.filter(holder="TH").order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4]


def test_a_state_on_no_known_way_is_kept_for(three: dict[str, State], monkeypatch: pytest.MonkeyPatch) -> None:
    State.objects.create(code="SG", name="SG", node="sg.nea", here=False)
    row = toy.send("VN", "SG", "VN-1", "hello")
    delivery.settle(times.now())
    assert (fresh(row).state, fresh(row).reason) == ("queued", "no_route")


# ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_private_key_is_a_file_for_its_owner_alone(three: dict[str, State]) -> None:
    toy.send("VN", "TH", "VN-1", "hello")
    (key,) = Key.objects.filter(node="vn.dea")
    path = keys.path_of(key.kid)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o640)
    with pytest.raises(keys.KeyProblem, match="chmod 600"):
        toy.send("VN", "TH", "VN-1", "hello")
    path.unlink()
    with pytest.raises(keys.KeyProblem, match="restore it"):
        toy.send("VN", "TH", "VN-1", "hello")


def test_what_was_signed_before_a_rotation_is_still_taken_in(
    three: dict[str, State], django_capture_on_commit_callbacks: object
) -> None:
    before = toy.send("VN", "TH", "VN-1", "before")
    old = Key.objects.get(node="vn.dea")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        new = keys.rotate(three["VN"])
    assert not keys.path_of(old.kid).exists()
    after = toy.send("VN", "TH", "VN-1", "after")
    assert envelope.read(bytes(after.bytes)).kid == new.kid
    delivery.settle()
    assert toy.came("TH") == ["before", "after"]
    assert fresh(before).state == "accepted"
    old.refresh_from_db()
    assert LogEntry.objects.get(holder="VN", n=old.retired_index).ref == old.kid
    assert log.verify("VN") is None


def test_a_retired_key_signs_nothing_new(three: dict[str, State]) -> None:
    kid, private = keys.signing(three["VN"])
    keys.rotate(three["VN"])
    row = toy.send("VN", "TH", "VN-1", "hello")
    opened = envelope.parse(envelope.read(bytes(row.bytes)).payload)
    assert read(inbox.receive(envelope.seal(opened, kid, private))).code == "retired_key"


def test_a_revoked_key_counts_for_nothing_from_then_on(three: dict[str, State]) -> None:
    known = toy.send("VN", "TH", "VN-1", "before")
    delivery.settle()
    waiting = toy.send("VN", "TH", "VN-1", "under way")
    kid = envelope.read(bytes(known.bytes)).kid
    keys.revoke(kid, "a laptop was stolen")
    assert inbox.receive(bytes(known.bytes)) == bytes(fresh(known).receipt or b""), "what was logged stays"
    assert read(inbox.receive(bytes(waiting.bytes))).code == "revoked_key"
    assert LogEntry.objects.filter(kind="key", ref=kid, holder="MY").exists(), "every State's log says so"
    assert keys.signing(three["VN"])[0] != kid
    assert toy.came("TH") == ["before"]


def test_what_was_under_way_when_its_key_was_revoked_is_signed_anew(three: dict[str, State]) -> None:
    """Stopped for a person to look at; then it goes with the new key, and all that waited behind it."""
    known = toy.send("VN", "TH", "VN-1", "1")
    delivery.settle()
    rows = [toy.send("VN", "TH", "VN-1", str(n)) for n in (2, 3)]
    inbox.receive(bytes(rows[1].bytes))  # came before its turn, and waits at the receiver under the old key
    keys.revoke(envelope.read(bytes(known.bytes)).kid, "a laptop was stolen")
    rows.append(toy.send("VN", "TH", "VN-1", "4"))
    delivery.settle()
    assert (fresh(rows[0]).state, fresh(rows[0]).reason) == ("stopped", "revoked_key")
    assert toy.came("TH") == ["1"]
    before = [bytes(row.bytes) for row in rows]
    commands.resend(actor("VN"), rows[0].pk, revision=0)
    assert [log.verify(state) for state in three] == [None, None, None]
    delivery.settle()
    assert {fresh(row).state for row in rows} == {"accepted"}
    assert toy.came("TH") == ["1", "2", "3", "4"]
    assert [str(row.pk) for row in Inbox.objects.filter(holder="TH").order_by("seq")] == [
        str(row.pk) for row in (known, *rows)
    ], "the same ids and numbers"
    assert {read(inbox.receive(raw)).code for raw in before} == {"id_taken"}, "the old bytes have no effect any more"
    assert [log.verify(state) for state in three] == [None, None, None]
    assert toy.send("VN", "TH", "VN-1", "5").seq == 5
    delivery.settle()
    assert toy.came("TH")[-1] == "5"
    Outbox.objects.filter(pk=rows[0].pk).update(bytes=before[0] + b"x")
    fault = log.verify("VN")
    assert fault is not None, "only the last of its bytes are right"


def test_a_key_speaks_for_its_own_address_alone(three: dict[str, State]) -> None:
    row = toy.send("VN", "TH", "VN-1", "hello")
    opened = envelope.parse(envelope.read(bytes(row.bytes)).payload)
    kid, private = keys.signing(three["MY"])
    assert read(inbox.receive(envelope.seal(opened, kid, private), "th.pcd")).code == "wrong_sender"
    assert toy.came("TH") == []


# ── the log ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_database_refuses_to_change_or_delete_the_log(three: dict[str, State]) -> None:
    toy.send("VN", "TH", "VN-1", "hello")
    unnumbered = LogEntry.objects.get(holder="VN", n=None)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LogEntry.objects.filter(pk=unnumbered.pk).update(bytes_sha256="0" * 64)
    delivery.settle()
    for entry in LogEntry.objects.all():
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            LogEntry.objects.filter(pk=entry.pk).update(n=10_000)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            LogEntry.objects.filter(pk=entry.pk).delete()


@pytest.mark.parametrize("harm", ["entry", "message", "receipt", "gone", "cut", "hidden"])
def test_whatever_is_changed_behind_its_back_shows(three: dict[str, State], harm: str) -> None:
    for n in range(5):
        toy.send("VN", "TH", "VN-1", str(n))
    delivery.settle()
    assert log.verify("TH") is None
    third = Inbox.objects.get(holder="TH", seq=3)
    at = LogEntry.objects.get(holder="TH", ref=str(third.pk)).n
    last = LogEntry.objects.filter(holder="TH").order_by("-n").first()
    assert at is not None
    assert last is not None
    if harm == "message":
        Inbox.objects.filter(pk=third.pk).update(bytes=bytes(third.bytes).replace(b".", b"..", 1))
    elif harm == "receipt":
        Inbox.objects.filter(pk=third.pk).update(receipt=b"x")
    elif harm == "hidden":
        Inbox.objects.create(
            holder=three["TH"], peer="vn.dea", case="VN-7", seq=1, type="toy.note", bytes=b"", sha256="", receipt=b"",
            received=times.now(), verdict="accepted",
        )  # fmt: skip
    else:
        with connection.cursor() as cursor:
            table = " ON exchange_log" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER exchange_log_no_update{table}")
            cursor.execute(f"DROP TRIGGER exchange_log_no_delete{table}")
        if harm == "entry":
            LogEntry.objects.filter(holder="TH", n=at).update(bytes_sha256="0" * 64)
        elif harm == "gone":
            LogEntry.objects.filter(holder="TH", n=at).delete()
        else:
            last.delete()
    fault = log.verify("TH")
    assert fault is not None
    expected = {"cut": last.n, "hidden": (last.n or 0) + 1}.get(harm, at)
    assert fault.n == expected
    assert log.verify("VN") is None


def test_a_database_that_forgets_is_refused(three: dict[str, State], monkeypatch: pytest.MonkeyPatch) -> None:
    assert durable.complaint(connection) == ""
    assert durable.check_durable(["default"]) == []
    monkeypatch.setattr(durable, "complaint", lambda connection: "SQLite runs with synchronous=1; expected FULL (2)")
    setattr(connection, durable._ASKED, None)
    assert [error.id for error in durable.check_durable(["default"])] == ["exchange.E001"]
    with pytest.raises(ImproperlyConfigured, match="synchronous=1"):
        toy.send("VN", "TH", "VN-1", "hello")


def test_the_log_holds_hashes_alone(three: dict[str, State]) -> None:
    row = toy.send("VN", "TH", "VN-1", "a person's name")
    delivery.settle()
    entry = LogEntry.objects.get(holder="VN", kind="out")
    assert entry.bytes_sha256 == jose.digest(bytes(row.bytes))
    assert not any("person" in str(value) for value in entry.__dict__.values())
