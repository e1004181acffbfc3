"""Parse the environment once; the only place that reads `os.environ`.

A malformed value stops the start and names its variable, because a setting that
is silently replaced by its default is found out in production.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from apps.kit.sealing import Keyring, parse_keyring

TRUE: Final = {"1", "true", "yes", "on"}
FALSE: Final = {"0", "false", "no", "off", ""}


class EnvError(SystemExit):
    """Stop the start: a variable is set to something it cannot be."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


class Env:
    """Typed access to a mapping of variables."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, "").strip() or default

    def flag(self, name: str, *, default: bool) -> bool:
        raw = self._values.get(name, "").strip().lower()
        if not raw:
            return default
        if raw not in TRUE | FALSE:
            raise EnvError(name, f"{raw!r} is neither true nor false")
        return raw in TRUE

    def integer(self, name: str, default: int, *, least: int = 0) -> int:
        raw = self._values.get(name, "").strip()
        if not raw:
            return default
        if not raw.isdecimal() or int(raw) < least:
            raise EnvError(name, f"{raw!r} is not a whole number from {least} up")
        return int(raw)

    def seconds(self, name: str, default: float, *, least: float = 0.0) -> float:
        """A time in seconds, with a decimal point if need be."""
        raw = self._values.get(name, "").strip()
        if not raw:
            return default
        if not re.fullmatch(r"\d+(\.\d+)?", raw, re.ASCII) or float(raw) < least:
            raise EnvError(
                name, f"{raw!r} is not a number of seconds from {least:g} up"
            )
        return float(raw)

    def words(self, name: str, default: str = "") -> list[str]:
        return [word.strip() for word in self.text(name, default).split(",") if word]

    def keyring(self, name: str, default: Keyring | None) -> Keyring:
        """Versioned keys such as `2:<base64>,1:<base64>`; None: they must be set."""
        raw = self.text(name)
        if not raw and default is not None:
            return default
        try:
            return parse_keyring(raw)
        except ValueError as problem:
            raise EnvError(name, str(problem)) from None

    def path(self, name: str, default: Path) -> Path:
        raw = self.text(name)
        return Path(raw).expanduser().resolve() if raw else default

    def choice(self, name: str, default: str, choices: set[str]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise EnvError(name, f"{value!r} is none of {', '.join(sorted(choices))}")
        return value


def postgres(name: str, url: str) -> dict[str, Any]:
    """Turn a `postgresql://` URL into Django's connection settings.

    A Unix socket is given as `postgresql://user@/name?host=/folder`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise EnvError(name, str(problem)) from problem
    if parts.scheme not in {"postgres", "postgresql"} or len(parts.path) < 2:
        raise EnvError(name, "must look like postgresql://user:password@host/name")
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": options.pop("port", str(port or "")),
        "OPTIONS": options,
    }


def mailer(name: str, url: str) -> dict[str, object]:
    """Turn `smtp://user:password@host:587` (or `smtps://`) into a Django mailer.

    Port 587 is the one for submission with STARTTLS; `smtps` is TLS from the start.
    `?starttls=yes` (or `no`) says so where the port does not.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise EnvError(name, str(problem)) from problem
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise EnvError(name, "must look like smtp://user:password@host:587")
    is_tls = parts.scheme == "smtps"
    starts_tls = dict(parse_qsl(parts.query)).get("starttls")
    if starts_tls not in {None, "yes", "no"}:
        raise EnvError(name, "starttls is yes or no")
    port = port or (465 if is_tls else 587)
    options = {
        "host": parts.hostname,
        "port": port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": is_tls,
        # Asked for and not offered, nothing is sent: never in clear by accident.
        "use_tls": not is_tls and (starts_tls or _usual_starttls(port)) == "yes",
        "timeout": 10,
    }
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": options,
    }


def _usual_starttls(port: int) -> str:
    return "yes" if port == 587 else "no"


def resend(key: str, url: str) -> dict[str, object]:
    """Django's mailer for Resend; the URL is for a stand-in of its API."""
    options: dict[str, object] = {"api_key": key, "timeout": 10}
    if url:
        options["api_url"] = url
    return {"BACKEND": "apps.mail.backends.Resend", "OPTIONS": options}


def with_user(url: str, user: str) -> str:
    """The same database under another login, with the same password."""
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    password = f":{parts.password}" if parts.password else ""
    return parts._replace(netloc=f"{user}{password}{at or '@'}{host}").geturl()
