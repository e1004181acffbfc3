"""`/api/v1/provider-keys`: the same by program."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.catalog.models import Provider
from apps.tenancy.scope import scope
from apps.vault.crypto import opened
from apps.vault.models import ProviderKey
from tests.factories import make_key, make_member
from tests.vault.conftest import KEY, make_provider_key

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/provider-keys"
SCOPE = "provider_keys:manage"
GOOD = {"provider": "openai", "name": "Production", "key": KEY}


class API:
    """A client with a key of the organization."""

    def __init__(self, org: Organization, *scopes: str) -> None:
        token = make_key(org, scopes=scopes)[1]
        self._client = Client(headers={"Authorization": f"Bearer {token}"})

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def ask(path: str = "", body: Any = None) -> Any:
            options = {"data": body} if method == "get" else {}
            if body is not None and method != "get":
                options = {"data": body, "content_type": "application/json"}
            return getattr(self._client, method)(URL + path, **options)

        return ask


@pytest.fixture
def api(openai: Provider, acme: Organization) -> API:
    return API(acme, SCOPE)


def test_a_key_is_brought_listed_changed_and_deleted(
    api: API, acme: Organization
) -> None:
    made = api.post(body=GOOD)
    assert made.status_code == 201
    key = made.json()
    assert (key["last4"], key["position"], key["is_readable"]) == ("cdef", 1, True)

    changed = api.patch(f"/{key['id']}", {"name": "Staging", "is_enabled": False})
    assert (changed.json()["name"], changed.json()["is_enabled"]) == ("Staging", False)
    listed = api.get().json()
    assert [one["name"] for one in listed["data"]] == ["Staging"]
    assert listed["preferences"] == [
        {"provider": "openai", "has_managed_key": False, "order": "own_first"}
    ]
    assert api.delete(f"/{key['id']}").status_code == 204
    assert api.get().json()["data"] == []


def test_the_key_itself_is_in_no_answer(api: API) -> None:
    made = api.post(body=GOOD)
    path = f"/{made.json()['id']}"
    answers = [made, api.get(), api.patch(path, {"key": KEY}), api.post(f"{path}/test")]

    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]
    for answer in answers:
        assert b"0123456789" not in answer.content


def test_a_secret_is_replaced_and_a_key_moved(api: API, acme: Organization) -> None:
    make_provider_key(acme, name="one")
    two = make_provider_key(acme, name="two")

    body = {"key": "sk-new-0123456789abWXYZ", "position": 1}
    changed = api.patch(f"/{two.id}", body)

    assert (changed.json()["position"], changed.json()["last4"]) == (1, "WXYZ")
    with scope(acme.id):
        stored = ProviderKey.objects.defer(None).get(id=two.id)
    assert opened(stored).reveal() == "sk-new-0123456789abWXYZ"


def test_a_key_is_tested(api: API, acme: Organization) -> None:
    key = make_provider_key(acme)

    tested = api.post(f"/{key.id}/test").json()

    assert tested["test_result"] == "unreachable"
    assert tested["tested_at"]
    assert tested["test_ms"] >= 0


def test_the_order_is_set(api: API, acme: Organization) -> None:
    with_key = Client(
        headers={"Authorization": f"Bearer {make_key(acme, scopes=(SCOPE,))[1]}"}
    )
    url = "/api/v1/provider-preferences/"
    body = {"order": "own_only"}
    options: dict[str, Any] = {"content_type": "application/json"}

    answer = with_key.put(f"{url}openai", body, **options)

    assert answer.json()["order"] == "own_only"
    assert with_key.put(f"{url}nobody", body, **options).status_code == 404
    wrong = with_key.put(f"{url}openai", {"order": "sideways"}, **options)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "order")


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"key": "short"}, "key"),
        ({"key": 12345678901234567}, "key"),
        ({"key": None}, "key"),
        ({"key": "x" * 600}, "key"),
        ({"name": ""}, "name"),
        ({"provider": "a b"}, "provider"),
    ],
)
def test_bad_input_names_its_field_and_not_the_key(
    api: API, wrong: dict[str, Any], param: str
) -> None:
    answer = api.post(body={**GOOD, **wrong})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert b"0123456789" not in answer.content


def test_an_unknown_provider_is_not_found(api: API) -> None:
    assert api.post(body={**GOOD, "provider": "nobody"}).status_code == 404


def test_a_key_without_the_scope_is_refused(
    openai: Provider, acme: Organization
) -> None:
    key = make_provider_key(acme)
    api = API(acme, "chat", "keys:manage")

    answers = [
        api.get(),
        api.post(body=GOOD),
        api.patch(f"/{key.id}", {}),
        api.delete(f"/{key.id}"),
        api.post(f"/{key.id}/test"),
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_a_member_reads_and_does_not_write(
    openai: Provider, acme: Organization, sign_in: Callable[[User], Client]
) -> None:
    key = make_provider_key(acme)
    client = sign_in(make_member(acme, "mia"))

    assert len(client.get(URL).json()["data"]) == 1
    for answer in (
        client.post(URL, GOOD, content_type="application/json"),
        client.delete(f"{URL}/{key.id}"),
    ):
        assert answer.status_code == 403


def test_another_organizations_key_is_not_found(api: API, globex: Organization) -> None:
    theirs = make_provider_key(globex)

    assert api.get().json()["data"] == []
    assert api.patch(f"/{theirs.id}", {"name": "x"}).status_code == 404
    assert api.delete(f"/{theirs.id}").status_code == 404
    assert api.post(f"/{theirs.id}/test").status_code == 404
