"""The ways to a provider: its address with one key or another, in the order to try.

An organization's own keys and the installation's managed ones are put in the order
it prefers. Everything here is values in, values out; `snapshot.py` feeds it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from types import MappingProxyType
from typing import Final, Literal, Protocol
from uuid import UUID

from apps.kit.sealing import Secret
from apps.providers import errors
from apps.providers.wire import Endpoint
from apps.router.engine.need import ANYWHERE, Candidate, Closed, Excluded, Reach

# "" is a provider that needs no key: the embedded model, or a server without one.
KeyKind = Literal["own", "managed", ""]

# A key that was refused is asked last for so long, so that not every request pays
# for it; one that is rate limited for as long as the provider says, within reason.
REFUSED_REST_S: Final = 60.0
LIMITED_REST_S: Final = 5.0
MOST_REST_S: Final = 120.0

SHUT: Final = "your organization allows only its own keys here, and none can be used"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a provider: where it listens, with which key, and whose that is."""

    endpoint: Endpoint
    key_kind: KeyKind = ""

    @property
    def is_own(self) -> bool:
        return self.key_kind == "own"


class OwnKey(Protocol):
    """What is needed of a key that an organization brought."""

    @property
    def org_id(self) -> UUID: ...
    @property
    def provider(self) -> str: ...
    @property
    def secret(self) -> Secret: ...


@dataclass(frozen=True, slots=True)
class OrgWays:
    """What an organization's own keys change: by provider, all its ways in order."""

    ways: Mapping[str, tuple[Way, ...]] = field(repr=False)
    reach: Reach


def org_ways(
    addresses: Mapping[str, Endpoint],
    managed: Mapping[str, tuple[Way, ...]],
    keys: Iterable[OwnKey],
    orders: Mapping[tuple[UUID, str], str],
) -> dict[UUID, OrgWays]:
    """The ways of every organization that brought keys or says whose keys go first.

    `addresses` are the providers that take a key, `keys` come in the order to try.
    """
    own: dict[UUID, dict[str, list[Way]]] = defaultdict(lambda: defaultdict(list))
    for key in keys:
        if address := addresses.get(key.provider):
            endpoint = replace(address, api_key=key.secret.reveal())
            own[key.org_id][key.provider].append(Way(endpoint, "own"))
    for (org_id, provider), order in orders.items():
        if order == "own_only" and provider in addresses:
            own[org_id].setdefault(provider, [])
    return {
        org_id: _ways_of(org_id, mine, managed, orders) for org_id, mine in own.items()
    }


def _ways_of(
    org_id: UUID,
    own: Mapping[str, Sequence[Way]],
    managed: Mapping[str, tuple[Way, ...]],
    orders: Mapping[tuple[UUID, str], str],
) -> OrgWays:
    ways: dict[str, tuple[Way, ...]] = {}
    for provider, mine in own.items():
        theirs = managed.get(provider, ())
        match orders.get((org_id, provider), "own_first"):
            case "own_only":
                ways[provider] = tuple(mine)
            case "managed_first":
                ways[provider] = (*theirs, *mine)
            case _:
                ways[provider] = (*mine, *theirs)
    opened = sorted(p for p, found in ways.items() if found and p not in managed)
    shut = sorted(p for p, found in ways.items() if not found)
    return OrgWays(ways, Reach(tuple(opened), tuple(shut)))


NO_WAYS: Final[Mapping[str, tuple[Way, ...]]] = MappingProxyType({})


# All models of a key, for what is wrong with the key itself.
ANY_MODEL: Final = ""


class KeyRests:
    """Keys that failed a moment ago; asked last, but never left out.

    A refused key rests altogether, a limited one with the model that it was limited
    for: providers count each model apart.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[Way, str], float] = {}
        self._last_until = 0.0

    @property
    def has_any(self) -> bool:
        """Whether any key rests now; most often none does."""
        return bool(self._until) and self._clock() < self._last_until

    def in_order(
        self, ways: tuple[Way, ...], upstream_id: str = ANY_MODEL
    ) -> tuple[Way, ...]:
        if not self._until or len(ways) < 2:
            return ways
        now = self._clock()
        return tuple(
            sorted(ways, key=lambda way: self._rests_until(way, upstream_id) > now)
        )

    def all_rest(self, ways: tuple[Way, ...], upstream_id: str) -> bool:
        """Whether no key here is worth asking before other providers were."""
        if not self._until or not ways:
            return False
        now = self._clock()
        return all(self._rests_until(way, upstream_id) > now for way in ways)

    def _rests_until(self, way: Way, upstream_id: str) -> float:
        refused = self._until.get((way, ANY_MODEL), 0.0)
        return max(refused, self._until.get((way, upstream_id), 0.0))

    def note(
        self, way: Way, problem: errors.UpstreamError, upstream_id: str = ANY_MODEL
    ) -> None:
        """Let a key rest that this failure is about."""
        rest_s = _rest_s(problem)
        if rest_s:
            now = self._clock()
            self._until = {w: t for w, t in self._until.items() if t > now}
            is_keys = isinstance(problem, errors.AuthError)
            self._until[way, ANY_MODEL if is_keys else upstream_id] = now + rest_s
            self._last_until = max(self._last_until, now + rest_s)


def _rest_s(problem: errors.UpstreamError) -> float:
    if isinstance(problem, errors.AuthError):
        return REFUSED_REST_S
    if isinstance(problem, errors.RateLimitedError):
        return min(problem.retry_after_s or LIMITED_REST_S, MOST_REST_S)
    return 0.0


@dataclass(frozen=True, slots=True)
class Keychain:
    """What one request may open providers with."""

    managed: Mapping[str, tuple[Way, ...]] = field(repr=False)
    own: Mapping[str, tuple[Way, ...]] = field(repr=False)
    rests: KeyRests

    def ways_to(self, provider: str, upstream_id: str = ANY_MODEL) -> tuple[Way, ...]:
        return self.rests.in_order(self._ways(provider), upstream_id)

    def all_rest(self, provider: str, upstream_id: str) -> bool:
        """Whether every key to this model of the provider rests."""
        return self.rests.all_rest(self._ways(provider), upstream_id)

    def _ways(self, provider: str) -> tuple[Way, ...]:
        ways = self.own.get(provider)
        return self.managed.get(provider, ()) if ways is None else ways


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The offers as one organization sees them."""

    pool: tuple[Candidate, ...]
    closed: Closed
    changed: Mapping[UUID, Candidate] = field(default_factory=dict)

    def seen(self, offers: Iterable[Candidate]) -> list[Candidate]:
        return [self.changed.get(offer.offer_id, offer) for offer in offers]


def market_within(
    reach: Reach, pool: tuple[Candidate, ...], closed: tuple[Excluded, ...]
) -> Market:
    """Open what an organization's own keys open, and shut what it wants shut."""
    if reach == ANYWHERE:
        return Market(pool, Closed(closed))
    opened = {
        item.candidate.offer_id: replace(item.candidate, unavailable="")
        for item in closed
        if item.candidate.provider in reach.opened
    }
    shut = {
        offer.offer_id: replace(offer, unavailable=SHUT)
        for offer in pool
        if offer.provider in reach.shut
    }
    still_open = (offer for offer in pool if offer.offer_id not in shut)
    still_closed = (i for i in closed if i.candidate.offer_id not in opened)
    refused = (Excluded(offer, SHUT, "unavailable") for offer in shut.values())
    return Market(
        (*still_open, *opened.values()),
        Closed((*still_closed, *refused)),
        opened | shut,
    )
