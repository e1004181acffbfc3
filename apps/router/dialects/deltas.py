"""What an OpenAI chunk adds to an answer, for dialects that word it another way."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec


class CallDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of one tool call."""

    index: int
    id: str
    name: str
    arguments: str


class Delta(msgspec.Struct, frozen=True):
    """What one chunk adds; empty where it adds nothing of the kind."""

    text: str = ""
    thought: str = ""
    refusal: str = ""
    calls: tuple[CallDelta, ...] = ()
    # Thoughts once more, with what proves them genuine.
    details: tuple[dict[str, Any], ...] = ()
    logprobs: tuple[dict[str, Any], ...] = ()
    # The stop sequence that was met, where a server tells.
    stop: str = ""


class _Chosen(msgspec.Struct, gc=False):
    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_details: Any = None
    refusal: Any = None
    tool_calls: Any = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Chosen | None = None
    index: Any = 0
    logprobs: Any = None
    stop_reason: Any = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None


_read: Final = msgspec.json.Decoder(_Chunk).decode
_DATA: Final = len(b"data: ")


def deltas_of(data: bytes) -> Iterator[Delta]:
    """What the events in `data` add to the first choice, one by one."""
    for event in data.split(b"\n\n"):
        if not event:
            continue
        for choice in _read(event[_DATA:]).choices or ():
            if choice.delta is not None and not choice.index:
                yield _delta(choice.delta, choice)


def _delta(chosen: _Chosen, choice: _Choice) -> Delta:
    content = chosen.content
    if type(content) is str and not (chosen.tool_calls or choice.logprobs):
        text, inner = content, ""
    else:
        text, inner = text_and_thought(content)
    thought = chosen.reasoning_content or chosen.reasoning
    return Delta(
        text=text,
        thought=thought if isinstance(thought, str) else inner,
        refusal=chosen.refusal if isinstance(chosen.refusal, str) else "",
        calls=tuple(_calls(chosen.tool_calls)) if chosen.tool_calls else (),
        details=objects_in(chosen.reasoning_details),
        logprobs=logprobs_of(choice.logprobs),
        stop=choice.stop_reason if isinstance(choice.stop_reason, str) else "",
    )


def text_and_thought(content: object) -> tuple[str, str]:
    """The text of a content, and the thought that Mistral's models put beside it."""
    if isinstance(content, str):
        return content, ""
    texts, thoughts = [], []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict):
            text = part.get("text")
            texts.append(text if isinstance(text, str) else "")
            thoughts.append(text_and_thought(part.get("thinking"))[0])
    return "".join(texts), "".join(thoughts)


def _calls(calls: object) -> Iterator[CallDelta]:
    for place, call in enumerate(calls if isinstance(calls, list) else ()):
        if not isinstance(call, dict):
            continue
        function = call.get("function")
        named = function if isinstance(function, dict) else {}
        index = call.get("index")
        yield CallDelta(
            index=index if isinstance(index, int) else place,
            id=str(call.get("id") or ""),
            name=str(named.get("name") or ""),
            arguments=str(named.get("arguments") or ""),
        )


def objects_in(value: object) -> tuple[dict[str, Any], ...]:
    found = value if isinstance(value, list) else ()
    return tuple(item for item in found if isinstance(item, dict))


def logprobs_of(value: object) -> tuple[dict[str, Any], ...]:
    """The tokens' log probabilities among a choice's `logprobs`."""
    return objects_in(value.get("content")) if isinstance(value, dict) else ()
