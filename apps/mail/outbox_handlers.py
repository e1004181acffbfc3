"""What the outbox hands to mail."""

from typing import Any
from uuid import UUID

from apps.jobs.outbox import handles
from apps.mail.deliver import deliver
from apps.mail.services import TOPIC


@handles(TOPIC)
def send_mail(payload: dict[str, Any], *, message_id: UUID) -> None:
    deliver(payload, message_id=message_id)
