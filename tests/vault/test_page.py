"""`/provider-keys/`: bring, test, order and forget keys; none is ever shown."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from apps.accounts.models import Organization, User
from apps.catalog.models import Provider
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from apps.vault.models import ProviderKey, ProviderPreference
from tests.factories import make_member
from tests.vault.conftest import KEY, make_provider_key

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/provider-keys/"
GOOD = {"provider": "openai", "name": "Production", "key": KEY}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(
    openai: Provider, acme: Organization, sign_in: Callable[[User], Client]
) -> Client:
    return sign_in(make_member(acme, "adam", role="admin"))


def _text(answer: Any) -> str:
    return str(answer.content.decode())


def _keys(org: Organization) -> list[ProviderKey]:
    with scope(org.id):
        return list(ProviderKey.objects.all())


def test_a_key_is_added_and_only_its_end_is_shown(
    client: Client, acme: Organization
) -> None:
    answer = client.post(URL, GOOD, follow=True)

    assert "…cdef" in _text(answer)
    assert "0123456789" not in _text(answer)
    assert "no-store" in client.get(URL).headers["Cache-Control"]
    [key] = _keys(acme)
    assert (key.name, key.last4) == ("Production", "cdef")


@pytest.mark.parametrize("is_htmx", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ""},
        {"key": "short"},
        {"key": "x" * 501},
        {"key": "sk-with a blank 0123456"},
        {"key": "sk-with\nline-0123456789"},
        {"key": "sk-ümlaut-0123456789abc"},
        {"name": ""},
        {"provider": "nobody"},
    ],
    ids=str,
)
def test_bad_input_comes_back_without_the_key(
    client: Client, acme: Organization, wrong: dict[str, str], *, is_htmx: bool
) -> None:
    form = {**GOOD, **wrong}

    answer = client.post(URL, form, headers=HTMX if is_htmx else {})

    assert answer.status_code == 422
    assert (b"<html" in answer.content) is not is_htmx
    assert "0123456" not in _text(answer)
    assert _keys(acme) == []


def test_blanks_around_a_pasted_key_do_not_matter(
    client: Client, acme: Organization
) -> None:
    client.post(URL, {**GOOD, "key": f"  {KEY}\n"})

    assert [key.last4 for key in _keys(acme)] == ["cdef"]


@pytest.mark.parametrize(
    ("deed", "form", "expected"),
    [
        ("change", {"action": "disable"}, {"is_enabled": False}),
        ("replace", {"key": "sk-new-0123456789abWXYZ"}, {"last4": "WXYZ"}),
        ("test", {}, {"test_result": "unreachable"}),
    ],
)
@pytest.mark.parametrize("is_htmx", [True, False])
def test_a_key_is_changed(
    client: Client,
    acme: Organization,
    deed: str,
    form: dict[str, str],
    expected: dict[str, Any],
    *,
    is_htmx: bool,
) -> None:
    key = make_provider_key(acme)

    headers = HTMX if is_htmx else {}
    answer = client.post(f"{URL}{key.id}/{deed}/", form, headers=headers)

    assert answer.status_code == (200 if is_htmx else 302)
    [stored] = _keys(acme)
    assert {name: getattr(stored, name) for name in expected} == expected


def test_a_bad_replacement_is_shown_again(client: Client, acme: Organization) -> None:
    key = make_provider_key(acme)

    answer = client.post(f"{URL}{key.id}/replace/", {"key": "sk-short"})

    assert answer.status_code == 422
    assert "characters" in _text(answer)
    assert "sk-short" not in _text(answer)


def test_keys_are_ordered_and_deleted(client: Client, acme: Organization) -> None:
    one, two = (make_provider_key(acme, name=name) for name in ("one", "two"))

    client.post(f"{URL}{two.id}/change/", {"action": "up"})
    assert [key.name for key in _keys(acme)] == ["two", "one"]
    client.post(f"{URL}{two.id}/change/", {"action": "down"})
    client.post(f"{URL}{one.id}/delete/")
    assert [key.name for key in _keys(acme)] == ["two"]


def test_the_order_between_own_and_managed_is_chosen(
    client: Client, acme: Organization, managed: dict[str, str]
) -> None:
    managed["OPENAI_API_KEY"] = "sk-managed"
    make_provider_key(acme)
    assert "managed key here too. Own keys first" in _text(client.get(URL))

    client.post(f"{URL}order/", {"provider": "openai", "order": "own_only"})

    with scope(acme.id):
        assert ProviderPreference.objects.get().order == "own_only"
    assert "sk-managed" not in _text(client.get(URL))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("order/", {"provider": "openai", "order": "sideways"}),
        ("{key}/change/", {"action": "explode"}),
    ],
)
def test_a_forged_form_is_refused(
    client: Client, acme: Organization, path: str, form: dict[str, str]
) -> None:
    key = make_provider_key(acme)

    assert client.post(URL + path.format(key=key.id), form).status_code == 400


def test_a_damaged_key_is_named_and_the_others_go_on(
    client: Client, acme: Organization
) -> None:
    bad = make_provider_key(acme, name="Broken one")
    make_provider_key(acme, name="Good one")
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE vault_providerkey SET sealed = %s WHERE id = %s", [b"x", bad.id]
        )

    page = _text(client.get(URL))
    tested = client.post(f"{URL}{bad.id}/test/", headers=HTMX)

    assert "“Broken one” is not used" in page
    assert page.count("cannot be read") == 1
    assert tested.status_code == 400


def test_without_keys_the_page_says_what_to_do(client: Client) -> None:
    assert "no key of your own yet" in _text(client.get(URL))


def test_a_key_of_a_provider_that_left_the_catalog_can_be_deleted(
    client: Client, acme: Organization
) -> None:
    key = make_provider_key(acme)
    Provider.objects.using("owner").all().delete()

    assert "Production" in _text(client.get(URL))
    assert client.post(f"{URL}{key.id}/test/").status_code == 404
    assert client.post(f"{URL}{key.id}/delete/").status_code == 302
    assert _keys(acme) == []


def test_a_viewer_sees_keys_and_no_buttons(
    openai: Provider, acme: Organization, sign_in: Callable[[User], Client]
) -> None:
    key = make_provider_key(acme)
    client = sign_in(make_member(acme, "vic", role="viewer"))

    page = _text(client.get(URL))

    assert "Production" in page
    assert "replace-" not in page
    assert client.post(f"{URL}{key.id}/delete/").status_code == 403
    assert client.post(URL, GOOD).status_code == 403


def test_another_organizations_keys_are_out_of_sight(
    client: Client, globex: Organization
) -> None:
    theirs = make_provider_key(globex, name="Secret project")

    assert "Secret project" not in _text(client.get(URL))
    for key_id in (theirs.id, uuid7()):
        assert client.post(f"{URL}{key_id}/delete/").status_code == 404
    assert len(_keys(globex)) == 1


def test_an_eleventh_key_is_refused_with_the_reason(
    client: Client, acme: Organization
) -> None:
    for number in range(10):
        make_provider_key(acme, name=str(number))

    answer = client.post(URL, GOOD)

    assert answer.status_code == 422
    assert "delete one first" in _text(answer)
