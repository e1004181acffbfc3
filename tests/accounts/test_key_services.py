"""Making, changing, rotating and ending keys, and what is told of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.accounts import key_services
from apps.accounts.callers import find_caller
from apps.accounts.key_cache import KEY_CACHE
from apps.accounts.key_services import NewKey
from apps.accounts.keys import digest, resolve
from apps.accounts.models import APIKey, Organization, User
from apps.audit.models import AuditEntry
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, ValidationError
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db
LIMITS: dict[str, Any] = {
    "allowed_models": ["openai/*"],
    "allowed_ips": ["192.0.2.0/24"],
    "requests_per_minute": 30,
    "tokens_per_minute": 9000,
}


@pytest.fixture(autouse=True)
def in_acme(acme: Organization) -> Iterator[None]:
    KEY_CACHE.clear()
    with scope(acme.id):
        yield


def last_entry() -> AuditEntry:
    return AuditEntry.objects.order_by("-id")[0]


def test_a_key_s_limits_go_with_its_caller(olga: User) -> None:
    _, token = key_services.create_key(NewKey(name="CI", **LIMITS), by=olga)

    caller = find_caller(token)

    assert caller is not None
    assert caller.allowed_models == ("openai/*",)
    assert caller.may_come_from("192.0.2.9")
    assert not caller.may_come_from("192.0.3.9")
    assert (caller.requests_per_minute, caller.tokens_per_minute) == (30, 9000)


def test_a_change_is_in_force_at_once_and_on_record(acme: Organization) -> None:
    key, token = make_key(acme)
    assert find_caller(token) is not None

    key_services.change_key(key.id, {"scopes": ["chat"], "requests_per_minute": 5})

    caller = find_caller(token)
    assert caller is not None
    assert (caller.scopes, caller.requests_per_minute) == (frozenset({"chat"}), 5)
    entry = last_entry()
    assert (entry.action, entry.label) == ("key.changed", "Test suite")
    assert entry.before is not None
    assert entry.after is not None
    assert entry.before["requests_per_minute"] is None
    assert entry.after == {"scopes": ["chat"], "requests_per_minute": 5}


def test_both_secrets_of_a_rotated_key_work_until_the_overlap_ends(
    acme: Organization,
) -> None:
    key, old = make_key(acme)
    assert find_caller(old) is not None

    rotated, new = key_services.rotate_key(key.id, overlap=timedelta(hours=1))

    callers = [find_caller(token) for token in (old, new)]
    assert [c.key_id for c in callers if c] == [key.id, key.id]
    assert callers[0] is not None
    assert callers[0].expires_at == rotated.previous_until
    assert (rotated.last4, rotated.previous_last4) == (new[-4:], old[-4:])
    assert last_entry().action == "key.rotated"
    APIKey.objects.update(previous_until=utc_now() - timedelta(seconds=1))
    assert resolve(digest(old)) is None
    assert resolve(digest(new)) is not None


def test_without_an_overlap_the_old_secret_ends_at_once(acme: Organization) -> None:
    key, old = make_key(acme)
    assert find_caller(old) is not None

    _, new = key_services.rotate_key(key.id, overlap=timedelta(0))

    assert find_caller(old) is None
    assert find_caller(new) is not None


def test_a_second_rotation_ends_the_first_secret(acme: Organization) -> None:
    key, first = make_key(acme)
    _, second = key_services.rotate_key(key.id)
    _, third = key_services.rotate_key(key.id)

    found = [find_caller(token) is not None for token in (first, second, third)]

    assert found == [False, True, True]


def test_an_overlap_does_not_outlive_the_key(acme: Organization) -> None:
    soon = utc_now() + timedelta(minutes=5)
    key, old = make_key(acme, expires_at=soon)
    key_services.rotate_key(key.id, overlap=timedelta(days=1))

    caller = find_caller(old)

    assert caller is not None
    assert caller.expires_at == soon


def test_a_revoked_key_ends_with_both_secrets(acme: Organization) -> None:
    key, old = make_key(acme)
    _, new = key_services.rotate_key(key.id)
    assert all(find_caller(token) for token in (old, new))

    key_services.revoke_key(key.id)

    assert [find_caller(token) for token in (old, new)] == [None, None]
    assert last_entry().action == "key.revoked"


def test_a_key_that_is_over_is_neither_rotated_nor_changed(acme: Organization) -> None:
    expired, _ = make_key(acme, expires_at=utc_now() - timedelta(seconds=1))
    revoked, _ = make_key(acme)
    key_services.revoke_key(revoked.id)

    for key in (expired, revoked):
        with pytest.raises(ValidationError):
            key_services.rotate_key(key.id)
    with pytest.raises(ValidationError):
        key_services.change_key(revoked.id, {"name": "New"})
    with pytest.raises(NotFoundError):
        key_services.change_key(uuid7(), {"name": "New"})


def test_only_the_leaked_secret_of_a_rotated_key_ends(acme: Organization) -> None:
    key, old = make_key(acme)
    _, new = key_services.rotate_key(key.id)

    key_services.end_secret(key.id, digest(old), reason="found")
    kept = find_caller(new)
    again = key_services.end_secret(key.id, digest(old), reason="found")

    assert find_caller(old) is None
    assert kept is not None
    assert again is None
    key_services.end_secret(key.id, digest(new), reason="found")
    assert find_caller(new) is None


def test_an_old_pepper_s_secret_is_renewed_in_its_own_place(
    acme: Organization, settings: Any
) -> None:
    settings.KEY_PEPPER = "1:old"
    key, first = make_key(acme)
    _, second = key_services.rotate_key(key.id)
    settings.KEY_PEPPER = "2:new,1:old"

    for _ in range(2):
        KEY_CACHE.clear()
        assert all(find_caller(token) for token in (first, second))

    stored = APIKey.objects.get()
    assert bytes(stored.digest) == digest(second)
    assert bytes(stored.previous_digest or b"") == digest(first)


def test_the_audit_log_has_no_secret(acme: Organization) -> None:
    key, token = make_key(acme)
    _, new = key_services.rotate_key(key.id)
    key_services.revoke_key(key.id)

    text = " ".join(
        str((entry.before, entry.after)) for entry in AuditEntry.objects.all()
    )
    assert token[12:-4] not in text
    assert new[12:-4] not in text
