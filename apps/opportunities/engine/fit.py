"""Score every candidate for many use cases at once, beside the model each has now.

Five sub-scores of 0 to 1, weighted by what the use case needs. A factor that is not
known for both sides is left out of both, and the other weights are taken relative to
each other: so a FitScore is always one of a pair.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np

from apps.opportunities.engine.candidates import GENERAL, Candidate
from apps.opportunities.engine.confidence import counts
from apps.opportunities.engine.filters import WORSE_BY
from apps.opportunities.engine.need import FACTORS, Evidence, Factor, Need, weights
from apps.opportunities.engine.scales import Scale, log_scale
from apps.opportunities.engine.table import Columns, Flags, Floats, column, columns

# An answer of about a page, where nobody said how long answers are.
USUAL_OUTPUT_TOKENS: Final = 400
# A gain is told up to this: beyond, the current model's score is close to nothing.
MOST_GAIN: Final = 10.0
# Candidates' values (a row a use case), and the current models' beside them.
type Pair = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One use case: what it needs, what it runs on, and what is known of it."""

    key: UUID
    need: Need
    current: Candidate
    evidence: Mapping[UUID, Evidence] = field(default_factory=dict)
    # Models to speak of whatever their rank: those somebody decided on before.
    held: frozenset[UUID] = frozenset()
    # Models that are told of today: among near equals they stay.
    open: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """A row a use case, a column a candidate; NaN is not assessed."""

    cases: Sequence[Case]
    rows: Columns
    # The column of each candidate's model.
    place_of: Mapping[UUID, int]
    factors: Mapping[Factor, Pair]
    weights: Floats
    fit: Floats
    own_fit: Floats
    gain: Floats
    # Passes the filters that are the use case's own.
    is_fit: Flags
    # What is behind the scores: dollars of a call, seconds of an answer.
    costs: Pair
    seconds: Pair
    quality: "Qualities"
    context: Pair
    trust: Pair


@dataclass(frozen=True, slots=True, eq=False)
class Qualities:
    """Both sides by the same benchmarks, and what these are."""

    pair: Pair
    # The lower end of the candidates' intervals.
    low: Floats
    is_of_task: Flags
    is_independent: Flags

    @property
    def gap(self) -> Floats:
        return self.pair[1] - self.pair[0]


