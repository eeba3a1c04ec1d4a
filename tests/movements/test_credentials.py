"""Certificates: signed once, checked with no network, never "valid" where that cannot be known."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.movements.people import NOON, actor, issued
from tidegate.movements.commands import certificates, permits
from tidegate.movements.credentials import status, tokens
from tidegate.movements.credentials.verify import Bundle, load, verify
from tidegate.movements.models import (
    Certificate,
    Consent,
    Consignment,
    JointInspection,
    Movement,
    Notification,
    Operation,
    Permit,
)
from tidegate.parties import times
from tidegate.parties.commanding import Refused
from tidegate.parties.models import Facility
from tidegate.parties.registry import VerifyKey

DAY = timedelta(days=1)


@pytest.fixture
def noon(settings: Any, tmp_path: Path) -> Iterator[None]:
    """The keys lie in a folder of the test's own."""
    settings.TIDEGATE_DATA_DIR = tmp_path
    with times.at(NOON):
        yield


@pytest.fixture
def certificate(db: None, noon: None) -> Certificate:
    return certificates.issue(actor("competent_authority"), issued().pk, kind="permit")


def said(token: str, known: Bundle, **when: Any) -> tuple[str, str]:
    verdict = verify(token, known.keys, known.status_lists, NOON + timedelta(**when))
    return verdict.answer, verdict.reason


def test_it_says_what_the_permit_says_in_one_qr_code(certificate: Certificate) -> None:
    known = certificates.bundle(["VN"])
    verdict = verify(certificate.token, known.keys, known.status_lists, NOON)
    assert verdict.answer == "valid"
    assert verdict.claims["permit"] == "IMP-7"
    assert verdict.claims["kg"] == "100000.000"
    assert verdict.issuer == "urn:tidegate:state:VN"
    assert len(certificate.token) <= tokens.QR_BYTES
    header = json.loads(base64.urlsafe_b64decode(certificate.token.split(".")[0] + "=="))
    assert (header["typ"], header["alg"]) == ("vc+jwt", "Ed25519")
    # 31 October ends seven hours before it does in London.
    assert verdict.valid_until is not None
    assert verdict.valid_until.isoformat() == "2027-10-31T16:59:59+00:00"


def test_suspended_reinstated_revoked(certificate: Certificate) -> None:
    officer = actor("competent_authority")
    before = certificates.bundle(["VN"])
    certificate = certificates.suspend(officer, certificate.pk, revision=0, reason="being looked into")
    assert said(certificate.token, certificates.bundle(["VN"])) == ("invalid", "suspended")
    certificate = certificates.reinstate(officer, certificate.pk, revision=1)
    assert said(certificate.token, certificates.bundle(["VN"])) == ("valid", "")
    certificates.revoke(officer, certificate.pk, revision=2, reason="forged papers")
    after = certificates.bundle(["VN"])
    assert said(certificate.token, after) == ("invalid", "revoked")
    # Revoked stays revoked in an old list; what an old list does not know, nobody may call valid.
    assert said(certificate.token, after, days=3) == ("invalid", "revoked")
    assert said(certificate.token, before, hours=23) == ("valid", "")
    stale = verify(certificate.token, before.keys, before.status_lists, NOON + 3 * DAY)
    assert (stale.answer, stale.reason, stale.stale_since) == ("unknown", "status_stale", NOON + DAY)


def test_it_follows_its_permit(certificate: Certificate) -> None:
    officer = actor("competent_authority")
    permit = Permit.objects.get()
    permit = permits.suspend(officer, permit.pk, revision=permit.revision, reason="x")
    assert said(certificate.token, certificates.bundle(["VN"])) == ("invalid", "suspended")
    permit = permits.lift(officer, permit.pk, revision=permit.revision)
    assert said(certificate.token, certificates.bundle(["VN"])) == ("valid", "")
    permits.revoke(officer, permit.pk, revision=permit.revision, reason="x")
    assert said(certificate.token, certificates.bundle(["VN"])) == ("invalid", "revoked")


