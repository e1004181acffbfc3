"""JSON from outside, with every hostile shape refused by name.

NUL and lone surrogates are legal JSON that Postgres cannot store, and deep nesting
ends in a RecursionError far from its cause; both are refused at the edge.
"""

import re
from typing import Any, Final

import msgspec

from apps.kit.errors import PayloadTooLargeError, ValidationError

MAX_DEPTH: Final = 64
_decoder = msgspec.json.Decoder()
_STRINGS: Final = re.compile(rb'"[^"]*"')
# Every byte that says nothing of depth: no bracket, and no end of a string.
_REST: Final = bytes(set(range(256)) - set(b'[]{}"'))


def parse_object(body: bytes, *, max_bytes: int) -> dict[str, Any]:
    """The JSON object in `body`; raises PayloadTooLargeError or ValidationError."""
    if len(body) > max_bytes:
        raise PayloadTooLargeError(f"The body may have {max_bytes} bytes at most.")
    # Brackets inside strings count too, so this only decides whether to look closer.
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _refuse_depth(body)
    try:
        value = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise ValidationError(f"The body is not valid JSON: {problem}") from problem
    except RecursionError as problem:
        raise _too_deep() from problem
    if not isinstance(value, dict):
        raise ValidationError("The body must be a JSON object.")
    # Both can only arrive as escapes, so most bodies are done after two scans.
    if b"\\u0000" in body or b"\\ud" in body or b"\\uD" in body:
        refuse_unstorable(value, "body")
    return value


def _too_deep() -> ValidationError:
    return ValidationError(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _refuse_depth(body: bytes) -> None:
    """Raise where brackets outside of strings are nested too deep.

    Bodies of agents have hundreds of brackets among megabytes of text, so all but the
    brackets is removed by scans in C; a look at each byte held up the event loop.
    """
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = 0
    for byte in _STRINGS.sub(b"", plain.translate(None, _REST)):
        if byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep()
        elif byte in b"]}":
            depth -= 1


def refuse_unstorable(value: object, where: str) -> None:
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise ValidationError(
                "Text may hold neither NUL nor a lone surrogate.", param=where
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_unstorable(key, where)
            refuse_unstorable(item, f"{where}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            refuse_unstorable(item, f"{where}[{index}]")
