"""The desk and the calendar of days off; the tolerances of masses."""

from __future__ import annotations

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from tidegate.movements.views import assignments, desk, tolerances

urlpatterns: list[URLPattern | URLResolver] = [
    path("desk/", desk.desk, name="desk"),
    path("desk/<str:token>/calendar.ics", desk.feed, name="desk-feed"),
    *assignments.CASE.patterns(),
    path("calendar/", desk.holidays, name="holidays"),
    path("calendar/copy/", desk.seed, name="seed-holidays"),
    path("calendar/<uuid:pk>/", desk.keep_day, name="keep-holiday"),
    path("tolerances/", tolerances.page, name="tolerances"),
    path("tolerances/<uuid:pk>/remove/", tolerances.remove, name="remove-tolerance"),
]
