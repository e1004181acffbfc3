"""The ledger's rows as the recorder writes, journals and ships them.

Arrays on the wire, because field names would be most of a journal line. Units are
integers: money in nano-dollars, moments in microseconds since 1970 (UTC). An id is
any text form of a UUID; `.hex` is the cheapest to make.

A row's `created_at` is part of its key, so it is set once, when the row is made:
that is what lets a segment be shipped twice and counted once.
"""

import msgspec


class RequestRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One customer call; `models.RoutedRequest` says what each field means."""

    org_id: str
    id: str
    created_at: int
    key_id: str | None
    decision_id: str | None
    model_id: str | None
    provider: str
    model: str
    baseline_model: str
    task: str
    endpoint: str
    status: str
    error_code: str
    finish_reason: str
    is_test: bool
    is_stream: bool
    is_estimated: bool
    input_tokens: int  # the whole prompt; cached and written are parts of it
    cached_tokens: int
    written_tokens: int
    output_tokens: int  # everything generated; reasoning is a part of it
    reasoning_tokens: int
    cost_nano: int | None
    baseline_nano: int | None
    latency_ms: int
    first_token_ms: int | None
    attempts: int
    # From here on with defaults, so that a segment which an earlier release wrote is
    # still read. Whose provider key answered:
    key_kind: str = ""
    alias: str = ""
    tags: str = ""
    purpose: str = "call"
    run_id: str = ""
    step: int | None = None
    cache: str = ""
    cache_saved_nano: int | None = None
    experiment_id: str | None = None
    arm: str = ""
    adjusted: str = ""
    session: str = ""
    tool_calls: int | None = None


class AttemptRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One try at one offer; `created_at` is that of its request."""

    org_id: str
    id: str
    created_at: int
    request_id: str
    number: int
    offer_id: str | None
    provider: str
    model: str
    outcome: str
    http_status: int | None
    message: str
    started_ms: int
    duration_ms: int
    cost_nano: int | None
    raw_usage: str
    key_kind: str = ""
    is_hedge: bool = False
    input_tokens: int = 0
    output_tokens: int = 0


class DecisionRow(msgspec.Struct, array_like=True, frozen=True):
    """Why a model was chosen; `created_at` is the first moment of its month."""

    org_id: str
    id: str
    created_at: int
    content: msgspec.Raw  # JSON, copied into the journal line as it is


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """One journal line: a request with its attempts, and its decision when new."""

    request: RequestRow
    attempts: list[AttemptRow]
    decision: DecisionRow | None = None
