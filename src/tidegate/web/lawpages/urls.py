"""The addresses of the law pages."""

from __future__ import annotations

from django.urls import path

from tidegate.web.lawpages.views import changes, compare, entries, index, layers, rules, search, standards, states

app_name = "law"

urlpatterns = [
    path("", index.page, name="index"),
    path("search", search.page, name="search"),
    path("states/<slug:iso>", states.page, name="state"),
    path("states/<slug:iso>/timeline.svg", states.timeline, name="state-timeline"),
    path("states/<slug:iso>/factsheet.<slug:form>", states.factsheet, name="factsheet"),
    path("layers/<slug:layer>", layers.page, name="layer"),
    path("layers/<slug:layer>/timeline.svg", layers.timeline, name="layer-timeline"),
    path("rules/<slug:rule_id>", rules.page, name="rule"),
    path("entries/", entries.index, name="entries"),
    path("entries/<slug:code>", entries.page, name="entry"),
    path("standards", standards.page, name="standards"),
    path("standards.svg", standards.chart, name="standards-chart"),
    path("standards.csv", standards.table, name="standards-csv"),
    path("changes", changes.page, name="changes"),
    path("changes.ics", changes.calendar, name="changes-ics"),
    path("changes.atom", changes.feed, name="changes-atom"),
    path("compare", compare.page, name="compare"),
]
