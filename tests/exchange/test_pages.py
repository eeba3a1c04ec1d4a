"""The exchange for people and programs: pages, API and command line, and who may not see them."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.exchange import toy
from tests.exchange.people import person
from tidegate.cli import main
from tidegate.exchange import delivery, inbox
from tidegate.exchange.models import Inbox, LogEntry, Outbox, Refusal
from tidegate.parties import times
from tidegate.parties.models import State
from tidegate.parties.registry import Enclosed

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_second_factor(settings: Any) -> None:
    settings.TIDEGATE_SECOND_FACTOR = False


def signed_in(state: str, kind: str = "competent_authority", role: str = "officer") -> Client:
    client = Client()
    client.force_login(person(state, kind, role))
    return client


def page(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, address
    return response.content.decode()


@pytest.fixture
def busy(three: dict[str, State], no_second_factor: None) -> dict[str, Outbox]:
    """Thailand has accepted one of Viet Nam's messages, rejected one, owes an answer; one has not been sent yet."""
    late = times.now() - timedelta(days=1)
    rows = {
        "good": toy.send("VN", "TH", "VN-1", "good morning", deadline=late, rule="Basel 6(4)"),
        "bad": toy.send("VN", "TH", "VN-1", "bad <b>news</b>", mood="refuse"),
    }
    delivery.settle()
    rows["waiting"] = toy.send("VN", "MY", "VN/2", "still here")
    return {name: Outbox.objects.get(pk=row.pk) for name, row in rows.items()}


def test_an_official_sees_peers_cases_and_messages(busy: dict[str, Outbox]) -> None:
    sender, receiver = signed_in("VN"), signed_in("TH", role="viewer")
    index = page(sender, "/exchange/")
    assert "my.doe" in index
    assert "They owe an answer" in index
    assert "Basel 6(4)" in index
    assert "We owe an answer" in page(receiver, "/exchange/")
    assert "In quarantine" in page(receiver, "/exchange/")
    assert "VN-1" in page(sender, "/exchange/peers/th.pcd/")
    case = page(sender, "/exchange/peers/my.doe/VN/2/")
    assert str(busy["waiting"].pk) in case
    assert "Waiting to be sent" in case
    assert page(sender, "/exchange/peers/sg.nea/", 404)
    assert page(sender, "/exchange/peers/th.pcd/VN-7/", 404)
    shown = page(sender, f"/exchange/messages/{busy['bad'].pk}/")
    assert "Everything holds" in shown
    assert "not now" in shown
    assert "bad &lt;b&gt;news" in shown
    assert "<b>news" not in shown
    mine = page(receiver, f"/exchange/messages/{busy['bad'].pk}/")
    assert "Everything holds" in mine
    assert "Try again" not in mine, "a reader may not act"
    for part in ("envelope", "receipt"):
        raw = sender.get(f"/exchange/messages/{busy['good'].pk}/{part}.jws")
        assert raw.content == bytes(busy["good"].bytes if part == "envelope" else busy["good"].receipt or b"")
    assert page(sender, f"/exchange/messages/{busy['waiting'].pk}/receipt.jws", 404)


def test_what_does_not_hold_is_shown(busy: dict[str, Outbox]) -> None:
    Outbox.objects.filter(pk=busy["good"].pk).update(bytes=bytes(busy["bad"].bytes))
    shown = page(signed_in("VN"), f"/exchange/messages/{busy['good'].pk}/")
    assert "Something does not hold" in shown
    assert "does not hold" in shown


