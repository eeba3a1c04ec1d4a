"""One person's machine: loopback only, plain HTTP, and a database of its own that holds nothing but the demo.

Its sign-in page asks for no proof of who is there. So it answers on loopback alone, `tidegate serve` refuses to bind it
to anything else, and it opens no database that is not marked as a demo's.
"""

from __future__ import annotations

from tidegate.web.settings.base import *  # noqa: F403
from tidegate.web.settings.base import TIDEGATE_DATA_DIR
from tidegate.web.settings.datadir import sqlite

# A name that is not loopback is never answered, so a page elsewhere cannot reach this one by DNS rebinding.
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

# One person, one process: the server does the background jobs itself, and every batch is that person's.
TIDEGATE_WORKER_THREAD = True
TIDEGATE_BATCHES_OPEN = True

# Four States' agencies with fictitious organisations, and one sign-in button for each role, at /demo/.
TIDEGATE_DEMO = True
TIDEGATE_SECOND_FACTOR = False
DATABASES = {"default": sqlite(TIDEGATE_DATA_DIR / "demo.sqlite3")}
# Webhooks may be tried out against a program on this machine.
TIDEGATE_WEBHOOK_PRIVATE = True
