"""Keys, the outbox, the inbox, what waits, the log, and attached files.

Only `outbox`, `delivery`, `inbox`, `log`, `keys`, `blobs` and `commands` write here. Each State has its own stream
counters and its own log, also where several States share this node.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.parties.ids import uuid7
from tidegate.parties.models import Held, State


class Key(models.Model):
    """A public Ed25519 key that one address signs with. Private keys are files, never rows.

    `retired_index` and `revoked_index` are positions in the owner's log: what the log holds before them stays valid for
    ever. `retired_at` is by the owner's clock and compared only with times that the owner itself wrote.
    """

    kid = models.CharField(max_length=128, primary_key=True)
    node = models.CharField(_("exchange address"), max_length=64)
    public = models.CharField(max_length=64)
    valid_from = models.DateTimeField(_("valid from"))
    retired_at = models.DateTimeField(_("retired"), null=True)
    retired_index = models.PositiveBigIntegerField(null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_index = models.PositiveBigIntegerField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "exchange_key"
        ordering = ["node", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["node"], condition=Q(retired_at=None, revoked_at=None), name="exchange_key_one_active"
            ),
            models.UniqueConstraint(fields=["public"], name="exchange_key_public"),
        ]

    def __str__(self) -> str:
        return self.kid


class Stream(models.Model):
    """The last number and envelope of one State with one peer in one case, each way. Its row is the lock."""

    class Way(models.TextChoices):
        OUT = "out", pgettext_lazy("exchange", "Outgoing")
        IN = "in", pgettext_lazy("exchange", "Incoming")

    holder = models.ForeignKey(State, on_delete=models.PROTECT, related_name="+", db_index=False)
    way = models.CharField(max_length=3, choices=Way.choices)
    peer = models.CharField(max_length=64)
    case = models.CharField(max_length=64)
    seq = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "exchange_stream"
        constraints = [
            models.UniqueConstraint(fields=["holder", "way", "peer", "case"], name="exchange_stream_once"),
        ]


class Outbox(Held):
    """A message that this State sent, and what became of it. The envelope's bytes never change."""

    class Status(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("message", "Waiting to be sent")
        SENT = "sent", pgettext_lazy("message", "Sent, no receipt yet")
        RECEIVED = "received", pgettext_lazy("message", "Received")
        ACCEPTED = "accepted", pgettext_lazy("message", "Accepted")
        REJECTED = "rejected", pgettext_lazy("message", "Rejected by the receiver")
        EXPIRED = "expired", pgettext_lazy("message", "Not delivered in time")
        STOPPED = "stopped", pgettext_lazy("message", "Stopped")

    # Not delivered yet: these, and nothing else, hold back what follows in the case.
    ACTIVE = (Status.QUEUED, Status.SENT)
    BLOCKED = (Status.EXPIRED, Status.STOPPED)

    peer = models.CharField(max_length=64)
    case = models.CharField(max_length=64)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=64)
    bytes = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    # Its case's period of keeping was over: the bytes are gone, their hash stays here and in the log.
    erased_at = models.DateTimeField(null=True)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    deadline = models.DateTimeField(null=True)
    deadline_rule = models.CharField(max_length=200, blank=True)
    reply_to = models.UUIDField(null=True)
    journal_entry = models.UUIDField(null=True)
    state = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    # Why it is where it is: a code of `codes` and a text of the receiver's (or of a failed attempt).
    reason = models.CharField(max_length=48, blank=True)
    reason_text = models.CharField(max_length=500, blank=True)
    receipt = models.BinaryField(null=True)
    answered = models.DateTimeField(null=True)
    # Delivery: who works on it until when, how often it was tried, when the next try is due.
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    next_try = models.DateTimeField()
    last_try = models.DateTimeField(null=True)
    # A person said that it shall go although its time ran out.
    overdue_allowed = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "exchange_outbox"
        ordering = ["created", "id"]
        constraints = [
            models.UniqueConstraint(fields=["holder", "peer", "case", "seq"], name="exchange_outbox_seq"),
            models.CheckConstraint(
                name="exchange_outbox_state",
                condition=Q(state__in=["queued", "sent", "received", "accepted", "rejected", "expired", "stopped"]),
            ),
        ]
        indexes = [
            models.Index(fields=["next_try"], name="exchange_outbox_due", condition=Q(state__in=["queued", "sent"])),
            models.Index(
                fields=["holder", "peer", "case", "seq"],
                name="exchange_outbox_undelivered",
                condition=Q(state__in=["queued", "sent", "expired", "stopped"]),
            ),
            models.Index(fields=["holder", "case"], name="exchange_outbox_case"),
            models.Index(fields=["holder", "reply_to"], name="exchange_outbox_reply", condition=~Q(reply_to=None)),
        ]


