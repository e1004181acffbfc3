"""Score task detection on sources it never saw, and time it. Nothing is written."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apps.router.task_training.data import Prompt, read_own, read_public
from apps.router.task_training.score import (
    Guessed,
    accuracy,
    calibration_error,
    guess_all,
    is_of_real_users,
    leave_sources_out,
    macro_f1,
)
from apps.router.task_training.timing import time_guesses

DATA: Final = Path("../shared/data/routing")
HAND_WRITTEN: Final = Path("tests/router/engine/task_prompts.txt")


@dataclass(frozen=True, slots=True)
class Options:
    """Where the prompts are, and whether models are fitted without each source."""

    data: Path = DATA
    is_quick: bool = False
    workers: int = os.cpu_count() or 1


def run(options: Options) -> int:
    """Print what the shipped weights score, what held-out ones do, and how fast."""
    written = read_own(HAND_WRITTEN)
    print("The shipped weights on hand-written prompts, which they never saw:")
    _tell(guess_all(written))
    timed: list[Prompt] = [*written, *read_own()]
    if not options.data.is_dir():
        print(f"No public prompts in {options.data}: held-out sources are not scored.")
    else:
        public = read_public(options.data)
        timed = [*timed, *public]
        if not options.is_quick:
            print("Public prompts, each source guessed by a model fitted without it:")
            _tell(
                leave_sources_out(
                    [*public, *read_own()],
                    workers=options.workers,
                    tell=lambda line: print(f"  {line}"),
                )
            )
    timing = time_guesses(timed)
    print(
        f"CPU a guess over {timing.prompts} prompts: median {timing.median_us:.0f} µs, "
        f"mean {timing.mean_us:.0f} µs, p99 {timing.p99_us:.0f} µs, "
        f"worst {timing.worst_us:.0f} µs; remembered {timing.remembered_us:.0f} µs."
    )
    return 0


def _tell(guessed: list[Guessed]) -> None:
    groups = {
        "all": guessed,
        "real users": [g for g in guessed if is_of_real_users(g)],
        "other scripts": [g for g in guessed if g.prompt.is_non_latin],
    }
    for name, own in groups.items():
        if own:
            print(
                f"  {name}: {len(own)} prompts, macro-F1 {macro_f1(own):.3f}, "
                f"accuracy {accuracy(own):.3f}, "
                f"calibration error {calibration_error(own):.3f}"
            )
