"""The check that anybody may try.

`checks/try.html` takes `form`, `pairs` (of a check just made), `problem` (words),
`left` (checks of today), `most`, `tokens`, and `model` (StandIn or None).
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.client_ip import client_ip
from apps.checks import guests
from apps.checks.guests import (
    CHECKS_A_DAY,
    LONGEST_INSTRUCTION,
    LONGEST_PROMPT,
    MOST_PROMPTS,
    TOKENS,
)
from apps.kit.errors import AppError, NoModelAvailableError
from apps.router import runtime

EXAMPLE = "Explain what a database index is to somebody who has never used one."


def _prompt(label: str, *, required: bool, initial: str = "") -> forms.CharField:
    return forms.CharField(
        max_length=LONGEST_PROMPT,
        required=required,
        label=label,
        initial=initial,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class TryForm(forms.Form):
    """One or two prompts, and the instruction that is compared with none."""

    prompt_1 = _prompt("Your prompt", required=True, initial=EXAMPLE)
    prompt_2 = _prompt("A second one", required=False)
    instruction = forms.CharField(
        max_length=LONGEST_INSTRUCTION,
        label="Instruction to compare",
        initial="Answer in one short sentence.",
        help_text="One answer is made with it, the other without. You are not told "
        "which is which until you have chosen.",
    )

    def prompts(self) -> list[str]:
        names = [f"prompt_{number}" for number in range(1, MOST_PROMPTS + 1)]
        return [text for name in names if (text := self.cleaned_data[name])]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def try_check(request: HttpRequest) -> HttpResponse:
    """Two answers side by side, of the embedded model, for nobody in particular."""
    ip = client_ip(request)
    form = TryForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "most": CHECKS_A_DAY, "tokens": TOKENS}
    status = 200
    if request.method == "POST":
        status = _tried(ip, form, context) if form.is_valid() else 422
    context |= {"left": guests.left_today(ip), "model": _model()}
    answer = render(request, "checks/try.html", context, status=status)
    if wait_s := context.get("retry_after_s"):
        answer["Retry-After"] = str(int(wait_s))
    return answer


def _tried(ip: str, form: TryForm, context: dict[str, Any]) -> int:
    """Run it; what hinders it stands on the page. Returns the status."""
    instruction = form.cleaned_data["instruction"]
    try:
        context["pairs"] = guests.run(
            ip, prompts=form.prompts(), instruction=instruction
        )
    except AppError as problem:
        context |= {"problem": problem.message, "retry_after_s": problem.retry_after_s}
        return problem.status
    return 200


def _model() -> guests.StandIn | None:
    try:
        return guests.stand_in(runtime.current())
    except NoModelAvailableError:
        return None
