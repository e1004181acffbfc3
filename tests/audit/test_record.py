"""`record`: who did what to what, in the transaction of what it tells of."""

from uuid import UUID

import pytest
from django.db import transaction

from apps.accounts.models import Organization
from apps.audit.actor import Actor, Via, acting, acting_as, current_actor
from apps.audit.models import AuditEntry, OperatorEntry
from apps.audit.services import record
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope, unscoped

pytestmark = pytest.mark.django_db
PERSON = Actor(
    via=Via.PAGE,
    user_id=uuid7(),
    email="olga@example.com",
    ip="192.0.2.7",
    user_agent="Browser/1",
)


def _entries(org: Organization) -> list[AuditEntry]:
    with scope(org.id):
        return list(AuditEntry.objects.order_by("created_at"))


def test_an_entry_says_who_from_where_and_what_changed(acme: Organization) -> None:
    before = {"name": "Old", "role": "member", "email": "mia@example.com"}
    after = {"name": "Old", "role": "admin", "email": "mia@example.com"}
    with scope(acme.id), acting(PERSON):
        record(
            "thing.changed", subject="thing", subject_id=7, before=before, after=after
        )

    (entry,) = _entries(acme)
    assert (entry.action, entry.subject, entry.subject_id) == (
        "thing.changed",
        "thing",
        "7",
    )
    assert (entry.before, entry.after) == ({"role": "member"}, {"role": "admin"})
    assert entry.label == "Old"
    assert (entry.actor_id, entry.actor_email) == (PERSON.user_id, PERSON.email)
    assert (entry.via, entry.ip, entry.user_agent) == ("page", "192.0.2.7", "Browser/1")


def test_an_entry_goes_with_a_transaction_that_fails(acme: Organization) -> None:
    with scope(acme.id), transaction.atomic():
        record("thing.made", subject="thing", subject_id=1)
        transaction.set_rollback(True)

    assert _entries(acme) == []


def test_nobodys_change_is_a_jobs(acme: Organization) -> None:
    with scope(acme.id):
        record("thing.made", subject="thing", subject_id=1)

    (entry,) = _entries(acme)
    assert (entry.via, entry.actor_id, entry.actor_email) == ("job", None, "")


def test_an_actor_ends_with_its_block() -> None:
    with acting(PERSON), acting_as(UUID(int=1), "other@example.com"):
        assert current_actor().email == "other@example.com"
        assert current_actor().ip == PERSON.ip

    assert current_actor() == Actor()


def test_what_belongs_to_no_organization_is_the_operators(acme: Organization) -> None:
    record("model.changed", subject="model", subject_id="a/b", after={"name": "B"})
    with scope(acme.id):
        record("plan.changed", subject="plan", subject_id="pro", org_id=None)

    assert _entries(acme) == []
    actions = OperatorEntry.objects.values_list("action", flat=True)
    assert set(actions) == {"model.changed", "plan.changed"}


def test_an_organization_can_be_named_without_its_scope(acme: Organization) -> None:
    record("org.frozen", subject="organization", subject_id=acme.id, org_id=acme.id)

    assert [entry.action for entry in _entries(acme)] == ["org.frozen"]


@pytest.mark.parametrize("name", ["secret", "client_secret", "Password", "api_token"])
def test_a_secret_is_refused(acme: Organization, name: str) -> None:
    with scope(acme.id), pytest.raises(ValueError, match="no secrets"):
        record("key.made", subject="key", subject_id=1, after={name: "x"})


def test_a_count_of_tokens_is_no_secret(acme: Organization) -> None:
    with scope(acme.id):
        record("x.y", subject="x", subject_id=1, after={"tokens_per_minute": 5})

    assert _entries(acme)[0].after == {"tokens_per_minute": 5}


@pytest.mark.django_db(transaction=True)
def test_a_job_across_organizations_writes_as_itself(acme: Organization) -> None:
    with unscoped("a test of a job that works across organizations"):
        record("x.swept", subject="x", subject_id=1, org_id=acme.id)
        record("x.ran", subject="x", subject_id=2)

    assert [entry.action for entry in _entries(acme)] == ["x.swept"]
    assert OperatorEntry.objects.get().action == "x.ran"
