"""Savings against the premium baseline, losses shown as losses."""

from apps.providers.wire import Usage
from apps.router.engine.savings import Bill, bill, price_usage
from tests.router.engine.offers import price

USAGE = Usage(fresh=1500, output=500)


def test_savings_are_baseline_minus_cost() -> None:
    owed = bill(USAGE, price=price("0.15", "0.60"), baseline=price("2.50", "10"))

    assert owed == Bill(525_000, 8_750_000)
    assert owed.savings_nano == 8_225_000


def test_a_loss_is_negative() -> None:
    owed = bill(USAGE, price=price("2.50", "10"), baseline=price("0.15", "0.60"))

    assert owed.savings_nano == -8_225_000


def test_savings_are_unknown_without_a_price() -> None:
    assert bill(USAGE, price=None, baseline=price("2", "2")).savings_nano is None


def test_savings_are_unknown_without_a_baseline() -> None:
    assert bill(USAGE, price=price("2", "2"), baseline=None).savings_nano is None


def test_usage_without_a_price_costs_an_unknown_amount() -> None:
    assert price_usage(None, USAGE) is None
