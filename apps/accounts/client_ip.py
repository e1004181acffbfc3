"""The address a request came from, which a forged header must not decide."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

from apps.accounts.networks import Network, contains, network

# Behind a Unix socket there is no peer address.
UNKNOWN = "0.0.0.0"  # noqa: S104  # a name for nobody, nothing binds to it


def client_ip(request: HttpRequest) -> str:
    """The peer's address, or what a trusted proxy says stood before it."""
    peer = str(request.META.get("REMOTE_ADDR") or UNKNOWN)
    return address_behind(peer, lambda name: request.headers.get(name, ""))


def address_behind(peer: str, header: Callable[[str], str]) -> str:
    """The same from the peer and a way to read a header; both fronts come here.

    The last address of X-Forwarded-For that is no proxy of ours counts: a client
    can put whatever it likes in front of it.
    """
    proxies = _proxies(tuple(settings.TRUSTED_PROXIES))
    if not contains(proxies, peer):
        return peer
    if cloudflare := header("CF-Connecting-IP").strip():
        return _valid(cloudflare, peer)
    hops = header("X-Forwarded-For").split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if not contains(proxies, hop):
            return _valid(hop, peer)
    return peer


@lru_cache(maxsize=8)
def _proxies(texts: Sequence[str]) -> tuple[Network, ...]:
    return tuple(map(network, texts))


def _valid(text: str, peer: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return peer
