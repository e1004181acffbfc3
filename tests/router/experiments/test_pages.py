"""What the page of an experiment says of its arms."""

from decimal import Decimal

from django.template.loader import render_to_string

from apps.router.engine.evidence import Interval
from apps.router.experiment_queries import ArmResult, Results


def words_of(control_usd: float, candidate_usd: float) -> str:
    arms = [
        ArmResult(
            name=name,
            model="",
            weight=0.5,
            requests=60,
            cost=Interval(usd, usd, usd),
            cost_usd=Decimal(1),
        )
        for name, usd in (("control", control_usd), ("candidate", candidate_usd))
    ]
    context = {"results": Results(arms)}
    return render_to_string("router/experiment_arms.html", context)


def test_a_dearer_candidate_is_told_without_a_sign() -> None:
    page = words_of(0.001, 0.003)

    assert "of the candidate costs 200 % more than one of control." in page


def test_a_cheaper_candidate_costs_less() -> None:
    page = words_of(0.004, 0.001)

    assert "of the candidate costs 75 % less than one of control." in page
