"""The nightly look at everything, and the look at what the catalog's changes touch."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.opportunities import following, market_alerts, plan_alerts
from apps.opportunities.finder import rescore
from apps.opportunities.market import Market, market
from apps.opportunities.together import look_together
from apps.portfolio.models import UseCase
from apps.tenancy.scope import scope, unscoped

# Use cases of one transaction: what a killed worker has to do again at the most.
CHUNK: Final = 250


@job("opportunities.find")
def find(held: Held) -> str:
    return look_at_all(held)


def look_at_all(held: Held) -> str:
    """Every use case; a run that goes on begins where the last one got to."""
    at, done = market(), held.done
    for org_id, ids in _chunks(held.cursor):
        with scope(org_id), held.unit():
            rescore(ids, at=at)
            done += len(ids)
            held.advance(f"{org_id}:{ids[-1]}", done)
    return f"{done:,} use cases"


@job("opportunities.tell_market")
def tell_market(held: Held) -> str:
    """Tell organizations what the market does to what they use."""
    return market_alerts.tell_market()


@job("opportunities.tell_limits")
def tell_limits(held: Held) -> str:
    """Tell organizations that a limit of their plan is near."""
    return plan_alerts.tell_limits(held)


@job("opportunities.follow_market")
def follow_market(held: Held) -> str:
    return look_at_news(held)


def look_at_news(held: Held) -> str:
    """What the catalog's changes could touch, and nothing else."""
    said = following.news()
    if not said.models:
        following.move_mark(said)
        return "nothing changed"
    at = market()
    count = follow(held, said, at)
    # After the work: killed before this, the same news is read again.
    following.move_mark(said)
    return f"{len(said.models):,} models changed, {count:,} use cases looked at"


def follow(held: Held, said: following.News, at: Market) -> int:
    """Re-score what the news touches; how many use cases that were."""
    touched = following.touched_by(said, at)
    count = 0
    for found, only in ((touched.anew, None), (touched.partly, said.models)):
        wanted = [
            (org_id, chunk)
            for org_id, ids in found.items()
            for chunk in _sliced(sorted(ids))
        ]
        count += look_together(held, wanted, at, only=only)
    return count


def _chunks(cursor: str | None) -> Iterator[tuple[UUID, list[UUID]]]:
    """Every organization's use cases by id, from the cursor on."""
    with unscoped("every organization's use cases are looked at each night"):
        rows = list(
            UseCase.objects.order_by("org_id", "id").values_list("org_id", "id")
        )
    by_org: dict[UUID, list[UUID]] = {}
    for org_id, use_case_id in rows:
        if cursor is None or f"{org_id}:{use_case_id}" > cursor:
            by_org.setdefault(org_id, []).append(use_case_id)
    for org_id, ids in by_org.items():
        for chunk in _sliced(ids):
            yield org_id, chunk


def _sliced(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), CHUNK):
        yield list(ids[start : start + CHUNK])
