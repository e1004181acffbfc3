"""A provider's bill beside the ledger, over pages and over the API."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.catalog.services import OperatorOffer, add_offer
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router import invoice_services
from apps.router.invoice_models import Invoice, InvoiceLine
from apps.router.invoice_queries import our_lines
from apps.tenancy.scope import scope
from tests.factories import make_key, make_member, make_org
from tests.router.invoices import bills
from tests.router.ledger.rows import make_attempt, make_row, ship_rows

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
PAGE = "/router/reconcile/"
MINI = "openai/gpt-5-mini"


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    add_offer(
        OperatorOffer(
            provider="openai",
            model="gpt-5-mini",
            base_url="http://127.0.0.1:9/v1",
            input_usd=Decimal(1),
            output_usd=Decimal(2),
            context_tokens=100_000,
        )
    )
    return make_org("Acme")


def ship(org: Organization, *calls: dict[str, Any]) -> None:
    """Requests to the bill's provider, with one attempt each."""
    rows, attempts = [], []
    for call in calls:
        facts = {"model": MINI, "provider": "openai", **call}
        kind, tokens = facts.pop("kind", "managed"), facts.pop("tokens", (1000, 500))
        outcome = facts.pop("outcome", "ok")
        row = make_row(org.id, facts.pop("at", NOON), **facts)
        rows.append(row)
        attempts.append(
            make_attempt(
                row,
                key_kind=kind,
                outcome=outcome,
                input_tokens=tokens[0],
                output_tokens=tokens[1],
            )
        )
    asyncio.run(ship_rows(rows, attempts))


def upload(client: Client, text: str = bills.OPENAI_COSTS, **fields: str) -> Any:
    file = SimpleUploadedFile("november.csv", text.encode(), content_type="text/csv")
    return client.post(PAGE, {"provider": "openai", "file": file, **fields})


def test_a_bill_is_compared_before_it_is_kept(
    acme: Organization, adam: User, sign_in: Callable[[User], Client]
) -> None:
    ship(
        acme,
        {"cost_nano": 900_000_000},
        {"cost_nano": 50_000_000, "status": "cancelled", "outcome": "cancelled"},
        {"cost_nano": 7, "at": NOON + timedelta(days=1), "is_estimated": True},
        {"cost_nano": 10**12, "is_test": True},
        {"cost_nano": 10**12, "provider": "elsewhere"},
        {"cost_nano": 10**12, "at": NOON + timedelta(days=9)},
    )
    client = sign_in(adam)

    answer = upload(client)
    page = client.get(answer.url)
    text = page.content.decode()

    total = page.context["report"].total
    assert total.theirs_usd == Decimal("1.01")
    assert total.ours_usd == Decimal("0.950000007")
    assert (total.estimated, total.cancelled) == (1, 1)
    assert "preview" in text
    assert "not sent through the router" in text
    assert "1 cancelled half way" in text
    assert "No bill is reconciled yet" in client.get(PAGE).content.decode()
    client.post(f"{answer.url}keep/")
    assert "november.csv" in client.get(PAGE).content.decode()
    with scope(acme.id):
        assert AuditEntry.objects.filter(action="invoice.kept").count() == 1


