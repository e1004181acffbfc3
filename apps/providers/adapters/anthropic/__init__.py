"""Anthropic's Messages protocol, seen from OpenAI's: https://docs.claude.com/en/api"""

from apps.providers.adapters.anthropic.answer import decode
from apps.providers.adapters.anthropic.events import decoder
from apps.providers.adapters.anthropic.request import encode, headers

__all__ = ["decode", "decoder", "encode", "headers"]
