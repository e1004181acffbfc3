"""What `/v1/embeddings` takes and refuses, by the gateway and by the contract."""

from typing import Any

import pytest

from apps.kit.errors import ValidationError
from apps.router.embedding_bodies import read_embedding
from apps.router.embedding_serializers import EmbeddingRequestSerializer

GOOD: dict[str, Any] = {
    "a text": "Hi",
    "texts": ["Hi", "Ho"],
    "tokens": [1, 2, 3],
    "lists of tokens": [[1, 2], [3]],
    "more tokens than inputs": list(range(5000)),
}
BAD: dict[str, Any] = {
    "nothing": "",
    "none": None,
    "no texts": [],
    "an empty text": ["Hi", ""],
    "mixed": ["Hi", 1],
    "no tokens": [[1], []],
    "a broken token": [1, 1.5],
    "a yes": [True],
    "negative": [-1],
    "an object": {"a": 1},
    "objects": [{"a": 1}],
    "too many": ["Hi"] * 2049,
}


@pytest.mark.parametrize("given", GOOD.values(), ids=GOOD)
def test_what_is_taken(given: Any) -> None:
    body = {"model": "small", "input": given, "user": "u"}

    inbound = read_embedding(body)

    assert inbound.sent == {"input": given, "user": "u"}
    assert inbound.typed.model == "small"
    assert inbound.body["messages"][0]["content"]
    assert EmbeddingRequestSerializer(data=body).is_valid()


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
def test_what_is_refused(given: Any) -> None:
    body = {"model": "small", "input": given}

    with pytest.raises(ValidationError) as caught:
        read_embedding(body)

    assert (caught.value.param or "").startswith("input")
    assert not EmbeddingRequestSerializer(data=body).is_valid()


@pytest.mark.parametrize(
    "fields",
    [
        {"dimensions": 0},
        {"dimensions": "many"},
        {"encoding_format": "text"},
        {"models": ["small"]},
        {"model": ""},
        {"provider": {"onyl": []}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_fields_out_of_range_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_embedding({"model": "small", "input": "Hi", **fields})
