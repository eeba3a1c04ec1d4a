"""The exchange's pages."""

from __future__ import annotations

from django.urls import path, re_path
from django.urls.resolvers import URLPattern, URLResolver

from tidegate.exchange import views

app_name = "exchange"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.index, name="index"),
    path("messages/<uuid:pk>/", views.message, name="message"),
    path("messages/<uuid:pk>/act/", views.act, name="act"),
    re_path(r"^messages/(?P<pk>[0-9a-f-]{36})/(?P<part>envelope|receipt)\.jws$", views.bytes_of, name="bytes"),
    path("peers/<str:node>/", views.peer, name="peer"),
    path("peers/<str:node>/<path:case>/", views.case, name="case"),
]
