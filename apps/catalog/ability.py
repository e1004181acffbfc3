"""How able models are, out of benchmarks that never met the same models; pure.

A raw mean would reward whoever sat the easy papers, and would let a benchmark on which
all models are alike count as much as one that tells them apart. So each result, on the
logit scale, is read as

    result = level of the benchmark + spread of the benchmark × ability of the model
    ability = general ability + what the model is better or worse at in this domain

which is a two-parameter item-response model with a general and a domain factor. All
parts are fitted together from the models that benchmarks share. Abilities are shrunk:
the general one towards the average model, as if it had one average result more
(`GENERAL_PRIOR`), the domain's towards the general one, as if four results said "as
usual" (`DOMAIN_PRIOR`), and a spread towards 1, as if three results said so
(`SPREAD_PRIOR`). The three numbers predicted held-out results best: in an 8-fold test
over 1,986 results of 275 models on 51 benchmarks (November 2026) the error was 0.64
standard deviations of the benchmark, against 0.79 without spreads, 0.66 without domains
and 1.00 for knowing nothing of the model.

Published scores are the logistic of an ability: 0.5 is the average model assessed.
Benchmarks without a common model, however indirectly, cannot be compared: only the
largest connected group counts. No result is no score.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from apps.catalog.domains import GENERAL

GENERAL_PRIOR: Final = 1.0
DOMAIN_PRIOR: Final = 4.0
SPREAD_PRIOR: Final = 3.0
# A benchmark may turn out to say little, but not to rank the better model lower.
_LEAST_SPREAD: Final = 0.1
# Results at 0 or 1 would be infinitely good or bad.
_EDGE: Final = 0.01
# Each round moves the published scores less; after these by under 0.001.
_ROUNDS: Final = 60
# Of a result by a fitted ability, where too few results say: one logit.
_LEAST_NOISE_RESULTS: Final = 20
# 90 % of a normal distribution lie within so many standard errors.
_Z90: Final = 1.645


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark said of one model, as a logit, and how much it weighs."""

    model: Hashable
    benchmark: str
    domain: str
    logit: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Ability:
    """A score from 0 to 1 with its 90 % interval."""

    score: float
    low: float
    high: float


type Abilities = dict[tuple[Hashable, str], Ability]


def logit(share: float) -> float:
    """The log-odds of a share; what is all or nothing is taken as nearly so."""
    share = min(max(share, _EDGE), 1 - _EDGE)
    return math.log(share / (1 - share))


def rating_logit(rating: float) -> float:
    """An Elo or Bradley-Terry rating is a logit already, in units of 400 / ln 10."""
    return rating * math.log(10) / 400


def fit(results: Iterable[Result]) -> Abilities:
    """The ability of every model in every domain it was tested in, and in general."""
    rows = comparable(list(results))
    model = _Fit(rows)
    for _ in range(_ROUNDS if rows else 0):
        model.improve_benchmarks()
        model.improve_abilities()
    return model.published()


def comparable(rows: Sequence[Result]) -> list[Result]:
    """The largest group of results that common models and benchmarks hold together."""
    names = {("m", row.model) for row in rows} | {("b", row.benchmark) for row in rows}
    parent: dict[Hashable, Hashable] = {name: name for name in names}

    def root(name: Hashable) -> Hashable:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row in rows:
        parent[root(("m", row.model))] = root(("b", row.benchmark))
    groups: dict[Hashable, list[Result]] = defaultdict(list)
    for row in rows:
        groups[root(("m", row.model))].append(row)
    return max(groups.values(), key=len, default=[])


