"""Which models are in use, for the catalog to keep their prices fresh."""

from datetime import date, timedelta

from django.conf import settings

from apps.catalog.models import AIModel
from apps.catalog.services import DATABASE, note_used
from apps.router.models import Policy, UsageDay

# What was called yesterday is in use today; after a month without a call it is not.
SINCE = timedelta(days=1)


def note_used_models(today: date) -> int:
    """Note what was called lately, and what savings are measured against.

    Under `unscoped`: it says which models are in use, never by whom.
    """
    called = set(
        UsageDay.objects.filter(day__gte=today - SINCE)
        .values_list("model", flat=True)
        .distinct()
    )
    premium = Policy.objects.exclude(premium_model=None)
    wanted = {*called, settings.PREMIUM_MODEL}
    ids = set(
        AIModel.objects.using(DATABASE)
        .filter(slug__in=wanted)
        .values_list("pk", flat=True)
    )
    ids |= set(premium.values_list("premium_model_id", flat=True))
    return note_used(ids, on=today)
