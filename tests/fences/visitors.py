"""Everybody who can come: each role, keys with and without a scope, nobody at all."""

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.test import Client

from apps.accounts.keys import DEFAULT_SCOPES, SCOPES
from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from tests.factories import make_key, make_member, make_user
from tests.fences.addresses import MEMBERS, PEOPLE, SAMPLES, Rule

JSON: Final = ("v1/", "api/")


@dataclass(frozen=True)
class Visitor:
    """A client, and the headers it sends with everything."""

    client: Client
    headers: dict[str, str]


def roles_of(rule: Rule) -> list[str]:
    """Who tries: every person, a key, and a key with the scope that the rule names."""
    scoped = sorted(role for role in rule.allowed if ":" in role)
    more = [] if "key" in rule.allowed else scoped
    return sorted([*PEOPLE, "anonymous", "key", *more])


def make_visitor(org: Organization, role: str, rule: Rule) -> Visitor:
    """Somebody of that role; a refused key has all scopes but those the rule names."""
    client, headers = Client(), {}
    if role in MEMBERS:
        client.force_login(make_member(org, f"{role}-{uuid7()}", role=role))
    elif role == "homeless":
        client.force_login(make_user(f"homeless-{uuid7()}"))
    elif role != "anonymous":
        scopes = tuple(sorted(set(SCOPES) - rule.allowed))
        if role in rule.allowed:
            scopes = (*DEFAULT_SCOPES, role) if ":" in role else DEFAULT_SCOPES
        headers["Authorization"] = f"Bearer {make_key(org, scopes=scopes)[1]}"
    return Visitor(client, headers)


def ask(
    who: Visitor, route: str, rule: Rule, object_id: UUID | None, *, body: Any = None
) -> Any:
    """Send the rule's request to the address that names this object."""
    path = "/" + re.sub(
        r"<(?:\w+:)?(\w+)>", lambda m: SAMPLES.get(m[1]) or str(object_id), route
    )
    options: dict[str, Any] = {}
    data = rule.body if body is None else body
    if data is not None:
        options["data"] = data
        if route.startswith(JSON):
            options["content_type"] = "application/json"
    return getattr(who.client, rule.method)(path, headers=who.headers, **options)
