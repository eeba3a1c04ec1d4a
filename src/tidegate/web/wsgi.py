"""The WSGI entry point, for granian or any other server."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tidegate.web.settings.demo")

application = get_wsgi_application()

if getattr(settings, "TIDEGATE_WORKER_THREAD", False):
    from tidegate.web.jobs.worker import start_thread

    start_thread()
