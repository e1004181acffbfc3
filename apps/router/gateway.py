"""The `/v1` calls: parse, plan, execute, settle, answer.

Both fronts (the raw one in `front.py`, the DRF views in `api.py`) call the functions
here with a caller that is known, and get a reply to send.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
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
from apps.router.keeping import Keeping, exchange_of
from apps.router.limits.gate import FREE_PASS, Applicant, Ticket
from apps.router.plan import Plan, count_tokens
from apps.router.quoting import without_quotes
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
    # The caller asked for it not to be stored.
    is_private: bool = False


async def chat(
    caller: Caller, body: Body, request_id: str, *, is_private: bool = False
) -> Reply:
    """`POST /v1/chat`: choose a model, answer with what it cost and what was saved."""
    now, typed = perf_counter(), read_chat(body)
    return await serve(Arrival(caller, body, typed, request_id, now, is_private), CHAT)


async def complete(
    caller: Caller, body: Body, request_id: str, *, is_private: bool = False
) -> Reply:
    """`POST /v1/chat/completions`: OpenAI's endpoint, for its SDKs."""
    now, typed = perf_counter(), read_completion(body)
    arrival = Arrival(caller, body, typed, request_id, now, is_private)
    return await serve(arrival, COMPLETIONS)


async def debug(
    caller: Caller, body: Body, request_id: str, *, is_private: bool = False
) -> Reply:
    """`POST /v1/router/debug`: the whole decision; nobody is called, nothing kept."""
    del is_private
    runtime, typed = current(), read_chat(body)
    limits = await runtime.count_call(caller)
    decision = runtime.planner.explain(caller, typed, body)
    return JSONReply(
        encode_json({**explain(decision), "request_id": request_id}),
        [("X-Request-Id", request_id), *limits],
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
    body = for_provider(arrival.body, is_chat=dialect is CHAT)
    # From here on nothing may be left undone that the account does not settle.
    ticket = await _admit(arrival, plan, account.accepted_at, runtime)
    account.record = partial(_settle, runtime=runtime, plan=plan, ticket=ticket)
    _keep(arrival, account, runtime)
    call = Call(
        account=account,
        chain=plan.decision.chain,
        keychain=runtime.keychain(arrival.caller.org_id),
        body=body,
        max_cost_nano=plan.decision.need.max_cost_nano,
        ticket=ticket,
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


async def _admit(
    arrival: Arrival, plan: Plan, accepted_at: datetime, runtime: Runtime
) -> Ticket:
    """Pass the caller's limits, or raise RateLimitedError or BudgetExceededError."""
    limits, caller = runtime.limits_of(arrival.caller.org_id), arrival.caller
    if not runtime.gate.is_limited(caller, limits):
        return FREE_PASS
    typed, need = arrival.typed, plan.decision.need
    applicant = Applicant(
        caller=caller,
        limits=limits,
        chain=plan.decision.chain,
        body=arrival.body,
        output_limit=typed.max_completion_tokens or typed.max_tokens,
        choices=typed.n or 1,
        tokens=need.input_tokens + need.output_tokens,
        accepted_at=accepted_at,
    )
    return await runtime.gate.admit(applicant)


def _settle(account: Account, *, runtime: Runtime, plan: Plan, ticket: Ticket) -> None:
    """Journal the row first: what it cost is held until it is in the ledger."""
    try:
        runtime.recorder.record(account, plan=plan)
    finally:
        if ticket is not FREE_PASS:
            usage = account.final_usage()
            runtime.gate.settle(
                ticket,
                account.request_id,
                cost_nano=account.bill().cost_nano or 0,
                tokens=usage.prompt + usage.output,
            )


def _keep(arrival: Arrival, account: Account, runtime: Runtime) -> None:
    """Have the prompt and its answer stored, where the organization asked for it."""
    redacts = runtime.planner.snapshot.storage.get(account.org_id)
    if redacts is None or arrival.is_private:
        return
    keeping, record = Keeping(arrival.body["messages"], redacts), account.record

    def record_and_keep(settled: Account) -> None:
        record(settled)
        if (exchange := exchange_of(settled, keeping)) is not None:
            runtime.keeper.offer(exchange)

    account.hear, account.record = keeping.texts.append, record_and_keep


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
        unquoted=partial(without_quotes, arrival.body["messages"]),
    )


async def _whole(call: Call, dialect: Dialect, runtime: Runtime) -> Reply:
    account = call.account
    try:
        result = await answer(call, runtime.client)
        account.usage = result.usage
        account.finish_reason = result.finish_reason or ""
        account.output_characters = len(result.text)
        if account.hear is not None:
            account.hear(result.text)
    except AppError as problem:
        account.settle("failed", problem)
        raise
    except BaseException:
        account.settle("cancelled")
        raise
    account.settle("ok")
    await runtime.recorder.durable()
    headers = [*headers_of(account), *call.ticket.headers]
    return JSONReply(dialect.whole(account, result), headers)


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
    return StreamReply(relay, [*headers_of(account), *call.ticket.headers])


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
