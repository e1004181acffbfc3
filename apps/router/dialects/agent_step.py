"""How `/v1/agent-step` words its answers: `/v1/chat`'s, and the step of the run."""

from functools import partial
from typing import Any

from apps.providers.wire import ChatResult
from apps.router.account import Account
from apps.router.dialects.chat import ChatWording, chat_answer, tool_calls_of
from apps.router.dialects.dialect import Dialect
from apps.router.replies import encode_json


def step_answer(account: Account, output: str, calls: object) -> dict[str, Any]:
    """The documented body; `tool_calls` are in OpenAI's shape, empty without any."""
    notes = account.notes
    return {
        "run_id": notes.run_id,
        "step": notes.step,
        **chat_answer(account, output),
        "tool_calls": calls,
    }


def _step_whole(account: Account, result: ChatResult) -> bytes:
    return encode_json(step_answer(account, result.text, tool_calls_of(result)))


AGENT_STEP = Dialect(
    "/v1/agent-step", _step_whole, partial(ChatWording, answer=step_answer)
)
