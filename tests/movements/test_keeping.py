"""Periods of keeping, legal holds, and erasing: what goes, what stays, what stops it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.movements import cases
from tests.movements.browsing import signed_in
from tests.movements.cases import Wire, actor, again, copy, sent_on, wired
from tidegate.cli import keeping as cli
from tidegate.cli import main
from tidegate.exchange.models import Outbox
from tidegate.movements import facts, keeping
from tidegate.movements.commands import attachments, notifications
from tidegate.movements.commands import keeping as commands
from tidegate.movements.models import Attachment, Breach, Notification
from tidegate.parties import files, sealing, times
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import JournalEntry

pytestmark = pytest.mark.django_db
YEAR = 365


@pytest.fixture
def wire(tmp_path: Path, settings: Any) -> Iterator[Wire]:
    settings.TIDEGATE_DATA_DIR = tmp_path
    with times.at(cases.START), wired() as made:
        yield made


def ended(wire: Wire) -> Notification:
    """A notification with a file, withdrawn."""
    row = sent_on()
    trader = actor("TH", "notifier", "clerk")
    attachments.attach(trader, row.pk, kind="other", name="passport of A.txt", media_type="text/plain", data=b"private")
    wire.settle()
    notifications.withdraw(trader, row.pk, reason="No longer wanted")
    wire.settle()
    Notification.objects.update(updated_at=cases.START)
    return again(row)


def due(state: str = "TH") -> list[tuple[str, bool]]:
    return [(one.case, one.stopped) for one in keeping.due(state)]


def run(*arguments: str) -> int:
    return main(["keeping", *arguments])


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command in this process, on the test's database."""
    monkeypatch.setattr(cli, "run", cli._run)


def test_the_command_shows_first_and_erases_then_and_the_journal_still_holds(
    wire: Wire, capsys: pytest.CaptureFixture[str], django_capture_on_commit_callbacks: Any
) -> None:
    row = ended(wire)
    sealing.seal_all()
    digest = Attachment.objects.filter(case=row.case).values_list("sha256", flat=True)[0]
    with cases.later(5 * YEAR):
        assert due() == [], "kept five years to the day"
    with cases.later(5 * YEAR + 4):
        assert run("--state", "TH") == 0
        assert f"due     notification  {row.case}" in capsys.readouterr().out
        assert again(row).blocks["exporter"]["email"] == "a@x.test"
        with django_capture_on_commit_callbacks(execute=True):
            assert run("--state", "TH", "--do") == 0
        assert f"erased  notification  {row.case}" in capsys.readouterr().out
        gone = again(row)
        assert (gone.blocks["exporter"]["email"], gone.blocks["exporter"]["address"]) == ("", "")
        assert gone.blocks["exporter_declaration"]["name"] == ""
        assert (gone.blocks["exporter"]["name"], str(gone.quantity_kg)) == ("Example notifier of TH", "250000.000")
        assert "a@x.test" not in str(gone.versions.get(number=1).content)
        kept = Attachment.objects.get(case=row.case, holder="TH")
        assert (kept.sha256, kept.name) == (digest, digest[:12])
        assert files.size_of(digest) == len(b"private"), "another State's copy still needs the bytes"
        assert copy(row, "DE").blocks["exporter"]["email"] == "a@x.test", "each State its own copy"
        entry = JournalEntry.objects.get(case=row.case, holder="TH", type="keeping.erased")
        assert entry.payload["files"] == [digest]
        sealing.seal_all()
        assert sealing.verify("TH") is None
        run("--do")
        assert due() == []
        with django_capture_on_commit_callbacks(execute=True):
            run("--do")
    assert not any(due(state) for state in ("SG", "NL", "DE"))


