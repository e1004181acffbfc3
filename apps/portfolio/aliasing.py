"""Give a use case its gateway alias: from then on it is measured, and can be switched.

A new alias takes the use case's model of today and nothing else, so that what answers
is what the portfolio says, until a switch changes both.
"""

import re
import unicodedata
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.kit.errors import ConflictError, ValidationError
from apps.portfolio.models import UseCase
from apps.portfolio.queries import get_use_case
from apps.portfolio.services import change_use_case, lock_use_case
from apps.router.alias_models import Alias
from apps.router.alias_queries import get_alias
from apps.router.alias_services import NewAlias, create_alias
from apps.router.engine.rules import Rules

PREFIX: Final = "uc/"
LONGEST_SLUG: Final = 60
# Names tried for one slug; more use cases of one name are told apart by hand.
MOST_TRIES: Final = 50


def slug_of(text: str) -> str:
    """A name as part of an alias: small ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return slug[:LONGEST_SLUG].strip("-") or "use-case"


def alias_name_for(use_case: UseCase) -> str:
    """The first free name: `uc/answer-customers`, then with a number behind."""
    slug = f"{PREFIX}{slug_of(use_case.name)}"
    names = [slug, *(f"{slug}-{number}" for number in range(2, MOST_TRIES))]
    taken = set(Alias.objects.filter(name__in=names).values_list("name", flat=True))
    free = next((name for name in names if name not in taken), None)
    if free is None:
        raise ValidationError("Every name like this is taken: choose one by hand.")
    return free


@transaction.atomic
def create_alias_for(use_case_id: UUID) -> Alias:
    """Make the use case's own alias; it always takes the model of today."""
    # Pressed twice at once, the second finds what the first has made.
    lock_use_case(use_case_id)
    use_case = get_use_case(use_case_id)
    _refuse_second(use_case)
    wanted = NewAlias(
        name=alias_name_for(use_case),
        description=f"{use_case.function.product.name}: {use_case.name}"[:300],
        rules=Rules(forced=use_case.current_model.slug),
    )
    alias = create_alias(wanted)
    change_use_case(use_case_id, {"alias": alias})
    return alias


@transaction.atomic
def attach_alias(use_case_id: UUID, alias_id: UUID) -> Alias:
    """Count what goes through an alias there is as this use case's."""
    lock_use_case(use_case_id)
    use_case = get_use_case(use_case_id)
    if use_case.alias_id != alias_id:
        _refuse_second(use_case)
    alias = get_alias(alias_id)
    change_use_case(use_case_id, {"alias": alias})
    return alias


@transaction.atomic
def detach_alias(use_case_id: UUID) -> None:
    """The alias answers on, but no longer counts as this use case's."""
    change_use_case(use_case_id, {"alias": None})


def free_aliases() -> list[Alias]:
    """Aliases that no use case has."""
    held = UseCase.objects.exclude(alias=None).values("alias_id")
    return list(Alias.objects.exclude(id__in=held).order_by("name"))


def _refuse_second(use_case: UseCase) -> None:
    if use_case.alias_id:
        raise ConflictError("This use case has an alias already. Detach that first.")
