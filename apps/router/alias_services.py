"""Writes of aliases and of the organization's routing policy.

Every web process follows within a second. A change names the version it was made
from, so that two people who edit at once cannot overwrite each other unseen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from apps.audit.services import record
from apps.catalog.models import AIModel, Offer, Provider
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.router import budget_services
from apps.router.alias_models import Alias
from apps.router.alias_rules import said, stored
from apps.router.budget_models import Budget
from apps.router.engine.rules import NO_RULES, Rules, read_rules
from apps.router.models import Policy

CHANNEL: Final = "modeloptix_policy"
MOST_ALIASES: Final = 500
# US dollars by period, "day" and "month".
type Limits = Mapping[str, Decimal | None]


@dataclass(frozen=True)
class NewAlias:
    """What a new alias shall be."""

    name: str
    description: str = ""
    rules: Rules = NO_RULES
    is_active: bool = True


def create_alias(wanted: NewAlias, *, budgets: Limits | None = None) -> Alias:
    """An alias of the organization; raises ValidationError for what cannot be."""
    refuse_taken_name(wanted.name)
    refuse_unknown(wanted.rules)
    alias = Alias(
        name=wanted.name,
        description=wanted.description,
        is_active=wanted.is_active,
        rules=stored(wanted.rules),
    )
    with transaction.atomic():
        _insert(alias, "alias.created")
        set_budgets(alias, budgets or {})
    return alias


def change_alias(
    alias_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int,
    budgets: Limits | None = None,
) -> Alias:
    """Set what `changes` names: `description`, `is_active`, `rules` (as a whole).

    Raises ConflictError when the alias has changed since `version`.
    """
    rules = changes.get("rules")
    if rules is not None:
        refuse_unknown(rules)
    with transaction.atomic():
        alias = _locked(alias_id)
        _refuse_stale(alias.version, version)
        before = facts(alias)
        for name, value in changes.items():
            setattr(alias, name, stored(value) if name == "rules" else value)
        alias.version += 1
        alias.save(update_fields=[*changes, "version", "updated_at"])
        _record("alias.changed", alias, before=before, after=facts(alias))
        set_budgets(alias, budgets or {})
        announce()
    return alias


def set_budgets(alias: Alias, limits: Limits) -> None:
    """Make the alias's budgets by period what is given; None means there is none."""
    with transaction.atomic():
        there = {b.period: b for b in Budget.objects.filter(alias_id=alias.id)}
        for period, limit in limits.items():
            budget = there.get(period)
            if budget is None and limit is not None:
                budget_services.create_budget(
                    key_id=None, alias_id=alias.id, period=period, limit_usd=limit
                )
            elif budget is not None and limit is None:
                budget_services.delete_budget(budget.id)
            elif budget is not None and limit != budget.limit_usd:
                budget_services.change_budget(budget.id, limit_usd=limit or Decimal(0))


def delete_alias(alias_id: UUID) -> dict[str, Any]:
    """End an alias and its budgets; returns what `restore_alias` makes it from."""
    with transaction.atomic():
        alias = _locked(alias_id)
        budgets = Budget.objects.filter(alias_id=alias_id)
        kept = {
            "id": str(alias.id),
            "name": alias.name,
            "description": alias.description,
            "is_active": alias.is_active,
            "rules": alias.rules,
            "version": alias.version,
            "baseline_model": alias.baseline_model,
            "budgets": {b.period: str(b.limit_usd) for b in budgets},
        }
        for budget in budgets:
            budget_services.delete_budget(budget.id)
        _record("alias.deleted", alias, before=facts(alias))
        alias.delete()
        announce()
    return kept


def restore_alias(kept: Mapping[str, Any]) -> Alias:
    """Undo a deletion: the same alias with the same budgets.

    Raises ValidationError when its name was taken meanwhile.
    """
    budgets = {period: Decimal(usd) for period, usd in kept["budgets"].items()}
    values = {name: value for name, value in kept.items() if name != "budgets"}
    with transaction.atomic():
        alias = _insert(Alias(**{**values, "id": UUID(kept["id"])}), "alias.restored")
        set_budgets(alias, budgets)
    return alias


