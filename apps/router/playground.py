"""The playground: one request by hand, with its stream, its cost and its reason."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import (
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.keys import Caller
from apps.accounts.roles import role_required
from apps.kit.errors import AppError, NoModelAvailableError
from apps.kit.ids import uuid7
from apps.router import gateway
from apps.router.bodies import read_chat
from apps.router.explained import content_of
from apps.router.replies import sse
from apps.router.runtime import current
from apps.router.serializers import MOST_TOKENS

logger = logging.getLogger(__name__)

AUTO = "auto"
LONGEST_PROMPT = 200_000
PRIORITIES = [("cheap", "Cheap"), ("balanced", "Balanced"), ("best", "Best")]
LATENCIES = [("normal", "Normal"), ("fast", "Fast")]


class PlaygroundForm(forms.Form):
    """What `/v1/chat` takes, as far as a person wants to set it by hand."""

    prompt = forms.CharField(
        max_length=LONGEST_PROMPT,
        widget=forms.Textarea(attrs={"rows": 7, "autofocus": True}),
    )
    system = forms.CharField(
        max_length=LONGEST_PROMPT,
        required=False,
        label="System prompt",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    priority = forms.ChoiceField(
        choices=PRIORITIES, initial="balanced", widget=forms.RadioSelect
    )
    latency_pref = forms.ChoiceField(
        choices=LATENCIES, initial="normal", label="Latency", widget=forms.RadioSelect
    )
    model = forms.CharField(
        max_length=200,
        initial=AUTO,
        help_text="auto lets the router choose; a name leaves it no choice.",
        widget=forms.TextInput(attrs={"list": "models", "autocomplete": "off"}),
    )
    # The page sends each model's request by itself, with its name in `model`.
    model_b = forms.CharField(
        max_length=200,
        required=False,
        label="Compare with",
        help_text="A second model answers beside the first.",
        widget=forms.TextInput(attrs={"list": "models", "autocomplete": "off"}),
    )
    temperature = forms.FloatField(
        min_value=0,
        max_value=2,
        required=False,
        widget=forms.NumberInput(attrs={"step": "0.1", "placeholder": "as usual"}),
    )
    max_tokens = forms.IntegerField(
        min_value=1,
        max_value=MOST_TOKENS,
        required=False,
        label="Longest answer in tokens",
        widget=forms.NumberInput(attrs={"placeholder": "as usual"}),
    )
    max_cost = forms.FloatField(
        min_value=0,
        max_value=1_000_000,
        required=False,
        label="Cost limit in USD",
        widget=forms.NumberInput(attrs={"step": "any", "placeholder": "no limit"}),
    )

    def body(self) -> dict[str, Any]:
        """The body of the `/v1/chat` call."""
        data = self.cleaned_data
        messages = [{"role": "user", "content": data["prompt"]}]
        if data["system"]:
            messages.insert(0, {"role": "system", "content": data["system"]})
        names = ("priority", "latency_pref", "model")
        body = {"messages": messages, **{name: data[name] for name in names}}
        for name in ("max_cost", "temperature", "max_tokens"):
            if data[name] is not None:
                body[name] = data[name]
        return body


@login_required
@require_GET
@role_required("router.call")
def playground(request: OrgRequest) -> HttpResponse:
    models = _callable_models(request.org.id)
    context = {
        "form": PlaygroundForm(initial=_asked_for(request)),
        "models": models,
        "site_url": settings.SITE_URL,
    }
    return render(request, "router/playground.html", context)


def _asked_for(request: OrgRequest) -> dict[str, str]:
    """What the address names, such as the models to compare."""
    names = ("model", "model_b")
    return {name: text for name in names if (text := request.GET.get(name))}


@login_required
@require_POST
@role_required("router.call")
def run(request: OrgRequest) -> HttpResponseBase:
    """Stream `decision`, then the events of `/v1/chat`: `token`…, `done` or `error`."""
    form = PlaygroundForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    response = StreamingHttpResponse(
        _events(request.org.id, form.body()), content_type="text/event-stream"
    )
    response.headers["Cache-Control"] = "no-store"
    # Tells nginx to pass each event on as it comes.
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _events(org_id: UUID, body: dict[str, Any]) -> AsyncIterator[bytes]:
    try:
        yield _decision(org_id, body)
        stream = await gateway.playground(org_id=org_id, body=body)
        async with aclosing(stream):
            async for chunk in stream:
                yield chunk
    except AppError as problem:
        yield sse("error", problem.body(str(uuid7())))
    except Exception:
        logger.exception("The playground's stream broke")
        broken = AppError("Something went wrong on our side.")
        yield sse("error", broken.body(str(uuid7())))


def _decision(org_id: UUID, body: dict[str, Any]) -> bytes:
    """Why which model was chosen, as the page shows it, before any of its words."""
    planner, caller = current().planner, Caller.of_member(org_id)
    decision = content_of(planner.explain(caller, read_chat(body)))
    html = render_to_string("components/decision.html", {"decision": decision})
    # Adding plain text makes plain text of it, which the encoder insists on.
    return sse("decision", {"html": html + ""})


def _callable_models(org_id: UUID) -> list[str]:
    """Models that an answer can come from here, with the keys that are set."""
    try:
        pool = current().planner.market_of(Caller.of_member(org_id)).pool
    except NoModelAvailableError:
        return []
    return sorted({offer.model for offer in pool if not offer.unavailable})
