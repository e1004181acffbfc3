"""No request sets a field that its address does not offer.

Every rule that writes is sent twice, into two equal worlds: as it is, and with a value
for every field of every model besides. Both must have the same effect, or the second
none: then nobody moves a row to another organization, raises a role or a plan, or
backdates anything by naming a column.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connections, models

from apps.accounts.models import Organization, User
from apps.kit.ids import uuid7
from tests.database import emptied
from tests.factories import make_member, make_org
from tests.fences.addresses import RULES, Rule
from tests.fences.objects import OBJECTS
from tests.fences.state import State, differences, state_of
from tests.fences.visitors import JSON, Visitor, ask, make_visitor

WRITES: Final = ("post", "put", "patch")
CASES: Final = [
    (route, rule)
    for route, rules in RULES.items()
    for rule in rules
    if rule.method in WRITES
]
# Privileges that some other product's table has, and one of ours may have one day.
PRIVILEGES: Final[dict[str, Any]] = {
    "is_staff": True,
    "is_superuser": True,
    "is_admin": True,
    "is_active": True,
    "is_verified": True,
    "verified": True,
    "role": "owner",
    "plan": "enterprise",
    "plan_id": "enterprise",
    "groups": ["admin"],
    "user_permissions": ["*"],
    "credits": 987654,
}
# No value of these is random or recent, so none is masked where it lands.
SENTINELS: Final[tuple[tuple[type[Any], Any], ...]] = (
    (models.BooleanField, True),
    (models.UUIDField, "11111111-1111-7111-8111-111111111111"),
    (models.DateTimeField, "2101-02-03T04:05:06Z"),
    (models.DateField, "2101-02-03"),
    (models.EmailField, "sentinel@example.com"),
    (models.IntegerField, 987654),
    (models.DecimalField, "98765.4"),
    (models.FloatField, 98765.4),
    (models.GenericIPAddressField, "198.51.100.7"),
    (ArrayField, ["sentinel"]),
    (models.JSONField, {"sentinel": 1}),
)
# `/v1` passes unknown fields on to the model, whose parameters have names of columns
# (`model`, `status`): there the privileges and what says whose a row is are tried.
IDENTITY: Final = ("id", "org", "org_id", "user", "user_id", "created_by", "created_at")


@dataclass(frozen=True)
class World:
    """Two organizations, somebody who asks, and the identifiers by name."""

    who: Visitor
    object_id: UUID | None
    theirs: Organization
    somebody: User
    names: dict[UUID, str]


@dataclass(frozen=True)
class Effect:
    """What a request came to, and the database on both sides of it."""

    before: State
    after: State
    status: int


@pytest.mark.parametrize(
    ("route", "rule"), CASES, ids=[f"{rule.method} {route}" for route, rule in CASES]
)
def test_a_field_that_is_not_offered_changes_nothing(
    transactional_db: None, route: str, rule: Rule
) -> None:
    with emptied():
        plain = _effect(route, rule, more=False)
    more = _effect(route, rule, more=True)

    if more.status < 400 or plain.status >= 400:
        assert differences(plain.after, more.after) == []
    else:
        # Refused for the surplus: then nothing may have happened at all.
        assert differences(more.before, more.after) == []


def _effect(route: str, rule: Rule, *, more: bool) -> Effect:
    world = _world(rule)
    before = state_of(world.names)
    body = {**_surplus(route, rule, world), **(rule.body or {})} if more else rule.body
    answer = ask(world.who, route, rule, world.object_id, body=body)
    if answer.streaming:
        answer.getvalue()
    # 503: no model is there to answer, which is no accident here.
    assert answer.status_code < 500 or answer.status_code == 503
    return Effect(before, state_of(world.names), answer.status_code)


def _world(rule: Rule) -> World:
    """The same rows every time, but for what is random by nature."""
    acme, globex = make_org("Acme"), make_org("Globex")
    olga = make_member(acme, "olga", role="owner")
    gil = make_member(globex, "gil", role="owner")
    return World(
        who=make_visitor(acme, _least(rule), rule),
        object_id=OBJECTS[rule.names](acme) if rule.names else None,
        theirs=globex,
        somebody=gil,
        names={acme.id: "acme", globex.id: "globex", olga.id: "olga", gil.id: "gil"},
    )


def _least(rule: Rule) -> str:
    """Whoever gains most by a hole: the lowest role that is let in."""
    order = ("viewer", "member", "admin", "owner", "key")
    known = [role for role in order if role in rule.allowed]
    return known[0] if known else min(rule.allowed)


def _surplus(route: str, rule: Rule, world: World) -> dict[str, Any]:
    """A value for every field of every model that the rule's body does not offer."""
    fields = {name: _value(field, world) for name, field in _fields()}
    values = {**fields, **PRIVILEGES}
    if route.startswith("v1/"):
        values = {name: values[name] for name in (*IDENTITY, *PRIVILEGES)}
    offered = rule.accepts | set(rule.body or {})
    values = {name: one for name, one in values.items() if name not in offered}
    return values if route.startswith(JSON) else dict(_as_form(values))


def _fields() -> Iterator[tuple[str, Any]]:
    """Every field under its name, and a foreign key under its column's name too."""
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            yield field.name, field
            yield field.attname, field


def _value(field: Any, world: World) -> Any:
    if field.is_relation:
        kinds = {Organization: world.theirs.id, User: world.somebody.id}
        return str(kinds.get(field.related_model, uuid7()))
    if field.choices:
        return str(next(iter(field.choices))[0])
    for kind, value in SENTINELS:
        if isinstance(field, kind):
            return value
    return "sentinel"


def _as_form(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        yield name, "on" if value is True else value


def test_the_comparison_sees_a_privilege_taken(
    transactional_db: None, acme: Organization, globex: Organization, mia: User
) -> None:
    names = {acme.id: "acme", globex.id: "globex", mia.id: "mia"}
    before = state_of(names)
    for change in (
        "UPDATE accounts_membership SET role = 'owner'",
        f"UPDATE accounts_membership SET org_id = '{globex.id}'",
        "UPDATE accounts_membership SET created_at = '2101-02-03T04:05:06Z'",
        "UPDATE accounts_user SET email = 'sentinel@example.com'",
    ):
        with connections["owner"].cursor() as cursor:
            cursor.execute(change)
        after = state_of(names)
        assert len(differences(before, after)) == 2, change
        before = after
    assert differences(before, state_of(names)) == []
