"""Vectors of texts: of one length, the same everywhere, near where texts are near."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.router.engine.embed import DIMENSIONS, packed, unpacked, vector_of


@given(st.text(max_size=400))
def test_a_vector_has_length_one_or_is_of_nothing(text: str) -> None:
    vector = vector_of(text)

    assert vector.shape == (DIMENSIONS,)
    assert np.isfinite(vector).all()
    length = float(np.linalg.norm(vector))
    assert length == pytest.approx(1, abs=1e-5) or (length == 0 and not vector.any())


def test_equal_texts_have_equal_vectors() -> None:
    text = "How do I reset my password? " * 200

    assert np.array_equal(vector_of(text), vector_of(text))


def test_half_a_surrogate_pair_is_taken() -> None:
    assert vector_of("\ud800 odd").shape == (DIMENSIONS,)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        (
            "How do I reset my password?",
            "How can I reset my password",
            "Write a function that sorts a list of integers",
        ),
        (
            "Как сбросить мой пароль?",
            "Как сбросить пароль",
            "Напиши стихотворение про море",
        ),
        ("今天天气怎么样", "今天的天气怎么样", "请写一个排序函数"),
    ],
    ids=["english", "russian", "chinese"],
)
def test_like_texts_are_nearer_than_others(text: str, near: str, far: str) -> None:
    vector = vector_of(text)

    assert vector @ vector_of(near) > 0.6
    assert vector @ vector_of(far) < 0.4


def test_a_vector_survives_storing() -> None:
    vectors = [vector_of(text) for text in ("one thing", "quite another matter")]

    restored = unpacked(map(packed, vectors))

    assert np.abs(restored - np.stack(vectors)).max() < 0.01
    assert len(packed(vectors[0])) == DIMENSIONS
