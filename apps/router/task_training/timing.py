"""How long a guess takes in this process, on one thread, without its memory."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles
from typing import Final

from apps.router.engine.task import detect, forget
from apps.router.task_training.data import Prompt
from apps.router.task_training.score import body_of

REPEATS: Final = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """Microseconds of CPU a prompt; the best of a few repeats, as noise only adds."""

    prompts: int
    median_us: float
    mean_us: float
    p99_us: float
    worst_us: float
    remembered_us: float


def time_guesses(prompts: Sequence[Prompt]) -> Timing:
    """Time `detect` over prompts that were never seen, then over the same again."""
    bodies = [body_of(prompt) for prompt in prompts]
    detect(bodies[0])  # loads the weights
    fresh = sorted(_best(partial(detect, body)) for body in bodies)
    detect(bodies[-1])
    again = min(_elapsed(partial(detect, bodies[-1])) for _ in range(REPEATS))
    marks = quantiles(fresh, n=100)
    return Timing(
        len(fresh), median(fresh), sum(fresh) / len(fresh), marks[98], fresh[-1], again
    )


def _best(guess: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        forget()
        times.append(_elapsed(guess))
    return min(times)


def _elapsed(run: Callable[[], object]) -> float:
    started = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - started) / 1000
