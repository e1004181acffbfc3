"""Forms of sign-up and of a person's own profile."""

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.models import EmailAddress
from django import forms
from django.db import transaction
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.services import ensure_organization
from apps.kit.ids import uuid7


class SignupForm(AllauthSignupForm):  # type: ignore[misc]  # allauth has no types
    """Sign-up that takes as long for an address with an account as for a new one."""

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            _rehearse(self.cleaned_data["password1"])
        return super().try_save(request)


def _rehearse(password: str) -> None:
    """Do all of a sign-up's work, hash and rows, and keep nothing of it."""
    with transaction.atomic():
        user = User.objects.create_user(f"{uuid7()}@rehearsal.invalid", password)
        EmailAddress.objects.create(user=user, email=user.email, primary=True)
        ensure_organization(user)
        transaction.set_rollback(True)


class ProfileForm(forms.Form):
    """What the pages call a person."""

    name = forms.CharField(
        max_length=100,
        required=False,
        label="Name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
