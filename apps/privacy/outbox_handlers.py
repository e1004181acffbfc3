"""What the outbox hands to privacy."""

from typing import Any
from uuid import UUID

from apps.jobs.outbox import handles
from apps.privacy.services import EXPORT_TOPIC
from apps.privacy.tasks import build_archives


@handles(EXPORT_TOPIC)
def start_export(payload: dict[str, Any], *, message_id: UUID) -> None:
    """Not to wait for the schedule, which comes within a minute anyway."""
    build_archives.apply_async(retry=False, expires=60)
