"""Each request works for one organization: the key's, or the session's."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import AsyncClient, Client

from apps.accounts.models import Membership, Organization, User
from apps.kit.ids import uuid7
from apps.tenancy.scope import current_org_id, scope
from tests.factories import make_key, make_user

type SignIn = Callable[[User], Client]
CHOOSE = "/organization/choose/"


@pytest.fixture
def in_both(olga: User, globex: Organization) -> User:
    with scope(globex.id):
        Membership.objects.create(user=olga, role="viewer")
    return olga


def _org_of(client: Client) -> str:
    return str(client.get("/keys/").context["org"])


@pytest.mark.django_db
def test_a_member_of_two_switches_and_the_session_keeps_it(
    sign_in: SignIn, in_both: User, globex: Organization
) -> None:
    client = sign_in(in_both)
    assert _org_of(client) == "Acme"
    answer = client.post(CHOOSE, {"org": str(globex.id)})

    assert answer.headers["Location"] == "/dashboard/"
    assert _org_of(client) == "Globex"
    assert client.get("/keys/").context["role"] == "viewer"


@pytest.mark.django_db
def test_an_organization_one_is_not_in_cannot_be_chosen(
    sign_in: SignIn, olga: User, globex: Organization
) -> None:
    client = sign_in(olga)
    answers = [client.post(CHOOSE, {"org": str(i)}) for i in (globex.id, uuid7(), "x")]

    assert {answer.status_code for answer in answers} == {404}
    assert _org_of(client) == "Acme"


@pytest.mark.django_db
def test_who_is_put_out_loses_the_organization_at_once(
    sign_in: SignIn, in_both: User, acme: Organization, globex: Organization
) -> None:
    client = sign_in(in_both)
    client.post(CHOOSE, {"org": str(globex.id)})
    with scope(globex.id):
        Membership.objects.filter(user=in_both).delete()

    assert _org_of(client) == "Acme"


@pytest.mark.django_db
def test_a_person_without_an_organization_is_led_to_found_one(sign_in: SignIn) -> None:
    answer = sign_in(make_user("ulla")).get("/keys/")

    assert answer.headers["Location"] == "/organization/new/"


@pytest.mark.django_db
def test_v1_takes_no_cookies(sign_in: SignIn, olga: User) -> None:
    answer = sign_in(olga).get("/v1/usage")

    assert answer.status_code in {401, 404}


@pytest.mark.django_db
def test_no_scope_is_left_behind(sign_in: SignIn, olga: User) -> None:
    sign_in(olga).get("/keys/")

    assert current_org_id() is None


@pytest.fixture
def token(acme: Organization) -> str:
    return make_key(acme, scopes=("keys:manage",))[1]


async def test_it_works_the_same_under_asgi(
    transactional_db: None, olga: User, token: str
) -> None:
    client = AsyncClient()
    await client.aforce_login(olga)

    page = await client.get("/keys/")
    by_key = await AsyncClient().get("/api/v1/keys", headers={"X-API-Key": token})
    anonymous = await AsyncClient().get("/api/v1/keys")

    assert str(page.context["org"]) == "Acme"
    assert len(by_key.json()["data"]) == 1
    assert anonymous.status_code == 401
    assert UUID(anonymous.headers["X-Request-Id"]).version == 7


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/v1/agent-runs/%00", "/v1/responses/a%00b", "/api/v1/%00", "/%00/"]
)
def test_nothing_has_a_nul_in_its_address(
    client: Client, acme: Organization, path: str
) -> None:
    _, token = make_key(acme)

    answer = client.get(path, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 404


@pytest.mark.django_db
def test_a_page_of_a_run_with_a_nul_is_not_there(sign_in: SignIn, olga: User) -> None:
    assert sign_in(olga).get("/router/runs/%00/").status_code == 404
