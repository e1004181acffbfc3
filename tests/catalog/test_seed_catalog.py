"""Loading the seed: everything once, then only what changed, never over an operator."""

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connections

from apps.catalog.models import AIModel, ModelChange, Offer, Price, Provider, Score
from apps.catalog.seed_format import SEED_DIR, Seed
from apps.catalog.seeding import load_seed
from apps.catalog.services import CHANNEL, OperatorOffer, add_offer
from apps.catalog.sync.write_offers import BEFORE_ALL
from apps.kit.clock import utc_now
from tests.catalog.seeds import seed_model, seed_offer, write_seed

pytestmark = pytest.mark.django_db(transaction=True)


def price_of(component: str = "input", **filters: object) -> Price:
    return Price.objects.get(component=component, valid_until=None, **filters)


def test_the_shipped_seed_has_400_models_of_20_providers() -> None:
    seed = Seed.read()
    priced = {offer.model for offer in seed.offers if offer.prices}
    stated = [offer for offer in seed.offers if offer.prices]

    assert len(priced) >= 400
    assert len({offer.provider for offer in stated}) >= 20
    assert all(offer.source and offer.sourced_on for offer in stated)


@pytest.mark.parametrize(
    "slug",
    [
        "openai/gpt-6-sol",
        "anthropic/claude-opus-5-5",
        "google/gemini-4-argon",
        "moonshotai/kimi-k3.1-pro",
        "mistralai/mistral-large-4",
    ],
)
def test_the_flagships_of_the_day_are_there(slug: str) -> None:
    seed = Seed.read()
    (model,) = [model for model in seed.models if model.slug == slug]
    offers = [offer for offer in seed.offers if offer.model == slug]

    assert model.context_tokens
    assert any({"input", "output"} <= {p.component for p in o.prices} for o in offers)


def test_the_shipped_seed_loads_whole_and_then_does_nothing() -> None:
    first, second = load_seed(), load_seed()

    assert first.models == AIModel.objects.count()
    assert first.offers == Offer.objects.count()
    assert first.new_prices == Price.objects.count()
    assert not second.is_changed


def test_every_seed_file_is_sorted_out_by_id() -> None:
    models = [model.slug for model in Seed.read().models]
    places = [
        (o.provider, o.upstream_id, o.region, o.variant) for o in Seed.read().offers
    ]

    assert len(set(models)) == len(models)
    assert len(set(places)) == len(places)
    assert sorted(SEED_DIR.glob("*.jsonl"))


def test_the_command_says_what_it_did() -> None:
    first, second = StringIO(), StringIO()

    call_command("seed_catalog", stdout=first)
    call_command("seed_catalog", stdout=second)

    assert "new prices" in first.getvalue()
    assert "up to date" in second.getvalue()


def test_the_stand_ins_are_free_and_marked() -> None:
    load_seed()

    offers = Offer.objects.filter(is_stand_in=True).select_related("provider")

    assert {o.provider.slug: o.upstream_id for o in offers} == {
        "local": "smollm2-135m-instruct",
        "echo": "echo",
    }
    assert set(
        Price.objects.filter(offer__in=offers).values_list("usd", flat=True)
    ) == {Decimal(0)}


def test_a_changed_price_keeps_the_old_one(tmp_path: Path) -> None:
    models = [seed_model()]
    load_seed(write_seed(tmp_path, models, [seed_offer(input_usd="2")]))
    load_seed(write_seed(tmp_path, models, [seed_offer(input_usd="3")]))

    old, new = Price.objects.filter(component="input").order_by("valid_from")

    assert (old.usd, old.valid_from) == (Decimal(2), BEFORE_ALL)
    assert new.usd == Decimal(3)
    assert new.valid_from == old.valid_until
    assert price_of("output").valid_from == BEFORE_ALL


def test_a_price_that_is_no_longer_stated_ends(tmp_path: Path) -> None:
    models = [seed_model()]
    load_seed(write_seed(tmp_path, models, [seed_offer()]))
    load_seed(write_seed(tmp_path, models, [seed_offer(output_usd=None)]))

    assert Price.objects.get(component="output").valid_until is not None


def test_a_price_stated_again_gets_the_new_date(tmp_path: Path) -> None:
    models = [seed_model()]
    tomorrow = date(2026, 11, 22)
    load_seed(write_seed(tmp_path, models, [seed_offer()]))
    again = seed_offer(sourced_on=tomorrow, source="a newer list")
    load_seed(write_seed(tmp_path, models, [again]))

    price = price_of()

    assert Price.objects.count() == 2
    assert (price.sourced_on, price.source) == (tomorrow, "a newer list")


