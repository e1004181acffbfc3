"""Where allauth meets our model: sign-up makes an organization."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.db import transaction
from django.http import Http404, HttpRequest

from apps.accounts.client_ip import client_ip
from apps.accounts.models import User
from apps.accounts.services import ensure_organization


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-up by e-mail and password."""

    @transaction.atomic
    def save_user(
        self, request: HttpRequest, user: User, form: Any, commit: bool = True
    ) -> User:
        saved: User = super().save_user(request, user, form, commit=commit)
        if commit:
            ensure_organization(saved)
        return saved

    def get_client_ip(self, request: HttpRequest) -> str:
        # Rate limits count by it, so a forged header must not change it.
        return client_ip(request)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # as above
    """Sign-up through Google or GitHub."""

    def populate_user(
        self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]
    ) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        names = (data.get("first_name"), data.get("last_name"))
        user.name = data.get("name") or " ".join(filter(None, names))
        return user

    def get_app(self, request: HttpRequest, *args: Any, **kwargs: Any) -> SocialApp:
        """A way in without its keys in the settings is not there."""
        try:
            return super().get_app(request, *args, **kwargs)
        except SocialApp.DoesNotExist:
            raise Http404 from None

    @transaction.atomic
    def save_user(
        self, request: HttpRequest, sociallogin: Any, form: Any = None
    ) -> User:
        user: User = super().save_user(request, sociallogin, form)
        ensure_organization(user)
        return user
