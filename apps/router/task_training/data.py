"""The labelled prompts to learn from: public sources in a folder, and our own."""

import gzip
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

OWN_FILE: Final = Path(__file__).with_name("own_prompts.txt")
OWN: Final = "own"
PUBLIC_FILES: Final = ("tasks_train.jsonl.gz", "tasks_dev.jsonl.gz")
LETTERS: Final = {
    "C": "chat",
    "K": "coding",
    "R": "reasoning",
    "S": "summarization",
    "T": "translation",
    "I": "image",
    "A": "agent_step",
}
# Parts of one origin are held out together: they share their wording.
FAMILIES: Final = ("bfcl", "humaneval", "wmt", "react")
# Sources of what real people typed, read and labelled one by one.
REAL_USERS: Final = frozenset({"open-assistant-prompt-lottery", "arena-hard-v0.1"})


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with its task; `messages` and `tools` where it was a conversation."""

    text: str
    task: str
    source: str
    language: str = ""
    messages: Sequence[Any] = ()
    tools: Sequence[Any] = ()

    @property
    def is_non_latin(self) -> bool:
        """Whether three letters in ten are of another alphabet than ours."""
        letters = [c for c in self.text if c.isalpha()]
        others = sum(not unicodedata.name(c, "").startswith("LATIN") for c in letters)
        return others > 0.3 * len(letters)


def read_public(folder: Path) -> list[Prompt]:
    """Every labelled prompt of `shared/data/routing`."""
    return [p for name in PUBLIC_FILES for p in _of_jsonl(folder / name)]


def read_own(path: Path = OWN_FILE) -> list[Prompt]:
    """The prompts of a text file of ours: letter, tab, prompt."""
    return list(_of_lines(path.read_text(encoding="utf-8").splitlines(), OWN))


def family_of(source: str) -> str:
    """What is held out together with a source, by name."""
    plain = source.partition("(")[0].strip()
    return next((family for family in FAMILIES if plain.startswith(family)), plain)


def _of_jsonl(path: Path) -> Iterator[Prompt]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = msgspec.json.decode(line)
            yield Prompt(
                row["text"],
                row["label"],
                family_of(row["source"]),
                messages=row.get("messages") or (),
                tools=row.get("tools") or (),
            )


def _of_lines(lines: Iterable[str], source: str) -> Iterator[Prompt]:
    language = ""
    for line in lines:
        letter, tab, text = line.partition("\t")
        if line.startswith("## "):
            language = line[3:].strip()
        elif tab:
            yield Prompt(text.replace("\\n", "\n"), LETTERS[letter], source, language)
