"""Whole answers in Valkey, to be given again word for word.

Each organization has its own entries, whose names hold its id, so that deleting it
finds them; each has at most so many bytes, and the ones that end soonest make room.
What is stored is sealed, and bound to its name. Valkey is asked for 50 ms at the most:
without its answer there was none.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings

from apps.kit.sealing import Keyring, SealError, Secret
from apps.router.limits.link import Link, LinkDownError

PREFIX: Final = "mx:answer:"
NO_ALIAS: Final = "-"
# The index outlives every entry by this.
INDEX_EXTRA_S: Final = 3600

_DROP: Final = """
local function drop(field)
    local size = redis.call('HGET', KEYS[2], field)
    if size then
        redis.call('HINCRBY', KEYS[2], '', -size)
        redis.call('HDEL', KEYS[2], field)
    end
    redis.call('ZREM', KEYS[1], field)
    redis.call('UNLINK', ARGV[1] .. field)
end
"""
# KEYS: by end, sizes. ARGV: prefix, field, value, ttl in s, now in s, most bytes, index
# ttl in s. The sum of all sizes stands in the hash under the empty field.
PUT: Final = f"""
{_DROP}
local size = #ARGV[3]
for _, field in ipairs(
        redis.call('ZRANGE', KEYS[1], '-inf', ARGV[5], 'BYSCORE', 'LIMIT', 0, 100)) do
    drop(field)
end
drop(ARGV[2])
if size > tonumber(ARGV[6]) then return 0 end
while tonumber(redis.call('HGET', KEYS[2], '') or '0') + size > tonumber(ARGV[6]) do
    local first = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
    if not first then break end
    drop(first)
end
redis.call('SET', ARGV[1] .. ARGV[2], ARGV[3], 'EX', ARGV[4])
redis.call('ZADD', KEYS[1], ARGV[5] + ARGV[4], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[2], size)
redis.call('HINCRBY', KEYS[2], '', size)
redis.call('EXPIRE', KEYS[1], ARGV[7], 'GT')
redis.call('EXPIRE', KEYS[2], ARGV[7], 'GT')
redis.call('EXPIRE', KEYS[1], ARGV[7], 'NX')
redis.call('EXPIRE', KEYS[2], ARGV[7], 'NX')
return 1
"""
# ARGV: prefix, and how the fields begin that shall go; empty is all of them.
CLEAR: Final = f"""
{_DROP}
local gone = 0
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
    if field ~= '' and string.sub(field, 1, #ARGV[2]) == ARGV[2] then
        drop(field)
        gone = gone + 1
    end
end
return gone
"""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one answer stands: of whom, of which alias, and for what question."""

    org_id: UUID
    alias_tag: str
    digest: str

    @property
    def name(self) -> str:
        return f"{prefix_of(self.org_id)}{self.field}"

    @property
    def field(self) -> str:
        return f"{self.alias_tag}:{self.digest}"


def prefix_of(org_id: UUID) -> str:
    return f"{PREFIX}{org_id.hex}:"


def index_of(org_id: UUID) -> tuple[str, str]:
    """The two keys of an organization's index: fields by end, and sizes."""
    return f"{prefix_of(org_id)}ends", f"{prefix_of(org_id)}sizes"


@dataclass(slots=True)
class AnswerCache:
    """The line of one process to the stored answers."""

    link: Link

    @classmethod
    def at(cls, url: str) -> "AnswerCache":
        return cls(Link(url, (PUT,)))

    async def start(self) -> None:
        await self.link.start()

    async def close(self) -> None:
        await self.link.close()

    async def get(self, spot: Spot) -> str | None:
        """What is stored; None when nothing is, or nothing can be had in time."""
        try:
            sealed = await self.link.ask("GET", spot.name)
        except LinkDownError:
            return None
        if not isinstance(sealed, bytes):
            return None
        ring: Keyring = settings.KEY_ENCRYPTION_KEYS
        try:
            return ring.open(sealed, bound_to=spot.name).reveal()
        except SealError:
            return None

    def put(self, spot: Spot, text: str, *, ttl_s: int, now_s: int) -> None:
        """Store it, waiting for nothing; without Valkey it is not stored."""
        ring: Keyring = settings.KEY_ENCRYPTION_KEYS
        arguments = (
            prefix_of(spot.org_id),
            spot.field,
            ring.seal(Secret(text), bound_to=spot.name),
            ttl_s,
            now_s,
            settings.ANSWER_CACHE_MB * 1_000_000,
            ttl_s + INDEX_EXTRA_S,
        )
        try:
            self.link.tell(0, index_of(spot.org_id), arguments)
        except LinkDownError:
            return
