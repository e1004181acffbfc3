"""System checks: what row security rests on is configured."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.models import Model, UniqueConstraint

from apps.tenancy.models import TenantModel

ENGINE = "apps.tenancy.postgres"


@register
def check_logins(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every alias stamps its transactions, and the owner serves no request."""
    databases = settings.DATABASES
    wrong = [alias for alias, db in databases.items() if db["ENGINE"] != ENGINE]
    errors: list[CheckMessage] = [
        Error(f"Database {alias!r} must use {ENGINE}.", id="tenancy.E001")
        for alias in wrong
    ]
    if databases["default"]["USER"] == databases["owner"]["USER"]:
        errors.append(
            Error(
                "DATABASE_URL and DATABASE_OWNER_URL name the same login.",
                hint="The owner passes row security; requests need one that can't.",
                id="tenancy.E002",
            )
        )
    return errors


@register
def check_unique_constraints(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A unique value is unique in its organization, or it tells on another one."""
    return [
        Error(f"A unique rule of {model._meta.label} lacks org.", id="tenancy.E003")
        for model in apps.get_models()
        if issubclass(model, TenantModel) and not all(map(_has_org, _rules(model)))
    ]


def _rules(model: type[Model]) -> list[tuple[str, ...]]:
    meta = model._meta
    rules = [tuple(fields) for fields in meta.unique_together]
    rules += [
        tuple(rule.fields) or _columns(rule)
        for rule in meta.constraints
        if isinstance(rule, UniqueConstraint)
    ]
    rules += [
        (field.name,)
        for field in meta.local_concrete_fields
        if field.unique and not field.primary_key
    ]
    return rules


def _columns(rule: UniqueConstraint) -> tuple[str, ...]:
    """The plain columns that a rule over expressions begins with."""
    names = [getattr(expression, "name", "") for expression in rule.expressions]
    return tuple(names)


def _has_org(rule: tuple[str, ...]) -> bool:
    return rule[:1] == ("org",)
