"""What all sources share: a payload as it came, and the picture it draws.

A source is two functions. `take` fetches payloads and knows addresses; `read` is pure:
payloads in, a `Picture` in the seed's words out. What a picture says is compared with
the database by `catalog.sync`; a source never sees the database.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Protocol

from apps.catalog.seed_format import SeedModel, SeedOffer


class BrokenPayloadError(Exception):
    """The payload cannot be its source's true answer; nothing is written from it."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One decoded answer; without a body where the source says: as before."""

    resource: str
    url: str
    body: Any
    is_unchanged: bool = False
    sha256: str = ""
    size_bytes: int = 0
    etag: str = ""
    last_modified: str = ""


class Taker(Protocol):
    """What `take` may ask for; `sync.taking` has the one that talks to the network."""

    # One recorded file stands for the source's main document; nothing else is there.
    is_file: bool

    def get(self, resource: str, url: str) -> Payload:
        """One JSON document; raises FetchError or BrokenPayloadError."""

    def get_many(self, wanted: Mapping[str, str]) -> Mapping[str, Payload | Exception]:
        """Several at once, each with its answer or what went wrong."""


@dataclass(frozen=True, slots=True)
class ProviderFact:
    """What a source says of a provider; a field that is not there it does not say."""

    slug: str
    name: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AliasFact:
    """A source's id, and the picture's model it means."""

    external_id: str
    model: str
    match: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which stored offers a picture would have to hold: what is not in it is gone."""

    providers: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    is_endpoints: bool = False
    # Only these ids were asked for; None: all of them.
    upstream_ids: frozenset[str] | None = None


NOTHING: Final = Coverage()


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything one source says, in the seed's words."""

    origin: str
    source: str
    on: date
    providers: tuple[ProviderFact, ...] = ()
    models: tuple[SeedModel, ...] = ()
    offers: tuple[SeedOffer, ...] = ()
    aliases: tuple[AliasFact, ...] = ()
    covers: Coverage = NOTHING
    # True: it speaks of models that are known by other names; it lists none itself.
    is_about_known_models: bool = False
    # True: it dates all it says anew, also what stays as it was (the shipped seed).
    restates: bool = False
    row_count: int = 0
    # What was left out, and why.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One adapter. `url` is its setting's value; "off" switches it off."""

    key: str
    origin: str
    label: str
    setting: str
    take: Callable[[Taker, str], Sequence[Payload]]
    read: Callable[[Sequence[Payload], date], Picture]
    covers: Coverage = NOTHING


def rows_of(body: Any, *, key: str = "data") -> list[dict[str, Any]]:
    """The rows of `{"data": […]}`, each an object; raises BrokenPayloadError."""
    rows = body.get(key) if isinstance(body, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BrokenPayloadError(f"no rows under {key!r}")
    if not all(isinstance(row, dict) for row in rows):
        raise BrokenPayloadError(f"a row under {key!r} is no object")
    return rows


def table_of(body: Any) -> dict[str, dict[str, Any]]:
    """An object of objects; raises BrokenPayloadError."""
    is_table = isinstance(body, dict) and body
    if not is_table or not all(isinstance(row, dict) for row in body.values()):
        raise BrokenPayloadError("an object of objects was expected")
    return dict(body)
