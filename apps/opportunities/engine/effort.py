"""How much work a switch is: very low, low, medium or high, with its reasons."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.filters import REMEMBERED
from apps.opportunities.engine.need import Need

Level = Literal["very_low", "low", "medium", "high"]
LEVELS: Final[tuple[Level, ...]] = ("very_low", "low", "medium", "high")
WORDS: Final[dict[Level, str]] = {
    "very_low": "very low",
    "low": "low",
    "medium": "medium",
    "high": "high",
}


@dataclass(frozen=True, slots=True)
class Effort:
    level: Level
    reasons: tuple[str, ...]

    @property
    def scale(self) -> int:
        return LEVELS.index(self.level)


def effort(current: Candidate, candidate: Candidate, need: Need) -> Effort:
    """The greatest of what is to be done, and all of it in words."""
    lost = _cache(current, candidate, need)
    in_use = frozenset(_in_use(need))
    return _effort(current, candidate, need.is_routed, need.parameters, in_use, lost)


type Step = tuple[int, str]


@lru_cache(maxsize=REMEMBERED)
def _effort(
    current: Candidate,
    candidate: Candidate,
    is_routed: bool,  # of a key
    parameters: tuple[str, ...],
    in_use: frozenset[str],
    lost: Step | None,
) -> Effort:
    found = (
        _address(current, candidate, is_routed=is_routed),
        _parameters(candidate, parameters),
        lost,
        _abilities(current, candidate, in_use),
    )
    known = [one for one in found if one is not None]
    highest = max(level for level, _ in known)
    return Effort(LEVELS[highest], tuple(text for _, text in known))


def _address(current: Candidate, candidate: Candidate, *, is_routed: bool) -> Step:
    if is_routed:
        return 0, "the alias is pointed at another model; your code stays as it is"
    if candidate.provider == current.provider:
        return 0, "another model id at the same provider"
    if candidate.protocol == current.protocol:
        return (
            1,
            f"another provider with the same kind of API: {candidate.provider_name}",
        )
    return 2, f"another kind of API: {candidate.provider_name}"


def _parameters(candidate: Candidate, parameters: tuple[str, ...]) -> Step | None:
    matrix = candidate.matrix
    if matrix is None:
        return None
    lost = sorted(one for one in parameters if matrix.takes(one) is False)
    return (2, f"does without {', '.join(lost)}") if lost else None


def _cache(current: Candidate, candidate: Candidate, need: Need) -> Step | None:
    """A prompt cache in use that the candidate gives no discount for."""
    price = candidate.price_at(need.prompt_tokens)
    if not need.volume.cached_share or price.cached is not None:
        return None
    if current.price_at(need.prompt_tokens).cached is None:
        return None
    return 2, "no price for cached tokens: the prompt cache in use is lost"


def _abilities(
    current: Candidate, candidate: Candidate, in_use: frozenset[str]
) -> Step | None:
    lost = [
        word
        for name, word, mine, theirs in (
            ("tools", "tool calls", current.has_tools, candidate.has_tools),
            ("json", "JSON schema", current.has_json_schema, candidate.has_json_schema),
            ("vision", "images", current.has_vision, candidate.has_vision),
        )
        if mine and not theirs and name in in_use
    ]
    return (3, f"without {', '.join(lost)}, which are in use") if lost else None


def _in_use(need: Need) -> set[str]:
    named = {"tools": "tools", "tool_choice": "tools", "response_format": "json"}
    return {named[one] for one in need.parameters if one in named} | need.capabilities
