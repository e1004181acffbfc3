"""The `/v1` calls: parse, plan, execute, settle, answer.

Both fronts (the raw one in `front.py`, the DRF views in `api.py`) call the functions
here with a caller that is known, and get a reply to send.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

from apps.accounts.keys import Caller
from apps.kit.clock import utc_now
from apps.kit.errors import AppError, NotFoundError
from apps.kit.ids import uuid7
from apps.router.account import Account
from apps.router.bodies import ChatBody, for_provider, read_chat, read_completion
from apps.router.dialects import CHAT, COMPLETIONS, Dialect
from apps.router.execute import Call, answer, open_stream
from apps.router.explained import explain
from apps.router.plan import Plan, count_tokens
from apps.router.relay import Relay
from apps.router.replies import ByteStream, JSONReply, Reply, StreamReply, encode_json
from apps.router.runtime import Runtime, current

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call as it came in: its body raw and typed, and when it was accepted."""

    caller: Caller
    body: Body
    typed: ChatBody
    request_id: str
    accepted: float  # perf_counter


async def chat(caller: Caller, body: Body, request_id: str) -> Reply:
    """`POST /v1/chat`: choose a model, answer with what it cost and what was saved."""
    typed = read_chat(body)
    return await serve(Arrival(caller, body, typed, request_id, perf_counter()), CHAT)


async def complete(caller: Caller, body: Body, request_id: str) -> Reply:
    """`POST /v1/chat/completions`: OpenAI's endpoint, for its SDKs."""
    typed = read_completion(body)
    arrival = Arrival(caller, body, typed, request_id, perf_counter())
    return await serve(arrival, COMPLETIONS)


async def debug(caller: Caller, body: Body, request_id: str) -> Reply:
    """`POST /v1/router/debug`: the whole decision; nobody is called."""
    decision = current().planner.explain(caller, read_chat(body), body)
    return JSONReply(
        encode_json({**explain(decision), "request_id": request_id}),
        [("X-Request-Id", request_id)],
    )


async def playground(*, org_id: UUID, body: Body) -> ByteStream:
    """The playground's stream: a `/v1/chat` call of a signed-in member, no key."""
    caller = Caller.of_member(org_id)
    reply = await chat(caller, {**body, "stream": True}, str(uuid7()))
    assert isinstance(reply, StreamReply)  # noqa: S101  # because stream is set above
    return reply.events


async def serve(arrival: Arrival, dialect: Dialect) -> Reply:
    """Plan, execute and settle one call; raises an AppError when it cannot be."""
    runtime, typed = current(), arrival.typed
    _refuse_alias(typed)
    plan = runtime.planner.plan(arrival.caller, typed, arrival.body)
    account = _open_account(arrival, plan, dialect, runtime)
    call = Call(
        account=account,
        chain=plan.decision.chain,
        endpoints=runtime.planner.snapshot.endpoints,
        body=for_provider(arrival.body, is_chat=dialect is CHAT),
        max_cost_nano=plan.decision.need.max_cost_nano,
        deadline=arrival.accepted + runtime.deadline_s,
        attempt_timeout_s=runtime.attempt_timeout_s,
    )
    if typed.stream:
        wants_usage = bool(typed.stream_options and typed.stream_options.include_usage)
        return await _stream(call, dialect, runtime, wants_usage=wants_usage)
    return await _whole(call, dialect, runtime)


def _refuse_alias(body: ChatBody) -> None:
    if body.alias:
        raise NotFoundError(f"There is no alias {body.alias!r}.", param="alias")


def _open_account(
    arrival: Arrival, plan: Plan, dialect: Dialect, runtime: Runtime
) -> Account:
    snapshot = runtime.planner.snapshot
    elapsed = perf_counter() - arrival.accepted
    return Account(
        request_id=UUID(arrival.request_id),
        org_id=arrival.caller.org_id,
        key_id=arrival.caller.key_id,
        endpoint=dialect.endpoint,
        accepted_at=utc_now() - timedelta(seconds=elapsed),
        started=arrival.accepted,
        is_test=arrival.caller.is_test,
        is_stream=bool(arrival.typed.stream),
        task=plan.decision.need.task,
        decision_id=plan.decision_id,
        baseline_model=plan.baseline_model,
        baseline=snapshot.baselines.get(plan.baseline_model),
        prompt_tokens_guess=count_tokens(arrival.body["messages"]),
        record=partial(runtime.recorder.record, plan=plan),
    )


async def _whole(call: Call, dialect: Dialect, runtime: Runtime) -> Reply:
    account = call.account
    try:
        result = await answer(call, runtime.client)
        account.usage = result.usage
        account.finish_reason = result.finish_reason or ""
        account.output_characters = len(result.text)
    except AppError as problem:
        account.settle("failed", problem)
        raise
    except BaseException:
        account.settle("cancelled")
        raise
    account.settle("ok")
    await runtime.recorder.durable()
    return JSONReply(dialect.whole(account, result), headers_of(account))


async def _stream(
    call: Call, dialect: Dialect, runtime: Runtime, *, wants_usage: bool
) -> Reply:
    account = call.account
    try:
        opened = await open_stream(call, runtime.client)
    except AppError as problem:
        account.settle("failed", problem)
        raise
    except BaseException:
        account.settle("cancelled")
        raise
    runtime.recorder.open(account)
    relay = Relay(account, opened, dialect, runtime.recorder, wants_usage=wants_usage)
    return StreamReply(relay, headers_of(account))


def headers_of(account: Account) -> list[tuple[str, str]]:
    """The response headers of PRODUCT.md section 12; the cost once it is known."""
    served = account.answered_by
    headers = [("X-Request-Id", str(account.request_id))]
    if served is not None:
        headers += [
            ("X-ModelOptix-Model", served.candidate.model),
            ("X-ModelOptix-Provider", served.candidate.provider),
        ]
    overhead = max(0.0, account.elapsed_ms() - account.upstream_ms)
    headers += [
        ("X-ModelOptix-Attempts", str(len(account.tries))),
        ("X-ModelOptix-Overhead-Ms", f"{overhead:.2f}"),
    ]
    if account.status is not None and (cost := account.bill().cost_nano) is not None:
        headers.append(("X-ModelOptix-Cost", f"{cost / 1e9:.9f}"))
    return headers