def score(cases: Sequence[Case], rows: Columns, *, scale: Scale = log_scale) -> Scores:
    """Score cases of one view: their candidates are the same rows."""
    places = {offer.model_id: no for no, offer in enumerate(rows.offers)}
    own = _own_columns(cases, places)
    costs, seconds = _costs(cases, rows, own), _seconds(cases, rows, own)
    qualities = _qualities(cases, rows, own)
    context = (_spread(rows.context, cases), own.context[:, None])
    trust = (_spread(rows.trust, cases), own.trust[:, None])
    needed = _of(cases, lambda need: need.required_context)
    factors: dict[Factor, Pair] = {
        "cost": scale(*costs),
        "speed": scale(*seconds),
        "quality": qualities.pair,
        "trust": (trust[0] / 100, trust[1] / 100),
        "context": (_room(context[0], needed), _room(context[1], needed)),
    }
    weight = np.array([_weights(case.need) for case in cases])
    fit, own_fit = _fit(factors, weight)
    fit, own_fit = fit * rows.downrank, own_fit * own.downrank[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.clip(np.nan_to_num(fit / own_fit - 1, nan=0.0), -1.0, MOST_GAIN)
    return Scores(
        cases,
        rows,
        places,
        factors,
        weight,
        fit,
        own_fit,
        gain,
        _passes(cases, rows, own, qualities.gap),
        costs,
        seconds,
        qualities,
        context,
        trust,
    )


def _own_columns(cases: Sequence[Case], places: Mapping[UUID, int]) -> Columns:
    """The current models; -1 is the number of one that is no candidate."""
    numbers = [places.get(case.current.model_id, -1) for case in cases]
    size = cases[0].need.prompt_tokens
    return columns([case.current for case in cases], np.array(numbers), size)


def _of(cases: Sequence[Case], figure: Callable[[Need], object]) -> Floats:
    """One figure of each use case, as a column beside the candidates."""
    return column([case.need for case in cases], figure)[:, None]


def _spread(values: Floats, cases: Sequence[Case]) -> Floats:
    return np.broadcast_to(values, (len(cases), len(values)))


def _weights(need: Need) -> list[float]:
    found = weights(need.needs)
    return [found[factor] for factor in FACTORS]


def _costs(cases: Sequence[Case], rows: Columns, own: Columns) -> Pair:
    """Dollars of one call of the use case's size; NaN where nobody said its size."""
    mix = np.array([case.need.has_mix for case in cases])[:, None]
    prompt = np.where(mix, _of(cases, lambda need: need.volume.input_tokens), np.nan)
    output = np.where(mix, _of(cases, lambda need: need.volume.output_tokens), np.nan)
    share = _of(cases, lambda need: need.volume.cached_share or 0)

    fresh, cached = prompt * (1 - share), prompt * share
    theirs = fresh * rows.input + cached * rows.cached + output * rows.output
    mine = (
        fresh * own.input[:, None]
        + cached * own.cached[:, None]
        + output * own.output[:, None]
    )
    variable = np.array([case.current.is_price_variable for case in cases])[:, None]
    mine = np.where(variable, np.nan, mine / 1e6 + own.request[:, None])
    return theirs / 1e6 + rows.request, mine


def _seconds(cases: Sequence[Case], rows: Columns, own: Columns) -> Pair:
    """Seconds of one answer of the use case's length."""
    output = _of(cases, lambda need: need.volume.output_tokens or USUAL_OUTPUT_TOKENS)
    theirs = rows.wait_s + output / rows.rate
    return theirs, own.wait_s[:, None] + output / own.rate[:, None]


def _qualities(cases: Sequence[Case], rows: Columns, own: Columns) -> Qualities:
    """The task's benchmarks where both sides have some, else those of all tasks."""
    by_task = _stacked(cases, rows.quality.get, len(rows))
    own_task = np.array([_own_score(case, case.need.task) for case in cases])[:, None]
    own_general = np.array([_own_score(case, GENERAL) for case in cases])[:, None]
    general = rows.quality[GENERAL]
    is_of_task = ~np.isnan(by_task) & ~np.isnan(own_task)
    is_general = ~is_of_task & ~np.isnan(general) & ~np.isnan(own_general)
    theirs = np.where(is_of_task, by_task, np.where(is_general, general, np.nan))
    mine = np.where(is_of_task, own_task, np.where(is_general, own_general, np.nan))
    independent = _stacked(cases, rows.independent.get, len(rows))
    own_independent = [_is_own_independent(case) for case in cases]
    is_independent = (independent == 1) & np.array(own_independent)[:, None]
    low = np.where(
        is_of_task,
        _stacked(cases, rows.quality_low.get, len(rows)),
        np.where(is_general, rows.quality_low[GENERAL], np.nan),
    )
    _apply_evidence(cases, rows, theirs, mine)
    return Qualities((theirs, mine), low, is_of_task, is_independent)


def _stacked(
    cases: Sequence[Case],
    of_task: Callable[[str], Floats | Flags | None],
    width: int,
) -> Floats:
    """A row a use case of what the candidates have at its task."""
    unknown = np.full(width, np.nan)
    found = (of_task(case.need.task) for case in cases)
    return np.array([unknown if row is None else row for row in found], dtype=float)


def _own_score(case: Case, task: str) -> float:
    found = case.current.qualities.get(task)
    return float("nan") if found is None else found.score


def _is_own_independent(case: Case) -> bool:
    found = case.current.qualities.get(case.need.task)
    return found is not None and found.independent > 0


def _apply_evidence(
    cases: Sequence[Case], rows: Columns, theirs: Floats, mine: Floats
) -> None:
    """What own prompts say stands in place of what benchmarks say.

    A net share of wins is a difference of logits (Bradley and Terry), from the current
    model's own score; where that is unknown, there is nothing to start from.
    """
    for row, case in enumerate(cases):
        for place, offer in _places(rows, case.evidence):
            evidence = case.evidence[offer.model_id]
            if counts(evidence) and not np.isnan(mine[row, place]):
                share = min(max((1 + evidence.net) / 2, 0.02), 0.98)
                theirs[row, place] = _moved(mine[row, place], share)


def _places(
    rows: Columns, wanted: Mapping[UUID, Evidence]
) -> list[tuple[int, Candidate]]:
    if not wanted:
        return []
    found = enumerate(rows.offers)
    return [(place, offer) for place, offer in found if offer.model_id in wanted]


def _moved(start: float, share: float) -> float:
    """A score so many logits away that it wins this share of comparisons."""
    start = min(max(start, 0.001), 0.999)
    odds = start / (1 - start) * share / (1 - share)
    return odds / (1 + odds)


def _room(context: Floats, needed: Floats) -> Floats:
    """Room up to twice of what is needed counts; where nothing is, all have enough."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = context / (2 * needed)
    return np.where(
        np.isnan(context), np.nan, np.minimum(np.nan_to_num(share, nan=1, posinf=1), 1)
    )


def _fit(factors: Mapping[Factor, Pair], weight: Floats) -> Pair:
    """The weighted means over the factors that are known for both sides."""
    width = factors["quality"][0].shape
    total, theirs, mine = np.zeros(width), np.zeros(width), np.zeros(width)
    for place, factor in enumerate(FACTORS):
        candidate, own = factors[factor]
        is_known = ~np.isnan(candidate) & ~np.isnan(own)
        part = np.where(is_known, weight[:, place, None], 0.0)
        total += part
        theirs += part * np.where(is_known, candidate, 0.0)
        mine += part * np.where(is_known, own, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return theirs / total, mine / total


def _passes(cases: Sequence[Case], rows: Columns, own: Columns, gap: Floats) -> Flags:
    """Not the model it has, quick enough, and not too much worse."""
    numbers = np.arange(len(rows))
    is_other = numbers != own.model_no[:, None]
    limit = _of(cases, lambda need: need.latency_need_ms or None)
    # Of NaN every comparison is false: what is not assessed is not refused here.
    is_slow = rows.ttft_ms > limit
    weakest = _of(cases, lambda need: WORSE_BY[need.quality_need])
    is_weak = gap > weakest
    for row, case in enumerate(cases):
        for place, offer in _places(rows, case.evidence):
            verdict = case.evidence[offer.model_id].verdict
            if verdict:
                is_weak[row, place] = verdict == "worse"
    return np.asarray(is_other & ~is_slow & ~is_weak)
