"""`/budgets/`: what is spent and held, and what may be set; mails to the owners."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.kit.clock import utc_now
from apps.router import budget_services
from apps.router.budget_models import Budget, BudgetNotice
from apps.router.budget_queries import due_notices
from apps.router.models import Policy
from apps.router.tasks import watch_budgets
from apps.tenancy.scope import scope, unscoped
from tests.alerts.conftest import send_all
from tests.factories import make_key, make_routed_request

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/budgets/"
NEW = {"key_id": "", "period": "month", "limit_usd": "5"}
type SignIn = Callable[[User], Client]


def make_budget(org: Organization, usd: str = "5", **options: Any) -> Budget:
    with scope(org.id):
        return budget_services.create_budget(
            key_id=options.get("key_id"), period="month", limit_usd=Decimal(usd)
        )


def test_without_a_budget_the_page_says_how_to_begin(
    sign_in: SignIn, olga: User, vic: User
) -> None:
    pages = [sign_in(user).get(URL).content.decode() for user in (olga, vic)]

    assert all("There is no budget yet" in page for page in pages)
    assert "Create budget" in pages[0]
    assert "Create budget" not in pages[1]


def test_each_budget_shows_what_is_spent_of_it(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    key, _ = make_key(acme, name="Nightly")
    make_budget(acme)
    make_budget(acme, "4", key_id=key.id)
    make_routed_request(acme, cost_usd=Decimal("3.99"), key_id=key.id)

    page = sign_in(olga).get(URL).content.decode()

    assert "79 % spent" in page
    assert "used up" in page
    assert "Nightly" in page
    assert page.count("$3.99") >= 2


def test_a_budget_is_made_changed_and_deleted(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    client = sign_in(olga)

    made = client.post(URL, NEW)
    with scope(acme.id):
        budget = Budget.objects.get()
    changed = client.post(f"{URL}{budget.id}/", {"limit_usd": "7.5"})
    with scope(acme.id):
        assert Budget.objects.get().limit_usd == Decimal("7.5")
    gone = client.post(f"{URL}{budget.id}/delete/")

    assert [made.status_code, changed.status_code, gone.status_code] == [302] * 3
    with scope(acme.id):
        assert not Budget.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [{**NEW, "limit_usd": "0"}, {**NEW, "period": "year"}, {**NEW, "key_id": "x"}],
)
def test_bad_input_comes_back_with_its_errors(
    sign_in: SignIn, olga: User, acme: Organization, fields: dict[str, str]
) -> None:
    answer = sign_in(olga).post(URL, fields)

    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    with scope(acme.id):
        assert not Budget.objects.exists()


def test_a_second_budget_of_the_same_kind_is_refused_in_words(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    make_budget(acme)

    answer = sign_in(olga).post(URL, NEW)

    assert answer.status_code == 422
    assert "There is such a budget already" in answer.content.decode()


def test_limits_a_minute_are_set(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    client = sign_in(olga)
    good = client.post(f"{URL}limits/", {"requests_per_minute": "60"})
    bad = client.post(f"{URL}limits/", {"requests_per_minute": "-1"})

    assert (good.status_code, bad.status_code) == (302, 422)
    with scope(acme.id):
        assert Policy.objects.get().requests_per_minute == 60


@pytest.mark.parametrize(
    ("spent", "told"),
    [("3.99", []), ("4", ["80 % of"]), ("5", ["is used up"]), ("9", ["is used up"])],
)
def test_owners_are_told_once_a_period(
    acme: Organization,
    olga: User,
    adam: User,
    mailoutbox: Any,
    spent: str,
    told: list[str],
) -> None:
    make_budget(acme)
    make_routed_request(acme, cost_usd=Decimal(spent))

    for _ in range(3):
        watch_budgets()
        send_all()

    assert [mail.to for mail in mailoutbox] == [[olga.email]] * len(told)
    for mail, words in zip(mailoutbox, told, strict=True):
        assert words in mail.subject
        assert "budget_exceeded" in mail.body
        assert "List-Unsubscribe" in mail.extra_headers


def test_a_budget_that_fills_up_is_told_of_twice_and_anew_when_raised(
    acme: Organization, olga: User, mailoutbox: Any
) -> None:
    budget = make_budget(acme)
    for cost in ("4", "1"):
        make_routed_request(acme, cost_usd=Decimal(cost))
        watch_budgets()
        send_all()
    assert len(mailoutbox) == 2

    with scope(acme.id):
        budget_services.change_budget(budget.id, limit_usd=Decimal(6))
    watch_budgets()
    send_all()

    assert [mail.subject[:4] for mail in mailoutbox] == ["80 %", "A bu", "83 %"]
    with scope(acme.id):
        assert BudgetNotice.objects.count() == 1


def test_a_notice_of_a_period_that_is_over_is_not_sent(
    acme: Organization, olga: User, mailoutbox: Any
) -> None:
    budget = make_budget(acme)
    make_routed_request(acme, cost_usd=Decimal(5))
    with unscoped("a budget nearly spent may be any organization's"):
        assert len(due_notices()) == 1
    last = utc_now().date().replace(year=2020, day=1)

    with scope(acme.id):
        assert not budget_services.tell_owners(budget.id, last, 80)
    send_all()

    assert mailoutbox == []
