"""Products, functions and use cases: limits hold, the advisor hears, nothing leaks."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connections, transaction

from apps.accounts.models import Organization
from apps.audit.models import AuditEntry
from apps.catalog.headlines import refresh_headlines
from apps.kit.errors import (
    ConflictError,
    NotFoundError,
    QuotaExceededError,
    ValidationError,
)
from apps.portfolio import demo, services
from apps.portfolio.going import going_with
from apps.portfolio.lines import lines_of
from apps.portfolio.models import Function, Product, UseCase
from apps.portfolio.queries import counts, get_use_case, use_cases, volume_of
from apps.tenancy.scope import scope
from tests.portfolio.conftest import AtOnce
from tests.portfolio.making import (
    GOLDEN,
    GOLDEN_USD,
    make_function,
    make_model,
    make_product,
    make_use_case,
)

pytestmark = pytest.mark.django_db(transaction=True)


def rescored() -> int:
    """How often the advisor was told; what it was told goes once it is delivered."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM outbox_messages WHERE topic = %s", [services.RESCORE]
        )
        return int(cursor.fetchone()[0])


def test_a_use_case_of_a_product_alone_makes_its_function(acme: Organization) -> None:
    first = make_use_case(acme, "Answer")
    product = first.function.product
    second = make_use_case(acme, "Sort", product=product)

    assert first.function.name == services.USUAL_FUNCTION
    assert second.function_id == first.function_id


def test_the_golden_vector_costs_what_it_costs(acme: Organization) -> None:
    made = make_use_case(acme, **GOLDEN)

    with scope(acme.id):
        [line] = lines_of([made])

    assert line.cost.usd == GOLDEN_USD
    assert line.cost.price is not None
    assert line.cost.price.chosen == "maker"


def test_without_a_volume_or_a_price_no_cost_is_made_up(acme: Organization) -> None:
    silent = make_use_case(acme)
    half = make_use_case(acme, calls_month=5)

    with scope(acme.id):
        costs = [line.cost.usd for line in lines_of([silent, half])]
        assert volume_of(silent).basis == ""

    assert costs == [None, None]


def test_the_advisor_hears_of_what_it_reads_and_of_nothing_else(
    acme: Organization,
) -> None:
    made = make_use_case(acme)
    dear = make_model("dear-house/dear", input_usd="9")
    with scope(acme.id):
        services.change_use_case(made.id, {"name": "Renamed"})
        services.change_use_case(made.id, {"task": made.task})
        services.set_current_model(made, dear)
        services.change_function(made.function_id, {"latency_need_ms": 500})
        services.change_product(made.function.product_id, {"status": "archived"})
        assert get_use_case(made.id).current_model == dear
        assert use_cases() == []

    # Made, another model, another need, archived.
    assert rescored() == 4


def test_typed_tokens_take_the_place_of_a_template_s(acme: Organization) -> None:
    made = make_use_case(acme, **GOLDEN, volume_origin="template", volume_note="RAG")
    with scope(acme.id):
        services.change_use_case(made.id, {"calls_month": 7})
        assert volume_of(get_use_case(made.id)).is_assumed
        services.change_use_case(made.id, {"input_tokens": 900})
        changed = get_use_case(made.id)

    assert (changed.volume_origin, changed.volume_note) == ("person", "")


def test_names_are_one_of_a_kind_whatever_their_case(
    acme: Organization, globex: Organization
) -> None:
    product = make_product(acme, "Shop")
    make_product(globex, "Shop")
    make_use_case(acme, "Answer", product=product)

    with pytest.raises(ValidationError, match="of this name already"):
        make_product(acme, "SHOP")
    with pytest.raises(ValidationError, match="of this name already"):
        make_use_case(acme, "answer", product=product)