def test_a_new_one_takes_the_place_of_the_old(certificate: Certificate) -> None:
    new = certificates.supersede(actor("competent_authority"), certificate.pk, revision=0)
    known = certificates.bundle(["VN"])
    assert said(certificate.token, known) == ("invalid", "revoked")
    assert said(new.token, known) == ("valid", "")
    assert new.claims["replaces"] == certificate.number


def test_nothing_is_certified_that_is_not_so(certificate: Certificate) -> None:
    officer = actor("competent_authority")
    permit = Permit.objects.get()
    permits.revoke(officer, permit.pk, revision=permit.revision, reason="x")
    with pytest.raises(Refused) as refused:
        certificates.issue(officer, permit.pk, kind="permit")
    assert refused.value.code == "not_certifiable"
    with pytest.raises(Refused) as unknown:
        certificates.issue(officer, permit.pk, kind="poem")
    assert unknown.value.code == "kind"


def test_every_kind_says_what_its_row_says(certificate: Certificate) -> None:
    officer = actor("competent_authority")
    case = Notification.objects.create(
        holder_id="VN", case="TH-1", number="TH 000123", state_export="TH", state_import="VN", status="active"
    )
    consent = Consent.objects.create(
        holder_id="VN", case="TH-1", notification=case, authority="VN", role="import", status="requested",
        requested_at=NOON, quantity_kg=Decimal(5000), valid_from=NOON.date(), valid_until=NOON.date() + DAY,
    )  # fmt: skip
    movement = Movement.objects.create(
        holder_id="VN", case="TH-1", notification=case, serial=2, planned_on=NOON.date(), announced_kg=Decimal(900)
    )
    consignment = Consignment.objects.create(holder_id="VN", case="TH-1", reference="C-1", declaration="HPH-1")
    assert officer.organisation is not None
    facility = Facility.objects.create(holder_id="VN", organisation=officer.organisation, name="Works", address="x")
    rows = {
        "consent": consent,
        "receipt": movement,
        "recovery": movement,
        "inspection": consignment,
        "preconsent": facility,
    }
    for kind, row in rows.items():
        with pytest.raises(Refused, match="is not so"):
            certificates.issue(officer, row.pk, kind=kind)
    Consent.objects.update(status="consented")
    Movement.objects.update(
        received_at=NOON, received_kg=Decimal(890), accepted_kg=Decimal(880), rejected_kg=Decimal(10), completed_at=NOON
    )
    Operation.objects.create(
        holder_id="VN", movement=movement, reference="o1", final=True, code="R3", facility="Works", at=NOON,
        input_kg=Decimal(880),
    )  # fmt: skip
    JointInspection.objects.create(
        holder_id="VN",
        consignment=consignment,
        place="Hai Phong",
        at=NOON,
        result="as declared",
        passed=True,
        done_at=NOON,
    )
    Facility.objects.update(preconsented_from=NOON.date(), preconsented_until=NOON.date() + 30 * DAY, wastes=["B3011"])
    made = {kind: certificates.issue(officer, row.pk, kind=kind) for kind, row in rows.items()}
    known = certificates.bundle(["VN"])
    assert {kind: said(row.token, known) for kind, row in made.items()} == dict.fromkeys(rows, ("valid", ""))
    told = {kind: verify(row.token, known.keys, known.status_lists, NOON).claims for kind, row in made.items()}
    assert (told["consent"]["notification"], told["consent"]["kg"]) == ("TH 000123", "5000.000")
    assert (told["receipt"]["serial"], told["receipt"]["rejectedKg"]) == (2, "10.000")
    assert told["recovery"]["operations"] == ["R3 Works"]
    assert told["inspection"]["passed"] is True
    assert told["preconsent"]["wastes"] == ["B3011"]
    assert Consent.objects.get().certificate == made["consent"].pk
    assert said(made["consent"].token, known, days=2) == ("invalid", "expired")


