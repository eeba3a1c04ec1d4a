"""Addresses of movements, permits, quotas, certificates, the border, consignments, take-back and the annual report."""

from __future__ import annotations

from django.urls.resolvers import URLPattern, URLResolver

from tidegate.movements.views import border, certificates, movements, permits, quotas

urlpatterns: list[URLPattern | URLResolver] = [
    *movements.pages,
    *border.pages,
    *permits.pages,
    *quotas.pages,
    *certificates.pages,
]
