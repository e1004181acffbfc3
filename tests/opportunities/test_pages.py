"""The pages of opportunities: the list, one of them, and what is decided there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.kit.clock import utc_now
from apps.opportunities import services
from apps.opportunities.models import Opportunity
from apps.tenancy.scope import scope
from tests.opportunities.conftest import look, make_use_case, set_price

type SignIn = Callable[[User], Client]
type Read = Callable[[], Opportunity]
URL = "/opportunities/"


def test_the_list_shows_cards_with_what_they_rest_on(
    the_one: Read, sign_in: SignIn, vic: User
) -> None:
    page = sign_in(vic).get(URL).content.decode()

    assert "+$822.50" in page
    assert "94.0 % less than" in page
    assert "you typed 100,000 calls a month" in page
    assert "independent benchmarks of this task" in page
    assert "Not now" not in page  # a viewer decides nothing


def test_a_member_may_check_and_put_off(
    the_one: Read, sign_in: SignIn, mia: User
) -> None:
    page = sign_in(mia).get(URL).content.decode()

    one = the_one()
    assert f"use_case={one.use_case_id}&amp;candidate={one.candidate_model_id}" in page
    assert "Not now" in page
    assert ">Switch<" not in page


def test_an_admin_may_switch(the_one: Read, sign_in: SignIn, adam: User) -> None:
    assert ">Switch<" in sign_in(adam).get(URL).content.decode()


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [
        ("?kind=cost_saving", True),
        ("?kind=trust_upgrade", False),
        ("?band=moderate", True),
        ("?band=minor", False),
        ("?risk=1", False),
        ("?risk=3", True),
        ("?state=dismissed", False),
        ("?state=closed", False),
        ("?state=snoozed", False),
        ("?product=nonsense&kind=nonsense", True),
        ("?product=01a1ff42-faa0-71cc-998e-c3374bd1f1e6", False),
        ("?use_case=01a1ff42-faa0-71cc-998e-c3374bd1f1e6", False),
    ],
)
def test_filters_are_in_the_address(
    the_one: Read, sign_in: SignIn, mia: User, query: str, is_shown: bool
) -> None:
    page = sign_in(mia).get(f"{URL}{query}").content.decode()

    assert (f'href="{URL}{the_one().id}/"' in page) is is_shown


def test_an_empty_list_says_what_to_do(
    catalog: None, sign_in: SignIn, mia: User
) -> None:
    page = sign_in(mia).get(URL).content.decode()

    assert "No better model is known for your use cases" in page


def test_one_shows_its_scores_and_why_others_are_out(
    the_one: Read, sign_in: SignIn, mia: User, acme: Organization
) -> None:
    page = sign_in(mia).get(f"{URL}{the_one().id}/").content.decode()

    assert "How well they fit" in page
    assert "Confidence, point by point" in page
    assert "the volume is typed, not measured" in page
    assert "Quality gap" in page
    assert "OpenAI SDK, Python" in page
    assert "dear/o1-pro" in page  # better in benchmarks, and no opportunity
    assert "not a tenth better" in page
    assert "History" in page


def test_one_without_a_volume_says_that_nothing_is_assessed(
    catalog: None, sign_in: SignIn, mia: User, acme: Organization
) -> None:
    make_use_case(acme, calls_month=None, input_tokens=None, needs=["quality"])
    look(acme)
    with scope(acme.id):
        one = Opportunity.objects.get(candidate_model__slug="dear/o1-pro")

    page = sign_in(mia).get(f"{URL}{one.id}/").content.decode()

    assert "no volume is known" in page


def test_dismissing_needs_a_reason(the_one: Read, sign_in: SignIn, mia: User) -> None:
    answer = sign_in(mia).post(f"{URL}{the_one().id}/dismiss/", {})

    assert answer.status_code == 422
    assert the_one().state == "active"


def test_a_dismissal_is_noted_and_taken_back(
    the_one: Read, sign_in: SignIn, mia: User, acme: Organization
) -> None:
    client, url = sign_in(mia), f"{URL}{the_one().id}/"

    answer = client.post(f"{url}dismiss/", {"reason": "risk", "note": "tried it"})
    assert answer.headers["Location"] == URL
    assert (the_one().state, the_one().dismiss_note) == ("dismissed", "tried it")
    assert "tried it" in client.get(url).content.decode()
    client.post(f"{url}restore/")

    assert (the_one().state, the_one().dismiss_note) == ("active", "")
    with scope(acme.id):
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"opportunity.dismissed", "opportunity.restored"} <= actions


def test_what_is_put_off_is_out_of_the_list(
    the_one: Read, sign_in: SignIn, mia: User
) -> None:
    client, url = sign_in(mia), f"{URL}{the_one().id}/"
    until = (utc_now() + timedelta(days=7)).date().isoformat()

    client.post(f"{url}snooze/", {"until": until})

    assert f'href="{url}"' not in client.get(URL).content.decode()
    assert f'href="{url}"' in client.get(f"{URL}?state=snoozed").content.decode()
    assert "It comes back on" in client.get(url).content.decode()


@pytest.mark.parametrize("until", ["", "2020-01-01", "2090-01-01"])
def test_a_day_in_the_past_or_too_far_off_is_refused(
    the_one: Read, sign_in: SignIn, mia: User, until: str
) -> None:
    url = f"{URL}{the_one().id}/snooze/"

    assert sign_in(mia).post(url, {"until": until}).status_code == 422


def test_what_is_gone_can_not_be_dismissed(
    the_one: Read, sign_in: SignIn, mia: User, acme: Organization
) -> None:
    set_price("mini/gpt-4o-mini", "2.4", "9.8")
    look(acme)
    client, url = sign_in(mia), f"{URL}{the_one().id}/"

    for act, body in (("dismiss", {"reason": "risk"}), ("restore", {})):
        client.post(f"{url}{act}/", body)

    assert the_one().state == "expired"
    assert "no longer better" in client.get(url).content.decode()


def test_viewers_decide_nothing(the_one: Read, sign_in: SignIn, vic: User) -> None:
    url = f"{URL}{the_one().id}/dismiss/"

    assert sign_in(vic).post(url, {"reason": "risk"}).status_code == 403


def test_others_find_nothing(the_one: Read, sign_in: SignIn, gil: User) -> None:
    assert sign_in(gil).get(f"{URL}{the_one().id}/").status_code == 404
    assert "822.50" not in sign_in(gil).get(URL).content.decode()


def test_visitors_are_asked_to_sign_in(the_one: Read) -> None:
    assert Client().get(URL).status_code == 302


def test_an_accepted_one_says_so(
    the_one: Read, sign_in: SignIn, mia: User, acme: Organization
) -> None:
    with scope(acme.id):
        services.mark_accepted(the_one().id, None)

    page = sign_in(mia).get(f"{URL}?state=accepted").content.decode()

    assert "switched" in page
