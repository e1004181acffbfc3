"""From an account to the ledger's rows."""

from apps.providers.wire import Usage
from apps.router.account import Account, Try
from apps.router.engine.savings import Bill
from apps.router.rows import AttemptRow, DecisionRow, Entry, RequestRow


def entry_of(account: Account, decision: DecisionRow | None) -> Entry:
    """The rows of a settled account."""
    request = _request_row(account, account.final_usage(), account.bill())
    return Entry(request, _attempt_rows(account, request), decision)


def entry_of_opened(account: Account) -> Entry:
    """The rows of a stream as they would stand if this process died now."""
    usage = Usage(fresh=account.prompt_tokens_guess, is_estimated=True)
    served = account.answered_by
    price = served.candidate.price if served else None
    cost = price.cost_of(usage) if price else None
    if cost is not None:
        cost += account.beside_nano()
    request = _request_row(account, usage, Bill(cost, None))
    return Entry(request, _attempt_rows(account, request), None)


def _request_row(account: Account, usage: Usage, bill: Bill) -> RequestRow:
    served, notes = account.answered_by, account.notes
    offer = served.candidate if served else None
    return RequestRow(
        org_id=account.org_id.hex,
        id=account.request_id.hex,
        created_at=int(account.accepted_at.timestamp() * 1_000_000),
        key_id=account.key_id.hex if account.key_id else None,
        decision_id=account.decision_id.hex if account.decision_id else None,
        model_id=offer.model_id.hex if offer else None,
        provider=offer.provider if offer else "",
        model=offer.model if offer else "",
        baseline_model=account.baseline_model,
        task=account.task,
        endpoint=account.endpoint,
        status=account.status or "cancelled",
        error_code=account.error_code,
        finish_reason=account.finish_reason,
        is_test=account.is_test,
        is_stream=account.is_stream,
        is_estimated=usage.is_estimated,
        input_tokens=usage.prompt,
        cached_tokens=usage.cache_read,
        written_tokens=usage.cache_write_5m + usage.cache_write_1h,
        output_tokens=usage.output,
        reasoning_tokens=usage.reasoning,
        cost_nano=bill.cost_nano,
        baseline_nano=bill.baseline_nano,
        latency_ms=account.latency_ms or round(account.elapsed_ms()),
        first_token_ms=account.first_token_ms,
        attempts=len(account.tries),
        key_kind=account.answering.key_kind if account.answering else "",
        alias=notes.alias,
        tags=notes.tags,
        purpose=notes.purpose,
        run_id=notes.run_id,
        step=notes.step,
        cache=notes.cache,
        cache_saved_nano=notes.cache_saved_nano,
        experiment_id=notes.experiment_id.hex if notes.experiment_id else None,
        arm=notes.arm,
        adjusted=" ".join(notes.adjusted),
        session=notes.session,
        tool_calls=notes.tool_calls,
    )


def _attempt_rows(account: Account, request: RequestRow) -> list[AttemptRow]:
    answering = account.answering
    rows = []
    for attempt in account.tries:
        if attempt is answering:
            charge = _answers_charge(account, request)
        else:
            charge = _charge(attempt.usage or Usage(), attempt.cost_nano)
        rows.append(_attempt_row(account, attempt, request, charge))
    return rows


type Charge = tuple[int | None, str, int, int]


def _answers_charge(account: Account, request: RequestRow) -> Charge:
    """What the request cost, less what its other attempts did: so their sum is it."""
    cost = request.cost_nano
    own = None if cost is None else cost - account.beside_nano()
    raw = account.usage.raw if account.usage else ""
    return own, raw, request.input_tokens, request.output_tokens


def _charge(usage: Usage, cost_nano: int | None) -> Charge:
    return cost_nano, usage.raw, usage.prompt, usage.output


def _attempt_row(
    account: Account, attempt: Try, request: RequestRow, charge: Charge
) -> AttemptRow:
    offer = attempt.scored.candidate
    cost_nano, raw_usage, input_tokens, output_tokens = charge
    return AttemptRow(
        org_id=request.org_id,
        # Made from the request's own id, so that a row shipped twice is one row.
        id=f"{account.request_id.int ^ attempt.number:032x}",
        created_at=request.created_at,
        request_id=request.id,
        number=attempt.number,
        offer_id=offer.offer_id.hex,
        provider=offer.provider,
        model=offer.model,
        outcome=attempt.outcome,
        http_status=attempt.http_status,
        message=attempt.message,
        started_ms=attempt.started_ms,
        duration_ms=attempt.duration_ms,
        cost_nano=cost_nano,
        raw_usage=raw_usage,
        key_kind=attempt.key_kind,
        is_hedge=attempt.is_hedge,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )
