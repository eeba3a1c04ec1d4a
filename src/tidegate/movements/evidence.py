"""Files of a case: what they may be, where they are kept, how they go to the other States."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements.models import Attachment
from tidegate.movements.models.base import CaseRow
from tidegate.parties import files, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused

LARGEST = 20 * 1024 * 1024
# Kind of file → how its bytes begin.
KINDS: Mapping[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "text/plain": (),
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["name", "media_type", "sha256", "size"],
    "properties": {
        "name": {"type": "string", "maxLength": 200},
        "media_type": {"enum": list(KINDS)},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "size": {"type": "integer", "minimum": 1, "maximum": LARGEST},
    },
}


def keep(actor: Actor, row: CaseRow, *, name: str, media_type: str, data: bytes, kind: str = "evidence") -> Attachment:
    """Store a file of a case. Raises Refused("file"): too large, of no kind that is taken, or not what it says."""
    if media_type not in KINDS:
        raise _refused(_("This kind of file is not taken."), media_type, ", ".join(KINDS))
    if not 0 < len(data) <= LARGEST:
        raise _refused(_("The file is empty or too large."), len(data), f"1–{LARGEST}")
    begins = KINDS[media_type]
    if begins and not data.startswith(begins):
        raise _refused(_("The file is not what it says it is."), name, media_type)
    if not begins:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            raise _refused(_("The file is not what it says it is."), name, "UTF-8") from None
    return Attachment.objects.create(
        holder_id=row.holder_id, case=row.case, subject=row._meta.model_name or "", subject_id=row.pk, kind=kind,
        name=str(name).strip()[:200] or "file", media_type=media_type, size=len(data), sha256=files.keep(data),
        added_at=times.now(), added_by=actor.organisation,
    )  # fmt: skip


def of(row: CaseRow, kind: str = "evidence") -> list[Attachment]:
    """The files of a row."""
    return list(Attachment.objects.filter(subject_id=row.pk, kind=kind).order_by("added_at", "pk"))


def told(made: Attachment) -> dict[str, Any]:
    """A file as a message names it."""
    return {"name": made.name, "media_type": made.media_type, "sha256": made.sha256, "size": made.size}


def came(row: CaseRow, said: Mapping[str, Any]) -> None:
    """A file that came with a message; its bytes were checked by the exchange. The same file is kept once."""
    Attachment.objects.get_or_create(
        holder_id=row.holder_id, subject_id=row.pk, sha256=said["sha256"], kind="evidence",
        defaults={
            "case": row.case, "subject": row._meta.model_name or "", "name": said["name"], "size": said["size"],
            "media_type": said["media_type"], "added_at": times.now(),
        },
    )  # fmt: skip


def _refused(text: Any, value: Any, expected: Any) -> Refused:
    return Refused("file", text, field="file", value=str(value)[:60], expected=expected)
