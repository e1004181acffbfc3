"""Creating, resolving and revoking keys; making organizations."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connections

from apps.accounts import key_services, services
from apps.accounts.callers import find_caller
from apps.accounts.keys import Caller, digest, new_token, resolve, touch_keys
from apps.accounts.models import APIKey, Organization, User
from apps.accounts.queries import memberships_of
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.factories import make_key, make_user

pytestmark = pytest.mark.django_db


def test_a_key_is_resolved_without_a_scope(acme: Organization) -> None:
    key, token = make_key(acme, is_test=True)

    caller = resolve(digest(token))

    assert caller is not None
    assert (caller.key_id, caller.org_id) == (key.id, acme.id)
    assert caller.is_test
    assert caller.scopes == {"chat", "usage:read", "models:read"}


def test_a_member_calls_without_a_key(acme: Organization) -> None:
    caller = Caller.of_member(acme.id)

    assert (caller.key_id, caller.org_id) == (None, acme.id)
    assert "chat" in caller.scopes


def test_the_key_itself_is_kept_nowhere(acme: Organization) -> None:
    key, token = make_key(acme)

    assert token not in str(vars(key))
    assert token.startswith(key.prefix)
    assert token.endswith(key.last4)
    assert key.prefix in str(key)


def test_a_revoked_key_is_refused(acme: Organization) -> None:
    key, token = make_key(acme)
    with scope(acme.id):
        first = key_services.revoke_key(key.id).revoked_at
        assert key_services.revoke_key(key.id).revoked_at == first

    assert resolve(digest(token)) is None


def test_an_expired_key_is_refused(acme: Organization) -> None:
    _, token = make_key(acme, expires_at=utc_now() - timedelta(seconds=1))

    assert resolve(digest(token)) is None


def test_another_organizations_key_is_not_there_to_revoke(
    acme: Organization, globex: Organization
) -> None:
    theirs, token = make_key(globex)
    with scope(acme.id):
        for key_id in (theirs.id, uuid7()):
            with pytest.raises(NotFoundError):
                key_services.revoke_key(key_id)

    assert resolve(digest(token)) is not None


def test_no_caller_is_found_for_what_is_no_key() -> None:
    for token in ("", "mx_live_short", new_token()):
        assert find_caller(token) is None


def test_the_last_use_is_written_at_most_once_a_minute(acme: Organization) -> None:
    key, token = make_key(acme)
    long_ago = utc_now() - timedelta(minutes=2)
    find_caller(token)
    with scope(acme.id):
        first = APIKey.objects.get().last_used_at
        touch_keys([key.id])
        assert APIKey.objects.get().last_used_at == first
        APIKey.objects.update(last_used_at=long_ago)
        touch_keys([key.id])
        last = APIKey.objects.get().last_used_at
        assert last is not None
        assert last > long_ago


def test_a_key_under_an_earlier_pepper_is_found_and_renewed(
    acme: Organization, settings: object
) -> None:
    settings.KEY_PEPPER = "1:old"  # type: ignore[attr-defined]  # pytest-django's fixture
    _, token = make_key(acme)
    settings.KEY_PEPPER = "2:new,1:old"  # type: ignore[attr-defined]

    assert resolve(digest(token)) is None
    assert find_caller(token) is not None
    assert resolve(digest(token)) is not None
    assert find_caller(new_token()) is None


def test_a_person_gets_one_organization_and_owns_it() -> None:
    user = make_user("ulla")

    org = services.ensure_organization(user)
    again = services.ensure_organization(user)

    assert org.id == again.id
    assert str(org) == "Ulla's organization"
    (membership,) = memberships_of(user)
    assert (membership.org_id, membership.role) == (org.id, "owner")
    assert membership.role in str(membership)


def test_memberships_are_those_of_one_person(olga: User, gil: User) -> None:
    assert [m.org.name for m in memberships_of(olga)] == ["Acme"]
    assert [m.org.name for m in memberships_of(gil)] == ["Globex"]


def test_every_change_of_a_key_is_announced(
    transactional_db: None, acme: Organization
) -> None:
    config = connections["default"].get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    params = {name: config[name] for name in names if name in config}
    with psycopg.connect(**params, autocommit=True) as listener:
        listener.execute("LISTEN modeloptix_keys")
        key, token = make_key(acme)
        with scope(acme.id):
            key_services.revoke_key(key.id)
        notices = [n.payload for n in listener.notifies(timeout=1, stop_after=2)]

    assert notices == [digest(token).hex()] * 2
