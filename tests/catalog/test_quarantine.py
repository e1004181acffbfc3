"""An editor decides on a price list that jumped."""

from pathlib import Path

import pytest

from apps.catalog.models import ModelChange, PendingChange, Price
from apps.catalog.quarantine import NotWaitingError, approve, refuse
from tests.catalog.openrouter import Row, offer_of, prices_of, several, sync, writes

pytestmark = pytest.mark.django_db(transaction=True)
GLM = "z-ai/glm-5.2"
EDITOR = "ed@example.com"


def jumped() -> list[Row]:
    rows = several()
    rows[1]["pricing"] = {"prompt": "0.00001", "completion": "0.0000029128"}
    return rows


@pytest.fixture
def pending(tmp_path: Path, transactional_db: None) -> PendingChange:
    sync(tmp_path, several())
    sync(tmp_path, jumped())
    return PendingChange.objects.get()


def test_an_approved_list_counts_from_now_on(
    tmp_path: Path, pending: PendingChange
) -> None:
    approve(pending.pk, by=EDITOR, note="their page says so")

    assert prices_of(offer_of(GLM)) == {("input", 0): "10", ("output", 0): "2.9128"}
    old = Price.objects.get(
        offer=offer_of(GLM), component="input", valid_until__isnull=False
    )
    assert old.valid_until
    change = ModelChange.objects.get(what="price")
    assert (change.old, change.new, change.by) == ("0.9268", "10", EDITOR)
    pending.refresh_from_db()
    assert (pending.state, pending.decided_by) == ("approved", EDITOR)
    with writes() as written:
        sync(tmp_path, jumped())
    assert written == []


def test_a_refused_list_stays_refused_until_the_source_says_something_else(
    tmp_path: Path, pending: PendingChange
) -> None:
    refuse(pending.pk, by=EDITOR, note="a typing error")

    with writes() as written:
        sync(tmp_path, jumped())
    assert written == []
    assert prices_of(offer_of(GLM))["input", 0] == "0.9268"
    refused = ModelChange.objects.get(what="price_refused")
    assert (refused.field, refused.new, refused.by) == ("input", "10", EDITOR)

    rows = jumped()
    rows[1]["pricing"]["prompt"] = "0.00002"
    sync(tmp_path, rows)

    assert PendingChange.objects.get(state="waiting").jumps[0]["new"] == "20"


def test_a_decision_is_taken_once(pending: PendingChange) -> None:
    approve(pending.pk, by=EDITOR)

    with pytest.raises(NotWaitingError):
        refuse(pending.pk, by="other@example.com")
    with pytest.raises(NotWaitingError):
        approve(pending.pk, by="other@example.com")


def test_an_editors_change_meanwhile_is_not_overwritten(
    tmp_path: Path, pending: PendingChange
) -> None:
    # A price that an operator closed by hand is not closed a second time.
    Price.objects.using("jobs").filter(offer=offer_of(GLM)).update(origin="seed")

    sync(tmp_path, several())

    assert set(
        Price.objects.filter(offer=offer_of(GLM), valid_until=None).values_list(
            "origin", flat=True
        )
    ) == {"openrouter"}
