"""The API of the router, below `/v1/`."""

from django.urls import path, re_path

from apps.router import api

urlpatterns = [
    path("chat", api.ChatView.as_view(), name="v1-chat"),
    path(
        "chat/completions",
        api.ChatCompletionsView.as_view(),
        name="v1-chat-completions",
    ),
    path("models", api.ModelsView.as_view(), name="v1-models"),
    path("usage", api.UsageView.as_view(), name="v1-usage"),
    path("router/debug", api.DebugView.as_view(), name="v1-router-debug"),
    # Also in development, a program that asks is answered in JSON.
    re_path(r"^", api.nothing_here, name="v1-nothing"),
]
