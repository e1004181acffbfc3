"""Work that follows a commit of others: looking again at use cases."""

from typing import Any
from uuid import UUID

from apps.jobs.outbox import handles
from apps.opportunities.finder import rescore


@handles("opportunities.rescore")
def rescore_use_cases(payload: dict[str, Any], *, message_id: UUID) -> None:
    """In the organization's scope; the same message again finds the same rows."""
    rescore(UUID(str(one)) for one in payload.get("use_cases", ()))
