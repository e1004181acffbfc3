"""Re-encryption: everything comes under the newest key, however often it is killed."""

import os
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django.fixtures import Settings

from apps.accounts.mfa import MFAAdapter
from apps.accounts.models import Membership, Organization
from apps.catalog.models import Provider
from apps.jobs.lock import AlreadyRunningError, hold
from apps.jobs.models import Run
from apps.jobs.resealing import SealedValue
from apps.kit.sealing import KEY_BYTES, Keyring, Secret
from apps.sso.models import Connection
from apps.sso.services import Wanted, client_secret, save_connection
from apps.tenancy.scope import scope, unscoped
from apps.vault import crypto, rotation
from apps.vault.models import ProviderKey
from apps.vault.rotation import JOB, rotate
from apps.vault.tasks import rotate_provider_keys
from tests.accounts.staff import TOTP_SECRET, add_factor
from tests.factories import make_member, make_user
from tests.vault.conftest import make_provider_key

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = b"o" * KEY_BYTES, b"n" * KEY_BYTES
BOTH = Keyring({1: OLD, 2: NEW})
COUNT = 5


@pytest.fixture
def keys(
    openai: Provider, acme: Organization, globex: Organization, settings: Settings
) -> list[ProviderKey]:
    """Keys of two organizations under the old key; the new one is in force."""
    settings.KEY_ENCRYPTION_KEYS = Keyring({1: OLD})
    made = [
        make_provider_key((acme, globex)[n % 2], key=f"sk-own-{n}-0123456789abcdef")
        for n in range(COUNT)
    ]
    settings.KEY_ENCRYPTION_KEYS = BOTH
    return made


def _versions() -> list[int]:
    with unscoped("a test"):
        rows = ProviderKey.objects.order_by("id")
        return list(rows.values_list("kek_version", flat=True))


def _clear() -> list[str]:
    with unscoped("a test"):
        rows = ProviderKey.objects.defer(None).order_by("id")
        return [crypto.opened(row).reveal() for row in rows]


WANTED = [f"sk-own-{n}-0123456789abcdef" for n in range(COUNT)]


def _rotate(*, batch: int = 2) -> rotation.Rotated:
    with hold(JOB, trigger="command") as held:
        return rotate(held, batch=batch)


def test_every_key_comes_under_the_newest(
    keys: list[ProviderKey], settings: Settings
) -> None:
    assert _versions() == [1] * COUNT

    assert str(_rotate()) == "5 re-encrypted"

    assert _versions() == [2] * COUNT
    settings.KEY_ENCRYPTION_KEYS = Keyring({2: NEW})
    assert _clear() == WANTED


def test_a_second_run_finds_nothing_to_do(keys: list[ProviderKey]) -> None:
    _rotate()

    assert str(_rotate()) == "0 re-encrypted"
    assert _clear() == WANTED


