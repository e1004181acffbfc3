"""The measured process of `bench.opportunities`: fill, look, change, look again."""

import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import django
from django.core.management import call_command

# Of the shipped catalog; each is the current model of a tenth of the use cases.
CURRENT = (
    *("openai/gpt-4o", "openai/gpt-4o-mini", "openai/gpt-4.1", "openai/o3"),
    *("anthropic/claude-sonnet-4-5", "anthropic/claude-opus-4-1"),
    *("google/gemini-2.5-pro", "google/gemini-2.5-flash"),
    *("deepseek/deepseek-chat", "mistralai/mistral-large-latest"),
)
TASKS = ("chat", "coding", "reasoning", "summarization", "image", "agent_step")
BARE: list[str] = []
NEEDS = (["cost"], ["cost", "quality"], ["quality"], ["speed", "cost"], BARE)
ABILITIES = (BARE, BARE, ["tools"], ["json"], ["vision"])
CONTEXTS = (4096, 4096, 8192, 16_384, 32_768, 100_000)


def main(orgs: int, use_cases: int) -> dict[str, Any]:
    """Every figure of one measurement."""
    call_command("setup_database", verbosity=0)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("seed_catalog", verbosity=0)
    models = fill(orgs, use_cases)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    steps = [
        measured("first night", night),
        measured("second night", night),
    ]
    before = stored()
    raise_price(models[0])
    steps.append(measured(f"{use_cases // len(CURRENT):,} touched", follow))
    after = stored()
    return {
        "use_cases": use_cases,
        "models": candidates(),
        "pairs": use_cases * candidates(),
        "stored": after,
        "doubled": doubled(),
        "new_after_change": after - before,
        "steps": steps,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(step: str, work: Callable[[], str]) -> dict[str, Any]:
    cpu, began = time.process_time(), time.perf_counter()
    said = work()
    return {
        "step": step,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu,
        "said": said,
    }


def night() -> str:
    """The nightly job, as the worker runs it."""
    from apps.jobs.lock import hold  # noqa: PLC0415  # after the setup
    from apps.opportunities.tasks import look_at_all  # noqa: PLC0415  # the same

    with hold("opportunities.find", trigger="command") as held:
        return look_at_all(held)


def follow() -> str:
    """What one price touches, from reading the log to the stored rows."""
    from apps.jobs.lock import hold  # noqa: PLC0415  # the same
    from apps.opportunities.tasks import look_at_news  # noqa: PLC0415  # the same

    with hold("opportunities.follow_market", trigger="command") as held:
        return look_at_news(held)


def fill(orgs: int, use_cases: int) -> list[Any]:
    """Organizations with use cases as a year of customers would type them."""
    from apps.accounts.models import Organization  # noqa: PLC0415  # the same
    from apps.catalog.models import AIModel  # noqa: PLC0415  # the same
    from apps.kit.ids import uuid7  # noqa: PLC0415  # the same
    from apps.portfolio.models import Function, Product, UseCase  # noqa: PLC0415
    from apps.tenancy.scope import scope  # noqa: PLC0415  # the same

    dice = random.Random(7)
    models = list(AIModel.objects.filter(slug__in=CURRENT))
    others = AIModel.objects.filter(offers__prices__usd__gt=1, kind="chat").distinct()
    models += list(others.exclude(slug__in=CURRENT)[: len(CURRENT) - len(models)])
    for number in range(orgs):
        org_id = uuid7()
        with scope(org_id):
            Organization.objects.create(id=org_id, name=f"Organization {number}")
            product = Product.objects.create(name="Helpdesk")
            function = Function.objects.create(product=product, name="Answers")
            rows = range(number * use_cases // orgs, (number + 1) * use_cases // orgs)
            UseCase.objects.bulk_create(
                UseCase(
                    function=function,
                    name=f"Use case {row}",
                    task=dice.choice(TASKS),
                    needs=dice.choice(NEEDS),
                    capabilities=dice.choice(ABILITIES),
                    required_context=dice.choice(CONTEXTS),
                    current_model=models[row % len(models)],
                    calls_month=dice.randrange(1_000, 1_000_000),
                    input_tokens=dice.randrange(200, 20_000),
                    output_tokens=dice.randrange(50, 2_000),
                    cached_share=dice.choice((None, None, 0.5)),
                )
                for row in rows
            )
    follow()  # sets the mark at what the catalog holds
    return models


def raise_price(model: Any) -> None:
    """A tenth more for one model, as a sync writes it."""
    from apps.catalog.models import ModelChange, Offer, Price  # noqa: PLC0415
    from apps.kit.clock import utc_now  # noqa: PLC0415  # the same

    now = utc_now() - timedelta(seconds=1)
    for offer in Offer.objects.using("owner").filter(ai_model=model):
        prices = Price.objects.using("owner").filter(offer=offer, valid_until=None)
        for price in prices.filter(component="input", above_prompt_tokens=0):
            Price.objects.using("owner").filter(pk=price.pk).update(valid_until=now)
            price.pk, price.usd = None, price.usd * Decimal("1.1")
            price._state.adding = True
            price.id, price.valid_from = _new_id(), now
            price.save(using="owner", force_insert=True)
        ModelChange.objects.using("owner").create(
            at=now,
            what=ModelChange.What.PRICE,
            ai_model=model,
            offer=offer,
            field="input",
            change_share=0.1,
            origin="seed",
            source="bench",
        )


def _new_id() -> Any:
    from apps.kit.ids import uuid7  # noqa: PLC0415  # the same

    return uuid7()


def candidates() -> int:
    from apps.opportunities.market import market  # noqa: PLC0415  # the same

    return len(market().candidates())


def stored() -> int:
    from apps.opportunities.models import Opportunity  # noqa: PLC0415  # the same
    from apps.tenancy.scope import unscoped  # noqa: PLC0415  # the same

    with unscoped("the bench counts what it stored"):
        return Opportunity.objects.count()


def doubled() -> int:
    """Rows beyond one of a use case and its candidate."""
    from apps.opportunities.models import Opportunity  # noqa: PLC0415  # the same
    from apps.tenancy.scope import unscoped  # noqa: PLC0415  # the same

    with unscoped("the bench counts what it stored"):
        pairs = Opportunity.objects.values("use_case_id", "candidate_model_id")
        return Opportunity.objects.count() - pairs.distinct().count()


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
