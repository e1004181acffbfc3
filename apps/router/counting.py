"""How many tokens a prompt has: asked of who knows it, else estimated.

A provider of Anthropic's protocol counts for nothing; of others only the answer tells.
The estimate is that of the router's choice: four characters a token.
"""

from dataclasses import dataclass
from typing import Any, Final

from apps.providers.adapters.anthropic.counting import count_call, read_count
from apps.providers.errors import UpstreamError
from apps.providers.wire import ChatRequest
from apps.router.arrivals import Arrival
from apps.router.engine.need import Candidate
from apps.router.plan import CHARACTERS_PER_TOKEN, count_tokens
from apps.router.replies import encode_json
from apps.router.runtime import Runtime
from apps.router.ways import Way

# A client asks before it sends, so waiting long helps nobody.
PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Counted:
    tokens: int
    is_estimated: bool


async def counted_tokens(arrival: Arrival, runtime: Runtime) -> Counted:
    """The count for the model that would be called; raises an AppError without one."""
    planner, caller = runtime.planner, arrival.caller
    course = planner.course(caller, arrival.inbound)
    plan = planner.plan(caller, arrival.inbound, course)
    offer = plan.decision.chain[0].candidate
    ways = runtime.keychain(caller.org_id).ways_to(offer.provider)
    if ways and ways[0].endpoint.protocol == "anthropic" and not caller.is_test:
        try:
            tokens = await _asked(arrival, runtime, offer, ways[0])
            return Counted(tokens, is_estimated=False)
        except UpstreamError:
            pass  # an estimate is better than no answer
    return Counted(estimated(arrival.body), is_estimated=True)


async def _asked(arrival: Arrival, runtime: Runtime, offer: Candidate, way: Way) -> int:
    request = ChatRequest(offer.upstream_id, {}, native=arrival.native)
    call = count_call(way.endpoint, request)
    raw = await runtime.client.ask(way.endpoint, call, timeout_s=PATIENCE_S)
    return read_count(raw)


def estimated(body: dict[str, Any]) -> int:
    """About how many tokens a prompt in OpenAI's shape has, its tools included."""
    tools = body.get("tools")
    described = len(encode_json(tools)) // CHARACTERS_PER_TOKEN if tools else 0
    return count_tokens(body["messages"]) + described
