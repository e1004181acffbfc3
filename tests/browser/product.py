"""The whole product as `./run` starts it, on data and services of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from tests.browser.conftest import ROOT

READY_WITHIN_S: Final = 240
STOPPED_WITHIN_S: Final = 60
# What the suite's own services are known by, which are not this product's.
THEIRS: Final = re.compile(
    r"DATABASE_|REDIS_URL|DJANGO_|PYTEST_|MODELOPTIX_|SITE_URL|JOURNAL_DIR|DEBUG$"
    r"|SECRET_KEY|KEY_|ALLOWED_HOSTS|RATE_LIMIT_MAX|LOCAL_MODEL"
)


@dataclass(frozen=True)
class Product:
    """A running product: its address, and its commands."""

    url: str
    environment: Mapping[str, str]

    def manage(self, *words: str) -> str:
        """Run a command of the product beside it; what it printed."""
        return self._run("manage", *words)

    def sql(self, statement: str) -> str:
        """What the database says to its owner, who passes row security."""
        return self._run("psql", "-v", "ON_ERROR_STOP=1", "-Atc", statement).strip()

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "config.launcher", *words],
            cwd=ROOT,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stdout


@contextmanager
def running(data: Path, port: int, **environment: str) -> Iterator[Product]:
    """Start everything on an empty folder, and stop it all."""
    url = f"http://127.0.0.1:{port}"
    own = {name: text for name, text in os.environ.items() if not THEIRS.match(name)}
    own |= {"MODELOPTIX_DATA_DIR": str(data), **environment}
    command = [sys.executable, "-m", "config.launcher", "--port", str(port)]
    with (data.parent / "product.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=own, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _await_ready(url, process, Path(log.name))
            yield Product(url, own)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=STOPPED_WITHIN_S)


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            with urlopen(f"{url}/ready", timeout=2):  # noqa: S310  # our own server
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text()[-3000:])
