"""Pages that join several apps."""

from django.urls import path

from apps.web import job_views, views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("search/", views.search, name="search"),
    path("jobs/", job_views.jobs, name="jobs"),
    path("jobs/<str:name>/", job_views.job, name="job"),
    path("jobs/<str:name>/run/", job_views.run_job, name="run-job"),
    path("jobs/runs/<uuid:run_id>/stop/", job_views.stop_run, name="stop-run"),
    path(
        "jobs/messages/<uuid:message_id>/retry/",
        job_views.retry_message,
        name="retry-message",
    ),
    path(
        "jobs/messages/<uuid:message_id>/discard/",
        job_views.discard_message,
        name="discard-message",
    ),
]
