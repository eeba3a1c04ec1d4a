"""Notifications, their consents, and the wizard."""

from __future__ import annotations

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from tidegate.movements.views import attachments, notifications, wizard

_ROWS = ("consent", "contract", "guarantee", "info_request", "amendment")

urlpatterns: list[URLPattern | URLResolver] = [
    path("notifications/", notifications.index, name="notifications"),
    path("notifications/new/", notifications.new, name="new"),
    path("notifications/on-paper/", notifications.on_paper, name="on-paper"),
    path("notifications/filters/", notifications.keep_filter, name="filters"),
    *(
        path(
            f"notifications/by/{kind.replace('_', '-')}/<uuid:pk>/",
            notifications.of_row,
            {"kind": kind},
            name=f"of-{kind.replace('_', '-')}",
        )
        for kind in _ROWS
    ),
    path("notifications/<slug:case>/", notifications.case, name="case"),
    path("notifications/<slug:case>/document.pdf", notifications.document, name="document"),
    path("notifications/<slug:case>/versions/<int:before>-<int:after>/", notifications.versions, name="versions"),
    path("notifications/<slug:case>/renewal/", notifications.renewal, name="renewal"),
    path("notifications/<slug:case>/questions/<uuid:pk>/", notifications.answer, name="answer"),
    path("notifications/<slug:case>/amendments/<int:number>/", notifications.answer_amendment, name="amendment"),
    path("notifications/<slug:case>/releases/<uuid:pk>/", notifications.revoke_release, name="revoke-release"),
    path("notifications/<slug:case>/edit/<slug:step>/", wizard.edit, name="edit"),
    path("notifications/<slug:case>/submit/", wizard.submit, name="submit"),
    path("notifications/<slug:case>/revise/", wizard.revise, name="revise"),
    path("notifications/<slug:case>/amend/", wizard.amend, name="amend"),
    path("notifications/<slug:case>/files/", attachments.attach, name="attach"),
    path("notifications/<slug:case>/files/<uuid:pk>/", attachments.read, name="attachment"),
    path("notifications/<slug:case>/files/<uuid:pk>/fetch/", attachments.fetch, name="fetch"),
    path("notifications/<slug:case>/files/<uuid:pk>/remove/", attachments.detach, name="detach"),
    path("breaches/<uuid:pk>/", notifications.breach, name="breach"),
    *notifications.NOTIFICATION.patterns(),
]
