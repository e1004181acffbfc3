"""Try a provider's key out, by a call that costs nothing."""

from dataclasses import dataclass, replace
from enum import StrEnum
from time import perf_counter
from typing import Final

from apps.providers import errors
from apps.providers.client import ProviderClient
from apps.providers.registry import REGISTRY
from apps.providers.wire import Endpoint

TIMEOUT_S: Final = 10.0
USUAL_PATH: Final = "/models"
# No provider has given this key to anybody.
NOBODYS_KEY: Final = "modeloptix-asks-whether-any-key-will-do"


class Verdict(StrEnum):
    """What trying a key has shown."""

    WORKS = "works"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    # The provider answers this call whatever the key is.
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Probe:
    """The outcome, the provider's own words without key material, and the time."""

    verdict: Verdict
    message: str
    took_ms: int


async def probe(endpoint: Endpoint, *, timeout_s: float = TIMEOUT_S) -> Probe:
    """Ask the provider for something free that needs the key; never raises.

    A key counts as good only where a wrong one is refused: some providers show
    their list of models to anybody.
    """
    client = ProviderClient()
    known = REGISTRY.get(endpoint.provider)
    path = known.probe_path if known else USUAL_PATH
    started = perf_counter()
    try:
        problem = await _problem(client, endpoint, path, timeout_s)
        took_ms = round((perf_counter() - started) * 1000)
        if problem is not None:
            return Probe(_verdict(problem), problem.message, took_ms)
        nobodys = replace(endpoint, api_key=NOBODYS_KEY)
        control = await _problem(client, nobodys, path, timeout_s)
    finally:
        await client.close()
    if control is not None and _verdict(control) is Verdict.REFUSED:
        return Probe(Verdict.WORKS, "", took_ms)
    return Probe(Verdict.UNPROVEN, "", took_ms)


async def _problem(
    client: ProviderClient, endpoint: Endpoint, path: str, timeout_s: float
) -> errors.UpstreamError | None:
    try:
        await client.knock(endpoint, path, timeout_s=timeout_s)
    except errors.UpstreamError as problem:
        return problem
    return None


def _verdict(problem: errors.UpstreamError) -> Verdict:
    # Google and xAI answer 400 to a key they do not know; a GET without a body has
    # nothing else that could be wrong with it.
    if isinstance(problem, errors.AuthError) or problem.http_status == 400:
        return Verdict.REFUSED
    if isinstance(problem, errors.RateLimitedError):
        return Verdict.RATE_LIMITED
    if isinstance(problem, errors.ConnectionFailedError | errors.ProviderTimeoutError):
        return Verdict.UNREACHABLE
    return Verdict.FAILED
