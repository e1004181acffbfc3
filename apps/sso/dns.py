"""TXT records of a domain, from the resolver that the settings name.

Tests and installations with a resolver of their own point TXT_RESOLVER at another
function of the same shape.
"""

from collections.abc import Callable
from typing import Final

import dns.exception
import dns.resolver
from django.conf import settings
from django.utils.module_loading import import_string

type TXTResolver = Callable[[str], list[str]]

LIFETIME_S: Final = 5.0


class LookUpError(Exception):
    """The name servers did not answer; a later try may succeed."""


def txt_records(name: str) -> list[str]:
    """The texts at a name, empty for a name without any; raises LookUpError."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=LIFETIME_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as problem:
        raise LookUpError(str(problem)) from problem
    # A long text comes in pieces of 255 bytes.
    return [b"".join(record.strings).decode(errors="replace") for record in answer]


def look_up(name: str) -> list[str]:
    """The texts at a name, through the resolver that the settings name."""
    resolve: TXTResolver = import_string(settings.TXT_RESOLVER)
    return resolve(name)
