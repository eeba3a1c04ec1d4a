"""What the tables share: rows of a case, kilograms, clocks, holidays, breaches, attachments."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements import searchwords
from tidegate.movements.models.mass import Kilograms
from tidegate.parties.models import Held, Involving, Organisation, Person, State


def kilograms(name: Any, **more: Any) -> Kilograms:
    """A mass in kilograms, exact to the gram (see `mass`)."""
    return Kilograms(name, **more)


class CaseRow(Involving):
    """A row of a case. `case` is the global reference; `revision` counts the row's journal entries.

    `origin`, on a copy, is the revision that the fact's one writer had when it was told: a later one wins.
    """

    case = models.CharField(_("case"), max_length=64)
    revision = models.PositiveIntegerField(default=0)
    origin = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Found(models.Model):
    """A row that is found by words. Saved, it keeps them in the same transaction, where they changed."""

    # The model that holds the words, and the columns that they come from.
    WORDS: ClassVar[str]
    SEARCHED: ClassVar[frozenset[str]]
    # A digest of the words that stand there.
    words = models.CharField(max_length=32, blank=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it, and where its words changed, those by which it is found, in one transaction."""
        some = kwargs.get("update_fields")
        if self.SEARCHED & self.get_deferred_fields() or (some is not None and self.SEARCHED.isdisjoint(some)):
            super().save(*args, **kwargs)
            return
        words = self._changed(always=self._state.adding or bool(kwargs.get("force_insert")))
        if words is None:
            super().save(*args, **kwargs)
            return
        if some is not None:
            kwargs["update_fields"] = {*some, "words"}
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            self._word().keep(self, words)

    def searched(self) -> Iterable[Any]:
        """The texts whose words find it."""
        raise NotImplementedError

    def find_anew(self) -> None:
        """Keep its words, where they come from another row that was changed."""
        words = self._changed()
        if words is not None:
            type(self)._default_manager.filter(pk=self.pk).update(words=self.words)
            self._word().keep(self, words)

    def _changed(self, *, always: bool = False) -> set[bytes] | None:
        words = searchwords.of(self.searched())
        digest = hashlib.sha256(b" ".join(sorted(words))).hexdigest()[:32]
        if digest == self.words and not always:
            return None
        self.words = digest
        return words

    def _word(self) -> type[Word]:
        found: type[Word] = apps.get_model("movements", self.WORDS)
        return found


class Word(models.Model):
    """A word that one State's copy of a row is found by (`searchwords`). `OF` is the column of that row."""

    OF: ClassVar[str]
    holder = models.ForeignKey(State, on_delete=models.PROTECT, related_name="+", db_index=False)
    word = models.BinaryField(max_length=4 * searchwords.LONGEST)

    class Meta:
        abstract = True

    @classmethod
    def keep(cls, row: Any, words: set[bytes]) -> None:
        """Let the words of a row be these."""
        rows = cls.of(row)
        # SQLite gives bytes, PostgreSQL a view of some.
        known = {bytes(word) for word in rows.values_list("word", flat=True)}
        if gone := known - words:
            rows.filter(word__in=gone).delete()
        cls._default_manager.bulk_create(
            cls(holder_id=row.holder_id, word=word, **{cls.OF: row}) for word in sorted(words - known)
        )

    @classmethod
    def of(cls, row: Any) -> models.QuerySet[Self]:
        """Those of a row."""
        return cls._default_manager.filter(**{cls.OF: row})


