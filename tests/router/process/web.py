"""A real web process on a loopback port, and a gate between it and Postgres."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import httpx
from django.conf import settings

START_TIMEOUT_S = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_urls(host: str = "") -> dict[str, str]:
    """The test database's URLs for a child process, through `host` if given."""
    names = {
        "default": "DATABASE_URL",
        "owner": "DATABASE_OWNER_URL",
        "jobs": "DATABASE_JOBS_URL",
        "ledger": "DATABASE_LEDGER_URL",
    }
    return {
        variable: _url(settings.DATABASES[alias], host)
        for alias, variable in names.items()
    }


def _url(config: dict[str, str], host: str) -> str:
    password = f":{quote(config['PASSWORD'])}" if config["PASSWORD"] else ""
    place = quote(host or config["HOST"], safe="/")
    port = "" if host else f"&port={config['PORT']}" * bool(config["PORT"])
    return (
        f"postgresql://{config['USER']}{password}@/{config['NAME']}?host={place}{port}"
    )


class WebProcess:
    """granian with one worker in a process group of its own."""

    def __init__(
        self, folder: Path, *, database_host: str = "", **environment: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "web.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            **os.environ,
            **database_urls(database_host),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "MODELOPTIX_DATA_DIR": str(folder),
            "JOURNAL_DIR": str(folder / "journal"),
            "DEBUG": "false",
            "SECRET_KEY": settings.SECRET_KEY,
            "KEY_PEPPER": settings.KEY_PEPPER,
            "ALLOWED_HOSTS": "127.0.0.1",
            "REDIS_URL": settings.REDIS_URL,
            "PREMIUM_MODEL": "third-house/third",
            **environment,
        }

    async def start(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--loop"]
        command += ["uvloop", "--workers", "1", "--workers-kill-timeout", "20"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--no-ws"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
                [*command, "config.asgi:application"],
                env=self._environment,
                cwd=settings.BASE_DIR,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await self._until_healthy()

    async def _until_healthy(self) -> None:
        async with httpx.AsyncClient() as client:
            async with asyncio.timeout(START_TIMEOUT_S):
                while True:
                    with suppress(httpx.HTTPError):
                        if (await client.get(f"{self.url}/health")).is_success:
                            return
                    await asyncio.sleep(0.05)

    def terminate(self) -> None:
        """Ask the server to stop, as whoever deploys does."""
        assert self._process is not None
        self._process.terminate()

    def wait(self, seconds: float) -> int:
        """The exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End the whole group at once, as a crash or the kernel would."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log(self) -> str:
        return self._log.read_text()


class Gate:
    """A Unix socket in front of Postgres that can be shut, or freeze."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_frozen = False
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        path = self.folder / ".s.PGSQL.5432"
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def shut(self) -> None:
        """Refuse new connections and drop the ones there are."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        behind = await _connect()
        self._writers |= {writer, behind[1]}
        try:
            await asyncio.gather(
                self._pass(reader, behind[1]), self._pass(behind[0], writer)
            )
        finally:
            for end in (writer, behind[1]):
                self._writers.discard(end)
                end.transport.abort()

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                while self.is_frozen:
                    await asyncio.sleep(0.02)
                target.write(data)
                await target.drain()
        with suppress(RuntimeError):
            target.close()


async def _connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    config = settings.DATABASES["default"]
    host, port = config["HOST"], config["PORT"] or "5432"
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host or "127.0.0.1", int(port))


@asynccontextmanager
async def web_process(folder: Path, **options: str) -> AsyncIterator[WebProcess]:
    web = WebProcess(folder, **options)
    try:
        await web.start()
        yield web
    finally:
        web.kill()
