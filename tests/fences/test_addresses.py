"""Every address × every role × {own, another organization's, an unknown id}.

Another organization's object must look exactly like one that does not exist, also
when the manager forgets its filter and row security stands alone.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.tenancy.models import TenantManager, TenantQuerySet
from tests.fences.addresses import MEMBERS, NOT_OURS, RULES, Rule
from tests.fences.objects import OBJECTS
from tests.fences.visitors import JSON, ask, make_visitor, roles_of

METHODS: Final = ("get", "post", "put", "patch", "delete")
CASES: Final = [(route, rule) for route, rules in RULES.items() for rule in rules]
NAMES: Final = [f"{rule.method} {route}" for route, rule in CASES]
# What differs from answer to answer by its nature.
CHANGING: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[A-Za-z0-9]{64}\b")


@pytest.fixture(params=["both walls", "row security alone"])
def walls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def unfiltered(self: TenantManager[Any]) -> TenantQuerySet[Any]:
        return TenantQuerySet(self.model, using=self._db, hints=self._hints)

    if request.param == "row security alone":
        monkeypatch.setattr(TenantManager, "get_queryset", unfiltered)


def test_every_address_is_listed() -> None:
    found = {route for route in _routes() if not route.startswith(NOT_OURS)}

    assert found == set(RULES)


def test_every_address_with_an_identifier_says_what_it_names() -> None:
    nameless = [
        name
        for name, (route, rule) in zip(NAMES, CASES, strict=True)
        if "<uuid:" in route and rule.names not in OBJECTS
    ]

    assert nameless == []


@pytest.mark.parametrize("route", RULES)
def test_every_method_is_listed(
    transactional_db: None, acme: Organization, route: str
) -> None:
    """What no rule speaks of is answered with 405, to whoever is let in elsewhere."""
    rules = RULES[route]
    role = max(rules[0].allowed, key=_power)
    listed = {rule.method for rule in rules}
    got = {}
    for method in sorted(set(METHODS) - listed):
        rule = Rule(rules[0].allowed, method, names=rules[0].names)
        answer = ask(make_visitor(acme, role, rule), route, rule, _own(rule, acme))
        got[method] = answer.status_code

    assert set(got.values()) <= {405}, got


@pytest.mark.parametrize(("route", "rule"), CASES, ids=NAMES)
def test_each_role_is_let_in_or_refused(
    transactional_db: None, acme: Organization, route: str, rule: Rule
) -> None:
    got, expected = {}, {}
    for role in roles_of(rule):
        answer = ask(make_visitor(acme, role, rule), route, rule, _own(rule, acme))
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
    acme: Organization,
    globex: Organization,
    route: str,
    rule: Rule,
) -> None:
    theirs = OBJECTS[rule.names](globex)
    for role in roles_of(rule):
        who = make_visitor(acme, role, rule)
        other = _comparable(ask(who, route, rule, theirs))
        unknown = _comparable(ask(who, route, rule, uuid7()))
        assert other == unknown, role
        if role in rule.allowed:
            assert other[0] == 404, role


def _routes(patterns: Any = None, start: str = "") -> Iterator[str]:
    for one in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(one, URLPattern):
            yield start + str(one.pattern)
        elif isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, start + str(one.pattern))


def _power(role: str) -> tuple[bool, str]:
    order = ("viewer", "member", "admin", "owner")
    return role in order, f"{order.index(role)}" if role in order else role


def _own(rule: Rule, org: Organization) -> UUID | None:
    return OBJECTS[rule.names](org) if rule.names else None


def _verdict(answer: Any) -> str:
    where = answer.headers.get("Location", "")
    if answer.status_code == 302 and "/accounts/login/" in where:
        return "sign in"
    if answer.status_code == 302 and where == "/organization/new/":
        return "no organization"
    if answer.status_code in {401, 403}:
        return str(answer.status_code)
    return "let in" if answer.status_code != 500 else "500"


def _expected(role: str, rule: Rule, route: str) -> str:
    is_v1, is_json = route.startswith("v1/"), route.startswith(JSON)
    if role in rule.allowed:
        return "let in"
    if role in MEMBERS:
        # `/v1` takes no session at all, so a member is nobody there.
        return "401" if is_v1 else "403"
    if is_json:
        return "401" if role in {"anonymous", "homeless"} else "403"
    # A key is nobody on a page; who belongs nowhere is offered to found something.
    return "no organization" if role == "homeless" else "sign in"


def _comparable(answer: Any) -> tuple[int, str, dict[str, str]]:
    headers = {name: CHANGING.sub("…", v) for name, v in answer.headers.items()}
    body = answer.getvalue() if answer.streaming else answer.content
    text = CHANGING.sub("…", body.decode(errors="replace"))
    return answer.status_code, text, headers
