"""The jobs page: for staff with a second factor, and for nobody else."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.jobs import watch
from apps.jobs.lock import hold
from apps.jobs.models import Run
from apps.jobs.outbox import post
from apps.jobs.watch import FOUND_KEY, WATCHED_KEY

pytestmark = pytest.mark.django_db(transaction=True)
type SignIn = Callable[[User], Client]
# Nobody's id, and the same in every process that collects the tests.
NOBODY = "01a1fd93-0000-7000-8000-000000000000"


def make_staff(user: User) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_staff (user_id, since) VALUES (%s, now())", [user.id]
        )


@pytest.fixture
def staff(sign_in: SignIn, olga: User) -> Client:
    """Olga, who runs this installation, after her second factor."""
    make_staff(olga)
    Authenticator.objects.create(user=olga, type="totp", data={"secret": "unused"})
    client = sign_in(olga)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time()}]
    session["account_authentication_methods_user"] = str(olga.pk)
    session.save()
    return client


POSTS = [
    "/jobs/jobs.prune/run/",
    f"/jobs/runs/{NOBODY}/stop/",
    f"/jobs/messages/{NOBODY}/retry/",
    f"/jobs/messages/{NOBODY}/discard/",
]


def test_staff_see_every_job(staff: Client) -> None:
    page = staff.get("/jobs/").content.decode()

    for words in ("router.roll_up", "jobs.prune", "daily at 01:15", "never ran"):
        assert words in page.lower()


@pytest.mark.parametrize("path", ["/jobs/", "/jobs/jobs.prune/", *POSTS])
def test_nobody_else_does(
    client: Client, sign_in: SignIn, olga: User, path: str
) -> None:
    method = "post" if path in POSTS else "get"

    assert "/accounts/login/" in getattr(client, method)(path)["Location"]
    assert getattr(sign_in(olga), method)(path).status_code == 403


@pytest.mark.parametrize("path", POSTS)
def test_nothing_is_done_by_a_link(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 405


def test_staff_without_a_second_factor_are_led_to_one(
    sign_in: SignIn, olga: User
) -> None:
    make_staff(olga)

    assert "/accounts/2fa/" in sign_in(olga).get("/jobs/")["Location"]


def test_a_job_is_run_by_hand_and_that_is_on_record(staff: Client, olga: User) -> None:
    answer = staff.post("/jobs/jobs.prune/run/", headers={"HX-Request": "true"})

    run = Run.objects.get(name="jobs.prune")
    assert (run.status, run.trigger, run.by) == ("completed", "manual", olga.email)
    page = answer.content.decode()
    assert "jobs.prune is asked to run" in page
    assert "<html" not in page
    assert ("job.run", "jobs.prune") in _operators_log()


def test_a_job_that_is_unknown_is_not_found(staff: Client) -> None:
    assert staff.get("/jobs/no.job/").status_code == 404
    assert staff.post("/jobs/no.job/run/").status_code == 404


def test_a_jobs_page_shows_its_runs_and_errors(staff: Client) -> None:
    with pytest.raises(ValueError, match="no"), hold("jobs.prune"):
        raise ValueError("no answer at <b>")

    page = staff.get("/jobs/jobs.prune/").content.decode()

    assert "no answer at &lt;b&gt;" in page
    assert "Tried again" in page


def test_a_run_is_stopped_from_outside(staff: Client) -> None:
    with hold("jobs.prune") as held:
        assert "every 2s" in staff.get("/jobs/").content.decode()
        answer = staff.post(f"/jobs/runs/{held.id}/stop/", follow=True)
        held.heart.stop()
        Run.objects.using("jobs").filter(id=held.id).update(status="running")

    assert "The run is stopped" in answer.content.decode()
    again = staff.post(f"/jobs/runs/{held.id}/stop/", follow=True)
    assert "had ended already" in again.content.decode()


def test_a_dead_message_is_tried_again_or_removed(
    staff: Client, settings: Settings
) -> None:
    settings.OUTBOX_ATTEMPTS = 1
    first, second = post("test.nobody", {"secret": "x"}), post("test.nobody", {})
    page = staff.get("/jobs/").content.decode()
    assert page.count("Try again") == 2
    assert "Nothing handles the topic" in page
    assert "secret" not in page

    staff.post(f"/jobs/messages/{first}/retry/")
    staff.post(f"/jobs/messages/{second}/discard/")

    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT id, state, attempt FROM outbox_messages")
        assert cursor.fetchall() == [(first, "dead", 1)]
    assert staff.post(f"/jobs/messages/{second}/retry/").status_code == 404


def test_an_incident_is_mailed_to_staff_once(olga: User, vic: User) -> None:
    make_staff(olga)
    for _ in range(2):
        watch.watch()

    mailed = [m for m in mail.outbox if "worker" in str(m.body)]
    assert [m.to for m in mailed] == [[olga.email]]
    assert "/jobs/" in str(mailed[0].body)


def test_every_page_tells_staff_that_jobs_are_in_trouble(
    staff: Client, sign_in: SignIn, vic: User
) -> None:
    def banner(client: Client) -> bool:
        return "Look at the jobs" in client.get("/dashboard/").content.decode()

    assert not banner(staff)
    cache.set_many({FOUND_KEY: 0, WATCHED_KEY: 1})
    assert not banner(staff)
    cache.delete(WATCHED_KEY)
    assert banner(staff)
    cache.set_many({FOUND_KEY: 2, WATCHED_KEY: 1})
    assert banner(staff)
    assert not banner(sign_in(vic))


def _operators_log() -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT action, subject_id FROM audit_operatorentry")
        return list(cursor.fetchall())
