"""Length and speed of answers, from the roll-ups."""

from datetime import timedelta
from typing import Any

import pytest

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.router.measuring import MOST_OUTPUT_TOKENS, latencies, lengths, lengths_of
from apps.router.models import UsageHour
from apps.tenancy.scope import scope, unscoped
from tests.factories import make_org


def test_a_models_length_is_drawn_to_its_tasks_by_few_answers() -> None:
    found = lengths_of(
        [("chat", "often", 200_000, 1_000), ("chat", "seldom", 10_000, 10)]
    )

    assert found.of_tasks["chat"] == 210  # 210,000 tokens by 1,010 answers
    assert found.of_models["often"]["chat"] == 200
    assert 200 < found.of_models["seldom"]["chat"] < 500  # its own mean is 1,000


def test_a_task_with_few_answers_says_nothing_and_giants_are_bounded() -> None:
    few = lengths_of([("coding", "m", 5_000, 5)])
    giant = lengths_of([("coding", "m", 50_000_000, 100)])

    assert (few.of_tasks, few.of_models) == ({}, {})
    assert giant.of_models["m"]["coding"] == MOST_OUTPUT_TOKENS


def add_hour(org: Organization, *, days: int, latency_ms: int) -> None:
    sums: dict[str, Any] = dict.fromkeys(
        (
            *("failed", "input_tokens", "cached_tokens", "reasoning_tokens"),
            *("cost_usd", "baseline_usd", "savings_usd", "unpriced"),
        ),
        0,
    )
    with unscoped("a test writes what the roll-up would"):
        UsageHour.objects.create(
            org_id=org.id,
            starts_at=utc_now() - timedelta(days=days),
            provider="p",
            model="m",
            task="chat",
            is_test=False,
            requests=40,
            output_tokens=4_000,
            latency_ms_total=40 * latency_ms,
            **sums,
        )


@pytest.mark.django_db(transaction=True)
def test_what_was_measured_lately_counts_more() -> None:
    org = make_org("Acme")
    add_hour(org, days=6, latency_ms=9_000)
    add_hour(org, days=0, latency_ms=1_000)

    with scope(org.id):
        assert 1_000 <= latencies(utc_now())["p", "m"] < 1_300
        assert lengths(utc_now()).of_tasks == {"chat": 100}
