"""Canary secrets, and the places where none of them may sing."""

import base64
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.db import connections

# Written once through the product, each in the way its kind comes in.
PASSWORD: Final = "canary-Passw0rd-quartz-velvet"
PROVIDER_KEY: Final = "sk-canary-provider-9f8e7d6c5b4a"
SECOND_KEY: Final = "sk-canary-second-1a2b3c4d5e6f"
OIDC_SECRET: Final = "canary-oidc-secret-kappa-lambda"
PROMPT: Final = "canary prompt about a purple submarine"
ANSWER: Final = "canary answer about a yellow zeppelin"


class Records(logging.Handler):
    """Every log record from DEBUG up, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
        # Structured fields go to log files as well, where JSON is written.
        self.lines.append(repr(record.__dict__))


@dataclass
class Sweep:
    """Looks for secrets in whatever is brought to it, in clear, hex and base64."""

    secrets: dict[str, str]
    found: list[str] = field(default_factory=list)
    looked_at: int = 0

    def look(self, place: str, text: str | bytes) -> None:
        """Note which secrets stand here; the secret itself is not repeated."""
        raw = text.encode() if isinstance(text, str) else text
        self.looked_at += 1
        for name, secret in self.secrets.items():
            if any(form in raw for form in _forms(secret)):
                self.found.append(f"{name} in {place}")

    def look_at_all(self, places: Mapping[str, str | bytes]) -> None:
        for place, text in places.items():
            self.look(place, text)


def _forms(secret: str) -> Iterator[bytes]:
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    yield json.dumps(secret)[1:-1].encode()
    # Wherever it begins within a longer text, one of three shifts is its base64.
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        yield coded[4 if shift else 0 : -4]


TABLES: Final = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition
"""


def dump() -> dict[str, str]:
    """Every row of every table, as text, by table."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(TABLES)
        tables = [table for (table,) in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            found[f"table {table}"] = "\n".join(row for (row,) in cursor.fetchall())
    return found


def files_below(*folders: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for folder in folders:
        paths: Iterable[Path] = sorted(folder.rglob("*")) if folder.is_dir() else ()
        found |= {f"file {path}": path.read_bytes() for path in paths if path.is_file()}
    return found


def content_of(answer: Any) -> bytes:
    """An answer as it was sent: its headers, and its body whole."""
    body = answer.getvalue() if answer.streaming else answer.content
    cookies = {"Set-Cookie"}  # the browser's own; a session's key is its secret
    head = "\n".join(f"{k}: {v}" for k, v in answer.headers.items() if k not in cookies)
    return head.encode() + b"\n" + bytes(body)
