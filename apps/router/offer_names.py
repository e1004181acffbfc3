"""How callers may name a model, for the router's snapshot."""

from collections import defaultdict
from collections.abc import Iterable

from apps.catalog.models import ModelAlias
from apps.router.engine.need import Candidate


def offers_by_name(pool: Iterable[Candidate]) -> dict[str, tuple[Candidate, ...]]:
    """How a caller may name a model: its slug, else its bare name, else its id."""
    slugs: dict[str, list[Candidate]] = defaultdict(list)
    others: dict[str, list[Candidate]] = defaultdict(list)
    for offer in pool:
        slugs[offer.model].append(offer)
        others[offer.model.partition("/")[2]].append(offer)
        others[offer.upstream_id].append(offer)
    merged = {name: _same_model(offers) for name, offers in others.items()}
    return merged | {slug: tuple(offers) for slug, offers in slugs.items()}


def with_source_names(
    names: dict[str, tuple[Candidate, ...]], offers: Iterable[Candidate]
) -> dict[str, tuple[Candidate, ...]]:
    """And what sources call a model, where no model of ours is called so."""
    sure = (ModelAlias.Match.EXACT, ModelAlias.Match.RULE, ModelAlias.Match.EDITOR)
    rows = ModelAlias.objects.using("jobs").filter(match__in=sure)
    slugs = {offer.model_id: offer.model for offer in offers}
    for name, model_id in rows.values_list("external_id", "ai_model_id"):
        if model_id in slugs and name not in names:
            names[name] = names[slugs[model_id]]
    return names


def _same_model(offers: list[Candidate]) -> tuple[Candidate, ...]:
    """All offers of one model, where a loose name fits several: a callable one's."""
    chosen = min(offers, key=lambda offer: (bool(offer.unavailable), offer.model))
    unique = {o.offer_id: o for o in offers if o.model == chosen.model}
    return tuple(unique.values())
