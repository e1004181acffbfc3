"""What forms and the API both say of a use case: limits, and models by their names."""

import re
from collections.abc import Iterable
from typing import Final

from apps.catalog.models import AIModel, Provider
from apps.kit.errors import ValidationError
from apps.portfolio.models import MOST_NEEDS, Need

LONGEST_NAME: Final = 120
MOST_CALLS: Final = 10**12
# No context of any model is larger.
MOST_TOKENS: Final = 20_000_000
MOST_LATENCY_MS: Final = 600_000
MOST_PARAMETERS: Final = 40
_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def clean_name(text: str) -> str:
    """A name without blanks around and within doubled; raises ValueError."""
    name = " ".join(text.split())
    if not name or not name.isprintable():
        raise ValueError("Give it a name.")
    return name


def clean_needs(needs: Iterable[str]) -> list[str]:
    """Up to three needs in their order, none twice; raises ValueError."""
    named = [need for need in needs if need]
    if len(named) > MOST_NEEDS:
        raise ValueError(f"Name {MOST_NEEDS} needs at most, the first one first.")
    if len(set(named)) != len(named):
        raise ValueError("Each need counts once: choose another one, or none.")
    unknown = [need for need in named if need not in Need.values]
    if unknown:
        raise ValueError(f"There is no need {unknown[0]!r}.")
    return named


def clean_parameters(entries: Iterable[str]) -> list[str]:
    """Names of request parameters, each once; raises ValueError."""
    names = list(dict.fromkeys(entry.strip().lower() for entry in entries))
    if len(names) > MOST_PARAMETERS:
        raise ValueError(f"Name {MOST_PARAMETERS} parameters at most.")
    for name in names:
        if not _PARAMETER.fullmatch(name):
            raise ValueError(f"{name[:40]!r} is no parameter such as temperature.")
    return names


def model_named(slug: str, *, param: str = "current_model") -> AIModel:
    """The model of the catalog with this id; raises ValidationError."""
    name = slug.strip().lower()
    found = AIModel.objects.filter(slug=name).first()
    if found is None:
        # People type `gpt-4o`; where one model alone has that name, it is meant.
        bare = list(AIModel.objects.filter(slug__endswith=f"/{name}")[:2])
        found = bare[0] if name and len(bare) == 1 else None
    if found is None:
        raise ValidationError(
            f"There is no model named {slug!r} in the catalog.", param=param
        )
    return found


def provider_named(slug: str) -> Provider | None:
    """The provider with this id, None for none; raises ValidationError."""
    if not slug:
        return None
    found = Provider.objects.filter(slug=slug).first()
    if found is None:
        raise ValidationError(
            f"There is no provider named {slug!r}.", param="current_provider"
        )
    return found
