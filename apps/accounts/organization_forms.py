"""Forms of an organization, its members and its audit log."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.http import urlencode

from apps.accounts.invitation_services import INVITABLE
from apps.accounts.names import validate_name
from apps.accounts.roles import Role
from apps.audit.queries import Filters

ROLES = [(role.value, role.value.capitalize()) for role in Role]
INVITABLE_ROLES = [(role.value, role.value.capitalize()) for role in INVITABLE]


class OrganizationForm(forms.Form):
    """What an organization is called."""

    name = forms.CharField(max_length=100, label="Name", validators=[validate_name])


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(max_length=254, label="E-mail address")
    role = forms.ChoiceField(choices=INVITABLE_ROLES, initial=Role.MEMBER, label="Role")


class RoleForm(forms.Form):
    """The role a member shall have."""

    role = forms.ChoiceField(choices=ROLES)


class GoingForm(forms.Form):
    """What becomes of the keys of somebody who goes."""

    revoke_keys = forms.BooleanField(
        required=False, label="Revoke the live API keys they made"
    )


class AuditFilterForm(forms.Form):
    """What part of the audit log to show; days are days in UTC, both included."""

    person = forms.CharField(max_length=254, required=False, label="Person")
    action = forms.ChoiceField(required=False, label="Action")
    subject = forms.CharField(max_length=200, required=False, label="Subject")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="To", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, actions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Any action"), *((name, name) for name in actions)]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def filters(self) -> Filters:
        """What to show; a filter that makes no sense filters nothing."""
        self.is_valid()
        data = self.cleaned_data
        return Filters(
            person=data.get("person", ""),
            action=data.get("action", ""),
            subject=data.get("subject", ""),
            since=_start_of(data.get("since")),
            until=_start_of(data.get("until"), days_later=1),
        )

    def state(self) -> str:
        """The filters as a query string, for links that keep them."""
        return urlencode({k: v for k, v in self.cleaned_data.items() if v})


def _start_of(day: date | None, *, days_later: int = 0) -> datetime | None:
    if day is None or (days_later and day == date.max):
        return None
    return datetime.combine(day + timedelta(days=days_later), time(), tzinfo=UTC)