def test_the_bytes_of_a_file_go_with_the_last_row_that_needs_them(
    wire: Wire, django_capture_on_commit_callbacks: Any
) -> None:
    row = ended(wire)
    digest = Attachment.objects.filter(case=row.case).values_list("sha256", flat=True)[0]
    with cases.later(6 * YEAR), django_capture_on_commit_callbacks(execute=True):
        run("--do")
    assert files.size_of(digest) is None
    with pytest.raises(Refused):
        attachments.fetch(actor("DE", "competent_authority"), _attached(row, "DE").pk)


def _attached(row: Notification, code: str) -> Attachment:
    return Attachment.objects.filter(case=row.case, holder=code).get()


def test_a_legal_hold_and_an_open_breach_stop_it(wire: Wire) -> None:
    row = ended(wire)
    officer = actor("TH")
    held = commands.place(officer, case=row.number, reason="Court of X, 12/2026")
    with pytest.raises(Refused):
        commands.place(officer, case=row.case, reason="again")
    with pytest.raises(Missing):
        commands.place(actor("MY"), case=row.case, reason="not ours")
    with cases.later(6 * YEAR):
        assert due() == [(row.case, True)]
        run("--do")
        assert again(row).blocks["exporter"]["email"] == "a@x.test"
        one = next(keeping.due("TH"))
        commands.lift(actor("TH"), held.pk, reason="Decided")
        breach = Breach.objects.create(
            holder_id="TH", case=row.case, kind="overdue", subject="notification", subject_id=row.pk,
            opened_at=times.now(),
        )  # fmt: skip
        assert (due(), keeping.erase("TH", one)) == ([], None)
        breach.delete()
        assert keeping.erase("TH", one) is not None
        assert keeping.erase("TH", one) is None, "once"


def test_what_runs_or_moved_lately_is_not_due(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    Notification.objects.update(updated_at=cases.START)
    with cases.later(9 * YEAR):
        assert due() == [], "it has not ended"
        facts.note("TH", "notification.told", again(row))
        Notification.objects.filter(pk=row.pk).update(status="withdrawn", ended_as="withdrawn", updated_at=cases.START)
        assert due() == [], "something happened in it just now"


def test_a_period_is_set_for_later_and_counts_from_its_day(wire: Wire) -> None:
    row = ended(wire)
    officer = actor("TH")
    client = signed_in(officer)
    said = {"kind": "notification", "years": "1", "valid_from": "2027-01-01", "basis": "Order 7/2026"}
    assert client.post("/keeping/period/", {**said, "valid_from": "2026-01-01"}).status_code == 422
    assert client.post("/keeping/period/", {**said, "basis": ""}).status_code == 422
    assert client.post("/keeping/period/", said).status_code == 302
    assert "Order 7/2026" in client.get("/keeping/").content.decode()
    with cases.later(1 * YEAR + 4):
        assert due() == [(row.case, False)]
        assert due("DE") == []
        client = signed_in(officer)
        page = client.get("/keeping/").content.decode()
        assert row.number in page
        assert "tidegate keeping --do" in page
        client.post("/keeping/hold/", {"case": row.case, "reason": "Inquiry"})
        assert due() == [(row.case, True)]
        assert client.post("/keeping/hold/", {"case": "nothing", "reason": "x"}).status_code == 422
    for who in (actor("TH", "customs"), actor("TH", "notifier", "clerk")):
        with pytest.raises(Forbidden):
            commands.place(who, case=row.case, reason="x")


def test_the_envelopes_of_a_case_go_and_the_log_still_holds(wire: Wire) -> None:
    """The exchange's own part: `tests/exchange` has a log that is verified after it."""
    row = ended(wire)
    sent = Outbox.objects.create(
        holder_id="TH", peer="de.ca", case=row.case, seq=1, type="x", bytes=b"signed", sha256="0" * 64,
        created=cases.START, expires=cases.START + timedelta(days=9), next_try=cases.START, state="accepted",
    )  # fmt: skip
    with cases.later(6 * YEAR):
        run("--do")
    sent.refresh_from_db()
    assert (bytes(sent.bytes), sent.sha256) == (b"", "0" * 64)
    assert sent.erased_at is not None
