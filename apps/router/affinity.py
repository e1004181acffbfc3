"""Where a conversation was answered last, for as long as its prompt is cached there.

A provider that read a conversation's beginning a moment ago charges a fraction for it,
so what another offer costs is compared with that. Nothing is asked on a first turn; on
a later one this process's memory is, and where it knows nothing Valkey, once. Valkey
slow or gone only means that a switch may cost what it costs.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from time import time
from typing import Any, Final
from uuid import UUID

import msgspec

from apps.providers.wire import Usage
from apps.router.arrivals import Arrival
from apps.router.engine.need import Candidate, Stay
from apps.router.engine.task import text_of
from apps.router.limits.link import Link, LinkDownError

MOST_REMEMBERED: Final = 20_000
# Providers keep a prompt for five minutes after its last use at the least, OpenAI
# mostly for ten (its guide "Prompt caching"); what was written for an hour, that long.
USUAL_S: Final = 600
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
# Prompts below this are cached by no provider's automatic cache.
LEAST_CACHED: Final = 1_024
# What of a text makes it the same conversation.
TELLING_CHARACTERS: Final = 4_000
PREFIX: Final = "mx:stay:"
_KEEP: Final = "return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])"


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """A stay, until when (seconds since 1970), and for how long after each use."""

    model: str
    provider: str
    cached_tokens: int
    until: float
    ttl_s: int

    def at(self, now: float) -> Stay | None:
        if now >= self.until:
            return None
        return Stay(self.model, self.provider, self.cached_tokens)


@dataclass(slots=True)
class Affinity:
    """The stays this process knows, and the line to those that others know."""

    link: Link
    _kept: OrderedDict[str, Kept] = field(default_factory=OrderedDict)

    @classmethod
    def at(cls, url: str) -> "Affinity":
        return cls(Link(url, (_KEEP,)))

    async def start(self) -> None:
        await self.link.start()

    async def stop(self) -> None:
        await self.link.close()

    async def find(self, name: str, *, now: float | None = None) -> Stay | None:
        """Where a conversation stays; None for one that nobody remembers."""
        moment = time() if now is None else now
        kept = self._kept.get(name)
        if kept is None or moment >= kept.until:
            kept = await self._ask(name)
            if kept is None:
                return None
            self._remember(name, kept)
        return kept.at(moment)

    def note(
        self, name: str, served: Candidate, usage: Usage, *, asked_s: int = 0
    ) -> None:
        """Remember who answered, and how much of the prompt is cached there now.

        `asked_s`: for how long the caller asked the provider to keep it, if he did.
        """
        before = self._kept.get(name)
        ttl_s = _ttl_s(before, served, usage, asked_s)
        cached = _cached(before, served, usage)
        kept = Kept(served.model, served.provider, cached, time() + ttl_s, ttl_s)
        self._remember(name, kept)
        self.link.tell(0, [PREFIX + name], [msgspec.json.encode(kept), ttl_s])

    async def _ask(self, name: str) -> Kept | None:
        try:
            stored = await self.link.ask("GET", PREFIX + name)
        except LinkDownError:
            return None
        if not isinstance(stored, bytes):
            return None
        try:
            return msgspec.json.decode(stored, type=Kept)
        except msgspec.DecodeError:
            return None

    def _remember(self, name: str, kept: Kept) -> None:
        self._kept[name] = kept
        self._kept.move_to_end(name)
        if len(self._kept) > MOST_REMEMBERED:
            self._kept.popitem(last=False)


def is_going_on(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether somebody answered in it before: the first turn has nothing cached."""
    return any(message.get("role") == "assistant" for message in messages)


def name_of(arrival: Arrival) -> str:
    """The same for every turn of a conversation, and only within its organization."""
    return session_of(arrival) or _digest(
        arrival.caller.org_id, *_beginning(arrival.body["messages"])
    )


def session_of(arrival: Arrival) -> str:
    """A digest of the session that the caller names; empty without one."""
    named = arrival.options.session or arrival.typed.session_id
    return _digest(arrival.caller.org_id, "session", str(named)) if named else ""


def kept_for_s(body: Mapping[str, Any]) -> int:
    """For how long OpenAI's `prompt_cache_retention` asks for; 0 says nothing."""
    return DAY_S if body.get("prompt_cache_retention") == "24h" else 0


def _beginning(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """What stands until the first question, which no later turn changes."""
    texts = []
    for message in messages:
        text = text_of(message.get("content"))
        texts += [str(message.get("role")), text[:TELLING_CHARACTERS], str(len(text))]
        if message.get("role") == "user":
            break
    return texts


def _digest(org_id: UUID, *texts: str) -> str:
    # The length before each text keeps two from running into one.
    whole = org_id.bytes + b"".join(
        b"%d:%s" % (len(raw), raw)
        for raw in (text.encode(errors="surrogatepass") for text in texts)
    )
    return blake2b(whole, digest_size=16).hexdigest()


def _ttl_s(before: Kept | None, served: Candidate, usage: Usage, asked_s: int) -> int:
    if usage.cache_write_1h:
        return HOUR_S
    if before and usage.cache_read and _is_same(before, served):
        # Reading what was written for an hour keeps it for another one.
        return max(before.ttl_s, asked_s)
    return max(asked_s, USUAL_S)


def _cached(before: Kept | None, served: Candidate, usage: Usage) -> int:
    """Tokens that the next turn will find cached, by what this one was charged."""
    written = usage.cache_write_5m + usage.cache_write_1h
    if written:
        return usage.cache_read + written
    if usage.cache_read:
        return usage.prompt
    if before and _is_same(before, served) and before.cached_tokens:
        # It should have been cached and was not: this offer does not cache.
        return 0
    if served.is_stand_in or usage.is_estimated:
        return 0
    return usage.prompt if usage.prompt >= LEAST_CACHED else 0


def _is_same(kept: Kept, served: Candidate) -> bool:
    return (kept.model, kept.provider) == (served.model, served.provider)
