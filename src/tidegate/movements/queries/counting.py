"""Questions to the database that would be long: many counts in one, and hundreds of values as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateTimeField, Expression, F, QuerySet
from django.db.models.lookups import In


class Moment(Expression):
    """A moment in a question that is kept: it stands among the parameters by its name until the question is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=DateTimeField())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", (self,)


class Among(In):
    """`IN` for hundreds of values: PostgreSQL takes them as one array, which is written and read far sooner."""

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} = ANY(%s)", (*params, list(self.rhs))


def among(column: str, values: Iterable[Any]) -> Among:
    """The condition that a column of the row itself is one of some values."""
    return Among(F(column), list(values))


@dataclass(frozen=True)
class Count:
    """How many rows each of some parts has, never more than `most`: one question, written once and asked often."""

    sql: str
    params: tuple[Any, ...]
    places: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, parts: Iterable[QuerySet[Any]], most: int) -> Count:
        asked: list[str] = []
        params: list[Any] = []
        places: list[int] = []
        size = 0
        for place, rows in enumerate(parts):
            size = place + 1
            try:
                sql, values = rows.order_by().values("pk")[:most].query.sql_with_params()
            except EmptyResultSet:
                continue
            asked.append(f"(SELECT count(*) FROM ({sql}) part{place})")  # noqa: S608
            params += values
            places.append(place)
        return cls(f"SELECT {', '.join(asked)}" if asked else "", tuple(params), tuple(places), size)

    def ask(self, **moments: datetime) -> list[int]:
        """The counts in the order of the parts; `moments` are the values of their Moments, by name."""
        found = [0] * self.size
        if self.sql:
            written = {name: connection.ops.adapt_datetimefield_value(value) for name, value in moments.items()}
            params = [written[one.name] if isinstance(one, Moment) else one for one in self.params]
            with connection.cursor() as cursor:
                cursor.execute(self.sql, params)
                for place, count in zip(self.places, cursor.fetchone(), strict=True):
                    found[place] = count
        return found
