"""`manage add_provider`: a server of the operator's own, one model at a time."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.catalog.models import AIModel, Offer, Price, Provider
from apps.catalog.seeding import load_seed

pytestmark = pytest.mark.django_db(transaction=True)
URL = "http://127.0.0.1:8001/v1/"


def add(*arguments: str, name: str = "mine", model: str = "tiny") -> str:
    out = StringIO()
    call_command("add_provider", name, "--model", model, *arguments, stdout=out)
    return out.getvalue()


def test_a_server_its_model_and_its_price_are_added() -> None:
    said = add(
        *("--base-url", URL, "--api-key-env", "MINE_API_KEY", "--context", "128000"),
        *("--input-price", "0.15", "--output-price", "0.60"),
    )

    offer = Offer.objects.select_related("provider", "ai_model").get()
    prices = Price.objects.values_list("component", "usd", "source")
    assert offer.provider.base_url == "http://127.0.0.1:8001/v1"
    assert offer.provider.is_operator_added
    assert offer.ai_model.slug == "mine/tiny"
    assert offer.context_tokens == 128_000
    assert {(c, usd) for c, usd, _ in prices} == {
        ("input", Decimal("0.15")),
        ("output", Decimal("0.6")),
    }
    assert all(source.startswith("operator, on 2") for *_, source in prices)
    assert "$0.15 / M" in said
    assert "MINE_API_KEY" in said


def test_another_model_needs_no_address_again() -> None:
    add("--base-url", URL)
    add(model="acme/large")

    assert Provider.objects.get().base_url == "http://127.0.0.1:8001/v1"
    assert set(AIModel.objects.values_list("slug", flat=True)) == {
        "mine/tiny",
        "acme/large",
    }


def test_a_new_price_holds_from_now_on() -> None:
    add("--base-url", URL, "--input-price", "1", "--output-price", "2")
    add("--input-price", "3", "--output-price", "4")
    add("--input-price", "3", "--output-price", "4")

    assert Price.objects.count() == 4
    now = Price.objects.filter(valid_until=None)
    assert {p.component: p.usd for p in now} == {"input": 3, "output": 4}


def test_without_prices_the_cost_is_unknown_and_not_zero() -> None:
    said = add("--base-url", URL)

    assert not Price.objects.exists()
    assert "unknown" in said


def test_zero_is_a_price() -> None:
    add("--base-url", URL, "--input-price", "0", "--output-price", "0")

    assert set(Price.objects.values_list("usd", flat=True)) == {Decimal(0)}


def test_a_known_model_is_linked_and_not_doubled() -> None:
    load_seed()
    add("--base-url", URL, model="openai/GPT-4o-mini")

    offer = Offer.objects.select_related("ai_model").get(provider__slug="mine")

    assert offer.ai_model.slug == "openai/gpt-4o-mini"
    assert AIModel.objects.filter(slug__iexact="openai/gpt-4o-mini").count() == 1


def test_an_anthropic_server_can_be_added() -> None:
    add("--base-url", URL, "--protocol", "anthropic")

    assert Provider.objects.get().protocol == "anthropic"


def test_a_new_provider_needs_an_address() -> None:
    with pytest.raises(CommandError, match="No provider is called mine"):
        add()


def test_one_price_alone_is_refused() -> None:
    with pytest.raises(CommandError, match="both prices"):
        add("--base-url", URL, "--input-price", "1")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--base-url", "ftp://x/v1"), "is not like http"),
        (("--base-url", "http://127.0.0.1:99999/v1"), "Port out of range"),
        (("--base-url", "http://x/v1/chat/completions"), "leave /chat/completions"),
        (("--base-url", URL, "--api-key-env", "sk-123"), "not the name of a variable"),
        (("--base-url", URL, "--input-price", "-1"), "a price is not negative"),
        (("--base-url", URL, "--input-price", "cheap"), "is not a price"),
        (("--base-url", URL, "--context", "0"), "not a number of tokens"),
        (("--base-url", URL, "--protocol", "grpc"), "invalid choice"),
    ],
)
def test_a_wrong_value_is_named(arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        add(*arguments)


@pytest.mark.parametrize("name", ["local", "Mine", "a b", ""])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match=r"built in|small letters"):
        add("--base-url", URL, name=name)


def test_a_models_id_has_no_space() -> None:
    with pytest.raises(CommandError, match="no space"):
        add("--base-url", URL, model="my model")
