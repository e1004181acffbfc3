"""Pages of switches and of the savings ledger."""

from django.urls import path

from apps.savings import switch_views, views

app_name = "savings"
urlpatterns = [
    path("savings/", views.home, name="home"),
    path("savings/export.csv", views.download, name="csv"),
    path("savings/switches/", switch_views.switch_list, name="switches"),
    path(
        "savings/switches/<uuid:switch_id>/",
        switch_views.switch_detail,
        name="switch-detail",
    ),
    path(
        "savings/switches/<uuid:switch_id>/undo/",
        switch_views.undo_switch,
        name="undo",
    ),
    path(
        "savings/switches/<uuid:switch_id>/<slug:act>/",
        switch_views.act_on_switch,
        name="act",
    ),
    path(
        "savings/opportunities/<uuid:opportunity_id>/switch/",
        switch_views.switch_opportunity,
        name="switch",
    ),
    path(
        "savings/use-cases/<uuid:use_case_id>/switch/",
        switch_views.switch_use_case,
        name="switch-use-case",
    ),
]
