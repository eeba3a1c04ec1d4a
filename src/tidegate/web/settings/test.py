"""For the tests: state in a temporary folder of the run's own, a database in memory unless one is named."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "TIDEGATE_DATA_DIR" not in os.environ:
    os.environ["TIDEGATE_DATA_DIR"] = tempfile.mkdtemp(prefix="tidegate-test-")
    atexit.register(shutil.rmtree, os.environ["TIDEGATE_DATA_DIR"], ignore_errors=True)

from tidegate.web.settings.base import *  # noqa: F403

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_MAX_AGE = 0
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# The tests of the second factor switch it on.
TIDEGATE_SECOND_FACTOR = False
