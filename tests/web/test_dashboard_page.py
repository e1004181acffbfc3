from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from tests.web.usage import make_usage

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[User], Client]


def test_a_new_organization_is_shown_its_first_step(
    sign_in: SignIn, olga: User
) -> None:
    page = sign_in(olga).get("/dashboard/").content.decode()

    assert "Send a first request" in page
    assert "/v1/chat" in page
    assert "/keys/" in page


def test_a_viewer_is_told_whom_to_ask_for_a_key(sign_in: SignIn, vic: User) -> None:
    page = sign_in(vic).get("/dashboard/").content.decode()

    assert "a viewer cannot make one" in page
    assert "/playground/" not in page


def test_cost_savings_and_breakdowns_are_those_of_the_ledger(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    money = {"cost_usd": Decimal("0.25"), "baseline_usd": Decimal("1.75")}
    make_usage(acme, model="openai/gpt-5-mini", task="coding", **money)

    page = sign_in(olga).get("/dashboard/").content.decode()

    assert "$0.25" in page
    assert "+$1.50" in page
    assert "openai/gpt-5-mini" in page
    assert "Coding" in page


def test_a_loss_is_shown_as_a_loss(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    make_usage(acme, cost_usd=Decimal(3), baseline_usd=Decimal(1))

    page = sign_in(olga).get("/dashboard/").content.decode()

    assert '<span class="money loss">−$2.00</span>' in page


def test_savings_of_unpriced_requests_are_not_assessed(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    make_usage(acme)

    page = sign_in(olga).get("/dashboard/").content.decode()

    assert "1 without a known price" in page
    assert "not assessed" in page


def test_another_organizations_requests_are_not_counted(
    sign_in: SignIn, olga: User, globex: Organization
) -> None:
    make_usage(globex, model="secret/model")

    page = sign_in(olga).get("/dashboard/").content.decode()

    assert "secret/model" not in page
    assert "Send a first request" in page


def test_the_kind_of_key_filters(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    make_usage(acme, model="live/model")
    make_usage(acme, model="test/model", is_test=True)

    page = sign_in(olga).get("/dashboard/?mode=test").content.decode()

    assert "test/model" in page
    assert "live/model" not in page


def test_a_quiet_range_says_so(sign_in: SignIn, olga: User, acme: Organization) -> None:
    make_usage(acme)
    address = "/dashboard/?range=custom&from=2020-01-01&to=2020-01-02"

    page = sign_in(olga).get(address).content.decode()

    assert "No requests in 1 Jan–2 Jan 2020" in page


def test_a_senseless_range_is_answered_with_the_usual_one(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    make_usage(acme)
    address = "/dashboard/?range=custom&from=yesterday&to=0"

    answer = sign_in(olga).get(address)

    assert answer.status_code == 200
    assert b"These are the last 7 days" in answer.content


def test_a_swap_gets_the_report_alone(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    make_usage(acme)

    page = sign_in(olga).get("/dashboard/", headers={"HX-Request": "true"})

    assert page.content.lstrip().startswith(b'<div id="report"')


def test_the_dashboard_needs_a_sign_in(client: Client) -> None:
    answer = client.get("/dashboard/")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")
