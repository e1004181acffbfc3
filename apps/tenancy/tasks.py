"""The Celery task that carries its organization in the message's header."""

from typing import Any
from uuid import UUID

from celery import Task

from apps.tenancy.scope import ScopeError, current_org_id, scope

HEADER = "org_id"


class OrgTask(Task):  # type: ignore[type-arg]  # Celery's class takes no parameters when run
    """Run in the scope of the organization that sent it, and refuse to run without.

    A scheduled task, which nobody sends, says `needs_org=False` and opens its own
    `scope` or `unscoped`.
    """

    abstract = True
    needs_org = True

    def apply_async(self, *args: Any, **options: Any) -> Any:
        org_id = current_org_id()
        if org_id is not None:
            options["headers"] = {**(options.get("headers") or {}), HEADER: str(org_id)}
        return super().apply_async(*args, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.needs_org:
            return super().__call__(*args, **kwargs)
        held = (self.request.headers or {}).get(HEADER) or current_org_id()
        if held is None:
            raise ScopeError(f"{self.name} was sent without an organization.")
        with scope(UUID(str(held))):
            return super().__call__(*args, **kwargs)
