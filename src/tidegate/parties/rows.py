"""Rows of hot paths, read and written with statements that are put together once.

Building a statement anew through the ORM costs several times what the database takes to run it. The columns and their
conversions are the model's own, so that what is written here is read there, on SQLite and PostgreSQL alike. Signals and
validation of the ORM are passed over: none of these models has any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


@cache
def columns(model: type[Model], alias: str = "", vendor: str = "") -> str:
    """The columns of a model for a SELECT, in the order of its fields."""
    before = f"{alias}." if alias else ""
    return ", ".join(before + _quoted(field) for field in model._meta.concrete_fields)


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(field.column)


@cache
def _readers(model: type[Model], vendor: str) -> list[tuple[int, list[Callable[..., Any]], Any]]:
    """What has to be converted of a row: (place, converters, expression)."""
    found = []
    for place, field in enumerate(model._meta.concrete_fields):
        column = field.get_col(model._meta.db_table)
        converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
        if converters:
            found.append((place, converters, column))
    return found


def read(model: type[M], sql: str, values: Sequence[Any], more: Sequence[str] = ()) -> M | None:
    """The first row of a SELECT of `columns(model)`, then of the columns `more`, which become attributes of the row."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found = cursor.fetchone()
    if found is None:
        return None
    fields = model._meta.concrete_fields
    said = list(found)
    for place, converters, column in _readers(model, connection.vendor):
        for convert in converters:
            said[place] = convert(said[place], column, connection)
    row = model.from_db(connection.alias, [field.attname for field in fields], said[: len(fields)])
    for name, value in zip(more, said[len(fields) :], strict=True):
        setattr(row, name, value)
    return row


@cache
def _inserting(model: type[Model], once: tuple[str, ...], vendor: str) -> tuple[str, list[Any]]:
    fields = list(model._meta.concrete_fields)
    name = connection.ops.quote_name
    unless = f" ON CONFLICT ({', '.join(map(name, once))}) DO NOTHING" if once else ""
    sql = (
        f"INSERT INTO {name(model._meta.db_table)} ({', '.join(map(_quoted, fields))}) "  # noqa: S608
        f"VALUES ({', '.join(['%s'] * len(fields))}){unless}"
    )
    return sql, fields


def insert(row: Model, once: tuple[str, ...] = ()) -> bool:
    """Write a new row. With `once`, the columns of a unique constraint: False, and nothing is written, where they are
    taken; the transaction goes on."""
    sql, fields = _inserting(type(row), once, connection.vendor)
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        written = bool(cursor.rowcount)
    if written:
        row._state.adding, row._state.db = False, connection.alias
    return written


@cache
def _updating(model: type[Model], names: tuple[str, ...], vendor: str) -> tuple[str, list[Any]]:
    fields = [*(model._meta.get_field(name) for name in names), model._meta.pk]
    quoted = [_quoted(field) for field in fields]
    said = ", ".join(f"{column} = %s" for column in quoted[:-1])
    return f"UPDATE {connection.ops.quote_name(model._meta.db_table)} SET {said} WHERE {quoted[-1]} = %s", fields  # noqa: S608


def update(row: Model, *names: str) -> None:
    """Write the named fields of a row that is there."""
    sql, fields = _updating(type(row), names, connection.vendor)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
