"""Whether the database keeps what it has committed through a power cut: without that a receipt would be a lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

FULL, EXTRA = 2, 3
_ASKED = "tidegate_asked_durable"


def complaint(connection: BaseDatabaseWrapper) -> str:
    """What is wrong with the database's settings, or an empty text."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            level = cursor.fetchone()[0]
            return "" if level in (FULL, EXTRA) else f"SQLite runs with synchronous={level}; expected FULL (2)"
        if connection.vendor == "postgresql":
            for name in ("synchronous_commit", "fsync"):
                cursor.execute(f"SHOW {name}")
                value = cursor.fetchone()[0]
                if value == "off":
                    return f"PostgreSQL runs with {name}={value}; expected on"
            return ""
    return f"{connection.vendor} is not a database that messages may be kept in"


def assert_durable(connection: BaseDatabaseWrapper) -> None:
    """Raise ImproperlyConfigured where a committed message could be lost. Asks once for each connection."""
    if connection.connection is not None and getattr(connection, _ASKED, None) is connection.connection:
        return
    if text := complaint(connection):
        raise ImproperlyConfigured(f"messages are not safe in this database: {text}")
    setattr(connection, _ASKED, connection.connection)


@register(Tags.database)
def check_durable(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Django's system check of the same (`tidegate`'s own start asks `assert_durable`, too)."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        if text := complaint(connections[alias]):
            found.append(Error(text, hint="A receipt promises that a message is on the disk.", id="exchange.E001"))
    return found