def change_policy(
    rules: Rules, *, version: int, premium_model: AIModel | str | None = ""
) -> Policy:
    """Set what holds for every request; "" leaves the premium model as it is.

    Raises ConflictError when the policy has changed since `version`.
    """
    refuse_unknown(rules)
    with transaction.atomic():
        Policy.objects.get_or_create()
        policy = (
            Policy.objects.select_for_update(of=("self",))
            .select_related("premium_model")
            .get()
        )
        _refuse_stale(policy.version, version)
        before = _policy_facts(policy)
        policy.rules = stored(rules)
        if not isinstance(premium_model, str):
            policy.premium_model = premium_model
        policy.version += 1
        policy.save(update_fields=["rules", "premium_model", "version", "updated_at"])
        record(
            "policy.changed",
            subject="policy",
            subject_id=policy.id,
            before=before,
            after=_policy_facts(policy),
        )
        announce()
    return policy


def facts(alias: Alias) -> dict[str, Any]:
    """What the audit log keeps of an alias."""
    return {
        "name": alias.name,
        "description": alias.description,
        "is_active": alias.is_active,
        **_said(alias.rules),
    }


def refuse_taken_name(name: str) -> None:
    """Raise for a name that a caller could mean otherwise, or that is an alias now."""
    if Alias.objects.filter(name=name).exists():
        raise ValidationError("There is an alias of this name already.", param="name")
    if Alias.objects.count() >= MOST_ALIASES:
        raise ValidationError(f"There are {MOST_ALIASES} aliases already.")
    if is_model_name(name):
        raise ValidationError("A model has this name.", param="name")
    first = name.partition("/")[0]
    if first != name and (
        Provider.objects.filter(slug=first).exists()
        or AIModel.objects.filter(author=first).exists()
    ):
        raise ValidationError(
            f"Models of {first} have names like this; begin with another word, such "
            "as uc/.",
            param="name",
        )


def is_model_name(name: str) -> bool:
    """Whether a request that names this means a model of the catalog."""
    slugs = AIModel.objects.filter(Q(slug=name) | Q(slug__endswith=f"/{name}"))
    return slugs.exists() or Offer.objects.filter(upstream_id=name).exists()


def refuse_unknown(rules: Rules) -> None:
    """Raise ValidationError for a model or a provider that the catalog has not."""
    wanted = {"forced": [rules.forced] if rules.forced else []}
    wanted["fallbacks"] = list(rules.fallbacks)
    models = [name for names in wanted.values() for name in names]
    known = set(AIModel.objects.filter(slug__in=models).values_list("slug", flat=True))
    _refuse_missing(wanted, known, "model")
    named = {
        field: list(getattr(rules, field))
        for field in ("providers", "ignored", "order")
    }
    slugs = [slug for names in named.values() for slug in names]
    there = Provider.objects.filter(slug__in=slugs).values_list("slug", flat=True)
    _refuse_missing(named, set(there), "provider")


def _refuse_missing(
    wanted: Mapping[str, Iterable[str]], known: set[str], what: str
) -> None:
    for field, names in wanted.items():
        for name in names:
            if name not in known:
                raise ValidationError(
                    f"There is no {what} named {name!r}.", param=field
                )


def announce() -> None:
    """Have every process take up what is now stored, on commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def _insert(alias: Alias, action: str) -> Alias:
    try:
        with transaction.atomic():
            alias.save(force_insert=True)
            _record(action, alias, after=facts(alias))
            announce()
    except IntegrityError as problem:
        raise ValidationError(
            "There is an alias of this name already.", param="name"
        ) from problem
    return alias


def _locked(alias_id: UUID) -> Alias:
    alias = Alias.objects.select_for_update(of=("self",)).filter(id=alias_id).first()
    if alias is None:
        raise NotFoundError("There is no such alias.")
    return alias


def _refuse_stale(stored_version: int, version: int) -> None:
    if stored_version != version:
        raise ConflictError(
            "Somebody else changed this meanwhile. Load it again and repeat your "
            "change.",
            param="version",
        )


def _policy_facts(policy: Policy) -> dict[str, Any]:
    premium = policy.premium_model
    return {
        "premium_model": premium.slug if premium else "",
        **_said(policy.rules),
    }


def _said(rules: dict[str, Any]) -> dict[str, Any]:
    return said(read_rules(rules))


def _record(
    action: str,
    alias: Alias,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record(action, subject="alias", subject_id=alias.id, before=before, after=after)
