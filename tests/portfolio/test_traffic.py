"""Aliases and traffic: measured volume, and use cases proposed from the router."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.db.models.functions import Trunc

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError
from apps.kit.ids import uuid7
from apps.portfolio import aliasing
from apps.portfolio.import_services import (
    CREATE,
    Choice,
    Target,
    confirm_import,
    propose_traffic,
)
from apps.portfolio.imports.propose import Proposal
from apps.portfolio.models import UseCase
from apps.portfolio.queries import get_use_case, volume_of, volumes
from apps.portfolio.volume import LEAST_REQUESTS
from apps.router.alias_services import NewAlias, create_alias
from apps.router.engine.rules import read_rules
from apps.router.models import RoutedRequest
from apps.tenancy.scope import scope
from tests.factories import make_key, make_routed_request
from tests.portfolio.making import GOLDEN, MODEL, make_model, make_use_case

pytestmark = pytest.mark.django_db(transaction=True)


def send(org: Organization, count: int, **fields: Any) -> None:
    """So many requests of one kind, two days ago and all at once."""
    row = make_routed_request(
        org,
        **{
            "created_at": utc_now() - timedelta(days=2),
            "model": MODEL,
            "input_tokens": 1_000,
            "cached_tokens": 250,
            "output_tokens": 100,
            "cost_usd": Decimal("0.01"),
            **fields,
        },
    )
    rows = []
    for _ in range(count - 1):
        copy = RoutedRequest(
            **{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
        )
        copy.id = uuid7()
        rows.append(copy)
    RoutedRequest.objects.using("owner").bulk_create(rows)
    mark(org)


def mark(org: Organization) -> None:
    """Have usage read the ledger's rows, as it does until they are rolled up."""
    hours = (
        RoutedRequest.objects.using("owner")
        .filter(org_id=org.id)
        .values_list(Trunc("created_at", "hour"), flat=True)
        .distinct()
    )
    with connections["owner"].cursor() as cursor:
        cursor.executemany(
            "INSERT INTO router_usage_dirty (org_id, starts_at) VALUES (%s, %s)",
            [(org.id, hour) for hour in hours],
        )


def test_an_alias_in_one_click_takes_the_model_of_today(acme: Organization) -> None:
    made = make_use_case(acme, "Answer Kunden äöü!")
    twin = make_use_case(acme, "Answer Kunden aou")
    with scope(acme.id):
        alias = aliasing.create_alias_for(made.id)
        second = aliasing.create_alias_for(twin.id)
        with pytest.raises(ConflictError, match="has an alias already"):
            aliasing.create_alias_for(made.id)
        assert get_use_case(made.id).alias == alias

    assert (alias.name, second.name) == (
        "uc/answer-kunden-aou",
        "uc/answer-kunden-aou-2",
    )
    assert read_rules(alias.rules).forced == MODEL


def test_an_alias_there_is_can_be_attached_once(acme: Organization) -> None:
    made, other = make_use_case(acme), make_use_case(acme)
    with scope(acme.id):
        alias = create_alias(NewAlias("uc/triage"))
        assert aliasing.free_aliases() == [alias]
        aliasing.attach_alias(made.id, alias.id)
        with pytest.raises(Exception, match="Another use case has this alias"):
            aliasing.attach_alias(other.id, alias.id)
        aliasing.detach_alias(made.id)
        aliasing.attach_alias(other.id, alias.id)
        assert get_use_case(other.id).alias == alias


def test_own_live_calls_through_the_alias_are_the_volume(
    acme: Organization, globex: Organization
) -> None:
    made = make_use_case(acme, **GOLDEN)
    nothing = {"input_tokens": 0, "cached_tokens": 0, "output_tokens": 0}
    with scope(acme.id):
        name = aliasing.create_alias_for(made.id).name
    send(acme, LEAST_REQUESTS - 1, alias=name)
    for beside in (
        {"is_test": True},
        {"purpose": "shadow"},
        {"alias": ""},
        {"status": "failed", **nothing},
        {"cache": "exact", **nothing},
        {"created_at": utc_now() - timedelta(days=31)},
    ):
        send(acme, 2, **{"alias": name, **beside})
    send(globex, 200, alias=name)
    with scope(acme.id):
        assert volume_of(get_use_case(made.id)).basis == "typed"
    send(acme, 1, alias=name)

    with scope(acme.id):
        found = volume_of(get_use_case(made.id))

    assert (found.basis, found.requests) == ("measured", LEAST_REQUESTS)
    assert (found.input_tokens, found.output_tokens) == (Decimal(1_000), Decimal(100))
    assert found.cached_share == Decimal("0.25")
    assert found.calls_month is not None
    # Two to three days of traffic, by the hour of the day.
    assert 1_000 < found.calls_month < 1_600


def test_the_volumes_of_many_take_as_many_statements_as_of_one(
    acme: Organization, django_assert_max_num_queries: Any
) -> None:
    made = [make_use_case(acme) for _ in range(3)]
    with scope(acme.id):
        for one in made:
            aliasing.create_alias_for(one.id)
        loaded = [get_use_case(one.id) for one in made]
        with django_assert_max_num_queries(4):
            volumes(loaded)


def test_traffic_is_proposed_by_alias_key_and_model(
    acme: Organization, globex: Organization
) -> None:
    make_model()
    key, _ = make_key(acme, name="CI")
    with scope(acme.id):
        create_alias(NewAlias("uc/triage"))
    send(acme, 30, alias="uc/triage", task="reasoning")
    send(acme, 40, key_id=key.id)
    send(acme, 5)  # a try or two
    send(globex, 90)

    with scope(acme.id):
        draft = propose_traffic(by=None)
        found = [Proposal.from_json(one) for one in draft.proposals]
        by_key, by_alias = found
        target = Target(new_product="Imported")
        choices = {n: Choice(CREATE) for n in range(2)}
        confirm_import(draft.id, target, choices)
        made = {one.name: one for one in UseCase.objects.select_related("alias")}
    RoutedRequest.objects.using("owner").filter(alias="").delete()
    mark(acme)
    with scope(acme.id), pytest.raises(ConflictError, match="without a use case"):
        propose_traffic(by=None)

    assert (by_key.group, by_key.requests, by_key.slug) == ("CI", 40, MODEL)
    assert (by_alias.alias, by_alias.task) == ("uc/triage", "reasoning")
    assert Decimal(by_key.cost_usd or 0) == Decimal("0.4")
    triage = made["triage"]
    assert triage.alias is not None
    assert (triage.alias.name, triage.volume_origin) == ("uc/triage", "traffic")
    assert triage.input_tokens == 1_000
