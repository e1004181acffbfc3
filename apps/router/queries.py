"""Reads of the ledger for pages and the API; the organization is the one in scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.router.models import Attempt, RoutedRequest, RoutingDecision
from apps.router.usage import (
    MODES,
    Mode,
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
    status: str = ""
    task: str = ""
    key_id: UUID | None = None
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
    rows = RoutedRequest.objects.filter(org_id=require_org_id())
    exact = {
        "model": wanted.model,
        "status": wanted.status,
        "task": wanted.task,
        "key_id": wanted.key_id,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.mode != "all":
        rows = rows.filter(is_test=MODES[wanted.mode][0])
    if wanted.since:
        rows = rows.filter(created_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(created_at__lt=wanted.until)
    return rows


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
