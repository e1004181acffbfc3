"""Streams that are remembered as they pass by, and callers who leave them."""

from collections.abc import AsyncGenerator

from apps.providers.wire import StreamPart
from apps.router.answer_cache import AnswerCache, Spot
from apps.router.cache_keys import Wish
from apps.router.execute import OpenStream
from apps.router.pool import Database
from apps.router.recall import Memory
from apps.router.semantic_cache import SemanticCache
from tests.router.accounts import make_account
from tests.router.engine.offers import scored

URL = "redis://127.0.0.1:1"


async def test_a_stream_that_is_left_before_its_first_part_is_closed_at_once() -> None:
    account = make_account()
    is_closed = False

    async def upstream() -> AsyncGenerator[StreamPart]:
        nonlocal is_closed
        try:
            while True:
                yield StreamPart(data=b"data: {}\n\n", is_token=True)
        finally:
            is_closed = True

    rest = upstream()
    held = [await anext(rest)]
    attempt = account.begin(scored("a/one", usd=("1", "1")))
    memory = Memory(
        AnswerCache.at(URL),
        SemanticCache(Database("")),
        Spot(account.org_id, "-", "digest"),
        Wish(60),
    )
    noted = memory.listen(OpenStream(attempt, held, rest), account)

    await noted.rest.aclose()

    assert is_closed
