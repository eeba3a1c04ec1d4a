"""How long a State keeps its copy of a case, what is due to be erased, and erasing it.

1. A case is due when it has ended and nothing has happened in it, or in a take-back case of it, for the period that the
   State has set for its kind. The last thing in its journal is never before the last certificate of recovery or
   disposal, from which the law counts.
2. A legal hold on it, or on a case linked to it, stops it; so does a breach that is open.
3. Erased are contact data and signatories' names, the bytes of files, and the envelopes of messages. The rows, the
   masses, companies' names, every hash and the journal with its chain stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Substr
from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts
from tidegate.movements.models import (
    Amendment,
    Attachment,
    Breach,
    Custody,
    Erasure,
    GreenShipment,
    GreenUpload,
    InspectorReport,
    KeepingKind,
    KeepingPeriod,
    LegalHold,
    Movement,
    Notification,
    TakeBack,
    Version,
)
from tidegate.movements.models.base import CaseRow
from tidegate.parties import files, times
from tidegate.parties.models import JournalEntry, State
from tidegate.parties.registry import registry

# Article 20(1) to (3): five years from the (last) certificate, also for Annex VII and for illegal shipments. Australia
# asks five years, too (facts/law-national.md); the Convention sets none.
YEARS, BASIS = 5, _("Default, after Regulation (EU) 2024/1157, Article 20: at least five years")
OWN_EVENTS = ("keeping.", "legal_hold.", "inspector_access.")
PERSONAL = frozenset({"contact", "telephone", "fax", "email", "address"})
DECLARED = frozenset({"exporter_declaration", "generator_declaration"})
Status = Notification.Status
ENDED = (Status.CLOSED, Status.REVOKED, Status.WITHDRAWN, Status.REFUSED, Status.EXPIRED, Status.OBJECTED)
FINISHED = ("draft", "cancelled", "completed", "returned", "alternatively_disposed", "closed")


@dataclass(frozen=True)
class Due:
    """A case whose period is over. `stopped`: a legal hold stands."""

    kind: str
    row: CaseRow
    since: datetime
    due_on: date
    basis: str
    stopped: bool
    files: int

    @property
    def case(self) -> str:
        """The case's reference."""
        return self.row.case


def period(state: str, kind: str, day: date) -> tuple[int, str]:
    """The years for which a State keeps records of a kind on a day, and the legal basis."""
    rows = KeepingPeriod.objects.filter(holder=state, kind=kind, valid_from__lte=day)
    found = rows.order_by("-valid_from").first()
    return (YEARS, str(BASIS)) if found is None else (found.years, found.basis)


def due(state: str) -> Iterator[Due]:
    """The cases of a State's copy whose period is over and that were not erased yet, held ones too."""
    day = State.objects.get(pk=state).today()
    for name in KeepingKind.values:
        years, basis = period(state, name, day)
        before = datetime.combine(_later(day, -years), datetime.min.time(), UTC) + timedelta(days=1)
        for row in _ended(state, name).filter(updated_at__lt=before).order_by("updated_at").iterator(chunk_size=200):
            found = _judged(row, name, years, basis)
            if found is not None and found.due_on < day:
                yield found


def erase(state: str, one: Due) -> Erasure | None:
    """Erase a case that is due; None where it was held, changed or erased meanwhile.

    In the journal with the hashes of the files. Bytes that another row still needs stay.
    """
    with transaction.atomic():
        row = type(one.row)._default_manager.select_for_update().get(pk=one.row.pk)
        day = State.objects.get(pk=state).today()
        again = _judged(row, one.kind, *period(state, one.kind, day))
        if not _ended(state, one.kind).filter(pk=row.pk).exists() or again is None or again.stopped:
            return None
        if again.due_on >= day:
            return None
        kept = Attachment.objects.filter(holder=state, case=row.case, erased_at=None)
        digests = sorted(set(kept.values_list("sha256", flat=True)))
        count = kept.update(erased_at=times.now(), name=Substr("sha256", 1, 12))
        ERASERS[one.kind](row)
        others = Attachment.objects.filter(holder=state, sha256__in=digests, erased_at=None)
        gone = sorted(set(digests) - set(others.values_list("sha256", flat=True)))
        sent = sum(eraser(state, row.case, gone) for eraser in registry.erasers)
        made = Erasure(
            holder_id=state, case=row.case, kind=one.kind, since=again.since, due_on=again.due_on, basis=again.basis,
            erased_at=times.now(), files=count, messages=sent,
        )  # fmt: skip
        made.save(force_insert=True)
        payload = {
            "kind": one.kind, "since": again.since, "due_on": again.due_on, "basis": again.basis, "files": digests,
            "messages": sent,
        }  # fmt: skip
        facts.note(state, "keeping.erased", made, payload=payload)
        transaction.on_commit(lambda: _drop(digests))
    return made


