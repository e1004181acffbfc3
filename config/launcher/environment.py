"""Build what the children find in their environment.

What the caller set wins over `.env`, and `.env` over what the launcher makes up.
"""

import base64
import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil

from config.launcher.problems import LaunchError

# The project's folder, where `run` is.
ROOT = Path(__file__).resolve().parent.parent.parent
SECRET_NAMES = ("SECRET_KEY", "KEY_PEPPER", "KEY_ENCRYPTION_KEYS")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104  # compared, not bound
# What would make a test reach out to somebody, or answer differently elsewhere.
OUTSIDE = ("_API_KEY", "_CLIENT_ID", "_CLIENT_SECRET", "_DSN", "_ENDPOINT")
ADDRESSES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_JOBS_URL",
    "DATABASE_LEDGER_URL",
    "REDIS_URL",
    "LOCAL_MODEL_URL",
    "SITE_URL",
    "EMAIL_URL",
    "MODELOPTIX_DATA_DIR",
    "JOURNAL_DIR",
    "TRUSTED_PROXIES",
    "ALLOWED_HOSTS",
)


def inherited() -> dict[str, str]:
    """The caller's environment over the project's `.env`; empty means not set."""
    given = {name: value for name, value in os.environ.items() if value.strip()}
    return parse_dotenv(ROOT / ".env") | given


def sealed() -> dict[str, str]:
    """The caller's environment without what points anywhere outside the tests."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ADDRESSES and not name.endswith(OUTSIDE)
    }


def parse_dotenv(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    values: dict[str, str] = {}
    for number, raw in enumerate(file.read_text().splitlines(), start=1):
        line = raw.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise LaunchError(f"{file} line {number} is not NAME=value")
        values[name.strip()] = _unquoted(value.strip())
    return {name: value for name, value in values.items() if value}


def _unquoted(value: str) -> str:
    """Take what is between quotes, or what stands before a comment."""
    if value[:1] in {'"', "'"}:
        return value[1:].partition(value[0])[0]
    return "" if value.startswith("#") else value.partition(" #")[0].strip()


def base(data: Path, given: Mapping[str, str]) -> dict[str, str]:
    """What every child gets, wherever its databases are."""
    made = {
        "DEBUG": "true",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MODELOPTIX_DATA_DIR": str(data),
        "PYTHONUNBUFFERED": "1",
    }
    return made | keep_secrets(data / "secrets.json") | dict(given)


def site(host: str, port: int, given: Mapping[str, str]) -> dict[str, str]:
    """Where the product is reached, and the names it may be reached by."""
    names = ["127.0.0.1", "localhost", "[::1]"]
    if host in EVERYWHERE:
        names += [socket.gethostname(), *_own_addresses()]
    elif host not in LOOPBACK:
        names.append(host)
    shown = "127.0.0.1" if host in EVERYWHERE else host
    address = f"[{shown}]" if ":" in shown else shown
    made = {"SITE_URL": f"http://{address}:{port}", "ALLOWED_HOSTS": ",".join(names)}
    return {name: given.get(name, value) for name, value in made.items()}


def _own_addresses() -> list[str]:
    cards = psutil.net_if_addrs().values()
    return [a.address for card in cards for a in card if a.family == socket.AF_INET]


def keep_secrets(file: Path) -> dict[str, str]:
    """Read this installation's secrets, made on the first start."""
    if file.exists():
        try:
            return {str(k): str(v) for k, v in json.loads(file.read_text()).items()}
        except ValueError as problem:
            raise LaunchError(f"{file} is not readable JSON: {problem}") from problem
    made = {name: secrets.token_urlsafe(48) for name in SECRET_NAMES[:2]}
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    made[SECRET_NAMES[2]] = f"1:{key}"
    write_private(file, json.dumps(made, indent=2))
    return made


def write_private(file: Path, text: str) -> None:
    """Replace a file at once and whole, readable by its owner alone."""
    making = file.with_name(f".{file.name}.{os.getpid()}")
    making.unlink(missing_ok=True)
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text + "\n")
        out.flush()
        os.fsync(out.fileno())
    making.replace(file)
