"""The addresses of proposals to change the law."""

from __future__ import annotations

from django.urls import path

from tidegate.web.upkeep import views

app_name = "upkeep"

urlpatterns = [
    path("", views.index, name="index"),
    path("new", views.new, name="new"),
    path("change/<slug:rule_id>", views.change, name="change"),
    path("<uuid:pk>/", views.show, name="proposal"),
    path("<uuid:pk>/decide", views.decide, name="decide"),
]
