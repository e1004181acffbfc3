"""Models that our editors keep out at this moment, whatever was found last night."""

from uuid import UUID

from apps.catalog.models import EditorialOverride
from apps.kit.clock import utc_now


def excluded_models() -> frozenset[UUID]:
    """Models excluded as such. One offer or provider out leaves others to look for."""
    rows = EditorialOverride.objects.filter(
        state=EditorialOverride.State.APPROVED,
        effect=EditorialOverride.Effect.EXCLUDE,
        expires_at__gt=utc_now(),
        ai_model__isnull=False,
    )
    return frozenset(rows.values_list("ai_model_id", flat=True))
