"""The address a request came from, which a forged header must not decide."""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

# Behind a Unix socket there is no peer address.
UNKNOWN = "0.0.0.0"  # noqa: S104  # a name for nobody, nothing binds to it


def client_ip(request: HttpRequest) -> str:
    """The peer's address, or what a trusted proxy says stood before it.

    The last address of X-Forwarded-For that is no proxy of ours counts: a client
    can put whatever it likes in front of it.
    """
    peer = request.META.get("REMOTE_ADDR") or UNKNOWN
    if not _is_trusted(peer):
        return str(peer)
    if cloudflare := request.headers.get("CF-Connecting-IP", "").strip():
        return _valid(cloudflare, peer)
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if not _is_trusted(hop):
            return _valid(hop, peer)
    return str(peer)


def _is_trusted(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    networks = [ip_network(one, strict=False) for one in settings.TRUSTED_PROXIES]
    return any(address in network for network in networks)


def _valid(text: str, peer: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return peer
