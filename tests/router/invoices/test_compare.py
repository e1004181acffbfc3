"""The bill beside the ledger: what is matched, and what a difference is."""

from datetime import date
from decimal import Decimal

from apps.router.invoices.compare import OurLine, by_model, compare, summary
from apps.router.invoices.names import spelling, spellings
from apps.router.invoices.parse import BilledLine

MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)
NAMES = spellings(
    [
        ("anthropic/claude-haiku-4.5", ["Anthropic: Claude Haiku 4.5"]),
        ("openai/gpt-5-mini", ["GPT-5 Mini", "gpt-5-mini"]),
        ("one/twin", []),
        ("two/twin", []),
    ]
)


def test_the_provider_s_names_are_our_models() -> None:
    found = {
        name: NAMES.get(spelling(name))
        for name in (
            "gpt-5-mini-2025-08-07",
            "openai/gpt-5-mini-2025-08-07",
            "GPT-5 mini",
            "claude-haiku-4-5-20251001",
            "Claude Haiku 4.5",
            "gpt-5",
            "twin",
            "",
        )
    }

    mini, haiku = "openai/gpt-5-mini", "anthropic/claude-haiku-4.5"
    assert list(found.values()) == [mini, mini, mini, haiku, haiku, None, None, None]


def test_both_sides_meet_by_day_and_model() -> None:
    billed = [
        BilledLine(MONDAY, "gpt-5-mini-2025-08-07", Decimal("1.10")),
        BilledLine(MONDAY, "gpt-5-mini", Decimal("0.10")),
        BilledLine(TUESDAY, "web search", Decimal("0.50")),
    ]
    ours = [
        OurLine(MONDAY, "openai/gpt-5-mini", Decimal(1), cancelled=2),
        OurLine(TUESDAY, "openai/gpt-5-mini", Decimal("0.25")),
    ]

    rows = compare(billed, ours, NAMES)

    assert [(row.day, row.model, row.kind, row.difference_usd) for row in rows] == [
        (MONDAY, "openai/gpt-5-mini", "both", Decimal("0.20")),
        (TUESDAY, "openai/gpt-5-mini", "ours", Decimal("-0.25")),
        (TUESDAY, "web search", "theirs", Decimal("0.50")),
    ]
    assert rows[0].notes == ["2 cancelled half way"]
    total = summary(rows)
    assert total.theirs_usd == Decimal("1.70")
    assert total.ours_usd == Decimal("1.25")
    assert total.difference_usd == Decimal("0.45")
    assert total.only_theirs_usd == Decimal("0.50")
    assert total.only_ours_usd == Decimal("0.25")
    assert [model for model, _ in by_model(rows)] == ["web search", "openai/gpt-5-mini"]


def test_a_bill_without_models_is_compared_by_the_day() -> None:
    billed = [BilledLine(MONDAY, "", Decimal(3))]
    ours = [OurLine(MONDAY, "a", Decimal(1)), OurLine(MONDAY, "b", Decimal(2))]

    [row] = compare(billed, ours, {})

    assert (row.model, row.kind, row.difference_usd) == ("", "both", Decimal(0))


def test_a_bill_of_tokens_alone_says_nothing_of_money() -> None:
    billed = [BilledLine(MONDAY, "gpt-5-mini", None, 2, 100, 50)]
    ours = [
        OurLine(
            MONDAY, "openai/gpt-5-mini", Decimal(1), input_tokens=90, output_tokens=50
        )
    ]

    [row] = compare(billed, ours, NAMES)

    assert row.difference_usd is None
    assert row.tokens_difference == 10
    assert summary([row]).difference_usd is None
    assert summary([row]).share is None


def test_notes_tell_what_may_explain_a_difference() -> None:
    ours = OurLine(
        MONDAY,
        "a",
        Decimal(3),
        estimated=1,
        unpriced=4,
        own_usd=Decimal(1),
        managed_usd=Decimal(2),
    )

    [row] = compare([], [ours], {})

    assert row.notes == [
        "not on the bill",
        "1 estimated: the provider reported no usage",
        "4 without a known price",
        "partly with your own key, partly with one of the installation",
    ]
    assert row.share is None