def test_an_officer_tries_again_puts_away_and_sends_again(
    busy: dict[str, Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = signed_in("TH")
    address = f"/exchange/messages/{busy['bad'].pk}/"
    assert "Try again" in page(officer, address)
    told = officer.post(f"{address}act/", {"act": "retry", "revision": "0"}, follow=True).content.decode()
    assert "rejected again" in told
    stale = officer.post(f"{address}act/", {"act": "close", "revision": "0", "note": "x"}, follow=True)
    assert "Somebody else changed it" in stale.content.decode()
    monkeypatch.setattr(toy, "keep", lambda *args: None)
    from tidegate.parties.registry import MessageType, registry

    registry.messages[toy.NOTE] = MessageType(toy.NOTE, lambda message: None, toy.SCHEMA)
    assert (
        "Accepted now"
        in officer.post(f"{address}act/", {"act": "retry", "revision": "1"}, follow=True).content.decode()
    )
    assert "Try again" not in page(officer, address)
    delivery.settle()
    assert Outbox.objects.get(pk=busy["bad"].pk).state == "accepted"
    assert officer.post(f"{address}act/", {"act": "dance", "revision": "2"}).status_code == 400
    assert officer.post(f"{address}act/", {"act": "retry", "revision": "x"}).status_code == 400
    Outbox.objects.filter(pk=busy["waiting"].pk).update(state="stopped", reason="revoked_key")
    sender = signed_in("VN")
    waiting = f"/exchange/messages/{busy['waiting'].pk}/"
    assert "Send again" in page(sender, waiting)
    sender.post(f"{waiting}act/", {"act": "resend", "revision": "0"})
    assert Outbox.objects.get(pk=busy["waiting"].pk).state == "queued"


def test_what_was_refused_at_the_door_and_files_that_lack_are_shown(busy: dict[str, Outbox]) -> None:
    for _ in range(3):
        inbox.receive(b"no envelope <b>", "th.pcd")
    raw = bytearray(busy["waiting"].bytes)
    inbox.receive(bytes(raw), "th.pcd")
    data = b"lost"
    toy.send(
        "VN", "TH", "VN-1", "look", attachments=[Enclosed(hashlib.sha256(data).hexdigest(), "a.txt", "text/plain", 4)]
    )
    delivery.settle()
    shown = page(signed_in("TH"), "/exchange/")
    assert "Refused at the door" in shown
    assert "It is not a signed message" in shown
    assert "It is addressed to somebody else" in shown
    assert "Files that have not come" in shown
    assert "a.txt" in shown
    counts = dict(Refusal.objects.filter(holder="TH").values_list("code", "times"))
    assert counts == {"malformed": 3, "not_addressed": 1}
    assert "Refused at the door" not in page(signed_in("MY"), "/exchange/")


@pytest.mark.parametrize("kind", ["notifier", "carrier", "laboratory", "public"])
def test_companies_and_the_public_see_nothing(busy: dict[str, Outbox], kind: str) -> None:
    client = signed_in("VN", kind)
    for address in ("", "peers/th.pcd/", f"messages/{busy['good'].pk}/", f"messages/{busy['good'].pk}/envelope.jws"):
        assert client.get(f"/exchange/{address}").status_code == 403
    assert Client().get("/exchange/").status_code == 302


def test_another_state_on_the_same_node_sees_nothing(busy: dict[str, Outbox]) -> None:
    outsider = signed_in("MY", role="manager")
    assert "VN-1" not in page(outsider, "/exchange/")
    for address in (f"messages/{busy['good'].pk}/", f"messages/{busy['good'].pk}/receipt.jws", "peers/th.pcd/VN-1/"):
        assert outsider.get(f"/exchange/{address}").status_code == 404
    assert (
        outsider.post(f"/exchange/messages/{busy['bad'].pk}/act/", {"act": "retry", "revision": "0"}).status_code == 404
    )
    reader = signed_in("TH", role="clerk")
    assert (
        reader.post(f"/exchange/messages/{busy['bad'].pk}/act/", {"act": "retry", "revision": "0"}).status_code == 403
    )
    assert Inbox.objects.get(pk=busy["bad"].pk).revision == 0


# ── programs ───────────────────────────────────────────────────────────────────────────────────────────────


def api(client: Client, address: str, status: int = 200, **query: Any) -> Any:
    response = client.get(f"/api/v1/exchange/messages{address}", query)
    assert response.status_code == status, response.content
    return json.loads(response.content)


def test_the_api_lists_by_the_logs_own_numbers_and_misses_nothing(busy: dict[str, Outbox]) -> None:
    for n in range(12):
        toy.send("VN", "TH", "VN-3", str(n))
        toy.send("TH", "VN", "TH-1", str(n))
    delivery.settle()
    client = signed_in("VN")
    seen: list[str] = []
    after = 0
    while True:
        part = api(client, "", after=after, limit=5)
        seen += [message["id"] for message in part["messages"]]
        after = part["next"]
        if not part["more"]:
            break
    expected = LogEntry.objects.filter(holder="VN", kind__in=["out", "in"]).order_by("n").values_list("ref", flat=True)
    assert seen == list(expected)
    assert len(seen) == 27
    assert api(client, "", after=after)["messages"] == []
    only = api(client, "", case="VN-3", way="out", limit=1000)["messages"]
    assert [message["seq"] for message in only] == list(range(1, 13))
    assert {message["state"] for message in only} == {"accepted"}
    assert api(client, "", 422, limit=0)


def test_the_api_gives_the_proof_and_takes_an_officers_act(busy: dict[str, Outbox]) -> None:
    client = signed_in("TH")
    bad = busy["bad"]
    whole = api(client, f"/{bad.pk}")
    assert (whole["way"], whole["state"], whole["reason"], whole["quarantined"]) == (
        "in",
        "rejected",
        "wrong_status",
        True,
    )
    assert whole["body"] == {"text": "bad <b>news</b>", "mood": "refuse"}
    assert whole["envelope"].encode() == bytes(bad.bytes)
    assert {check["what"] for check in whole["checks"]} == {"bytes", "signature", "receipt", "bound", "log"}
    assert all(check["holds"] for check in whole["checks"])
    receipt = client.get(f"/api/v1/exchange/messages/{bad.pk}/receipt")
    assert receipt.content.decode() == whole["receipt"]
    assert receipt["Content-Type"] == "application/jose"
    put = {"revision": 0, "note": "seen with the sender"}
    done = client.post(f"/api/v1/exchange/messages/{bad.pk}/close", put, content_type="application/json")
    assert done.status_code == 200, done.content
    assert json.loads(done.content)["quarantined"] is False
    again = client.post(f"/api/v1/exchange/messages/{bad.pk}/retry", {"revision": 1}, content_type="application/json")
    assert (again.status_code, json.loads(again.content)["code"]) == (422, "settled")
    outsider = signed_in("MY")
    assert api(outsider, f"/{bad.pk}", 404)
    assert api(outsider, f"/{busy['waiting'].pk}/receipt", 404)
    assert api(signed_in("TH", "carrier"), "", 403)
    assert api(Client(), "", 401)


def test_the_command_line(busy: dict[str, Outbox], capsys: pytest.CaptureFixture[str]) -> None:
    """Status, delivery, verification and keys, with exit codes for scripts."""

    def run(*words: str) -> tuple[int, str]:
        code = main(["exchange", *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert run("deliver") == (0, "1 tried\n")
    code, told = run("status")
    assert code == 1, "a message in quarantine needs a person"
    assert "th.pcd" in told
    assert run("status", "--state", "MY")[0] == 0
    code, told = run("verify")
    assert code == 0
    assert "TH: 3 entries, all hold" in told
    code, told = run("keys", "--rotate", "vn")
    assert code == 0
    assert told.count("\tsigns\t") == 3
    kid = next(line.split("\t")[1] for line in told.splitlines() if "th.pcd" in line and "signs" in line)
    code, told = run("keys", "--state", "TH", "--revoke", kid, "--reason", "stolen")
    assert (code, told.splitlines()[0]) == (0, f"{kid} is revoked")
    Inbox.objects.filter(pk=busy["bad"].pk).update(receipt=b"another")
    code, told = run("verify", "--state", "TH")
    assert (code, "the receipt of entry 3 was changed" in told) == (1, True)
    for words in (("keys", "--revoke", "nobody"), ("keys", "--rotate", "XX"), ("status", "--rotate", "VN")):
        assert run(*words)[0] == 2
    assert run("status", "--state", "XX")[0] == 2
