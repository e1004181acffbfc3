"""How far a provider or a model can be relied upon: eight dimensions out of facts; pure.

Each dimension is 0 to 100 or *not assessed*, with the facts it rests on. Nothing is
taken for granted: what no source says makes no score, neither a good nor a bad one.

| dimension | score |
|---|---|
| data use | trains on prompts, or may publish them: 0. Otherwise keeps nothing 100, for at most 30 days 85, at most 90 days 70, longer 50, for an unstated time 60 |
| reliability | a third of 100 for each nine of availability: 90 % is 33, 99 % is 67, 99.9 % is 100; our own attempts before a source's figure |
| speed consistency | 100 where the slowest tenth answers as fast as the middle, 50 at twice its time, 0 from four times on |
| price stability | halved by every increase an offer had in a year; a cut counts as a quarter of one |
| lifecycle notice | the median notice before a shutdown: 0 for none, 100 from 180 days on |
| transparency | the maker's Foundation Model Transparency Index, of 100 |
| openness and exit | 60 for open weights, and up to 40 for being served by others: 13 for two providers, 27 for four, 40 from eight on |
| jurisdiction and compliance | the share of six things that are documented: head office, data centres, privacy policy, terms, an audit certificate, a data processing agreement; not assessed below two |

The tier of a provider: **C** if it trains on prompts, may publish them, or has no terms
or no known head office; **A** if it keeps prompts for at most 30 days and documents
privacy policy, terms, status page and head office; **B** otherwise; unknown while
nobody says whether it trains on prompts.
"""  # noqa: E501  # a table has one line a row

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Final

from apps.catalog.trust_inputs import (
    Index,
    ModelFacts,
    Notices,
    Policy,
    PriceHistory,
    ProviderFacts,
    Served,
)

# Fewer attempts or answers than this say little (PRODUCT.md section 6).
LEAST_ATTEMPTS: Final = 30
# A price that was watched for less time says nothing about how stable it is.
LEAST_DAYS_WATCHED: Final = 90
# Two shutdowns are an anecdote.
LEAST_NOTICES: Final = 3
LEAST_DOCUMENTED: Final = 2
# Fewer dimensions than this do not make one figure.
LEAST_DIMENSIONS: Final = 3
_SHORT_DAYS, _LONG_DAYS = 30, 90
_FULL_NOTICE_DAYS: Final = 180


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way in which a provider (or its model) can be relied upon."""

    slug: str
    label: str


DIMENSIONS: Final = {
    slug: Dimension(slug, label)
    for slug, label in (
        ("data_use", "Data use"),
        ("reliability", "Reliability"),
        ("speed", "Speed consistency"),
        ("price", "Price stability"),
        ("lifecycle", "Lifecycle notice"),
        ("transparency", "Transparency"),
        ("openness", "Openness and exit"),
        ("jurisdiction", "Jurisdiction and compliance"),
    )
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A fact in words, where it is written (empty: our own records), as of a day."""

    text: str
    url: str
    on: date


@dataclass(frozen=True, slots=True)
class Assessment:
    """One dimension; `score` None is "not assessed"."""

    dimension: str
    score: int | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class TierDecision:
    """The tier (empty: unknown), and what decided it."""

    tier: str
    reasons: tuple[str, ...] = field(default=())


def assess_provider(facts: ProviderFacts) -> list[Assessment]:
    """The dimensions that belong to who serves a model."""
    return [
        _data_use(facts.policy),
        _reliability(facts.served),
        _speed(facts.served),
        _price(facts.prices),
        _lifecycle(facts.notices),
        _transparency(facts.transparency),
        _jurisdiction(facts),
    ]


def assess_model(facts: ModelFacts) -> list[Assessment]:
    """The dimensions that belong to a model, whoever serves it."""
    return [
        _price(facts.prices),
        _transparency(facts.transparency),
        _openness(facts),
    ]


def combined(scores: Iterable[int | None]) -> float | None:
    """The mean of what was assessed, 0 to 100; None where that is too little."""
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if len(known) >= LEAST_DIMENSIONS else None


def tier_of(facts: ProviderFacts) -> TierDecision:
    """The stated rule of this module's first lines."""
    policy = facts.policy
    if policy is None or policy.trains is None:
        return TierDecision("", ("nobody says whether it trains on prompts",))
    wrongs = [
        text
        for is_so, text in (
            (policy.trains, "trains on prompts"),
            (policy.may_publish, "may publish prompts"),
            (facts.terms is None, "no terms of service are known"),
            (facts.headquarters is None, "its head office is not known"),
        )
        if is_so
    ]
    if wrongs:
        return TierDecision("C", tuple(wrongs))
    lacks = [
        text
        for is_so, text in (
            (not _is_kept_briefly(policy), _retention_words(policy)),
            (facts.privacy is None, "no privacy policy is known"),
            (facts.status_page is None, "no status page is known"),
        )
        if is_so
    ]
    if lacks:
        return TierDecision("B", ("does not train on prompts", *lacks))
    return TierDecision(
        "A",
        (
            "does not train on prompts",
            _retention_words(policy),
            "privacy policy, terms, status page and head office are known",
        ),
    )


def _is_kept_briefly(policy: Policy) -> bool:
    if policy.retains is False:
        return True
    return policy.retention_days is not None and policy.retention_days <= _SHORT_DAYS


