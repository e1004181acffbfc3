"""What runs on the clock: digests to be opened, what was left lying, what is old."""

from apps.alerts import digests, mending, rule_services
from apps.alerts.rule_models import Rule
from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.tenancy.scope import scope, unscoped


@job("alerts.open_digests")
def open_digests(held: Held) -> str:
    return digests.open_digests(held)


@job("alerts.mend")
def mend(held: Held) -> str:
    """Only posts to the outbox, which is done once however often it is posted."""
    return f"{mending.mend()} posted again"


@job("alerts.prune")
def prune(held: Held) -> str:
    return mending.prune(held)


@job("alerts.watch_rules")
def watch_rules(held: Held) -> str:
    """Look at the rules of every organization that has some."""
    with unscoped("rules to look at may be any organization's"):
        enabled = Rule.objects.filter(is_enabled=True)
        orgs = sorted(set(enabled.values_list("org_id", flat=True)))
    fired = 0
    for number, org_id in enumerate(orgs, 1):
        with scope(org_id):
            fired += rule_services.watch()
        held.advance(None, number, len(orgs))
    return f"{len(orgs)} organizations have rules, {fired} alerts"
