"""A caller's own request on its way to a provider of the same protocol."""

from typing import Any, Final

import msgspec

from apps.providers.adapters.openai import headers
from apps.providers.wire import ChatRequest, Endpoint, HTTPCall

PATH: Final = "/responses"
# Before thoughts that another protocol's model had, sealed for their way back to it.
FOREIGN_SEAL: Final = "mx1."
_to_json = msgspec.json.Encoder().encode


def encode(endpoint: Endpoint, request: ChatRequest) -> HTTPCall:
    """The call: the caller's body, our model, its output within what may be spent.

    The provider stores nothing: whoever may keep a conversation is decided here, so
    the body brings the whole of it.
    """
    assert request.native is not None  # noqa: S101  # whoever chose this has looked
    body = {**request.native.body, "model": request.model, "store": False}
    body.pop("previous_response_id", None)
    body["stream"] = request.is_stream
    if isinstance(body.get("input"), list):
        body["input"] = [item for item in body["input"] if not _is_foreign(item)]
    limit = request.body.get("max_completion_tokens") or request.body.get("max_tokens")
    if isinstance(limit, int):
        body["max_output_tokens"] = limit
    return HTTPCall(PATH, headers(endpoint), _to_json(body))


def _is_foreign(item: Any) -> bool:
    """Thoughts that this provider cannot read: it would refuse them."""
    if not isinstance(item, dict) or item.get("type") != "reasoning":
        return False
    content = item.get("encrypted_content")
    return not isinstance(content, str) or content.startswith(FOREIGN_SEAL)