def _retention_words(policy: Policy) -> str:
    if policy.retains is False:
        return "keeps no prompts"
    if policy.retains is None and policy.retention_days is None:
        return "nobody says whether it keeps prompts"
    if policy.retention_days is None:
        return "keeps prompts for a time it does not state"
    return f"keeps prompts for {policy.retention_days} days"


def _data_use(policy: Policy | None) -> Assessment:
    if policy is None or policy.trains is None:
        return Assessment("data_use")
    texts = [
        "trains on prompts" if policy.trains else "does not train on prompts",
        _retention_words(policy),
        *(["may publish prompts"] if policy.may_publish else []),
    ]
    evidence = tuple(Evidence(text, policy.url, policy.on) for text in texts)
    if policy.trains or policy.may_publish:
        return Assessment("data_use", 0, evidence)
    if policy.retains is None and policy.retention_days is None:
        return Assessment("data_use", None, evidence)
    return Assessment("data_use", _retention_score(policy), evidence)


def _retention_score(policy: Policy) -> int:
    days = policy.retention_days
    if policy.retains is False:
        return 100
    if days is None:
        return 60
    if days <= _SHORT_DAYS:
        return 85
    return 70 if days <= _LONG_DAYS else 50


def _best(served: Sequence[Served], *names: str) -> Served | None:
    """The first account that knows enough; our own traffic is listed first."""
    for one in served:
        is_enough = one.attempts is None or one.attempts >= LEAST_ATTEMPTS
        if is_enough and all(getattr(one, name) is not None for name in names):
            return one
    return None


def _account(served: Served, text: str) -> tuple[Evidence]:
    over = f" over {served.attempts:,} attempts" if served.attempts else ""
    return (Evidence(f"{text}{over}, {served.by}", served.url, served.on),)


def _reliability(served: Sequence[Served]) -> Assessment:
    found = _best(served, "availability")
    if found is None or found.availability is None:
        return Assessment("reliability")
    share = min(max(found.availability, 0.0), 1.0)
    # Above three nines the score is full, so the logarithm stays finite.
    nines = -math.log10(max(1 - share, 0.001))
    evidence = _account(found, f"{share:.2%} answered")
    return Assessment("reliability", _of_100(nines / 3), evidence)


def _speed(served: Sequence[Served]) -> Assessment:
    found = _best(served, "p50_ms", "p90_ms")
    if found is None or not found.p50_ms or found.p90_ms is None:
        return Assessment("speed")
    ratio = max(found.p90_ms / found.p50_ms, 1.0)
    text = f"median {found.p50_ms:,.0f} ms, slowest tenth from {found.p90_ms:,.0f} ms"
    return Assessment("speed", _of_100(1 - math.log2(ratio) / 2), _account(found, text))


def _price(history: PriceHistory | None) -> Assessment:
    if history is None or history.days < LEAST_DAYS_WATCHED or not history.offers:
        return Assessment("price")
    years = history.offers * history.days / 365
    rate = (history.increases + history.cuts / 4) / years
    text = (
        f"{history.increases} increases and {history.cuts} cuts of "
        f"{history.offers} list prices in {history.days} days"
    )
    evidence = (Evidence(text, history.url, history.on),)
    return Assessment("price", _of_100(0.5**rate), evidence)


def _lifecycle(notices: Notices | None) -> Assessment:
    if notices is None or len(notices.days) < LEAST_NOTICES:
        return Assessment("lifecycle")
    days = median(notices.days)
    text = f"median notice of {days:.0f} days in {len(notices.days)} shutdowns"
    evidence = (Evidence(text, notices.url, notices.on),)
    return Assessment("lifecycle", _of_100(days / _FULL_NOTICE_DAYS), evidence)


def _transparency(index: Index | None) -> Assessment:
    if index is None:
        return Assessment("transparency")
    text = f"{index.value:.0f} of 100 in the {index.name}"
    evidence = (Evidence(text, index.url, index.on),)
    return Assessment("transparency", _of_100(index.value / 100), evidence)


def _openness(facts: ModelFacts) -> Assessment:
    if facts.is_open_weights is None:
        return Assessment("openness")
    licence = f" under {facts.licence}" if facts.licence else ""
    weights = f"open weights{licence}" if facts.is_open_weights else "closed weights"
    exits = f"served by {facts.providers} providers"
    score = 60.0 if facts.is_open_weights else 0.0
    if facts.providers > 1:
        score += 40 * min(math.log2(facts.providers) / 3, 1.0)
    evidence = (
        Evidence(weights, facts.url, facts.on),
        Evidence(exits, "", facts.on),
    )
    return Assessment("openness", _of_100(score / 100), evidence)


def _jurisdiction(facts: ProviderFacts) -> Assessment:
    things = (
        facts.headquarters,
        facts.datacenters,
        facts.privacy,
        facts.terms,
        facts.certification,
        facts.dpa,
    )
    known = [thing for thing in things if thing is not None]
    evidence = tuple(Evidence(one.name, one.url, one.on) for one in known)
    if len(known) < LEAST_DOCUMENTED:
        return Assessment("jurisdiction", None, evidence)
    return Assessment("jurisdiction", _of_100(len(known) / len(things)), evidence)


def _of_100(share: float) -> int:
    return round(100 * min(max(share, 0.0), 1.0))
