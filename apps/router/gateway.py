"""The `/v1` calls: parse, plan, execute, settle, answer.

Both fronts (the raw one in `front.py`, the DRF views in `api.py`) call the functions
here with a caller that is known, and get a reply to send.
"""

from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

from apps.accounts.keys import Caller
from apps.kit.errors import AppError
from apps.kit.ids import uuid7
from apps.router.account import Account
from apps.router.arrivals import Arrival, Options
from apps.router.bodies import Inbound, read_chat, read_completion
from apps.router.dialects import (
    AGENT_STEP,
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    Dialect,
    tool_calls_of,
)
from apps.router.embedding_bodies import read_embedding
from apps.router.enrolment import planned
from apps.router.execute import Call, answer, open_stream
from apps.router.explained import explain
from apps.router.following import context_of, follow, learning_state
from apps.router.keeping import Keeping, exchange_of
from apps.router.limits.gate import FREE_PASS, Applicant, Ticket
from apps.router.opening import open_account
from apps.router.plan import Plan
from apps.router.recall import (
    MISS,
    Hit,
    Memory,
    Replay,
    book,
    memory_of,
    result_of,
)
from apps.router.relay import Relay
from apps.router.replies import ByteStream, JSONReply, Reply, StreamReply, encode_json
from apps.router.runtime import Runtime, current
from apps.router.steering import Course
from apps.router.steps import read_step

Body = dict[str, Any]


async def chat(
    caller: Caller, body: Body, request_id: str, options: Options | None = None
) -> Reply:
    """`POST /v1/chat`: choose a model, answer with what it cost and what was saved."""
    now, inbound = perf_counter(), read_chat(body)
    return await serve(
        Arrival(caller, inbound, request_id, now, options or Options()), CHAT
    )


async def agent_step(
    caller: Caller, body: Body, request_id: str, options: Options | None = None
) -> Reply:
    """`POST /v1/agent-step`: the same for one step of an agent's run."""
    now, inbound = perf_counter(), read_step(body)
    return await serve(
        Arrival(caller, inbound, request_id, now, options or Options()), AGENT_STEP
    )


async def complete(
    caller: Caller, body: Body, request_id: str, options: Options | None = None
) -> Reply:
    """`POST /v1/chat/completions`: OpenAI's endpoint, for its SDKs."""
    now, inbound = perf_counter(), read_completion(body)
    return await serve(
        Arrival(caller, inbound, request_id, now, options or Options()), COMPLETIONS
    )


async def embed(
    caller: Caller, body: Body, request_id: str, options: Options | None = None
) -> Reply:
    """`POST /v1/embeddings`: vectors of the model that is named."""
    now, inbound = perf_counter(), read_embedding(body)
    arrival = Arrival(caller, inbound, request_id, now, options or Options())
    return await serve(arrival, EMBEDDINGS)


