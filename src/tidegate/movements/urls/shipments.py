"""Addresses of movements, permits, quotas, certificates, the border, consignments, take-back and the annual report."""

from __future__ import annotations

from django.urls.resolvers import URLPattern, URLResolver

from tidegate.movements.views import (
    analyses,
    border,
    certificates,
    consignments,
    fees,
    green,
    inspectors,
    keeping,
    movements,
    permits,
    quotas,
    reports,
    takeback,
)

urlpatterns: list[URLPattern | URLResolver] = [
    *movements.pages,
    *green.pages,
    *border.pages,
    *permits.pages,
    *quotas.pages,
    *certificates.pages,
    *consignments.pages,
    *takeback.pages,
    *analyses.pages,
    *inspectors.pages,
    *keeping.pages,
    *fees.pages,
    *reports.pages,
]
