"""The advisor's part of the dashboard: sums of the ledger, opportunities, risks."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from apps.accounts.models import Organization, User
from apps.catalog.models import AIModel
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.opportunities.models import Opportunity
from apps.portfolio.models import UseCase
from apps.savings.models import Saving, Switch
from apps.tenancy.scope import scope
from tests.portfolio.making import make_model, make_use_case

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[User], Client]


def _page(client: Client) -> str:
    answer = client.get("/dashboard/")
    assert answer.status_code == 200
    return answer.content.decode()


def _tile(page: str, label: str) -> str:
    start = page.index(f'<dt class="stat-label">{label} ')
    return page[
        page.index("<dd", start) : page.index("</div>", page.index("<dd", start))
    ]


def _book(
    org: Organization, basis: str, actual: str, baseline: str, days_ago: int = 0
) -> None:
    """A day of the ledger, as the booking job writes it: past the web's login."""
    model = make_model()
    names: dict[str, Any] = {
        "org_id": org.id,
        "use_case_id": uuid7(),
        "use_case_name": "Triage",
        "product_id": uuid7(),
        "product_name": "Shop",
    }
    switch = Switch(
        **names, from_model=model, to_model=model, mode="recorded", state="recorded"
    )
    switch.save(using="owner", force_insert=True)
    counts = ("requests", "unassessed", "fresh_tokens", "cached_tokens")
    Saving(
        **names,
        **dict.fromkeys((*counts, "output_tokens"), 0),
        switch=switch,
        day=utc_now().date() - timedelta(days=days_ago),
        basis=basis,
        actual_usd=Decimal(actual),
        baseline_usd=Decimal(baseline),
        booked_at=utc_now(),
    ).save(using="owner", force_insert=True)


def _opportunity(org: Organization, use_case: UseCase, **fields: Any) -> Opportunity:
    candidate = make_model("cheap-house/cheap", input_usd="0.1", output_usd="0.2")
    values: dict[str, Any] = {
        "use_case": use_case,
        "current_model": use_case.current_model,
        "candidate_model": candidate,
        "kind": "cost_saving",
        "band": "major",
        "fit_gain": 0.5,
        "confidence": 42,
        "risk": 1,
        "effort": "low",
        "savings_month_usd": Decimal("123.45"),
    }
    with scope(org.id):
        return Opportunity.objects.create(**{**values, **fields})


def test_savings_are_the_ledgers_sums_measured_and_estimated_apart(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    make_use_case(acme)
    _book(acme, "measured", "1.5", "11.625", 40)
    _book(acme, "measured", "3.25", "1")
    _book(acme, "estimated", "20", "120")

    page = _page(sign_in(olga))

    sql = "SELECT sum(savings_usd) FROM savings_saving WHERE basis = %s"
    with connections["owner"].cursor() as cursor:
        measured = cursor.execute(sql, ["measured"]).fetchone()[0]
    assert f"+${measured:.2f}" in _tile(page, "Saved, measured")
    assert "−$2.25" in _tile(page, "Saved, measured")
    assert "+$100.00" in _tile(page, "Saved, estimated")
    assert "$107" not in page


def test_open_opportunities_are_listed_by_value(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    first = make_use_case(acme, "Triage")
    second = make_use_case(acme, "Summaries")
    _opportunity(acme, second, savings_month_usd=Decimal("900.10"), confidence=61)
    chosen = _opportunity(acme, first)

    page = _page(sign_in(olga))

    assert page.index("Summaries") < page.index("Triage")
    assert f"/opportunities/{chosen.id}/" in page
    assert "$1,023.55" in _tile(page, "Open opportunities, a month")
    assert "42–61 of 100" in _tile(page, "Open opportunities, a month")


def test_what_ends_is_told_with_days_and_successor(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    use_case = make_use_case(acme, "Triage")
    after = make_model("next-house/next")
    AIModel.objects.using("owner").filter(id=use_case.current_model_id).update(
        sunset_on=utc_now().date() + timedelta(days=20), successor=after
    )

    page = _page(sign_in(olga))

    assert "ends in 20 days" in page
    assert "next-house/next" in page
    assert f"/portfolio/use-cases/{use_case.id}/" in page


def test_nothing_of_another_organization_counts(
    sign_in: SignIn, olga: User, globex: Organization
) -> None:
    use_case = make_use_case(globex, "Their secret")
    _opportunity(globex, use_case)
    _book(globex, "measured", "0", "55")

    page = _page(sign_in(olga))

    assert "Their secret" not in page
    assert "$55" not in page
    assert "Quick start" in page


def test_a_new_organization_is_led_to_the_quick_start(
    sign_in: SignIn, olga: User, vic: User
) -> None:
    page = _page(sign_in(olga))

    assert 'href="/portfolio/start/"' in page
    assert 'href="/portfolio/import/"' in page
    assert 'href="/portfolio/start/"' not in _page(sign_in(vic))


def test_what_is_not_known_is_no_zero(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    make_use_case(acme)

    page = _page(sign_in(olga))

    for label in ("Models cost a month", "Saved, measured", "Saved, estimated"):
        assert "not assessed" in _tile(page, label)