class Clock(Held):
    """A time limit that runs: worked out from events by `clocks.due`, kept here so that a desk can sort by it.

    `rule` is the id of the rule in clocks.yaml, `authority` the State that must act, `subject` and `subject_id` the row
    that it is about. `pauses` are pairs of moments (the second null while it stands). `effect` says what lapse means.
    """

    class Effect(models.TextChoices):
        NONE = "none", pgettext_lazy("clock", "Nothing: silence is no consent")
        DEEMED_CONSENT = "deemed_consent", pgettext_lazy("clock", "Silence counts as consent")
        ESCALATE = "escalate", pgettext_lazy("clock", "It is reported as overdue")
        LAPSE = "lapse", pgettext_lazy("clock", "It lapses")

    case = models.CharField(max_length=64)
    rule = models.CharField(max_length=64)
    authority = models.CharField(max_length=2)
    subject = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    started_at = models.DateTimeField()
    pauses = models.JSONField(default=list)
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, blank=True)
    effect = models.CharField(max_length=16, choices=Effect.choices, default=Effect.NONE)

    class Meta:
        db_table = "clock"
        indexes = [
            models.Index(fields=["holder", "due_at"], name="clock_open", condition=models.Q(ended_at=None)),
            models.Index(fields=["holder", "authority", "due_at"], name="clock_own", condition=models.Q(ended_at=None)),
            models.Index(fields=["holder", "case"], name="clock_case", condition=models.Q(ended_at=None)),
            models.Index(fields=["subject_id"], name="clock_subject"),
        ]
        constraints = [models.UniqueConstraint(fields=["rule", "subject_id", "authority"], name="clock_once")]


class Holiday(Held):
    """A day on which an authority does not work. Copied once from the `holidays` library, then kept by people.

    `estimated`: the day follows the moon and is not announced yet. `removed`: it was copied, but is a working day.
    """

    day = models.DateField()
    name = models.CharField(max_length=200)
    estimated = models.BooleanField(default=False)
    removed = models.BooleanField(default=False)
    source = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "holiday"
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["holder", "day", "name"], name="holiday_once")]


class Tolerance(Held):
    """How far, from a day on, a received mass may be from the loaded one under a regime (empty: every one that has none
    of its own). It ends where a later one of the regime begins. `removed`: it was set wrongly."""

    regime = models.CharField(max_length=16, blank=True)
    percent = models.DecimalField(max_digits=6, decimal_places=3)
    since = models.DateField()
    source = models.CharField(max_length=200)
    removed = models.BooleanField(default=False)

    class Meta:
        db_table = "tolerance"
        constraints = [
            models.UniqueConstraint(
                fields=["holder", "regime", "since"], condition=models.Q(removed=False), name="tolerance_once"
            ),
            models.CheckConstraint(name="tolerance_percent", condition=models.Q(percent__gte=0, percent__lte=100)),
        ]


class Breach(Held):
    """Something that happened and should not have: stored, attributed, and open until a person closes it."""

    case = models.CharField(max_length=64)
    kind = models.CharField(max_length=48)
    subject = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    detail = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_reason = models.TextField(blank=True)
    closed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "breach"
        indexes = [
            models.Index(fields=["holder", "case"], name="breach_case", condition=models.Q(closed_at=None)),
            models.Index(fields=["subject_id"], name="breach_subject"),
        ]


class Attachment(Involving):
    """A file of a case, stored under its SHA-256 and checked when it came in."""

    case = models.CharField(max_length=64)
    subject = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    kind = models.CharField(_("kind"), max_length=48)
    name = models.CharField(_("name"), max_length=200)
    media_type = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    # The State that it came from; empty where it was added in the holder's own copy.
    told_by = models.CharField(max_length=2, blank=True)
    # Its period of keeping was over (`keeping`): its bytes and its name are gone, its hash stays.
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "attachment"
        indexes = [models.Index(fields=["holder", "case"], name="attachment_case")]


class EarlyFact(Held):
    """A fact that came before what it is about: an authority's decision before the notification itself.

    Messages of two senders overtake one another. It is kept as it came and applied when its case is here.
    """

    case = models.CharField(max_length=64)
    sender = models.CharField(max_length=2)
    message = models.CharField(max_length=64)
    type = models.CharField(max_length=64)
    body = models.JSONField()
    created_at = models.DateTimeField()
    kept_at = models.DateTimeField()

    class Meta:
        db_table = "early_fact"
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["holder", "message"], name="early_fact_once")]
