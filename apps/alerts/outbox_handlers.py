"""What the outbox hands to alerts."""

from typing import Any
from uuid import UUID

from apps.alerts import closing, routing, sending
from apps.alerts.services import ROUTE
from apps.jobs.outbox import handles


@handles(ROUTE, exactly_once_in="default")
def route(payload: dict[str, Any], *, message_id: UUID) -> None:
    routing.route()


@handles(routing.LEAVE, exactly_once_in="default")
def leave(payload: dict[str, Any], *, message_id: UUID) -> None:
    closing.leave(UUID(payload["delivery"]))


@handles(closing.TRY)
def attempt(payload: dict[str, Any], *, message_id: UUID) -> None:
    """Speak to the other side; the same try a second time does nothing."""
    sending.attempt(
        UUID(payload["delivery"]), payload["number"], is_by_hand=payload["by_hand"]
    )
