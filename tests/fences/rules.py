"""Who may come, and what a rule of an address says."""

from dataclasses import dataclass
from typing import Any, Final

from apps.accounts.keys import SCOPES

MEMBERS: Final = frozenset({"owner", "admin", "member", "viewer"})
WORKERS: Final = MEMBERS - {"viewer"}
LEADERS: Final = frozenset({"owner", "admin"})
OWNERS: Final = frozenset({"owner"})
# Keys with the usual scopes, and with one more: its scope stands for such a key.
KEYS: Final = frozenset({"key"} | {scope for scope in SCOPES if ":" in scope})
# "homeless" is signed in and belongs to no organization.
PEOPLE: Final = MEMBERS | {"homeless"}
ANYONE: Final = PEOPLE | KEYS | {"anonymous"}


@dataclass(frozen=True)
class Rule:
    """One way to ask an address: by whom it may be asked, about which object."""

    allowed: frozenset[str]
    method: str = "get"
    body: Any = None
    # What the identifier in the address names: a kind of tests/fences/objects.py.
    names: str = ""
    # Fields of a body beyond those of `body` that this may set: see test_escalation.
    accepts: frozenset[str] = frozenset()
