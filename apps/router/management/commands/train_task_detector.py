"""Fit the task detector and write its weights and its score card."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.router.engine import task
from apps.router.engine.task_model import WEIGHTS_FILE, write
from apps.router.task_training import card
from apps.router.task_training.data import Prompt, read_own, read_public
from apps.router.task_training.fit import example_of, fit_rows
from apps.router.task_training.score import (
    Guessed,
    leave_sources_out,
    macro_f1,
    temperature_of,
)
from apps.router.task_training.timing import time_guesses

CARD: Final = Path("docs/task-detection.md")
HAND_WRITTEN: Final = Path("tests/router/engine/task_prompts.txt")


class Command(BaseCommand):
    help = "Fit the task detector on labelled prompts; write weights and score card."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, required=True, metavar="DIR")
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="processes"
        )
        parser.add_argument("--weights", type=Path, default=WEIGHTS_FILE)

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        try:
            prompts = [*read_public(options["data"]), *read_own()]
        except OSError as problem:
            raise CommandError(f"The prompts cannot be read: {problem}") from problem
        others = read_own(root / HAND_WRITTEN)
        public, own = self._held_out(prompts, others, options["workers"])
        head, rows = fit_rows(
            [example_of(p) for p in prompts], temperature=temperature_of(public)
        )
        write(options["weights"], head, rows)
        self.stdout.write(f"{len(rows)} features in {options['weights']}")
        (root / CARD).write_text(_card(public, own, prompts), encoding="utf-8")
        self.stdout.write(f"macro-F1 on held-out sources: {macro_f1(public):.3f}")

    def _held_out(
        self, prompts: list[Prompt], others: list[Prompt], workers: int
    ) -> tuple[list[Guessed], list[Guessed]]:
        guessed = leave_sources_out(
            prompts, others=others, workers=workers, tell=self.stdout.write
        )
        unseen = {id(p) for p in others}
        own = [g for g in guessed if id(g.prompt) in unseen]
        return [g for g in guessed if id(g.prompt) not in unseen], own


def _card(public: list[Guessed], own: list[Guessed], prompts: list[Prompt]) -> str:
    intro = card.intro(
        decay=task.DECAY,
        first=task.READ_FIRST,
        last=task.READ_LAST,
        bar=task.CERTAIN_FROM,
    )
    return card.render(public, own, time_guesses(prompts), intro)
