"""The editors' pages in the admin: they list, search, edit and decide."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import (
    AIModel,
    EditorialOverride,
    ModelAlias,
    Offer,
    PendingChange,
    TrustOverride,
)
from apps.catalog.seeding import load_seed
from apps.kit.clock import utc_now
from tests.accounts.staff import staff_client
from tests.catalog.seeds import seed_model, seed_offer, write_seed

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = (
    *("aimodel", "offer", "provider", "price", "pendingchange", "offerparameter"),
    *("modelchange", "editorialoverride", "trustoverride", "modelalias", "score"),
    "benchmark",
)
SOL = "openai/gpt-6-sol"


@pytest.fixture
def staff(tmp_path: Path) -> Client:
    models = [seed_model(SOL, context_tokens=900_000), seed_model("z-ai/glm-5.3")]
    load_seed(write_seed(tmp_path, models, [seed_offer(SOL)]))
    return staff_client()


def url(page: str, *args: Any) -> str:
    return reverse(f"admin:catalog_{page}", args=args)


def sol() -> AIModel:
    return AIModel.objects.using("jobs").get(slug=SOL)


def act(client: Client, page: str, action: str, *rows: Any) -> str:
    asked = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    answer = client.post(url(f"{page}_changelist"), asked, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("page", PAGES)
def test_each_list_opens_and_is_searched(staff: Client, page: str) -> None:
    assert staff.get(url(f"{page}_changelist")).status_code == 200
    assert staff.get(url(f"{page}_changelist"), {"q": "sol"}).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_gets_in(client: Client, page: str) -> None:
    assert client.get(url(f"{page}_changelist")).status_code == 302


def form_of(staff: Client, page: str, row: Any) -> dict[str, Any]:
    """The values of a row's page as its form holds them."""
    form = staff.get(url(f"{page}_change", row.pk)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if v is None else v for name, v in values.items()}


def test_a_value_is_set_by_hand_with_a_reason(staff: Client) -> None:
    asked = form_of(staff, "aimodel", sol()) | {
        "context_tokens": "1000000",
        "reason": "the docs",
    }

    answer = staff.post(url("aimodel_change", sol().pk), asked)

    assert answer.status_code == 302
    assert sol().context_tokens == 1_000_000
    assert sol().provenance["context_tokens"]["reason"] == "the docs"


def test_without_a_reason_the_form_says_so_and_nothing_changes(staff: Client) -> None:
    asked = form_of(staff, "aimodel", sol()) | {"context_tokens": "1000000"}

    answer = staff.post(url("aimodel_change", sol().pk), asked)

    assert "Say why" in answer.content.decode()
    assert sol().context_tokens == 900_000


def test_offers_are_taken_out_and_given_back_in_bulk(staff: Client) -> None:
    offer = Offer.objects.using("jobs").get()

    out = act(staff, "offer", "take_out", offer)
    assert "1 row(s) changed" in out
    assert not Offer.objects.using("jobs").get().is_available

    act(staff, "offer", "give_back", offer)
    assert Offer.objects.using("jobs").get().is_available


def pending() -> PendingChange:
    return PendingChange.objects.using("jobs").create(
        offer=Offer.objects.using("jobs").get(),
        old_prices=[["input", "2"], ["output", "10"]],
        new_prices=[["input", "20"], ["output", "10"]],
        jumps=[{"component": "input", "old": "2", "new": "20", "reason": "10 times"}],
        origin="litellm",
        source="a list",
        sourced_on=utc_now().date(),
        found_at=utc_now(),
    )


def test_a_held_price_is_approved_once(staff: Client) -> None:
    row = pending()

    first = act(staff, "pendingchange", "approve", row)
    second = act(staff, "pendingchange", "refuse", row)

    assert "1 approved" in first
    assert "0 refused" in second
    assert PendingChange.objects.using("jobs").get().state == "approved"
    page = staff.get(f"/models/{SOL}/").content.decode()
    assert "$20.00 / M" in page


def test_a_model_is_excluded_until_a_day(staff: Client) -> None:
    until = utc_now() + timedelta(days=30)
    asked = {
        "model_id": SOL,
        "effect": "exclude",
        "severity": "warning",
        "reason": "it answers in riddles",
        "expires_at_0": f"{until:%Y-%m-%d}",
        "expires_at_1": "12:00:00",
    }

    answer = staff.post(url("editorialoverride_add"), asked)

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = EditorialOverride.objects.using("jobs").get()
    assert (row.ai_model_id, row.state) == (sol().pk, "approved")
    act(staff, "editorialoverride", "withdraw", row)
    assert EditorialOverride.objects.using("jobs").get().state == "withdrawn"


@pytest.mark.parametrize(
    "wrong",
    [
        {"model_id": ""},
        {"model_id": "no/such"},
        {"provider_slug": "openai"},
        {"expires_at_0": "2001-01-01"},
        {"factor": "0.5"},
        {"reason": ""},
    ],
)
def test_a_wrong_override_is_refused_by_its_form(
    staff: Client, wrong: dict[str, str]
) -> None:
    asked = {
        "model_id": SOL,
        "effect": "exclude",
        "severity": "warning",
        "reason": "why",
        "expires_at_0": "2099-01-01",
        "expires_at_1": "12:00:00",
    }

    answer = staff.post(url("editorialoverride_add"), asked | wrong)

    assert answer.status_code == 200
    assert not EditorialOverride.objects.using("jobs").exists()


def test_a_provider_gets_a_tier_with_evidence(staff: Client) -> None:
    asked = {
        "provider_slug": "openai",
        "tier": "A",
        "reason": "an audit",
        "evidence_url": "https://example.com/audit",
        "evidence_on": "2026-11-01",
        "expires_at_0": "2099-01-01",
        "expires_at_1": "12:00:00",
    }

    answer = staff.post(url("trustoverride_add"), asked)

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert TrustOverride.objects.using("jobs").get().tier == "A"
    assert "an audit" in staff.get("/providers/openai/").content.decode()


def test_an_unknown_name_is_given_to_a_model(staff: Client) -> None:
    asked = {"source": "any", "external_id": "sol-the-great", "model_id": SOL}

    answer = staff.post(url("modelalias_add"), asked)

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    alias = ModelAlias.objects.using("jobs").get(external_id="sol-the-great")
    assert (alias.match, alias.ai_model_id) == ("editor", sol().pk)
