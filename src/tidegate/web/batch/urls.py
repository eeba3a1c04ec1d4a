"""The batch page: the list with the upload, and the pages of one batch under its token."""

from __future__ import annotations

from django.urls import path

from tidegate.web.batch import result_views, views

app_name = "batch"
urlpatterns = [
    path("", views.index, name="index"),
    path("upload/", views.upload, name="upload"),
    path("<str:token>/", views.show, name="show"),
    path("<str:token>/columns/", views.columns, name="columns"),
    path("<str:token>/map.yaml", views.map_file, name="map"),
    path("<str:token>/progress/", views.progress, name="progress"),
    path("<str:token>/cancel/", views.cancel, name="cancel"),
    path("<str:token>/delete/", views.delete, name="delete"),
    path("<str:token>/rows/", result_views.rows, name="rows"),
    path("<str:token>/rows/<int:number>/", result_views.row, name="row"),
    path("<str:token>/consignments/", result_views.consignments, name="consignments"),
    path("<str:token>/rejects/", result_views.rejects, name="rejects"),
    path("<str:token>/downloads/", result_views.downloads, name="downloads"),
    path("<str:token>/download/<str:what>", result_views.download, name="download"),
    path("<str:token>/picture/<str:name>.svg", result_views.picture, name="picture"),
]
