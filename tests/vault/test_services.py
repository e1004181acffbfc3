"""Adding, changing, ordering and forgetting provider keys."""

from uuid import UUID

import psycopg
import pytest

from apps.accounts.models import Organization
from apps.audit.models import AuditEntry
from apps.catalog.models import Provider
from apps.kit.errors import NotFoundError, UnprocessableError
from apps.kit.ids import uuid7
from apps.kit.sealing import Secret
from apps.tenancy.dsn import dsn_of
from apps.tenancy.scope import scope
from apps.vault import services
from apps.vault.crypto import opened
from apps.vault.models import ProviderKey, ProviderPreference
from apps.vault.services import CHANNEL, MOST_KEYS, NewProviderKey
from tests.factories import make_user
from tests.vault.conftest import KEY, make_provider, make_provider_key

pytestmark = pytest.mark.django_db(transaction=True)
OWN_ONLY = ProviderPreference.Order.OWN_ONLY


def _order(org: Organization) -> list[str]:
    with scope(org.id):
        return list(ProviderKey.objects.values_list("name", flat=True))


def _audited(org: Organization) -> list[str]:
    with scope(org.id):
        entries = AuditEntry.objects.order_by("created_at", "id")
        return list(entries.values_list("action", flat=True))


def test_keys_are_tried_in_the_order_they_came(
    openai: Provider, acme: Organization
) -> None:
    for name in ("one", "two", "three"):
        make_provider_key(acme, name=name)

    assert _order(acme) == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (1, ["three", "one", "two"]),
        (2, ["one", "three", "two"]),
        (3, ["one", "two", "three"]),
        (99, ["one", "two", "three"]),
        (-1, ["three", "one", "two"]),
    ],
)
def test_a_key_is_moved(
    openai: Provider, acme: Organization, to: int, expected: list[str]
) -> None:
    keys = [make_provider_key(acme, name=name) for name in ("one", "two", "three")]

    with scope(acme.id):
        services.move_key(keys[-1].id, to=to)

    assert _order(acme) == expected


def test_a_key_is_shifted_and_stops_at_the_ends(
    openai: Provider, acme: Organization
) -> None:
    one, two = (make_provider_key(acme, name=name) for name in ("one", "two"))

    with scope(acme.id):
        services.shift_key(one.id, by=1)
        services.shift_key(two.id, by=-1)

    assert _order(acme) == ["two", "one"]


def test_a_replaced_key_keeps_its_name_and_place(
    openai: Provider, acme: Organization
) -> None:
    key = make_provider_key(acme)
    with scope(acme.id):
        ProviderKey.objects.update(test_result="works", test_ms=3)

        services.replace_key(key.id, Secret("sk-new-0123456789abWXYZ"))

        stored = ProviderKey.objects.defer(None).get()
    assert opened(stored).reveal() == "sk-new-0123456789abWXYZ"
    assert (stored.name, stored.position, stored.last4) == ("Production", 1, "WXYZ")
    assert (stored.test_result, stored.test_ms) == ("", None)


def test_so_many_keys_and_no_more(openai: Provider, acme: Organization) -> None:
    for number in range(MOST_KEYS):
        make_provider_key(acme, name=str(number))

    with pytest.raises(UnprocessableError, match="delete one first"):
        make_provider_key(acme)


@pytest.mark.parametrize("slug", ["nobody", "echo", "free", "listed", "local"])
def test_a_provider_without_keys_takes_none(
    openai: Provider, acme: Organization, slug: str
) -> None:
    make_provider("echo", protocol=Provider.Protocol.ECHO)
    make_provider("free", api_key_env="")
    make_provider("listed", base_url="")
    make_provider("local")

    with pytest.raises(NotFoundError):
        make_provider_key(acme, slug)


def test_every_change_is_audited_without_the_key(
    openai: Provider, acme: Organization
) -> None:
    key = make_provider_key(acme)
    with scope(acme.id):
        services.change_key(key.id, name="Staging")
        services.change_key(key.id, name="Staging")
        services.change_key(key.id, is_enabled=False)
        services.replace_key(key.id, Secret("sk-new-0123456789abcdef"))
        services.prefer("openai", OWN_ONLY)
        services.prefer("openai", OWN_ONLY)
        services.delete_key(key.id)
        log = [str((e.before, e.after, e.label)) for e in AuditEntry.objects.all()]

    assert _audited(acme) == [
        "provider_key.added",
        "provider_key.changed",
        "provider_key.changed",
        "provider_key.replaced",
        "provider_preference.changed",
        "provider_key.deleted",
    ]
    assert not any("0123456789" in entry for entry in log)


def test_every_process_is_told(openai: Provider, acme: Organization) -> None:
    with psycopg.connect(dsn_of("default"), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        make_provider_key(acme)
        heard = list(listener.notifies(timeout=10, stop_after=1))

    assert [notice.channel for notice in heard] == [CHANNEL]
    assert heard[0].payload == ""


def test_another_organizations_key_is_out_of_reach(
    openai: Provider, acme: Organization, globex: Organization
) -> None:
    theirs = make_provider_key(globex)
    deeds = (
        services.delete_key,
        lambda key_id: services.change_key(key_id, name="x"),
        lambda key_id: services.replace_key(key_id, Secret(KEY)),
        lambda key_id: services.move_key(key_id, to=1),
        lambda key_id: services.shift_key(key_id, by=1),
        services.test_key,
    )

    for deed in deeds:
        for key_id in (theirs.id, uuid7()):
            with scope(acme.id), pytest.raises(NotFoundError):
                deed(key_id)

    assert _order(globex) == ["Production"]


def test_a_person_who_leaves_takes_no_key_along(
    openai: Provider, acme: Organization
) -> None:
    ulla = make_user()
    with scope(acme.id):
        wanted = NewProviderKey("openai", "Hers", Secret(KEY))
        key_id: UUID = services.add_key(wanted, by=ulla).id
        ulla.delete()
        assert ProviderKey.objects.get(id=key_id).created_by is None
