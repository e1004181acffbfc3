"""GitHub's addresses on loopback: strict about codes and PKCE, told who signs in."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class GitHub:
    """Who is signed in there, and which codes it has given out."""

    email: str = "octo@example.com"
    is_verified: bool = True
    challenges: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def authorize(self, url: str) -> dict[str, str]:
        """Say yes at GitHub; what it sends the browser back with."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.challenges[code] = asked["code_challenge"]
        return {"code": code, "state": asked["state"]}

    def exchange(self, form: dict[str, str]) -> dict[str, str]:
        challenge = self.challenges.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if challenge != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            self.refusals.append("pkce" if challenge else "code")
            return {"error": "bad_verification_code"}
        return {"access_token": "token", "token_type": "bearer"}

    def answer(self, path: str) -> Any:
        if path.endswith("/emails"):
            one = {"email": self.email, "primary": True, "verified": self.is_verified}
            return [one]
        return {"id": 7, "login": "octo", "name": "Octo Cat", "email": None}


@contextmanager
def running_github() -> Iterator[tuple[GitHub, str]]:
    """GitHub and the address it listens at."""
    github = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(github.answer(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._send(github.exchange(form))

        def _send(self, body: Any) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        thread.start()
        yield github, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
