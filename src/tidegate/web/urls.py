"""Every address of the web application. A folder of pages brings its own ``urls.py``; it is included here.

A folder inside `public_urls` is open to everybody; in the others each view says what it asks (parties/access.py).
"""

from __future__ import annotations

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from tidegate.parties.access import public, public_urls
from tidegate.web import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", public_urls(include("tidegate.web.check.urls"), but=["analyse"])),
    path("language/", public_urls(include("django.conf.urls.i18n"))),
    path("health/", public(views.health), name="health"),
    path("robots.txt", public(views.robots), name="robots"),
    path("favicon.ico", public(views.favicon), name="favicon"),
    # A batch is its browser session's own: see batch/queries.py.
    path("batch/", public_urls(include("tidegate.web.batch.urls"))),
    path("law/proposals/", include("tidegate.web.upkeep.urls")),
    # A run is seen by whoever sees its batch: see whatif/queries.py.
    path("law/what-if/", public_urls(include("tidegate.web.whatif.urls"))),
    path("law/", public_urls(include("tidegate.web.lawpages.urls"))),
    path("api/v1/", public_urls(include("tidegate.web.api.urls"))),
    path("", include("tidegate.parties.urls")),
    path("exchange/", include("tidegate.exchange.urls")),
    path("", include("tidegate.movements.urls")),
]

handler400 = "tidegate.web.views.bad_request"
handler403 = "tidegate.web.views.permission_denied"
handler404 = "tidegate.web.views.page_not_found"
handler500 = "tidegate.web.views.server_error"
