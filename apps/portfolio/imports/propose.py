"""Lines of usage as proposed use cases: one for each model and key. Pure.

Figures come from the file alone: tokens a call where it counts calls, and nothing in
their place where it does not.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, Self

from apps.catalog.domains import Task
from apps.portfolio.models import USUAL_CONTEXT
from apps.portfolio.volume import MONTH_DAYS, per_month

# More use cases than anybody would look through; the largest come first.
MOST_PROPOSALS: Final = 200
# Real context windows are powers of two or so; none is asked for beyond need.
_LARGEST_CONTEXT: Final = 2**24


@dataclass(frozen=True, slots=True)
class Proposal:
    """A use case that could be, and what the file says of it."""

    source_model: str
    group: str
    maker: str
    requests: int | None
    input_tokens: int
    cached_tokens: int | None
    output_tokens: int
    cost_usd: str | None
    days: int
    task: str = Task.CHAT.value
    slug: str = ""  # the catalog's model; "" where nobody may say
    match: str = ""
    alias: str = ""
    name: str = ""
    use_case_id: str = ""  # the one that an earlier import, or this one, made of it
    action: str = ""  # what became of it: created, updated, left out

    @property
    def key(self) -> tuple[str, str]:
        """What stays the same from one export to the next."""
        return self.source_model, self.group

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(**stored)


@dataclass(frozen=True, slots=True)
class Averages:
    """A month of it, and one call of it; None is not stated by the file."""

    calls_month: int | None
    input_tokens: int | None
    output_tokens: int | None
    cached_share: float | None


def gather(lines: Iterable[Any]) -> tuple[list[Proposal], int]:
    """The largest proposals of a file's `UsageLine`s, and how many are left out."""
    found: dict[tuple[str, str], Proposal] = {}
    first = last = None
    for line in lines:
        first = min(first or line.day, line.day)
        last = max(last or line.day, line.day)
        key = (line.model, line.group)
        one = _of_line(line)
        found[key] = _plus(found[key], one) if key in found else one
    days = span(first, last)
    named = [
        replace(one, days=days, name=usual_name(one.source_model, one.group))
        for one in found.values()
    ]
    ranked = sorted(named, key=_size, reverse=True)
    return ranked[:MOST_PROPOSALS], max(0, len(ranked) - MOST_PROPOSALS)


def span(first: date | None, last: date | None) -> int:
    """Days that a file covers: both ends belong to it."""
    return (last - first).days + 1 if first and last else 1


def averages(proposal: Proposal, *, calls_month: int | None = None) -> Averages:
    """What a month of a proposal is; `calls_month` is its owner's where none is known.

    A file that counts no calls has tokens a month, and they are divided by what its
    owner says; without that nothing is said of a call.
    """
    days = Decimal(proposal.days)
    prompt, output = proposal.input_tokens, proposal.output_tokens
    cached = proposal.cached_tokens
    share = None if cached is None or not prompt else round(cached / prompt, 6)
    if proposal.requests:
        calls = _whole(per_month(Decimal(proposal.requests), days))
        each = Decimal(proposal.requests)
    elif calls_month:
        calls = calls_month
        each = Decimal(calls_month) * days / MONTH_DAYS
    else:
        return Averages(None, None, None, share)
    return Averages(
        calls, _whole(Decimal(prompt) / each), _whole(Decimal(output) / each), share
    )


def context_for(found: Averages) -> int:
    """The context that an average call needs at the least; never the model's whole one.

    An export says nothing of the largest call: the customer corrects this.
    """
    needed = (found.input_tokens or 0) + (found.output_tokens or 0)
    context = USUAL_CONTEXT
    while context < needed and context < _LARGEST_CONTEXT:
        context *= 2
    return context


def usual_name(model: str, group: str) -> str:
    """What a proposed use case is called until somebody says better."""
    short = model.rpartition("/")[2]
    name = f"{short} ({group})" if group else short
    return name[:120]


def _of_line(line: Any) -> Proposal:
    cost = line.cost_usd
    return Proposal(
        source_model=line.model,
        group=line.group,
        maker=line.maker,
        requests=line.requests,
        input_tokens=line.input_tokens,
        cached_tokens=line.cached_tokens,
        output_tokens=line.output_tokens,
        cost_usd=None if cost is None else f"{cost:f}",
        days=1,
    )


def _plus(one: Proposal, other: Proposal) -> Proposal:
    costs = [Decimal(c) for c in (one.cost_usd, other.cost_usd) if c is not None]
    return replace(
        one,
        requests=_sum(one.requests, other.requests),
        input_tokens=one.input_tokens + other.input_tokens,
        cached_tokens=_sum(one.cached_tokens, other.cached_tokens),
        output_tokens=one.output_tokens + other.output_tokens,
        cost_usd=f"{sum(costs, Decimal(0)):f}" if costs else None,
    )


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _size(one: Proposal) -> tuple[Decimal, int, str, str]:
    cost = Decimal(one.cost_usd or 0)
    return cost, one.input_tokens + one.output_tokens, one.source_model, one.group


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_EVEN))
