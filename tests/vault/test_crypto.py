"""A sealed key opens in its own row and nowhere else."""

import pytest
from django.db import connections

from apps.accounts.models import Organization
from apps.catalog.models import Provider
from apps.kit.sealing import SealError
from apps.router import snapshot
from apps.tenancy.scope import scope, unscoped
from apps.vault.crypto import opened, place_of
from apps.vault.models import ProviderKey
from apps.vault.opening import unreadable, usable_keys
from tests.vault.conftest import make_provider_key

pytestmark = pytest.mark.django_db(transaction=True)


def _stored(key: ProviderKey) -> ProviderKey:
    with scope(key.org_id):
        return ProviderKey.objects.defer(None).get(id=key.id)


def _copy_sealed(source: ProviderKey, target: ProviderKey) -> None:
    """What somebody could do who can write to the database."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE vault_providerkey SET sealed ="
            " (SELECT sealed FROM vault_providerkey WHERE id = %s) WHERE id = %s",
            [source.id, target.id],
        )


def _usable() -> set[str]:
    with unscoped("a test"):
        return {key.secret.reveal() for key in usable_keys()}


def test_a_key_is_stored_sealed(openai: Provider, acme: Organization) -> None:
    key = _stored(make_provider_key(acme, key="sk-own-0123456789abcdef"))

    assert b"0123456789" not in bytes(key.sealed)
    assert opened(key).reveal() == "sk-own-0123456789abcdef"
    assert place_of(key) == f"{acme.id}|openai|{key.id}"


@pytest.mark.parametrize("change", ["org", "provider", "row"])
def test_a_ciphertext_that_was_moved_is_refused(
    openai: Provider,
    groq: Provider,
    acme: Organization,
    globex: Organization,
    change: str,
) -> None:
    mine = make_provider_key(acme, key="sk-mine-0123456789abcdef")
    other = make_provider_key(
        globex if change == "org" else acme,
        "groq" if change == "provider" else "openai",
        key="sk-other-0123456789abcdef",
    )

    _copy_sealed(mine, other)

    with pytest.raises(SealError):
        opened(_stored(other))
    assert _usable() == {"sk-mine-0123456789abcdef"}


def test_a_row_that_changes_its_provider_no_longer_opens(
    openai: Provider, groq: Provider, acme: Organization
) -> None:
    key = make_provider_key(acme)

    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE vault_providerkey SET provider = 'groq'")

    with pytest.raises(SealError):
        opened(_stored(key))


def test_a_damaged_row_takes_nothing_else_away(
    openai: Provider,
    acme: Organization,
    globex: Organization,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = make_provider_key(globex, key="sk-good-0123456789abcdef")
    bad = make_provider_key(acme)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE vault_providerkey SET sealed = %s WHERE id = %s", [b"x", bad.id]
        )

    shot = snapshot.load()

    assert set(shot.org_ways) == {good.org_id}
    assert str(bad.id) in caplog.text
    with scope(acme.id):
        assert unreadable() == {bad.id}


def test_a_snapshot_does_not_show_its_keys(
    openai: Provider, acme: Organization
) -> None:
    make_provider_key(acme, key="sk-shy-0123456789abcdef")

    shot = snapshot.load()

    way = shot.org_ways[acme.id].ways["openai"][0]
    assert way.endpoint.api_key == "sk-shy-0123456789abcdef"
    assert "sk-shy" not in f"{shot!r} {shot.org_ways!r} {way!r} {way.endpoint!r}"
