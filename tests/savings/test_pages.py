"""Pages of savings and switches: what they show, to whom, and what they refuse."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.opportunities.finder import rescore
from apps.opportunities.models import Opportunity
from apps.portfolio.models import UseCase
from apps.router.alias_models import Alias
from apps.savings import queries
from apps.savings.models import Switch
from apps.tenancy.scope import scope
from tests.factories import make_member, make_org
from tests.savings.conftest import ALIAS, BIG, SMALL, Make
from tests.savings.test_statement import add

pytestmark = pytest.mark.django_db(transaction=True)

type SignIn = Callable[[User], Client]
TODAY = datetime.now(UTC).date()


@pytest.fixture
def client(adam: User, sign_in: SignIn) -> Client:
    return sign_in(adam)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_home_shows_sums_of_the_ledger_measured_and_estimated_apart(
    client: Client, use_case: UseCase, typed: UseCase, make: Make
) -> None:
    add(make(use_case), TODAY)
    add(make(typed, mode="recorded"), TODAY, basis="estimated")

    page = text_of(client.get("/savings/"))

    assert page.count("+$1,234.56") >= 4
    assert "Saved, measured" in page
    assert 'data-measured="1234.560000000"' in page
    assert "Product of Triage" in page
    assert "2 requests not assessed" in page


def test_the_home_says_how_to_begin_and_waits_for_the_first_booking(
    client: Client, use_case: UseCase, make: Make
) -> None:
    empty = text_of(client.get("/savings/"))
    make(use_case)

    assert "No switch yet" in empty
    assert "Nothing is booked yet" in text_of(client.get("/savings/"))


def test_a_range_is_part_of_the_address_and_a_wrong_one_is_told(
    client: Client, use_case: UseCase, make: Make
) -> None:
    add(make(use_case), TODAY - timedelta(days=20))

    week = text_of(client.get("/savings/?range=7d", headers={"HX-Request": "true"}))
    wrong = text_of(client.get("/savings/?range=custom&from=x&to=y"))

    assert "<html" not in week
    assert "Nothing in this range" in week
    assert "Those are no two dates" in wrong


def test_the_file_has_every_row_and_its_sum(
    client: Client, use_case: UseCase, make: Make
) -> None:
    add(make(use_case), TODAY)

    answer = client.get("/savings/export.csv?range=7d")

    body = b"".join(answer).decode()
    assert answer["Content-Disposition"].startswith('attachment; filename="savings-')
    assert '"1234.560000000"' in body
    assert len(body.splitlines()) == 2


def test_the_form_shows_what_will_happen_and_switches(
    client: Client, use_case: UseCase
) -> None:
    here = f"/savings/use-cases/{use_case.id}/switch/"
    target = text_of(client.get(here))
    form = text_of(client.get(f"{here}?to={SMALL}"))
    fields = {**USUAL, "mode": "at_once", "reason": "Cheaper"}
    answer = client.post(f"{here}?to={SMALL}", fields)

    assert "Name the model it shall go over to" in target
    assert "+$822.50" in form
    assert "your code names the alias" in form
    assert answer.status_code == 302
    page = text_of(client.get(answer["Location"]))
    assert "The alias routes to the new model" in page
    assert "Undo the switch" in page
    assert "Cheaper" in page


USUAL: dict[str, Any] = {
    "seen_model": BIG,
    "mode": "canary",
    "share": 10,
    "min_requests": 100,
    "min_hours": 24,
    "max_days": 7,
    "max_error_points": 2,
    "max_p95_ratio": 1.5,
    "quality_margin": 15,
    "shadow_budget_usd": 5,
    "reason": "",
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": 51},
        {"mode": "sideways"},
        {"min_hours": 500},
        {"seen_model": "other-house/other"},
    ],
    ids=str,
)
def test_bad_input_is_told_and_switches_nothing(
    client: Client, use_case: UseCase, wrong: dict[str, Any], org: Organization
) -> None:
    here = f"/savings/use-cases/{use_case.id}/switch/?to={SMALL}"

    answer = client.post(here, {**USUAL, **wrong})

    assert answer.status_code == 422
    assert "form-errors" in text_of(answer)
    with scope(org.id):
        assert not Switch.objects.exists()


def test_an_unknown_target_and_a_refused_one_say_why(
    client: Client, use_case: UseCase, org: Organization
) -> None:
    here = f"/savings/use-cases/{use_case.id}/switch/"
    with scope(org.id):
        Alias.objects.update(rules={"forced": BIG, "barred_models": [SMALL]})

    unknown = client.get(f"{here}?to=nobody/nothing")
    refused = text_of(client.get(f"{here}?to={SMALL}"))

    assert unknown.status_code == 422
    assert "barred by your rules" in refused
    assert ">Switch</button>" not in refused


def test_a_canary_shows_both_arms_and_is_promoted_and_undone_by_a_click(
    client: Client, use_case: UseCase, make: Make, org: Organization
) -> None:
    made = make(use_case, mode="canary")
    here = f"/savings/switches/{made.id}/"

    running = text_of(client.get(here))
    part = text_of(client.get(here, headers={"HX-Request": "true"}))
    client.post(f"{here}promote/")
    promoted = text_of(client.get(here))
    client.post(f"{here}undo/")
    undone = text_of(client.get(here))

    assert "The candidate answers 10 % of the conversations" in running
    assert "0 of 100 requests taken" in running
    assert "<html" not in part
    assert "The alias routes to the new model" in promoted
    assert "Undone" in undone
    with scope(org.id):
        assert Alias.objects.get(name=ALIAS).rules == {"forced": BIG}


def test_what_cannot_be_undone_says_so(
    client: Client, use_case: UseCase, make: Make, org: Organization
) -> None:
    made = make(use_case)
    with scope(org.id):
        Alias.objects.update(rules={"forced": BIG})

    page = text_of(client.get(f"/savings/switches/{made.id}/"))
    answer = client.post(f"/savings/switches/{made.id}/undo/", follow=True)

    assert "It cannot be undone by a click" in page
    assert "changed by hand since the switch" in text_of(answer)


def test_an_opportunity_is_accepted_from_its_form(
    client: Client, use_case: UseCase, org: Organization
) -> None:
    with scope(org.id):
        UseCase.objects.update(needs=["cost"])
        rescore()
        found = Opportunity.objects.get(candidate_model__slug=SMALL)
    here = f"/savings/opportunities/{found.id}/switch/"

    form = client.get(here)
    answer = client.post(here, USUAL)

    assert form.status_code == 200
    assert answer.status_code == 302
    with scope(org.id):
        [made] = queries.switches()
        assert (made.opportunity_id, made.state) == (found.id, "canary")
    assert "an opportunity" in text_of(client.get(answer["Location"]))


def test_the_list_has_every_switch(
    client: Client, use_case: UseCase, make: Make
) -> None:
    empty = text_of(client.get("/savings/switches/"))
    make(use_case)

    assert "No switch yet" in empty
    assert SMALL in text_of(client.get("/savings/switches/"))


def test_members_look_and_do_not_switch(
    use_case: UseCase, make: Make, org: Organization, sign_in: SignIn
) -> None:
    made = make(use_case)
    mia = sign_in(make_member(org, "mia", role="member"))

    page = text_of(mia.get(f"/savings/switches/{made.id}/"))

    assert "Undo the switch" not in page
    assert mia.post(f"/savings/switches/{made.id}/undo/").status_code == 403
    assert mia.get(f"/savings/use-cases/{use_case.id}/switch/").status_code == 403


def test_others_find_nothing_and_the_anonymous_sign_in_first(
    use_case: UseCase, make: Make, sign_in: SignIn
) -> None:
    made = make(use_case)
    gil = sign_in(make_member(make_org("Globex"), "gil", role="owner"))
    mine = [
        f"/savings/switches/{made.id}/",
        f"/savings/use-cases/{use_case.id}/switch/",
        f"/savings/opportunities/{UUID(int=3)}/switch/",
    ]

    assert {gil.get(path).status_code for path in mine} == {404}
    assert gil.post(f"/savings/switches/{made.id}/undo/").status_code == 404
    assert gil.post(f"/savings/switches/{made.id}/fly/").status_code == 404
    assert Client().get("/savings/").status_code == 302
