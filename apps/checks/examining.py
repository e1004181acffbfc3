"""Have answers checked by a program of its own, which may be ended at any moment."""

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from apps.checks.criteria import Criterion

logger = logging.getLogger(__name__)

# Of one answer, what is looked at.
LONGEST_ANSWER: Final = 100_000
# For the start of the program, and for each task; its own alarm is half a second.
START_S: Final = 10.0
EACH_S: Final = 0.05
MOST_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Paper:
    """An answer, and what its prompt expects."""

    text: str
    expected: str = ""


def examine(
    criteria: Sequence[Criterion], papers: Sequence[Paper]
) -> list[list[bool | None]]:
    """Whether each paper meets each criterion; None: it could not be told in time, or
    nothing is expected.
    """
    tasks = [(c, p) for p in papers for c in criteria]
    asked = [_task(c, p) for c, p in tasks if not _is_open(c, p)]
    told = iter(_run(asked) if asked else [])
    said = [None if _is_open(c, p) else next(told, None) for c, p in tasks]
    width = len(criteria)
    return [said[i * width : (i + 1) * width] for i in range(len(papers))]


def _is_open(criterion: Criterion, paper: Paper) -> bool:
    """Nothing to compare with."""
    return criterion.kind in {"exact", "contains"} and not (
        criterion.value or paper.expected
    )


def _task(criterion: Criterion, paper: Paper) -> str:
    value = criterion.value or paper.expected
    text = paper.text[:LONGEST_ANSWER]
    return json.dumps({"kind": criterion.kind, "value": value, "text": text})


def _run(tasks: Sequence[str]) -> list[bool | None]:
    """The verdicts that came in time, in order."""
    limit_s = min(MOST_S, START_S + EACH_S * len(tasks))
    command = [sys.executable, "-m", "apps.checks.examiner"]
    try:
        done = subprocess.run(  # noqa: S603  # our own program, nothing of a caller's
            command,
            input="\n".join(tasks) + "\n",
            capture_output=True,
            text=True,
            timeout=limit_s,
            cwd=settings.BASE_DIR,
            # None of our secrets: the program is handed a customer's pattern.
            env={"PYTHONPATH": str(settings.BASE_DIR), "PYTHONUTF8": "1"},
            check=False,
        )
        written = done.stdout
    except subprocess.TimeoutExpired as late:
        written = _text(late.stdout)
        logger.warning("Checks of %d answers took too long", len(tasks))
    return [json.loads(line) for line in written.splitlines() if line.strip()]


def _text(raw: bytes | str | None) -> str:
    if raw is None:
        return ""
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else raw
    # The last line may have been cut.
    return text[: text.rfind("\n") + 1]
