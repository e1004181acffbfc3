"""Write the score card: what the detector is worth, on what, and how to repeat it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from apps.router.engine.task import TASKS
from apps.router.task_training.score import (
    Guessed,
    accuracy,
    calibration_error,
    confusion,
    coverage,
    f1_by_task,
    is_of_real_users,
    macro_f1,
)
from apps.router.task_training.timing import Timing

_INTRO: Final = """\
# Task detection

Every request is one of seven tasks: {tasks}. The router guesses it in the process
itself, before it chooses a model; nothing is sent anywhere.

1. **What the caller says** (`task`, the endpoint) is believed.
2. **Structure**: tools, functions, a tool's result or a tool call mean `agent_step`, an
   image part means `image`.
3. **Rules** that are hardly ever wrong: a transcript of thoughts and actions, a wish to
   translate beside the name of a language, a wish to summarize beside a long text.
4. **A linear model** over the words (TF-IDF), the ideas and the shape of a text. An
   idea, such as "translate" or "how many", holds its words in about thirty languages
   (`apps/router/engine/task_words.toml`): what is learned of ideas from English prompts
   holds for languages that the training data lack.

The last question counts most; the two before it count by {decay} each step back as far
as they name a task, and so does the system prompt. Of a long text the first {first} and
the last {last} characters are read. **Under {bar:.0%} confidence** the task is still
reported, but the offers are weighed as for plain chat; where the rules of an
organization or an alias allow a second look, a cheap model is asked first.

## How it was scored

**On sources that the model never saw.** Each public source was held out whole, a model
was fitted on all the others, and the guesses on all held-out sources were scored
together. Shuffled rows would say 0.97 and mean nothing. Macro-F1 is the mean of the F1
of the tasks that occur.

| measured on | prompts | macro-F1 | accuracy |
|---|---|---|---|
"""
_REPEAT: Final = """\

## How to repeat it

    ./run manage train_task_detector --data DIR   # writes the weights and this page
    ./run bench tasks [--data DIR]                # scores and times, writes nothing

`DIR` holds `tasks_train.jsonl.gz` and `tasks_dev.jsonl.gz`: one JSON object a line
with `text`, `label`, `source` and, for conversations, `messages` and `tools`. Fitting
is plain Python and always gives the same weights for the same data. The public texts
are not part of this repository; the weights keep single words and ideas only.

## What it does not do well

- One label a prompt: requests that are two tasks at once go to one of them. Reading
  prompts of real users again, people disagree with such labels about one time in ten.
- The hand-written prompts come from the same hands as the lists of words, so their
  score is kinder than a stranger's prompts would be; they catch regressions. In the
  same way, our own training prompts were written with the public ones in view.
- Questions that only hint at a task ("what would my landlord say to that in Korean?")
  and bare nouns ("infinity": a picture?) stay guesses, with the confidence to show it.
- A public source that is the only one of its wording (bare lists of nouns, commands to
  an assistant) is hard while it is held out; the shipped model knows them all.
"""


def render(
    public: Sequence[Guessed], own: Sequence[Guessed], timing: Timing, intro: str
) -> str:
    """The whole page in Markdown."""
    parts = (
        intro,
        *_groups(public, own),
        *_by_task(public, own),
        *_by_source(public),
        *_by_language(own),
        *_confusion(public),
        *_confidence(public),
        *_timing(timing),
        _REPEAT,
    )
    return "".join(parts)


def intro(*, decay: float, first: int, last: int, bar: float) -> str:
    """How it works, with the figures of the code it describes."""
    return _INTRO.format(
        tasks=", ".join(f"`{task}`" for task in TASKS),
        decay=decay,
        first=f"{first:,}",
        last=last,
        bar=bar,
    )


def _groups(public: Sequence[Guessed], own: Sequence[Guessed]) -> Iterable[str]:
    real = [g for g in public if is_of_real_users(g)]
    latin = [g for g in own if not g.prompt.is_non_latin]
    other = [g for g in own if g.prompt.is_non_latin]
    yield _row("all public sources, each held out", public)
    yield _row("of these, prompts of real users", real)
    yield _row("hand-written prompts, never trained on", own)
    yield _row("of these, in Latin script", latin)
    yield _row("of these, in other scripts", other)
    error = calibration_error(public)
    yield f"\nMean distance between confidence and accuracy (held out): {error:.3f}.\n"


def _row(name: str, guessed: Sequence[Guessed]) -> str:
    f1 = macro_f1(guessed)
    return f"| {name} | {len(guessed)} | {f1:.3f} | {accuracy(guessed):.3f} |\n"


def _by_task(public: Sequence[Guessed], own: Sequence[Guessed]) -> Iterable[str]:
    yield "\n### By task (F1)\n\n"
    yield "| task | held-out sources | hand-written |\n|---|---|---|\n"
    held, written = f1_by_task(public), f1_by_task(own)
    for task in TASKS:
        yield f"| {task} | {held.get(task, 0):.3f} | {written.get(task, 0):.3f} |\n"


def _by_source(public: Sequence[Guessed]) -> Iterable[str]:
    yield "\n### By source, while it was held out\n\n"
    yield "| source | tasks | prompts | accuracy |\n|---|---|---|---|\n"
    groups: defaultdict[str, list[Guessed]] = defaultdict(list)
    for g in public:
        groups[g.prompt.source].append(g)
    for source, own in sorted(groups.items()):
        tasks = ", ".join(sorted({g.prompt.task for g in own}))
        yield f"| {source} | {tasks} | {len(own)} | {accuracy(own):.2f} |\n"


def _by_language(own: Sequence[Guessed]) -> Iterable[str]:
    yield "\n### By language (hand-written prompts)\n\n"
    groups: defaultdict[str, list[Guessed]] = defaultdict(list)
    for g in own:
        groups[g.prompt.language].append(g)
    cells = [
        f"{language} {accuracy(found):.2f} ({len(found)})"
        for language, found in sorted(groups.items())
    ]
    yield "Accuracy and number of prompts: " + ", ".join(cells) + ".\n"


def _confusion(public: Sequence[Guessed]) -> Iterable[str]:
    yield "\n### What was taken for what (held-out sources; rows are the truth)\n\n"
    yield "| | " + " | ".join(TASKS) + " |\n" + "|---" * (len(TASKS) + 1) + "|\n"
    counts = confusion(public)
    for true in TASKS:
        row = " | ".join(str(counts.get((true, said), 0)) for said in TASKS)
        yield f"| **{true}** | {row} |\n"


def _confidence(public: Sequence[Guessed]) -> Iterable[str]:
    yield "\n### What confidence is worth (held-out sources)\n\n"
    yield "| confidence from | share of prompts | right |\n|---|---|---|\n"
    for bar, share, right in coverage(public):
        yield f"| {bar:.1f} | {share:.0%} | {right:.1%} |\n"


def _timing(timing: Timing) -> Iterable[str]:
    yield "\n## How long it takes\n\n"
    yield (
        f"CPU time of one guess over {timing.prompts:,} prompts on one thread, "
        "rules and model together, nothing remembered: "
        f"median {timing.median_us:.0f} µs, mean {timing.mean_us:.0f} µs, "
        f"p99 {timing.p99_us:.0f} µs, worst {timing.worst_us:.0f} µs. "
        f"A text that was seen before: {timing.remembered_us:.0f} µs.\n"
    )
