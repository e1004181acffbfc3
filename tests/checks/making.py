"""Checks as they stand in the database, without a worker or a catalog."""

from decimal import Decimal
from typing import Any

from apps.checks.models import Answer, Check, Prompt, PromptSet
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7

SEATS = ["openai/gpt-4o", "openai/gpt-4o-mini"]
SECRET = "What is the colour of money at Acme?"


def make_set(prompts: int = 2, **facts: Any) -> PromptSet:
    made = PromptSet.objects.create(
        **{"name": "Tickets", "source": "typed", "size": prompts, **facts}
    )
    Prompt.objects.bulk_create(
        Prompt(
            prompt_set=made,
            position=at,
            messages=[{"role": "user", "content": f"{SECRET} ({at})"}],
        )
        for at in range(prompts)
    )
    return made


def make_done(prompts: int = 2, **facts: Any) -> Check:
    """A check of two models that has answers and no judgement yet."""
    check = Check.objects.create(
        **{
            "name": "Cheaper triage",
            "prompt_set": facts.pop("prompt_set", None) or make_set(prompts),
            "prompts": prompts,
            "seats": SEATS,
            "seed": 7,
            "ceiling_usd": Decimal("1.50"),
            "state": Check.State.DONE,
            "seq": prompts * 2,
            "started_at": utc_now(),
            "ended_at": utc_now(),
            **facts,
        }
    )
    Answer.objects.bulk_create(
        Answer(
            check_run=check,
            seat=seat,
            position=at,
            request_id=uuid7(),
            text=f"Answer {seat} of {at}",
            finish_reason="stop",
            provider="somewhere",
            input_tokens=20,
            output_tokens=10,
            cost_usd=Decimal("0.0001"),
            latency_ms=321.0,
            seq=at * 2 + seat + 1,
        )
        for at in range(prompts)
        for seat in (0, 1)
    )
    return check