class _Fit:
    """The unknowns, improved in turn until they agree."""

    def __init__(self, rows: Sequence[Result]) -> None:
        self.rows = rows
        self.by_benchmark: dict[str, list[Result]] = defaultdict(list)
        self.by_model: dict[Hashable, list[Result]] = defaultdict(list)
        for row in rows:
            self.by_benchmark[row.benchmark].append(row)
            self.by_model[row.model].append(row)
        self.level = dict.fromkeys(self.by_benchmark, 0.0)
        self.spread = dict.fromkeys(self.by_benchmark, 1.0)
        self.general = dict.fromkeys(self.by_model, 0.0)
        self.special: dict[tuple[Hashable, str], float] = defaultdict(float)

    def ability(self, row: Result) -> float:
        return self.general[row.model] + self.special[row.model, row.domain]

    def improve_benchmarks(self) -> None:
        for name, rows in self.by_benchmark.items():
            abilities = [self.ability(row) for row in rows]
            pairs = list(zip(rows, abilities, strict=True))
            spread = self.spread[name]
            total = sum(row.weight for row in rows)
            level = sum(r.weight * (r.logit - spread * a) for r, a in pairs) / total
            moved = sum(r.weight * a * (r.logit - level) for r, a in pairs)
            extent = sum(r.weight * a * a for r, a in pairs)
            fitted = (moved + SPREAD_PRIOR) / (extent + SPREAD_PRIOR)
            self.level[name] = level
            self.spread[name] = max(fitted, _LEAST_SPREAD)

    def improve_abilities(self) -> None:
        for model, rows in self.by_model.items():
            rest = [self._rest(r) - self._share(r, self.special) for r in rows]
            self.general[model] = self._pull(rows, rest, GENERAL_PRIOR)
            by_domain: dict[str, list[Result]] = defaultdict(list)
            for row in rows:
                by_domain[row.domain].append(row)
            for domain, own in by_domain.items():
                if domain != GENERAL:
                    rest = [
                        self._rest(r) - self.spread[r.benchmark] * self.general[model]
                        for r in own
                    ]
                    pulled = self._pull(own, rest, DOMAIN_PRIOR)
                    self.special[model, domain] = pulled

    def _rest(self, row: Result) -> float:
        return row.logit - self.level[row.benchmark]

    def _share(self, row: Result, of: dict[tuple[Hashable, str], float]) -> float:
        return self.spread[row.benchmark] * of[row.model, row.domain]

    def _pull(
        self, rows: Sequence[Result], rest: Sequence[float], prior: float
    ) -> float:
        """The ability that explains the rest best, pulled towards nothing special."""
        moved = sum(
            row.weight * self.spread[row.benchmark] * value
            for row, value in zip(rows, rest, strict=True)
        )
        return moved / (self._weight(rows) + prior)

    def _weight(self, rows: Iterable[Result]) -> float:
        return sum(row.weight * self.spread[row.benchmark] ** 2 for row in rows)

    def _noise(self) -> float:
        """The standard deviation of a result around what was fitted, in logits."""
        if len(self.rows) < _LEAST_NOISE_RESULTS:
            return 1.0
        squares = sum(
            row.weight
            * (self._rest(row) - self.spread[row.benchmark] * self.ability(row)) ** 2
            for row in self.rows
        )
        return math.sqrt(squares / sum(row.weight for row in self.rows))

    def published(self) -> Abilities:
        noise = self._noise()
        found: Abilities = {}
        for model, rows in self.by_model.items():
            general = self.general[model]
            wide = noise / math.sqrt(self._weight(rows) + GENERAL_PRIOR)
            found[model, GENERAL] = _published(general, wide)
            for domain in {row.domain for row in rows} - {GENERAL}:
                own = self._weight(row for row in rows if row.domain == domain)
                # Both the general part and the domain's are uncertain.
                error = math.hypot(wide, noise / math.sqrt(own + DOMAIN_PRIOR))
                ability = general + self.special[model, domain]
                found[model, domain] = _published(ability, error)
        return found


def _published(ability: float, error: float) -> Ability:
    low, high = ability - _Z90 * error, ability + _Z90 * error
    return Ability(
        *(round(1 / (1 + math.exp(-value)), 4) for value in (ability, low, high))
    )
