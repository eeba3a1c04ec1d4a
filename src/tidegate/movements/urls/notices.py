"""Addresses of notices."""

from __future__ import annotations

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from tidegate.movements.views import notices

urlpatterns: list[URLPattern | URLResolver] = [
    path("notices/", notices.index, name="notices"),
    path("notices/new/", notices.new, name="new-notice"),
    path("notices/new/webhook/", notices.new_webhook, name="new-webhook"),
    path("notices/<uuid:pk>/", notices.show, name="notice"),
    path("notices/<uuid:pk>/test/", notices.test, name="test-notice"),
    path("notices/<uuid:pk>/secret/", notices.secret, name="notice-secret"),
    path("notices/<uuid:pk>/end/", notices.end, name="end-notice"),
]
