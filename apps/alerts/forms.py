"""What a person fills in: the preferences, a channel, a rule."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms

from apps.alerts.channel_rules import LONGEST_URL
from apps.alerts.kinds import (
    CADENCES,
    HELP,
    KINDS,
    SEVERITIES,
    Cadence,
    Kind,
    Severity,
    Via,
)
from apps.alerts.preferences import Times
from apps.alerts.queries import InboxFilter
from apps.alerts.rule_models import Rule
from apps.alerts.wishes import Wish

_ALL: Final = [("", "Every kind")]
_FROM: Final = [("", "Every severity"), *SEVERITIES[1:]]
BREAKS: Final = [
    (str(Severity.URGENT.value), "Urgent and critical"),
    (str(Severity.CRITICAL.value), "Critical alone"),
    ("", "Nothing"),
]
# The fields of each kind of rule.
PARAMS: Final[dict[str, tuple[str, ...]]] = {
    Rule.About.PRICE_MOVE: ("percent",),
    Rule.About.BETTER_MODEL: ("points", "price_percent"),
    Rule.About.SPEND: ("alias", "usd"),
}
DIGEST_CADENCES: Final = [(Cadence.WEEKLY, "Monday, 09:00"), (Cadence.NEVER, "Never")]


@cache
def zones() -> list[str]:
    """Names of time zones, without the abbreviations of old."""
    return [*sorted(name for name in available_timezones() if "/" in name), "UTC"]


class InboxForm(forms.Form):
    """The filters of the inbox, as they stand in its address."""

    kind = forms.ChoiceField(choices=[*_ALL, *KINDS], required=False, label="Kind")
    severity = forms.ChoiceField(choices=_FROM, required=False, label="Severity")
    unread = forms.BooleanField(required=False, label="Unread only")

    def wanted(self) -> InboxFilter:
        """What is asked for; a filter that cannot be is none."""
        data = self.cleaned_data if self.is_valid() else {}
        kind, severity = data.get("kind"), data.get("severity")
        return InboxFilter(
            Kind(kind) if kind else None,
            Severity(int(severity)) if severity else None,
            bool(data.get("unread")),
        )


class PreferencesForm(forms.Form):
    """The whole matrix, and when to be left alone."""

    time_zone = forms.ChoiceField(label="Time zone")
    quiet_from = forms.TimeField(
        required=False,
        label="From",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_until = forms.TimeField(
        required=False,
        label="Until",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_breaks = forms.ChoiceField(
        choices=BREAKS, required=False, label="What is sent all the same"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone: Any = self.fields["time_zone"]
        zone.choices = [(name, name.replace("_", " ")) for name in zones()]
        for kind in Kind:
            self._add(kind)

    def _add(self, kind: Kind) -> None:
        label = kind.label
        is_digest = kind == Kind.DIGEST
        cadences = DIGEST_CADENCES if is_digest else CADENCES
        self.fields[f"{kind}_email"] = _tick(f"{label}: e-mail")
        self.fields[f"{kind}_cadence"] = forms.ChoiceField(
            choices=cadences, label=f"{label}: how often", widget=_small()
        )
        if is_digest:
            return
        self.fields[f"{kind}_in_app"] = _tick(f"{label}: inbox")
        self.fields[f"{kind}_chat"] = _tick(f"{label}: my own channels")
        self.fields[f"{kind}_severity"] = forms.ChoiceField(
            choices=SEVERITIES, label=f"{label}: least severity", widget=_small()
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """The matrix, kind by kind, for the page."""
        for kind in Kind:
            names = ("in_app", "email", "chat", "severity", "cadence")
            cells = {
                name: self[f"{kind}_{name}"]
                for name in names
                if f"{kind}_{name}" in self.fields
            }
            yield {"label": kind.label, "help": HELP[kind], **cells}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        starts, ends = data.get("quiet_from"), data.get("quiet_until")
        if (starts is None) != (ends is None) and not self.errors:
            self.add_error("quiet_until", "Quiet hours need both ends, or neither.")
        if starts is not None and starts == ends:
            self.add_error("quiet_until", "They must not begin and end at one time.")
        return data

    def times(self) -> Times:
        data = self.cleaned_data
        breaks = data["quiet_breaks"]
        return Times(
            data["time_zone"],
            data["quiet_from"],
            data["quiet_until"],
            Severity(int(breaks)) if breaks else None,
        )

    def wishes(self) -> dict[Kind, Wish]:
        return {kind: self._wish(kind) for kind in Kind}

    def _wish(self, kind: Kind) -> Wish:
        data = self.cleaned_data
        return Wish(
            in_app=data.get(f"{kind}_in_app", False),
            email=data[f"{kind}_email"],
            chat=data.get(f"{kind}_chat", False),
            min_severity=Severity(int(data.get(f"{kind}_severity") or 0)),
            cadence=Cadence(data[f"{kind}_cadence"]),
        )

    @staticmethod
    def initial_of(wishes: Mapping[Kind, Wish], times: Times) -> dict[str, Any]:
        breaks = times.quiet_breaks
        found: dict[str, Any] = {
            "time_zone": times.time_zone,
            "quiet_from": times.quiet_from,
            "quiet_until": times.quiet_until,
            "quiet_breaks": "" if breaks is None else str(breaks.value),
        }
        for kind, wish in wishes.items():
            found |= {
                f"{kind}_in_app": wish.in_app,
                f"{kind}_email": wish.email,
                f"{kind}_chat": wish.chat,
                f"{kind}_severity": wish.min_severity.value,
                f"{kind}_cadence": wish.cadence.value,
            }
        return found


def _small() -> forms.Select:
    return forms.Select(attrs={"class": "select-small"})


def _tick(label: str) -> forms.BooleanField:
    widget = forms.CheckboxInput(attrs={"aria-label": label})
    return forms.BooleanField(required=False, label=label, widget=widget)


class ChannelForm(forms.Form):
    """A channel that exists: its address stays unless another is entered."""

    name = forms.CharField(max_length=80, label="Name")
    url = forms.CharField(
        max_length=LONGEST_URL,
        required=False,
        label="Address",
        widget=forms.TextInput(
            attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="Kept sealed, and not shown again. Empty: it stays as it is.",
    )
    kinds = forms.MultipleChoiceField(
        choices=[pair for pair in KINDS if pair[0] != Kind.DIGEST],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Only these kinds; none ticked is all of them",
    )
    min_severity = forms.TypedChoiceField(
        choices=SEVERITIES, coerce=int, label="Least severity"
    )


class NewChannelForm(ChannelForm):
    """A new channel."""

    via = forms.ChoiceField(label="What it is")
    is_mine = forms.BooleanField(required=False, label="My own channel")

    def __init__(
        self, *args: Any, vias: list[Via], can_manage: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        via: Any = self.fields["via"]
        via.choices = [(one.value, one.label) for one in vias]
        self.fields["url"].required = True
        self.fields["url"].help_text = "Kept sealed: shown by its host and end alone."
        self.fields["min_severity"].required = False
        if not can_manage:
            del self.fields["is_mine"]


class RuleForm(forms.Form):
    """A rule; of the fields below, those of its kind count."""

    about = forms.ChoiceField(
        choices=Rule.About.choices,
        widget=forms.RadioSelect,
        initial=Rule.About.PRICE_MOVE,
        label="Tell me when",
    )
    percent = forms.DecimalField(
        min_value=1, max_value=1000, initial=10, label="By more than, %"
    )
    points = forms.DecimalField(
        min_value=1, max_value=100, initial=5, label="Points better"
    )
    price_percent = forms.DecimalField(
        min_value=1,
        max_value=100,
        initial=50,
        label="At this share of my price at the most, %",
    )
    alias = forms.CharField(
        max_length=100,
        label="Alias",
        widget=forms.TextInput(
            attrs={"list": "rule-aliases", "class": "mono", "autocomplete": "off"}
        ),
    )
    usd = forms.DecimalField(
        min_value=0,
        max_digits=14,
        decimal_places=2,
        label="More than, $ a day",
    )
    name = forms.CharField(
        required=False, max_length=120, label="Name", help_text="Empty: its sentence."
    )
    severity = forms.TypedChoiceField(
        choices=SEVERITIES, coerce=int, initial=Severity.WARNING.value, label="Severity"
    )
    cooldown_h = forms.IntegerField(
        min_value=1,
        max_value=720,
        initial=24,
        label="Again only after, hours",
        help_text="Of the same model or alias.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = PARAMS.get(self.data.get("about", ""), ())
        for name in sum(PARAMS.values(), ()):
            # Unsent, the page marks none of them as optional: one kind is chosen.
            self.fields[name].required = not self.is_bound or name in chosen

    def params(self) -> dict[str, Any]:
        """The parameters of the chosen kind, as its evaluator takes them."""
        data = self.cleaned_data
        return {name: data[name] for name in PARAMS[data["about"]]}
