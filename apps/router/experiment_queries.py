"""Reads of experiments: their arms' figures, straight from the ledger's own rows.

Answers from memory are left out, and so are test keys: neither says anything about an
arm. A request that its caller gave up on is no failure, and has no latency.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.kit.errors import NotFoundError
from apps.router.engine import evidence
from apps.router.engine.evidence import Interval, Sample, Verdict
from apps.router.experiment_models import Experiment, Judgement

_ARMS: Final = """
    SELECT arm, count(*) FILTER (WHERE status <> 'cancelled'),
        count(*) FILTER (WHERE status = 'failed'),
        count(*) FILTER (WHERE model <> %s AND status = 'ok'),
        count(cost_usd), coalesce(sum(cost_usd), 0),
        coalesce(sum(cost_usd * cost_usd), 0), count(*) FILTER (WHERE status = 'ok')
    FROM router_routed_request
    WHERE org_id = %s AND experiment_id = %s AND created_at >= %s
      AND purpose IN ('call', 'shadow') AND cache = '' AND NOT is_test
    GROUP BY arm
"""
_LATENCIES: Final = """
    SELECT percentile_cont(%s::float8[]) WITHIN GROUP (ORDER BY latency_ms)
    FROM router_routed_request
    WHERE org_id = %s AND experiment_id = %s AND created_at >= %s AND arm = %s
      AND purpose IN ('call', 'shadow') AND cache = '' AND NOT is_test
      AND status = 'ok'
"""
_SPENT: Final = """
    SELECT coalesce(sum(cost_usd), 0) FROM router_routed_request
    WHERE org_id = %s AND experiment_id = %s AND created_at >= %s
      AND purpose IN ('shadow', 'judge')
"""
# The newest mark of each request: who sends another corrects the one before.
_MARKS: Final = """
    SELECT r.arm, count(*), sum(m.quality), sum(m.quality * m.quality)
    FROM router_routed_request r
    CROSS JOIN LATERAL (
        SELECT o.quality FROM router_outcome o
        WHERE o.org_id = r.org_id AND o.request_id = r.id
          AND o.quality IS NOT NULL AND o.source = 'feedback'
        ORDER BY o.created_at DESC LIMIT 1
    ) m
    WHERE r.org_id = %s AND r.experiment_id = %s AND r.created_at >= %s
      AND r.purpose = 'call' AND r.cache = '' AND NOT r.is_test
    GROUP BY r.arm
"""
_JUDGED: Final = """
    SELECT count(*), count(*) FILTER (WHERE outcome = 'win'),
        count(*) FILTER (WHERE outcome = 'loss'),
        count(*) FILTER (WHERE is_consistent)
    FROM router_judgement WHERE org_id = %s AND experiment_id = %s
"""


NOTHING_YET: Final = Sample()


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm's figures; money in US dollars, latencies in ms, with 95 % intervals."""

    name: str
    model: str
    weight: float
    requests: int = 0
    failed: int = 0
    # Answered by another model, which stood in.
    stood_in: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0
    errors: Interval = evidence.UNKNOWN
    cost: Interval = evidence.UNKNOWN
    p50: Interval = evidence.UNKNOWN
    p95: Interval = evidence.UNKNOWN
    quality: Sample = NOTHING_YET


@dataclass(frozen=True, slots=True)
class Results:
    """What an experiment says by now."""

    arms: list[ArmResult]
    # The candidate's quality less control's, at every look; None is not compared.
    gain: Interval | None = None
    verdict: Verdict = ""
    # Pairs judged, and how many of them alike in both orders.
    judged: int = 0
    consistent: int = 0
    wins: int = 0
    losses: int = 0
    # About how many more there must be for "not worse", as things are.
    needed: int | None = None
    # The candidate's share of failures less control's, at every look.
    harm: Interval = evidence.UNKNOWN
    spent_usd: Decimal = Decimal(0)

    @property
    def control(self) -> ArmResult:
        return self.arms[0]

    @property
    def candidate(self) -> ArmResult:
        return self.arms[1]

    @property
    def ties(self) -> int:
        return self.judged - self.wins - self.losses

    @property
    def consistency(self) -> float | None:
        return self.consistent / self.judged if self.judged else None

    @property
    def is_judge_unsure(self) -> bool:
        share = self.consistency
        return share is not None and share < evidence.LEAST_CONSISTENCY

    @property
    def saved_share(self) -> float | None:
        """How much cheaper a request of the candidate is; negative is dearer."""
        ours, theirs = self.candidate.cost, self.control.cost
        if not (self.candidate.requests and theirs.middle):
            return None
        return 1 - ours.middle / theirs.middle

    @property
    def added_share(self) -> float | None:
        """The same told the other way round: how much dearer the candidate is."""
        share = self.saved_share
        return None if share is None else -share


@dataclass(frozen=True, slots=True)
class _Compared:
    """The quality of both arms, and what is certain about the difference."""

    control: Sample = NOTHING_YET
    candidate: Sample = NOTHING_YET
    gain: Interval | None = None
    judged: tuple[int, int, int, int] = (0, 0, 0, 0)


def experiments() -> list[Experiment]:
    """Every experiment of the organization in scope, newest first."""
    return list(Experiment.objects.select_related("alias").order_by("-created_at"))


