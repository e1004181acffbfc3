"""How often something may be asked, counted in the shared cache for all processes."""

import hashlib
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest

from apps.accounts.client_ip import client_ip

# One household or company; a single host has all of it to ask from.
IPV6_PREFIX: Final = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within so many seconds, from the first one on."""

    name: str
    most: int
    within_s: int

    def take(self, whose: str) -> bool:
        """Count one more; False when it is one too many."""
        # What is counted may be an address: only its hash stands in the cache.
        digest = hashlib.sha256(whose.encode()).hexdigest()[:32]
        key = f"throttle:{self.name}:{digest}"
        cache.add(key, 0, timeout=self.within_s)
        try:
            return cache.incr(key) <= self.most
        except ValueError:
            # It ran out between the two: a new window begins.
            cache.add(key, 1, timeout=self.within_s)
            return True


def asker(request: HttpRequest) -> str:
    """Where a request comes from, as it is counted."""
    address = ip_address(client_ip(request))
    if address.version == 6:
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)
