"""The API of the router, below `/v1/`."""

from django.urls import path, re_path

from apps.router import api, feedback_api, protocol_api, request_api

urlpatterns = [
    path("chat", api.ChatView.as_view(), name="v1-chat"),
    path(
        "chat/completions",
        api.ChatCompletionsView.as_view(),
        name="v1-chat-completions",
    ),
    path("embeddings", api.EmbeddingsView.as_view(), name="v1-embeddings"),
    path("responses", protocol_api.ResponsesView.as_view(), name="v1-responses"),
    path(
        "responses/<str:response_id>",
        protocol_api.ResponseView.as_view(),
        name="v1-response",
    ),
    path(
        "responses/<str:response_id>/input_items",
        protocol_api.InputItemsView.as_view(),
        name="v1-response-input-items",
    ),
    path(
        "messages/count_tokens",
        protocol_api.CountTokensView.as_view(),
        name="v1-count-tokens",
    ),
    path("messages", protocol_api.MessagesView.as_view(), name="v1-messages"),
    path("models", api.ModelsView.as_view(), name="v1-models"),
    path("models/<path:model>", api.ModelView.as_view(), name="v1-model"),
    path("usage", api.UsageView.as_view(), name="v1-usage"),
    path("agent-step", api.AgentStepView.as_view(), name="v1-agent-step"),
    path("requests", request_api.RequestsView.as_view(), name="v1-requests"),
    path(
        "requests/<uuid:request_id>",
        request_api.RequestView.as_view(),
        name="v1-request",
    ),
    path("generation", request_api.GenerationView.as_view(), name="v1-generation"),
    path("agent-runs", request_api.AgentRunsView.as_view(), name="v1-agent-runs"),
    path(
        "agent-runs/<str:run_id>",
        request_api.AgentRunView.as_view(),
        name="v1-agent-run",
    ),
    path("feedback", feedback_api.FeedbackView.as_view(), name="v1-feedback"),
    path("router/learning", feedback_api.LearningView.as_view(), name="v1-learning"),
    path("router/debug", api.DebugView.as_view(), name="v1-router-debug"),
    # Also in development, a program that asks is answered in JSON.
    re_path(r"^", api.nothing_here, name="v1-nothing"),
]
