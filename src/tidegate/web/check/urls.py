"""The check page at the root, its PDF and the picture of the route."""

from __future__ import annotations

from django.urls import path

from tidegate.web.check import analysing, views

app_name = "check"
urlpatterns = [
    path("", views.page, name="page"),
    path("check/analyse/", analysing.analyse, name="analyse"),
    path("check.pdf", views.pdf, name="pdf"),
    path("check/route.svg", views.route, name="route"),
]
