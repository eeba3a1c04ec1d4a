"""Files of a case: what they may be, where they are kept, how they go to the other States."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts
from tidegate.movements.models import Attachment, JointInspection, Movement, Notification
from tidegate.movements.models.base import CaseRow
from tidegate.parties import files, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.registry import Enclosed, Post

LARGEST = 20 * 1024 * 1024
AT_MOST = _("20 MB at most")
# So many files may a State add to one row.
MOST = 30
# The rows that the files of a notification are about.
OF_NOTIFICATIONS = ("notification", "inforequest")
# What a file of a notification may be; the scan is that of a notification that came on paper.
SCAN = "scan"
NOTIFIED: Mapping[str, Any] = {
    "contract": _("Contract"),
    "guarantee": _("Guarantee or insurance"),
    "analysis": _("Analysis of the waste"),
    "permit": _("Permit or licence"),
    "route": _("Route or transport plan"),
    SCAN: _("Scan of the notification on paper"),
    "other": _("Other"),
}
# What a file of a movement or of an inspection may be.
ON_THE_WAY: Mapping[str, Any] = {
    "photo": _("Photo"),
    "weighbridge": _("Weighbridge ticket"),
    "packing_list": _("Packing list"),
    "transport": _("Transport document"),
    "report": _("Report"),
    "analysis": _("Analysis of the waste"),
    "other": _("Other"),
}
# Kind of file → how its bytes begin.
KINDS: Mapping[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "text/plain": (),
}
# What people call them.
CALLED: Mapping[str, Any] = {
    "application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG", "text/plain": _("plain text in UTF-8"),
}  # fmt: skip
NAMED: Mapping[str, Any] = {
    "name": {"type": "string", "maxLength": 200},
    "media_type": {"enum": list(KINDS)},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "size": {"type": "integer", "minimum": 1, "maximum": LARGEST},
}
FILE: Mapping[str, Any] = {"type": "object", "required": list(NAMED), "properties": NAMED}


def unpacked(data: bytes | str) -> bytes:
    """The bytes of a file; a text is they in base64, as JSON carries them. Raises Refused("file")."""
    if isinstance(data, bytes):
        return data
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        raise Refused("file", _("The file cannot be read."), field="data", value=data[:40],
                      expected=_("the bytes of the file in base64")) from None  # fmt: skip


def add(
    actor: Actor,
    row: CaseRow | JointInspection,
    kinds: Iterable[str],
    already: QuerySet[Attachment],
    *,
    kind: str,
    **file: Any,
) -> Attachment:
    """`keep` a file whose kind is one of these, where not too many are there `already`.

    Raises Refused: kind; file.
    """
    known = list(kinds)
    if kind not in known:
        raise Refused("kind", _("There is no such kind of file."), field="kind", value=kind[:40],
                      expected=", ".join(known))  # fmt: skip
    before = set(already.values_list("pk", flat=True))
    made = keep(actor, row, kind=kind, **file)
    if made.pk not in before and len(before) >= MOST:
        raise Refused("file", _("There are too many files already."), field="file", value=MOST + 1,
                      expected=f"≤ {MOST}")  # fmt: skip
    return made


def keep(
    actor: Actor,
    row: CaseRow | JointInspection,
    *,
    name: str,
    media_type: str,
    data: bytes | str,
    kind: str = "evidence",
) -> Attachment:
    """Store a file of a row; `data` is its bytes, or they in base64.

    Raises Refused("file"): too large, of no kind that is taken, or not what it says; no base64.
    """
    data = unpacked(data)
    if media_type not in KINDS:
        raise _refused(_("This kind of file is not taken."), media_type, ", ".join(map(str, CALLED.values())))
    if not 0 < len(data) <= LARGEST:
        raise _refused(_("The file is empty or too large."), filesizeformat(len(data)), AT_MOST)
    begins = KINDS[media_type]
    if begins and not data.startswith(begins):
        raise _refused(_("The file is not what it says it is."), name, CALLED[media_type])
    if not begins:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            raise _refused(_("The file is not what it says it is."), name, CALLED[media_type]) from None
    return Attachment.objects.get_or_create(
        holder_id=row.holder_id, subject_id=row.pk, kind=kind, sha256=files.keep(data),
        defaults={
            "case": row.consignment.case if isinstance(row, JointInspection) else row.case,
            "subject": row._meta.model_name or "", "name": str(name).strip()[:200] or "file",
            "media_type": media_type, "size": len(data), "added_at": times.now(), "added_by": actor.organisation,
        },
    )[0]  # fmt: skip


def of(row: CaseRow, kind: str = "evidence") -> list[Attachment]:
    """The files of a row."""
    return list(Attachment.objects.filter(subject_id=row.pk, kind=kind).order_by("added_at", "pk"))


def here(file: Attachment) -> bool:
    """Whether its bytes are here, so many as they have to be, and begin as its kind does; they are not all read."""
    starts = KINDS.get(file.media_type, ())
    return files.size_of(file.sha256) == file.size and (not starts or files.begins(file.sha256, 16).startswith(starts))


def path(file: Attachment) -> Path | None:
    """Where its bytes lie, all of them checked against size, SHA-256 and kind; None where they are not here."""
    return files.path_of(file.sha256) if here(file) and files.sound(file.sha256, file.size) else None


# ── between States ───────────────────────────────────────────────────────────────────────────────────────────


def told(made: Attachment) -> dict[str, Any]:
    """A file as a message names it; its bytes go along as `enclosed`."""
    return {"name": made.name, "media_type": made.media_type, "sha256": made.sha256, "size": made.size}


def enclosed(made: Attachment) -> Enclosed:
    """A file as it goes with a message."""
    return Enclosed(made.sha256, made.name, made.media_type, made.size)


def posts(row: Notification, files: Iterable[Attachment], to: Iterable[str] | None = None) -> list[Post]:
    """Files of a notification to the other States concerned (or to some of them)."""
    found = list(files)
    if not found:
        return []
    asked = dict(row.info_requests.values_list("pk", "reference"))
    body = {
        "files": [
            {**told(one), "kind": one.kind, **({"request": asked[one.subject_id]} if one.subject_id in asked else {})}
            for one in found
        ]
    }
    return facts.posts(row, "attachment.told", body, to=to, attachments=[enclosed(one) for one in found])


def own(row: Notification) -> QuerySet[Attachment]:
    """The files of a notification that this State told the others of, or will: not those that came from them."""
    mine = Attachment.objects.filter(holder=row.holder_id, case=row.case, told_by="", kind__in=NOTIFIED)
    return mine.filter(subject__in=OF_NOTIFICATIONS).order_by("added_at", "pk")


def added(row: CaseRow | JointInspection, kinds: Iterable[str]) -> QuerySet[Attachment]:
    """The files of these kinds that were added to a row in this State."""
    mine = Attachment.objects.filter(holder=row.holder_id, subject_id=row.pk, told_by="", kind__in=list(kinds))
    return mine.order_by("added_at", "pk")


def tell(actor: Actor, row: Movement, found: Sequence[Attachment]) -> None:
    """Journal that files were put on a movement, and send them to the other States, where these know of it."""
    named = [{**told(one), "kind": one.kind} for one in found]
    known = row.departed_at is not None or (row.announced_at is not None and row.status != Movement.Status.ANNOUNCING)
    body = {"serial": row.serial, "files": named}
    with_them = [enclosed(one) for one in found]
    messages = facts.posts(row.notification, "movement.attached", body, attachments=with_them) if known else []
    facts.note(actor, "movement.attached", row, payload={"files": named}, posts=messages)


def tell_first(actor: Actor, row: Movement) -> None:
    """Send the files of a draft when the other States get to know of the movement."""
    if found := list(added(row, ON_THE_WAY)):
        tell(actor, row, found)


def came(row: CaseRow, said: Mapping[str, Any], sender: str) -> bool:
    """A file that another State told of; False where it is known here. Its bytes are checked when somebody opens it."""
    _, new = Attachment.objects.get_or_create(
        holder_id=row.holder_id, subject_id=row.pk, sha256=said["sha256"], kind=said.get("kind", "evidence"),
        defaults={
            "case": row.case, "subject": row._meta.model_name or "", "name": said["name"], "size": said["size"],
            "media_type": said["media_type"], "added_at": times.now(), "told_by": sender,
        },
    )  # fmt: skip
    return new


def _refused(text: Any, value: Any, expected: Any) -> Refused:
    return Refused("file", text, field="file", value=str(value)[:60], expected=expected)
