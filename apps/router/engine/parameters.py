"""The parameter matrix: what one offer takes of a request's parameters, in which range.

A parameter that an offer is known not to take is left out, and a number beyond its
range is moved to the end of it; both are reported, because a caller has to know.
Of what nobody assessed nothing is known, so it goes out as it came. What carries the
meaning or the cost of a request is never left out: there the provider has to refuse.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# What the sources' lists speak of (OpenRouter's `supported_parameters`); a name that is
# not here is missing from every list and says nothing.
LISTED: Final = frozenset(
    (
        "frequency_penalty",
        "include_reasoning",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "min_p",
        "presence_penalty",
        "reasoning",
        "reasoning_effort",
        "repetition_penalty",
        "response_format",
        "seed",
        "stop",
        "temperature",
        "tool_choice",
        "tools",
        "top_a",
        "top_k",
        "top_logprobs",
        "top_p",
        "verbosity",
    )
)
# Without them the answer would be another one, or cost more than was allowed.
ESSENTIAL: Final = frozenset(
    ("max_completion_tokens", "max_tokens", "response_format", "tool_choice", "tools")
)
# Two names of one thing: whoever takes the one can be asked for the other.
SAME: Final[Mapping[str, tuple[str, ...]]] = {
    "max_completion_tokens": ("max_tokens",),
    "max_tokens": ("max_completion_tokens",),
    "reasoning_effort": ("reasoning",),
    "reasoning": ("reasoning_effort",),
    "include_reasoning": ("reasoning",),
    "response_format": ("structured_outputs",),
    "logprobs": ("top_logprobs",),
    "functions": ("tools",),
    "function_call": ("tools",),
}
# From the least to the most; an effort that is not offered becomes the nearest one,
# and of two as near the lesser, which costs less.
EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# Sets of names of which the plan is remembered, for each offer.
REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter at one offer; None leaves an end of its range open."""

    is_supported: bool = True
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def has_limits(self) -> bool:
        return not (self.minimum is None and self.maximum is None and not self.choices)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done to bodies with one set of names."""

    drops: frozenset[str]
    limits: tuple[tuple[str, Parameter], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """What is known of one offer's parameters.

    `is_complete`: the source lists all that is taken, so what it does not name is not.
    """

    known: Mapping[str, Parameter] = field(default_factory=dict)
    is_complete: bool = False
    _plans: dict[frozenset[str], _Plan] = field(default_factory=dict, repr=False)

    def takes(self, name: str) -> bool | None:
        """Whether the offer takes a parameter; None where nobody says."""
        for spelled in (name, *SAME.get(name, ())):
            if (found := self.known.get(spelled)) is not None and found.is_supported:
                return True
        if name in self.known:
            return False
        return False if self.is_complete and name in LISTED else None

    def taken(self) -> frozenset[str] | None:
        """All that the offer takes, by every name; None where no source lists it."""
        if not self.is_complete:
            return None
        return frozenset(n for n in (*LISTED, *self.known) if self.takes(n))

    def plan(self, names: frozenset[str]) -> _Plan:
        plan = self._plans.get(names)
        if plan is None:
            if len(self._plans) >= REMEMBERED:
                self._plans.clear()
            plan = self._plans[names] = self._made(names)
        return plan

    def _made(self, names: frozenset[str]) -> _Plan:
        drops = {n for n in names - ESSENTIAL if self.takes(n) is False}
        if "logprobs" in drops:
            drops |= names & {"top_logprobs"}  # is refused without the other
        limits = (
            (name, self.known[name])
            for name in sorted(names - drops)
            if name in self.known and self.known[name].has_limits
        )
        return _Plan(frozenset(drops), tuple(limits))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A body as one offer takes it, and what was done to it."""

    body: dict[str, Any]
    changes: tuple[str, ...] = ()  # such as "dropped:top_k" or "adjusted:temperature"


def fit(body: dict[str, Any], matrix: Matrix | None) -> Fitted:
    """The body without what the offer does not take, its numbers within range.

    The body that came in is not touched: another offer may take all of it.
    """
    if matrix is None:
        return Fitted(body)
    fitted, plan = body, matrix.plan(frozenset(body))
    changes = [f"dropped:{name}" for name in sorted(plan.drops) if _says(body[name])]
    if plan.drops:
        fitted = {n: value for n, value in body.items() if n not in plan.drops}
    for name, parameter in plan.limits:
        value = within(fitted[name], parameter)
        if value is not fitted[name]:
            fitted = {**fitted, name: value}
            changes.append(f"adjusted:{name}")
    return Fitted(fitted, tuple(changes))


def _says(value: object) -> bool:
    """Whether leaving the value out changes anything."""
    return value is not None and value is not False and value not in ({}, [])


def within(value: Any, parameter: Parameter) -> Any:
    """The value, moved into the range; what is neither number nor choice stays."""
    if parameter.choices and isinstance(value, str):
        return _nearest(value, parameter.choices)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    low, high = parameter.minimum, parameter.maximum
    if low is not None and value < low:
        return _as(value, low)
    if high is not None and value > high:
        return _as(value, high)
    return value


def _as(value: float, end: float) -> float:
    """The end of the range; a whole number where one was given."""
    return int(end) if isinstance(value, int) and end == int(end) else end


def _nearest(value: str, choices: tuple[str, ...]) -> str:
    ranked = [choice for choice in choices if choice in EFFORTS]
    if value in choices or value not in EFFORTS or not ranked:
        return value
    wanted = EFFORTS.index(value)
    return min(ranked, key=lambda c: (abs(EFFORTS.index(c) - wanted), EFFORTS.index(c)))


def named_in(body: Iterable[str]) -> tuple[str, ...]:
    """The parameters that a body sets, of those that lists speak of."""
    return tuple(sorted(LISTED.intersection(body)))
