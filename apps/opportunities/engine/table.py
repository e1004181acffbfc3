"""A whole market as columns, so that one use case is scored in microseconds.

Rows stand by model and, within a model, by price: of the rows that pass the filters
the first of each model is the offer that counts.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from apps.opportunities.engine.candidates import GENERAL, Candidate
from apps.opportunities.engine.filters import HAS, barred, gone
from apps.opportunities.engine.need import Need
from apps.router.engine.rules import Rules

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Rows = NDArray[np.intp]
# Three prompt tokens to one of the answer: by that mix a model's offers stand in line.
MIX: Final = 3
# Sets of rules and needs of which the rows are remembered.
REMEMBERED: Final = 256
FILTERED: Final = frozenset(HAS)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What is known of some offers, a row each; NaN is not known."""

    offers: Sequence[Candidate]
    model_no: Rows
    input: Floats
    cached: Floats
    output: Floats
    request: Floats
    context: Floats
    wait_s: Floats
    rate: Floats
    ttft_ms: Floats
    has_reasoning: Flags
    # By task, and over all of them; the lower ends of their intervals, and whether
    # independent results are among them.
    quality: dict[str, Floats]
    quality_low: dict[str, Floats]
    independent: dict[str, Flags]
    trust: Floats
    downrank: Floats

    def __len__(self) -> int:
        return len(self.offers)

    def at(self, rows: Rows) -> "Columns":
        """Some of the rows."""
        offers = [self.offers[row] for row in rows.tolist()]
        found = {
            each.name: _taken(getattr(self, each.name), rows)
            for each in fields(self)
            if each.name != "offers"
        }
        return Columns(offers=offers, **found)


def _taken(values: Any, rows: Rows) -> Any:
    """Of a column, or of columns by task."""
    if isinstance(values, dict):
        return {name: column[rows] for name, column in values.items()}
    return values[rows]


class Table:
    """The offers of a market; it never changes."""

    def __init__(self, offers: Iterable[Candidate]) -> None:
        self.offers: Sequence[Candidate] = sorted(offers, key=_place)
        numbers: dict[UUID, int] = {}
        for offer in self.offers:
            numbers.setdefault(offer.model_id, len(numbers))
        self.number_of = numbers
        self._model_no = np.array(
            [numbers[offer.model_id] for offer in self.offers], dtype=np.intp
        )
        self._context = column(self.offers, lambda offer: offer.context_tokens)
        self._has = {
            name: np.array([has(offer) is True for offer in self.offers], dtype=bool)
            for name, has in HAS.items()
        }
        self._sizes = sorted({p.above for offer in self.offers for p in offer.prices})
        self._kept: dict[date, Flags] = {}
        self._allowed: dict[Rules, Flags] = {}
        self._priced: dict[int, Flags] = {}
        self._wide: dict[int, Columns] = {}
        self._views: dict[object, Columns] = {}

    def __len__(self) -> int:
        return len(self.offers)

    def step(self, prompt_tokens: float) -> int:
        """Which of the price steps a prompt is on; equal steps have equal prices."""
        return bisect_left(self._sizes, prompt_tokens) if prompt_tokens > 0 else 0

    def view_key(self, need: Need, today: date) -> object:
        """Use cases with equal keys choose among the same rows."""
        wanted = need.capabilities & FILTERED
        step = self.step(need.prompt_tokens)
        return need.rules, wanted, need.required_context, step, today

    def view(self, need: Need, today: date) -> Columns:
        """One row a model: the cheapest offer that passes the use case's filters."""
        key = self.view_key(need, today)
        found = self._views.get(key)
        if found is None:
            if len(self._views) >= REMEMBERED:
                self._views.clear()
            found = self._views[key] = self._view(need, today)
        return found

    def _view(self, need: Need, today: date) -> Columns:
        keep = self._staying(today) & self._allowing(need.rules)
        keep &= self._pricing(need.prompt_tokens)
        # NaN compares as false, so a context that nobody knows is refused.
        keep &= self._context >= need.required_context
        for name in need.capabilities & FILTERED:
            keep &= self._has[name]
        rows = np.flatnonzero(keep)
        numbers = self._model_no[rows]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = numbers[1:] != numbers[:-1]
        return self._all(need.prompt_tokens).at(rows[first])

    def _all(self, prompt_tokens: float) -> Columns:
        """Every offer, at the prices of prompts of this size."""
        step = self.step(prompt_tokens)
        if step not in self._wide:
            self._wide[step] = columns(self.offers, self._model_no, prompt_tokens)
        return self._wide[step]

    def _staying(self, today: date) -> Flags:
        if today not in self._kept:
            self._kept = {today: _flags(self.offers, lambda o: not any(gone(o, today)))}
        return self._kept[today]

    def _allowing(self, rules: Rules) -> Flags:
        if rules not in self._allowed:
            if len(self._allowed) >= REMEMBERED:
                self._allowed.clear()
            self._allowed[rules] = _flags(
                self.offers, lambda offer: not any(barred(offer, rules))
            )
        return self._allowed[rules]

    def _pricing(self, prompt_tokens: float) -> Flags:
        step = self.step(prompt_tokens)
        if step not in self._priced:
            self._priced[step] = _flags(
                self.offers,
                lambda offer: (
                    not offer.is_price_variable
                    and offer.price_at(prompt_tokens).is_known
                ),
            )
        return self._priced[step]


