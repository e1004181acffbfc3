"""Ask a service whether it answers yet."""

import http.client
import socket
from pathlib import Path

TIMEOUT_S = 1.0


def answers_ping(server: Path) -> bool:
    """Tell whether Valkey answers; while it loads its file it answers an error."""
    try:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(TIMEOUT_S)
            caller.connect(str(server))
            caller.sendall(b"PING\r\n")
            return caller.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def answers_http(host: str, port: int, path: str) -> bool:
    caller = http.client.HTTPConnection(reachable(host), port, timeout=TIMEOUT_S)
    try:
        caller.request("GET", path)
        return caller.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        caller.close()


def reachable(host: str) -> str:
    """Return where a server that listens on `host` is reached from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  # compared, not bound
