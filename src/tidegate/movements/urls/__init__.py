"""The pages of the control of movements: each part of the room brings its own addresses."""

from __future__ import annotations

from django.urls.resolvers import URLPattern, URLResolver

from tidegate.movements.urls import desk, notices, notifications, shipments

app_name = "movements"
urlpatterns: list[URLPattern | URLResolver] = [
    *desk.urlpatterns,
    *notices.urlpatterns,
    *notifications.urlpatterns,
    *shipments.urlpatterns,
]
