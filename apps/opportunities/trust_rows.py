"""The trust of a model at a provider, for all of them at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from apps.catalog import trust
from apps.catalog.assessing import in_force
from apps.catalog.models import TrustScore
from apps.kit.clock import utc_now
from apps.opportunities.engine.candidates import Trust

type Scores = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TrustBook:
    """Assessed dimensions, editors' overrides applied; by model and by provider."""

    models: Mapping[UUID, Scores]
    providers: Mapping[UUID, Scores]

    @classmethod
    def read(cls) -> "TrustBook":
        models: dict[UUID, dict[str, int]] = defaultdict(dict)
        providers: dict[UUID, dict[str, int]] = defaultdict(dict)
        assessed = TrustScore.objects.exclude(score=None).order_by("id")
        edited = in_force(utc_now(), using="default").exclude(dimension="")
        fields = ("ai_model_id", "provider_id", "dimension", "score")
        for rows in (assessed, edited):
            _fill(models, providers, rows.values_list(*fields))
        return cls(models, providers)

    def of(self, model_id: UUID, provider_id: UUID, tier: str) -> Trust:
        """What both have is the model's own first, as on the catalog's pages."""
        scores = {
            **self.providers.get(provider_id, {}),
            **self.models.get(model_id, {}),
        }
        return Trust(trust.combined(scores.values()), tier)


def _fill(
    models: dict[UUID, dict[str, int]],
    providers: dict[UUID, dict[str, int]],
    rows: Iterable[tuple[UUID | None, UUID | None, str, int | None]],
) -> None:
    for model_id, provider_id, dimension, score in rows:
        if score is None:
            continue
        if model_id is not None:
            models[model_id][dimension] = score
        elif provider_id is not None:
            providers[provider_id][dimension] = score
