"""Pages."""

from django.urls import path

from apps.router import playground, views

app_name = "router"
urlpatterns = [
    path("requests/", views.requests, name="requests"),
    path("requests/<uuid:code>/", views.request_log, name="request"),
    path("playground/", playground.playground, name="playground"),
    path("playground/run/", playground.run, name="playground-run"),
]
