"""The measured process: `python -m bench.catalog_syncs prepare`, then `… sync`."""

import json
import resource
import sys
import urllib.request
from time import perf_counter
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command


def prepare() -> None:
    call_command("setup_database", verbosity=0)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("seed_catalog", verbosity=0)


def sync() -> dict[str, Any]:
    """Every step with its seconds, and the most memory the process ever had."""
    steps = [_step(f"first {key}", key) for key in _KEYS]
    steps += [_step(f"again {key}", key) for key in _KEYS]
    site = settings.OPENROUTER_URL.removesuffix("/api/v1")
    with urllib.request.urlopen(f"{site}/move") as answer:  # noqa: S310  # loopback
        answer.read()
    steps += [_step(f"moved {key}", key) for key in _KEYS]
    # Linux counts in KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"steps": steps, "peak_mb": peak}


_KEYS = ("openrouter", "openrouter_endpoints")


def _step(name: str, key: str) -> dict[str, Any]:
    # After Django's start: the product's modules need its settings.
    from apps.catalog.sync.endpoints import source_of  # noqa: PLC0415  # see above
    from apps.catalog.sync.running import Request, sync_source  # noqa: PLC0415

    began = perf_counter()
    # The seed lists more of OpenRouter than this market has.
    request = Request(source_of(key), allows_fewer=True, trigger="command")
    outcome = sync_source(request)
    return {
        "step": name,
        "seconds": round(perf_counter() - began, 2),
        "said": outcome.summary,
    }


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "prepare":
        prepare()
    else:
        print(json.dumps(sync()))
