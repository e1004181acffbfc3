"""Turn a text into a vector: in process, offline, the same on every machine.

Words are hashed into buckets. Three quarters of a vector say what a text is about:
the words' rows of a projection found by latent semantic analysis (a truncated singular
value decomposition of TF-IDF; Deerwester et al. 1990) of public prompts. The last
quarter says which words it uses: a signed random projection, which needs no training
and so tells apart also what is written in a language, or about things, never seen.

`manage build_embedding` makes the data file; `docs/routing.md` has what it measures.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from hashlib import shake_128
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

type Vector = NDArray[np.float32]
type Matrix = NDArray[np.float32]

BUCKETS: Final = 1 << 13
TOPIC_DIMENSIONS: Final = 192
WORD_DIMENSIONS: Final = 64
DIMENSIONS: Final = TOPIC_DIMENSIONS + WORD_DIMENSIONS
# What the words themselves count for in a cosine; the rest is what they are about.
WORD_SHARE: Final = 0.2
# How much of a text the topics must know to be believed whole, as the length of its
# place among them to that of its words: 95 % of English prompts reach it. Of a text in
# a language they hardly know they would judge by its punctuation.
KNOWN_FROM: Final = 40.0
# Instructions stand at the beginning or at the end; a long middle is material.
READ_FIRST: Final = 1500
READ_LAST: Final = 700
DATA: Final = Path(__file__).parent / "data" / "embedding.npz"

# Scripts without spaces by the character, words, numbers, and each sign by itself.
_TOKEN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]+|\d+|[^\w\s]")


def vector_of(text: str) -> Vector:
    """A text as 256 numbers of length 1; all 0 for a text without any sign.

    About 0.1 ms for a prompt of a page. Equal texts give equal vectors, and their
    dot product is the cosine of two texts, about 0 for unrelated ones.
    """
    counts = bucket_counts(text)
    vector = np.zeros(DIMENSIONS, np.float32)
    if not counts:
        return vector
    places = np.fromiter(counts.keys(), np.intp, len(counts))
    times = np.fromiter(counts.values(), np.float32, len(counts))
    weights = np.sqrt(times) * _model().rarity[places]
    topic = weights @ _model().topics[places].astype(np.float32)
    words = weights @ _signs()[places].astype(np.float32)
    known = min(1.0, (_length(topic) / max(_length(weights), 1e-9) / KNOWN_FROM) ** 2)
    vector[:TOPIC_DIMENSIONS] = _unit(topic) * known * (1 - WORD_SHARE) ** 0.5
    vector[TOPIC_DIMENSIONS:] = _unit(words) * WORD_SHARE**0.5
    return _unit(vector)


def packed(vector: Vector) -> bytes:
    """A vector as it is stored: a byte a number, 256 bytes."""
    return np.rint(vector * 127).astype(np.int8).tobytes()


def unpacked(stored: Iterable[bytes]) -> Matrix:
    """Stored vectors as the rows of one matrix, each of length 1 again."""
    rows = np.frombuffer(b"".join(stored), np.int8).reshape(-1, DIMENSIONS)
    matrix = rows.astype(np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix /= np.maximum(lengths, 1e-6)
    return matrix


def bucket_counts(text: str) -> Mapping[int, int]:
    """How often each bucket occurs among a text's words, numbers and signs."""
    if len(text) > READ_FIRST + READ_LAST:
        text = f"{text[:READ_FIRST]}\n{text[-READ_LAST:]}"
    return Counter(map(_bucket, _TOKEN.findall(text.lower())))


@lru_cache(maxsize=1 << 15)
def _bucket(token: str) -> int:
    # A lone surrogate is no text, but must not end a request either.
    return crc32(token.encode(errors="surrogatepass")) % BUCKETS


class _Model:
    """The data file: how rare each bucket is, and what it is about."""

    def __init__(self, rarity: Vector, topics: NDArray[np.int8]) -> None:
        self.rarity = rarity
        self.topics = topics


@cache
def _model() -> _Model:
    with np.load(DATA, allow_pickle=False) as stored:
        return _Model(stored["rarity"].astype(np.float32), stored["topics"])


@cache
def _signs() -> NDArray[np.int8]:
    """A random direction for each bucket; SHAKE makes it the same everywhere."""
    noise = shake_128(b"modeloptix").digest(BUCKETS * WORD_DIMENSIONS)
    return np.frombuffer(noise, np.int8).reshape(BUCKETS, WORD_DIMENSIONS)


def _length(vector: Vector) -> float:
    return float(np.sqrt(vector @ vector))


def _unit(vector: Vector) -> Vector:
    length = _length(vector)
    return vector / np.float32(length) if length > 1e-9 else vector
