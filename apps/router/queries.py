"""Reads of the ledger for pages and the API; the organization is the one in scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Concat

from apps.router.models import Attempt, RoutedRequest, RoutingDecision
from apps.router.usage import (
    MODES,
    Mode,
    UsageFilter,
    UsageLine,
    UsageReport,
    key_names,
    usage,
)
from apps.tenancy.scope import require_org_id

__all__ = [
    "Mode",
    "RequestDetail",
    "RequestFilter",
    "RequestLine",
    "RequestPage",
    "UsageFilter",
    "UsageLine",
    "UsageReport",
    "recent_requests",
    "request_detail",
    "usage",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests to list; what is empty does not filter."""

    model: str = ""
    provider: str = ""
    status: str = ""
    task: str = ""
    key_id: UUID | None = None
    alias: str = ""
    tag: str = ""
    cache: str = ""  # "exact", "semantic", "hit" (either) or "none"
    purpose: str = ""
    experiment_id: UUID | None = None
    run_id: str = ""
    cost_from: Decimal | None = None  # US dollars
    latency_from_ms: int | None = None
    # The beginning of an id, hexadecimal digits alone.
    id_starts: str = ""
    mode: Mode = "all"
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One row of the ledger with what its page shows beside it."""

    request: RoutedRequest
    key_name: str

    @property
    def savings_usd(self) -> Decimal | None:
        cost, baseline = self.request.cost_usd, self.request.baseline_usd
        return None if cost is None or baseline is None else baseline - cost

    @property
    def tags(self) -> list[str]:
        return self.request.tags.split()

    @property
    def adjusted(self) -> list[tuple[str, str]]:
        """What was changed of the request: ("dropped", "top_k") and so on."""
        changes = [one.partition(":") for one in self.request.adjusted.split()]
        return [(how, name) for how, _, name in changes]


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Requests, newest first; `next_cursor` is empty on the last page."""

    lines: Sequence[RequestLine]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """Everything that is known of one request."""

    line: RequestLine
    attempts: Sequence[Attempt]
    decision: dict[str, Any] | None

    @property
    def request(self) -> RoutedRequest:
        return self.line.request

    @property
    def hedges(self) -> int:
        """How many of the attempts were sent beside a late one."""
        return sum(attempt.is_hedge for attempt in self.attempts)


def recent_requests(
    wanted: RequestFilter, *, cursor: str = "", size: int = 50
) -> RequestPage:
    """One page of the request log; raises ValueError for a cursor we did not make."""
    rows = _filtered(wanted)
    if cursor:
        moment, last_id = _read_cursor(cursor)
        older = Q(created_at__lt=moment) | Q(created_at=moment, id__lt=last_id)
        # The plain bound is what the index is entered by.
        rows = rows.filter(older, created_at__lte=moment)
    found = list(rows.order_by("-created_at", "-id")[: size + 1])
    has_more = len(found) > size
    return RequestPage(
        _lines(found[:size]), _make_cursor(found[size - 1]) if has_more else ""
    )


def _lines(rows: Sequence[RoutedRequest]) -> list[RequestLine]:
    names = key_names(row.key_id for row in rows)
    return [RequestLine(row, names[row.key_id]) for row in rows]


def _filtered(wanted: RequestFilter) -> QuerySet[RoutedRequest]:
    names = (
        *("model", "provider", "status", "task", "key_id"),
        *("alias", "purpose", "experiment_id", "run_id"),
    )
    exact = {name: one for name in names if (one := getattr(wanted, name))}
    rows = RoutedRequest.objects.filter(org_id=require_org_id(), **exact)
    if wanted.mode != "all":
        rows = rows.filter(is_test=MODES[wanted.mode][0])
    if wanted.tag:
        # Tags stand between spaces, and none has one inside.
        rows = rows.annotate(
            spaced=Concat(Value(" "), "tags", Value(" "), output_field=TextField())
        )
        rows = rows.filter(spaced__contains=f" {wanted.tag} ")
    if wanted.cache:
        rows = rows.filter(_CACHE.get(wanted.cache, Q(cache=wanted.cache)))
    return rows.filter(**_ranges(wanted))


_CACHE: Final = {"hit": ~Q(cache=""), "none": Q(cache="")}


def _ranges(wanted: RequestFilter) -> dict[str, Any]:
    """Bounds of moments, money, time and ids; only those that are set."""
    bounds: dict[str, Any] = {
        "created_at__gte": wanted.since,
        "created_at__lt": wanted.until,
        "cost_usd__gte": wanted.cost_from,
        "latency_ms__gte": wanted.latency_from_ms,
    }
    if wanted.id_starts:
        # The key's index finds a beginning as a range of ids.
        bounds["id__gte"] = UUID(wanted.id_starts.ljust(32, "0"))
        bounds["id__lte"] = UUID(wanted.id_starts.ljust(32, "f"))
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _make_cursor(row: RoutedRequest) -> str:
    return f"{(row.created_at - _EPOCH) // _MICROSECOND}-{row.id.hex}"


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    moment, _, last_id = cursor.partition("-")
    try:
        return _EPOCH + int(moment) * _MICROSECOND, UUID(last_id)
    except OverflowError as problem:
        raise ValueError(cursor) from problem


def request_detail(code: UUID) -> RequestDetail | None:
    """One request with its attempts and the decision behind it."""
    org_id = require_org_id()
    request = RoutedRequest.objects.filter(org_id=org_id, id=code).first()
    if request is None:
        return None
    attempts = Attempt.objects.filter(
        org_id=org_id, request_id=code, created_at=request.created_at
    ).order_by("number")
    [line] = _lines([request])
    return RequestDetail(line, list(attempts), _decision_of(request))


def _decision_of(request: RoutedRequest) -> dict[str, Any] | None:
    if request.decision_id is None:
        return None
    moment = request.created_at.astimezone(UTC)
    month = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    decisions = RoutingDecision.objects.filter(
        org_id=request.org_id, id=request.decision_id, created_at=month
    )
    return decisions.values_list("content", flat=True).first()
