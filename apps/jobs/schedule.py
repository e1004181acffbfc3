"""The beat table: every scheduled job, when it is due and how old its data may be.

The one place to add a scheduled job. Its name is that of its Celery task, which holds
a run of the same name (`apps.jobs.lock.hold`). All times are UTC.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from apps.jobs.timetable import Timing, daily, every, hourly, weekly

# Scheduled work that keeps no runs; each of them may run anywhere, any number of times.
TICKS: Final = {
    "jobs.deliver": 5.0,
    "jobs.dispatch": 20.0,
    "jobs.reap": 300.0,
    "jobs.watch": 60.0,
}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One job of the timetable."""

    name: str
    timing: Timing
    purpose: str
    # How old the last success may get before staff are told; by default enough for
    # one run that fails and all its retries.
    max_age: timedelta | None = None
    # Runs in all for one slot, with back-off between; none means the setting's number.
    # A job that comes again within minutes anyway has 1.
    attempts: int | None = None

    @property
    def allowed_age(self) -> timedelta:
        if self.max_age is not None:
            return self.max_age
        return (
            max(self.timing.period * 10, timedelta(minutes=10))
            if (self.timing.period < timedelta(hours=1))
            else self.timing.period + timedelta(hours=3)
        )


SCHEDULE: Final[tuple[Scheduled, ...]] = (
    Scheduled(
        "router.roll_up",
        every(minutes=1),
        "Sums the ledger into hours and days.",
        attempts=1,
    ),
    Scheduled(
        "router.watch_budgets",
        every(minutes=1),
        "Tells owners of budgets that are nearly spent.",
        attempts=1,
    ),
    Scheduled(
        "router.watch_experiments",
        every(minutes=1),
        "Ends experiments that are decided, or at a limit.",
        attempts=1,
    ),
    Scheduled(
        "checks.resume",
        every(minutes=1),
        "Goes on with sanity checks whose worker is gone.",
        attempts=1,
    ),
    Scheduled(
        "checks.forget",
        daily(1, 40),
        "Removes what sanity checks asked and were answered, after its time.",
    ),
    Scheduled(
        "router.forget_answers",
        hourly(40),
        "Removes answers kept for retries, and from memory, whose time is over.",
    ),
    Scheduled(
        "router.make_partitions",
        daily(0, 30),
        "Prepares the ledger's next months.",
    ),
    Scheduled(
        "router.judge_learning",
        daily(2, 20),
        "Judges whether organizations' graded answers may choose their models.",
    ),
    Scheduled(
        "vault.rotate_provider_keys",
        daily(3, 45),
        "Brings what is sealed under the newest encryption key.",
    ),
    Scheduled(
        "router.drop_old_months",
        daily(1, 5),
        "Drops the ledger's months older than LEDGER_RETENTION_DAYS.",
    ),
    Scheduled(
        "router.prune_health",
        daily(1, 10),
        "Drops what was measured of offers more than 30 days ago.",
    ),
    Scheduled(
        "router.drop_stored_responses",
        daily(1, 20),
        "Removes stored responses whose time is over.",
    ),
    Scheduled(
        "privacy.export",
        every(minutes=1),
        "Builds the archives that organizations asked for.",
        attempts=1,
    ),
    Scheduled(
        "privacy.retention",
        daily(1, 0),
        "Removes prompts and archives whose time is over.",
    ),
    Scheduled(
        "privacy.erase",
        every(minutes=10),
        "Deletes organizations whose 14 days are over, and reminds before.",
        attempts=1,
    ),
    Scheduled(
        "catalog.sync_catalog",
        daily(2),
        "Brings models, providers and announced ends from their sources.",
    ),
    Scheduled(
        "catalog.sync_prices",
        daily(3),
        "Brings every price: of makers, and of each endpoint behind a broker.",
    ),
    Scheduled(
        "catalog.refresh_used",
        hourly(20),
        "Brings prices and endpoints of the models in use.",
    ),
    Scheduled(
        "router.note_used_models",
        hourly(10),
        "Notes which models are in use, so that their prices stay fresh.",
    ),
    Scheduled(
        "catalog.sync_benchmarks",
        weekly("sun", 4),
        "Fetches published benchmark results and rates all models.",
    ),
    Scheduled(
        "catalog.rate_models",
        daily(4, 30),
        "Rates models and providers anew: quality, trust, overrides that end.",
    ),
    Scheduled(
        "opportunities.find",
        daily(5),
        "Looks for better models for every use case.",
    ),
    Scheduled(
        "opportunities.follow_market",
        every(minutes=5),
        "Looks again at the use cases that a change of the catalog could touch.",
        attempts=1,
    ),
    Scheduled(
        "opportunities.tell_market",
        every(minutes=5),
        "Tells organizations what the market does to the models they use.",
        attempts=1,
    ),
    Scheduled(
        "opportunities.tell_limits",
        hourly(35),
        "Tells organizations that a limit of their plan is near, or reached.",
    ),
    Scheduled(
        "alerts.watch_rules",
        every(minutes=5),
        "Looks whether rules that customers made hold, and tells them.",
        attempts=1,
    ),
    Scheduled(
        "alerts.open_digests",
        hourly(25),
        "Opens the weekly digests that leave on Monday, 09:00 of each reader.",
    ),
    Scheduled(
        "alerts.mend",
        hourly(50),
        "Posts alerts and messages again that the outbox gave up.",
    ),
    Scheduled(
        "alerts.prune",
        daily(1, 25),
        "Removes delivered messages after 30 days, and alerts after 400.",
    ),
    Scheduled(
        "savings.watch_canaries",
        every(minutes=1),
        "Promotes or rolls back canaries by their guard rails.",
        attempts=1,
    ),
    Scheduled(
        "savings.book",
        hourly(5),
        "Books what switches saved: today, yesterday, and days missed.",
    ),
    Scheduled(
        "savings.statement",
        daily(7, 30),
        "Mails last month's savings on the 1st, or as soon after as it can.",
    ),
    Scheduled(
        "jobs.prune",
        daily(1, 15),
        "Removes old runs and delivered messages.",
    ),
)
JOBS: Final = {job.name: job for job in SCHEDULE}


def beat_schedule() -> dict[str, dict[str, Any]]:
    """What Celery's beat sends. A tick that no worker took in its period is dropped,
    or an hour without workers would end in thousands of them."""
    ticks = {
        name: {"task": name, "schedule": period_s, "options": {"expires": period_s}}
        for name, period_s in TICKS.items()
    }
    jobs = {
        job.name: {
            "task": job.name,
            "schedule": job.timing.celery(),
            "options": {"expires": job.timing.period.total_seconds()},
        }
        for job in SCHEDULE
    }
    return ticks | jobs
