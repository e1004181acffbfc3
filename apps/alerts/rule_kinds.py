"""What a rule of a kind means: said by an app above, which knows models and spend.

An app registers one `Evaluator` a kind in a module `watching.py`; alerts themselves
know neither prices nor aliases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from django.utils.module_loading import autodiscover_modules

from apps.alerts.rule_models import Rule
from apps.kit.errors import ValidationError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that fits a rule."""

    # What it is about: the same subject is told again only after the cool-down.
    subject: str
    title: str
    body: str = ""
    url: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    # When it came to be; None: now.
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """How often a rule would have fired; `times` None: that cannot be told."""

    times: int | None
    days: int
    note: str


class Evaluator(Protocol):
    """What a kind of rule is made of."""

    def clean(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as they are kept; raises ValidationError by their names."""
        ...

    def words(self, params: Mapping[str, Any]) -> str:
        """The rule in one sentence."""
        ...

    def find(
        self, params: Mapping[str, Any], *, since: datetime, until: datetime
    ) -> Sequence[Finding]:
        """What fits in the organization in scope and came to be in that time."""
        ...

    def preview(
        self, params: Mapping[str, Any], *, until: datetime, cooldown_h: int
    ) -> Preview: ...

    def suggestions(self) -> Sequence[str]:
        """Names that somebody can choose from, such as those of aliases."""
        ...


_evaluators: Final[dict[str, Evaluator]] = {}


def register(about: Rule.About, evaluator: Evaluator) -> None:
    _evaluators[about.value] = evaluator


def evaluator_of(about: str) -> Evaluator:
    """The evaluator of a kind; ValidationError where this release has none."""
    if about not in _evaluators:
        autodiscover_modules("watching")
    if about not in _evaluators:
        raise ValidationError("There is no such kind of rule.", param="about")
    return _evaluators[about]
