"""The catalog's scheduled syncs. Each source is a run of its own beside the task's.

A source that fails does not keep the others from their turn; the task fails in the end,
so that it is tried again, and what had succeeded finds nothing more to write.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from apps.catalog.benchmark_tasks import rate, sync_benchmarks
from apps.catalog.sources.registry import SOURCES, endpoints_of
from apps.catalog.sync.endpoints import listed_ids
from apps.catalog.sync.running import Request, SwitchedOffError, sync_source
from apps.jobs.job import job
from apps.jobs.lock import AlreadyRunningError, Held, LostRunError, StoppedError
from apps.jobs.models import Trigger

__all__ = [
    "rate",
    "refresh_used",
    "sync_benchmarks",
    "sync_catalog",
    "sync_prices",
]

logger = logging.getLogger(__name__)


class SyncFailedError(Exception):
    """Some sources could not be synced; the message names each with its reason."""


@job("catalog.sync_catalog")
def sync_catalog(held: Held) -> str:
    """Models, providers and announced ends."""
    keys = ("openrouter", "models_dev", "deprecations")
    return _sync(held, [Request(SOURCES[key]) for key in keys])


@job("catalog.sync_prices")
def sync_prices(held: Held) -> str:
    """Every price: LiteLLM's file, and the endpoints of all that OpenRouter lists."""
    endpoints = endpoints_of(listed_ids())
    return _sync(held, [Request(SOURCES["litellm"]), Request(endpoints)])


@job("catalog.refresh_used")
def refresh_used(held: Held) -> str:
    """Prices and endpoints of the models in use."""
    ids = listed_ids(only_used=True)
    if not ids:
        return "no model in use is listed there"
    # An hourly part is always smaller than the daily whole.
    return _sync(held, [Request(endpoints_of(ids, is_part=True), allows_fewer=True)])


def _sync(held: Held, requests: Sequence[Request]) -> str:
    failed, done = [], []
    for request in requests:
        held.check()
        key = request.source.key
        caused = replace(request, trigger=Trigger.EVENT, by=held.run.name)
        try:
            done.append(f"{key}: {sync_source(caused).summary}")
        except SwitchedOffError:
            done.append(f"{key}: off")
        except AlreadyRunningError:
            done.append(f"{key}: running already")
        except (LostRunError, StoppedError):
            raise
        except Exception as problem:
            logger.exception("%s could not be synced", key)
            failed.append(f"{key} failed: {problem}")
        held.advance(None, len(done) + len(failed), len(requests))
    if failed:
        raise SyncFailedError("; ".join([*failed, *done]))
    return "; ".join(done)
