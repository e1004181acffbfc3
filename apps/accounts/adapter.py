"""Where allauth meets our model: sign-up makes an organization, mail goes our way,
and what changes a way into an account is noted and told.
"""

from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.models import EmailAddress
from allauth.account.utils import get_next_redirect_url
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts import invitation_services, linking
from apps.accounts.client_ip import client_ip
from apps.accounts.models import User
from apps.accounts.security_log import EVENTS, note
from apps.accounts.services import ensure_organization
from apps.kit.pinned import PinnedSession
from apps.mail import services as mail

# A session with it may sign up although sign-up is not open to everyone.
ADMITTED = "may_sign_up"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-up by e-mail and password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Open to all, or to who was let in or invited while others wait."""
        if settings.SIGN_UP == "open" or request.session.get(ADMITTED):
            return True
        return _is_invited(get_next_redirect_url(request))

    @transaction.atomic
    def save_user(
        self, request: HttpRequest, user: User, form: Any, commit: bool = True
    ) -> User:
        saved: User = super().save_user(request, user, form, commit=commit)
        if commit:
            ensure_organization(saved)
        return saved

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """All of allauth's mails go our way: `account/email/x` is `emails/x/`."""
        name = template_prefix.rpartition("/")[2]
        mail.send(name, to=email, context={"email": email, **context})

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the person what changed about their sign-in, and the audit log too."""
        known = context or {}
        facts: dict[str, Any] = {}
        if account := known.get("account"):
            facts["way"] = linking.provider_name(account.provider)
        if "to_email" in known:
            facts |= {"from": known["from_email"], "to": known["to_email"]}
        note(user, EVENTS[template_prefix.rpartition("/")[2]], facts)
        super().send_notification_mail(template_prefix, user, context, email)

    def get_client_ip(self, request: HttpRequest) -> str:
        # Rate limits count by it, so a forged header must not change it.
        return client_ip(request)

    def is_safe_url(self, url: str) -> bool:
        """Only pages of the host that was asked; ALLOWED_HOSTS may hold others."""
        request = allauth_context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: Any
    ) -> str:
        """The link of the mail leads back to the page that asked for the sign-up."""
        url: str = super().get_email_confirmation_url(request, emailconfirmation)
        wanted = get_next_redirect_url(request)
        return f"{url}?{urlencode({'next': wanted})}" if wanted else url

    def set_password(self, user: User, password: str) -> None:
        """A reset also throws out whoever opened the account without proving it.

        Until an address is confirmed nobody can sign in, so a password that is set
        before can only come from the mail of a reset: from the address's owner.
        """
        if not EmailAddress.objects.filter(user=user, verified=True).exists():
            SocialAccount.objects.filter(user=user).delete()
            Authenticator.objects.filter(user=user).delete()
        super().set_password(user, password)

    def post_login(
        self, request: HttpRequest, user: User, **facts: Any
    ) -> HttpResponse:
        """Who has just signed in has proven that a waiting link is theirs."""
        waiting = linking.take(request, user)
        if waiting is not None:
            self.link(request, waiting)
        response: HttpResponse = super().post_login(request, user, **facts)
        return response

    def link(self, request: HttpRequest, waiting: linking.Pending) -> None:
        waiting.login.connect(request, waiting.user)
        name = waiting.provider_name
        messages.info(request, f"{name} opens this account from now on, too.")


def _is_invited(wanted: str | None) -> bool:
    """Whether the page that asked for the sign-up is that of an open invitation."""
    try:
        match = resolve(wanted or "")
    except Resolver404:
        return False
    if match.view_name != "accounts:invitation":
        return False
    found = invitation_services.look_up(match.kwargs["token"])
    return found is not None and found.is_open


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # as above
    """Sign-up through Google or GitHub."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """As by e-mail; an organization's identity provider lets in its own people."""
        if str(sociallogin.account.provider).startswith(linking.SSO_PREFIX):
            return True
        is_open: bool = super().is_open_for_signup(request, sociallogin)
        return is_open or _is_invited(sociallogin.state.get("next"))

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Ask for proof before an account elsewhere opens one of ours."""
        is_login = sociallogin.state.get("process") == AuthProcess.LOGIN
        if sociallogin.is_existing or not is_login:
            return
        owner = linking.owner_of(sociallogin)
        if owner is not None:
            self.ask_for_proof(request, sociallogin, owner)

    def ask_for_proof(
        self, request: HttpRequest, sociallogin: Any, owner: User
    ) -> None:
        """Raises the answer that leads there."""
        if request.user.is_authenticated:
            self.account_adapter(request).logout(request)
        linking.stash(request, sociallogin, owner)
        wanted = sociallogin.state.get("next")
        url = redirect("accounts:link").url
        raise ImmediateHttpResponse(
            redirect(f"{url}?{urlencode({'next': wanted})}" if wanted else url)
        )

    def account_adapter(self, request: HttpRequest) -> AccountAdapter:
        adapter: AccountAdapter = get_account_adapter(request)
        return adapter

    def get_requests_session(self) -> PinnedSession:
        """Identity providers' addresses may be customers' own: none is trusted."""
        return PinnedSession(allow_private=settings.PRIVATE_ADDRESSES_ALLOWED)

    def populate_user(
        self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]
    ) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        names = (data.get("first_name"), data.get("last_name"))
        user.name = (data.get("name") or " ".join(filter(None, names)))[:100]
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
        self.settle(sociallogin, user)
        return user

    def settle(self, sociallogin: Any, user: User) -> None:
        """Give a new person an organization to work in."""
        ensure_organization(user)
