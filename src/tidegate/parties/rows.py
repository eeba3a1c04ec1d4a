"""Rows of hot paths, read and written with statements that are put together once.

Building a statement anew through the ORM costs several times what the database takes to run it. The columns and their
conversions are the model's own, so that what is written here is read there, on SQLite and PostgreSQL alike. Signals,
validation and fields that fill themselves in are passed over: none of these models has any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, ForeignKey, Model

M = TypeVar("M", bound=Model)

# Kinds of fields whose values a driver takes as they are, and of what type those are.
_AS_IT_IS: dict[str, type] = {"CharField": str, "BooleanField": bool, "PositiveIntegerField": int}
_AS_IT_IS_ON = {"postgresql": {**_AS_IT_IS, "UUIDField": UUID, "DateTimeField": datetime, "DateField": date}}
# The cursor that each connection to PostgreSQL keeps for the statements of this module.
_KEPT: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def here() -> Any:
    """This thread's connection itself: asking the proxy `django.db.connection` for it with each value takes longer than
    the value."""
    return connections[DEFAULT_DB_ALIAS]


def execute(sql: str, values: Sequence[Any], link: Any) -> Any:
    """Run a statement; gives the cursor, which is read before the next one is run.

    On PostgreSQL the values travel beside the statement, so that the server reads and plans it once for a connection
    and not for each call (how soon, says `prepare_threshold` of the connection). Django's own cursors write them into
    the statement.
    """
    if link.vendor != "postgresql":
        cursor = link.cursor()
    else:
        link.ensure_connection()
        kept = _KEPT.get(link)
        if kept is None or kept.connection is not link.connection:
            kept = _KEPT[link] = _beside(link.connection)
        cursor = link.make_debug_cursor(kept) if link.queries_logged else link.make_cursor(kept)
    cursor.execute(sql, values)
    return cursor


def _beside(connection: Any) -> Any:
    """A cursor that sends values beside the statement; every whole number under one type, for a statement is kept under
    the types of its values, and psycopg would give 7 another than 70000."""
    from psycopg import Cursor
    from psycopg.types.numeric import Int8Dumper

    cursor = Cursor(connection)
    cursor.adapters.register_dumper(int, Int8Dumper)
    return cursor


@cache
def columns(model: type[Model], alias: str = "") -> str:
    """The columns of a model for a SELECT, in the order of its fields."""
    before = f"{alias}." if alias else ""
    return ", ".join(before + _quoted(str(field.column)) for field in model._meta.concrete_fields)


def _quoted(name: str) -> str:
    # SQLite and PostgreSQL quote alike.
    return f'"{name}"'


@cache
def _readers(model: type[Model], vendor: str) -> list[tuple[int, list[Callable[..., Any]], Any]]:
    """What has to be converted of a row: (place, converters, expression)."""
    found, link = [], here()
    for place, field in enumerate(model._meta.concrete_fields):
        column = field.get_col(model._meta.db_table)
        converters = [*link.ops.get_db_converters(column), *column.get_db_converters(link)]
        if converters:
            found.append((place, converters, column))
    return found


def made(model: type[M], said: Sequence[Any], link: Any) -> M:
    """The row whose `columns(model)` a SELECT gave."""
    values = list(said)
    for place, converters, column in _readers(model, link.vendor):
        for convert in converters:
            values[place] = convert(values[place], column, link)
    return model.from_db(link.alias, [field.attname for field in model._meta.concrete_fields], values)


class _Writer(NamedTuple):
    """How a value is written: as it is where its type is `plain`, else as `prepare(value, connection)` gives it."""

    name: str
    attribute: str
    plain: type | None
    prepare: Callable[[Any, Any], Any]

    def write(self, value: Any, link: Any) -> Any:
        return value if value is None or type(value) is self.plain else self.prepare(value, link)


@cache
def _writers(model: type[Model], names: tuple[str, ...], vendor: str) -> list[_Writer]:
    """The named fields of a model; without names, all of them."""
    fields = [model._meta.get_field(name) for name in names] if names else model._meta.concrete_fields
    return [_writer(field, vendor) for field in fields]


def _writer(field: Any, vendor: str) -> _Writer:
    kind: Field[Any, Any] = field
    while isinstance(kind, ForeignKey):
        kind = kind.target_field
    plain = _AS_IT_IS_ON.get(vendor, _AS_IT_IS).get(kind.get_internal_type())
    return _Writer(str(field.column), field.attname, plain, field.get_db_prep_save)


def written(model: type[Model], name: str, value: Any, link: Any) -> Any:
    """A value of a field as the database's driver takes it, for the condition of a SELECT."""
    return _writers(model, (name,), link.vendor)[0].write(value, link)


@cache
def _inserting(model: type[Model], names: tuple[str, ...], rows: int, once: tuple[str, ...], vendor: str) -> str:
    """The statement that writes so many rows at once."""
    named = [_quoted(column.name) for column in _writers(model, names, vendor)]
    row = f"({', '.join(['%s'] * len(named))})"
    unless = f" ON CONFLICT ({', '.join(map(_quoted, once))}) DO NOTHING" if once else ""
    table = _quoted(model._meta.db_table)
    return f"INSERT INTO {table} ({', '.join(named)}) VALUES {', '.join([row] * rows)}{unless}"  # noqa: S608


def insert(row: Model, once: tuple[str, ...] = ()) -> bool:
    """Write a new row. With `once`, the columns of a unique constraint: False, and nothing is written, where they are
    taken; the transaction goes on."""
    link, model = here(), type(row)
    values = [column.write(getattr(row, column.attribute), link) for column in _writers(model, (), link.vendor)]
    done = bool(execute(_inserting(model, (), 1, once, link.vendor), values, link).rowcount)
    if done:
        row._state.adding, row._state.db = False, link.alias
    return done


def insert_all(model: type[Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Write new rows, of which no more is needed than the values of the named fields, in one statement."""
    link = here()
    named = _writers(model, names, link.vendor)
    values = [column.write(value, link) for row in rows for column, value in zip(named, row, strict=True)]
    execute(_inserting(model, names, len(rows), (), link.vendor), values, link)


@cache
def _updating(model: type[Model], names: tuple[str, ...], vendor: str) -> tuple[str, list[_Writer]]:
    changed, key = _writers(model, names, vendor), _writers(model, (model._meta.pk.name,), vendor)
    said = ", ".join(f"{_quoted(column.name)} = %s" for column in changed)
    table = _quoted(model._meta.db_table)
    return f"UPDATE {table} SET {said} WHERE {_quoted(key[0].name)} = %s", [*changed, *key]  # noqa: S608


def update(row: Model, *names: str) -> None:
    """Write the named fields of a row that is there."""
    link = here()
    sql, named = _updating(type(row), names, link.vendor)
    execute(sql, [column.write(getattr(row, column.attribute), link) for column in named], link)
