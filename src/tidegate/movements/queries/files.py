"""The files of a row that the reader sees already: movement, inspection, application, analysis, take-back case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tidegate.movements import applications, evidence, guard, naming
from tidegate.movements.models import Attachment, JointInspection, Permit
from tidegate.movements.models.base import CaseRow
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing


@dataclass(frozen=True)
class Kept:
    """A file, what it is, and whether its bytes are here."""

    file: Attachment
    kind: str
    here: bool


@dataclass(frozen=True)
class Paper:
    """A paper that is asked for with an application: its name, the rule that asks, the files that are it."""

    name: str
    rule: str
    files: list[Kept]


def _of(actor: Actor, row: CaseRow | JointInspection) -> QuerySet[Attachment]:
    """Letters, and what another State sent, are for officials."""
    rows = Attachment.objects.filter(holder=row.holder_id, subject_id=row.pk)
    if not actor.official:
        rows = rows.filter(told_by="").exclude(kind__startswith="letter:")
    return rows.order_by("added_at", "pk")


def kept(actor: Actor, row: CaseRow | JointInspection, kinds: Mapping[str, Any] = evidence.ON_THE_WAY) -> list[Kept]:
    """The files of a row for its page, oldest first."""
    return [Kept(one, _called(one, kinds), evidence.here(one)) for one in _of(actor, row)]


def one(actor: Actor, row: CaseRow | JointInspection, key: UUID) -> Attachment:
    """A file of a row. Raises Missing."""
    found = _of(actor, row).filter(pk=key).first()
    if found is None:
        raise Missing("attachment")
    return found


def of_application(actor: Actor, row: Permit) -> tuple[list[Paper], list[Kept]]:
    """The papers that are asked for with an application, each with its files or none; and the other files."""
    files, book = kept(actor, row, names_of_papers(row)), guard.book()
    papers = [
        Paper(naming.paper(paper, book), rule, [one for one in files if one.file.kind == paper])
        for paper, rule in (applications.papers_asked(row) if row.status in applications.APPLYING else {}).items()
    ]
    shown = {one.file.pk for paper in papers for one in paper.files}
    return papers, [one for one in files if one.file.pk not in shown]


def names_of_papers(row: Permit) -> dict[str, str]:
    """What a file of an application may be, with its name for people."""
    book = guard.book()
    return {
        kind: str(evidence.ON_THE_WAY[kind]) if kind == applications.OTHER else naming.paper(kind, book)
        for kind in applications.kinds_of_files(row)
    }


def _called(file: Attachment, kinds: Mapping[str, Any]) -> str:
    if file.kind.startswith("letter:"):
        return _("Letter")
    if file.kind in kinds:
        return str(kinds[file.kind])
    return naming.paper(file.kind, guard.book())
