"""The calculator's pages: figures from stored prices, without a script, in a frame."""

import re
from fractions import Fraction

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.catalog.models import Price
from tests.web.market import make_market

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = (
    "use_case=support-chatbot&model=openai/gpt-4.1&calls=120000&input=2000&output=300"
    "&cached=0&quality=best"
)


@pytest.fixture(autouse=True)
def _market(transactional_db: None) -> None:
    make_market()


def _page(client: Client, query: str = ASKED) -> str:
    answer = client.get(f"/calculator/?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def _month(model: str, calls: int, size: int, out: int) -> Fraction:
    """A month from the catalog's own rows, in fractions."""
    rows = Price.objects.filter(offer__ai_model__slug=model)
    usd = {str(row.component): Fraction(row.usd) for row in rows}
    return calls * (size * usd["input"] + out * usd["output"]) / 1_000_000


def _shown(usd: Fraction) -> str:
    return f"${float(usd):,.2f}"


def test_every_figure_is_the_catalogs(client: Client) -> None:
    page = _page(client)

    today = _month("openai/gpt-4.1", 120_000, 2_000, 300)
    best = _month("good/cheap", 120_000, 2_000, 300)
    amounts = set(re.findall(r"\$[\d,]+\.\d\d", page))
    assert _shown(today) in amounts
    assert _shown(best) in amounts
    assert f"+{_shown(today - best)}" in page
    assert f"+{_shown(12 * (today - best))}" in page
    assert f"−{float((today - best) / today) * 100:.1f} %" in page
    # Nothing else stands there than months, years, rates and what was left out.
    known = {_shown(today), "$2.00", "$8.00", "$0.15", "$0.60", "$1.25", "$10.00"}
    for model in ("good/cheap", "google/gemini-2.5-pro"):
        month = _month(model, 120_000, 2_000, 300)
        known |= {_shown(month), _shown(today - month), _shown(12 * (today - month))}
    for model in ("weak/cheaper", "new/unrated"):
        known.add(_shown(_month(model, 120_000, 2_000, 300)))
    assert amounts <= known


def test_the_reasons_of_those_left_out_are_told(client: Client) -> None:
    page = _page(client)

    assert "quality rests on fewer than 3 benchmarks" in page
    assert "below the current model in benchmarks" in page
    assert "Why others were left out: 2 cheaper models" in page


def test_it_is_a_plain_form_with_a_plain_answer(client: Client) -> None:
    page = _page(client)

    assert '<form class="calc-form" method="get"' in page
    assert 'action="/calculator/"' in page
    assert 'type="submit">Calculate' in page
    assert "good/cheap" in page


def test_the_link_asks_the_same_again(client: Client) -> None:
    page = _page(client)
    (link,) = set(re.findall(r'href="[^"]*(/calculator/\?[^"]+)"', page))

    again = client.get(link.replace("&amp;", "&")).content.decode()

    pattern = r'<dd class="stat-value">.*?</dd>'
    assert re.findall(pattern, again) == re.findall(pattern, page)


def test_a_swap_gets_the_result_alone(client: Client) -> None:
    answer = client.get(f"/calculator/?{ASKED}", headers={"HX-Target": "calculation"})

    page = answer.content.decode()
    assert page.lstrip().startswith('<section class="calc-result"')
    assert "hx-swap-oob" not in page
    assert "<html" not in page


def test_another_use_case_swaps_its_sizes_in(client: Client) -> None:
    query = "use_case=agent&filled_for=support-chatbot&input=1500&output=250"

    answer = client.get(f"/calculator/?{query}", headers={"HX-Target": "calculation"})

    page = answer.content.decode()
    assert 'hx-swap-oob="true"' in page
    assert 'name="input" inputmode="numeric" min="1" max="2000000" value="8000"' in page


NONSENSE = {
    "calls=1": "Calls a month",
    "calls=1e9": "Calls a month",
    "calls=99999999999999999999": "Calls a month",
    "model=%3Cscript%3E": "&lt;script&gt;",
    "model=openai/gpt-4.1%00": "Model today",
    "use_case=poetry": "is not a use case we know",
    "input=-5": "Tokens in",
    "output=%F0%9F%98%80": "Tokens out",
    "cached=101": "cached",
    "quality=worst": "is not a way to compare",
}


def test_nonsense_gets_a_clear_error(client: Client) -> None:
    for query, told in NONSENSE.items():
        answer = client.get(f"/calculator/?{query}")

        page = answer.content.decode()
        assert answer.status_code == 422, query
        assert "t be calculated.</b>" in page
        assert told in page, query
        assert "<script>" not in page


def test_a_model_that_nobody_rated_saves_nothing_that_is_known(client: Client) -> None:
    page = _page(client, "model=new/unrated")

    assert "not assessed" in page
    assert "nothing says that they are as good" in page or "nothing adequate" in page


def test_only_the_frame_may_be_framed(client: Client) -> None:
    plain = client.get("/calculator/")
    frame = client.get("/calculator/embed/")

    assert "frame-ancestors 'none'" in plain["Content-Security-Policy"]
    assert plain["X-Frame-Options"] == "DENY"
    assert "frame-ancestors *" in frame["Content-Security-Policy"]
    assert "X-Frame-Options" not in frame
    assert "script-src 'self'" in frame["Content-Security-Policy"]
    assert not frame.cookies


def test_an_empty_catalog_computes_nothing(client: Client) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE catalog_provider, catalog_aimodel CASCADE")

    answer = client.get("/calculator/")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "No price is known here" in page
    assert "stat-value" not in page


def test_a_page_costs_one_statement_while_the_catalog_stands_still(
    client: Client,
) -> None:
    client.get("/calculator/")

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/calculator/?{ASKED}")

    assert len(queries) == 1
