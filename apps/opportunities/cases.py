"""Use cases as the engine takes them: what they need, run on, and know."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from apps.checks.queries import CheckEvidence, evidence_of
from apps.opportunities.engine.fit import Case
from apps.opportunities.engine.need import Evidence, Factor, Need, QualityNeed
from apps.opportunities.market import Market, policy_rules
from apps.portfolio.models import Product, UseCase
from apps.portfolio.queries import volumes
from apps.portfolio.volume import Volume
from apps.router.engine.rules import NO_RULES, Rules, read_rules
from apps.router.experiment_models import Experiment

# An A/B test that says nothing of quality still had to pass its guard rails.
_CONCLUDED = Experiment.State.CONCLUDED


@dataclass(frozen=True, slots=True)
class Known:
    """One use case with its volume and the rules that hold for it."""

    use_case: UseCase
    need: Need


def looked_at(ids: Iterable[UUID] | None) -> list[UseCase]:
    """These use cases of active products, or all: no more than a look needs of them."""
    rows = UseCase.objects.filter(function__product__status=Product.Status.ACTIVE)
    if ids is not None:
        rows = rows.filter(id__in=list(ids))
    return list(rows.select_related("function", "alias").order_by("id"))


def knowns(use_cases: Sequence[UseCase], *, policy: Rules | None = None) -> list[Known]:
    """What each of them needs; a few statements for all of them together."""
    found = volumes(use_cases)
    policy = policy_rules() if policy is None else policy
    return [Known(one, need_of(one, found[one.id], policy)) for one in use_cases]


def need_of(use_case: UseCase, volume: Volume, policy: Rules) -> Need:
    """One use case reduced to what decides."""
    function = use_case.function
    return Need(
        task=use_case.task,
        needs=tuple(cast("list[Factor]", use_case.needs)),
        required_context=use_case.required_context,
        capabilities=frozenset(use_case.capabilities),
        parameters=tuple(use_case.parameters),
        latency_need_ms=function.latency_need_ms,
        quality_need=cast("QualityNeed", function.quality_need),
        volume=volume,
        rules=_rules(use_case, policy),
        is_routed=use_case.alias_id is not None,
    )


def _rules(use_case: UseCase, policy: Rules) -> Rules:
    """Which model the alias is pointed at bars no other from being told of."""
    if use_case.alias is None:
        return policy
    own = read_rules(use_case.alias.rules)
    if own == NO_RULES:
        return policy
    barring = Rules(
        barred_models=own.barred_models,
        providers=own.providers,
        ignored=own.ignored,
        regions=own.regions,
        no_training=own.no_training,
        zero_retention=own.zero_retention,
        quantizations=own.quantizations,
        max_prompt_price=own.max_prompt_price,
        max_output_price=own.max_output_price,
    )
    return policy.narrowed_by(barring)


def cases_of(
    known: Sequence[Known],
    market: Market,
    *,
    held: Mapping[UUID, frozenset[UUID]],
    open_: Mapping[UUID, frozenset[UUID]],
    is_checked: bool = True,
) -> list[Case]:
    """Those whose current model the catalog knows; `held` and `open_` by use case.

    `is_checked` is false of an organization that never had a check.
    """
    evidence = evidence_by_use_case(
        [one.use_case for one in known], market, is_checked=is_checked
    )
    nothing: frozenset[UUID] = frozenset()
    found = []
    for one in known:
        use_case = one.use_case
        current = market.current(
            use_case.current_model_id, use_case.current_provider_id
        )
        if current is not None:
            found.append(
                Case(
                    use_case.id,
                    one.need,
                    current,
                    evidence.get(use_case.id, {}),
                    held.get(use_case.id, nothing),
                    open_.get(use_case.id, nothing),
                )
            )
    return found


def evidence_by_use_case(
    use_cases: Sequence[UseCase], market: Market, *, is_checked: bool = True
) -> dict[UUID, dict[UUID, Evidence]]:
    """By use case and candidate; an experiment on live traffic stands above a check."""
    found: dict[UUID, dict[UUID, Evidence]] = defaultdict(dict)
    checks = evidence_of(one.id for one in use_cases) if is_checked else {}
    for (use_case_id, model_id), check in checks.items():
        found[use_case_id][model_id] = _of_check(check)
    for use_case_id, model_id, tried in _experiments(use_cases, market):
        found[use_case_id][model_id] = tried
    return found


def _of_check(check: CheckEvidence) -> Evidence:
    return Evidence(
        source="check",
        verdict=check.verdict,
        prompts=check.prompts,
        low=check.low,
        high=check.high,
        consistency=check.consistency,
        margin=check.margin,
        output_ratio=check.output_ratio,
        judged_at=check.judged_at,
        reference=str(check.check_id),
    )


def _experiments(
    use_cases: Sequence[UseCase], market: Market
) -> Iterable[tuple[UUID, UUID, Evidence]]:
    """Concluded experiments on the aliases of use cases, the oldest first."""
    by_alias = {one.alias_id: one for one in use_cases if one.alias_id is not None}
    if not by_alias:
        return
    rows = Experiment.objects.filter(
        alias_id__in=list(by_alias), state=_CONCLUDED
    ).exclude(verdict="")
    for row in rows.order_by("ended_at"):
        use_case = by_alias[row.alias_id]
        model_id = market.picture.names.get(row.arms[1]["model"])
        is_after = row.started_at is not None and row.started_at > use_case.created_at
        if model_id is not None and is_after:
            yield use_case.id, model_id, _of_experiment(row)


def _of_experiment(row: Experiment) -> Evidence:
    """The verdict bounds the net share of wins by the margin it was asked with."""
    low, high = {
        "better": (0.0, 2 * row.margin),
        "not_worse": (-row.margin, row.margin),
        "worse": (-1.0, -row.margin),
    }[row.verdict]
    return Evidence(
        source="experiment",
        verdict=row.verdict,  # type: ignore[arg-type]  # of the same three words
        prompts=0,
        low=low,
        high=high,
        margin=row.margin,
        judged_at=row.ended_at,
        reference=str(row.id),
    )
