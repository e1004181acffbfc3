"""The beat table is whole: every entry has a task, and every task is sent."""

from datetime import timedelta

from celery import current_app

from apps.jobs.dispatch import task_of
from apps.jobs.schedule import JOBS, SCHEDULE, TICKS, Scheduled, beat_schedule
from apps.jobs.timetable import daily, every, weekly


def test_every_entry_has_a_task() -> None:
    for name in (*JOBS, *TICKS):
        assert task_of(name).name == name
        assert task_of(name).needs_org is False


def test_every_name_is_there_once_and_explained() -> None:
    assert len(JOBS) == len(SCHEDULE)
    assert all(job.purpose.endswith(".") for job in SCHEDULE)


def test_the_beat_sends_them_all() -> None:
    entries = current_app.conf.beat_schedule

    assert entries == beat_schedule()
    assert {entry["task"] for entry in entries.values()} == {*JOBS, *TICKS}
    assert all(entry["options"]["expires"] > 0 for entry in entries.values())


def test_celery_is_set_to_lose_nothing() -> None:
    conf = current_app.conf

    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert str(conf.timezone) == "UTC"
    # A run and its lease are over before its message is handed out again.
    assert conf.broker_transport_options["visibility_timeout"] >= 1800 + 300
    assert conf.broker_transport_options["unacked_restore_throttle"] == 1


def test_data_may_be_as_old_as_one_run_and_its_retries() -> None:
    assert Scheduled("x", daily(2), "").allowed_age == timedelta(hours=27)
    assert Scheduled("x", weekly("sun", 4), "").allowed_age > timedelta(days=7)
    assert Scheduled("x", every(minutes=1), "").allowed_age == timedelta(minutes=10)
    told = Scheduled("x", daily(2), "", max_age=timedelta(days=2))
    assert told.allowed_age == timedelta(days=2)
