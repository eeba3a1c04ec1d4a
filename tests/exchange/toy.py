"""A toy trade between three States: notes that one writes and the other keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from tidegate.exchange.models import Inbox, Outbox
from tidegate.parties import actors, journal
from tidegate.parties.models import JournalEntry, Organisation, State
from tidegate.parties.registry import Message, Post, Rejected, registry

NODES = {"VN": "vn.dea", "TH": "th.pcd", "MY": "my.doe"}
NOTE = "toy.note"
SCHEMA = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}, "mood": {"type": "string"}, "back": {"type": "integer"}},
}


class Bug(Exception):
    """A handler that is broken."""


def handle(message: Message) -> None:
    """Keep a note; refuse, break or answer as it says."""
    mood = message.body.get("mood", "")
    keep(message.to, message.case, "toy.came", {"id": message.id, "text": message.body["text"], "seq": message.seq})
    if mood == "refuse":
        raise Rejected("wrong_status", "not now")
    if mood == "strange":
        raise Rejected("a_code_of_its_own", "whatever")
    if mood == "break":
        raise Bug("secret of the house")
    if left := message.body.get("back", 0):
        post = Post(
            message.sender, message.case, NOTE, {"text": f"re {message.body['text']}", "back": left - 1},
            reply_to=message.id,
        )  # fmt: skip
        keep(message.to, message.case, "toy.sent", {}, [post])


def keep(state: str, case: str, type: str, payload: dict[str, Any], posts: list[Post] | None = None) -> JournalEntry:
    """One journal entry of a State about a case, with the messages that go out with it."""
    subject = Organisation.objects.get_or_create(
        holder_id=state, registration=case, defaults={"name": case, "kind": "agency"}
    )[0]
    Organisation.objects.select_for_update().get(pk=subject.pk)
    revision = JournalEntry.objects.filter(subject_id=subject.pk).count() + 1
    return journal.record(
        actors.system(state), type, subject, revision=revision, case=case, payload=payload, posts=posts or ()
    )


def send(state: str, to: str, case: str, text: str, **also: Any) -> Outbox:
    """A business change of a State, with one note to another about it, in one commit."""
    post = {name: also.pop(name) for name in ("deadline", "rule", "reply_to", "attachments") if name in also}
    with transaction.atomic():
        entry = keep(state, case, "toy.sent", {"text": text}, [Post(to, case, NOTE, {"text": text, **also}, **post)])
        return Outbox.objects.get(journal_entry=entry.pk)


def came(state: str, case: str | None = None) -> list[str]:
    """The texts of the notes that had an effect in a State, in the order in which they had it."""
    entries = JournalEntry.objects.filter(holder=state, type="toy.came")
    if case is not None:
        entries = entries.filter(case=case)
    return [entry.payload["text"] for entry in entries.order_by("case", "revision")]


def states() -> dict[str, State]:
    """Three States, all kept on this node."""
    return {
        code: State.objects.get_or_create(code=code, defaults={"name": code, "node": node, "here": True})[0]
        for code, node in NODES.items()
    }


def verdicts(state: str) -> dict[str, str]:
    """Text of the note to the state of its row in a State's outbox, by (case, number)."""
    return {f"{row.case}/{row.seq}": row.state for row in Outbox.objects.filter(holder=state)}


def quarantine(state: str) -> list[Inbox]:
    """What waits for a person in a State."""
    return list(Inbox.objects.filter(holder=state, verdict="rejected", settled=None))


@contextmanager
def trade() -> Iterator[None]:
    """The toy's event and message types are known inside, and gone afterwards."""
    before = dict(registry.events), dict(registry.messages)
    registry.event("toy.sent", "sent")
    registry.event("toy.came", "came")
    registry.message(NOTE, SCHEMA)(handle)
    try:
        yield
    finally:
        registry.events, registry.messages = before
