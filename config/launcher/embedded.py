"""Start the embedded Postgres and Valkey: what to run, and when they are ready.

Both listen on Unix sockets in folders only their account may enter, never on a port.
"""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.launcher import wheels
from config.launcher.homes import Account
from config.launcher.probes import answers_ping
from config.launcher.problems import LaunchError
from config.launcher.processes import signal_quietly, wait_until

DATABASE = "modeloptix"
SUPERUSER = "postgres"
READY_LINE = 7


@dataclass(frozen=True)
class Postgres:
    """One cluster: its folder, its socket's folder, the account it runs as."""

    home: Path
    sockets: Path
    account: Account | None
    is_durable: bool = True

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def pid_file(self) -> Path:
        return self.cluster / "postmaster.pid"

    def url(self, user: str, name: str = DATABASE) -> str:
        return f"postgresql://{user}@/{name}?host={self.sockets}"

    def create(self) -> None:
        """Make the cluster once; one that was interrupted half way is made again.

        The built-in locale sorts alike on every system, and needs no ICU.
        """
        if self.cluster.exists():
            return
        making = self.home / "making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        if self.account:
            os.chown(making, self.account.uid, self.account.gid)
        done = subprocess.run(
            [
                wheels.postgres_install(self.account) / "bin" / "initdb",
                *("--pgdata", making),
                *("--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                "--no-instructions",
                *([] if self.is_durable else ["--no-sync"]),
            ],
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=False,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise LaunchError(f"Postgres could not be set up: {' '.join(last)}")
        making.rename(self.cluster)

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.is_durable:
            fast = ("fsync", "synchronous_commit", "full_page_writes")
            settings |= dict.fromkeys(fast, "off")
        server = wheels.postgres_install(self.account) / "bin" / "postgres"
        flags = [f"--{name}={value}" for name, value in settings.items()]
        return [str(server), "-D", str(self.cluster), *flags]

    def is_ready(self) -> bool:
        """Read the state the postmaster itself keeps in its pid file."""
        try:
            lines = self.pid_file.read_text().splitlines()
        except OSError:
            return False
        return len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready"

    def clear_leftovers(self) -> None:
        """End what a killed postmaster left, so that the next one may start.

        A server's processes work in their cluster's folder: that tells them from any
        other Postgres, where a number in a stale pid file cannot.
        """
        if not self.pid_file.exists():
            return
        for number in (signal.SIGINT, signal.SIGKILL):
            for pid in self._members():
                signal_quietly(pid, number)
            if wait_until(lambda: not self._members(), seconds=4):
                break
        self.pid_file.unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def _members(self) -> list[int]:
        servers = [p for p in psutil.process_iter(["name"]) if p.name() == "postgres"]
        return [server.pid for server in servers if _works_in(server, self.cluster)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()) == folder.resolve()
    except (OSError, psutil.Error):
        return False


@dataclass(frozen=True)
class Valkey:
    """One append-only server; a broker may never evict what it holds."""

    home: Path
    sockets: Path

    @property
    def socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def create(self) -> None:
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
        }
        flags = [
            part for name, value in settings.items() for part in (f"--{name}", value)
        ]
        return [str(wheels.valkey_server()), *flags]

    def is_ready(self) -> bool:
        return answers_ping(self.socket)
