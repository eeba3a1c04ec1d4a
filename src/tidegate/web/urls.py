"""Every address of the web application. A folder of pages brings its own ``urls.py``; it is included here."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from tidegate.web import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tidegate.web.check.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("health/", views.health, name="health"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
]

# The rooms beside this one, in the order of the navigation.
for prefix, module in (
    ("batch/", "tidegate.web.batch.urls"),
    ("law/", "tidegate.web.lawpages.urls"),
    ("api/v1/", "tidegate.web.api.urls"),
):
    package = module.rpartition(".")[0]
    if find_spec(package) and find_spec(module):
        urlpatterns.append(path(prefix, include(module)))

handler400 = "tidegate.web.views.bad_request"
handler403 = "tidegate.web.views.permission_denied"
handler404 = "tidegate.web.views.page_not_found"
handler500 = "tidegate.web.views.server_error"