@pytest.mark.usefixtures("free_plan")
def test_a_plan_s_limit_is_a_limit_and_archiving_makes_room(
    acme: Organization,
) -> None:
    product = make_product(acme)
    make_function(acme, product)
    with pytest.raises(QuotaExceededError, match="room for 1 product, and 1 is there"):
        make_product(acme)
    with pytest.raises(QuotaExceededError, match="room for 1 function"):
        make_function(acme, product)

    with scope(acme.id):
        services.change_product(product.id, {"status": "archived"})
        make_product(acme)
        with pytest.raises(QuotaExceededError):
            services.change_product(product.id, {"status": "active"})
        assert counts() == {"products": 1, "functions": 0}


@pytest.mark.usefixtures("free_plan")
def test_many_at_once_do_not_pass_a_limit(acme: Organization, at_once: AtOnce) -> None:
    def product(number: int) -> Any:
        return lambda: services.create_product(services.NewProduct(f"P{number}"))

    outcomes = at_once(acme, [product(number) for number in range(6)])

    assert outcomes == ["ok", *["quota_exceeded"] * 5]
    with scope(acme.id):
        [found] = Product.objects.all()

    def function(number: int) -> Any:
        wanted = services.NewFunction(f"F{number}")
        return lambda: services.create_function(found.id, wanted)

    outcomes = at_once(acme, [function(number) for number in range(6)])

    assert outcomes == ["ok", *["quota_exceeded"] * 5]


def test_the_demo_s_button_pressed_twice_makes_one_demo(
    acme: Organization, at_once: AtOnce
) -> None:
    make_model()
    with transaction.atomic(using="jobs"):
        refresh_headlines("jobs")

    assert at_once(acme, [demo.load_demo] * 4) == ["ok"] * 4

    with scope(acme.id):
        assert Product.objects.filter(is_demo=True).count() == 1
        assert UseCase.objects.count() == len(demo.DEMO) == 6


@pytest.mark.usefixtures("free_plan")
def test_the_demo_takes_no_place_and_goes_alone(acme: Organization) -> None:
    own = make_use_case(acme, "Answer customers", product=make_product(acme, demo.NAME))
    with transaction.atomic(using="jobs"):
        refresh_headlines("jobs")
    with scope(acme.id):
        loaded = demo.load_demo()
        assert loaded.name == f"{demo.NAME} 2"
        with pytest.raises(ConflictError, match="demo portfolio"):
            services.function_of(loaded.id, "Mine")
        assert demo.remove_demo() == 6
        assert demo.remove_demo() == 0
        assert [one.id for one in use_cases()] == [own.id]


def test_deleting_tells_what_goes_with_it(acme: Organization) -> None:
    made = make_use_case(acme, "Answer")
    product = made.function.product
    make_use_case(acme, "Sort", product=product)
    with scope(acme.id):
        gone = [str(kind) for kind in going_with(product).gone]
        services.delete_product(product.id)
        entry = AuditEntry.objects.get(action="product.deleted")
        assert not Function.objects.exists()

    assert gone == ["1 function", "2 use cases"]
    assert (entry.before or {})["with"] == gone


def test_another_organization_s_rows_are_none(
    acme: Organization, globex: Organization
) -> None:
    theirs = make_use_case(globex)
    with scope(acme.id):
        for read in (
            lambda: get_use_case(theirs.id),
            lambda: services.change_use_case(theirs.id, {"calls_month": 1}),
            lambda: services.delete_use_case(theirs.id),
            lambda: services.delete_product(theirs.function.product_id),
            lambda: services.change_function(theirs.function_id, {"name": "x"}),
            lambda: services.function_of(theirs.function.product_id, ""),
        ):
            with pytest.raises(NotFoundError):
                read()
        assert use_cases() == []
    with scope(globex.id):
        assert get_use_case(theirs.id).calls_month is None


def test_a_cost_takes_the_cache_share_into_account(acme: Organization) -> None:
    made = make_use_case(acme, **{**GOLDEN, "cached_share": 0.5})
    with scope(acme.id):
        [line] = lines_of([made])

    # No price for cached tokens is stated, so they cost what fresh ones do.
    assert line.cost.usd == GOLDEN_USD
    assert line.volume.cached_share == Decimal("0.5")
