"""Every address of the web application. A folder of pages brings its own ``urls.py``; it is included here."""

from __future__ import annotations

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from tidegate.web import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tidegate.web.check.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("health/", views.health, name="health"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("batch/", include("tidegate.web.batch.urls")),
    path("law/", include("tidegate.web.lawpages.urls")),
    path("api/v1/", include("tidegate.web.api.urls")),
    path("", include("tidegate.parties.urls")),
    path("exchange/", include("tidegate.exchange.urls")),
    path("", include("tidegate.movements.urls")),
]

handler400 = "tidegate.web.views.bad_request"
handler403 = "tidegate.web.views.permission_denied"
handler404 = "tidegate.web.views.page_not_found"
handler500 = "tidegate.web.views.server_error"
