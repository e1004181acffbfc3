"""What an organization owns: every table with its id, found rather than listed.

A table that somebody adds is in the next archive without a line here. What is left out
is left out by a stated reason, and columns that hold a secret in any form are withheld
by rule, so that forgetting one errs on the safe side.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db.models import BinaryField, CompositePrimaryKey, Field, Model

from apps.tenancy.models import TenantModel

# Tables that are no data of the organization, and why.
LEFT_OUT: Final = {
    "privacy_export": "the list of these archives",
    "router_experimenthold": "money held for calls under way, minutes old",
    "router_idempotentanswer": "answers kept sealed, for a day, for retries",
    "router_semanticanswer": "sealed answers of the cache, days old at the most",
    "router_usage_dirty": "marks of sums to be renewed, seconds old",
}
# A column with one of these words in its name holds a secret, or its fingerprint.
SECRET_WORDS: Final = frozenset(
    {
        "cipher",
        "ciphertext",
        "digest",
        "digests",
        "hash",
        "nonce",
        "password",
        "pepper",
        "sealed",
        "secret",
        "secrets",
        "token",
        "wrapped",
    }
)
# Columns that only sound like it.
HARMLESS: Final = frozenset({"first_token_ms"})


@dataclass(frozen=True)
class Table:
    """One table as it goes into an archive: in the order of its key, in bites."""

    name: str
    org_column: str
    key: tuple[str, ...]
    withheld: tuple[str, ...]


def owned_tables() -> list[Table]:
    """Every table of an organization that goes into its archive, by name."""
    models = [model for model in apps.get_models() if _is_owned(model)]
    tables = [_table(model) for model in models]
    return sorted(
        (table for table in tables if table.name not in LEFT_OUT),
        key=lambda table: table.name,
    )


def _is_owned(model: type[Model]) -> bool:
    if model._meta.proxy or model._meta.swapped:
        return False
    names = {field.name for field in model._meta.local_fields}
    if issubclass(model, TenantModel) or model._meta.label == "accounts.Organization":
        return True
    # The ledger's partitioned tables, and what is kept of an organization that its
    # members may not write.
    return not names.isdisjoint({"org", "org_id"})


def _table(model: type[Model]) -> Table:
    fields: list[Field[Any, Any]] = list(model._meta.local_concrete_fields)
    columns = {str(field.column) for field in fields}
    return Table(
        name=model._meta.db_table,
        org_column="org_id" if "org_id" in columns else "id",
        key=_key(model),
        withheld=tuple(sorted(str(f.column) for f in fields if is_withheld(f))),
    )


def _key(model: type[Model]) -> tuple[str, ...]:
    """The primary key's columns, less the organization's, which is the same in all."""
    pk: Any = model._meta.pk
    parts: list[Any] = [pk]
    if isinstance(pk, CompositePrimaryKey):
        parts = list(pk.fields)
    columns = [str(part.column) for part in parts]
    return tuple(c for c in columns if c != "org_id") or ("org_id",)


def is_withheld(field: "Field[object, object]") -> bool:
    """Whether a column stays here: bytes are keys or fingerprints, and so are names."""
    if isinstance(field, BinaryField):
        return True
    is_secret = not SECRET_WORDS.isdisjoint(str(field.column).split("_"))
    return is_secret and field.column not in HARMLESS
