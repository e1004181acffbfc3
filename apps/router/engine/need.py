"""What a request asks for, and what an offer can do: the engine's two inputs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Final, Literal
from uuid import UUID

import msgspec

from apps.kit.money import CompiledPrice
from apps.router.engine.parameters import Matrix
from apps.router.engine.rules import NO_RULES, Rules, Weights

Priority = Literal["cheap", "balanced", "best"]
LatencyPref = Literal["fast", "normal"]
GENERAL: Final = "general"


class Reach(msgspec.Struct, frozen=True):
    """What an organization's own provider keys change about who can be called."""

    opened: tuple[str, ...] = ()  # providers only its own keys open
    shut: tuple[str, ...] = ()  # providers it uses with own keys alone, and has none


ANYWHERE: Final = Reach()
FAST_WEIGHTS = Weights(cost=0.3, latency=0.4, task_match=0.3)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One offer as the engine sees it; `None` means that no source says."""

    offer_id: UUID
    model_id: UUID
    model: str  # the model's slug
    provider: str  # the provider's slug
    upstream_id: str
    price: CompiledPrice | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    has_vision: bool | None = None
    has_tools: bool | None = None
    has_json_schema: bool | None = None
    # Empty: not assessed. Where it runs, and what its provider does with prompts.
    regions: tuple[str, ...] = ()
    trains_on_prompts: bool | None = None
    retains_prompts: bool | None = None
    quantization: str = ""
    # Names of the parameters that it takes; None: no source lists them all.
    parameters: frozenset[str] | None = None
    # What is known of each parameter, its range too; None: nothing.
    matrix: Matrix | None = None
    tokens_per_s: float | None = None
    is_embedder: bool = False
    is_stand_in: bool = False
    # Why it cannot be called at all ("set GROQ_API_KEY"); empty when it can.
    unavailable: str = ""
    # Why an editor keeps it out of our choice, and what its score is multiplied by.
    exclusion: str = ""
    downrank: float = 1.0
    latency_ms: int | None = None
    # Quality by task, 0 to 1; GENERAL is over all that was assessed.
    task_scores: Mapping[str, float] = field(default_factory=dict)
    # The same by the domains beneath the tasks.
    domain_scores: Mapping[str, float] = field(default_factory=dict)
    # Tokens of its answers by task, as far as our own traffic shows them.
    answer_tokens: Mapping[str, int] = field(default_factory=dict)

    def quality_at(self, task: str, domain: str = "") -> float | None:
        """The domain's own benchmarks first, then the task's, then all of them."""
        for scores, name in (
            (self.domain_scores, domain),
            (self.task_scores, task),
            (self.task_scores, GENERAL),
        ):
            if (score := scores.get(name)) is not None:
                return score
        return None


class Stay(msgspec.Struct, frozen=True):
    """Where a conversation was answered last, and how much is still cached there."""

    model: str
    provider: str
    cached_tokens: int


class Need(msgspec.Struct, frozen=True):
    """One request, reduced to what decides; equal needs get equal decisions.

    A struct, because one is made, hashed and compared for every request.
    """

    task: str
    task_probabilities: tuple[tuple[str, float], ...]
    domain: str = ""  # beneath the task; empty when nothing says which
    priority: Priority = "balanced"
    latency_pref: LatencyPref = "normal"
    input_tokens: int = 0
    output_tokens: int = 0  # expected, not the limit
    output_limit: int = 0  # what the caller allows; 0 says nothing
    needs_vision: bool = False
    needs_tools: bool = False
    needs_json_schema: bool = False
    max_cost_nano: int | None = None
    quality_floor: float | None = None
    models: tuple[str, ...] = ()  # allow list; empty allows all
    model: str = ""  # the one model the caller named; empty lets us choose
    is_test: bool = False
    # Ids and globs of what the caller's key may use; empty allows all.
    allowed_models: tuple[str, ...] = ()
    is_budgeted: bool = False
    weights: Weights = Weights()
    rules: Rules = NO_RULES
    # Names of the parameters that the request sets, where all are required.
    parameters: tuple[str, ...] = ()
    reach: Reach = ANYWHERE
    baseline_model: str = ""
    stay: Stay | None = None
    # Whether the task is more than a guess under 60 %.
    is_task_sure: bool = True

    @property
    def quality_task(self) -> str:
        """The task whose qualities count: plain chat while it is unsure."""
        return self.task if self.is_task_sure else "chat"


def may_use(patterns: Iterable[str], model: str) -> bool:
    """Whether ids and globs allow a model, by its slug or by its bare name."""
    bare = model.rpartition("/")[2]
    return any(fnmatchcase(model, p) or fnmatchcase(bare, p) for p in patterns)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its sub-scores, each 0 to 1 or None where not assessed.

    `cost` and `latency` are burdens (0 is best), `task_match` is a merit.
    """

    candidate: Candidate
    score: float
    cost: float | None
    latency: float | None
    task_match: float | None
    cost_nano: int | None
    # By the organization's own outcomes: quality less what the money is worth.
    worth: float | None = None


@dataclass(frozen=True, slots=True)
class Excluded:
    """A candidate that may not serve this request, and why, in words."""

    candidate: Candidate
    reason: str
    code: str


@dataclass(frozen=True, slots=True)
class Guess:
    """What to expect of one model: quality 0 to 1, and dollars."""

    quality: float
    dollars: float
    evidence: float  # the weight of the neighbours that were graded on it


@dataclass(frozen=True, slots=True)
class Expected:
    """What outcomes say of one prompt, and how money counts against it."""

    target: str
    rate: float
    kappa: float
    usual_weight: float
    models: Mapping[str, Guess]


class Closed(tuple[Excluded, ...]):
    """Offers that are out of reach whatever is needed. They are hundreds, and the same
    for every decision, so they are counted once.
    """

    @cached_property
    def by_reason(self) -> Counter[str]:
        return Counter(item.reason for item in self)


NOTHING_CLOSED: Final = Closed()


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The chain of offers to try, and everything that led to it."""

    need: Need
    chain: tuple[Scored, ...]
    ranked: tuple[Scored, ...]
    # What stands against each offer that this need excludes.
    faults: tuple[Excluded, ...]
    closed: Closed
    reason: str
    # What own outcomes say of the prompt, where they chose.
    expected: Expected | None = None

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        return (*self.faults, *self.closed)
