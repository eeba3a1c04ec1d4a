"""For people who change Tidegate: tracebacks in the browser, files read again at every request."""

from __future__ import annotations

from tidegate.web.settings.base import *  # noqa: F403

DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
WHITENOISE_AUTOREFRESH = True
WHITENOISE_MAX_AGE = 0

# As in the demo: one person, one process.
TIDEGATE_WORKER_THREAD = True
TIDEGATE_BATCHES_OPEN = True
TIDEGATE_SECOND_FACTOR = False
