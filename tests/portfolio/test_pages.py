"""Pages of the portfolio: by role, by hand, with errors under their fields."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Organization, User
from apps.catalog.headlines import refresh_headlines
from apps.portfolio.aliasing import create_alias_for
from apps.portfolio.blueprints import TEMPLATES
from apps.portfolio.models import Product, UseCase
from apps.tenancy.scope import scope
from tests.portfolio.making import (
    GOLDEN,
    MODEL,
    make_model,
    make_product,
    make_use_case,
)

pytestmark = pytest.mark.django_db(transaction=True)
type SignIn = Callable[[User], Client]
START = "/portfolio/start/"


def test_the_tree_shows_model_volume_cost_and_state(
    sign_in: SignIn, vic: User, acme: Organization
) -> None:
    make_use_case(acme, "Answer", product=make_product(acme, "Shop"), **GOLDEN)
    make_use_case(acme, "Silent")

    page = sign_in(vic).get("/portfolio/").content.decode()

    for said in ("Shop", "Answer", MODEL, "100,000", "$875.00", "typed", "no volume"):
        assert said in page, said
    assert "New use case" not in page


def test_a_larger_tree_takes_no_more_statements(
    sign_in: SignIn, vic: User, acme: Organization
) -> None:
    client, counts = sign_in(vic), []
    client.get("/portfolio/")
    for _ in range(2):
        made = make_use_case(acme, **GOLDEN)
        with scope(acme.id):
            create_alias_for(made.id)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/portfolio/").status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_an_empty_portfolio_offers_three_ways_in(sign_in: SignIn, mia: User) -> None:
    page = sign_in(mia).get("/portfolio/").content.decode()

    for said in ("Quick start", "Import usage", "Load the demo portfolio"):
        assert said in page


@pytest.mark.parametrize("template", [one.slug for one in TEMPLATES])
def test_the_quick_start_makes_all_of_it_with_assumed_tokens(
    sign_in: SignIn, mia: User, acme: Organization, template: str
) -> None:
    make_model()
    client = sign_in(mia)
    said = {"product": "Shop", "template": template}
    body = {**said, "current_model": MODEL, "calls_month": "100000"}

    first = client.get(START, said).content.decode()
    refused = client.post(START, {**body, "current_model": "no/such"})
    done = client.post(START, body, follow=True)

    assert "assumption" in first
    assert refused.status_code == 422
    assert "There is no model named" in refused.content.decode()
    assert 'value="100000"' in refused.content.decode()
    assert "costs about" in done.content.decode()
    with scope(acme.id):
        made = UseCase.objects.get()
    assert made.volume_origin == "template"
    assert made.required_context >= (made.input_tokens or 0) + (made.output_tokens or 0)


def test_a_quick_start_that_cannot_be_leaves_nothing(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    make_model()
    make_product(acme, "Shop")
    body = {"product": "shop", "template": "agent", "current_model": MODEL}

    answer = sign_in(mia).post(START, body)

    assert answer.status_code == 422
    assert "There is one of this name already" in answer.content.decode()
    with scope(acme.id):
        assert Product.objects.count() == 1


def test_a_use_case_is_made_changed_and_deleted_by_hand(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    make_model()
    product = make_product(acme, "Shop")
    client = sign_in(mia)
    new = f"/portfolio/use-cases/new/?product={product.id}"
    body = {"name": "Answer", "task": "chat", "current_model": MODEL}
    body |= {"required_context": "4096", "need_1": "cost", "function": "Support"}

    wrong = client.post(new, {**body, "need_2": "cost", "calls_month": "-1"})
    made = client.post(new, {**body, "cached_percent": "40"})
    url = made["Location"]
    client.post(f"{url}edit/", {**body, "name": "Reply", "function": "Sales"})
    page = client.get(url).content.decode()
    kept = client.post(f"{url}delete/", {"confirm": "Answer"})
    gone = client.post(f"{url}delete/", {"confirm": "reply"})

    assert wrong.status_code == 422
    assert "Each need counts once" in wrong.content.decode()
    assert 'value="Answer"' in wrong.content.decode()
    assert "Reply" in page
    assert "Sales" in page
    assert (kept.status_code, gone.status_code) == (422, 302)
    with scope(acme.id):
        assert not UseCase.objects.exists()


def test_the_demo_comes_and_goes_with_one_click(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    make_model()
    with transaction.atomic(using="jobs"):
        refresh_headlines("jobs")
    client = sign_in(mia)

    client.post("/portfolio/demo/", {"action": "load"})
    page = client.get("/portfolio/").content.decode()
    client.post("/portfolio/demo/", {"action": "remove"})

    assert page.count("made up") >= 6
    with scope(acme.id):
        assert not Product.objects.exists()


def test_a_product_is_archived_and_taken_up_again(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    product = make_product(acme, "Shop")
    client = sign_in(mia)
    url = f"/portfolio/products/{product.id}/"

    client.post(f"{url}status/", {"status": "archived"})
    archived = client.get(url).content.decode()
    client.post(f"{url}status/", {"status": "active"})

    assert "It is archived" in archived
    assert "It is archived" not in client.get(url).content.decode()


def test_an_owner_gives_an_alias_and_sees_how_to_call_it(
    sign_in: SignIn, olga: User, mia: User, acme: Organization
) -> None:
    made = make_use_case(acme, "Answer")
    url = f"/portfolio/use-cases/{made.id}/"

    assert "owner or admin" in sign_in(mia).get(url).content.decode()
    sign_in(olga).post(f"{url}alias/", {"action": "create"})
    page = sign_in(olga).get(url).content.decode()

    assert "uc/answer" in page
    assert "/v1/chat/completions" in page
    assert "From 100 requests" in page
