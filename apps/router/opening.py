"""Open the account of a call: everything its row will say that is known beforehand."""

from datetime import timedelta
from functools import partial
from time import perf_counter
from uuid import UUID

from apps.kit.clock import utc_now
from apps.router.account import Account, Notes
from apps.router.affinity import session_of
from apps.router.arrivals import Arrival
from apps.router.dialects import Dialect
from apps.router.plan import Plan, count_tokens
from apps.router.quoting import without_quotes
from apps.router.runtime import Runtime
from apps.router.steering import Course


def open_account(
    arrival: Arrival,
    plan: Plan,
    course: Course,
    dialect: Dialect,
    runtime: Runtime,
) -> Account:
    """The account of a call that is planned; its row goes to this process's journal."""
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
        watch=runtime.health,
        unquoted=partial(without_quotes, arrival.body["messages"]),
        notes=_notes(arrival, course),
    )


def _notes(arrival: Arrival, course: Course) -> Notes:
    options, caller = arrival.options, arrival.caller
    return Notes(
        alias=course.alias.name if course.alias else "",
        tags=" ".join(caller.tags) if caller.tags else "",
        purpose=options.purpose,
        run_id=options.run_id,
        step=options.step,
        tool_calls=0 if options.run_id else None,
        session=session_of(arrival),
        experiment_id=options.experiment_id,
        arm=options.arm,
    )
