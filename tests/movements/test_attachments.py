"""Files of a case among the States: they go with the notification, are checked, fetched, and for authorities alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from tests.movements.cases import START, actor, content, copy, drafted, sent_on, wired
from tests.movements.test_pages_notifications import authority, client_of, page, text, trader
from tidegate.exchange import delivery
from tidegate.exchange.models import Blob, Inbox
from tidegate.movements import evidence
from tidegate.movements.commands import attachments, notifications
from tidegate.movements.models import Attachment, InfoRequest, Notification
from tidegate.parties import files, times
from tidegate.parties.ids import uuid7
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import Message, Rejected, registry

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 an analysis"
ABROAD = ("SG", "NL", "DE")


@pytest.fixture(autouse=True)
def quiet(settings: Any, tmp_path: Path) -> Iterator[None]:
    """No second factor, files in a folder of the test's own, an hour that stands still."""
    settings.TIDEGATE_SECOND_FACTOR = False
    settings.TIDEGATE_DATA_DIR = tmp_path
    with times.at(START):
        yield


def attach(
    row: Notification, data: bytes = PDF, name: str = "analysis.pdf", state: str = "TH", **more: Any
) -> Attachment:
    who = actor(state, "notifier", "clerk") if state == "TH" else actor(state)
    said = {"kind": "analysis", "media_type": "application/pdf", **more}
    return attachments.attach(who, row.pk, name=name, data=data, **said)


def sent(row: Notification) -> None:
    """Submitted, sent on, and delivered over the exchange."""
    notifications.submit(actor("TH", "notifier", "clerk"), row.pk)
    notifications.transmit(actor("TH"), row.pk)
    settle()


def settle() -> None:
    delivery.settle()
    assert not Inbox.objects.filter(verdict="rejected").exists()


def told(row: Notification, code: str) -> list[Attachment]:
    return list(Attachment.objects.filter(holder=code, case=row.case).order_by("name"))


def test_files_go_with_the_notification_and_later_ones_follow_at_once() -> None:
    row = drafted()
    attach(row)
    sent(row)
    question = notifications.request_info(actor("DE"), copy(row, "DE").pk, question="Who analysed it?")
    settle()
    asked = InfoRequest.objects.get(holder="TH", reference=question.reference)
    attach(row, b"a later answer", "answer.txt", media_type="text/plain", kind="other", request_id=asked.pk)
    attach(copy(row, "DE"), b"%PDF-1.7 our permit", "permit.pdf", "DE", kind="permit")
    settle()
    for code in ("TH", *ABROAD):
        found = told(row, code)
        assert [(one.name, one.told_by) for one in found] == [
            ("analysis.pdf", "" if code == "TH" else "TH"),
            ("answer.txt", "" if code == "TH" else "TH"),
            ("permit.pdf", "" if code == "DE" else "DE"),
        ]
        assert [one.size for one in found] == [len(PDF), 14, 19]
        if code != "TH":
            assert Blob.objects.filter(holder=code, stored__isnull=False).count() == 3
    assert told(row, "DE")[1].subject_id == question.pk
    shown = text(authority("DE").get(page(copy(row, "DE"))))
    assert f"answers {question.reference}" in shown
    assert "has not come" not in shown
    entry = JournalEntry.objects.filter(holder="NL", type="notification.attached").latest("id")
    assert (entry.state, entry.payload["files"][0]["name"]) == ("DE", "permit.pdf")


def asked_by_germany(row: Notification) -> InfoRequest:
    question = notifications.request_info(actor("DE"), copy(row, "DE").pk, question="Who analysed it?")
    settle()
    return InfoRequest.objects.get(holder="TH", reference=question.reference)


