"""OpenAI's Responses protocol, for a caller who speaks it too.

https://platform.openai.com/docs/api-reference/responses
"""

from apps.providers.adapters.adapter import Speaker
from apps.providers.adapters.openai import headers
from apps.providers.adapters.responses.answer import decode
from apps.providers.adapters.responses.events import decoder
from apps.providers.adapters.responses.request import FOREIGN_SEAL, encode

NATIVE = Speaker(headers, encode, decode, decoder)

__all__ = ["FOREIGN_SEAL", "NATIVE", "decode", "decoder", "encode", "headers"]
