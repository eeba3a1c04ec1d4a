"""A shared installation behind HTTPS; names of the host come from ``TIDEGATE_ALLOWED_HOSTS``."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from tidegate.web.settings.base import *  # noqa: F403
from tidegate.web.settings.base import TIDEGATE_SITE

ALLOWED_HOSTS = [host.strip() for host in os.environ.get("TIDEGATE_ALLOWED_HOSTS", "").split(",") if host.strip()]
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "TIDEGATE_ALLOWED_HOSTS: name the hosts that this installation answers to, separated by commas"
    )
# Links in letters lead to the first of them, unless TIDEGATE_SITE says otherwise.
TIDEGATE_SITE = TIDEGATE_SITE or f"https://{ALLOWED_HOSTS[0].lstrip('*.')}"

SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True
# Whether every subdomain is HTTPS only, and whether to be on the browsers' preload list, is for the office
# that owns the name to decide; its own settings may say so.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
# The proxy in front must set, and strip from outside, this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Its X-Forwarded-For is the client's address, by which tries to sign in are counted.
ALLAUTH_TRUSTED_PROXY_COUNT = 1
