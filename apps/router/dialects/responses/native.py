"""Answers of a provider that speaks the Responses protocol itself.

They are relayed as they came. Only a conversation that is kept here changes three
words of them: the provider was told to store nothing, and knows no earlier Response.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder(dict[str, Any]).decode
_LIFECYCLE: Final = (
    b"event: response.created\n",
    b"event: response.in_progress\n",
    b"event: response.completed\n",
    b"event: response.incomplete\n",
)


def words_of(asked: dict[str, Any]) -> dict[str, Any]:
    """What differs from the provider's word; empty where nothing is kept here."""
    earlier = asked.get("previous_response_id")
    if not earlier and not asked.get("store"):
        return {}
    return {"store": bool(asked.get("store")), "previous_response_id": earlier}


def amender(
    words: dict[str, Any], seen: Callable[[dict[str, Any]], None]
) -> Callable[[bytes], bytes]:
    """Puts the words into the events that carry the Response, and shows them all."""

    def amend(data: bytes) -> bytes:
        return b"".join(_amended(frame, words, seen) for frame in _frames(data))

    return amend


def unstored(data: bytes) -> bytes:
    """The last bytes of an answer, saying that it is not stored after all."""
    words = {"store": False}
    if data.startswith(b"{"):
        return amended(data, words)[0]
    return amender(words, lambda _: None)(data)


def amended(raw: bytes, words: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """A whole Response with the words in it."""
    response = {**_from_json(raw), **words}
    return _to_json(response), response


def _frames(data: bytes) -> Iterator[bytes]:
    for frame in data.split(b"\n\n"):
        if frame:
            yield frame + b"\n\n"


def _amended(
    frame: bytes, words: dict[str, Any], seen: Callable[[dict[str, Any]], None]
) -> bytes:
    if not frame.startswith(_LIFECYCLE):
        return frame
    head, _, data = frame.partition(b"data: ")
    fields = _from_json(data.strip())
    response = {**(fields.get("response") or {}), **words}
    seen(response)
    return b"%bdata: %b\n\n" % (head, _to_json({**fields, "response": response}))