def test_a_vanished_offer_is_delisted_and_comes_back(tmp_path: Path) -> None:
    both = [seed_model(), seed_model("openai/gpt-6-luna")]
    offers = [seed_offer(), seed_offer("openai/gpt-6-luna")]
    load_seed(write_seed(tmp_path, both, offers))
    load_seed(write_seed(tmp_path, both, offers[:1]))
    assert not Offer.objects.get(upstream_id="gpt-6-luna").is_available

    load_seed(write_seed(tmp_path, both, offers))

    assert Offer.objects.get(upstream_id="gpt-6-luna").is_available


def test_what_an_operator_added_outlives_the_seed(tmp_path: Path) -> None:
    load_seed(write_seed(tmp_path, [seed_model()], [seed_offer()]))
    add_offer(
        OperatorOffer(
            "openai", "gpt-6-sol", input_usd=Decimal(1), output_usd=Decimal(1)
        )
    )
    add_offer(OperatorOffer("mine", "tiny", base_url="http://127.0.0.1:9/v1"))

    load_seed(write_seed(tmp_path, [seed_model()], [seed_offer(input_usd="7")]))

    assert price_of().usd == 1
    assert Provider.objects.get(slug="mine").base_url == "http://127.0.0.1:9/v1"
    assert Offer.objects.get(upstream_id="tiny").is_available


def test_a_model_past_its_last_day_is_retired(tmp_path: Path) -> None:
    today = utc_now().date()
    past, soon = today - timedelta(days=1), today + timedelta(days=9)
    models = [
        seed_model(sunset_on=past),
        seed_model("openai/gpt-6-luna", sunset_on=soon),
    ]
    offers = [seed_offer(sunset_on=past), seed_offer("openai/gpt-6-luna")]

    load_seed(write_seed(tmp_path, models, offers))

    assert AIModel.objects.get(slug="openai/gpt-6-sol").status == "retired"
    assert AIModel.objects.get(slug="openai/gpt-6-luna").status == "deprecated"
    assert not Offer.objects.get(upstream_id="gpt-6-sol").is_available


def test_an_unchanged_seed_still_retires_what_ends_today(tmp_path: Path) -> None:
    folder = write_seed(tmp_path, [seed_model()], [seed_offer()])
    load_seed(folder)
    AIModel.objects.using("owner").update(sunset_on=utc_now().date())

    assert load_seed(folder).is_changed
    assert AIModel.objects.get().status == "retired"


def test_scores_are_loaded_with_their_source(tmp_path: Path) -> None:
    load_seed(write_seed(tmp_path, [seed_model()], [seed_offer()]))

    score = Score.objects.select_related("ai_model", "benchmark").get()

    assert str(score.ai_model) == "openai/gpt-6-sol"
    assert (score.benchmark.domain, score.value) == ("code", 80)
    assert (score.source, score.licence, score.match) == (
        "aider",
        "Apache-2.0",
        "exact",
    )


def test_routers_are_told_of_a_change(tmp_path: Path) -> None:
    folder = write_seed(tmp_path, [seed_model()], [seed_offer()])
    connection = connections["default"]
    connection.ensure_connection()
    listener = connection.connection
    listener.execute(f"LISTEN {CHANNEL}")

    load_seed(folder)
    told = list(listener.notifies(timeout=2, stop_after=1))

    assert [notice.channel for notice in told] == [CHANNEL]


def test_who_serves_requests_cannot_write_the_catalog(tmp_path: Path) -> None:
    load_seed(write_seed(tmp_path, [seed_model()], [seed_offer()]))

    assert Price.objects.count() == 2
    with pytest.raises(ProgrammingError) as refused:
        Price.objects.update(usd=0)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_what_ends_between_two_starts_is_noted_as_retired(tmp_path: Path) -> None:
    load_seed(write_seed(tmp_path, [seed_model()], [seed_offer()]))
    today = utc_now().date()
    Offer.objects.using("owner").update(sunset_on=today)
    AIModel.objects.using("owner").update(sunset_on=today)

    loaded = load_seed(tmp_path)

    assert loaded.is_changed
    assert not Offer.objects.get().is_available
    retired = ModelChange.objects.filter(what="retired").order_by("field")
    assert [(c.field, c.new) for c in retired] == [
        ("status", "retired"),
        ("sunset_on", today.isoformat()),
    ]


def test_the_first_load_is_no_news_and_a_newer_seed_is(tmp_path: Path) -> None:
    load_seed(write_seed(tmp_path, [seed_model()], [seed_offer()]))
    assert not ModelChange.objects.exists()

    load_seed(write_seed(tmp_path, [seed_model()], [seed_offer(input_usd="3")]))

    change = ModelChange.objects.get()
    assert (change.what, change.old, change.new) == ("price", "2", "3")
    assert change.origin == "seed"
