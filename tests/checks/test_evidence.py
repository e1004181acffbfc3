"""What a check leaves for opportunities, and how long."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections

from apps.accounts.models import Organization
from apps.catalog.models import AIModel
from apps.checks import concluding, services, tasks
from apps.checks.models import Answer, Check, Judgement, Prompt, PromptSet, Result
from apps.checks.queries import evidence_of
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.portfolio.models import Function, Product, UseCase
from apps.tenancy.scope import scope
from tests.checks.conftest import BASELINE, CANDIDATE
from tests.checks.making import make_done, make_set
from tests.factories import make_org
from tests.router.conftest import make_market

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    make_market("http://127.0.0.1:9/v1")
    return make_org("Acme")


def make_use_case() -> UseCase:
    product = Product.objects.create(name="Shop")
    function = Function.objects.create(product=product, name="Support")
    current = AIModel.objects.get(slug=BASELINE)
    return UseCase.objects.create(
        function=function, name="Triage", task="chat", current_model=current
    )


def judge(check: Check, *, wins: int) -> None:
    """A judge that is of the same mind in both orders; the rest are losses."""
    Judgement.objects.bulk_create(
        Judgement(
            check_run=check,
            seat=1,
            position=at,
            is_swapped=is_swapped,
            choice="second" if (at < wins) != is_swapped else "first",
            request_id=uuid7(),
            seq=at,
        )
        for at in range(check.prompts)
        for is_swapped in (False, True)
    )


def test_evidence_is_the_newest_check_against_the_current_model(
    acme: Organization,
) -> None:
    with scope(acme.id):
        case = make_use_case()
        for wins in (0, 30):
            check = make_done(40, use_case=case, seats=[BASELINE, CANDIDATE])
            judge(check, wins=wins)
            concluding.conclude(check.id)
        candidate = AIModel.objects.get(slug=CANDIDATE)

        found = evidence_of([case.id])

        row = found[case.id, candidate.id]
        assert (row.check_id, row.prompts, row.wins) == (check.id, 40, 30)
        assert (row.verdict, row.consistency, row.method) == ("better", 1.0, "judge")
        assert 0 < row.low < 0.5 < row.high
        UseCase.objects.update(current_model=candidate)
        assert evidence_of([case.id]) == {}


def test_opportunities_are_told_and_outcomes_are_graded(acme: Organization) -> None:
    with scope(acme.id):
        case = make_use_case()
        check = make_done(2, use_case=case, seats=[BASELINE, CANDIDATE])
        judge(check, wins=2)
        concluding.conclude(check.id)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM outbox_messages WHERE topic = 'opportunities.rescore'"
        )
        assert cursor.fetchone()[0] == 1
        cursor.execute("SELECT model, quality FROM router_outcome")
        graded = set(cursor.fetchall())
    assert graded == {(BASELINE, 0.0), (CANDIDATE, 1.0)}


def test_answers_are_forgotten_with_the_retention_and_results_stay(
    acme: Organization,
) -> None:
    with scope(acme.id):
        old = utc_now() - timedelta(days=31)
        check = make_done(2, ended_at=old)
        services.vote(
            check.id,
            seat=1,
            position=0,
            choice="win",
            voter=uuid7(),
            was_blind=True,
        )
        fresh = make_done(1)

    tasks.forget()

    with scope(acme.id):
        texts = Answer.objects.filter(check_run=check).values_list("text", flat=True)
        assert set(texts) == {""}
        assert Result.objects.filter(check_run=check).exists()
        assert Answer.objects.filter(check_run=fresh).exclude(text="").exists()


def test_sampled_prompts_go_with_their_time_and_typed_ones_stay(
    acme: Organization,
) -> None:
    with scope(acme.id):
        past = utc_now() - timedelta(minutes=1)
        sampled = make_set(source="sampled", expires_at=past)
        check = make_done(2, prompt_set=sampled)
        typed = make_set()

    tasks.forget()

    with scope(acme.id):
        assert list(PromptSet.objects.all()) == [typed]
        assert set(Prompt.objects.values_list("prompt_set", flat=True)) == {typed.id}
        assert not Answer.objects.filter(check_run=check).exclude(text="").exists()
        assert Check.objects.get(id=check.id).ceiling_usd == Decimal("1.50")
