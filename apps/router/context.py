"""What a choice knows beside the request: where it stays, and what it is like."""

from dataclasses import dataclass
from typing import Final

from apps.router.engine.need import Stay
from apps.router.vectors import Prompt


@dataclass(frozen=True, slots=True)
class Context:
    """None: nothing is cached anywhere; the organization does not learn."""

    stay: Stay | None = None
    prompt: Prompt | None = None


NO_CONTEXT: Final = Context()
