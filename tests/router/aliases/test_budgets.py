"""What an alias may spend: counted by the ledger, by name, apart from keys."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import Client

from apps.accounts.models import Organization, User
from apps.kit.errors import ValidationError
from apps.kit.ids import uuid7
from apps.router.alias_models import Alias
from apps.router.alias_services import NewAlias, create_alias, delete_alias
from apps.router.budget_models import AliasSpend, Budget
from apps.router.budget_queries import budget_states, due_notices
from apps.router.budget_services import create_budget
from apps.router.limits.rules import OrgLimits
from apps.router.limits.stored import limits_by_org
from apps.tenancy.scope import scope, unscoped
from tests.factories import make_key, make_routed_request

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "uc/triage"
JSON = "application/json"
type SignIn = Callable[[User], Client]


def make_alias(org: Organization, name: str = NAME) -> Alias:
    with scope(org.id):
        return create_alias(NewAlias(name))


def make_budget(org: Organization, alias: Alias, usd: str = "5") -> Budget:
    with scope(org.id):
        return create_budget(
            key_id=None, alias_id=alias.id, period="month", limit_usd=Decimal(usd)
        )


def spent(org: Organization) -> Decimal:
    with scope(org.id):
        return budget_states()[0].spent_usd


def limits_of(org: Organization) -> OrgLimits:
    with unscoped("tests read as the snapshot does"):
        return limits_by_org([])[org.id]


def test_an_alias_s_budget_counts_what_was_sent_to_it(
    acme: Organization, globex: Organization
) -> None:
    make_budget(acme, make_alias(acme))
    for org, fields in (
        (acme, {"alias": NAME, "cost_usd": Decimal("1.25")}),
        (acme, {"alias": NAME, "cost_usd": Decimal("0.5"), "key_id": uuid7()}),
        (acme, {"alias": "uc/other", "cost_usd": Decimal(10)}),
        (acme, {"cost_usd": Decimal(10)}),
        (globex, {"alias": NAME, "cost_usd": Decimal(10)}),
    ):
        make_routed_request(org, **fields)

    assert spent(acme) == Decimal("1.75")


def test_what_an_alias_spent_outlives_it(acme: Organization) -> None:
    alias = make_alias(acme)
    make_routed_request(acme, alias=NAME, cost_usd=Decimal(2))
    with scope(acme.id):
        delete_alias(alias.id)
    make_budget(acme, make_alias(acme))

    assert spent(acme) == Decimal(2)
    with scope(acme.id):
        assert AliasSpend.objects.filter(org_id=acme.id).count() == 1


def test_the_snapshot_has_each_alias_s_budgets_with_its_name(
    acme: Organization,
) -> None:
    alias, other = make_alias(acme), make_alias(acme, "uc/other")
    make_budget(acme, alias, "3")
    limits = limits_of(acme)

    [rule] = limits.budgets_of(None, alias.id)
    assert (rule.alias, rule.kind, rule.limit_nano) == (NAME, "alias", 3_000_000_000)
    assert rule.title == f"the monthly budget of the alias {NAME}"
    assert limits.budgets_of(None, other.id) == limits.budgets_of(None) == ()


def test_the_desk_leases_from_an_alias_s_budget(acme: Organization) -> None:
    budget = make_budget(acme, make_alias(acme), "1")
    make_routed_request(acme, alias=NAME, cost_usd=Decimal("0.4"))
    taker, ask = uuid7(), 500_000_000

    def take(wanted: int) -> tuple[Any, ...]:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT granted, spent, held, allowed FROM take_budgets(%s, %s::uuid[],"
                " %s::uuid[], ARRAY[date_trunc('month', now() AT TIME ZONE 'UTC')]"
                "::date[], ARRAY[%s]::bigint[], ARRAY[%s]::bigint[])",
                [taker, [acme.id], [budget.id], wanted, wanted],
            )
            found: tuple[Any, ...] = cursor.fetchone()
            return found

    assert take(ask) == (ask, 400_000_000, ask, 1_000_000_000)
    # A tenth is left: nobody gets a fifth.
    assert take(200_000_000) == (0, 400_000_000, ask, 1_000_000_000)


def test_the_owners_are_told_of_an_alias_s_budget_too(acme: Organization) -> None:
    budget = make_budget(acme, make_alias(acme), "1")
    make_routed_request(acme, alias=NAME, cost_usd=Decimal("0.85"))

    assert [(due[1], due[3]) for due in due_notices()] == [(budget.id, 80)]


def test_a_budget_is_a_key_s_or_an_alias_s(
    acme: Organization, globex: Organization
) -> None:
    alias, (key, _) = make_alias(acme), make_key(acme)
    theirs = make_alias(globex, "uc/theirs")

    with scope(acme.id):
        with pytest.raises(ValidationError, match="not both"):
            create_budget(
                key_id=key.id, alias_id=alias.id, period="day", limit_usd=Decimal(1)
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            Budget.objects.create(
                alias_id=theirs.id, period="day", limit_usd=Decimal(1)
            )
        make_budget(acme, alias)
        with pytest.raises(ValidationError, match="such a budget already"):
            make_budget(acme, alias)


def test_the_api_makes_an_alias_s_budget(
    sign_in: SignIn, olga: User, acme: Organization, globex: Organization
) -> None:
    alias, theirs = make_alias(acme), make_alias(globex)
    fields = {"period": "day", "limit_usd": "5"}
    client = sign_in(olga)

    made = client.post("/api/v1/budgets", {**fields, "alias_id": str(alias.id)}, JSON)
    lost = [
        client.post("/api/v1/budgets", {**fields, "alias_id": str(one)}, JSON)
        for one in (theirs.id, uuid7())
    ]
    [listed] = client.get("/api/v1/aliases").json()["data"]

    assert (made.status_code, made.json()["alias_id"]) == (201, str(alias.id))
    assert {answer.status_code for answer in lost} == {404}
    assert listed["budgets"] == [made.json()]
