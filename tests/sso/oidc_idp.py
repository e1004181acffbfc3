"""A strict OpenID Connect provider on loopback, which can be told to misbehave.

It checks what a good provider checks: the client, the redirect URI, that a code is
used once, and that the verifier fits the challenge (S256).
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT_ID = "our-client"
CLIENT_SECRET = "our-client-secret"


@cache
def signing_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class OIDCProvider:
    """What it knows, what it saw, and how it lies (`claims`, `key`, …)."""

    issuer: str
    claims: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    key: str = "good"
    algorithm: str = "ES256"
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def authorize(self, url: str, **claims: Any) -> dict[str, str]:
        """Sign somebody in at the provider; what it sends the browser back with."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.issuer}/authorize?")
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "claims": json.dumps(claims)}
        return {"code": code, "state": asked["state"]}

    def exchange(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form.get("code", ""), None)
        problem = self._problem(asked, form)
        if asked is None or problem:
            self.refusals.append(problem)
            return None
        token = self._id_token(asked)
        self.tokens.append(token)
        return {"access_token": "opaque", "token_type": "Bearer", "id_token": token}

    def _problem(self, asked: dict[str, str] | None, form: dict[str, str]) -> str:
        if asked is None:
            return "code"
        if (form.get("client_id"), form.get("client_secret")) != (
            CLIENT_ID,
            CLIENT_SECRET,
        ):
            return "client"
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return "redirect_uri"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return "" if challenge == asked["code_challenge"] else "pkce"

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **json.loads(asked["claims"]),
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        key: Any = signing_key(self.key)
        if self.algorithm == "none":
            key = None
        if self.algorithm == "HS256":
            key = CLIENT_SECRET * 4
        return jwt.encode(
            claims, key, algorithm=self.algorithm, headers={"kid": "key-1"}
        )

    def answer(self, path: str) -> Any:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                **self.configuration,
            }
        if path == "/jwks":
            public = signing_key("good").public_key()
            jwk = jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
            return {"keys": [{**jwk, "kid": "key-1", "alg": "ES256", "use": "sig"}]}
        if path == "/userinfo":
            return self.profile
        return None


@contextmanager
def running_provider() -> Iterator[OIDCProvider]:
    """The provider behind a real socket."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/authorize?"):
                self._say_yes()
            else:
                self._send(provider.answer(self.path))

        def _say_yes(self) -> None:
            """To a real browser: whoever comes is signed in here already."""
            url = provider.issuer + self.path
            back = parse_qs(urlsplit(url).query)["redirect_uri"][0]
            answer = urlencode(provider.authorize(url))
            self.send_response(302)
            self.send_header("Location", f"{back}?{answer}")
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._send(provider.exchange(form))

        def _send(self, body: Any) -> None:
            self.send_response(200 if body is not None else 400)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body or {"error": "invalid_grant"}).encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = OIDCProvider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
