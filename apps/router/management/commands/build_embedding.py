"""Rebuild the data file of the router's embedding (see docs/routing.md)."""

import csv
import gzip
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from numpy.typing import NDArray

from apps.router.engine.embed import BUCKETS, DATA, TOPIC_DIMENSIONS, bucket_counts

type Row = tuple[NDArray[np.intp], NDArray[np.float32]]
type Dense = NDArray[np.float32]

# Directions beyond those wanted, and rounds, that make the random projection of
# Halko, Martinsson and Tropp (2011) as good as an exact decomposition.
SPARE: Final = 20
ROUNDS: Final = 4


class Command(BaseCommand):
    help = "Rebuild engine/data/embedding.npz from texts (.jsonl.gz, .csv.gz)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("texts", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--to", type=Path, default=DATA, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        texts = [text for path in options["texts"] for text in texts_of(path)]
        if len(texts) < TOPIC_DIMENSIONS + SPARE:
            raise CommandError(f"{len(texts)} texts are too few.")
        rarity, topics = fit(texts)
        with options["to"].open("wb") as file:
            np.savez_compressed(file, rarity=rarity.astype(np.float16), topics=topics)
        self.stdout.write(f"{len(texts)} texts, {options['to'].stat().st_size} bytes.")


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a file: `prompt` of a table, `text` of JSON lines."""
    csv.field_size_limit(sys.maxsize)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        if ".csv" in path.suffixes:
            yield from (row["prompt"] for row in csv.DictReader(file))
        else:
            yield from (json.loads(line)["text"] for line in file)


def fit(texts: Sequence[str]) -> tuple[Dense, NDArray[np.int8]]:
    """How rare each bucket is, and its direction among the topics of the texts."""
    counted = [_row(text) for text in texts]
    holding = np.zeros(BUCKETS, np.float32)
    for places, _ in counted:
        holding[places] += 1
    rarity = np.log((len(texts) + 1) / (holding + 1)).astype(np.float32)
    rows = [(places, _weighed(times, rarity[places])) for places, times in counted]
    topics = _directions(rows)
    return rarity, np.rint(topics / np.abs(topics).max() * 127).astype(np.int8)


def _row(text: str) -> Row:
    counts = bucket_counts(text)
    return (
        np.fromiter(counts.keys(), np.intp, len(counts)),
        np.fromiter(counts.values(), np.float32, len(counts)),
    )


def _weighed(times: Dense, rarity: Dense) -> Dense:
    weights = np.sqrt(times) * rarity
    return np.asarray(weights / max(float(np.linalg.norm(weights)), 1e-9), np.float32)


def _directions(rows: Sequence[Row]) -> Dense:
    """The right singular vectors of the largest singular values, one a column."""
    random = np.random.default_rng(0)
    start = random.standard_normal((BUCKETS, TOPIC_DIMENSIONS + SPARE))
    basis = _times(rows, start.astype(np.float32))
    for _ in range(ROUNDS):
        basis, _upper = np.linalg.qr(basis)
        back, _upper = np.linalg.qr(_transposed_times(rows, basis))
        basis = _times(rows, back)
    basis, _upper = np.linalg.qr(basis)
    _left, _values, right = np.linalg.svd(
        _transposed_times(rows, basis).T, full_matrices=False
    )
    return np.asarray(right[:TOPIC_DIMENSIONS].T, np.float32)


def _times(rows: Sequence[Row], dense: Dense) -> Dense:
    return np.stack([weights @ dense[places] for places, weights in rows])


def _transposed_times(rows: Sequence[Row], dense: Dense) -> Dense:
    result = np.zeros((BUCKETS, dense.shape[1]), np.float32)
    for number, (places, weights) in enumerate(rows):
        result[places] += weights[:, None] * dense[number]
    return result
