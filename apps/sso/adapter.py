"""Single sign-on in allauth's flow: who is let in, and whom it binds."""

from typing import Any, Never
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialApp
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from apps.accounts import linking
from apps.accounts.adapter import AccountAdapter, SocialAccountAdapter
from apps.accounts.callers import ORG_IN_SESSION
from apps.accounts.models import Membership, User
from apps.kit.errors import ValidationError
from apps.sso import queries, services
from apps.sso.models import Connection, provider_id_of
from apps.sso.social_apps import as_app
from apps.tenancy.scope import scope


class SSOAccountAdapter(AccountAdapter):
    """Sign-in that minds what organizations ask for."""

    def pre_login(
        self, request: HttpRequest, user: User, **facts: Any
    ) -> HttpResponse | None:
        """Lead to single sign-on whoever must use it, once their password was right.

        Before that the answer would tell who has an account.
        """
        refused: HttpResponse | None = super().pre_login(request, user, **facts)
        if refused:
            return refused
        required = queries.required_for(user)
        if not required or _may_enter(request, user, required):
            return None
        clear_login(request)
        wanted = facts.get("redirect_url") or get_next_redirect_url(request)
        return _to_entry(required[0], wanted)

    def post_login(
        self, request: HttpRequest, user: User, **facts: Any
    ) -> HttpResponse:
        """Work for the organization whose connection somebody came through."""
        response: HttpResponse = super().post_login(request, user, **facts)
        org_id = _came_through(request, user)
        connection = queries.find_connection(org_id) if org_id else None
        if connection is not None:
            request.session[ORG_IN_SESSION] = str(connection.org_id)
            with scope(connection.org_id):
                services.note_use(connection)
        return response

    def link(self, request: HttpRequest, waiting: linking.Pending) -> None:
        connection = _connection_of(waiting.provider_id)
        if connection is not None:
            with scope(connection.org_id):
                services.join(connection, waiting.user)
            request.session[ORG_IN_SESSION] = str(connection.org_id)
        super().link(request, waiting)


class SSOSocialAccountAdapter(SocialAccountAdapter):
    """Sign-in through an organization's identity provider."""

    def list_apps(
        self,
        request: HttpRequest,
        provider: str | None = None,
        client_id: str | None = None,
    ) -> list[SocialApp]:
        """A connection when one is asked for by name; the sign-in page lists none."""
        is_named = (provider or "").startswith(linking.SSO_PREFIX)
        if not is_named and provider != "saml":
            apps: list[SocialApp] = super().list_apps(request, provider, client_id)
            return apps
        org_id = queries.org_id_of(str(provider if is_named else client_id))
        connection = queries.find_connection(org_id) if org_id else None
        return [as_app(connection)] if connection else []

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        provider = str(sociallogin.account.provider)
        if not provider.startswith(linking.SSO_PREFIX):
            super().pre_social_login(request, sociallogin)
            return
        connection = _connection_of(provider)
        if connection is None:
            _refuse(request, "This organization has no single sign-on.")
        with scope(connection.org_id):
            self._admit(request, sociallogin)
        if not sociallogin.is_existing:
            owner = linking.owner_of(sociallogin)
            if owner is not None:
                self.ask_for_proof(request, sociallogin, owner)

    def _admit(self, request: HttpRequest, sociallogin: Any) -> None:
        """Take an identity provider's word for its organization's own domains only."""
        domains = queries.verified_domains()
        addresses = [a for a in sociallogin.email_addresses if a.verified]
        if not addresses:
            _refuse(request, "Your identity provider did not confirm your address.")
        if any(queries.domain_of(a.email) not in domains for a in addresses):
            _refuse(request, "Your address is not at a domain of this organization.")
        if not sociallogin.is_existing:
            return
        user = sociallogin.user
        theirs = EmailAddress.objects.filter(user=user, verified=True)
        if not any(queries.domain_of(a.email) in domains for a in theirs):
            _refuse(
                request, "Your account has no address at this organization's domain."
            )
        if not Membership.objects.filter(user=user).exists():
            _refuse(request, "You are no longer a member of this organization.")

    def settle(self, sociallogin: Any, user: User) -> None:
        """Who comes through a connection belongs to its organization."""
        connection = _connection_of(sociallogin.account.provider)
        if connection is None:
            super().settle(sociallogin, user)
            return
        with scope(connection.org_id):
            services.join(connection, user)

    def validate_disconnect(self, account: Any, accounts: Any) -> None:
        required = queries.required_for(account.user)
        if account.provider in {provider_id_of(org_id) for org_id in required}:
            raise ValidationError("Your organization requires single sign-on.")
        super().validate_disconnect(account, accounts)


def _connection_of(provider: str) -> Connection | None:
    """The connection an account elsewhere belongs to; None for Google and GitHub."""
    if not provider.startswith(linking.SSO_PREFIX):
        return None
    org_id = queries.org_id_of(provider)
    return queries.find_connection(org_id) if org_id else None


def _may_enter(request: HttpRequest, user: User, required: list[UUID]) -> bool:
    """Whether they came through a connection, or prove an account for its link."""
    if _came_through(request, user) in required:
        return True
    waiting = linking.pending(request)
    providers = {provider_id_of(org_id) for org_id in required}
    is_theirs = waiting is not None and waiting.user.pk == user.pk
    return is_theirs and waiting is not None and waiting.provider_id in providers


def _came_through(request: HttpRequest, user: User) -> UUID | None:
    for entry in get_authentication_records(request, user):
        provider = str(entry.get("provider", ""))
        if provider.startswith(linking.SSO_PREFIX):
            return queries.org_id_of(provider)
    return None


def _to_entry(org_id: UUID, wanted: str | None) -> HttpResponse:
    query = {"org": str(org_id), **({"next": wanted} if wanted else {})}
    return redirect(f"{reverse('sso:entry')}?{urlencode(query)}")


def _refuse(request: HttpRequest, reason: str) -> Never:
    page = render(request, "sso/refused.html", {"reason": reason}, status=403)
    raise ImmediateHttpResponse(page)