def test_the_same_file_is_the_report_there_is(
    acme: Organization, adam: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(adam)

    first, second = upload(client), upload(client)
    other = upload(client, keys="own")

    assert first.url == second.url != other.url
    with scope(acme.id):
        assert Invoice.objects.count() == 2


def test_it_is_compared_again_with_what_came_since(
    acme: Organization, adam: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(adam)
    url = upload(client).url
    ship(acme, {"cost_nano": 10**9})

    client.post(f"{url}again/")

    report = client.get(url).context["report"]
    assert report.total.ours_usd == Decimal(1)
    assert report.total.theirs_usd == Decimal("1.01")
    assert len(report.rows) == 2


def test_a_file_that_cannot_be_read_is_refused_in_words(
    acme: Organization, adam: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(adam)

    answer = upload(client, bills.OPENAI_COSTS.replace("0.75", "much"))

    assert answer.status_code == 422
    assert "Row 2, column amount_value" in answer.content.decode()
    with scope(acme.id):
        assert not Invoice.objects.exists()


def test_columns_are_named_for_any_other_file(
    acme: Organization, adam: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(adam)

    lost = upload(client, bills.GENERIC)
    found = upload(
        client,
        bills.GENERIC,
        column_day="Day",
        column_model="Model name",
        column_cost="Dollars",
    )

    assert "Say which column holds what" in lost.content.decode()
    assert client.get(found.url).context["report"].total.theirs_usd == Decimal("1235")


def test_the_download_holds_no_formula(
    acme: Organization, adam: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(adam)
    text = bills.OPENAI_COSTS.replace("web search tool calls", "=cmd()|'x'")
    url = upload(client, text).url

    lines = client.get(f"{url}report.csv").getvalue().decode().splitlines()

    assert lines[0].startswith('"day","model","found","billed_usd"')
    assert "\"'=cmd()|'x'\"" in "".join(lines)
    assert '"-' not in lines[1]


def test_a_draft_is_gone_after_a_day(
    acme: Organization, adam: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(adam)
    upload(client)
    with scope(acme.id):
        Invoice.objects.update(created_at=utc_now() - timedelta(hours=25))

    upload(client, bills.OPENAI_USAGE)

    with scope(acme.id):
        assert [invoice.format for invoice in Invoice.objects.all()] == ["openai_usage"]
        assert InvoiceLine.objects.count() == 1


def test_a_report_can_be_thrown_away(
    acme: Organization, adam: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(adam)
    url = upload(client).url
    client.post(f"{url}keep/")

    client.post(f"{url}delete/")

    assert client.get(url).status_code == 404
    with scope(acme.id):
        assert not InvoiceLine.objects.exists()
        assert AuditEntry.objects.filter(action="invoice.deleted").count() == 1


def test_a_viewer_reads_and_uploads_nothing(
    acme: Organization, sign_in: Callable[[User], Client]
) -> None:
    adam = make_member(acme, "adam", role="admin")
    vic = make_member(acme, "vic", role="viewer")
    url = upload(sign_in(adam)).url
    client = sign_in(vic)

    assert client.get(url).status_code == 200
    assert upload(client).status_code == 403
    assert client.post(f"{url}delete/").status_code == 403


def test_only_keys_that_the_bill_is_for_are_counted(acme: Organization) -> None:
    ship(
        acme,
        {"cost_nano": 3, "kind": "own"},
        {"cost_nano": 5, "kind": "managed"},
    )
    day = NOON.date()

    with scope(acme.id):
        costs = {
            keys: sum(line.cost_usd for line in our_lines("openai", keys, day, day))
            for keys in ("", "own", "managed")
        }

    nano = Decimal("1e-9")
    assert costs == {"": 8 * nano, "own": 3 * nano, "managed": 5 * nano}


def test_a_bill_of_years_is_refused(acme: Organization) -> None:
    text = bills.ANTHROPIC_COSTS + "2028-11-01,m,d,k,message,x,output,1,1\n"
    wanted = invoice_services.Upload(text.encode(), "x.csv", "openai")

    with scope(acme.id), pytest.raises(Exception, match="400 days at most"):
        invoice_services.upload_invoice(wanted, by=None)


# -- the API


@pytest.fixture
def api(acme: Organization) -> Callable[..., Any]:
    _, token = make_key(acme, scopes=("budgets:manage",))
    headers = {"Authorization": f"Bearer {token}"}

    def call(method: str, path: str = "", **options: Any) -> Any:
        return getattr(Client(), method)(
            f"/api/v1/invoices{path}",
            headers=headers,
            content_type="application/json",
            **options,
        )

    return call


def test_a_program_reconciles_too(acme: Organization, api: Callable[..., Any]) -> None:
    ship(acme, {"cost_nano": 10**9})
    body = {"provider": "openai", "csv": bills.OPENAI_COSTS, "keep": True}

    made = api("post", data=body)
    listed = api("get").json()["data"]
    read = api("get", f"/{made.json()['invoice']['id']}").json()

    assert made.status_code == 201
    assert [one["id"] for one in listed] == [made.json()["invoice"]["id"]]
    assert read["total"]["billed"] == 1.01
    assert read["total"]["ledger"] == 1.0
    assert [row["found"] for row in read["rows"]] == ["both", "theirs"]
    assert api("delete", f"/{read['invoice']['id']}").status_code == 204
    assert api("get").json()["data"] == []


BAD: list[tuple[dict[str, Any], str]] = [
    ({"provider": "nobody", "csv": "x"}, "provider"),
    ({"provider": "openai"}, "csv"),
    ({"provider": "openai", "csv": "a,b\n1,2"}, "file"),
    ({"provider": "openai", "csv": "a,b\n1,2", "columns": {}}, "columns"),
]


def test_bad_input_is_named(api: Callable[..., Any]) -> None:
    for body, param in BAD:
        answer = api("post", data=body)
        assert answer.status_code == 400, body
        assert answer.json()["error"]["param"].startswith(param)


def test_an_unknown_report_is_404(api: Callable[..., Any]) -> None:
    assert api("get", f"/{uuid7()}").status_code == 404
    assert api("delete", f"/{UUID(int=1)}").status_code == 404
