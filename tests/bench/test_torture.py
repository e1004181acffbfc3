"""The torture of `./run bench jobs`, short: nothing is lost, doubled or left open."""

from collections.abc import Iterator

import pytest

from bench.torture.locks import torture_locks
from bench.torture.queue import torture_queue
from bench.torture.stage import Stage, staged

LEASE_S = 1.0


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged(LEASE_S) as stage:
        yield stage


def test_no_write_is_stale_or_doubled_and_every_run_ends(stage: Stage) -> None:
    report = torture_locks(stage, seconds=3.0, pause_s=0.7, lease_s=LEASE_S)

    assert set(report.faults) == {"kill -9", "SIGSTOP", "database crash"}
    assert report.found.is_clean, report


def test_no_message_and_no_task_is_lost_or_doubled(stage: Stage) -> None:
    report = torture_queue(stage, count=30, kills=2, seconds=4.0)

    assert report.is_clean, report
