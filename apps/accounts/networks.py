"""Address ranges, as allow lists name them: IPv4 and IPv6, single or CIDR."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network


def network(text: str) -> Network:
    """The range that `text` names; raises ValueError for anything else.

    Host bits may be set (`10.0.0.7/8` is `10.0.0.0/8`), and an IPv4 range written
    as IPv6 is the IPv4 range, since that is how its addresses are compared.
    """
    found = ip_network(text.strip(), strict=False)
    if isinstance(found, IPv6Network) and found.prefixlen >= MAPPED_BITS:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, found.prefixlen - MAPPED_BITS))
    return found


MAPPED_BITS = 96


def contains(networks: Iterable[Network], address: str) -> bool:
    """Whether one of the ranges holds the address; text that is none is in none."""
    try:
        found = plain(ip_address(address))
    except ValueError:
        return False
    return any(found in one for one in networks)


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """A dual-stack socket shows IPv4 peers as `::ffff:192.0.2.1`."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
