"""Pages of opportunities."""

from django.urls import path

from apps.opportunities import views

app_name = "opportunities"
urlpatterns = [
    path("opportunities/", views.opportunities, name="list"),
    path("opportunities/<uuid:opportunity_id>/", views.opportunity, name="detail"),
    path("opportunities/<uuid:opportunity_id>/dismiss/", views.dismiss, name="dismiss"),
    path("opportunities/<uuid:opportunity_id>/snooze/", views.snooze, name="snooze"),
    path("opportunities/<uuid:opportunity_id>/restore/", views.restore, name="restore"),
]
