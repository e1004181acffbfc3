"""How an answer is worded: ours (`/v1/chat`), and OpenAI's (`/v1/chat/completions`)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.kit.errors import AppError
from apps.kit.money import from_nano
from apps.providers.wire import ChatResult, StreamPart
from apps.router.account import Account
from apps.router.replies import DONE, encode_json, sse, sse_error


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to word answers, whole or streamed."""

    endpoint: str
    whole: Callable[[Account, ChatResult], bytes]
    part: Callable[[StreamPart], bytes]
    end: Callable[[Account, str], bytes]
    error: Callable[[AppError, str], bytes]


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
    answer = chat_answer(account, result.text)
    if tool_calls := _tool_calls(result):
        answer["tool_calls"] = tool_calls
    return encode_json(answer)


def _tool_calls(result: ChatResult) -> object:
    choices = result.body.get("choices") or [{}]
    return (choices[0].get("message") or {}).get("tool_calls")


def _chat_part(part: StreamPart) -> bytes:
    return sse("token", {"text": part.text}) if part.text else b""


def _chat_end(account: Account, output: str) -> bytes:
    return sse("done", chat_answer(account, output))


def _chat_error(error: AppError, request_id: str) -> bytes:
    return sse("error", error.body(request_id))


def _completion_whole(account: Account, result: ChatResult) -> bytes:
    return result.raw if result.raw is not None else encode_json(result.body)


CHAT = Dialect("/v1/chat", _chat_whole, _chat_part, _chat_end, _chat_error)
COMPLETIONS = Dialect(
    "/v1/chat/completions",
    _completion_whole,
    lambda part: part.data,
    lambda account, output: DONE,
    sse_error,
)
