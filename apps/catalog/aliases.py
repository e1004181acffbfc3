"""Editors say whose a benchmark's name is, or that it is nobody's here."""

from apps.audit.services import record
from apps.catalog import approvals, benchmark_store, quality
from apps.catalog.benchmark_store import ANY_SOURCE
from apps.catalog.matching import alias_key
from apps.catalog.models import AIModel, ModelAlias
from apps.catalog.services import DATABASE, announce, lock_catalog
from apps.kit.clock import utc_now


def resolve(
    name: str, ai_model: AIModel, *, by: str, source: str = ANY_SOURCE
) -> ModelAlias:
    """From now on the name means this model, at one source or at every one."""
    return _decide(name, ai_model, by=by, source=source)


def refuse(name: str, *, by: str, source: str = ANY_SOURCE) -> ModelAlias:
    """The name is no model of the catalog: no rule may match it, nobody is asked."""
    return _decide(name, None, by=by, source=source)


def _decide(name: str, ai_model: AIModel | None, *, by: str, source: str) -> ModelAlias:
    match = ModelAlias.Match.EDITOR if ai_model else ModelAlias.Match.REFUSED
    with approvals.editing():
        lock_catalog()
        rows = ModelAlias.objects.using(DATABASE)
        old = rows.filter(source=source, external_id=alias_key(name)).first()
        alias, _ = rows.update_or_create(
            source=source,
            external_id=alias_key(name)[:200],
            defaults={
                "ai_model": ai_model,
                "match": match,
                "rule": "",
                "decided_by": by.strip().lower(),
                "decided_at": utc_now(),
            },
        )
        record(
            "alias.decided",
            subject="alias",
            subject_id=alias.pk,
            before={"model": _slug(old)} if old else None,
            after={"name": f"{source}: {name}", "model": _slug(alias)},
            org_id=None,
        )
        if benchmark_store.rematch(using=DATABASE):
            quality.recompute(using=DATABASE)
            announce("alias")
    return alias


def _slug(alias: ModelAlias) -> str | None:
    return alias.ai_model.slug if alias.ai_model else None