def test_keys_of_all_kinds(certificate: Certificate) -> None:
    known = certificates.bundle(["VN"])
    key, lists, token = known.keys[0], known.status_lists, certificate.token

    def with_key(**change: Any) -> tuple[str, str]:
        other = VerifyKey(**{**{f: getattr(key, f) for f in key.__dataclass_fields__}, **change})
        return said(token, Bundle((other,), lists, NOON))

    assert with_key(revoked=True) == ("invalid", "key_revoked")
    assert with_key(retired_at=NOON - DAY) == ("invalid", "key_retired")
    assert with_key(retired_at=NOON + DAY) == ("valid", "")
    assert with_key(state="TH") == ("invalid", "issuer")
    assert with_key(public="00" * 32) == ("invalid", "signature")
    assert said(token, Bundle((), lists, NOON)) == ("unknown", "key_unknown")
    assert said(token, Bundle(known.keys, (), NOON)) == ("unknown", "no_status")
    assert said(token, known, days=400) == ("invalid", "expired")
    early = issued("IMP-9", valid_from="2026-11-05")
    later = certificates.issue(actor("competent_authority"), early.pk, kind="permit")
    assert said(later.token, known) == ("invalid", "not_yet_valid")


def test_no_changed_letter_passes(certificate: Certificate) -> None:
    known = certificates.bundle(["VN"])

    @given(at=st.integers(0, len(certificate.token) - 1), sign=st.sampled_from("AZaz09-_.x"))
    def try_one(at: int, sign: str) -> None:
        changed = certificate.token[:at] + sign + certificate.token[at + 1 :]
        assert changed == certificate.token or said(changed, known)[0] != "valid"

    try_one()


@given(st.text(max_size=300) | st.from_regex(r"\A[A-Za-z0-9_-]{2,80}\.[A-Za-z0-9_-]{2,80}\.[A-Za-z0-9_-]{86}\Z"))
def test_any_text_gets_an_answer(text: str) -> None:
    assert verify(text, (), (), NOON).answer == "invalid"


@given(st.lists(st.tuples(st.integers(0, 200_000), st.booleans()), max_size=12))
def test_the_status_list_holds_every_bit(changes: list[tuple[int, bool]]) -> None:
    bits, expected = status.empty(), {}
    for index, on in changes:
        bits, expected[index] = status.with_bit(bits, index, on), on
    value = json.loads(status.payload(state="VN", purpose="revocation", bits=bits, version=1, issued=NOON))
    found = status.read(value)
    assert {index: found.is_set(index) for index in expected} == expected
    assert sum(byte.bit_count() for byte in found.bits) == sum(expected.values())
    assert (found.purpose, found.valid_until) == ("revocation", NOON + DAY)


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, without a database to reach."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-m", "tidegate.cli", "verify", *arguments], capture_output=True, text=True, timeout=120,
        env={**kept, "TIDEGATE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "HOME": str(tmp_path)},
    )  # fmt: skip


def test_the_command_needs_no_database(certificate: Certificate, tmp_path: Path) -> None:
    keys, paper = tmp_path / "keys.json", tmp_path / "certificate.txt"
    keys.write_text(certificates.bundle(["VN"]).dump())
    token = certificate.token
    paper.write_text("\n".join(token[n : n + 80] for n in range(0, len(token), 80)))
    good = run(tmp_path, str(paper), "--keys", str(keys), "--at", "2026-11-02T06:00Z")
    assert good.returncode == 0, good.stderr
    assert good.stdout.startswith("answer: valid\n")
    assert "permit: IMP-7" in good.stdout
    later = run(tmp_path, token, "--keys", str(keys), "--at", "2026-11-09T06:00Z")
    assert later.returncode == 3
    assert "stale since: 2026-11-03T05:00:00+00:00" in later.stdout
    assert run(tmp_path, token[:-4] + "AAAA", "--keys", str(keys), "--at", "2026-11-02T06:00Z").returncode == 1
    keys.write_text('{"keys": [{"kid": "x"}], "as_of": "2026-11-02T06:00Z"}')
    bad = run(tmp_path, token, "--keys", str(keys))
    assert bad.returncode == 2
    assert "keys, entry 1" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_the_file_of_keys_reads_as_it_was_written(certificate: Certificate) -> None:
    known = certificates.bundle()
    assert load(known.dump()) == known
