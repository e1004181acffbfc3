"""The market: who serves which model under which conditions, at which price.

Everything here is public and belongs to no organization. The web's login reads it;
the jobs' login writes it, through `services`, `seeding` and `sync` alone.
"""

from apps.catalog.models.ai_models import AIModel, ModelAlias, UsedModel
from apps.catalog.models.benchmarks import Benchmark, ModelQuality, Score
from apps.catalog.models.changes import ModelChange, PendingChange
from apps.catalog.models.headlines import Headline
from apps.catalog.models.offers import Offer, OfferHealth, OfferParameter
from apps.catalog.models.origins import Origin, SeedLoad, SourceFetch
from apps.catalog.models.overrides import EditorialOverride
from apps.catalog.models.prices import Price
from apps.catalog.models.providers import Provider
from apps.catalog.models.trust import TrustFact, TrustOverride, TrustScore

__all__ = [
    "AIModel",
    "Benchmark",
    "EditorialOverride",
    "Headline",
    "ModelAlias",
    "ModelChange",
    "ModelQuality",
    "Offer",
    "OfferHealth",
    "OfferParameter",
    "Origin",
    "PendingChange",
    "Price",
    "Provider",
    "Score",
    "SeedLoad",
    "SourceFetch",
    "TrustFact",
    "TrustOverride",
    "TrustScore",
    "UsedModel",
]
