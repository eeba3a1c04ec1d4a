"""One person's machine: loopback only, plain HTTP, SQLite in the data folder."""

from __future__ import annotations

import os

from tidegate.web.settings.base import *  # noqa: F403

# A name that is not loopback is never answered, so a page elsewhere cannot reach this one by DNS rebinding.
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS += [host for host in os.environ.get("TIDEGATE_ALLOWED_HOSTS", "").split(",") if host]

# One person, one process: the server does the background jobs itself, and every batch is that person's.
TIDEGATE_WORKER_THREAD = True
TIDEGATE_BATCHES_OPEN = True
