"""Pages of sanity checks, and the guests' check at /try."""

from django.urls import path

from apps.checks import guest_views, views

app_name = "checks"
urlpatterns = [
    path("checks/", views.check_list, name="list"),
    path("checks/new/", views.new_check, name="new"),
    path("checks/<uuid:check_id>/", views.detail, name="detail"),
    path("checks/<uuid:check_id>/events/", views.events, name="events"),
    path("checks/<uuid:check_id>/start/", views.start, name="start"),
    path("checks/<uuid:check_id>/cancel/", views.cancel, name="cancel"),
    path("checks/<uuid:check_id>/delete/", views.delete, name="delete"),
    path("checks/<uuid:check_id>/vote/", views.vote, name="vote"),
    path("checks/sets/<uuid:set_id>/delete/", views.delete_set, name="delete-set"),
    path("try/", guest_views.try_check, name="try"),
]
