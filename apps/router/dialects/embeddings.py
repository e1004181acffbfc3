"""How `/v1/embeddings` words its answers: as OpenAI does, with the cost."""

from apps.providers.wire import ChatResult
from apps.router.account import Account
from apps.router.dialects.completions import PLAIN
from apps.router.dialects.costs import with_cost
from apps.router.dialects.dialect import Dialect


def _whole(account: Account, result: ChatResult) -> bytes:
    return with_cost(result.raw, result.body, account)


# Vectors are never streamed.
EMBEDDINGS = Dialect("/v1/embeddings", _whole, PLAIN.stream)
