"""The linear model over a text's words, ideas and shape, in plain Python.

A row of the weights file is one feature with its weight for each task. Adding a few
hundred rows of seven numbers in a loop would cost a millisecond, so the seven stand
side by side in one large integer: adding two rows is then one addition. An eighth
place adds up the squared weights of the words, by whose root their sum is divided,
as TF-IDF with unit length asks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, sqrt
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

import msgspec

from apps.router.engine.clues import Reading

WEIGHTS_FILE: Final = Path(__file__).with_name("task_weights.tsv")
# Fixed point: a weight of 1 is 4096. The sum of 2,200 characters stays far below
# half a place of 32 bits, so no place ever spills into the next.
UNIT: Final = 4096
_BITS: Final = 32
_HALF: Final = 1 << (_BITS - 1)
# The features of a text are under 2,000: so many of this size still fit in a place.
MOST_UNITS: Final = 1_000_000


class Head(msgspec.Struct, frozen=True):
    """The first line of the weights file."""

    tasks: tuple[str, ...]
    bias: tuple[float, ...]
    # Logits are divided by it, so that a probability is how often it is right.
    temperature: float


class Row(NamedTuple):
    """A feature's weights by task; a word's are multiplied by its rarity already."""

    feature: str
    squared: float
    weights: Sequence[float]


@dataclass(frozen=True, slots=True)
class TaskModel:
    """Packed rows by kind of feature."""

    tasks: tuple[str, ...]
    bias: tuple[float, ...]
    temperature: float
    words: Mapping[str, int]
    signs: Mapping[str, int]
    pairs: Mapping[str, Mapping[str, int]]

    def shares(self, reading: Reading) -> list[float]:
        """The probability of each task, in the order of `tasks`."""
        return softmax([x / self.temperature for x in self.logits(reading)])

    def logits(self, reading: Reading) -> list[float]:
        """What speaks for each task, unbounded."""
        known = filter(None, map(self.words.get, reading.words))
        *of_words, squared = _unpacked(sum(known), len(self.bias) + 1)
        *of_signs, _ = _unpacked(self._of_signs(reading), len(self.bias) + 1)
        length = sqrt(squared) or 1.0
        columns = zip(self.bias, of_signs, of_words, strict=True)
        return [bias + sign + word / length for bias, sign, word in columns]

    def _of_signs(self, reading: Reading) -> int:
        others = [*reading.marks, *reading.ideas]
        total = sum(filter(None, map(self.signs.get, others)))
        for partners in filter(None, map(self.pairs.get, reading.ideas)):
            total += sum(filter(None, map(partners.get, others)))
        return total


def softmax(logits: Sequence[float]) -> list[float]:
    """Shares of 1 that keep the differences of the logits."""
    top = max(logits)
    powers = [exp(x - top) for x in logits]
    total = sum(powers)
    return [power / total for power in powers]


def packed(head: Head, rows: Iterable[Row]) -> TaskModel:
    """A model of these rows."""
    units = ((row.feature, [*row.weights, row.squared]) for row in rows)
    return _built(head, ((name, map(_in_units, own)) for name, own in units))


def write(path: Path, head: Head, rows: Iterable[Row]) -> None:
    """Write the weights file: a line of JSON, then a tab-separated row a feature."""
    lines = [msgspec.json.encode(head).decode()]
    for row in sorted(rows):
        numbers = map(_in_units, (*row.weights, row.squared))
        lines.append("\t".join((row.feature, *map(str, numbers))))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_weights(path: Path) -> TaskModel:
    """The model in a weights file."""
    first, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    cells = (line.split("\t") for line in lines)
    head = msgspec.json.decode(first, type=Head)
    return _built(head, ((name, map(int, numbers)) for name, *numbers in cells))


@cache
def shipped() -> TaskModel:
    """The model that the product comes with, read once."""
    return read_weights(WEIGHTS_FILE)


def _built(head: Head, rows: Iterable[tuple[str, Iterable[int]]]) -> TaskModel:
    words: dict[str, int] = {}
    signs: dict[str, int] = {}
    pairs: dict[str, dict[str, int]] = {}
    for feature, row in rows:
        numbers = tuple(row)
        if max(map(abs, numbers)) >= MOST_UNITS:
            raise ValueError(f"the weights of {feature!r} are too large to be packed")
        # A negative number borrows from the places above it; adding undoes that.
        whole = sum(x << (_BITS * place) for place, x in enumerate(numbers))
        if feature.startswith("w:"):
            words[feature[2:]] = whole
        elif "&" in feature:
            idea, _, other = feature.partition("&")
            pairs.setdefault(idea, {})[other] = whole
        else:
            signs[feature] = whole
    return TaskModel(head.tasks, head.bias, head.temperature, words, signs, pairs)


def _in_units(number: float) -> int:
    return round(number * UNIT)


def _unpacked(total: int, places: int) -> list[float]:
    offset, read = _reader(places)
    raw = (total + offset).to_bytes(places * _BITS // 8, "little")
    return [(number - _HALF) / UNIT for number in read(raw)]


@cache
def _reader(places: int) -> tuple[int, Callable[[bytes], tuple[int, ...]]]:
    """What makes every place positive, and what takes the places apart."""
    offset = sum(_HALF << (_BITS * place) for place in range(places))
    return offset, Struct(f"<{places}I").unpack
