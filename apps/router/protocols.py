"""The calls of other protocols: Anthropic's Messages, OpenAI's Responses."""

from dataclasses import replace
from time import perf_counter
from typing import Any, Final

from apps.accounts.keys import Caller
from apps.router.arrivals import Arrival, Options
from apps.router.conversations import meet
from apps.router.counting import counted_tokens
from apps.router.dialects import MESSAGES, read_count, read_messages
from apps.router.dialects import responses as spoken
from apps.router.gateway import serve
from apps.router.replies import JSONReply, Reply, encode_json
from apps.router.runtime import current

Body = dict[str, Any]
# What a conversation needs that is kept lies outside the dialect.
RESPONSES: Final = replace(spoken.RESPONSES, meet=meet)


async def messages(
    caller: Caller, body: Body, request_id: str, options: Options
) -> Reply:
    """`POST /v1/messages`: Anthropic's endpoint, for its SDKs."""
    now, inbound = perf_counter(), read_messages(body)
    return await serve(Arrival(caller, inbound, request_id, now, options), MESSAGES)


async def count(caller: Caller, body: Body, request_id: str, options: Options) -> Reply:
    """`POST /v1/messages/count_tokens`: how long a prompt is, before it is sent."""
    runtime, inbound = current(), read_count(body)
    limits = await runtime.count_call(caller)
    arrival = Arrival(caller, inbound, request_id, perf_counter(), options)
    counted = await counted_tokens(arrival, runtime)
    answer = {"input_tokens": counted.tokens, "estimated": counted.is_estimated}
    return JSONReply(encode_json(answer), [("X-Request-Id", request_id), *limits])


async def respond(
    caller: Caller, body: Body, request_id: str, options: Options
) -> Reply:
    """`POST /v1/responses`: OpenAI's newer endpoint, for its SDKs."""
    now, inbound = perf_counter(), spoken.read_responses(body)
    return await serve(Arrival(caller, inbound, request_id, now, options), RESPONSES)
