"""The plan's checks of a month hold, also when many begin at once."""

import threading

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from apps.accounts.models import Organization
from apps.alerts.models import Alert
from apps.checks import quota, services
from apps.checks.models import Check, CheckMonth
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, QuotaExceededError
from apps.tenancy.scope import scope
from tests.checks.making import make_done
from tests.factories import make_org

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(transactional_db: None, settings: Settings) -> Organization:
    """On the free plan, which has three checks a month."""
    settings.STRIPE_SECRET_KEY = "sk_test_0"
    # Nobody runs what is started here.
    settings.CELERY_TASK_ALWAYS_EAGER = False
    return make_org("Acme")


def draft() -> Check:
    return make_done(1, state=Check.State.DRAFT, started_at=None, ended_at=None)


def test_of_eight_starts_at_once_three_get_through(acme: Organization) -> None:
    with scope(acme.id):
        drafts = [draft() for _ in range(8)]
    refused: list[Exception] = []

    def begin(check: Check) -> None:
        try:
            with scope(acme.id):
                services.start(check.id)
        except QuotaExceededError as problem:
            refused.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=begin, args=[check]) for check in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with scope(acme.id):
        assert len(refused) == 5
        assert Check.objects.filter(state=Check.State.RUNNING).count() == 3
        assert CheckMonth.objects.get().used == 3
        # At four fifths of three there is one left of none: told once, at the last.
        assert Alert.objects.filter(kind="plan_limit").count() == 1


def test_one_check_started_twice_counts_once(acme: Organization) -> None:
    with scope(acme.id):
        check = draft()
        services.start(check.id)
        with pytest.raises(ConflictError):
            services.start(check.id)

        assert quota.allowance().used == 1


def test_what_answered_nothing_is_given_back(acme: Organization) -> None:
    with scope(acme.id):
        services.start(draft().id)
        quota.give_back(utc_now().date())

        assert quota.allowance().used == 0


def test_an_installation_that_sells_nothing_has_no_limit(
    acme: Organization, settings: Settings
) -> None:
    settings.STRIPE_SECRET_KEY = ""
    with scope(acme.id):
        for _ in range(5):
            services.start(draft().id)

        found = quota.allowance()
    assert (found.used, found.limit, found.is_used_up) == (5, None, False)
