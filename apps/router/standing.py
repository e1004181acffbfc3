"""What stands for keys and aliases beside their rules: memory, and experiments."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from apps.router.cache_models import KeyCache
from apps.router.engine.rules import NO_RULES, Rules
from apps.router.engine.trial import Arm, Kind, Sticky, Trial
from apps.router.experiment_models import Experiment


def key_caches() -> dict[UUID, dict[UUID | None, int]]:
    """For how long the answers to each key may be given again, by organization."""
    found: dict[UUID, dict[UUID | None, int]] = defaultdict(dict)
    for row in KeyCache.objects.all():
        found[row.org_id][row.key_id] = row.ttl_s
    return found


def running_trials() -> dict[UUID, dict[UUID, Trial]]:
    """The experiments that run, by organization and alias."""
    found: dict[UUID, dict[UUID, Trial]] = defaultdict(dict)
    for row in Experiment.objects.filter(state=Experiment.State.RUNNING):
        found[row.org_id][row.alias_id] = trial_of(row)
    return found


def trial_of(row: Experiment) -> Trial:
    return Trial(
        id=row.id,
        kind=cast("Kind", row.kind),
        arms=tuple(_arm(arm) for arm in row.arms),
        sticky=cast("Sticky", row.sticky),
        share=row.share,
        judge_model=row.judge_model if row.quality == Experiment.Quality.JUDGE else "",
    )


def _arm(stored: Mapping[str, Any]) -> Arm:
    """An arm with a model asks it first; others stand behind it (`routed`)."""
    model = stored.get("model", "")
    rules = Rules(forced=model) if model else NO_RULES
    return Arm(stored["name"], float(stored["weight"]), rules)
