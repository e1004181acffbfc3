"""What the list of models shows of each, worked out when the catalog changes."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.catalog.models.ai_models import AIModel


class Headline(models.Model):
    """One row a model for the list, so that no page adds up 40,000 prices.

    A headline is shown as "from"; it is never used as a price to compute with.
    """

    ai_model = models.OneToOneField(
        AIModel, primary_key=True, on_delete=models.CASCADE, related_name="headline"
    )
    # The lowest plain list prices in force, in USD per 1,000,000 tokens: no free or
    # batch variant, no discount, no condition; a broker's only where nobody else has
    # one. They may come from two offers.
    input_usd = models.DecimalField(max_digits=18, decimal_places=9, null=True)
    output_usd = models.DecimalField(max_digits=18, decimal_places=9, null=True)
    priced_on = models.DateField(null=True)
    offer_count = models.PositiveIntegerField(default=0)
    # Slugs of those who serve it, themselves or behind a broker, and their tiers.
    providers = ArrayField(models.CharField(max_length=64), default=list)
    tiers = ArrayField(models.CharField(max_length=1), default=list)
    # Lower-case: slug, name and every id at a provider.
    words = models.TextField(blank=True)

    def __str__(self) -> str:
        return str(self.ai_model_id)
