"""What runs on the clock: canaries every minute, the ledger every hour, statements."""

from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.savings import ledger, statements, watching
from apps.savings.queries import orgs_to_book, orgs_to_watch, orgs_with_savings
from apps.tenancy.scope import scope, unscoped


@job("savings.watch_canaries")
def watch_canaries(held: Held) -> str:
    """Promote or roll back what is decided, and end what was changed by hand."""
    with unscoped("switches under way are every organization's"):
        orgs = orgs_to_watch()
    stepped = 0
    for org_id in orgs:
        held.check()
        with scope(org_id):
            stepped += watching.watch(utc_now())
    return f"{stepped} switches took a step"


@job("savings.book")
def book(held: Held) -> str:
    """Book what every organization saved on the days that are open or missed."""
    with unscoped("savings are booked for every organization"):
        orgs = orgs_to_book()
    rows = 0
    for number, org_id in enumerate(orgs, 1):
        with scope(org_id):
            # What was changed by hand ends before its days are closed.
            watching.watch(utc_now())
            rows += ledger.book(held, utc_now())
        held.advance(None, number, len(orgs))
    return f"{rows} rows of {len(orgs)} organizations"


@job("savings.statement")
def statement(held: Held) -> str:
    """Send last month's statement to those who have not got it yet."""
    month = statements.month_before(utc_now().date())
    with unscoped("a month's savings are told to every organization that has some"):
        orgs = orgs_with_savings(*month)
    sent = 0
    for org_id in orgs:
        held.check()
        with scope(org_id):
            sent += statements.send(*month)
    return f"{sent} statements"
