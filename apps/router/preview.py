"""Past requests under other rules: what would have changed, and what it would cost.

Pure but for the planner it is given: nobody is called. Each request is chosen anew as
the planner would choose it now, with the tokens that it really had. A request that
keeps its model and provider keeps its recorded cost; the others are priced exactly,
the same tokens at the other offer's price, which is an estimate, because another model
may write more or less.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.kit.money import CompiledPrice, from_nano
from apps.router.engine.chain import refusal
from apps.router.engine.need import Candidate, Decision, Need

NOT_PRICED: Final = "no price was known for {count} of them, before or after"
NOTHING_SERVES: Final = ""


@dataclass(frozen=True, slots=True)
class PastCall:
    """One answered request of the ledger; `cost_nano` is None where it has none."""

    created_at: datetime
    task: str
    model: str
    provider: str
    fresh: int
    cached: int
    written: int
    output: int
    reasoning: int
    cost_nano: int | None
    key_id: UUID | None = None
    alias: str = ""
    # As the request was decided; None where its decision is not kept any more.
    asked: dict[str, object] | None = None

    @property
    def prompt(self) -> int:
        return self.fresh + self.cached + self.written


@dataclass(frozen=True, slots=True)
class Replayed:
    """One request under the new rules. `choice` is None where nothing may serve it."""

    call: PastCall
    choice: Candidate | None
    reason: str
    # The quality of who answered, at its task; None: not assessed.
    quality_before: float | None
    # What the rules in force would choose today.
    today: Candidate | None

    @property
    def is_same(self) -> bool:
        return self.choice is not None and self.choice.model == self.call.model

    @property
    def is_same_offer(self) -> bool:
        choice, call = self.choice, self.call
        return self.is_same and choice is not None and choice.provider == call.provider

    @property
    def is_today_s_too(self) -> bool:
        """Whether the rules in force would choose the same model today."""
        models = [one.model if one else "" for one in (self.choice, self.today)]
        return models[0] == models[1]

    @property
    def cost_nano(self) -> int | None:
        if self.is_same_offer:
            return self.call.cost_nano
        return price_again(self.call, self.choice.price if self.choice else None)

    @property
    def quality_after(self) -> float | None:
        return self.choice.quality_at(self.call.task) if self.choice else None


@dataclass(slots=True)
class PreviewLine:
    """Requests that one model had answered, and that another one would now."""

    model_before: str
    model_after: str
    requests: int = 0
    unpriced: int = 0
    is_estimated: bool = False
    before_nano: int = 0
    after_nano: int = 0
    qualities: list[tuple[float, float]] = field(default_factory=list)

    def add(self, one: Replayed) -> None:
        self.requests += 1
        self.is_estimated |= one.choice is not None and not one.is_same_offer
        before, after = one.call.cost_nano, one.cost_nano
        if one.choice is None:
            after = 0  # nothing is sent, so nothing is paid
        if before is None or after is None:
            self.unpriced += 1
        else:
            self.before_nano += before
            self.after_nano += after
        was, would = one.quality_before, one.quality_after
        if was is not None and would is not None:
            self.qualities.append((was, would))

    @property
    def is_changed(self) -> bool:
        return self.model_before != self.model_after

    @property
    def is_refused(self) -> bool:
        return self.model_after == NOTHING_SERVES

    @property
    def cost_before(self) -> Decimal | None:
        is_known = self.unpriced < self.requests
        return from_nano(self.before_nano) if is_known else None

    @property
    def cost_after(self) -> Decimal | None:
        is_known = self.unpriced < self.requests and not self.is_refused
        return from_nano(self.after_nano) if is_known else None

    @property
    def quality_before(self) -> float | None:
        return _mean([was for was, _ in self.qualities])

    @property
    def quality_after(self) -> float | None:
        return _mean([would for _, would in self.qualities])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why so many requests could not be served."""

    reason: str
    requests: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would have changed, and what it would have cost; money in US dollars."""

    requests: int
    changed: int
    changed_anyway: int
    refused: int
    compared: int
    cost_before: Decimal
    cost_after: Decimal
    quality_assessed: int
    quality_before: float | None
    quality_after: float | None
    lines: Sequence[PreviewLine]
    refusals: Sequence[Refusal]
    unknown: Sequence[str]
    since: datetime | None = None
    until: datetime | None = None

    @property
    def difference(self) -> Decimal:
        """US dollars; below zero the rules are cheaper."""
        return self.cost_after - self.cost_before

    @property
    def changed_share(self) -> float:
        return self.changed / self.requests if self.requests else 0.0

    @property
    def cost_share(self) -> Decimal | None:
        """How large the difference is beside what was paid, whichever way it goes;
        None where nothing was paid.
        """
        return abs(self.difference) / self.cost_before if self.cost_before else None


type NeedOf = Callable[[PastCall], Need]
type Decide = Callable[[Need], Decision]


def replay(
    calls: Iterable[PastCall],
    *,
    decide: Decide,
    proposed: NeedOf,
    today: NeedOf,
    quality_of: Callable[[str, str], float | None],
) -> list[Replayed]:
    """Choose anew for each call: under the proposed rules, and under those in force.

    `quality_of` gives a model's quality at a task, None where not assessed.
    """
    found = []
    for call in calls:
        decision = decide(proposed(call))
        now = decide(today(call))
        found.append(
            Replayed(
                call=call,
                choice=_first(decision),
                reason="" if decision.chain else refusal(decision).message,
                quality_before=quality_of(call.model, call.task),
                today=_first(now),
            )
        )
    return found


def summarize(replayed: Sequence[Replayed], *, unknown: Sequence[str] = ()) -> Preview:
    """The sums of a replay. Costs are compared over the requests that would be served
    and whose cost is known on both sides; qualities over those assessed on both.
    """
    lines: dict[tuple[str, str], PreviewLine] = {}
    refused: Counter[str] = Counter()
    for one in replayed:
        after = one.choice.model if one.choice else NOTHING_SERVES
        key = (one.call.model, after)
        lines.setdefault(key, PreviewLine(*key)).add(one)
        if one.choice is None:
            refused[one.reason] += 1
    served = [line for line in lines.values() if not line.is_refused]
    unpriced = sum(line.unpriced for line in served)
    qualities = [pair for line in served for pair in line.qualities]
    changed = [one for one in replayed if one.choice and not one.is_same]
    moments = [one.call.created_at for one in replayed]
    notes = [NOT_PRICED.format(count=unpriced)] if unpriced else []
    return Preview(
        requests=len(replayed),
        changed=len(changed),
        changed_anyway=sum(one.is_today_s_too for one in changed),
        refused=sum(refused.values()),
        compared=sum(line.requests for line in served) - unpriced,
        cost_before=from_nano(sum(line.before_nano for line in served)),
        cost_after=from_nano(sum(line.after_nano for line in served)),
        quality_assessed=len(qualities),
        quality_before=_mean([was for was, _ in qualities]),
        quality_after=_mean([would for _, would in qualities]),
        lines=sorted(lines.values(), key=_order),
        refusals=[Refusal(reason, n) for reason, n in refused.most_common()],
        unknown=[*notes, *unknown],
        since=min(moments, default=None),
        until=max(moments, default=None),
    )


def price_again(call: PastCall, price: CompiledPrice | None) -> int | None:
    """Nano-dollars of the same tokens at another price; None where it is not known.

    The ledger does not say for how long a prompt was written to a cache; five minutes
    is the providers' default.
    """
    if price is None:
        return None
    tokens = (call.fresh, call.cached, call.written, 0, call.output, call.reasoning)
    return price.cost_nano(*tokens)


def qualities(
    names: Mapping[str, Sequence[Candidate]],
) -> Callable[[str, str], float | None]:
    """`quality_of` for `replay`, from the snapshot's names."""
    known: dict[tuple[str, str], float | None] = defaultdict()

    def quality_of(model: str, task: str) -> float | None:
        if (model, task) not in known:
            offers = names.get(model)
            known[model, task] = offers[0].quality_at(task) if offers else None
        return known[model, task]

    return quality_of


def _first(decision: Decision) -> Candidate | None:
    return decision.chain[0].candidate if decision.chain else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _order(line: PreviewLine) -> tuple[bool, int, str, str]:
    """What changes first, the commonest on top."""
    return (not line.is_changed, -line.requests, line.model_before, line.model_after)
