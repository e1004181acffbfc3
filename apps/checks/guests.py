"""A check for whoever has no account: on the embedded model, and on nothing else.

Nothing of it is stored: what a guest types is answered in the same request and then
gone. What holds it back is not of the guest's choosing: its network address, what all
guests together may ask in a day, and how many of them at once. No provider that costs
money can be reached from here.
"""

import asyncio
import hmac
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from time import perf_counter
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache

from apps.kit.clock import utc_now
from apps.kit.errors import AppError, NoModelAvailableError, RateLimitedError
from apps.providers.errors import UpstreamError
from apps.providers.wire import ChatRequest, Endpoint
from apps.router import runtime
from apps.router.runtime import Runtime

CHECKS_A_DAY: Final = 3
# Of all guests together, so that no number of addresses can wear the machine out.
ALL_A_DAY: Final = 300
AT_ONCE: Final = 2
MOST_PROMPTS: Final = 2
LONGEST_PROMPT: Final = 600
LONGEST_INSTRUCTION: Final = 200
TOKENS: Final = 48
EACH_S: Final = 20.0
WHOLE_S: Final = 45.0
DAY_S: Final = 86_400
_V6_PREFIX: Final = 64


@dataclass(frozen=True, slots=True)
class Told:
    """One answer as a guest sees it; it cost nothing."""

    text: str
    error: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: float = 0.0
    finish_reason: str = ""


@dataclass(frozen=True, slots=True)
class GuestPair:
    """Two answers to one prompt; which of them had the instruction is told later."""

    prompt: str
    left: Told
    right: Told
    is_left_plain: bool


@dataclass(frozen=True, slots=True)
class StandIn:
    """The model that answers guests."""

    name: str
    upstream_id: str
    endpoint: Endpoint

    @property
    def is_echo(self) -> bool:
        return self.endpoint.protocol == "echo"


def stand_in(running: Runtime) -> StandIn:
    """The embedded model, or the echo where that is not installed."""
    shot = running.planner.snapshot
    for offer in shot.pool:
        ways = shot.ways.get(offer.provider, ())
        if offer.is_stand_in and ways:
            return StandIn(offer.model, offer.upstream_id, ways[0].endpoint)
    raise NoModelAvailableError("No model for guests is running here.")


def left_today(ip: str) -> int:
    """How many checks this address has left until midnight, UTC."""
    return max(0, CHECKS_A_DAY - int(cache.get(_key(_origin(ip)), 0)))


def run(ip: str, *, prompts: Sequence[str], instruction: str) -> list[GuestPair]:
    """Each prompt without and with the instruction, side by side in a random order.

    Raises RateLimitedError when this address, or all guests together, asked enough.
    """
    running = runtime.current()
    model = stand_in(running)
    assert running.loop is not None  # noqa: S101  # it has begun
    with _a_slot():
        _count(ip)
        work = _pairs(running, model, prompts, instruction)
        done = asyncio.run_coroutine_threadsafe(work, running.loop)
        try:
            found = done.result(WHOLE_S)
        except TimeoutError:
            done.cancel()
            found = []
        if any(not told.error for pair in found for told in (pair.left, pair.right)):
            return found
        # Who got nothing has used up nothing of their own.
        _one_less(_origin(ip))
        raise NoModelAvailableError(
            "The model is too busy to answer. Try again in a minute.", retry_after_s=60
        )


async def _pairs(
    running: Runtime, model: StandIn, prompts: Sequence[str], instruction: str
) -> list[GuestPair]:
    found = []
    for prompt in prompts:
        plain = await _ask(running, model, prompt, "")
        told = await _ask(running, model, prompt, instruction)
        is_left_plain = bool(secrets.randbits(1))
        sides = (plain, told) if is_left_plain else (told, plain)
        found.append(GuestPair(prompt, *sides, is_left_plain=is_left_plain))
    return found


async def _ask(running: Runtime, model: StandIn, prompt: str, instruction: str) -> Told:
    messages = [{"role": "user", "content": prompt}]
    if instruction:
        messages.insert(0, {"role": "system", "content": instruction})
    body: dict[str, Any] = {
        "messages": messages,
        "max_tokens": TOKENS,
        "temperature": 0,
    }
    began = perf_counter()
    try:
        answer = await running.client.send(
            model.endpoint, ChatRequest(model.upstream_id, body), timeout_s=EACH_S
        )
    except (UpstreamError, AppError) as problem:
        return Told("", error=f"No answer: {problem}"[:200])
    usage = answer.usage
    return Told(
        answer.text,
        "",
        usage.prompt if usage else None,
        usage.output if usage else None,
        (perf_counter() - began) * 1000,
        answer.finish_reason or "",
    )


@contextmanager
def _a_slot() -> Iterator[None]:
    """One of the few places for guests; it comes free by itself if we die in it."""
    for number in range(AT_ONCE):
        name = f"guest-check-slot-{number}"
        # Ours by its value: one that ran out and is somebody else's is left alone.
        own = secrets.token_hex(8)
        if cache.add(name, own, timeout=WHOLE_S + 15):
            try:
                yield
            finally:
                if cache.get(name) == own:
                    cache.delete(name)
            return
    raise RateLimitedError(
        "Other guests are trying it at this moment. Try again in a few seconds.",
        retry_after_s=10,
    )


def _count(ip: str) -> None:
    """Count this check first, so that two at once cannot both be the last one."""
    _one_more(
        _origin(ip),
        CHECKS_A_DAY,
        f"{CHECKS_A_DAY} checks a day are free to try. With an account you check your "
        "own models, on up to 200 prompts.",
    )
    _one_more("all", ALL_A_DAY, "Guests have asked enough for today. Come back soon.")


def _one_more(who: str, most: int, message: str) -> None:
    key = _key(who)
    cache.add(key, 0, timeout=DAY_S)
    try:
        used = cache.incr(key)
    except ValueError:
        # It ran out between the two.
        cache.set(key, 1, timeout=DAY_S)
        used = 1
    if used > most:
        raise RateLimitedError(message, retry_after_s=_until_midnight())


def _one_less(who: str) -> None:
    # It may have run out meanwhile, and then there is nothing to take off.
    with suppress(ValueError):
        cache.decr(_key(who))


def _key(who: str) -> str:
    return f"guest-checks-{utc_now():%Y-%m-%d}-{who}"


def _until_midnight() -> float:
    now = utc_now()
    return DAY_S - (now.hour * 3600 + now.minute * 60 + now.second)


def _origin(ip: str) -> str:
    """A name for where a guest comes from that does not tell it: an IPv6 customer has
    at least a /64 of addresses, so that is one origin.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(
            int(address) >> (128 - _V6_PREFIX) << (128 - _V6_PREFIX)
        )
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"guest {address}".encode(), sha256).hexdigest()[:32]
