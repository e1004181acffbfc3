"""The jobs page: what runs on the clock, how it goes, and starting it by hand."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from apps.accounts import staff_gate
from apps.accounts.models import User
from apps.audit.services import record
from apps.jobs import queries, services
from apps.jobs.schedule import JOBS


class StaffRequest(HttpRequest):
    """A request of staff with a second factor."""

    user: User


type _View[**P] = Callable[Concatenate[StaffRequest, P], HttpResponse]


def for_staff[**P](view: _View[P]) -> _View[P]:
    """Let in whom the admin lets in; lead others to what they lack."""

    @wraps(view)
    def checked(
        request: StaffRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if not staff_gate.may_enter(request):
            return staff_gate.lead_in(request, to=reverse("web:jobs"))
        return view(request, *args, **kwargs)

    return cast("_View[P]", checked)


@require_GET
@for_staff
def jobs(request: StaffRequest) -> HttpResponse:
    """Every scheduled job, what is wrong, and messages that were given up."""
    part = "#board" if request.headers.get("HX-Request") else ""
    return render(request, f"web/jobs.html{part}", _board())


@require_GET
@for_staff
def job(request: StaffRequest, name: str) -> HttpResponse:
    """One job: its last runs with their errors."""
    if name not in JOBS:
        raise Http404
    (line,) = queries.job_lines([name])
    context = {"line": line, "runs": queries.runs_of(name)}
    part = "#runs" if request.headers.get("HX-Request") else ""
    return render(request, f"web/job.html{part}", context)


@require_POST
@for_staff
def run_job(request: StaffRequest, name: str) -> HttpResponse:
    """Start a job now; its row on the page tells how far it is."""
    if name not in JOBS:
        raise Http404
    try:
        services.run_now(name, by=request.user.email)
    except services.NoBrokerError as problem:
        return _told(request, str(problem), is_bad=True)
    record("job.run", subject="job", subject_id=name, org_id=None)
    return _told(request, f"{name} is asked to run.", asked=name)


@require_POST
@for_staff
def stop_run(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """End a running run; what it has committed stays."""
    try:
        is_stopped = services.stop_run(run_id, by=request.user.email)
    except services.BusyError as problem:
        return _told(request, str(problem), is_bad=True)
    if not is_stopped:
        return _told(request, "The run had ended already.")
    record("job.stop", subject="run", subject_id=run_id, org_id=None)
    return _told(request, "The run is stopped.")


@require_POST
@for_staff
def retry_message(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Try a dead message again."""
    if not services.retry_message(message_id):
        raise Http404
    record("message.retry", subject="message", subject_id=message_id, org_id=None)
    return _told(request, "The message is tried again.")


@require_POST
@for_staff
def discard_message(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Remove a dead message."""
    if not services.discard_message(message_id):
        raise Http404
    record("message.discard", subject="message", subject_id=message_id, org_id=None)
    return _told(request, "The message is removed.")


def _told(
    request: HttpRequest, words: str, *, asked: str = "", is_bad: bool = False
) -> HttpResponse:
    """The page again, with what came of the click."""
    if request.headers.get("HX-Request"):
        context = {**_board(asked=asked), "words": words, "is_bad": is_bad}
        return render(request, "web/jobs.html#board", context)
    messages.add_message(request, messages.ERROR if is_bad else messages.INFO, words)
    return redirect("web:jobs")


def _board(*, asked: str = "") -> dict[str, Any]:
    lines = queries.job_lines()
    return {
        "lines": lines,
        "asked": asked,
        "parts": queries.part_lines(),
        "incidents": queries.open_incidents(),
        "dead": queries.dead_messages(),
        "waiting": queries.waiting_messages(),
        "is_busy": bool(asked) or any(line.is_running for line in lines),
    }
