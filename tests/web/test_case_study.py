"""Trader7: labelled as fiction, every amount recomputed, the sums those of the rows."""

import re
from fractions import Fraction

import pytest
from django.test import Client

from apps.catalog.models import Price
from apps.web.case_study import CASES
from tests.web.market import make_market

pytestmark = pytest.mark.django_db(transaction=True)


CENT = Fraction(1, 100)


def _usd(text: str) -> Fraction:
    return Fraction(text.replace("$", "").replace(",", "").replace("+", ""))


def _month(model: str, number: int) -> Fraction:
    asked = CASES[number].question
    rows = Price.objects.filter(offer__ai_model__slug=model)
    usd = {str(row.component): Fraction(row.usd) for row in rows}
    # No offer here has a price of its own for cached tokens: they cost as fresh ones.
    return (
        asked.calls
        * (asked.input_tokens * usd["input"] + asked.output_tokens * usd["output"])
        / 1_000_000
    )


def _rows(page: str) -> list[list[str]]:
    table = page[page.index("Use cases of Trader7") :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    return [
        [re.sub(r"<[^>]+>|\s+", " ", cell).strip() for cell in row.split("</td>")]
        for row in body.split("</tr>")[:-1]
    ]


def test_it_says_that_it_is_fiction(client: Client) -> None:
    make_market()

    page = client.get("/").content.decode()

    assert "fictional" in page
    assert "made up" in page


def test_every_amount_is_recomputed_and_the_sums_agree(client: Client) -> None:
    make_market()

    page = client.get("/").content.decode()

    rows = _rows(page)
    assert len(rows) == len(CASES) == 6
    today = saved = Fraction(0)
    for number, cells in enumerate(rows):
        model = CASES[number].question.model
        if cells[2] == "not assessed":
            assert not Price.objects.filter(offer__ai_model__slug=model).exists()
            continue
        assert _usd(cells[2]) == round(_month(model, number), 2)
        best = re.match(r"(\S+/\S+)", cells[3])
        if best:
            then = _month(best[1], number)
            gained = _month(model, number) - then
            assert abs(_usd(cells[4]) - then) <= CENT
            assert abs(_usd(cells[5]) - gained) <= CENT
            saved += gained
        today += _month(model, number)
    study = page[page.index('id="case-study"') :]
    first, _, third = re.findall(r'stat-value">.*?(\$[\d,.]+)', study)[:3]
    assert _usd(first) == round(today, 2)
    assert abs(_usd(third) - saved) <= Fraction(1, 100)
    assert saved > 0


def test_an_unknown_price_is_in_no_sum(client: Client) -> None:
    make_market()

    page = client.get("/").content.decode()

    assert "3 not assessed" in page


def test_without_a_catalog_nothing_is_claimed(client: Client) -> None:
    page = client.get("/").content.decode()

    study = page[page.index('id="case-study"') : page.index('id="proof"')]
    assert "$" not in study
    assert study.count("not assessed") >= 6
