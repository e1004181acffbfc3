"""What is old goes, what somebody may look at stays."""

import pytest
from django.core.management import call_command

from apps.jobs import pruning
from apps.jobs.lock import hold
from apps.jobs.models import Run
from tests.jobs.conftest import Query

pytestmark = pytest.mark.django_db(transaction=True)


def test_old_runs_go_but_the_latest_of_each_job(query: Query) -> None:
    for name in ("x", "x", "y"):
        with hold(name):
            pass
    query("UPDATE job_runs SET started_at = started_at - interval '100 days'")

    call_command("run_job", "jobs.prune")

    assert sorted(Run.objects.values_list("name", flat=True)) == [
        "jobs.prune",
        "x",
        "y",
    ]


def test_frequent_runs_are_bounded(
    query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    query(
        "INSERT INTO job_runs (id, name, status, token, trigger, by, attempt,"
        " items_done, summary, error, started_at) SELECT gen_random_uuid(), 'x',"
        " 'completed', n, 'schedule', '', 1, 0, '', '', now()"
        f" FROM generate_series(1, {pruning.RUNS_OF_A_JOB + 5}) n"
    )

    call_command("run_job", "jobs.prune")

    assert Run.objects.filter(name="x").count() == pruning.RUNS_OF_A_JOB


def test_settled_messages_go_and_waiting_ones_stay(query: Query) -> None:
    for state, days in (("delivered", 8), ("delivered", 6), ("dead", 31), ("dead", 8)):
        query(
            "INSERT INTO outbox_messages (id, topic, payload, state, attempt, error,"
            " created_at, due_at, finished_at) VALUES (gen_random_uuid(), 't', '{}',"
            " %s, 1, '', now(), now(), now() - make_interval(days => %s))",
            state,
            days,
        )

    call_command("run_job", "jobs.prune")

    left = query("SELECT state FROM outbox_messages ORDER BY state")
    assert left == [("dead",), ("delivered",)]
