"""What stops a start, told in one line that says what to do about it."""

import errno
import shutil
import socket
from pathlib import Path

NEED_FREE_MB = 500


class LaunchError(Exception):
    """Stop; the message is for the person at the terminal."""


def tell(problem: OSError) -> str:
    """Name an operating system's refusal the way its owner can act on it."""
    where = f" ({problem.filename})" if problem.filename else ""
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"the disk is full{where}; free some space and start again"
    if problem.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"no permission{where}; run it as the owner of that folder"
    return f"{problem.strerror or problem}{where}"


def require_space(folder: Path) -> None:
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < NEED_FREE_MB:
        raise LaunchError(
            f"the disk is nearly full: {free_mb} MB free at {folder}, "
            f"{NEED_FREE_MB} MB needed"
        )


def require_port(host: str, port: int) -> None:
    """Refuse a taken port: the web server would share it without a word."""
    family, _, _, _, address = _resolve(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections of the last run that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as problem:
            raise LaunchError(_refusal(problem, host, port)) from problem


def _resolve(
    host: str, port: int
) -> tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]  # type: ignore[return-value]  # the address is an IP one
    except socket.gaierror as problem:
        raise LaunchError(f"--host {host}: {problem.strerror}") from problem


def _refusal(problem: OSError, host: str, port: int) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"port {port} is taken: ./run --port {port + 1}"
    if problem.errno == errno.EACCES:
        return f"port {port} needs root: ./run --port 8000"
    return f"cannot listen on {host}:{port}: {problem.strerror}"


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
