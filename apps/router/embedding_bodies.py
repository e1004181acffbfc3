"""The body of `/v1/embeddings`, as the router reads it."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from apps.kit.errors import ValidationError
from apps.router.bodies import ChatBody, Inbound
from apps.router.openrouter import FIELDS
from apps.router.openrouter import read as read_wishes

# OpenAI's own limits: https://platform.openai.com/docs/api-reference/embeddings
MOST_INPUTS: Final = 2048
MOST_DIMENSIONS: Final = 65_536
LARGEST_TOKEN: Final = 2**31 - 1

Text = Annotated[str, Meta(min_length=1)]
Token = Annotated[int, Meta(ge=0, le=LARGEST_TOKEN)]
Tokens = Annotated[list[Token], Meta(min_length=1)]
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]


class EmbeddingBody(Struct):
    """What the router reads of `POST /v1/embeddings`."""

    # A text, texts, tokens, or lists of tokens; lists are told apart by hand.
    input: Text | Annotated[list[Any], Meta(min_length=1)]
    model: Annotated[str, Meta(min_length=1, max_length=200)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=MOST_DIMENSIONS)] | None = None
    max_cost: Dollars | None = None
    alias: str | None = None
    session_id: str | None = None


# They steer the router; a provider would refuse or misread them.
_OWN: Final = FIELDS | {"model", "max_cost", "alias", "session_id", "stream"}


def read_embedding(body: dict[str, Any]) -> Inbound:
    """A `/v1/embeddings` body; raises ValidationError naming the field."""
    asked = _converted(body)
    if body.get("models"):
        raise ValidationError(
            "Embeddings of different models cannot be compared: name one in `model`.",
            param="models",
        )
    wishes = read_wishes(body)
    typed = ChatBody(
        messages=[], model=asked.model, max_cost=asked.max_cost, alias=asked.alias
    )
    return Inbound(
        typed,
        {"messages": [{"role": "user", "content": _as_text(asked.input)}]},
        {name: value for name, value in body.items() if name not in _OWN},
        wishes.rules,
        wishes,
        is_embedding=True,
    )


def _converted(body: dict[str, Any]) -> EmbeddingBody:
    try:
        asked = msgspec.convert(body, EmbeddingBody)
    except msgspec.ValidationError as problem:
        message, _, place = str(problem).partition(" - at `$")
        param = place.rstrip("`").lstrip(".") or None
        raise ValidationError(f"{message}.", param=param) from problem
    check_inputs(asked.input)
    return asked


def check_inputs(inputs: str | list[Any]) -> None:
    """Texts, tokens, or lists of tokens, nothing mixed; raises ValidationError."""
    if isinstance(inputs, str):
        return
    first = inputs[0]
    if len(inputs) > MOST_INPUTS and not isinstance(first, int):
        raise ValidationError(f"{MOST_INPUTS} inputs at most.", param="input")
    kind: Any = list[Tokens]
    if isinstance(first, str):
        kind = list[Text]
    elif isinstance(first, int):
        kind = Tokens
    try:
        msgspec.convert(inputs, kind)
    except msgspec.ValidationError as problem:
        raise ValidationError(f"In `input`: {problem}.", param="input") from problem


def _as_text(inputs: str | list[Any]) -> str:
    """The input as one text, for whoever counts its length or quotes it."""
    if isinstance(inputs, str):
        return inputs
    if isinstance(inputs[0], str):
        return "\n".join(inputs)
    return msgspec.json.encode(inputs).decode()
