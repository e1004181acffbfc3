"""What gets worse with a switch, said plainly; pure."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.filters import REMEMBERED, quality_pair
from apps.opportunities.engine.fit import USUAL_OUTPUT_TOKENS
from apps.opportunities.engine.need import Need

# A difference below this is within what measurements differ by from day to day.
NOTICED: Final = 0.05
# Scores are shown with two digits.
VISIBLE: Final = 0.005


def trade_offs(
    current: Candidate, candidate: Candidate, need: Need, share: float | None
) -> tuple[str, ...]:
    """Everything known to be worse than today; `share` is what is saved of the cost."""
    cost: tuple[str, ...] = ()
    if share is not None and share < -VISIBLE:
        cost = (f"costs {-share * 100:.0f} % more a call",)
    return (
        *cost,
        *_speed(current, candidate, need),
        *_of_pair(current, candidate, need.task, need.parameters),
    )


@lru_cache(maxsize=REMEMBERED)
def _of_pair(
    current: Candidate, candidate: Candidate, task: str, parameters: tuple[str, ...]
) -> tuple[str, ...]:
    """What does not depend on how much a use case is used."""
    return (
        *_quality(current, candidate, task),
        *_context(current, candidate),
        *_trust(current, candidate),
        *_parameters(candidate, parameters),
        *_habits(current, candidate),
    )


def _quality(current: Candidate, candidate: Candidate, task: str) -> Iterator[str]:
    pair = quality_pair(current, candidate, task)
    if pair is None:
        yield "its quality is not assessed"
    elif pair.candidate.score < pair.current.score - VISIBLE:
        where = task.replace("_", " ") if pair.is_of_task else "general"
        yield (
            f"lower {where} score: {pair.candidate.score:.2f} against "
            f"{pair.current.score:.2f}"
        )


def _speed(current: Candidate, candidate: Candidate, need: Need) -> Iterator[str]:
    output = float(need.volume.output_tokens or USUAL_OUTPUT_TOKENS)
    now, then = current.speed.seconds(output), candidate.speed.seconds(output)
    if now and then is not None and then > now * (1 + NOTICED):
        yield f"slower: {then:.1f} s an answer against {now:.1f} s"


def _context(current: Candidate, candidate: Candidate) -> Iterator[str]:
    for what, mine, theirs in (
        ("context", current.context_tokens, candidate.context_tokens),
        ("longest answer", current.max_output_tokens, candidate.max_output_tokens),
    ):
        if mine is not None and theirs is not None and theirs < mine:
            yield f"smaller {what}: {theirs:,} tokens against {mine:,}"


def _trust(current: Candidate, candidate: Candidate) -> Iterator[str]:
    mine, theirs = current.trust.points, candidate.trust.points
    if mine is not None and theirs is not None and theirs < mine - 1:
        yield f"lower trust: {theirs:.0f} of 100 against {mine:.0f}"


def _parameters(candidate: Candidate, parameters: tuple[str, ...]) -> Iterator[str]:
    if candidate.matrix is None:
        return
    lost = sorted(one for one in parameters if candidate.matrix.takes(one) is False)
    if lost:
        yield f"does not take {', '.join(lost)}"


def _habits(current: Candidate, candidate: Candidate) -> Iterator[str]:
    if candidate.has_reasoning and not current.has_reasoning:
        yield "may think before it answers: more output tokens, and a longer wait"
    if candidate.provider != current.provider:
        yield f"another provider: {candidate.provider_name or candidate.provider}"
    if candidate.quantization and candidate.quantization not in {
        "bf16",
        "fp16",
        "fp32",
    }:
        yield f"served quantized ({candidate.quantization})"
    for flag in candidate.flags:
        yield f"our editors note: {flag}"