def test_a_run_that_dies_half_way_is_gone_on_with(
    keys: list[ProviderKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rotation, "_reseal", _dying_after(3))
        with pytest.raises(KeyboardInterrupt):
            _rotate()
    # The unit that was under way is undone as a whole, the ones before it stay.
    assert _versions() == [2, 2, 1, 1, 1]
    assert _clear() == WANTED

    assert str(_rotate()) == "3 re-encrypted"
    assert _versions() == [2] * COUNT


def _dying_after(count: int) -> Callable[..., None]:
    left, reseal = iter(range(count)), rotation._reseal

    def dying(*args: Any) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        reseal(*args)

    return dying


def test_a_damaged_key_is_told_and_the_others_are_done(
    keys: list[ProviderKey], caplog: pytest.LogCaptureFixture
) -> None:
    _write(keys[0], sealed=b"damaged")

    with pytest.raises(CommandError, match="Keep the old keys"):
        call_command("rotate_provider_keys", stdout=StringIO())

    assert _versions() == [1, 2, 2, 2, 2]
    assert str(keys[0].id) in caplog.text


def test_a_key_that_was_moved_here_is_not_made_good(keys: list[ProviderKey]) -> None:
    with unscoped("a test"):
        stolen = ProviderKey.objects.defer(None).get(id=keys[0].id)
    _write(keys[1], sealed=bytes(stolen.sealed))

    assert str(_rotate()) == "4 re-encrypted, 1 unreadable"


def test_a_key_replaced_meanwhile_stays_as_it_is(
    keys: list[ProviderKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    reseal = rotation._reseal

    def slow(value: SealedValue, *args: Any) -> None:
        if value.key == str(keys[0].id):
            _write(keys[0], sealed=b"another", kek_version=2)
        reseal(value, *args)

    monkeypatch.setattr(rotation, "_reseal", slow)

    assert _rotate().resealed == COUNT - 1
    with unscoped("a test"):
        row = ProviderKey.objects.defer(None).get(id=keys[0].id)
    assert bytes(row.sealed) == b"another"


def test_second_factors_and_single_sign_on_come_along(
    acme: Organization, settings: Settings
) -> None:
    settings.KEY_ENCRYPTION_KEYS = Keyring({1: OLD})
    stella = make_user("stella")
    add_factor(stella)
    with scope(acme.id):
        olga = Membership.objects.get(user=make_member(acme, "olga", role="owner"))
        wanted = Wanted("oidc", "https://idp.example.com", "member")
        secret = Secret("an OIDC secret")
        connection = save_connection(replace(wanted, client_secret=secret), by=olga)
    settings.KEY_ENCRYPTION_KEYS = BOTH

    assert str(_rotate(batch=1)) == "3 re-encrypted"
    assert str(_rotate(batch=1)) == "0 re-encrypted"

    settings.KEY_ENCRYPTION_KEYS = Keyring({2: NEW})
    totp = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert MFAAdapter().decrypt(totp.data["secret"]) == TOTP_SECRET
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    assert codes.wrap().get_unused_codes()
    with scope(acme.id):
        connection = Connection.objects.get(id=connection.id)
        assert client_secret(connection) == secret


def _write(row: ProviderKey, **values: Any) -> None:
    """As somebody else, in a transaction of their own."""
    with connections["owner"].cursor() as cursor:
        for column, value in values.items():
            cursor.execute(
                f"UPDATE vault_providerkey SET {column} = %s WHERE id = %s",
                [value, row.id],
            )


def test_the_command_and_the_task_do_it(keys: list[ProviderKey]) -> None:
    out = StringIO()
    call_command("rotate_provider_keys", stdout=out)
    assert out.getvalue() == "Sealed values: 5 re-encrypted.\n"

    rotate_provider_keys()

    runs = Run.objects.using("jobs").filter(name=JOB).order_by("started_at")
    assert [run.status for run in runs] == ["completed"] * 2


def test_two_do_not_run_at_once(keys: list[ProviderKey]) -> None:
    with hold(JOB), pytest.raises(CommandError):
        call_command("rotate_provider_keys", stdout=StringIO())


@pytest.fixture
def killed(keys: list[ProviderKey], settings: Settings) -> Iterator[None]:
    """A real process, killed while it waits for a row in the middle of its unit."""
    owner = connections["owner"]
    owner.set_autocommit(False)
    try:
        with owner.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM vault_providerkey WHERE id = %s FOR UPDATE",
                [keys[-1].id],
            )
        process = subprocess.Popen(
            [sys.executable, "manage.py", "rotate_provider_keys"],
            cwd=settings.BASE_DIR,
            env=_environment(settings),
        )
        try:
            _wait_for_a_lock()
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        yield
    finally:
        owner.rollback()
        owner.set_autocommit(True)


def _wait_for_a_lock() -> None:
    until = time.monotonic() + 60
    with connections["jobs"].cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN"
                " (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
            )
            if cursor.fetchone():
                return
            time.sleep(0.05)
    raise AssertionError("The process never came to the row.")


def _environment(settings: Settings) -> dict[str, str]:
    given = {
        "DATABASE_URL": settings.DATABASE_URL,
        "DATABASE_OWNER_URL": settings.OWNER_URL,
        "DATABASE_JOBS_URL": settings.JOBS_URL,
        "DATABASE_LEDGER_URL": settings.LEDGER_URL,
    }
    path = f"/{settings.DATABASES['default']['NAME']}"
    urls = {
        name: urlunsplit(urlsplit(url)._replace(path=path))
        for name, url in given.items()
    }
    ring = ",".join(
        f"{version}:{urlsafe_b64encode(key).decode()}"
        for version, key in BOTH.keys.items()
    )
    return {
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "KEY_ENCRYPTION_KEYS": ring,
    }


def test_a_killed_process_leaves_every_key_usable_and_the_next_finishes(
    killed: None, settings: Settings
) -> None:
    assert _clear() == WANTED
    assert set(_versions()) == {1}
    connections["owner"].rollback()
    settings.JOB_LEASE_S = 0.2

    until = time.monotonic() + 60
    while set(_versions()) == {1} and time.monotonic() < until:
        try:
            _rotate()
        except AlreadyRunningError:  # the dead run is not yet known to be dead
            time.sleep(0.1)

    assert _versions() == [2] * COUNT
    assert _clear() == WANTED
