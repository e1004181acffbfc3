"""Every address × every role × {own, another organization's, an unknown id}.

Another organization's object must look exactly like one that does not exist, also
when the manager forgets its filter and row security stands alone.
"""

import re
from collections.abc import Iterator
from functools import cache
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
# Parts that several workers can share.
PARTS: Final = 4
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


def test_every_method_is_listed(transactional_db: None, acme: Organization) -> None:
    """What no rule speaks of is answered with 405, to whoever is let in elsewhere.

    Nothing is changed by that, so all addresses share their visitors and objects.
    """
    visitor = cache(lambda role, allowed: make_visitor(acme, role, Rule(allowed)))
    own = cache(lambda names: _own(names, acme))
    got = {}
    for route, (first, *others) in RULES.items():
        role = max(first.allowed, key=_power)
        for method in sorted({*METHODS} - {rule.method for rule in (first, *others)}):
            who = visitor(role, first.allowed)
            rule = Rule(first.allowed, method, names=first.names)
            answer = ask(who, route, rule, own(first.names))
            got[f"{method} {route}"] = answer.status_code

    assert {asked: status for asked, status in got.items() if status != 405} == {}


@pytest.mark.parametrize("part", range(PARTS))
def test_who_is_not_named_is_refused(
    transactional_db: None, acme: Organization, part: int
) -> None:
    """A refusal changes nothing, so all addresses share their visitors and objects."""
    visitor = cache(lambda role, allowed: make_visitor(acme, role, Rule(allowed)))
    own = cache(lambda names: _own(names, acme))
    got, expected = {}, {}
    for (route, rule), name in list(zip(CASES, NAMES, strict=True))[part::PARTS]:
        for role in sorted({*roles_of(rule)} - rule.allowed):
            # Only what a key may do depends on the address that it is refused at.
            who = visitor(role, rule.allowed if "key" in role else frozenset())
            answer = ask(who, route, rule, own(rule.names))
            got[name, role] = _verdict(answer)
            expected[name, role] = _expected(role, rule, route)

    assert got == expected


@pytest.mark.parametrize(("route", "rule"), CASES, ids=NAMES)
def test_who_is_named_is_let_in(
    transactional_db: None, acme: Organization, route: str, rule: Rule
) -> None:
    got = {}
    for role in sorted({*roles_of(rule)} & rule.allowed):
        who = make_visitor(acme, role, rule)
        got[role] = _verdict(ask(who, route, rule, _own(rule.names, acme)))

    assert got == dict.fromkeys(got, "let in")


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


def _own(names: str, org: Organization) -> UUID | None:
    return OBJECTS[names](org) if names else None


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
    """How somebody is refused."""
    is_v1, is_json = route.startswith("v1/"), route.startswith(JSON)
    if role in MEMBERS:
        # `/v1` takes no session at all, so a member is nobody there.
        return "401" if is_v1 else "403"
    if is_json:
        return "401" if role in {"anonymous", "homeless"} else "403"
    # A key is nobody on a page; who belongs nowhere is offered to found something.
    return "no organization" if role == "homeless" else "sign in"


def _comparable(answer: Any) -> tuple[int, str, dict[str, str]]:
    headers = {name: CHANGING.sub("…", v) for name, v in answer.headers.items()}
    # The moment of the answer, where nothing may keep it.
    headers.pop("Expires", None)
    body = answer.getvalue() if answer.streaming else answer.content
    text = CHANGING.sub("…", body.decode(errors="replace"))
    return answer.status_code, text, headers
