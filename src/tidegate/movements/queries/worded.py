"""Rows found by the beginnings of their words, from the tables that hold these (`models.base.Word`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.lookups import IsNull

from tidegate.movements import searchwords
from tidegate.movements.models.base import Found, Word
from tidegate.movements.queries.counting import among
from tidegate.parties.actors import Actor
from tidegate.parties.scope import visible

F = TypeVar("F", bound=Found)
# A word that no more rows begin with is rare.
FEW = 1000


def named(rows: QuerySet[F], kept: type[Word], actor: Actor | None, right: str, text: str) -> QuerySet[F]:
    """Those of the rows (which the actor sees under the right) with every word of a text; all where it is empty."""
    if not text.strip():
        return rows
    words = searchwords.asked(text)
    return with_words(rows, kept, actor, right, words) if words else rows.none()


def with_words(
    rows: QuerySet[F], kept: type[Word], actor: Actor | None, right: str, words: Sequence[bytes]
) -> QuerySet[F]:
    """Those with every word. Where one is rare, its rows are looked up; where none is, whoever wants the latest walks
    along them, and meets enough soon."""
    rarest: list[UUID] | None = None
    for word in words:
        begun = visible(kept._default_manager.filter(**searchwords.begins(word)), actor, right, through=f"{kept.OF}__")
        keys = list(begun.values_list(kept.OF, flat=True)[: FEW + 1])
        if len(keys) <= FEW and (rarest is None or len(keys) < len(rarest)):
            rarest = keys
    for word in words:
        # By its value, not by whether there is one: for that, PostgreSQL would first gather all that have the word.
        own = kept._default_manager.filter(**{kept.OF: OuterRef("pk")}, **searchwords.begins(word))
        rows = rows.filter(IsNull(Subquery(own.values("word")[:1]), False))
    return rows if rarest is None else rows.filter(among("pk", rarest))
