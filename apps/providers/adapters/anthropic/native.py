"""An Anthropic client's own body on its way to a provider of the same protocol."""

from typing import Any, Final

from apps.providers.wire import ChatRequest

# The signature of thoughts that another protocol's model had: no provider knows it,
# so they are left out when the conversation comes to one of Anthropic's.
FOREIGN_SIGNATURE: Final = "modeloptix"


def body_of(request: ChatRequest) -> dict[str, Any]:
    """The caller's body with our model in it, its output within what may be spent."""
    assert request.native is not None  # noqa: S101  # the caller has looked
    own = request.native.body
    body = {**own, "model": request.model}
    body.pop("stream", None)
    if request.is_stream:
        body["stream"] = True
    limit = request.body.get("max_completion_tokens") or request.body.get("max_tokens")
    if isinstance(limit, int):
        body["max_tokens"] = limit
        _fit_thoughts(body, limit)
    if isinstance(own.get("messages"), list):
        body["messages"] = [_without_foreign(turn) for turn in own["messages"]]
    return body


def with_callers(
    usual: dict[str, str], callers: tuple[tuple[str, str], ...]
) -> dict[str, str]:
    """The endpoint's headers, with the caller's word on version and betas."""
    return {**usual, **dict(callers)} if callers else usual


def _fit_thoughts(body: dict[str, Any], limit: int) -> None:
    """Keep the thoughts' budget below an output limit that a spending cap lowered."""
    asked = body.get("thinking")
    budget = asked.get("budget_tokens") if isinstance(asked, dict) else None
    if not isinstance(budget, int) or budget < limit:
        return
    if body["max_tokens"] > 1024:  # the least budget that is taken
        body["thinking"] = {**body["thinking"], "budget_tokens": limit - 1}
    else:
        del body["thinking"]


def _without_foreign(turn: Any) -> Any:
    content = turn.get("content") if isinstance(turn, dict) else None
    if not isinstance(content, list) or not any(map(_is_foreign, content)):
        return turn
    kept = [block for block in content if not _is_foreign(block)]
    return {**turn, "content": kept or [{"type": "text", "text": "…"}]}


def _is_foreign(block: Any) -> bool:
    return isinstance(block, dict) and block.get("signature") == FOREIGN_SIGNATURE
