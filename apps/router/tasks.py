"""What runs on the clock: roll-ups every minute, partitions every night."""

from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.router import (
    budget_services,
    experiment_services,
    health_store,
    learning,
    retention,
    rollups,
)
from apps.router.budget_queries import drop_expired_holds, due_notices
from apps.router.experiment_queries import running_experiments
from apps.router.forgetting import drop_expired_answers, drop_expired_responses
from apps.router.used import note_used_models
from apps.tenancy.scope import scope, unscoped


@job("router.roll_up")
def roll_up(held: Held) -> str:
    with unscoped("the roll-up sums every organization's ledger"):
        return f"{rollups.roll_up()} hours"


@job("router.watch_budgets")
def watch_budgets(held: Held) -> str:
    """Tell owners of budgets that are nearly spent; end the leases of the dead."""
    with unscoped("a budget nearly spent may be any organization's"):
        expired = drop_expired_holds()
        due = due_notices()
    told = 0
    for org_id, budget_id, starts_on, percent in due:
        with scope(org_id):
            told += budget_services.tell_owners(budget_id, starts_on, percent)
    return f"{told} budgets told of, {expired} leases expired"


@job("router.watch_experiments")
def watch_experiments(held: Held) -> str:
    """End the experiments that are decided, or at one of their limits."""
    with unscoped("the experiments that run are every organization's"):
        running = running_experiments()
    ended = 0
    for org_id, experiment_id in running:
        with scope(org_id):
            ended += experiment_services.watch(experiment_id)
    return f"{len(running)} experiments run, {ended} ended"


@job("router.forget_answers")
def forget_answers(held: Held) -> str:
    """Remove the kept answers whose time is over."""
    return f"{drop_expired_answers(held)} answers forgotten"


@job("router.note_used_models")
def note_used(held: Held) -> str:
    with unscoped("which models are in use, never by whom"):
        return f"{note_used_models(utc_now().date())} models"


@job("router.make_partitions")
def make_partitions(held: Held) -> str:
    with unscoped("a partition holds every organization's rows"):
        return f"{rollups.make_partitions()} partitions"


@job("router.prune_health")
def prune_health(held: Held) -> str:
    """Nothing here is anybody's, so no scope is left."""
    return health_store.prune(held)


@job("router.judge_learning")
def judge_learning(held: Held) -> str:
    """Replay every organization's outcomes, and forget what no grade came for."""
    with unscoped("the vectors that are too old may be any organization's"):
        forgotten, orgs = learning.forget_vectors(), learning.due_orgs()
    on = 0
    for number, org_id in enumerate(orgs, 1):
        with scope(org_id):
            on += bool(learning.judge_org().rates)
        held.advance(None, number, len(orgs))
    return f"{on} of {len(orgs)} choose by outcomes, {forgotten} vectors forgotten"


@job("router.drop_old_months")
def drop_old_months(held: Held) -> str:
    return retention.drop_old_months(held)


@job("router.drop_stored_responses")
def drop_stored_responses(held: Held) -> str:
    with unscoped("responses whose time is over are any organization's"):
        return f"{drop_expired_responses(held)} stored responses removed"