def columns(
    offers: Sequence[Candidate], model_no: Rows, prompt_tokens: float
) -> Columns:
    """The columns of some offers, at the prices of prompts of one size."""
    prices = [offer.price_at(prompt_tokens) for offer in offers]
    tasks = sorted({GENERAL, *(task for offer in offers for task in offer.qualities)})
    return Columns(
        offers=offers,
        model_no=model_no,
        input=column(prices, lambda price: price.input),
        cached=column(prices, lambda price: price.cache_read),
        output=column(prices, lambda price: price.output),
        request=column(prices, lambda price: price.request),
        context=column(offers, lambda offer: offer.context_tokens),
        wait_s=column(offers, _wait_s),
        rate=column(offers, lambda offer: offer.speed.tokens_per_s or None),
        ttft_ms=column(offers, lambda offer: offer.speed.ttft_ms),
        has_reasoning=_flags(offers, lambda offer: offer.has_reasoning is True),
        quality={task: column(offers, _quality_at(task)) for task in tasks},
        quality_low={task: column(offers, _low_at(task)) for task in tasks},
        independent={task: _flags(offers, _is_independent_at(task)) for task in tasks},
        trust=column(offers, lambda offer: offer.trust.points),
        downrank=column(offers, lambda offer: offer.downrank),
    )


def column[Row](rows: Sequence[Row], of: Callable[[Row], object]) -> Floats:
    """One figure of each row, NaN where it is None."""
    values = [of(row) for row in rows]
    return np.array(
        [np.nan if value is None else float(value) for value in values],  # type: ignore[arg-type]  # numbers all
        dtype=np.float64,
    )


def _flags(offers: Sequence[Candidate], says: Callable[[Candidate], bool]) -> Flags:
    return np.array([says(offer) for offer in offers], dtype=bool)


def _wait_s(offer: Candidate) -> float | None:
    speed = offer.speed
    if speed.is_end_to_end:
        return 0.0
    return None if speed.ttft_ms is None else speed.ttft_ms / 1000


def _quality_at(task: str) -> Callable[[Candidate], float | None]:
    def score(offer: Candidate) -> float | None:
        found = offer.qualities.get(task)
        return None if found is None else found.score

    return score


def _low_at(task: str) -> Callable[[Candidate], float | None]:
    def low(offer: Candidate) -> float | None:
        found = offer.qualities.get(task)
        return None if found is None else found.low

    return low


def _is_independent_at(task: str) -> Callable[[Candidate], bool]:
    def says(offer: Candidate) -> bool:
        found = offer.qualities.get(task)
        return found is not None and found.independent > 0

    return says


def _place(offer: Candidate) -> tuple[object, ...]:
    """By model and price; of offers at one price the maker's own comes first."""
    price = offer.price_at(0)
    if offer.is_price_variable or price.input is None or price.output is None:
        blended = float("inf")
    else:
        blended = float(price.input * MIX + price.output)
    is_makers = offer.provider in (offer.author, offer.vendor)
    names = (offer.provider, str(offer.offer_id))
    return offer.model, str(offer.model_id), blended, not is_makers, *names
