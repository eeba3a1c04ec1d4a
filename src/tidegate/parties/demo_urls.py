"""The demo's sign-in. Included only where the settings are the demo's."""

from __future__ import annotations

from django.urls import path

from tidegate.parties.views import demo

urlpatterns = [
    path("", demo.people, name="demo"),
    path("<uuid:pk>/", demo.sign_in, name="demo-sign-in"),
]