def running_experiments() -> list[tuple[UUID, UUID]]:
    """Organization and id of each experiment that runs. Under `unscoped`."""
    rows = Experiment.objects.filter(state=Experiment.State.RUNNING)
    return list(rows.order_by("org_id", "id").values_list("org_id", "id"))


def get_experiment(experiment_id: UUID) -> Experiment:
    """Raises NotFoundError."""
    rows = Experiment.objects.select_related("alias")
    experiment = rows.filter(id=experiment_id).first()
    if experiment is None:
        raise NotFoundError("There is no such experiment.")
    return experiment


def results(experiment: Experiment) -> Results:
    """What the ledger says of the experiment's arms by now."""
    arms = [
        ArmResult(arm["name"], arm["model"], arm["weight"]) for arm in experiment.arms
    ]
    if experiment.started_at is None:
        return Results(arms)
    compared = _compared(experiment)
    qualities = {arms[0].name: compared.control, arms[1].name: compared.candidate}
    filled = [
        _arm(experiment, arm, qualities.get(arm.name, NOTHING_YET)) for arm in arms
    ]
    control, candidate = (
        Sample.of_sums(arm.requests, arm.failed, arm.failed) for arm in filled[:2]
    )
    judged, wins, losses, consistent = compared.judged
    said = Results(
        filled,
        gain=compared.gain,
        judged=judged,
        consistent=consistent,
        wins=wins,
        losses=losses,
        needed=_needed(experiment, compared),
        harm=evidence.difference(control, candidate, experiment.alpha),
        spent_usd=max(experiment.spent_usd, spent(experiment)),
    )
    return _with_verdict(said, experiment)


def spent(experiment: Experiment) -> Decimal:
    """What its shadows and judges cost, by the ledger."""
    [(total,)] = _rows(_SPENT, _place(experiment))
    return Decimal(total)


def _with_verdict(said: Results, experiment: Experiment) -> Results:
    if said.gain is None or said.is_judge_unsure:
        return said
    decided = evidence.verdict(said.gain, experiment.margin)
    return replace(said, verdict=decided)


def _compared(experiment: Experiment) -> _Compared:
    if experiment.quality == Experiment.Quality.JUDGE:
        return _judged(experiment)
    if experiment.quality == Experiment.Quality.FEEDBACK:
        control, candidate = _feedback(experiment)
        gain = evidence.difference(control, candidate, experiment.alpha)
        return _Compared(control, candidate, gain)
    return _Compared()


def _judged(experiment: Experiment) -> _Compared:
    """Pairs: 1 for a win of the candidate, −1 for a loss, 0 for a tie."""
    [(count, wins, losses, consistent)] = _rows(
        _JUDGED, [experiment.org_id, experiment.id]
    )
    pairs = Sample.of_sums(count, wins - losses, wins + losses)
    gain = evidence.sequence(pairs, experiment.alpha)
    return _Compared(NOTHING_YET, pairs, gain, (count, wins, losses, consistent))


def _feedback(experiment: Experiment) -> tuple[Sample, Sample]:
    """Control's and the candidate's marks from 0 to 1, as callers sent them."""
    marks = {arm: sums for arm, *sums in _rows(_MARKS, _place(experiment))}
    names = (str(arm["name"]) for arm in experiment.arms[:2])
    control, candidate = (
        Sample.of_sums(*marks[name]) if name in marks else NOTHING_YET for name in names
    )
    return control, candidate


def _needed(experiment: Experiment, compared: _Compared) -> int | None:
    if compared.gain is None:
        return None
    return evidence.needed(
        compared.gain, compared.candidate, experiment.margin, experiment.alpha
    )


def _arm(experiment: Experiment, arm: ArmResult, quality: Sample) -> ArmResult:
    rows = {row[0]: row[1:] for row in _rows(_ARMS, [arm.model, *_place(experiment)])}
    found = rows.get(arm.name)
    if found is None:
        return ArmResult(arm.name, arm.model, arm.weight, quality=quality)
    requests, failed, stood_in, priced, total, squares, answered = found
    p50, p95 = _latencies(experiment, arm.name, answered)
    return ArmResult(
        arm.name,
        arm.model,
        arm.weight,
        requests,
        failed,
        stood_in if arm.model else 0,
        Decimal(total),
        unpriced=max(0, requests - priced),
        errors=evidence.share(failed, requests),
        cost=evidence.mean(Sample.of_sums(priced, float(total), float(squares))),
        p50=p50,
        p95=p95,
        quality=quality,
    )


def _latencies(
    experiment: Experiment, arm: str, count: int
) -> tuple[Interval, Interval]:
    """The median and the 95th percentile, each between two order statistics."""
    if not count:
        return evidence.UNKNOWN, evidence.UNKNOWN
    places: list[float] = []
    for quantile in (0.5, 0.95):
        places += [quantile, *evidence.quantile_places(quantile, count)]
    [(found,)] = _rows(_LATENCIES, [places, *_place(experiment), arm])
    values: Sequence[float] = found
    return Interval(*values[:3]), Interval(*values[3:])


def judgements(experiment: Experiment, *, most: int = 20) -> list[Judgement]:
    """What was judged last."""
    rows = Judgement.objects.filter(experiment=experiment)
    return list(rows.order_by("-created_at")[:most])


def _place(experiment: Experiment) -> list[Any]:
    return [experiment.org_id, experiment.id, experiment.started_at]


def _rows(sql: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
