"""Keep the list's headlines true: one statement after every change of the catalog."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connections

# The conditions of a plain price; `p` and `o` are the price and its offer.
_PLAIN: Final = """
    p.service_tier = 'standard' AND p.above_prompt_tokens = 0 AND p.utc_from IS NULL
    AND p.utc_weekdays = '' AND NOT p.is_discount AND p.valid_from <= now()
    AND (p.valid_until IS NULL OR p.valid_until > now())
    AND o.service_tier = 'standard' AND o.variant NOT IN ('free', 'batch')
"""


def _lowest(component: str) -> str:
    """A broker's headline price counts only where no other offer states one."""
    own = f"min(p.usd) FILTER (WHERE p.component = '{component}' AND NOT o.is_headline)"
    any_ = f"min(p.usd) FILTER (WHERE p.component = '{component}')"
    return f"coalesce({own}, {any_})"


# Nothing from outside enters this text: it is made of the constants above.
_REFRESH: Final = f"""
INSERT INTO catalog_headline AS h (ai_model_id, input_usd, output_usd, priced_on,
    offer_count, providers, tiers, words)
SELECT m.id, price.input_usd, price.output_usd, price.priced_on,
    coalesce(offer.offer_count, 0), coalesce(offer.providers, '{{}}'),
    coalesce(offer.tiers, '{{}}'),
    lower(concat_ws(' ', m.slug, m.name, offer.ids))
FROM catalog_aimodel m
LEFT JOIN (
    SELECT o.ai_model_id, count(DISTINCT o.id) FILTER (WHERE o.is_available)
            AS offer_count,
        array_agg(DISTINCT seller.slug ORDER BY seller.slug) AS providers,
        array_agg(DISTINCT seller.tier ORDER BY seller.tier) AS tiers,
        string_agg(DISTINCT o.upstream_id, ' ' ORDER BY o.upstream_id) AS ids
    FROM catalog_offer o
    JOIN catalog_provider seller ON seller.id IN (o.provider_id, o.served_by_id)
    GROUP BY 1
) offer ON offer.ai_model_id = m.id
LEFT JOIN (
    SELECT o.ai_model_id, {_lowest("input")} AS input_usd,
        {_lowest("output")} AS output_usd, min(p.sourced_on) AS priced_on
    FROM catalog_offer o JOIN catalog_price p ON p.offer_id = o.id
    WHERE o.is_available AND p.component IN ('input', 'output') AND {_PLAIN}
    GROUP BY 1
) price ON price.ai_model_id = m.id
ON CONFLICT (ai_model_id) DO UPDATE SET
    input_usd = EXCLUDED.input_usd, output_usd = EXCLUDED.output_usd,
    priced_on = EXCLUDED.priced_on, offer_count = EXCLUDED.offer_count,
    providers = EXCLUDED.providers, tiers = EXCLUDED.tiers, words = EXCLUDED.words
WHERE h.* IS DISTINCT FROM EXCLUDED.*
"""  # noqa: S608


@contextmanager
def hash_joins(cursor: Any) -> Iterator[None]:
    """Keep the planner from nested loops, until the block or the transaction ends.

    It takes a table for empty that was emptied, or is new, and not analyzed since; it
    then compares every price with every offer, which takes minutes and not a second.
    """
    cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")


def refresh_headlines(using: str) -> int:
    """Work every headline out again; returns how many changed.

    It runs inside the transaction of the change, with a login that may write.
    """
    with connections[using].cursor() as cursor, hash_joins(cursor):
        cursor.execute(_REFRESH)
        return int(cursor.rowcount)
