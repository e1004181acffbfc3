"""HTTP to URLs that customers gave us, for libraries that speak `requests`.

Checked and pinned by `kit.addresses`; no redirect is followed, no proxy of the
environment is used (it would resolve the name again), a body is at most 1 MB and
all of it must be here after 15 s.
"""

import time
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter

from apps.kit.addresses import AddressError, Resolver, refuse_private, system_addresses

MOST_BYTES: Final = 1_000_000
TIMEOUT_S: Final = 10
DEADLINE_S: Final = 15


class OutgoingError(requests.RequestException):
    """A URL is refused, or what it answers is too large or too slow."""


class PinnedAdapter(HTTPAdapter):
    """Connects to the address that was checked, whatever the name says by then."""

    def __init__(self, *, allow_private: bool, resolve: Resolver) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        super().__init__()

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        # The connection goes to an address; the server still wants to hear the name.
        request.headers["Host"] = request.url.split("/")[2]
        return super().send(request, *args, **kwargs)

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        try:
            target = refuse_private(
                request.url, allow_private=self._allow_private, resolve=self._resolve
            )
        except AddressError as problem:
            raise OutgoingError(str(problem), request=request) from problem
        if host["scheme"] == "https":
            pool["server_hostname"] = pool["assert_hostname"] = target.host
        return {**host, "host": str(target.address)}, dict(pool)


class PinnedSession(requests.Session):
    """A session for URLs one does not trust; what it refuses is an OutgoingError."""

    def __init__(
        self, *, allow_private: bool = False, resolve: Resolver = system_addresses
    ) -> None:
        super().__init__()
        self.trust_env = False
        adapter = PinnedAdapter(allow_private=allow_private, resolve=resolve)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        options = {"timeout": TIMEOUT_S, **kwargs}
        until = time.monotonic() + DEADLINE_S
        response = super().request(
            *args, **{**options, "allow_redirects": False, "stream": True}
        )
        with response:
            response._content = _body(response, until)
        return response


def _body(response: requests.Response, until: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > MOST_BYTES:
            raise OutgoingError("The answer is too large.", response=response)
        if time.monotonic() > until:
            raise OutgoingError("The answer takes too long.", response=response)
    return bytes(body)
