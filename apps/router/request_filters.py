"""The filters of the request log, kept in its address."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.http import urlencode

from apps.accounts.queries import list_keys
from apps.router import queries
from apps.router.models import RoutedRequest
from apps.router.plan import EMBEDDING
from apps.router.serializers import TASKS

MODES: Final = [("", "All keys"), ("live", "Live"), ("test", "Test")]
TASK_CHOICES: Final = [
    ("", "Any task"),
    *((task, task.replace("_", " ")) for task in (*TASKS, EMBEDDING)),
]
CACHES: Final = [
    ("", "Cached or not"),
    ("hit", "From the cache"),
    ("exact", "Exact match"),
    ("semantic", "Similar question"),
    ("none", "Not from the cache"),
]
# Beyond these a moment is a slip of the pen, and Postgres would refuse it.
FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{1,32}")


def _moment(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(
        attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M"
    )
    formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
    return forms.DateTimeField(
        required=False, label=label, widget=widget, input_formats=formats
    )


def _text(label: str, *, longest: int = 100) -> forms.CharField:
    return forms.CharField(max_length=longest, required=False, label=label)


class RequestLogForm(forms.Form):
    """What to list; a filter that makes no sense filters nothing."""

    q = _text("Request id")
    status = forms.ChoiceField(
        choices=[("", "Any outcome"), *RoutedRequest.Status.choices], required=False
    )
    model = _text("Model", longest=200)
    key = forms.ChoiceField(required=False)
    task = forms.ChoiceField(
        choices=TASK_CHOICES,
        required=False,
    )
    mode = forms.ChoiceField(choices=MODES, required=False, label="Keys")
    provider = _text("Provider")
    alias = _text("Alias")
    tag = _text("Tag")
    cache = forms.ChoiceField(choices=CACHES, required=False)
    purpose = forms.ChoiceField(
        choices=[("", "Any purpose"), *RoutedRequest.Purpose.choices], required=False
    )
    experiment = forms.UUIDField(required=False, label="Experiment id")
    run = _text("Agent run", longest=128)
    cost_from = forms.DecimalField(
        required=False, min_value=0, max_digits=20, label="Cost from, USD"
    )
    latency_from = forms.IntegerField(
        required=False, min_value=0, max_value=2_147_483_647, label="Time from, ms"
    )
    since = _moment("From, UTC")
    until = _moment("Until, UTC")

    # Shown at once; the others unfold.
    FIRST_FIELDS: Final = ("q", "status", "model", "key", "task", "mode")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        keys = [(str(key.id), key.name) for key in list_keys()]
        self.fields["key"].choices = [("", "Any key"), *keys]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["cost_from"].widget.attrs["step"] = "any"

    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FIRST_FIELDS]

    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.FIRST_FIELDS]

    @property
    def is_unfolded(self) -> bool:
        data = self.cleaned_data
        return any(
            data.get(name) for name in self.fields if name not in self.FIRST_FIELDS
        )

    def wanted(self) -> queries.RequestFilter:
        self.is_valid()
        data = self.cleaned_data
        texts = {
            name: data.get(name, "").strip()
            for name in ("model", "provider", "alias", "tag")
        }
        key = data.get("key")
        return queries.RequestFilter(
            **texts,
            status=data.get("status", ""),
            task=data.get("task", ""),
            key_id=UUID(key) if key else None,
            cache=data.get("cache", ""),
            purpose=data.get("purpose", ""),
            experiment_id=data.get("experiment"),
            run_id=data.get("run", "").strip(),
            cost_from=_positive(data.get("cost_from")),
            latency_from_ms=data.get("latency_from") or None,
            id_starts=_id_starts(data.get("q", "")),
            mode=data.get("mode") or "all",
            since=_within(data.get("since")),
            until=_within(data.get("until")),
        )

    def state(self) -> str:
        """The filters as a query string, for links to other pages of the log."""
        kept = {
            name: self.data.get(name)
            for name, value in self.cleaned_data.items()
            if value
        }
        return urlencode({name: value for name, value in kept.items() if value})


def _id_starts(text: str) -> str:
    """The hexadecimal beginning of an id; what is none finds nothing."""
    digits = text.strip().lower().removeprefix("gen-").replace("-", "")
    if not digits:
        return ""
    return digits if _HEXADECIMAL.fullmatch(digits) else "0" * 32


def _positive(amount: Decimal | None) -> Decimal | None:
    return amount or None


def _within(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return min(max(moment.replace(tzinfo=UTC), FIRST), LAST)
