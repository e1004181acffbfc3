"""What changed in the market, and what ends soon."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from django.db.models import Q, QuerySet

from apps.catalog.models import AIModel, ModelChange, Offer

What = ModelChange.What
# What a reader may ask for, and which changes that is.
TOPICS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "": ("Everything", ()),
    "prices": ("Prices", (What.PRICE, What.PRICE_ADDED, What.PRICE_REMOVED)),
    "discounts": ("Discounts", (What.DISCOUNT,)),
    "new": ("New models and offers", (What.MODEL_ADDED, What.OFFER_ADDED)),
    "ends": (
        "Ends",
        (What.DEPRECATION, What.RETIRED, What.MODEL_DELISTED, What.OFFER_DELISTED),
    ),
    "abilities": (
        "Limits and parameters",
        (What.MODEL_CHANGED, What.OFFER_CHANGED, What.PARAMETERS),
    ),
}
# What only an editor needs to know of.
INTERNAL: Final = (What.PRICE_HELD, What.PRICE_REFUSED)
PAST_DAYS: Final = 90


def public_changes(topic: str = "", model: str = "") -> QuerySet[ModelChange]:
    """The changes anyone may read, the newest first; the first look is not news."""
    changes = ModelChange.objects.filter(is_first_look=False).exclude(what__in=INTERNAL)
    if kinds := TOPICS[topic][1]:
        changes = changes.filter(what__in=kinds)
    if model:
        changes = changes.filter(ai_model__slug=model)
    return changes.select_related("ai_model", "offer__provider", "provider").order_by(
        "-at", "-id"
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """A model, or one provider's offers of it, that end on a day."""

    on: date
    ai_model: AIModel
    offer: Offer | None  # None: the model itself
    days_left: int
    offer_count: int = 1  # the same provider may serve it in many regions

    @property
    def uid(self) -> str:
        """The same in every feed, so that a calendar updates and does not repeat."""
        return str(self.offer.pk if self.offer else self.ai_model.pk)

    @property
    def provider_slug(self) -> str:
        return self.offer.provider.slug if self.offer else ""

    @property
    def source(self) -> str:
        return self.offer.source if self.offer else self.ai_model.source

    @property
    def announced_on(self) -> date | None:
        subject = self.offer or self.ai_model
        return subject.deprecated_on


def endings(today: date, *, provider: str = "") -> list[Ending]:
    """What ends from now on, and what ended in the last 90 days; the soonest first."""
    since = today - timedelta(days=PAST_DAYS)
    offers = Offer.objects.filter(sunset_on__gte=since).select_related(
        "provider", "ai_model__successor"
    )
    models = AIModel.objects.filter(sunset_on__gte=since).select_related("successor")
    if provider:
        offers = offers.filter(Q(provider__slug=provider))
        models = models.filter(author=provider)
    found = [
        *(_ending(m.sunset_on, m, None, today) for m in models if m.sunset_on),
        *(_ending(o.sunset_on, o.ai_model, o, today) for o in offers if o.sunset_on),
    ]
    found.sort(key=lambda e: (e.on, e.ai_model.slug, e.provider_slug, e.uid))
    places = groupby(found, key=lambda e: (e.on, e.ai_model.slug, e.provider_slug))
    return [_merged(list(same)) for _, same in places]


def _merged(same: list[Ending]) -> Ending:
    return replace(same[0], offer_count=len(same))


def _ending(on: date, model: AIModel, offer: Offer | None, today: date) -> Ending:
    return Ending(on, model, offer, (on - today).days)