async def debug(
    caller: Caller, body: Body, request_id: str, options: Options | None = None
) -> Reply:
    """`POST /v1/router/debug`: the whole decision; nobody is called, nothing kept."""
    runtime, inbound = current(), read_chat(body)
    limits = await runtime.count_call(caller)
    arrival = Arrival(caller, inbound, request_id, perf_counter(), options or Options())
    context = await context_of(arrival, runtime)
    planner = runtime.planner
    decision = planner.explain(caller, inbound, context)
    return JSONReply(
        encode_json(
            {
                **explain(decision),
                "learning": learning_state(planner.snapshot, caller.org_id),
                "request_id": request_id,
            }
        ),
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
    dialect = await dialect.for_call(arrival)
    arrival.context = await context_of(arrival, runtime)
    course = runtime.planner.course(arrival.caller, arrival.inbound)
    if course.rules.second_look:
        await runtime.second_looks.look(arrival, course, _serve_own)
    course, plan, enrolment = planned(arrival, course, runtime.planner)
    if arrival.inbound.run_id:
        await _number(arrival, runtime)
    account = open_account(arrival, plan, course, dialect, runtime)
    if enrolment is not None:
        account.notes.experiment_id = enrolment.trial.id
        account.notes.arm = enrolment.arm.name
    memory = memory_of(arrival, course, dialect.endpoint, runtime)
    if memory and (hit := await memory.find(runtime.planner.snapshot)):
        return await _recall(hit, arrival, account, dialect, runtime)
    # From here on nothing may be left undone that the account does not settle.
    ticket = await _admit(arrival, plan, course, account.accepted_at, runtime)
    account.record = partial(_settle, runtime=runtime, plan=plan, ticket=ticket)
    _keep(arrival, account, runtime)
    follow(arrival, account, runtime)
    if enrolment is not None and enrolment.trial.kind == "shadow":
        runtime.shadows.follow(
            arrival, course.rules, account, enrolment.trial, _serve_own
        )
    call = Call(
        account=account,
        chain=plan.decision.chain,
        keychain=runtime.keychain(arrival.caller.org_id),
        body=arrival.inbound.sent,
        native=arrival.native,
        adjusted=arrival.inbound.wishes.dropped,
        is_strict=plan.decision.need.rules.require_parameters,
        is_embedding=arrival.inbound.is_embedding,
        max_cost_nano=plan.decision.need.max_cost_nano,
        ticket=ticket,
        deadline=arrival.accepted + runtime.deadline_s,
        attempt_timeout_s=runtime.attempt_timeout_s,
        health=runtime.health,
        may_hedge=_may_hedge(arrival, plan),
    )
    if typed.stream:
        return await _stream(call, dialect, runtime, memory)
    return await _whole(call, dialect, runtime, memory)


async def _number(arrival: Arrival, runtime: Runtime) -> None:
    """Note which step of which run it is; who gives no number gets the next one."""
    inbound, options = arrival.inbound, arrival.options
    options.run_id, options.step = inbound.run_id, inbound.step
    if options.step is None:
        options.step = await runtime.steps.next_step(
            arrival.caller.org_id, inbound.run_id, runtime.gate.rates.link
        )


async def _serve_own(arrival: Arrival) -> Reply:
    return await serve(arrival, COMPLETIONS)


async def _recall(
    hit: Hit, arrival: Arrival, account: Account, dialect: Dialect, runtime: Runtime
) -> Reply:
    """Give a stored answer: no provider is asked, and only requests are counted."""
    limits = await runtime.count_call(arrival.caller)
    book(account, hit)
    _keep(arrival, account, runtime)
    if hit.stored.parts is not None:
        replay = Replay(account, hit.stored.parts, dialect, runtime.recorder)
        return StreamReply(replay, [*headers_of(account), *hit.headers(), *limits])
    result = result_of(hit.stored)
    account.usage = result.usage
    if account.hear is not None:
        account.hear(result.text)
    account.settle("ok")
    await runtime.recorder.durable()
    body = dialect.whole(account, result)
    if dialect.before_end is not None:
        body = await dialect.before_end(account, body)
    return JSONReply(body, [*headers_of(account), *hit.headers(), *limits])


def _may_hedge(arrival: Arrival, plan: Plan) -> bool:
    """Both of two requests are billed, so somebody must have asked for speed at that
    price: the request itself, its alias or its organization.
    """
    need, asked = plan.decision.need, arrival.typed.hedge
    if need.latency_pref != "fast" or need.is_test or len(plan.decision.chain) < 2:
        return False
    return need.rules.hedge if asked is None else asked


async def _admit(
    arrival: Arrival,
    plan: Plan,
    course: Course,
    accepted_at: datetime,
    runtime: Runtime,
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
        output_limit=_output_limit(arrival.inbound),
        choices=typed.n or 1,
        tokens=need.input_tokens + need.output_tokens,
        accepted_at=accepted_at,
        alias_id=course.alias.id if course.alias else None,
        attempts=2 if _may_hedge(arrival, plan) else 1,
    )
    return await runtime.gate.admit(applicant)


def _output_limit(inbound: Inbound) -> int | None:
    if inbound.is_embedding:
        return 0
    return inbound.typed.max_completion_tokens or inbound.typed.max_tokens


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
    """Have the prompt and its answer stored, where the organization asked for it.

    The rules can forbid it, and take out more than the organization does.
    """
    redacts = runtime.planner.snapshot.storage.get(account.org_id)
    if redacts is None or arrival.options.is_private:
        return
    if arrival.options.redacts:
        redacts = redacts.union(arrival.options.redacts)
    keeping, record = Keeping(arrival.body["messages"], redacts), account.record

    def record_and_keep(settled: Account) -> None:
        record(settled)
        if (exchange := exchange_of(settled, keeping)) is not None:
            runtime.keeper.offer(exchange)

    account.hear, account.record = keeping.texts.append, record_and_keep


async def _whole(
    call: Call, dialect: Dialect, runtime: Runtime, memory: Memory | None
) -> Reply:
    account = call.account
    try:
        result = await answer(call, runtime.client)
        account.usage = result.usage
        account.finish_reason = result.finish_reason or ""
        account.output_characters = len(result.text)
        if account.notes.run_id:
            account.notes.tool_calls = len(tool_calls_of(result))
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
    if memory is not None:
        memory.keep(account, result=result)
        headers += MISS
    body = dialect.whole(account, result)
    if dialect.before_end is not None:
        body = await dialect.before_end(account, body)
    return JSONReply(body, headers)


async def _stream(
    call: Call, dialect: Dialect, runtime: Runtime, memory: Memory | None
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
    headers = [*headers_of(account), *call.ticket.headers]
    if memory is not None:
        opened = memory.listen(opened, account)
        headers += MISS
    return StreamReply(Relay(account, opened, dialect, runtime.recorder), headers)


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
    if account.notes.adjusted:
        headers.append(("X-ModelOptix-Adjusted", " ".join(account.notes.adjusted)))
    return headers
