"""The packed model says what the plain sums say, and a file keeps it."""

from math import sqrt
from pathlib import Path

import pytest

from apps.router.engine.clues import read
from apps.router.engine.task import TASKS
from apps.router.engine.task_model import (
    WEIGHTS_FILE,
    Head,
    Row,
    packed,
    read_weights,
    shipped,
    softmax,
    write,
)

HEAD = Head(TASKS, (0.1, -0.2, 0.3, 0.0, 0.0, -0.5, 0.25), 2.0)
TEXT = "translate the text: def f(x): return 1 + 1"


def rows_for(text: str) -> list[Row]:
    """A weight for every feature, half of them negative."""
    return [
        Row(
            name, 0.5 if name.startswith("w:") else 0.0, [(n - k) / 7 for k in range(7)]
        )
        for n, name in enumerate(sorted(read(text).features()))
    ]


def test_packed_rows_add_up_like_plain_numbers() -> None:
    rows, model = rows_for(TEXT), packed(HEAD, rows_for(TEXT))
    words = [row for row in rows if row.feature.startswith("w:")]
    signs = [row for row in rows if not row.feature.startswith("w:")]
    length = sqrt(sum(row.squared for row in words))

    logits = model.logits(read(TEXT))

    for k in range(7):
        plain = HEAD.bias[k] + sum(row.weights[k] for row in signs)
        plain += sum(row.weights[k] for row in words) / length
        assert logits[k] == pytest.approx(plain, abs=0.02)


def test_a_file_keeps_the_model(tmp_path: Path) -> None:
    write(tmp_path / "weights.tsv", HEAD, rows_for(TEXT))

    assert read_weights(tmp_path / "weights.tsv") == packed(HEAD, rows_for(TEXT))


def test_temperature_flattens_the_shares() -> None:
    model = packed(HEAD, rows_for(TEXT))
    flat = packed(Head(TASKS, HEAD.bias, 50.0), rows_for(TEXT))

    assert max(flat.shares(read(TEXT))) < max(model.shares(read(TEXT)))


def test_a_text_of_unknown_words_gets_the_bias() -> None:
    model = packed(HEAD, [])

    assert model.logits(read("xyzzy")) == pytest.approx(HEAD.bias)


def test_shares_make_a_whole_however_large_the_logits() -> None:
    assert sum(softmax([1000.0, -1000.0, 999.0])) == pytest.approx(1)


def test_the_shipped_weights_are_small_and_know_the_tasks() -> None:
    assert shipped().tasks == TASKS
    assert WEIGHTS_FILE.stat().st_size < 2_500_000


def test_weights_that_would_spill_into_the_next_place_are_refused() -> None:
    head = Head(("chat",), (0.0,), 1.0)

    with pytest.raises(ValueError, match="w:x"):
        packed(head, [Row("w:x", 0.0, [300.0])])
