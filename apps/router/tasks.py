"""What runs on the clock: roll-ups every minute, partitions every night."""

from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.router import budget_services, retention, rollups
from apps.router.budget_queries import drop_expired_holds, due_notices
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


@job("router.note_used_models")
def note_used(held: Held) -> str:
    with unscoped("which models are in use, never by whom"):
        return f"{note_used_models(utc_now().date())} models"


@job("router.make_partitions")
def make_partitions(held: Held) -> str:
    with unscoped("a partition holds every organization's rows"):
        return f"{rollups.make_partitions()} partitions"


@job("router.drop_old_months")
def drop_old_months(held: Held) -> str:
    return retention.drop_old_months(held)