def without_persons(value: Any, within: str = "") -> Any:
    """Plain data without contact data and the names of those who signed; companies' names stay."""
    if isinstance(value, Mapping):
        gone = PERSONAL | ({"name"} if within in DECLARED else set())
        return {k: "" if k in gone and isinstance(v, str) else without_persons(v, str(k)) for k, v in value.items()}
    return [without_persons(one, within) for one in value] if isinstance(value, list) else value


# ── what has ended ───────────────────────────────────────────────────────────────────────────────────────────


def _ended(state: str, kind: str) -> QuerySet[Any]:
    """The ended cases of a kind that were not erased yet."""
    rows: QuerySet[Any]
    if kind == KeepingKind.GREEN:
        done = (GreenShipment.Status.RECOVERED, GreenShipment.Status.CANCELLED, GreenShipment.Status.REJECTED)
        rows = GreenShipment.objects.filter(status__in=done)
    elif kind == KeepingKind.TAKE_BACK:
        rows = TakeBack.objects.filter(status__in=TakeBack.ENDED)
    else:
        under_way = Movement.objects.filter(notification=OuterRef("pk")).exclude(status__in=FINISHED)
        back = TakeBack.objects.filter(movement__notification=OuterRef("pk")).exclude(status__in=TakeBack.ENDED)
        rows = Notification.objects.filter(~Exists(under_way), ~Exists(back), status__in=ENDED)
    erased = Erasure.objects.filter(holder=state, kind=kind, case=OuterRef("case"))
    return rows.filter(~Exists(erased), holder=state)


def _judged(row: CaseRow, kind: str, years: int, basis: str) -> Due | None:
    state, cases = row.holder_id, _linked(row)
    if Breach.objects.filter(holder=state, case__in=cases, closed_at=None).exists():
        return None
    own = Q()
    for prefix in OWN_EVENTS:
        own |= Q(type__startswith=prefix)
    entries = JournalEntry.objects.filter(holder=state, case__in=cases).exclude(own).order_by("-recorded_at")
    since = entries.values_list("recorded_at", flat=True).first() or row.updated_at
    return Due(
        kind, row, since, _later(since.date(), years), basis,
        LegalHold.objects.filter(holder=state, case__in=cases, lifted_at=None).exists(),
        Attachment.objects.filter(holder=state, case=row.case, erased_at=None).count(),
    )  # fmt: skip


def _linked(row: CaseRow) -> list[str]:
    """The case itself, and those that belong together with it: a notification and the take-back cases of its loads."""
    if isinstance(row, Notification):
        more = TakeBack.objects.filter(movement__notification=row).values_list("case", flat=True)
        return [row.case, *more]
    if isinstance(row, TakeBack) and row.movement is not None:
        return [row.case, row.movement.case]
    return [row.case]


def _later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


# ── what is erased ───────────────────────────────────────────────────────────────────────────────────────────


def _notification(row: Notification) -> None:
    Notification.objects.filter(pk=row.pk).update(blocks=without_persons(row.blocks))
    for version in Version.objects.filter(notification=row):
        Version.objects.filter(pk=version.pk).update(content=without_persons(version.content))
    for made in Amendment.objects.filter(notification=row):
        Amendment.objects.filter(pk=made.pk).update(changes=without_persons(made.changes))
    for movement in Movement.objects.filter(notification=row):
        said = without_persons(movement.particulars)
        Movement.objects.filter(pk=movement.pk).update(particulars=said, received_by="", certified_by="")
    Custody.objects.filter(movement__notification=row).update(person="")
    InspectorReport.objects.filter(holder=row.holder_id, case=row.case).update(office="", text="")


def _green(row: GreenShipment) -> None:
    GreenShipment.objects.filter(pk=row.pk).update(content=without_persons(row.content))


def _take_back(row: TakeBack) -> None:
    TakeBack.objects.filter(pk=row.pk).update(load=without_persons(row.load), plan=without_persons(row.plan))


ERASERS: Mapping[str, Any] = {"notification": _notification, "green": _green, "take_back": _take_back}


def _drop(digests: list[str]) -> None:
    """Delete the bytes that no row on this node needs any more."""
    needed = set(Attachment.objects.filter(sha256__in=digests, erased_at=None).values_list("sha256", flat=True))
    needed |= set(GreenUpload.objects.filter(sha256__in=digests).values_list("sha256", flat=True))
    for digest in set(digests) - needed:
        files.path_of(digest).unlink(missing_ok=True)
