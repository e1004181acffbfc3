"""Which models an export speaks of, and what an earlier one made of its rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from apps.catalog.benchmark_store import names_for
from apps.catalog.matching import match
from apps.catalog.models import Offer
from apps.portfolio.imports.propose import Proposal
from apps.portfolio.models import Import, UseCase

# No benchmark's: only what editors decided for every source counts.
SOURCE: Final = "usage"
# Makers as spend logs name them, where the catalog's slug is another.
_MAKERS: Final = {
    "azure": "openai",
    "azure_ai": "",
    "bedrock": "",
    "gemini": "google",
    "groq": "",
    "mistral": "mistralai",
    "openrouter": "",
    "together_ai": "",
    "vertex_ai": "google",
    "xai": "x-ai",
}


def with_models(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Name each proposal's model: by an id that a provider uses, else by the rules."""
    ids = _upstream_ids(proposals)
    names = names_for(SOURCE, using="default")
    found = []
    for one in proposals:
        maker = _MAKERS.get(one.maker.lower(), one.maker.lower())
        known = ids.get((one.maker.lower(), one.source_model))
        if known:
            found.append(replace(one, slug=known, match="native"))
            continue
        matched = match(one.source_model, names.index, maker=maker)
        slug = matched.slug or ""
        found.append(replace(one, slug=slug, match=str(matched.match_class)))
    return found


def with_history(format_name: str, proposals: Sequence[Proposal]) -> list[Proposal]:
    """Name the use case that an earlier import of the same source made of each."""
    made = _made(format_name)
    there = {
        str(pk)
        for pk in UseCase.objects.filter(id__in=set(made.values())).values_list(
            "id", flat=True
        )
    }
    return [
        replace(one, use_case_id=str(made[one.key]))
        if one.key in made and str(made[one.key]) in there
        else one
        for one in proposals
    ]


def _made(format_name: str) -> dict[tuple[str, str], UUID]:
    """The newest use case of each key; JSON and CSV of one source are one."""
    source = format_name.partition("_")[0]
    earlier = Import.objects.filter(format__startswith=f"{source}_").exclude(
        confirmed_at=None
    )
    found: dict[tuple[str, str], UUID] = {}
    for stored in earlier.order_by("confirmed_at").values_list("proposals", flat=True):
        for proposal in map(Proposal.from_json, stored):
            if proposal.use_case_id:
                found[proposal.key] = UUID(proposal.use_case_id)
    return found


def _upstream_ids(proposals: Iterable[Proposal]) -> dict[tuple[str, str], str]:
    names = {one.source_model for one in proposals}
    rows = Offer.objects.filter(upstream_id__in=names, variant="").values_list(
        "provider__slug", "upstream_id", "ai_model__slug"
    )
    return {(provider, name): slug for provider, name, slug in rows}