def upload(data: bytes = PDF, kind: str = "application/pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile("analysis.pdf", data, kind)


def test_an_answer_takes_its_file_along() -> None:
    row = drafted()
    sent(row)
    asked = asked_by_germany(row)
    where = page(row, "answer", asked.pk)
    mine = trader()
    assert 'type="file" name="file"' in text(mine.get(where))
    said = {"revision": asked.revision, "key": "once", "answer": "Our laboratory", "kind": "analysis"}
    for _twice in range(2):
        assert mine.post(where, {**said, "file": upload()}).status_code == 302
        settle()
    for code in ("TH", *ABROAD):
        [file] = told(row, code)
        assert (file.kind, file.name, file.size) == ("analysis", "analysis.pdf", len(PDF))
        assert file.subject_id == InfoRequest.objects.get(holder=code, reference=asked.reference).pk
    types = [entry.type for entry in JournalEntry.objects.filter(holder="TH", case=row.case).order_by("id")]
    assert types.count("notification.attached") == types.count("info_request.answered") == 1
    assert types.index("notification.attached") < types.index("info_request.answered")
    there = authority("DE")
    shown = text(there.get(page(copy(row, "DE"))))
    assert f"answers {asked.reference}" in shown
    answer: Any = there.get(page(copy(row, "DE"), "attachment", told(row, "DE")[0].pk))
    assert b"".join(answer.streaming_content) == PDF


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (upload(b"MZ a program"), "is not what it says it is"),
        (upload(b"PK", "application/zip"), "is not taken"),
        (upload(PDF + b" " * 30), "too large"),
        (upload(b""), "empty"),
    ],
)
def test_a_file_that_is_refused_leaves_the_question_open(
    file: SimpleUploadedFile, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = drafted()
    sent(row)
    asked = asked_by_germany(row)
    monkeypatch.setattr(evidence, "LARGEST", len(PDF))
    file.seek(0)
    given = {"revision": asked.revision, "key": "once", "answer": "Our laboratory", "kind": "analysis", "file": file}
    answer = trader().post(page(row, "answer", asked.pk), given)
    assert answer.status_code == 422
    assert said in text(answer)
    asked.refresh_from_db()
    assert (asked.answered_at, told(row, "TH")) == (None, [])


def test_an_answer_to_what_changed_meanwhile_keeps_no_file() -> None:
    row = drafted()
    sent(row)
    asked = asked_by_germany(row)
    given = {"revision": asked.revision - 1, "key": "once", "answer": "Our laboratory", "file": upload()}
    assert trader().post(page(row, "answer", asked.pk), given).status_code == 409
    assert told(row, "TH") == []
    # Without a file, and without saying of what kind one would be.
    given = {"revision": asked.revision, "key": "once", "answer": "Our laboratory"}
    assert trader().post(page(row, "answer", asked.pk), given).status_code == 302
    asked.refresh_from_db()
    assert (asked.answer, told(row, "TH")) == ("Our laboratory", [])


def test_authorities_abroad_open_them_and_nobody_else_does() -> None:
    row = drafted()
    made = attach(row)
    sent(row)
    there = copy(row, "DE")
    [file] = told(row, "DE")
    answer: Any = authority("DE").get(page(there, "attachment", file.pk))
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    consignee = client_of(actor("DE", "consignee", "clerk"))
    assert "analysis.pdf" not in text(consignee.get(page(there)))
    assert consignee.get(page(there, "attachment", file.pk)).status_code == 404
    stranger = client_of(actor("VN"))
    for key in (made.pk, file.pk):
        assert stranger.get(page(row, "attachment", key)).status_code == 404
        assert authority("NL").get(page(row, "attachment", key)).status_code == 404
    assert trader().get(page(row, "attachment", made.pk)).status_code == 200


@pytest.mark.parametrize("left", [None, b"%PDF-1.7 an analysi$", b"%PDF"])
def test_bytes_that_lack_or_are_others_are_shown_as_missing_and_asked_for_again(left: bytes | None) -> None:
    row = drafted()
    made = attach(row)
    path = files.path_of(made.sha256)
    path.unlink() if left is None else path.write_bytes(left)
    sent(row)
    there = copy(row, "DE")
    [file] = told(row, "DE")
    officer = authority("DE")
    shown = text(officer.get(page(there)))
    assert "has not come" in shown
    assert "Ask again" in shown
    assert officer.get(page(there, "attachment", file.pk)).status_code == 404
    assert "It is asked for." in text(officer.post(page(there, "fetch", file.pk), follow=True))
    delivery.settle()
    assert Blob.objects.get(holder="DE").stored is None
    # The notifier adds the same file once more: no second one is made, and the others get the bytes.
    again = SimpleUploadedFile("analysis.pdf", PDF, "application/pdf")
    assert "add it once more" in text(trader().post(page(row, "fetch", made.pk), follow=True))
    trader().post(page(row, "attach"), {"kind": "analysis", "file": again}, follow=True)
    settle()
    assert Attachment.objects.filter(case=row.case).count() == 4
    assert Blob.objects.get(holder="DE").stored is not None
    answer: Any = officer.get(page(there, "attachment", file.pk))
    assert b"".join(answer.streaming_content) == PDF
    assert "The file is here." in text(officer.post(page(there, "fetch", file.pk), follow=True))


def test_a_file_that_is_not_what_it_says_is_never_opened() -> None:
    row = drafted()
    sent(row)
    data = b"MZ a program"
    body = {
        "files": [
            {"name": "a.pdf", "media_type": "application/pdf", "sha256": files.keep(data), "size": 12, "kind": "other"}
        ]
    }
    deliver(row, "TH", "DE", body)
    [file] = told(row, "DE")
    officer = authority("DE")
    assert "has not come" in text(officer.get(page(copy(row, "DE"))))
    assert officer.get(page(copy(row, "DE"), "attachment", file.pk)).status_code == 404


def deliver(row: Notification, sender: str, to: str, body: dict[str, Any]) -> None:
    kind = registry.messages["attachment.told"]
    with transaction.atomic():
        kind.handler(Message(str(uuid7()), sender, to, row.case, 1, kind.name, body, times.now()))


def test_only_states_of_the_case_tell_of_files_and_not_of_any_number() -> None:
    row = drafted()
    sent(row)
    body = {
        "files": [
            {"name": "a", "media_type": "text/plain", "sha256": f"{n:064x}", "size": 1, "kind": "other"}
            for n in range(50)
        ]
    }
    actor("VN")
    with pytest.raises(Rejected, match="no part"):
        deliver(row, "VN", "DE", body)
    for start in (0, 50):
        for n, said in enumerate(body["files"]):
            said["sha256"] = f"{start + n:064x}"
        deliver(row, "TH", "DE", body)
        deliver(row, "TH", "DE", body)  # the same again changes nothing
    assert len(told(row, "DE")) == 100
    body["files"][0]["sha256"] = "f" * 64
    with pytest.raises(Rejected, match="100 files"):
        deliver(row, "TH", "DE", body)


def test_a_state_that_comes_onto_the_route_gets_every_file() -> None:
    with wired() as wire:
        row = sent_on()
        attach(row)
        wire.settle()
        attach(copy(row, "DE"), b"%PDF-1.7 our permit", "permit.pdf", "DE", kind="permit")
        wire.settle()
        stops = [("TH", "export"), ("MY", "transit"), ("NL", "transit"), ("DE", "import")]
        actor("MY")
        changed = {name: content(stops)[name] for name in ("route",)}
        notifications.revise(actor("TH", "notifier", "clerk"), row.pk, content=changed, reason="another port")
        wire.settle()
        assert {(one.name, one.told_by) for one in told(row, "MY")} == {("analysis.pdf", "TH"), ("permit.pdf", "DE")}
        assert len(told(row, "DE")) == 2
