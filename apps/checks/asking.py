"""One call for a check through the router: held, metered, never a key's own limits.

The organization's policy holds as for any other request, and the model that is named
answers or nobody does: a stand-in's answer would be taken for its own.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import msgspec

from apps.accounts.key_rules import MOST_REQUESTS
from apps.accounts.keys import Caller
from apps.checks.cells import LONGEST_ERROR, Given
from apps.checks.limits import TIMEOUT_S
from apps.kit.errors import AppError
from apps.kit.money import from_nano
from apps.router import gateway
from apps.router.arrivals import Arrival, Options
from apps.router.bodies import Inbound, read_completion
from apps.router.dialects import COMPLETIONS
from apps.router.engine.rules import Rules
from apps.router.limits.estimate import Size, range_of
from apps.router.plan import Planner
from apps.router.replies import JSONReply, Reply

COST_HEADER: Final = "X-ModelOptix-Cost"
PROVIDER_HEADER: Final = "X-ModelOptix-Provider"


class UnpricedError(Exception):
    """Nobody knows what a call may cost, so no ceiling can hold it."""


@dataclass(frozen=True, slots=True)
class Way:
    """Who may get a call of this model, and what it costs at the most."""

    providers: tuple[str, ...]
    most_usd: Decimal


def caller_of(org_id: UUID) -> Caller:
    """The organization itself: no key of its own, whose limits it would use up."""
    return replace(Caller.of_member(org_id), requests_per_minute=MOST_REQUESTS)


def inbound_of(body: Mapping[str, Any], model: str) -> Inbound:
    inbound = read_completion({**body, "model": model})
    inbound.rules = Rules(forced=model, allow_fallbacks=False)
    return inbound


def way_of(planner: Planner, org_id: UUID, body: Mapping[str, Any], model: str) -> Way:
    """Who would answer, under the organization's policy.

    Raises an AppError when nobody may or can, and UnpricedError without a price.
    """
    inbound = inbound_of(body, model)
    caller = caller_of(org_id)
    plan = planner.plan(caller, inbound, planner.course(caller, inbound))
    chain = plan.decision.chain
    if any(scored.candidate.price is None for scored in chain):
        raise UnpricedError(model)
    size = Size.of(inbound.body, limit=body["max_tokens"], choices=1)
    most = range_of(chain, size, smallest_budget=0).least
    providers = tuple(dict.fromkeys(s.candidate.provider for s in chain))
    return Way(providers, from_nano(max(1, most)))


async def ask(
    org_id: UUID,
    request_id: UUID,
    body: Mapping[str, Any],
    *,
    model: str,
    most_usd: Decimal,
    purpose: str,
) -> Given:
    """The answer, or the error in its place; a timeout's cost is left to the ledger."""
    began = perf_counter()
    limited = {**body, "max_cost": float(most_usd)}
    # Nothing of it is kept beside the check's own rows, and no stored answer counts.
    options = Options(is_private=True, cache="off", purpose=purpose)
    arrival = Arrival(
        caller_of(org_id), inbound_of(limited, model), str(request_id), began, options
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reply = await gateway.serve(arrival, COMPLETIONS)
    except TimeoutError:
        waited = f"No answer within {TIMEOUT_S:g} seconds."
        return Given(request_id, error=waited, latency_ms=_since(began))
    return _given(request_id, reply, _since(began))


def problem_in(request_id: UUID, problem: AppError) -> Given:
    """An error as it stands in an answer's place; what it cost the ledger will say."""
    return Given(request_id, error=problem.message[:LONGEST_ERROR])


def _given(request_id: UUID, reply: Reply, latency_ms: float) -> Given:
    if not isinstance(reply, JSONReply):
        return Given(request_id, error="The answer cannot be read.")
    body = msgspec.json.decode(reply.body)
    choice = (body.get("choices") or [{}])[0]
    content = (choice.get("message") or {}).get("content")
    usage = body.get("usage") or {}
    headers = dict(reply.headers)
    cost = headers.get(COST_HEADER)
    text = content if isinstance(content, str) else ""
    return Given(
        request_id,
        text=text.replace("\0", "\ufffd").encode("utf-8", "replace").decode(),
        error="" if text.strip() else "The answer is empty.",
        finish_reason=str(choice.get("finish_reason") or "")[:40],
        provider=headers.get(PROVIDER_HEADER, "")[:100],
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        cost_usd=None if cost is None else Decimal(cost),
        latency_ms=latency_ms,
    )


def _since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 1)
