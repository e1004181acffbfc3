"""What the outbox hands to checks; each may come again."""

from typing import Any
from uuid import UUID

from apps.checks import concluding
from apps.checks.services import CONCLUDE, START
from apps.checks.tasks import send
from apps.jobs.outbox import handles
from apps.tenancy.scope import require_org_id


@handles(START)
def start_check(payload: dict[str, Any], *, message_id: UUID) -> None:
    """Send it to a worker of its own: a check takes longer than a message may."""
    send(require_org_id(), UUID(payload["check"]))


@handles(CONCLUDE)
def conclude_check(payload: dict[str, Any], *, message_id: UUID) -> None:
    concluding.conclude(UUID(payload["check"]))


@handles("checks.settle")
def settle_check(payload: dict[str, Any], *, message_id: UUID) -> None:
    """Raises while the ledger lacks a row, so that it is tried again later."""
    concluding.settle_or_raise(UUID(payload["check"]))
