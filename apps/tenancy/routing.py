"""Which login a statement goes through."""

from typing import Any

from django.db.models import Model

from apps.tenancy.models import TenantManager
from apps.tenancy.scope import is_unscoped


class OwnerMigrates:
    """Tables are made by their owner alone; work across organizations is `jobs`."""

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        return db == "owner"

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return self._login(model)

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return self._login(model)

    def allow_relation(self, obj1: Model, obj2: Model, **hints: object) -> bool:
        # Every alias is the same database.
        return True

    def _login(self, model: type[Model]) -> str | None:
        is_tenant_table = isinstance(model._default_manager, TenantManager)
        return "jobs" if is_tenant_table and is_unscoped() else None
