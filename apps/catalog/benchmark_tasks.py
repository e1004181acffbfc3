"""Jobs that rate models: fetch benchmark results, and judge everything anew."""

from apps.catalog import benchmark_sync
from apps.catalog.rating import rate_models
from apps.catalog.services import announce, lock_catalog
from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.kit.clock import utc_now


class SourcesFailedError(Exception):
    """Some sources gave nothing usable; what the others gave is kept."""


@job("catalog.sync_benchmarks")
def sync_benchmarks(held: Held) -> str:
    """Fetch every source, then rate; fails in the end if a source did."""
    slugs = tuple(benchmark_sync.FEEDS)
    done = []
    for number, slug in enumerate(slugs, 1):
        done += benchmark_sync.sync([slug], unit=held.unit)
        held.advance(None, number, len(slugs))
    _rate(held)
    summary = "; ".join(map(str, done))
    if any(one.failed for one in done):
        raise SourcesFailedError(summary)
    held.data_at = utc_now()
    return summary


@job("catalog.rate_models")
def rate(held: Held) -> str:
    """Rate all models with what is there: overrides end, measurements come in."""
    return _rate(held)


def _rate(held: Held) -> str:
    with held.unit():
        lock_catalog()
        rated = rate_models(on=utc_now().date())
        if rated.is_changed:
            announce("ratings")
    return f"{rated.qualities} qualities, {rated.trust} of trust changed"
