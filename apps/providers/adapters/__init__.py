"""One pure translation per protocol: values in, values out, no talking."""

from typing import Final

from apps.providers.adapters import anthropic, openai
from apps.providers.adapters.adapter import Adapter
from apps.providers.adapters.responses import NATIVE as RESPONSES
from apps.providers.registry import REGISTRY
from apps.providers.wire import ChatRequest, Endpoint

ADAPTERS: Final[dict[str, Adapter]] = {"openai": openai, "anthropic": anthropic}


def adapter_for(endpoint: Endpoint, request: ChatRequest) -> Adapter:
    """Who speaks with this endpoint about this request.

    A caller who speaks the provider's own protocol gets its answers as they come.
    """
    if request.native is None or request.is_embedding:
        return ADAPTERS[endpoint.protocol]
    spoken = request.native.protocol
    if spoken == "anthropic" == endpoint.protocol:
        return anthropic.NATIVE
    known = REGISTRY.get(endpoint.provider)
    if spoken == "responses" and known is not None and known.has_responses:
        return RESPONSES
    return ADAPTERS[endpoint.protocol]
