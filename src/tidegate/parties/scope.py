"""The ONE rule of who sees which row.

1. Nobody in no organisation sees anything.
2. A row is seen only by those who act for the State that holds it.
3. The State's own authorities see every row that it holds; a company sees a row only when it is involved in it.
4. Whether the kind of row may be seen at all is a right; `visible` takes the right that the page or route names.
"""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from tidegate.parties.actors import Actor

M = TypeVar("M", bound=Model)

# The fields that say whose a row is, where it has no list of those involved.
OWNERS = ("organisation", "principal", "agent")


def visible(rows: QuerySet[M], actor: Actor | None, right: str, *, through: str = "") -> QuerySet[M]:
    """Those of the rows that the actor sees under a right.

    `through` is the path from the row to the held row that decides (`"movement__"` for a row of a movement), where the
    row is not `Held` itself. Rows of organisations decide by themselves: a company sees its own.
    """
    # `request.actor` may be a lazy object that holds None: it is false, but it is not None.
    if not actor or not actor.may(right):
        return rows.none()
    return held(rows, actor, through=through)


def held(rows: QuerySet[M], actor: Actor, *, through: str = "") -> QuerySet[M]:
    """Rules 1 to 3 alone, for a command whose right is checked already and for the locks that it takes."""
    if actor.organisation is None:
        return rows.none()
    through = through or getattr(rows.model, "seen_through", "")
    model: type[Model] = rows.model
    for part in filter(None, through.split("__")):
        model = model._meta.get_field(part).related_model  # type: ignore[assignment]
    names = {field.name for field in model._meta.get_fields()}
    # A row that is held is judged by its own holder, also where another row says who is involved.
    own = "holder" if "holder" in {field.name for field in rows.model._meta.get_fields()} else f"{through}holder"
    rows = rows.filter(**{own: actor.state})
    if actor.official:
        return rows
    if "involved" in names:
        return rows.filter(**{f"{through}involved": actor.organisation})
    if model is type(actor.organisation):
        return rows.filter(**{f"{through}pk": actor.organisation.pk})
    mine = Q()
    for name in OWNERS:
        if name in names:
            mine |= Q(**{f"{through}{name}": actor.organisation})
    return rows.filter(mine) if mine else rows.none()
