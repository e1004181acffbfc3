"""What usage is, in SQL: the same sums whether from the ledger or from a roll-up.

Savings count where cost and baseline are both known. An unknown cost is counted as
unpriced and adds nothing. A cancelled request is a request, not a failure.
"""

from typing import Final

DIMENSIONS: Final = (
    *("key_id", "provider", "model", "task", "is_test"),
    *("alias", "tags", "purpose"),
)
# Each sum, and how it is read from the ledger's rows.
OF_LEDGER: Final = {
    "requests": "count(*)",
    "failed": "count(*) FILTER (WHERE status = 'failed')",
    "input_tokens": "coalesce(sum(input_tokens), 0)",
    "cached_tokens": "coalesce(sum(cached_tokens), 0)",
    "output_tokens": "coalesce(sum(output_tokens), 0)",
    "reasoning_tokens": "coalesce(sum(reasoning_tokens), 0)",
    "cost_usd": "coalesce(sum(cost_usd), 0)",
    "baseline_usd": (
        "coalesce(sum(baseline_usd) FILTER (WHERE cost_usd IS NOT NULL), 0)"
    ),
    "savings_usd": "coalesce(sum(baseline_usd - cost_usd), 0)",
    "unpriced": "count(*) FILTER (WHERE cost_usd IS NULL)",
    # How fast memory is says nothing about an offer; divide by what was no hit.
    "latency_ms_total": "coalesce(sum(latency_ms) FILTER (WHERE cache = ''), 0)",
    "cache_hits": "count(*) FILTER (WHERE cache <> '')",
    "cache_saved_usd": "coalesce(sum(cache_saved_usd), 0)",
}

DIMENSION_NAMES: Final = ", ".join(DIMENSIONS)
SUM_NAMES: Final = ", ".join(OF_LEDGER)
SUMS_OF_LEDGER: Final = ", ".join(f"{sql} AS {name}" for name, sql in OF_LEDGER.items())
# The sum of a bigint is a numeric, which is meant for money alone.
SUMS_OF_SUMS: Final = ", ".join(
    f"coalesce(sum({name}), 0){'' if name.endswith('_usd') else '::bigint'} AS {name}"
    for name in OF_LEDGER
)
