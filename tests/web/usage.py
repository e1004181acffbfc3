"""Usage for the pages to show."""

from typing import Any

from django.db import connections

from apps.accounts.models import Organization
from tests.factories import make_routed_request


def make_usage(org: Organization, **fields: Any) -> None:
    """A routed request whose hour is marked, as the ledger's shipper marks it."""
    row = make_routed_request(org, **fields)
    hour = row.created_at.replace(minute=0, second=0, microsecond=0)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO router_usage_dirty (org_id, starts_at) VALUES (%s, %s)",
            [org.id, hour],
        )
