"""Pages that join several apps."""

from django.urls import path

from apps.web import job_views, public_views, views, waitlist_views

app_name = "web"
urlpatterns = [
    path("", public_views.home, name="home"),
    path("calculator/", public_views.calculator, name="calculator"),
    path("calculator/embed/", public_views.embedded, name="calculator-embed"),
    path("pricing/", public_views.pricing, name="pricing"),
    path("cards/<slug:name>.png", public_views.card, name="card"),
    path("robots.txt", public_views.robots, name="robots"),
    path("waitlist/", waitlist_views.ask, name="waitlist-ask"),
    path("waitlist/asked/", waitlist_views.asked, name="waitlist-asked"),
    path(
        "waitlist/confirm/<str:token>/",
        waitlist_views.confirm,
        name="waitlist-confirm",
    ),
    path("waitlist/leave/<str:token>/", waitlist_views.leave, name="waitlist-leave"),
    path("waitlist/enter/<str:token>/", waitlist_views.enter, name="waitlist-enter"),
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
