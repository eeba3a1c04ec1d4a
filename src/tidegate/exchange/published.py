"""What the exchange tells the other rooms: it carries their messages. Also its own rights, events and message."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.exchange import fetching, outbox, signing  # noqa: F401 (fetching registers its messages)
from tidegate.exchange.models import Blob, Inbox, Outbox
from tidegate.parties import times
from tidegate.parties.models import State
from tidegate.parties.names import LABELS
from tidegate.parties.registry import Message, Rejected, registry
from tidegate.parties.rights import DECIDE, MANAGE, OFFICIAL, READ, rights

READ_QUEUE = rights.grant("exchange.queue.read", OFFICIAL, READ)
KEEP_QUEUE = rights.grant("exchange.queue.keep", OFFICIAL, (*DECIDE, *MANAGE))
LABELS[READ_QUEUE] = _("See the messages with other States")
LABELS[KEEP_QUEUE] = _("Act on messages that did not get through")

RETRIED = registry.event("exchange.message.retried", _("A rejected message was tried again"))
CLOSED = registry.event("exchange.message.closed", _("A rejected message was put away"))
RESENT = registry.event("exchange.message.resent", _("A stopped message was sent again"))

ANSWER = "exchange.answer"
ANSWER_SCHEMA = {
    "type": "object",
    "required": ["message", "outcome"],
    "properties": {
        "message": {"type": "string", "pattern": "^[0-9a-f-]{36}$"},
        "outcome": {"const": "accepted"},
    },
}

registry.subscriber(outbox.carry)
registry.page("inbox", "exchange:message")
registry.page("outbox", "exchange:message")
registry.signer = signing.Keeper()


def _erase(state: str, case: str, digests: Sequence[str]) -> int:
    """A case whose period of keeping is over: the bytes of its envelopes go, hash, receipt and log stay. What is known
    of its files, by their SHA-256, goes."""
    Blob.objects.filter(holder=state, sha256__in=digests).delete()
    now = times.now()
    sent = Outbox.objects.filter(holder=state, case=case, erased_at=None)
    sent = sent.exclude(state__in=(*Outbox.ACTIVE, *Outbox.BLOCKED))
    came = Inbox.objects.filter(holder=state, case=case, erased_at=None)
    came = came.exclude(verdict=Inbox.Verdict.REJECTED, settled=None)
    return sum(rows.update(bytes=b"", erased_at=now) for rows in (sent, came))


registry.erasers.append(_erase)


@registry.message(ANSWER, ANSWER_SCHEMA)
def answered(message: Message) -> None:
    """The receiver took in, later, what it had rejected at first. Only the receiver of that message may say so."""
    peer = State.objects.get(pk=message.sender).node
    mine = Outbox.objects.filter(pk=message.body["message"], holder=message.to, peer=peer, case=message.case)
    if not mine.exists():
        raise Rejected("unknown_reference", str(pgettext_lazy("message", "No such message was sent.")))
    mine.filter(state=Outbox.Status.REJECTED).update(state=Outbox.Status.ACCEPTED, reason="", reason_text="")
