"""Find the options of use cases: score, choose a few, and say everything of each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from apps.opportunities.engine import kinds as kinds_
from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.confidence import Confidence, confidence
from apps.opportunities.engine.effort import Effort, effort
from apps.opportunities.engine.fit import Case, Scores, score
from apps.opportunities.engine.kinds import Band, Kind
from apps.opportunities.engine.money import Savings, savings
from apps.opportunities.engine.need import FACTORS, USUAL, Factor, Need, Thresholds
from apps.opportunities.engine.risk import Risk, risk
from apps.opportunities.engine.scales import Scale, log_scale
from apps.opportunities.engine.table import Flags, Floats, Rows, Table
from apps.opportunities.engine.trade_offs import trade_offs

# Use cases that are scored at once: enough to be quick, few enough for the memory.
BLOCK: Final = 200
# Options by one maker: four of the same house are no choice.
MOST_OF_ONE_MAKER: Final = 2
# What is told of today keeps its place against what is hardly better.
STAYING: Final = 1.1
# Of quality, 0 to 1: up to here a cheaper model is worth telling for its price.
HARDLY_WORSE: Final = 0.08
# Of the ranking, enough for a few options of several makers.
LOOKED_AT: Final = 40


@dataclass(frozen=True, slots=True)
class FactorScore:
    """One sub-score of both sides; None is not assessed, and weighs nothing."""

    factor: Factor
    # As the use case wants it, before the unknown are left out.
    weight: float
    candidate: float | None
    current: float | None

    @property
    def is_known(self) -> bool:
        return self.candidate is not None and self.current is not None


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """A better model for one use case, and everything that it rests on."""

    candidate: Candidate
    current: Candidate
    kinds: tuple[Kind, ...]
    fit: float
    current_fit: float
    gain: float
    factors: tuple[FactorScore, ...]
    savings: Savings
    confidence: Confidence
    risk: Risk
    effort: Effort
    trade_offs: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        return self.kinds[0]

    @property
    def band(self) -> Band:
        return kinds_.band(self.gain)


def find(
    need: Need,
    current: Candidate,
    candidates: Iterable[Candidate],
    *,
    now: datetime,
    thresholds: Thresholds = USUAL,
) -> list[Option]:
    """The options of one use case, the best first."""
    case = Case(current.model_id, need, current)
    table = Table([*candidates, current])
    return dict(find_all([case], table, now=now, thresholds=thresholds))[case.key]


def find_all(
    cases: Iterable[Case],
    table: Table,
    *,
    now: datetime,
    thresholds: Thresholds = USUAL,
    scale: Scale = log_scale,
    only: frozenset[UUID] | None = None,
) -> Iterator[tuple[UUID, list[Option]]]:
    """The options of every use case, a block at a time; `only` asks of these models."""
    groups: dict[object, list[Case]] = defaultdict(list)
    for case in cases:
        groups[table.view_key(case.need, now.date())].append(case)
    for group in groups.values():
        rows = table.view(group[0].need, now.date())
        for start in range(0, len(group), BLOCK):
            block = group[start : start + BLOCK]
            if not len(rows):
                yield from ((case.key, []) for case in block)
                continue
            scores = score(block, rows, scale=scale)
            yield from _options(scores, now=now, thresholds=thresholds, only=only)


def found_models(
    case: Case, table: Table, *, now: datetime, thresholds: Thresholds = USUAL
) -> frozenset[UUID]:
    """Every model that is an opportunity, those beyond the chosen few included."""
    rows = table.view(case.need, now.date())
    if not len(rows):
        return frozenset()
    scores = score([case], rows)
    is_found = kinds_.found(scores, kinds_.met(scores, thresholds), thresholds)[0]
    places = np.flatnonzero(is_found).tolist()
    return frozenset(rows.offers[place].model_id for place in places)


def _options(
    scores: Scores,
    *,
    now: datetime,
    thresholds: Thresholds,
    only: frozenset[UUID] | None,
) -> Iterator[tuple[UUID, list[Option]]]:
    kinds = kinds_.met(scores, thresholds)
    is_found = kinds_.found(scores, kinds, thresholds)
    worth = kinds_.worth(scores, is_found)
    firsts, is_any = _Firsts.of(scores, is_found, worth), is_found.any(axis=1)
    for row, case in enumerate(scores.cases):
        if not is_any[row]:
            yield case.key, []
            continue
        places = _chosen(scores, row, worth[row], firsts.at(row), thresholds.options)
        if only is not None:
            places = [p for p in places if scores.rows.offers[p].model_id in only]
        known = zip(places, _factors(scores, row, places), strict=True)
        yield (
            case.key,
            [_option(scores, kinds, (row, at), factors, now) for at, factors in known],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Firsts:
    """Of each use case the places that are told whatever their rank, -1 for none."""

    cheapest: Rows
    best: Rows
    own_maker: Rows

    @classmethod
    def of(cls, scores: Scores, is_found: Flags, worth: Floats) -> "_Firsts":
        gap, cost = scores.quality.gap, scores.costs[0]
        near = is_found & (gap <= HARDLY_WORSE)
        authors = np.array([offer.author for offer in scores.rows.offers])
        own = np.array([case.current.author for case in scores.cases])[:, None]
        return cls(
            _greatest(near, -cost),
            _greatest(is_found, scores.quality.pair[0]),
            _greatest(is_found & (authors == own), worth),
        )

    def at(self, row: int) -> list[int]:
        places = (self.cheapest[row], self.best[row], self.own_maker[row])
        return [int(place) for place in places if place >= 0]


def _greatest(is_wanted: Flags, values: Floats) -> Rows:
    """The place of the greatest value of each row, -1 where none is wanted."""
    is_wanted = is_wanted & ~np.isnan(values)
    places = np.where(is_wanted, values, -np.inf).argmax(axis=1)
    return np.where(is_wanted.any(axis=1), places, -1)


def _chosen(
    scores: Scores, row: int, worth: Floats, firsts: Sequence[int], most: int
) -> list[int]:
    """The best by rank, among them the one that saves most, the one of the best
    quality and the one of the same maker; and those that somebody decided on before.
    """
    case, place_of = scores.cases[row], scores.place_of
    old = _places_of(place_of, case.held, worth)
    rank = worth.copy()
    rank[_places_of(place_of, case.open, worth)] *= STAYING
    rank[old] = 0.0
    # Among equals the first by slug, so that a second run chooses the same.
    ranked = np.argsort(-rank, kind="stable")[:LOOKED_AT]
    open_ = [int(place) for place in ranked if rank[place] > 0]
    told = [place for place in firsts if rank[place] > 0]
    chosen = _varied(scores, row, dict.fromkeys((*open_[:1], *told, *open_)), most)
    chosen.sort(key=lambda place: (-rank[place], place))
    return [*chosen, *old]


def _places_of(
    place_of: Mapping[UUID, int], models: Iterable[UUID], worth: Floats
) -> list[int]:
    """Where these models stand, of those that are opportunities."""
    known = (place_of.get(model_id) for model_id in models)
    return sorted(place for place in known if place is not None and worth[place] > 0)


def _varied(scores: Scores, row: int, places: Iterable[int], most: int) -> list[int]:
    """Without a second name of the same thing, and not all of one maker."""
    makers: dict[str, int] = defaultdict(int)
    seen: set[object] = set()
    chosen: list[int] = []
    for place in places:
        author = scores.rows.offers[place].author
        cost, fit = float(scores.costs[0][row, place]), float(scores.fit[row, place])
        same = author, cost if cost == cost else None, fit
        if same not in seen and makers[author] < MOST_OF_ONE_MAKER:
            makers[author] += 1
            seen.add(same)
            chosen.append(place)
        if len(chosen) == most:
            break
    return chosen


def _option(
    scores: Scores,
    kinds: Mapping[Factor, Flags],
    at: tuple[int, int],
    factors: tuple[FactorScore, ...],
    now: datetime,
) -> Option:
    row, place = at
    case, candidate = scores.cases[row], scores.rows.offers[place]
    evidence = case.evidence.get(candidate.model_id)
    sure = confidence(
        case.current,
        candidate,
        case.need,
        now=now,
        evidence=evidence,
        unknown_weight=sum(one.weight for one in factors if not one.is_known),
    )
    saved = savings(
        case.current,
        candidate,
        case.need,
        output_ratio=evidence.output_ratio if evidence else None,
    )
    return Option(
        candidate=candidate,
        current=case.current,
        kinds=tuple(kinds_.leading(case.need, kinds, row, place)),
        fit=float(scores.fit[row, place]),
        current_fit=float(scores.own_fit[row, place]),
        gain=float(scores.gain[row, place]),
        factors=factors,
        savings=saved,
        confidence=sure,
        risk=risk(
            case.current,
            candidate,
            case.need,
            today=now.date(),
            basis=sure.basis,
            evidence=evidence,
        ),
        effort=effort(case.current, candidate, case.need),
        trade_offs=trade_offs(case.current, candidate, case.need, saved.share),
    )


def _factors(
    scores: Scores, row: int, places: Sequence[int]
) -> Iterator[tuple[FactorScore, ...]]:
    """The sub-scores of each of these places."""
    found = []
    weights = scores.weights[row].tolist()
    for factor, weight in zip(FACTORS, weights, strict=True):
        theirs, mine = (_at(side, row, places) for side in scores.factors[factor])
        pairs = zip(theirs, mine, strict=True)
        found.append([FactorScore(factor, weight, *pair) for pair in pairs])
    return zip(*found, strict=True)


def _at(values: Floats, row: int, places: Sequence[int]) -> list[float | None]:
    """Values of one row; the current models' may be one a use case, or one a pair."""
    wanted = places if values.shape[1] > 1 else [0] * len(places)
    found = values[row, wanted].tolist()
    return [None if value != value else value for value in found]  # NaN alone does
