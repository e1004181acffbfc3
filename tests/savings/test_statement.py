"""The monthly statement: once, from closed days, to who wants it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from apps.accounts.models import Organization
from apps.mail.kinds import Kind
from apps.mail.models import OptOut
from apps.portfolio.models import UseCase
from apps.savings import statements
from apps.savings.models import Saving, Switch
from apps.savings.tasks import book, statement, watch_canaries
from apps.savings.templatetags.statements import signed_usd, usd
from apps.tenancy.scope import scope
from tests.factories import make_member
from tests.savings.conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = datetime.now(UTC).date()
FIRST, LAST = statements.month_before(TODAY)


def add(switch: Switch, day: date, **fields: object) -> None:
    values = {
        "actual_usd": Decimal("1.111"),
        "baseline_usd": Decimal("1235.671"),
        "closed_at": datetime.now(UTC),
        "basis": "measured",
        **fields,
    }
    Saving(
        org_id=switch.org_id,
        switch_id=switch.id,
        use_case_id=switch.use_case_id,
        use_case_name=switch.use_case_name,
        product_id=switch.product_id,
        product_name=switch.product_name,
        day=day,
        requests=12_431,
        unassessed=2,
        fresh_tokens=1,
        cached_tokens=1,
        output_tokens=1,
        booked_at=datetime.now(UTC),
        **values,
    ).save(using="owner", force_insert=True)


@pytest.fixture
def live(use_case: UseCase, make: Make) -> Switch:
    return make(use_case)


def test_owners_get_last_month_once_and_it_is_the_ledgers_sum(
    live: Switch, org: Organization
) -> None:
    make_member(org, "olga", role="owner")
    make_member(org, "mia", role="member")
    add(live, FIRST)
    add(live, LAST)
    add(live, LAST + timedelta(days=1))

    first = statement.apply().get()
    with scope(org.id):
        again = statements.send(FIRST, LAST)

    assert (first, again) == ("1 statements", False)
    [sent] = mail.outbox
    assert sent.to == ["olga@example.com"]
    assert sent.subject == f"Acme: savings in {FIRST:%B %Y}"
    text = str(sent.body)
    assert "Measured:  +$2,469.12  (from 24,862 requests)" in text
    assert "Estimated: not assessed" in text
    assert "+$3,703.68 measured" in text
    html = str(sent.alternatives[0][0])  # type: ignore[attr-defined]  # mail with HTML
    assert "+$2,469.12" in html
    assert f"from={FIRST}" in html


def test_it_waits_for_days_that_are_open_and_leaves_out_who_unsubscribed(
    live: Switch, org: Organization
) -> None:
    olga = make_member(org, "olga", role="owner")
    add(live, LAST, closed_at=None)
    with scope(org.id):
        waiting = statements.send(FIRST, LAST)
    OptOut.objects.create(user=olga, kind=Kind.SAVINGS)
    with scope(org.id):
        Saving.objects.using("owner").update(closed_at=datetime.now(UTC))

    statement.apply()

    assert (waiting, mail.outbox) == (False, [])


def test_the_jobs_run_over_organizations_with_switches_and_without(
    live: Switch,
) -> None:
    assert book.apply().get() == "0 rows of 1 organizations"
    assert watch_canaries.apply().get() == "0 switches took a step"


def test_money_in_mails_has_cents_and_its_sign() -> None:
    assert [usd(None), usd(Decimal("-1234.565"))] == ["not assessed", "−$1,234.57"]
    assert signed_usd(Decimal("0.004")) == "$0.00"
    assert signed_usd(Decimal("12.5")) == "+$12.50"
