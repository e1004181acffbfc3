"""Bodies that nobody means well with, to every address that takes one.

An answer may be anything below 500: most are refusals, and where a body is not read
at all the call may even succeed.
"""

import gzip
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import requests

from bench.contract.report import Report, code_of
from bench.contract.traffic import SUICIDAL, Target

JSON: Final = "application/json"
PATIENCE_S: Final = 30
_HELLO: Final = '"messages": [{"role": "user", "content": "%s"}]'


def _said(text: str, more: str = "") -> bytes:
    return f"{{{_HELLO % text}{more}}}".encode()


BODIES: Final[dict[str, bytes]] = {
    "nothing": b"",
    "a space": b" ",
    "null": b"null",
    "a list": b"[1, 2]",
    "a string": b'"text"',
    "an open brace": b"{",
    "two objects": b"{}{}",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b'{"messages":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "NUL": _said("a\\u0000b"),
    "a lone surrogate": _said("a\\ud800b"),
    "NaN": _said("a", ', "temperature": NaN'),
    "infinity": _said("a", ', "temperature": 1e400'),
    "a long integer": _said("a", f', "seed": {"9" * 5_000}'),
    "a negative zero": _said("a", ', "max_tokens": -0'),
    "bad UTF-8": b'{"messages": "\xff\xfe"}',
    "UTF-16": '{"messages": []}'.encode("utf-16"),
    "a BOM": b"\xef\xbb\xbf{}",
    "a repeated name": b'{"model": "a", "model": ["b"], "messages": []}',
    "wrong kinds": b'{"messages": {"role": 1}, "model": {}, "input": {}, "name": []}',
    "no kinds": b'{"messages": null, "model": null, "input": null, "name": null}',
    "a long name": b'{"%b": 1}' % (b"x" * 100_000),
    "many names": b"{%b}" % b",".join(b'"f%d":1' % n for n in range(20_000)),
    "a prototype": b'{"__proto__": {"a": 1}, "constructor": {}}',
    "3 MB": _said("a" * 3_000_000),
}
# Larger than any limit: sent once, because it takes its time.
HUGE: Final = b'{"a": "%b"}' % (b"a" * 40_000_000)
KINDS: Final = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/json; charset=utf-7",
    "",
)


def attack_bodies(
    described: dict[str, Any], target: Target, report: Report, *, is_whole: bool
) -> None:
    """Send every body to every address that takes one."""
    with requests.Session() as session:
        session.headers.update(target.headers)
        for operation, method, path in addresses(described):
            url = f"{target.base_url}{path}"
            for headers, body in _attempts(is_whole=is_whole):
                _send(session, (operation, method, url), headers, body, report=report)


def addresses(described: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each operation that takes a body: its label, its method and an address."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation and operation["operationId"] not in SUICIDAL:
                label = f"{method.upper()} {path}"
                yield label, method.upper(), _filled(path, operation)


def _filled(path: str, operation: dict[str, Any]) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            name = f"{{{parameter['name']}}}"
            path = path.replace(name, "00000000-0000-0000-0000-000000000000")
    return path


def _attempts(*, is_whole: bool) -> Iterator[tuple[dict[str, str], bytes]]:
    for body in BODIES.values():
        yield {"Content-Type": JSON}, body
    for kind in KINDS:
        yield {"Content-Type": kind}, b'{"messages": []}'
    packed = gzip.compress(b'{"messages": []}')
    yield {"Content-Type": JSON, "Content-Encoding": "gzip"}, packed
    yield {"Content-Type": JSON, "Content-Encoding": "gzip"}, b"not gzip"
    if is_whole:
        yield {"Content-Type": JSON}, HUGE


def _send(
    session: requests.Session,
    place: tuple[str, str, str],
    headers: dict[str, str],
    body: bytes,
    *,
    report: Report,
) -> None:
    operation, method, url = place
    try:
        answer = session.request(
            method, url, data=body, headers=headers, timeout=PATIENCE_S
        )
    except requests.ConnectionError:
        # What is far too large is refused before all of it was read.
        if len(body) < len(HUGE):
            report.fail(operation, "the connection broke", repr(body[:100]))
        return
    code = ""
    with suppress(ValueError):
        code = code_of(answer.json())
    report.count(operation, answer.status_code, code)
    if answer.status_code >= 400 and "json" not in answer.headers["Content-Type"]:
        report.fail(operation, "an error that is not JSON", answer.text[:200])
