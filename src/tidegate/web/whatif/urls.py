"""What-if runs under their tokens; who sees a batch sees its runs (queries.py)."""

from __future__ import annotations

from django.urls import path

from tidegate.web.whatif import views

app_name = "whatif"
urlpatterns = [
    path("", views.index, name="index"),
    path("<str:token>/", views.show, name="show"),
    path("<str:token>/progress/", views.progress, name="progress"),
    path("<str:token>/cancel/", views.cancel, name="cancel"),
    path("<str:token>/delete/", views.delete, name="delete"),
    path("<str:token>/changed.csv", views.changed, name="changed"),
    path("<str:token>/picture/<str:name>.svg", views.picture, name="picture"),
]
