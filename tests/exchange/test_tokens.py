"""What a stranger may send: bad tokens, changed bytes, any bytes. All refused, in words, and nothing stored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchange import toy
from tests.exchange.bad_tokens import Forge, vectors
from tidegate.exchange import codes, envelope, inbox, jose, keys, receipt
from tidegate.exchange.envelope import Attachment, Deadline, Envelope, Schema
from tidegate.exchange.jose import Unreadable
from tidegate.exchange.models import Hold, Inbox, LogEntry
from tidegate.parties.models import State
from tidegate.parties.registry import registry

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
KID = "vn.dea:0123456789abcdef"
NOW = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)
GOOD = Envelope(
    id="01234567-89ab-7def-8123-456789abcdef",
    sender="vn.dea",
    to="th.pcd",
    case="VN-1",
    seq=1,
    prev="",
    type="toy.note",
    schema=Schema("toy.note", "1.0", "0" * 64),
    created=NOW,
    expires=NOW + timedelta(days=1),
    body={"text": "hello"},
)
TOKEN = envelope.seal(GOOD, KID, KEY)

times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
lines = st.text(st.characters(categories=("L", "N", "P", "S")), max_size=60)
leaves = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=20)
bodies = st.dictionaries(
    st.text(max_size=10),
    st.recursive(leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3)),
    max_size=5,
)


@given(bodies, lines, times, st.booleans(), st.sampled_from(envelope.TLP), st.integers(1, 2**31 - 1))
def test_what_goes_in_comes_out(
    body: dict[str, object], line: str, at: datetime, nominal: bool, tlp: str, seq: int
) -> None:
    message = replace(
        GOOD,
        body=body,
        case=line or "x",
        purpose=line,
        legal=line,
        created=at,
        expires=at + timedelta(seconds=1),
        deadline=Deadline(at, line),
        nominal=nominal,
        tlp=tlp,
        seq=seq,
        prev="" if seq == 1 else "a" * 64,
        attachments=(Attachment(line or "x", "image/jpeg", 5, "b" * 64),),
        role="officer",
        officer="abc",
        approvals=("one", "two"),
    )
    raw = envelope.seal(message, KID, KEY)
    assert envelope.open_with(envelope.read(raw), PUBLIC) == message
    assert len(raw) <= jose.MAX_TOKEN


def test_a_field_that_a_later_version_adds_is_kept_unread() -> None:
    fields = {**json.loads(envelope.payload_of(GOOD)), "v": "1.7", "urgent": [1]}
    found = envelope.parse(json.dumps(fields).encode())
    assert (found.version, found.extra) == ("1.7", {"urgent": [1]})


def test_the_largest_payload_fits_and_one_byte_more_does_not() -> None:
    spare = jose.MAX_PAYLOAD - len(envelope.payload_of(replace(GOOD, body={"text": ""})))
    raw = envelope.seal(replace(GOOD, body={"text": "x" * spare}), KID, KEY)
    assert len(envelope.read(raw).payload) == jose.MAX_PAYLOAD
    with pytest.raises(Unreadable) as refused:
        envelope.seal(replace(GOOD, body={"text": "x" * (spare + 1)}), KID, KEY)
    assert refused.value.code == "too_large"


def test_nothing_is_signed_that_a_receiver_would_refuse() -> None:
    for bad in (
        replace(GOOD, sender="nobody"),
        replace(GOOD, body={"x": float("nan")}),
        replace(GOOD, body={"x": object()}),
        replace(GOOD, body={"x": "\ud800"}),
        replace(GOOD, seq=0),
    ):
        with pytest.raises(Unreadable):
            envelope.seal(bad, KID, KEY)


VECTORS = list(vectors(Forge(TOKEN, KID, KEY)))


def test_there_are_enough_bad_tokens_and_each_is_another() -> None:
    assert len(VECTORS) >= 60
    assert len({raw for _, raw in VECTORS}) == len(VECTORS)
    assert len({name for name, _ in VECTORS}) == len(VECTORS)


@pytest.mark.django_db
def test_every_bad_token_is_refused_in_words_and_leaves_nothing(three: dict[str, State]) -> None:
    """The attacker holds Viet Nam's own key: only the form protects."""
    good = bytes(toy.send("VN", "TH", "VN-1", "hello").bytes)
    kid, private = keys.signing(three["VN"])
    assert keys.signing(three["TH"])
    before = LogEntry.objects.count()
    found: dict[str, str] = {}
    for name, raw in vectors(Forge(good, kid, private)):
        answer = inbox.receive(raw, "th.pcd")
        told = receipt.open_with(receipt.read(answer), _public(answer))
        assert told.verdict == "refused", name
        assert told.code in codes.REFUSALS, name
        assert told.sha256 == jose.digest(raw)
        found[name] = told.code
    assert (Inbox.objects.count(), Hold.objects.count(), LogEntry.objects.count()) == (0, 0, before)
    assert toy.came("TH") == []
    assert found["jwk injected"] == found["header with b64"] == found["alg 'none'"] == "header"
    assert found["signed by nobody"] == found["scalar out of range"] == "signature"
    assert found["v '2.0'"] == "version"
    assert found["from 'my.doe'"] == "wrong_sender"
    assert found["too large"] == "too_large"
    assert found["a key twice by escape"] == "malformed"
    answer = inbox.receive(good)
    assert receipt.open_with(receipt.read(answer), _public(answer)).verdict == "stored"


