"""One run at a time, and no write by a worker that was declared dead."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections, transaction
from pytest_django import Settings

from apps.jobs import rows
from apps.jobs.cause import Cause
from apps.jobs.lock import AlreadyRunningError, LostRunError, StoppedError, hold
from apps.jobs.models import Heartbeat, Presence, Run
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.jobs.conftest import Query

pytestmark = pytest.mark.django_db(transaction=True)
type Latest = Callable[[str], Run]

SILENCE = "UPDATE job_heartbeats SET beat_at = beat_at - interval '1 hour'"


def test_a_run_is_on_record_with_what_it_did(latest: Latest) -> None:
    with hold("x", trigger="manual", by="olga") as held:
        held.advance("page 2", done=20, total=30)
        held.summary = "20 prices"

    run = latest("x")
    assert (run.status, run.trigger, run.by) == (
        "completed",
        "manual",
        "olga",
    )
    assert (run.cursor, run.items_done, run.items_total) == ("page 2", 20, 30)
    assert (run.summary, run.error, run.next_at) == ("20 prices", "", None)
    assert run.data_at == run.started_at
    assert run.finished_at is not None
    assert not Heartbeat.objects.exists()


def test_a_second_run_is_refused_while_one_runs(latest: Latest) -> None:
    with hold("x"):
        with pytest.raises(AlreadyRunningError), hold("x"):
            pytest.fail("two runs of one job")
        with hold("y"):
            pass

    assert latest("x").status == "completed"


def test_a_failed_run_says_so_without_its_secrets(latest: Latest) -> None:
    with pytest.raises(ValueError, match="boom"), hold("x"):
        raise ValueError("boom at https://me:hunter22@host/?api_key=sk-abcdefgh12345")

    run = latest("x")
    assert run.status == "failed"
    assert run.error.startswith("ValueError: boom at https://me:")
    assert "hunter22" not in run.error
    assert "abcdefgh" not in run.error


def test_a_job_of_the_schedule_is_tried_again(latest: Latest) -> None:
    with pytest.raises(ValueError, match="once"), hold("jobs.prune"):
        raise ValueError("once")
    with pytest.raises(ValueError, match="adhoc"), hold("adhoc"):
        raise ValueError("adhoc")

    failed = latest("jobs.prune")
    assert failed.next_at is not None
    assert failed.finished_at is not None
    assert 20 <= (failed.next_at - failed.finished_at).total_seconds() <= 40
    assert latest("adhoc").next_at is None


def test_the_next_run_goes_on_where_the_last_one_failed(latest: Latest) -> None:
    def half() -> None:
        with hold("x") as held:
            held.advance("b", done=2)
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        half()

    with hold("x") as held:
        assert (held.cursor, held.done) == ("b", 2)
    with hold("x") as held:
        assert (held.cursor, held.done) == (None, 0)


def test_a_silent_run_is_lost_and_gives_way(query: Query) -> None:
    def overtaken() -> None:
        with hold("x") as old:
            old.heart.stop()
            query(SILENCE)
            with hold("x") as new:
                assert new.run.token > old.run.token

    with pytest.raises(LostRunError):
        overtaken()

    first, second = Run.objects.filter(name="x").order_by("token")
    assert (first.status, second.status) == ("lost", "completed")


def test_a_lost_run_writes_nothing_more(query: Query) -> None:
    def go_on() -> None:
        with hold("x") as held:
            held.heart.stop()
            query(SILENCE)
            assert rows.reap() == 1
            with held.unit():
                _write("stale")

    with pytest.raises(LostRunError):
        go_on()

    assert not Presence.objects.filter(name="stale").exists()
    assert Run.objects.get(name="x").status == "lost"


def test_a_lost_run_that_fails_stays_lost(query: Query, latest: Latest) -> None:
    def fail_late() -> None:
        with hold("x"):
            query("UPDATE job_runs SET status = 'lost'")
            raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        fail_late()

    assert latest("x").status == "lost"


def test_a_run_is_not_lost_while_its_unit_commits(query: Query) -> None:
    with hold("x") as held:
        held.heart.stop()
        with held.unit():
            _write("alive")
            query(SILENCE)
            assert _in_another_thread(rows.reap) == 0

    assert Presence.objects.filter(name="alive").exists()


def test_a_unit_is_undone_with_its_error() -> None:
    def work() -> None:
        with hold("x") as held:
            for name in ("kept", "undone"):
                with held.unit():
                    _write(name)
                    held.advance(name, done=1)
                    if name == "undone":
                        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()

    assert not Presence.objects.filter(name="undone").exists()
    run = Run.objects.get(name="x")
    assert (run.cursor, run.items_done) == ("kept", 1)


def test_a_unit_in_a_scope_uses_the_login_of_requests() -> None:
    with hold("x") as held, scope(uuid7()), held.unit():
        held.advance("1", done=1)
        assert connections["default"].in_atomic_block
        assert not connections["jobs"].in_atomic_block

    assert Run.objects.get(name="x").cursor == "1"


def test_a_frozen_unit_is_ended_by_the_server(settings: Settings) -> None:
    settings.JOB_LEASE_S = 30.0
    with hold("x") as held, held.unit(), connections["jobs"].cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)


def test_the_heart_beats(query: Query) -> None:
    with hold("x") as held:
        query(SILENCE)
        assert _soon(lambda: _age_s(query) < 60)
        assert held.heart.is_sure()


def test_a_run_past_its_limit_stops_beating(query: Query) -> None:
    with hold("x", limit_s=0.01) as held:
        held.heart._thread.join(30)
        assert not held.heart._thread.is_alive()


def test_a_heart_that_is_told_of_its_loss_stops_the_job(query: Query) -> None:
    def work() -> None:
        with hold("x") as held:
            query("UPDATE job_runs SET status = 'failed'")
            assert _soon(lambda: not held.heart.is_sure())
            held.check()

    with pytest.raises(LostRunError):
        work()


def test_a_stopping_worker_leaves_the_run_to_another(
    monkeypatch: pytest.MonkeyPatch, latest: Latest
) -> None:
    event = threading.Event()
    monkeypatch.setattr("apps.jobs.stopping._stopping", event)

    def work() -> None:
        with hold("jobs.prune") as held:
            held.advance("half", done=1)
            event.set()
            with held.unit():
                pytest.fail("a unit of a worker that is to end")

    with pytest.raises(StoppedError):
        work()

    run = latest("jobs.prune")
    assert run.status == "lost"
    assert run.next_at is not None
    assert run.cursor == "half"


def test_hold_inside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError), transaction.atomic(using="jobs"), hold("x"):
        pytest.fail("the lock would not be seen by anybody")


def test_nobody_starts_while_another_is_looking_where_to_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "LOCK_WAIT_MS", 50)
    look = "SELECT pg_advisory_xact_lock(hashtext('job x'))"
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(look)

        with pytest.raises(AlreadyRunningError, match="being started"), hold("x"):
            pytest.fail("two were looking at once")


def test_a_refused_start_has_not_even_begun(query: Query) -> None:
    """It would have looked where an older run got to, and then begun there."""
    token = "SELECT last_value FROM job_tokens"
    with hold("x"):
        before = query(token)
        with pytest.raises(AlreadyRunningError), hold("x"):
            pytest.fail("two runs of one job")

        assert query(token) == before


def test_a_start_that_is_held_up_is_ended_by_the_server(settings: Settings) -> None:
    settings.JOB_LEASE_S = 30.0
    with rows._bounded() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)


def test_many_at_once_start_one_run() -> None:
    started, refused = [], []
    barrier = threading.Barrier(8)

    def compete() -> None:
        barrier.wait()
        try:
            rows_run = rows.start("x", Cause())
            started.append(rows_run)
        except AlreadyRunningError:
            refused.append(1)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=compete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(started), len(refused)) == (1, 7)


def _write(name: str) -> None:
    """Any row that the jobs' login may write."""
    sql = "INSERT INTO job_presences (name, first_seen_at, seen_at)"
    with connections["jobs"].cursor() as cursor:
        cursor.execute(f"{sql} VALUES (%s, now(), now())", [name])


def _age_s(query: Query) -> float:
    sql = "SELECT extract(epoch FROM clock_timestamp() - beat_at) FROM job_heartbeats"
    return float(query(sql)[0][0])


def _soon(is_so: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(is_so() or pause.wait(0.05) for _ in range(600))


def _in_another_thread[T](function: Callable[[], T]) -> T:
    found: list[T] = []

    def run() -> None:
        found.append(function())
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]
