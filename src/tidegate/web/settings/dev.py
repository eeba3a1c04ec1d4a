"""For people who change Tidegate: tracebacks in the browser, files read again at every request."""

from __future__ import annotations

from tidegate.web.settings.demo import *  # noqa: F403

DEBUG = True
WHITENOISE_AUTOREFRESH = True
WHITENOISE_MAX_AGE = 0