def _public(answer: bytes) -> bytes:
    key = keys.find(receipt.read(answer).kid)
    assert key is not None
    return bytes.fromhex(key.public)


def refused(raw: bytes) -> bool:
    """Whether nobody believes it. Anything but Unreadable is an error of ours."""
    why: Unreadable | None = None
    try:
        token = envelope.read(raw)
        if token.kid != KID:
            return True
        envelope.open_with(token, PUBLIC)
    except Unreadable as error:
        why = error
    assert why is None or (why.code in codes.REFUSALS and why.text.encode("utf-8"))
    return why is not None


@settings(max_examples=400)
@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 255))
def test_no_changed_byte_gets_through(place: int, byte: int) -> None:
    raw = TOKEN[:place] + bytes([byte]) + TOKEN[place + 1 :]
    assert refused(raw) == (raw != TOKEN)


@settings(max_examples=200)
@given(st.data())
def test_no_cut_doubled_or_moved_piece_gets_through(data: st.DataObject) -> None:
    a, b = sorted(data.draw(st.lists(st.integers(0, len(TOKEN)), min_size=2, max_size=2)))
    how = data.draw(st.sampled_from(["cut", "double", "move", "insert"]))
    piece = TOKEN[a:b]
    if how == "cut":
        raw = TOKEN[:a] + TOKEN[b:]
    elif how == "double":
        raw = TOKEN[:b] + piece + TOKEN[b:]
    elif how == "move":
        raw = piece + TOKEN[:a] + TOKEN[b:]
    else:
        raw = TOKEN[:a] + data.draw(st.binary(min_size=1, max_size=20)) + TOKEN[a:]
    assert refused(raw) == (raw != TOKEN)


@settings(max_examples=300)
@given(st.binary(max_size=400) | st.lists(st.binary(max_size=80), min_size=3, max_size=3).map(b".".join))
def test_any_bytes_are_refused_without_an_exception(raw: bytes) -> None:
    assert refused(raw)
    with pytest.raises(Unreadable):
        receipt.read(raw)


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8")) | bodies.map(jose.dump))
def test_strict_json_reads_what_json_reads_or_refuses(raw: bytes) -> None:
    try:
        found = jose.strict_json(raw)
    except Unreadable:
        return
    assert found == json.loads(raw, parse_float=Decimal)


def test_a_receipt_is_no_message_and_a_message_no_receipt() -> None:
    told = receipt.Receipt(GOOD.id, "vn.dea", "th.pcd", "0" * 64, 1, "0" * 64, NOW, "stored", "accepted")
    raw = receipt.seal(told, KID, KEY)
    assert receipt.open_with(receipt.read(raw), PUBLIC) == told
    with pytest.raises(Unreadable):
        envelope.read(raw)
    with pytest.raises(Unreadable):
        receipt.read(TOKEN)


@pytest.mark.django_db
def test_what_other_rooms_have_signed_can_never_pass_for_a_message(three: dict[str, State]) -> None:
    signer = registry.signer
    assert signer is not None
    kid, token = signer.sign("VN", envelope.payload_of(GOOD), "vc+jwt")
    assert kid == keys.signing(three["VN"])[0]
    with pytest.raises(Unreadable):
        envelope.read(token.encode())
    for typ in (envelope.TYP, receipt.TYP):
        with pytest.raises(ValueError, match="exchange alone"):
            signer.sign("VN", envelope.payload_of(GOOD), typ)
