"""How a switch stands: both arms, what comes next, and what it saved by now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from apps.kit.errors import NotFoundError
from apps.portfolio.models import UseCase
from apps.portfolio.queries import get_use_case
from apps.router.experiment_models import Experiment
from apps.router.experiment_queries import Results, results
from apps.savings import routing
from apps.savings.guard_rails import Decision, Rails
from apps.savings.models import Switch
from apps.savings.queries import Totals, of_switch
from apps.savings.watching import experiment_under_way, next_step

UNKNOWN: Final[dict[str, Any]] = {"input": None, "output": None, "provider": ""}


@dataclass(frozen=True, slots=True)
class Progress:
    """What the page of a switch shows."""

    switch: Switch
    rails: Rails
    totals: Totals
    use_case: UseCase | None
    # While it is under way.
    experiment: Experiment | None = None
    results: Results | None = None
    decision: Decision | None = None
    # Empty: it can be undone now.
    undo_refusal: str = ""

    @property
    def decides_at(self) -> datetime | None:
        """Before this moment it is not promoted."""
        began = self._began
        return began + timedelta(hours=self.rails.min_hours) if began else None

    @property
    def gives_up_at(self) -> datetime | None:
        began = self._began
        return began + timedelta(days=self.rails.max_days) if began else None

    @property
    def _began(self) -> datetime | None:
        return self.experiment.started_at if self.experiment else None

    @property
    def taken(self) -> int:
        return self.results.candidate.requests if self.results else 0

    @property
    def taken_share(self) -> float:
        return min(1.0, self.taken / self.rails.min_requests)

    @property
    def can_undo(self) -> bool:
        return self.switch.is_in_force and not self.undo_refusal

    @property
    def prices(self) -> dict[str, Any]:
        """Both offers' prices as they were at the switch; None where not known."""
        kept = self.switch.evidence.get("prices", {})
        return {name: {**UNKNOWN, **kept.get(name, {})} for name in ("before", "after")}


def progress_of(switch: Switch, now: datetime) -> Progress:
    """How it stands at this moment."""
    base = Progress(
        switch,
        switch.guard,
        of_switch(switch.id),
        _use_case(switch),
        undo_refusal=_undo_refusal(switch),
    )
    if not switch.is_under_way:
        return base
    experiment = experiment_under_way(switch)
    if experiment is None:
        return base
    said = results(experiment)
    return Progress(
        switch,
        routing.shadow_rails(switch)
        if switch.state == Switch.State.SHADOW
        else switch.guard,
        base.totals,
        base.use_case,
        experiment,
        said,
        next_step(switch, experiment, said, now),
    )


def _use_case(switch: Switch) -> UseCase | None:
    try:
        return get_use_case(switch.use_case_id)
    except NotFoundError:
        return None


def _undo_refusal(switch: Switch) -> str:
    """Why undo would be refused, so that nobody has to try."""
    if not switch.is_in_force or not switch.is_measured:
        return ""
    alias = routing.alias_of(switch)
    if alias is None:
        return "The alias was deleted since."
    return "" if alias.rules == switch.rules_after else routing.CHANGED_SINCE
