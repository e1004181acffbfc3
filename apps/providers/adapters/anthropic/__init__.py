"""Anthropic's Messages protocol, seen from OpenAI's: https://platform.claude.com/docs

`NATIVE` is for a caller who speaks it too: the answer stays as it came.
"""

from apps.providers.adapters.adapter import Speaker
from apps.providers.adapters.anthropic.answer import decode, decode_native
from apps.providers.adapters.anthropic.events import decoder, native_decoder
from apps.providers.adapters.anthropic.native import FOREIGN_SIGNATURE
from apps.providers.adapters.anthropic.request import encode, headers

NATIVE = Speaker(headers, encode, decode_native, native_decoder)

__all__ = [
    "FOREIGN_SIGNATURE",
    "NATIVE",
    "decode",
    "decoder",
    "encode",
    "headers",
]
