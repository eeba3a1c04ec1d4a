"""What the tests of the exchange stand on: three States that trade notes, and a database of a test's own."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from tests.exchange import toy
from tidegate.parties.models import State


@pytest.fixture(autouse=True)
def trading(tmp_path: Path, settings: Any) -> Iterator[None]:
    """The toy's messages are known; keys and files lie in a folder of the test's own."""
    settings.TIDEGATE_DATA_DIR = tmp_path
    with toy.trade():
        yield


@pytest.fixture
def three(db: None) -> dict[str, State]:
    """Viet Nam, Thailand and Malaysia on this node; undone after the test, and nothing is delivered by itself."""
    return toy.states()


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[None]:
    """A copy of the empty test database, which commits really and may be thrown away whole.

    A test that commits is else cleaned up by emptying the tables, which logs that only grow refuse.
    """
    with django_db_blocker.unblock():
        named = connection.settings_dict["NAME"]
        kept = None
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            copy = str(tmp_path / "own.sqlite3")
            target = sqlite3.connect(copy)
            connection.connection.backup(target)
            target.close()
            # The database in memory lives as long as this connection to it.
            kept, connection.connection = connection.connection, None
        else:
            copy = f"own_{secrets.token_hex(6)}"
            connection.close()
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{named}"')
        connection.settings_dict["NAME"] = copy
        try:
            yield
        finally:
            connections.close_all()
            connection.settings_dict["NAME"] = named
            if kept is not None:
                connection.connection = kept
            else:
                with connection._nodb_cursor() as cursor:
                    cursor.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')


@pytest.fixture
def three_committed(own_database: None) -> dict[str, State]:
    """The three States in a database of the test's own, in which commits are commits."""
    return toy.states()