class Inbox(Held):
    """A message that came to this State and took its number: accepted, or rejected and put aside for a person."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", pgettext_lazy("message", "Accepted")
        REJECTED = "rejected", pgettext_lazy("message", "Rejected")

    peer = models.CharField(max_length=64)
    case = models.CharField(max_length=64)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=64)
    bytes = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    # Its case's period of keeping was over: the bytes are gone, their hash stays here and in the log.
    erased_at = models.DateTimeField(null=True)
    receipt = models.BinaryField()
    received = models.DateTimeField()
    deadline = models.DateTimeField(null=True)
    deadline_rule = models.CharField(max_length=200, blank=True)
    reply_to = models.UUIDField(null=True)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.CharField(max_length=48, blank=True)
    reason_text = models.CharField(max_length=500, blank=True)
    # When a rejected message stopped waiting for a person: tried again with success, or put away with a note.
    settled = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "exchange_inbox"
        ordering = ["received", "id"]
        constraints = [
            models.UniqueConstraint(fields=["holder", "peer", "case", "seq"], name="exchange_inbox_seq"),
        ]
        indexes = [
            models.Index(fields=["holder", "case"], name="exchange_inbox_case"),
            models.Index(
                fields=["holder", "received"],
                name="exchange_inbox_quarantine",
                condition=Q(verdict="rejected", settled=None),
            ),
            models.Index(fields=["holder", "reply_to"], name="exchange_inbox_reply", condition=~Q(reply_to=None)),
        ]


class Hold(models.Model):
    """A message that came before its turn: it waits for the one that is missing."""

    id = models.UUIDField(primary_key=True)
    holder = models.ForeignKey(State, on_delete=models.PROTECT, related_name="+", db_index=False)
    peer = models.CharField(max_length=64)
    case = models.CharField(max_length=64)
    seq = models.PositiveIntegerField()
    bytes = models.BinaryField()
    received = models.DateTimeField()

    class Meta:
        db_table = "exchange_hold"
        constraints = [models.UniqueConstraint(fields=["holder", "peer", "case", "seq"], name="exchange_hold_seq")]


class LogHead(models.Model):
    """Where a State's log ends. Its row is the lock of whoever gives numbers, and the last one that anybody takes."""

    holder = models.OneToOneField(State, on_delete=models.PROTECT, primary_key=True, related_name="+")
    n = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64)

    class Meta:
        db_table = "exchange_log_head"


class LogEntry(models.Model):
    """One line of a State's log: hashes alone, so that it can stay when a person's data has to go.

    Written in the transaction of what it tells of. An outgoing message is numbered (`n`, `head`) before it leaves, all
    else at once; a trigger of the database refuses every other change and every deletion.
    """

    class Kind(models.TextChoices):
        OUT = "out", pgettext_lazy("log", "Message sent")
        IN = "in", pgettext_lazy("log", "Message received")
        RECEIPT = "receipt", pgettext_lazy("log", "Receipt")
        KEY = "key", pgettext_lazy("log", "Key")
        ADMIN = "admin", pgettext_lazy("log", "Act of an operator")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    holder = models.ForeignKey(State, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # The message's id, or the key's.
    ref = models.CharField(max_length=128)
    bytes_sha256 = models.CharField(max_length=64)
    receipt_sha256 = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    n = models.PositiveBigIntegerField(null=True)
    head = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "exchange_log"
        constraints = [models.UniqueConstraint(fields=["holder", "n"], name="exchange_log_n")]
        indexes = [
            models.Index(fields=["holder", "id"], name="exchange_log_unnumbered", condition=Q(n=None)),
            models.Index(fields=["holder", "ref"], name="exchange_log_ref"),
        ]


class Blob(Held):
    """A file that a State holds to send or has received, by its hash. The bytes lie in the data folder.

    `stored` is empty as long as they have not come whole; `peer` named it last, in `case`, and is asked for it.
    """

    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=128)
    size = models.PositiveBigIntegerField()
    named = models.DateTimeField()
    stored = models.DateTimeField(null=True)
    peer = models.CharField(max_length=64, blank=True)
    case = models.CharField(max_length=64, blank=True)
    asked = models.DateTimeField(null=True)

    class Meta:
        db_table = "exchange_blob"
        constraints = [models.UniqueConstraint(fields=["holder", "sha256"], name="exchange_blob_once")]
        indexes = [models.Index(fields=["asked"], name="exchange_blob_missing", condition=Q(stored=None))]


class Refusal(Held):
    """What was refused at a State's door on a day for a reason: counted, for anybody may knock as often as he likes.

    `peer` is empty where no signature proves who it was; `text` and `sha256` (of the bytes) are those of the last.
    """

    peer = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=24)
    day = models.DateField()
    times = models.PositiveBigIntegerField(default=0)
    text = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField(max_length=64)
    last = models.DateTimeField()

    class Meta:
        db_table = "exchange_refusal"
        constraints = [models.UniqueConstraint(fields=["holder", "day", "code", "peer"], name="exchange_refusal_day")]
