"""Every address of the product: who may use it, and whose object it names.

A new address fails the fence until it stands here.
"""

from dataclasses import dataclass
from typing import Any, Final

MEMBERS: Final = frozenset({"owner", "admin", "member", "viewer"})
WORKERS: Final = MEMBERS - {"viewer"}
ANYONE: Final = MEMBERS | {"anonymous", "key", "keys:manage"}
KEYS: Final = frozenset({"key", "keys:manage"})


@dataclass(frozen=True)
class Rule:
    """One way to ask an address: by whom it may be asked, about which object."""

    allowed: frozenset[str]
    method: str = "get"
    body: Any = None
    # What the identifier in the address names: "key" or "request".
    names: str = ""


# allauth's pages concern a person's own account and hold no tenant's row; the other
# answers whatever else is asked for below /v1/ with a 404 in JSON.
NOT_OURS: Final = ("accounts/", "v1/^")

SAMPLES: Final = {"slug": "nobody/no-model"}

NEW_KEY: Final = {"name": "CI", "kind": "live", "expires_in": "", "scopes": ["chat"]}

CHAT: Final = {"messages": [{"role": "user", "content": "Hi"}]}

RULES: Final[dict[str, list[Rule]]] = {
    "": [Rule(ANYONE)],
    "dashboard/": [Rule(MEMBERS)],
    "search/": [Rule(MEMBERS)],
    "requests/": [Rule(MEMBERS)],
    "requests/<uuid:code>/": [Rule(MEMBERS, names="request")],
    "playground/": [Rule(WORKERS)],
    "playground/run/": [Rule(WORKERS, "post", {"prompt": "Hi"})],
    "v1/chat": [Rule(KEYS, "post", CHAT)],
    "v1/chat/completions": [Rule(KEYS, "post", {"model": "auto", **CHAT})],
    "v1/models": [Rule(KEYS)],
    "v1/usage": [Rule(KEYS)],
    "v1/router/debug": [Rule(KEYS, "post", CHAT)],
    "keys/": [Rule(MEMBERS), Rule(WORKERS, "post", NEW_KEY)],
    "keys/<uuid:key_id>/revoke/": [Rule(WORKERS, "post", names="key")],
    "organization/choose/": [Rule(MEMBERS, "post", {"org": "x"})],
    "dev/mail/": [Rule(ANYONE)],
    "api/v1/keys": [
        Rule(MEMBERS | {"keys:manage"}),
        Rule(WORKERS | {"keys:manage"}, "post", {"name": "CI", "scopes": ["chat"]}),
    ],
    "api/v1/keys/<uuid:key_id>": [
        Rule(WORKERS | {"keys:manage"}, "delete", names="key")
    ],
    "api/schema/": [Rule(ANYONE)],
    "docs/api/": [Rule(ANYONE)],
    "models/": [Rule(ANYONE)],
    "models/<path:slug>/": [Rule(ANYONE)],
}
