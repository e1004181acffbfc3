"""Score the detector on sources that it never saw, and only on those.

Rows of one source share their wording: shuffling them says 0.97 where a new source
says 0.66. So each source is held out whole, a model is fitted on all the others, and
the guesses of all held-out sources together are scored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

from apps.router.engine.task import (
    CERTAIN_FROM,
    TASKS,
    TaskGuess,
    detect,
    reading_of,
)
from apps.router.engine.task_model import TaskModel
from apps.router.task_training.data import OWN, REAL_USERS, Prompt
from apps.router.task_training.fit import best_temperature, example_of, fit

BARS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Guessed:
    """A prompt and what the detector said of it."""

    prompt: Prompt
    guess: TaskGuess
    logits: tuple[float, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether the likeliest task is the prompt's."""
        return self.guess.task == self.prompt.task


def body_of(prompt: Prompt) -> dict[str, object]:
    """The request that a prompt would come in."""
    if prompt.messages:
        return {"messages": prompt.messages, "tools": prompt.tools}
    return {"messages": [{"role": "user", "content": prompt.text}]}


def guess_all(prompts: Iterable[Prompt]) -> list[Guessed]:
    """The shipped model's guesses."""
    return [Guessed(p, detect(body_of(p))) for p in prompts]


def leave_sources_out(
    prompts: Sequence[Prompt],
    *,
    others: Sequence[Prompt] = (),
    workers: int = 2,
    tell: Callable[[str], object] = lambda _: None,
) -> list[Guessed]:
    """Every public prompt, guessed by a model that saw nothing of its source.

    `others` are guessed too and never learned from. Our own prompts are learned from
    in every round and never scored.
    """
    sources = sorted({p.source for p in prompts} - {OWN})
    rounds = [(source, prompts) for source in sources]
    guessed: list[Guessed] = []
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    with pool:
        for source, found in zip(sources, pool.map(_round, rounds), strict=True):
            guessed += found
            tell(f"{source}: {accuracy(found):.2f} of {len(found)}")
        if others:
            model = fit([example_of(p) for p in prompts])
            guessed += [_by_model(p, model) for p in others]
    return guessed


def temperature_of(guessed: Iterable[Guessed]) -> float:
    """The temperature that makes held-out probabilities honest."""
    return best_temperature(
        [(g.logits, TASKS.index(g.prompt.task)) for g in guessed if g.logits]
    )


def accuracy(guessed: Sequence[Guessed]) -> float:
    """The share that is right."""
    return sum(g.is_right for g in guessed) / len(guessed) if guessed else 0.0


def f1_by_task(guessed: Sequence[Guessed]) -> dict[str, float]:
    """F1 of each task that occurs: the harmonic mean of precision and recall."""
    pairs = Counter((g.prompt.task, g.guess.task) for g in guessed)
    scores = {}
    for task in TASKS:
        right = pairs[task, task]
        asked = sum(n for (true, _), n in pairs.items() if true == task)
        said = sum(n for (_, told), n in pairs.items() if told == task)
        if asked:
            scores[task] = 2 * right / (asked + said)
    return scores


def macro_f1(guessed: Sequence[Guessed]) -> float:
    """The mean F1 over the tasks that occur."""
    scores = f1_by_task(guessed)
    return sum(scores.values()) / len(scores) if scores else 0.0


def confusion(guessed: Iterable[Guessed]) -> Mapping[tuple[str, str], int]:
    """How often a task was taken for another, as (true, said)."""
    return Counter((g.prompt.task, g.guess.task) for g in guessed)


def coverage(guessed: Sequence[Guessed]) -> list[tuple[float, float, float]]:
    """For each bar of confidence: the share of prompts above it, how many are right."""
    rows = []
    for bar in BARS:
        sure = [g for g in guessed if g.guess.confidence >= bar]
        rows.append((bar, len(sure) / max(len(guessed), 1), accuracy(sure)))
    return rows


def calibration_error(guessed: Sequence[Guessed]) -> float:
    """Mean distance between confidence and accuracy over ten bins, by their size."""
    bins: dict[int, list[Guessed]] = {}
    for g in guessed:
        bins.setdefault(min(int(g.guess.confidence * 10), 9), []).append(g)
    gaps = (
        len(found)
        * abs(sum(g.guess.confidence for g in found) / len(found) - accuracy(found))
        for found in bins.values()
    )
    return sum(gaps) / max(len(guessed), 1)


def is_of_real_users(guessed: Guessed) -> bool:
    """Whether somebody typed it into a chat, as opposed to a benchmark's row."""
    return guessed.prompt.source in REAL_USERS


def is_sure(guessed: Guessed) -> bool:
    """Whether the guess is acted upon."""
    return guessed.guess.confidence >= CERTAIN_FROM


def _round(job: tuple[str, Sequence[Prompt]]) -> list[Guessed]:
    source, prompts = job
    model = fit([example_of(p) for p in prompts if p.source != source])
    return [_by_model(p, model) for p in prompts if p.source == source]


def _by_model(prompt: Prompt, model: TaskModel) -> Guessed:
    guess = detect(body_of(prompt), model=model)
    return Guessed(prompt, guess, tuple(model.logits(reading_of(prompt.text))))
