"""`manage jobs` and `manage run_job`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.jobs.lock import hold
from apps.jobs.models import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_runs_here_and_now() -> None:
    out = StringIO()
    call_command("run_job", "jobs.prune", stdout=out)

    assert out.getvalue().startswith("jobs.prune: completed. 0 runs")
    run = Run.objects.get(name="jobs.prune")
    assert (run.trigger, run.by) == ("command", "command line")


def test_a_job_that_runs_already_is_said_so() -> None:
    with hold("jobs.prune"), pytest.raises(CommandError, match="running already"):
        call_command("run_job", "jobs.prune")


def test_an_unknown_job_is_refused() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("run_job", "no.job")


def test_the_table_has_every_job() -> None:
    call_command("run_job", "jobs.prune", stdout=StringIO())
    out = StringIO()
    call_command("jobs", stdout=out)

    lines = out.getvalue().splitlines()
    assert any(line.startswith("router.roll_up") and "never" in line for line in lines)
    assert any(line.startswith("jobs.prune") and "completed" in line for line in lines)
    assert "! The worker has not been seen yet." in lines


def test_the_check_fails_when_something_is_wrong() -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("jobs", "--check", stdout=StringIO())

    assert ended.value.code == 1
