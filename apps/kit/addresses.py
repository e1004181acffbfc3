"""Where a URL that a customer gave us leads: public addresses only, resolved once.

The name is looked up once, every address it has must pass, and the connection goes
to one of exactly these (`kit.pinned`), so an answer that changes between check and
use (DNS rebinding) changes nothing. Addresses are judged, never strings: `127.1`,
`0x7f.1` and `①②⑦.0.0.1` are all loopback to a resolver.
"""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

type Address = IPv4Address | IPv6Address
type Resolver = Callable[[str, int], Iterable[str]]

PORTS: Final = frozenset({443, 8443})
# Names of IPv4 addresses inside IPv6, of which `is_global` judges the outside only.
NAT64: Final = ip_network("64:ff9b::/96")
# 6to4 and its relays, Teredo, site-local: retired, though some count as global.
RETIRED: Final = tuple(
    ip_network(text)
    for text in ("192.88.99.0/24", "2001::/32", "2002::/16", "fec0::/10")
)


class AddressError(ValueError):
    """A URL leads where this installation must not be sent."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL and the one address to connect to."""

    url: str
    host: str
    port: int
    address: Address


def system_addresses(host: str, port: int) -> list[str]:
    """What the operating system's resolver says, each address once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise AddressError(f"The host {host} is not known.") from problem
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: Address) -> bool:
    """Whether anybody's host may be behind it; what is unclear is not public."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if any(address in network for network in RETIRED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def public_addresses(
    host: str,
    port: int = 443,
    *,
    allow_private: bool = False,
    resolve: Resolver = system_addresses,
) -> tuple[Address, ...]:
    """The host's addresses, if every one of them may be connected to.

    Raises AddressError for a name that is unknown or leads to one private address.
    With `allow_private` only link-local ones stay refused: the metadata services of
    clouds live there, and hand out credentials.
    """
    addresses = tuple(
        ip_address(text.partition("%")[0]) for text in resolve(host, port)
    )
    if not addresses:
        raise AddressError(f"The host {host} has no address.")
    for address in addresses:
        is_allowed = is_public(address) or (allow_private and not _is_link(address))
        if not is_allowed:
            raise AddressError(f"The host {host} is not on the public internet.")
    return addresses


def refuse_private(
    url: str, *, allow_private: bool = False, resolve: Resolver = system_addresses
) -> Target:
    """Check a URL somebody gave us, and say which address to connect to.

    Raises AddressError unless it is https to a public host on port 443 or 8443.
    `allow_private` (a self-hosted installation inside a network) also takes http,
    any port and private addresses.
    """
    host, port = _host_and_port(url, allow_private=allow_private)
    addresses = public_addresses(
        host, port, allow_private=allow_private, resolve=resolve
    )
    return Target(url=url, host=host, port=port, address=addresses[0])


def _host_and_port(url: str, *, allow_private: bool) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, given = parts.hostname or "", parts.port
    except ValueError as problem:
        raise AddressError("This is not a URL.") from problem
    schemes = {"https": 443, "http": 80} if allow_private else {"https": 443}
    if parts.scheme not in schemes:
        raise AddressError("The URL must start with https://.")
    if not host or parts.username is not None or parts.password is not None:
        raise AddressError("The URL must name a host and no user.")
    port = given or schemes[parts.scheme]
    if not allow_private and port not in PORTS:
        raise AddressError("The URL must use port 443 or 8443.")
    return host, port


def _is_link(address: Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_link_local
