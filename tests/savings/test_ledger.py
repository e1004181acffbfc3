"""The booking job: from the router's ledger to closed days, once and exactly."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import Organization
from apps.jobs.lock import hold
from apps.portfolio import services as portfolio
from apps.portfolio.models import UseCase
from apps.router.rollups import roll_up
from apps.savings import ledger, queries
from apps.savings.export import savings_csv
from apps.savings.models import Saving, Switch
from apps.tenancy.scope import scope
from tests.router.ledger.rows import make_row, ship
from tests.savings.conftest import ALIAS, BIG, DEAR, SMALL, Make, set_price

pytestmark = pytest.mark.django_db(transaction=True)

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
CLOSED = NEXT + timedelta(hours=7)
# 1,000 in and 500 out: $0.00045 on the small model, $0.0075 on the big one.
SMALL_NANO, SMALL_USD, BIG_USD = 450_000, Decimal("0.00045"), Decimal("0.0075")


@pytest.fixture
def live(use_case: UseCase, make: Make, org: Organization) -> Switch:
    """In force since the evening before."""
    made = make(use_case)
    return began(made, DAY - timedelta(hours=3))


def began(switch: Switch, at: datetime, **fields: Any) -> Switch:
    with scope(switch.org_id):
        Switch.objects.filter(id=switch.id).update(live_at=at, **fields)
        return queries.get_switch(switch.id)


def send(org: Organization, *moments: datetime, **facts: Any) -> None:
    usual = {"alias": ALIAS, "model": SMALL, "cost_nano": SMALL_NANO}
    ship([make_row(org.id, at, **{**usual, **facts}) for at in moments])


def book(org: Organization, now: datetime = CLOSED) -> int:
    with hold("savings.book", trigger="manual") as held, scope(org.id):
        return ledger.book(held, now)


def rows(org: Organization) -> list[Saving]:
    with scope(org.id):
        return list(Saving.objects.order_by("day", "booked_at", "id"))


def test_a_day_is_booked_from_the_requests_and_closed(
    live: Switch, org: Organization
) -> None:
    send(org, DAY, DAY + timedelta(hours=9), NEXT - timedelta(seconds=1))
    send(org, DAY, is_test=True)
    send(org, DAY, purpose="shadow")
    send(org, DAY, alias="uc/other")
    send(org, DAY, status="failed", cost_nano=0, input_tokens=0, output_tokens=0)
    roll_up()

    book(org)

    [row] = rows(org)
    assert (row.day, row.basis, row.requests) == (DAY.date(), "measured", 3)
    assert (row.fresh_tokens, row.output_tokens) == (3000, 1500)
    assert (row.actual_usd, row.baseline_usd) == (3 * SMALL_USD, 3 * BIG_USD)
    assert row.savings_usd == 3 * (BIG_USD - SMALL_USD)
    assert row.closed_at is not None
    assert row.prices[0]["baseline"]["input"] == "2.500000000"
    assert row.prices[0]["baseline"]["source"] == "test"


def test_answers_from_memory_and_unpriced_ones_are_not_savings(
    live: Switch, org: Organization
) -> None:
    send(org, DAY)
    send(org, DAY, cache="exact", cost_nano=0)
    send(org, DAY, cost_nano=None)
    roll_up()

    book(org)

    [row] = rows(org)
    assert (row.requests, row.unassessed, row.fresh_tokens) == (1, 1, 1000)
    assert row.savings_usd == BIG_USD - SMALL_USD


def test_run_twice_it_writes_the_same_and_late_rows_count_until_it_is_closed(
    live: Switch, org: Organization
) -> None:
    send(org, DAY)
    noon = DAY + timedelta(hours=12)
    book(org, noon)
    book(org, noon)
    first = rows(org)
    send(org, DAY + timedelta(hours=1))

    book(org, CLOSED)
    send(org, DAY + timedelta(hours=2))
    book(org, CLOSED + timedelta(hours=1))

    assert [row.requests for row in first] == [1]
    assert first[0].closed_at is None
    assert [row.requests for row in rows(org)] == [2]


def test_days_that_nobody_booked_are_caught_up_with(
    live: Switch, org: Organization
) -> None:
    days = [DAY + timedelta(days=n) for n in (0, 1, 5)]
    send(org, *days)

    book(org, CLOSED + timedelta(days=8))

    assert [row.day for row in rows(org)] == [day.date() for day in days]
    assert all(row.closed_at for row in rows(org))
    with scope(org.id):
        [switch] = queries.switches()
        assert switch.booked_through == (DAY + timedelta(days=8)).date()


def test_killed_half_way_it_leaves_nothing_and_the_next_run_books_all(
    live: Switch, org: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(org, DAY, NEXT)
    write, written = ledger._write, list[Any]()

    def die(*args: Any) -> None:
        written.append(args)
        if len(written) == 2:
            raise KeyboardInterrupt
        write(*args)

    monkeypatch.setattr(ledger, "_write", die)
    with pytest.raises(KeyboardInterrupt):
        book(org, NEXT + timedelta(hours=3))
    monkeypatch.setattr(ledger, "_write", write)
    left = rows(org)
    book(org, NEXT + timedelta(hours=3))

    assert left == []
    assert [row.requests for row in rows(org)] == [1, 1]


def test_the_baseline_is_at_the_price_of_the_moment(
    live: Switch, org: Organization
) -> None:
    set_price(BIG, "input", "5", DAY + timedelta(hours=12))
    send(org, DAY + timedelta(hours=11), DAY + timedelta(hours=13))

    book(org)

    [row] = rows(org)
    assert row.baseline_usd == BIG_USD + Decimal("0.0100")
    shown = [(one["from"][11:16], one["baseline"]["input"]) for one in row.prices]
    assert shown == [("00:00", "2.500000000"), ("12:00", "5.000000000")]


def test_without_a_price_nothing_is_assessed(live: Switch, org: Organization) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE catalog_price SET valid_until = %s", [DAY])
    send(org, DAY)

    book(org)

    [row] = rows(org)
    assert (row.requests, row.unassessed) == (0, 1)
    assert row.baseline_usd is row.actual_usd is row.savings_usd is None


def test_a_loss_is_booked_as_a_loss(live: Switch, org: Organization) -> None:
    send(org, DAY, cost_nano=9_500_000)

    book(org)

    assert rows(org)[0].savings_usd == Decimal("-0.002")


def test_only_what_a_canarys_candidate_answered_counts(
    use_case: UseCase, make: Make, org: Organization
) -> None:
    made = make(use_case, mode="canary")
    with scope(org.id):
        Switch.objects.update(canary_at=DAY)
    assert made.experiment_id is not None
    of_it = {"experiment_id": made.experiment_id.hex}
    send(org, DAY, arm="candidate", **of_it)
    # Another model stood in for it, the model before was asked, or nobody's arm.
    send(org, DAY, arm="candidate", model=BIG, **of_it)
    send(org, DAY, DAY, arm="control", model=BIG, **of_it)
    send(org, DAY)

    book(org)

    assert [(row.switch_id, row.requests) for row in rows(org)] == [(made.id, 1)]


def test_typed_volumes_are_estimated_to_the_cent_of_a_month(
    typed: UseCase, make: Make, org: Organization
) -> None:
    began(make(typed, mode="recorded"), datetime(2026, 1, 1, tzinfo=UTC))

    book(org, datetime(2027, 1, 2, tzinfo=UTC))

    with scope(org.id):
        year = queries.totals(until=datetime(2026, 12, 31, tzinfo=UTC).date())
    assert year.measured_usd is None
    assert year.estimated_usd is not None
    # 365 days of a year of 365.25.
    expected = Decimal("822.50") * 12 * 365 / Decimal("365.25")
    assert abs(year.estimated_usd - expected) < Decimal("0.01")
    assert {row.basis for row in rows(org)} == {"estimated"}


def test_without_a_volume_nothing_is_estimated(
    typed: UseCase, make: Make, org: Organization
) -> None:
    began(make(typed, mode="recorded"), DAY)
    with scope(org.id):
        UseCase.objects.update(calls_month=None)

    book(org)

    assert rows(org) == []


def test_a_switch_that_is_over_is_booked_to_its_end(
    live: Switch, org: Organization
) -> None:
    noon = DAY + timedelta(hours=12)
    began(live, DAY, ended_at=noon, state="undone")
    send(org, DAY + timedelta(hours=11), DAY + timedelta(hours=13))

    book(org, CLOSED)
    again = book(org, CLOSED + timedelta(days=3))

    assert [row.requests for row in rows(org)] == [1]
    assert again == 0


def test_nobody_but_the_job_writes_and_nobody_changes_a_closed_day(
    live: Switch, org: Organization
) -> None:
    send(org, DAY)
    book(org)
    [row] = rows(org)
    statements = (
        "UPDATE savings_saving SET actual_usd = 0",
        "DELETE FROM savings_saving",
        f"INSERT INTO savings_saving (id, org_id) VALUES ('{row.id}', '{org.id}')",
    )
    for login, texts in (("default", statements), ("jobs", statements[:2])):
        for text in texts:
            with (
                scope(org.id),
                pytest.raises(DatabaseError),
                transaction.atomic(using=login),
                connections[login].cursor() as cursor,
            ):
                cursor.execute(text)

    assert rows(org) == [row]


def test_booked_savings_outlive_the_use_case(
    live: Switch, org: Organization, use_case: UseCase
) -> None:
    send(org, DAY)
    book(org)
    with scope(org.id):
        portfolio.delete_use_case(use_case.id)

        [line] = queries.by_use_case()
        assert (line.label, line.totals.requests) == ("Triage", 1)
        assert queries.lifetime().measured_usd == BIG_USD - SMALL_USD


def test_another_organization_sees_and_adds_nothing(
    live: Switch, org: Organization
) -> None:
    send(org, DAY)
    book(org)
    other = Organization(id=Switch().id)

    with scope(other.id):
        assert queries.lifetime().is_empty
        assert queries.switches() == []


amounts = st.decimals(0, 5000, places=9)
lines = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 40),
        st.booleans(),
        st.none() | amounts,
        amounts,
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda line: (line[0], line[1]),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lines)
def test_sums_agree_everywhere_to_the_last_digit(
    live_switches: list[Switch], lines: list[Any]
) -> None:
    """By day, by product, by use case, the file and the total: one and the same."""
    org_id = live_switches[0].org_id
    write_rows(live_switches, lines)
    first, last = DAY.date(), (DAY + timedelta(days=40)).date()

    with scope(org_id):
        total = queries.totals(first, last)
        groups = [
            queries.by_day(first, last),
            queries.by_product(first, last),
            queries.by_use_case(first, last),
        ]
        lifetime = queries.lifetime()
        file = list(csv.DictReader(StringIO("".join(savings_csv(first, last)))))

    for group in groups:
        for name in ("measured_usd", "estimated_usd", "actual_usd", "baseline_usd"):
            known = [getattr(one.totals, name) for one in group]
            found = [usd for usd in known if usd is not None]
            assert getattr(total, name) == (sum(found) if found else None)
        assert sum(one.totals.requests for one in group) == total.requests
    saved = [Decimal(row["savings_usd"]) for row in file if row["savings_usd"]]
    assert (total.savings_usd or 0) == sum(saved)
    assert lifetime == total


@pytest.fixture
def live_switches(use_case: UseCase, typed: UseCase, make: Make) -> list[Switch]:
    """Two of each basis, in force one after the other."""
    first, other = make(use_case), make(typed, mode="recorded")
    again = {"to_model": DEAR}
    return [
        first,
        make(use_case, **again),
        other,
        make(typed, mode="recorded", **again),
    ]


def write_rows(switches: list[Switch], lines: list[Any]) -> None:
    """Put rows straight into the ledger, as its owner."""
    made = []
    for which, day, is_measured, actual, baseline in lines:
        switch = switches[which]
        made.append(
            Saving(
                org_id=switch.org_id,
                switch_id=switch.id,
                use_case_id=switch.use_case_id,
                use_case_name=switch.use_case_name,
                product_id=switch.product_id,
                product_name=switch.product_name,
                day=(DAY + timedelta(days=day)).date(),
                basis="measured" if is_measured else "estimated",
                requests=day,
                unassessed=0,
                fresh_tokens=1,
                cached_tokens=2,
                output_tokens=3,
                actual_usd=actual,
                baseline_usd=None if actual is None else baseline,
                booked_at=DAY,
            )
        )
    with scope(switches[0].org_id):
        Saving.objects.using("owner").all().delete()
        for row in made:
            row.save(using="owner", force_insert=True)
