"""Where one installation keeps its state: database, uploads and secret key.

Everything lives in one folder, ``TIDEGATE_DATA_DIR``, so that a backup is a copy of that folder and
nothing secret is ever written into the source tree.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SQLITE_OPTIONS: dict[str, Any] = {
    # A transaction takes the write lock at its start: a reader that turns writer in the middle
    # would otherwise fail at once with "database is locked", whatever the timeout.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: a committed event is on the disk before anyone is told of it.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that holds this installation's state; made, for the owner alone, when it is not there."""
    named = environ.get("TIDEGATE_DATA_DIR")
    if named:
        folder = Path(named).expanduser()
    else:
        share = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
        folder = Path(share) / "tidegate"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"TIDEGATE_DATA_DIR: cannot make the folder {folder} ({error.strerror}); name one that can be written"
        ) from None
    return folder.resolve()


def law_dir(folder: Path) -> Path:
    """The overlay that holds what was approved through the pages; made empty, which changes nothing."""
    made = folder / "law"
    made.mkdir(mode=0o700, exist_ok=True)
    return made


def secret_key(folder: Path, environ: Mapping[str, str] = os.environ) -> str:
    """``TIDEGATE_SECRET_KEY``, else the key kept in `folder`, made there at the first start.

    Two processes that start at once may both find no key. Each writes one under a name of its own and links
    it into place, which succeeds for the first alone and shows a whole file or none; all read what is there.
    """
    if key := environ.get("TIDEGATE_SECRET_KEY", "").strip():
        return key
    path = folder / "secret_key"
    if not path.exists():
        draft = folder / f"secret_key.{secrets.token_hex(8)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 50:
        raise ImproperlyConfigured(
            f"{path} holds no usable key: remove the file to have a new one made, or set TIDEGATE_SECRET_KEY"
        )
    return key


def database(folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Django's settings of the default database.

    ``TIDEGATE_DATABASE_URL`` is ``postgresql://user:password@host:port/name?option=value`` or
    ``sqlite:////path/to/file``; left out, it is SQLite in `folder`.
    """
    url = environ.get("TIDEGATE_DATABASE_URL", "").strip()
    if not url:
        return sqlite(folder / "tidegate.sqlite3")
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path)
        if parts.netloc or not path.startswith("/") or len(path) < 2:
            raise ImproperlyConfigured("TIDEGATE_DATABASE_URL: SQLite is written sqlite:////absolute/path/to/file")
        return sqlite(Path("/" + path.lstrip("/")))
    if parts.scheme in {"postgres", "postgresql"}:
        options = dict(parse_qsl(parts.query))
        name = unquote(parts.path.lstrip("/"))
        # A socket's folder may be the host, written as an option since it cannot stand before the port.
        host = options.pop("host", None) or unquote(parts.hostname or "")
        try:
            port = str(parts.port or options.pop("port", ""))
        except ValueError:
            raise ImproperlyConfigured("TIDEGATE_DATABASE_URL: the port must be a number") from None
        if not name:
            raise ImproperlyConfigured("TIDEGATE_DATABASE_URL: no database is named after the host")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": port,
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            # Compiling a question to machine code, or starting helpers for it, takes longer than an answer here should.
            # What is read lies in memory or on a solid disk: one row by its index costs no more than its neighbour.
            "OPTIONS": {
                "options": "-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1",
                "prepare_threshold": _calls(options.pop("prepare_threshold", "1")),
                **options,
            },
        }
    raise ImproperlyConfigured(
        f"TIDEGATE_DATABASE_URL: scheme {parts.scheme!r} is not known; expected postgresql:// or sqlite:///"
    )


def _calls(said: str) -> int | None:
    """After how many calls a connection keeps a statement of the hot paths (`tidegate.parties.rows`), parsed and
    planned; None for `off`: a pooler that hands each transaction another connection of the server may lose it."""
    if said == "off":
        return None
    if not said.isdecimal():
        raise ImproperlyConfigured(
            f"TIDEGATE_DATABASE_URL: prepare_threshold is {said!r}; expected a number of calls, or off"
        )
    return int(said)


def sqlite(path: Path) -> dict[str, Any]:
    """Django's settings of a SQLite database at `path`, safe for several writers and a power cut."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": dict(SQLITE_OPTIONS)}
