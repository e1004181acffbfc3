"""Write the changed columns of stored rows, and no others."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import models

from apps.catalog.services import DATABASE
from apps.catalog.sync.entries import Patch


def update_rows(
    model: type[models.Model], patches: Iterable[Patch], now: datetime
) -> None:
    """Write each row's own changed columns, rows with the same columns together."""
    groups: dict[tuple[str, ...], list[models.Model]] = defaultdict(list)
    for patch in patches:
        provenance = {**patch.row.provenance, **patch.provenance}
        values = {**patch.values, "updated_at": now, "provenance": provenance}
        groups[tuple(sorted(values))].append(model(pk=patch.row.id, **values))
    names = {field.attname: field.name for field in model._meta.concrete_fields}
    for columns, rows in groups.items():
        model._default_manager.using(DATABASE).bulk_update(
            rows, [names[column] for column in columns], batch_size=200
        )
