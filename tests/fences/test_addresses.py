"""Every address × every role × {own, another organization's, an unknown id}.

Another organization's object must look exactly like one that does not exist, also
when the manager forgets its filter and row security stands alone.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts.keys import DEFAULT_SCOPES
from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.tenancy.models import TenantManager, TenantQuerySet
from tests.factories import make_key, make_member, make_routed_request
from tests.fences.addresses import ANYONE, MEMBERS, NOT_OURS, RULES, SAMPLES, Rule

ROLES: Final = sorted(ANYONE)
CASES: Final = [(route, rule) for route, rules in RULES.items() for rule in rules]
NAMES: Final = [f"{rule.method} {route}" for route, rule in CASES]
# What differs from answer to answer by its nature.
CHANGING: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[A-Za-z0-9]{64}\b")
type Factory = Callable[[Organization], UUID]

OBJECTS: Final[dict[str, Factory]] = {
    "key": lambda org: make_key(org)[0].id,
    "request": lambda org: make_routed_request(org).id,
}


@dataclass(frozen=True)
class Visitor:
    client: Client
    headers: dict[str, str]


@pytest.fixture
def visitor(acme: Organization) -> Callable[[str], Visitor]:
    def make(role: str) -> Visitor:
        client, headers = Client(), {}
        if role in MEMBERS:
            client.force_login(make_member(acme, f"{role}-{uuid7()}", role=role))
        elif role != "anonymous":
            scopes = (*DEFAULT_SCOPES, role) if ":" in role else DEFAULT_SCOPES
            headers["Authorization"] = f"Bearer {make_key(acme, scopes=scopes)[1]}"
        return Visitor(client, headers)

    return make


@pytest.fixture(params=["both walls", "row security alone"])
def walls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def unfiltered(self: TenantManager[Any]) -> TenantQuerySet[Any]:
        return TenantQuerySet(self.model, using=self._db, hints=self._hints)

    if request.param == "row security alone":
        monkeypatch.setattr(TenantManager, "get_queryset", unfiltered)


def test_every_address_is_listed() -> None:
    found = {route for route in _routes() if not route.startswith(NOT_OURS)}

    assert found == set(RULES)


@pytest.mark.parametrize(("route", "rule"), CASES, ids=NAMES)
def test_each_role_is_let_in_or_refused(
    transactional_db: None,
    visitor: Callable[[str], Visitor],
    acme: Organization,
    route: str,
    rule: Rule,
) -> None:
    got, expected = {}, {}
    for role in ROLES:
        answer = _ask(visitor(role), route, rule, _own(rule, acme))
        got[role] = _verdict(answer)
        expected[role] = _expected(role, rule, route)

    assert got == expected


@pytest.mark.parametrize(
    ("route", "rule"),
    [case for case in CASES if case[1].names],
    ids=[name for name, case in zip(NAMES, CASES, strict=True) if case[1].names],
)
def test_another_organizations_object_looks_like_none(
    transactional_db: None,
    walls: None,
    visitor: Callable[[str], Visitor],
    globex: Organization,
    route: str,
    rule: Rule,
) -> None:
    theirs = OBJECTS[rule.names](globex)
    for role in ROLES:
        who = visitor(role)
        other = _comparable(_ask(who, route, rule, theirs))
        unknown = _comparable(_ask(who, route, rule, uuid7()))
        assert other == unknown, role
        if role in rule.allowed:
            assert other[0] == 404, role


def _routes(patterns: Any = None, start: str = "") -> Iterator[str]:
    for one in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(one, URLPattern):
            yield start + str(one.pattern)
        elif isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, start + str(one.pattern))


def _own(rule: Rule, org: Organization) -> UUID | None:
    return OBJECTS[rule.names](org) if rule.names else None


def _ask(who: Visitor, route: str, rule: Rule, object_id: UUID | None) -> Any:
    path = "/" + re.sub(
        r"<(?:\w+:)?(\w+)>", lambda m: SAMPLES.get(m[1]) or str(object_id), route
    )
    options: dict[str, Any] = {}
    if rule.body is not None:
        options["data"] = rule.body
        if route.startswith(("v1/", "api/")):
            options["content_type"] = "application/json"
    method = getattr(who.client, rule.method)
    return method(path, headers=who.headers, **options)


def _verdict(answer: Any) -> str:
    if answer.status_code == 302 and "/accounts/login/" in answer.headers["Location"]:
        return "sign in"
    if answer.status_code in {401, 403}:
        return str(answer.status_code)
    return "let in" if answer.status_code != 500 else "500"


def _expected(role: str, rule: Rule, route: str) -> str:
    is_v1, is_api = route.startswith("v1/"), route.startswith("api/")
    if role in rule.allowed:
        return "let in"
    if role in MEMBERS:
        # `/v1` takes no session at all, so a member is nobody there.
        return "401" if is_v1 else "403"
    if is_api or is_v1:
        return "401" if role == "anonymous" else "403"
    return "sign in"


def _comparable(answer: Any) -> tuple[int, str, dict[str, str]]:
    headers = {name: CHANGING.sub("…", v) for name, v in answer.headers.items()}
    body = answer.getvalue() if answer.streaming else answer.content
    text = CHANGING.sub("…", body.decode(errors="replace"))
    return answer.status_code, text, headers
