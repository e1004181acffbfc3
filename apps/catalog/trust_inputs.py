"""What is known of providers and models: the facts that `trust` judges; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Policy:
    """What a provider does with prompts; None: nobody says."""

    url: str
    on: date
    trains: bool | None = None
    retains: bool | None = None
    retention_days: int | None = None
    may_publish: bool | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """How a provider's answers came, over some span of time."""

    by: str  # "our own traffic", or the source
    url: str
    on: date
    attempts: int | None = None  # None where the source does not say
    availability: float | None = None  # a share of 1
    p50_ms: float | None = None
    p90_ms: float | None = None


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """How list prices moved while they were watched."""

    offers: int
    days: int
    increases: int
    cuts: int
    on: date
    url: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """Something published at a link, as seen on a day."""

    name: str
    url: str
    on: date


@dataclass(frozen=True, slots=True)
class Index:
    """A published figure of 100."""

    value: float
    name: str
    url: str
    on: date


@dataclass(frozen=True, slots=True)
class Notices:
    """The days between the announcement and the end, for each shutdown."""

    days: tuple[int, ...]
    url: str
    on: date


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """Everything that is known about one provider."""

    policy: Policy | None = None
    served: Sequence[Served] = ()
    prices: PriceHistory | None = None
    notices: Notices | None = None
    transparency: Index | None = None
    headquarters: Document | None = None
    datacenters: Document | None = None
    privacy: Document | None = None
    terms: Document | None = None
    status_page: Document | None = None
    certification: Document | None = None
    dpa: Document | None = None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Everything that is known about one model, whoever serves it."""

    url: str
    on: date
    is_open_weights: bool | None = None
    licence: str = ""
    providers: int = 0
    prices: PriceHistory | None = None
    transparency: Index | None = None
