"""Agent runs, provider health and the connect page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router.health import BINS, OUTCOMES, bin_of
from apps.router.health_models import OfferIncident, OfferSpan
from tests.factories import make_key, make_member, make_org, make_routed_request

SignIn = Callable[[User], Client]


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    return make_org("Acme")


@pytest.fixture
def client(acme: Organization, sign_in: SignIn) -> Client:
    return sign_in(make_member(acme, "vic", role="viewer"))


# -- agent runs


def test_runs_are_listed_and_lead_to_their_steps(
    acme: Organization, client: Client
) -> None:
    empty = client.get("/router/runs/").content.decode()
    make_routed_request(acme, run_id="run-1", step=1, model="a/one")
    last = make_routed_request(acme, run_id="run-1", step=2, model="b/two")

    listed = client.get("/router/runs/").content.decode()
    one = client.get("/router/runs/run-1/").content.decode()

    assert "No agent has run yet" in empty
    assert "run-1" in listed
    assert 0 < one.index("a/one") < one.index("b/two")
    assert str(last.id) in one


def test_another_organization_s_run_is_404(client: Client) -> None:
    make_routed_request(make_org("Globex"), run_id="theirs", step=1)

    assert client.get("/router/runs/theirs/").status_code == 404
    assert client.get("/router/runs/nobodys/").status_code == 404


# -- provider health


def _span(outcome: str, latency_ms: int) -> None:
    outcomes, latencies = [0] * len(OUTCOMES), [0] * BINS
    outcomes[OUTCOMES.index("ok")] = 3
    outcomes[OUTCOMES.index(outcome)] += 1
    latencies[bin_of(latency_ms)] = 3
    OfferSpan.objects.using("owner").create(
        starts_at=utc_now() - timedelta(minutes=10),
        offer_id=uuid7(),
        provider="groq",
        model="meta/llama",
        outcomes=outcomes,
        latencies=latencies,
        first_tokens=[0] * BINS,
    )


def test_health_shows_shares_and_never_counts(client: Client) -> None:
    empty = client.get("/router/health/").content.decode()
    _span("timeout", 800)

    page = client.get("/router/health/?range=1h")

    text = page.content.decode()
    assert "No provider was asked" in empty
    assert "groq" in text
    assert "meta/llama" in text
    assert "25 %" in text
    assert "timeout" in text
    assert page.context["chosen"].provider == "groq"
    assert len(page.context["points"]) == 1


def test_incidents_are_told_with_their_reason(client: Client) -> None:
    OfferIncident.objects.using("owner").create(
        id=uuid7(),
        offer_id=uuid7(),
        provider="groq",
        model="meta/llama",
        reason="5 failures in a row",
        opened_at=utc_now() - timedelta(hours=1),
    )

    text = client.get("/router/health/?range=nonsense&provider=nobody").content.decode()

    assert "5 failures in a row" in text
    assert "still is" in text


# -- connect


def test_a_snippet_is_shown_with_the_key_s_beginning(
    acme: Organization, client: Client
) -> None:
    key, token = make_key(acme, name="CI")
    make_key(acme, name="Revoked", revoked_at=utc_now())

    text = client.get("/router/connect/?with=curl").content.decode()

    assert "/v1/chat/completions" in text
    assert key.prefix in text
    assert token not in text
    assert "Revoked" not in text


def test_the_first_request_of_the_key_is_seen(
    acme: Organization, client: Client
) -> None:
    key, _ = make_key(acme)
    since = utc_now().isoformat()
    query = {"key": str(key.id), "since": since, "part": "seen"}
    make_routed_request(acme, model="other/key")

    before = client.get("/router/connect/", query).content.decode()
    row = make_routed_request(acme, key_id=key.id, model="first/one")
    after = client.get("/router/connect/", query).content.decode()

    assert "Waiting for a first request" in before
    assert 'hx-trigger="every 3s"' in before
    assert "<html" not in before
    assert "first/one" in after
    assert str(row.id) in after
    assert "hx-trigger" not in after


def test_without_a_key_the_page_says_who_makes_one(
    acme: Organization, client: Client, sign_in: SignIn
) -> None:
    mia = sign_in(make_member(acme, "mia"))

    assert "a viewer cannot make one" in client.get("/router/connect/").content.decode()
    assert "make one" in mia.get("/router/connect/?since=never").content.decode()
