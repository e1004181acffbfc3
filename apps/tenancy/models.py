"""The base of every customer-owned table, and the manager that needs a scope."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models

from apps.kit.ids import uuid7
from apps.tenancy.scope import is_unscoped, require_org_id


class TenantQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows of one organization."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        rows = list(objs)
        for row in rows:
            fill_org(row)
        return super().bulk_create(rows, *args, **kwargs)


class TenantManager[M: models.Model](models.Manager[M]):
    """Filter by the scope, and refuse to query without one.

    Under `unscoped` nothing is filtered and the rows come through the jobs login,
    which sees only the tables that name it in a policy.
    """

    # Django's own; the stubs leave it out.
    _hints: dict[str, Any]

    def __init__(self, org_field: str = "org_id") -> None:
        super().__init__()
        self._org_field = org_field

    def get_queryset(self) -> TenantQuerySet[M]:
        if is_unscoped():
            return TenantQuerySet(self.model, using="jobs", hints=self._hints)
        rows = TenantQuerySet[M](self.model, using=self._db, hints=self._hints)
        return rows.filter(**{self._org_field: require_org_id()})


class TenantModel(models.Model):
    """A row of one organization: `org` comes from the scope when it is left out."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    org = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        # The unique key (org_id, id) of every table serves instead.
        db_index=False,
    )
    # Annotated for the type checker: the foreign key's column.
    org_id: UUID

    objects: ClassVar[models.Manager[Self]] = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        fill_org(self)
        super().save(*args, **kwargs)


def fill_org(row: models.Model) -> None:
    """Put a new row into the organization in scope, unless it names one itself."""
    if isinstance(row, TenantModel) and not row.org_id:
        row.org_id = require_org_id()
