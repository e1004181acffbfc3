"""How `/v1/chat` words its answers: our own contract."""

from collections.abc import Callable
from typing import Any

from apps.kit.errors import AppError
from apps.kit.money import from_nano
from apps.providers.wire import ChatResult, StreamPart
from apps.router.account import Account
from apps.router.dialects.deltas import deltas_of
from apps.router.dialects.dialect import Dialect
from apps.router.replies import encode_json, sse


def chat_answer(account: Account, output: str) -> dict[str, Any]:
    """The documented body of `/v1/chat`; money in US dollars, null where unknown."""
    bill, usage = account.bill(), account.final_usage()
    served = account.answered_by
    savings = _dollars(bill.savings_nano)
    return {
        "output": output,
        "model_used": served.candidate.model if served else None,
        "provider": served.candidate.provider if served else None,
        "cost": _dollars(bill.cost_nano),
        "latency_ms": account.latency_ms,
        "savings_estimate": savings,
        "estimated_savings": savings,
        # Another model would have written another number of tokens.
        "estimate": True,
        "baseline_model": account.baseline_model,
        "task_type": account.task,
        "tokens": {
            "input": usage.prompt,
            "output": usage.output,
            "cached": usage.cache_read,
            "reasoning": usage.reasoning,
            "estimated": usage.is_estimated,
        },
        "finish_reason": account.finish_reason or None,
        "attempts": len(account.tries),
        "request_id": str(account.request_id),
    }


def _dollars(nano: int | None) -> float | None:
    return None if nano is None else float(from_nano(nano))


def _chat_whole(account: Account, result: ChatResult) -> bytes:
    return encode_json(with_calls(account, result.text, tool_calls_of(result)))


def with_calls(account: Account, output: str, calls: object) -> dict[str, Any]:
    """The body with the tool calls, in OpenAI's shape, where the model made any."""
    answer = chat_answer(account, output)
    return {**answer, "tool_calls": calls} if calls else answer


def tool_calls_of(result: ChatResult) -> list[Any]:
    """The calls of the first choice, in OpenAI's shape."""
    choices = result.body.get("choices") or [{}]
    calls = (choices[0].get("message") or {}).get("tool_calls")
    return calls if isinstance(calls, list) else []


class ChatWording:
    """Named events: `token`…, then `done` with the whole answer, or `error`."""

    pulse = b""

    def __init__(
        self,
        account: Account,
        answer: Callable[[Account, str, object], dict[str, Any]] = with_calls,
    ) -> None:
        self._notes = account.notes
        self._answer = answer
        self._texts: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}

    def part(self, part: StreamPart) -> bytes:
        # Most chunks hold text alone, and need not be parsed for it.
        if b'"tool_calls"' in part.data:
            self._collect(part.data)
        if not part.text:
            return b""
        self._texts.append(part.text)
        return sse("token", {"text": part.text})

    def end(self, account: Account) -> bytes:
        calls = [self._calls[index] for index in sorted(self._calls)]
        return sse("done", self._answer(account, "".join(self._texts), calls))

    def error(self, error: AppError, request_id: str) -> bytes:
        return sse("error", error.body(request_id))

    def _collect(self, data: bytes) -> None:
        """Put the pieces of each tool call together."""
        for delta in deltas_of(data):
            for piece in delta.calls:
                call = self._calls.setdefault(piece.index, _new_call())
                call["id"] = call["id"] or piece.id
                call["function"]["name"] += piece.name
                call["function"]["arguments"] += piece.arguments
        self._notes.tool_calls = len(self._calls)


def _new_call() -> dict[str, Any]:
    return {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}


CHAT = Dialect("/v1/chat", _chat_whole, ChatWording)
