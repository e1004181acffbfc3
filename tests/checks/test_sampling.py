"""Prompts sampled from what an organization keeps of its traffic."""

import json
from datetime import timedelta

import pytest

from apps.accounts.models import Organization
from apps.catalog.models import AIModel
from apps.checks.models import Prompt
from apps.checks.set_services import sample
from apps.kit.errors import NotFoundError, UnprocessableError
from apps.kit.ids import uuid7
from apps.portfolio.models import Function, Product, UseCase
from apps.privacy.models import PrivacySettings, StoredExchange
from apps.router.alias_models import Alias
from apps.tenancy.scope import scope
from tests.checks.conftest import BASELINE
from tests.factories import make_org, make_routed_request
from tests.router.conftest import make_market

pytestmark = pytest.mark.django_db(transaction=True)
ALIAS = "uc/triage"


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    make_market("http://127.0.0.1:9/v1")
    return make_org("Acme")


def make_use_case(*, stores_prompts: bool = True) -> UseCase:
    PrivacySettings.objects.create(stores_prompts=stores_prompts, retention_days=10)
    product = Product.objects.create(name="Shop")
    function = Function.objects.create(product=product, name="Support")
    return UseCase.objects.create(
        function=function,
        name="Triage",
        task="chat",
        current_model=AIModel.objects.get(slug=BASELINE),
        alias=Alias.objects.create(name=ALIAS),
    )


def keep(org: Organization, text: str, **facts: object) -> None:
    """A request to the alias whose prompt and answer are kept."""
    row = make_routed_request(org, **{"alias": ALIAS, **facts})
    StoredExchange(
        org_id=org.id,
        id=row.id,
        created_at=row.created_at,
        prompt=json.dumps([{"role": "user", "text": text}]),
        answer="Yes",
        redactions=0,
        is_cut=False,
    ).save(using="owner", force_insert=True)


def test_newest_kept_prompts_of_the_alias_are_taken_once(acme: Organization) -> None:
    with scope(acme.id):
        case = make_use_case()
    for text in ("First", "Twice", "Twice"):
        keep(acme, text)
    keep(acme, "Of a check", purpose="check")
    keep(acme, "Of another alias", alias="uc/other")
    make_routed_request(acme, alias=ALIAS)

    with scope(acme.id):
        made = sample(use_case_id=case.id, size=50, name="Traffic")

        texts = {p.messages[0]["content"] for p in Prompt.objects.all()}
        assert texts == {"First", "Twice"}
        assert (made.source, made.size) == ("sampled", 2)
        assert made.expires_at is not None
        assert made.expires_at - made.created_at <= timedelta(days=10)


def test_without_kept_traffic_there_is_nothing_to_sample(acme: Organization) -> None:
    with scope(acme.id):
        case = make_use_case()

        with pytest.raises(UnprocessableError, match="No prompt of this use case"):
            sample(use_case_id=case.id, size=5, name="Traffic")
        with pytest.raises(NotFoundError):
            sample(use_case_id=uuid7(), size=5, name="Traffic")


def test_who_keeps_no_prompts_has_none_sampled(acme: Organization) -> None:
    with scope(acme.id):
        case = make_use_case(stores_prompts=False)

    keep(acme, "Kept before")

    with scope(acme.id), pytest.raises(UnprocessableError, match="does not keep"):
        sample(use_case_id=case.id, size=5, name="Traffic")
