"""Pages of the inbox, preferences, channels and rules."""

from django.urls import path

from apps.alerts import channel_views, rule_views, views

app_name = "alerts"
urlpatterns = [
    path("alerts/", views.inbox, name="inbox"),
    path("alerts/unread/", views.badge, name="badge"),
    path("alerts/read/", views.mark_all, name="mark-all"),
    path("alerts/preferences/", views.edit_preferences, name="preferences"),
    path("alerts/channels/", channel_views.channels, name="channels"),
    path("alerts/channels/<uuid:channel_id>/", channel_views.channel, name="channel"),
    path(
        "alerts/channels/<uuid:channel_id>/secret/",
        channel_views.rotate,
        name="rotate",
    ),
    path(
        "alerts/channels/<uuid:channel_id>/<slug:action>/",
        channel_views.act,
        name="channel-act",
    ),
    path("alerts/deliveries/<uuid:delivery_id>/", channel_views.resend, name="resend"),
    path("alerts/rules/", rule_views.rules, name="rules"),
    path("alerts/rules/<uuid:rule_id>/<slug:action>/", rule_views.act, name="rule-act"),
    path("alerts/<uuid:alert_id>/", views.open_alert, name="alert"),
    path("alerts/<uuid:alert_id>/mark/", views.mark, name="mark"),
]
