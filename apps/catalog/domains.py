"""What models are judged at: seven public tasks, and the domains beneath them.

Callers see the tasks. Benchmarks measure domains, and it is by domain that models
differ: with seven labels a router gains little over one fixed model, with about
fourteen it keeps more quality at half the cost.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Every domain together: what a model can do where nothing more special is known.
GENERAL: Final = "general"


class Task(StrEnum):
    """The tasks of requests, as callers name them."""

    CHAT = "chat"
    CODING = "coding"
    REASONING = "reasoning"
    SUMMARIZATION = "summarization"
    TRANSLATION = "translation"
    IMAGE = "image"
    AGENT_STEP = "agent_step"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Domain:
    """One kind of ability that benchmarks measure."""

    slug: str
    label: str
    task: Task
    measures: str


DOMAINS: Final = {
    domain.slug: domain
    for domain in (
        Domain("conversation", "Conversation", Task.CHAT, "which answer people prefer"),
        Domain(
            "instructions",
            "Following instructions",
            Task.CHAT,
            "rules of form and tone",
        ),
        Domain("language", "Language", Task.CHAT, "wording, plots, typing errors"),
        Domain("code", "Writing code", Task.CODING, "functions and small programs"),
        Domain(
            "engineering",
            "Software engineering",
            Task.CODING,
            "changes to repositories",
        ),
        Domain(
            "web", "Web and design", Task.CODING, "pages and components people like"
        ),
        Domain("logic", "Logic", Task.REASONING, "puzzles and multi-step inference"),
        Domain("mathematics", "Mathematics", Task.REASONING, "school to olympiad"),
        Domain("science", "Science", Task.REASONING, "graduate-level questions"),
        Domain("data", "Data analysis", Task.REASONING, "tables and queries"),
        Domain(
            "summaries", "Faithful summaries", Task.SUMMARIZATION, "nothing made up"
        ),
        Domain(
            "long_context", "Long context", Task.SUMMARIZATION, "finding in much text"
        ),
        Domain("languages", "Other languages", Task.TRANSLATION, "work beyond English"),
        Domain("vision", "Vision", Task.IMAGE, "pictures, charts, documents"),
        Domain("tools", "Tool use", Task.AGENT_STEP, "calls in conversations"),
        Domain("terminal", "Work at a terminal", Task.AGENT_STEP, "long agent runs"),
    )
}


def domains_of(task: str) -> tuple[str, ...]:
    """The domains beneath a task."""
    return tuple(d.slug for d in DOMAINS.values() if d.task.value == task)
