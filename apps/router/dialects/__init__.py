"""How answers are worded: one module for each protocol that callers speak."""

from apps.router.dialects.agent_step import AGENT_STEP
from apps.router.dialects.chat import CHAT, chat_answer, tool_calls_of
from apps.router.dialects.completions import COMPLETIONS
from apps.router.dialects.dialect import Dialect, Wording
from apps.router.dialects.embeddings import EMBEDDINGS
from apps.router.dialects.messages import MESSAGES, read_count, read_messages
from apps.router.dialects.responses import read_responses

__all__ = [
    "AGENT_STEP",
    "CHAT",
    "COMPLETIONS",
    "EMBEDDINGS",
    "MESSAGES",
    "Dialect",
    "Wording",
    "chat_answer",
    "read_count",
    "read_messages",
    "read_responses",
    "tool_calls_of",
]
