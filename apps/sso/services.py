"""Writes of single sign-on, each on record in the organization's audit log."""

import secrets
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, transaction

from apps.accounts.member_services import lock_organization
from apps.accounts.models import Membership, User
from apps.accounts.roles import Role
from apps.accounts.seats import require_seat_to_join
from apps.accounts.sessions import end_sessions_of
from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, ValidationError
from apps.kit.sealing import Secret
from apps.sso import dns
from apps.sso.models import Connection, Domain
from apps.sso.queries import domain_of, verified_domains

RECORD: Final = "_modeloptix-challenge"
VALUE: Final = "modeloptix-domain-verification"


@dataclass(frozen=True)
class Wanted:
    """A connection as somebody asks for it; an empty secret keeps the one there is."""

    kind: str
    issuer: str
    default_role: str
    client_id: str = ""
    client_secret: Secret | None = None
    sso_url: str = ""
    certificate: str = ""


@transaction.atomic
def save_connection(wanted: Wanted, *, by: Membership) -> Connection:
    """Set how the organization in scope signs in.

    Accounts that are linked through another provider than the new one lose their
    link: the new one may name its people the same. Whoever is no owner cannot, by
    what the provider is trusted with, get into an owner's account either.
    """
    org = lock_organization()
    connection = Connection.objects.first() or Connection(org=org)
    before = _facts(connection) if connection.issuer else None
    is_other = (connection.kind, connection.issuer) != (wanted.kind, wanted.issuer)
    is_trust_changed = before is None or _trust(connection) != _trust(wanted)
    _fill(connection, wanted)
    if is_other:
        # Nobody has shown yet that the new one lets anybody in.
        connection.is_enforced, connection.last_used_at = False, None
        _linked(connection).delete()
    elif is_trust_changed and by.role != Role.OWNER:
        owners = Membership.objects.filter(role=Role.OWNER).values("user_id")
        _linked(connection).filter(user_id__in=owners).delete()
    connection.save()
    _record(connection, "sso.saved", before=before, after=_facts(connection))
    return connection


def _fill(connection: Connection, wanted: Wanted) -> None:
    connection.kind, connection.issuer = wanted.kind, wanted.issuer
    connection.client_id, connection.sso_url = wanted.client_id, wanted.sso_url
    connection.certificate = wanted.certificate
    connection.default_role = wanted.default_role
    if wanted.client_secret is not None:
        ring = settings.KEY_ENCRYPTION_KEYS
        connection.sealed_secret = ring.seal(
            wanted.client_secret, bound_to=connection.bound_to
        )


def _trust(one: Connection | Wanted) -> tuple[str, ...]:
    return one.kind, one.issuer, one.client_id, one.sso_url, one.certificate


def client_secret(connection: Connection) -> Secret:
    """What we show the provider; raises SealError for a row that was tampered with."""
    sealed = bytes(connection.sealed_secret)
    opened: Secret = settings.KEY_ENCRYPTION_KEYS.open(
        sealed, bound_to=connection.bound_to
    )
    return opened


@transaction.atomic
def remove_connection() -> None:
    """Go back to passwords; who joined by single sign-on sets one by a reset."""
    connection = _connection()
    # The links go with it: see the table's trigger.
    connection.delete()
    _record(connection, "sso.removed", before=_facts(connection))


@transaction.atomic
def set_enforced(*, is_enforced: bool, by_session: str | None) -> None:
    """Require single sign-on, or stop requiring it.

    Required, it signs out at once all members it concerns, but for the session that
    asked. Refused until a domain is proven and somebody has come in through it once.
    """
    connection = _connection()
    if is_enforced and not verified_domains():
        raise ValidationError("Prove a domain first.")
    if is_enforced and connection.last_used_at is None:
        raise ValidationError(
            "Sign in through the connection once before requiring it."
        )
    if connection.is_enforced == is_enforced:
        return
    connection.is_enforced = is_enforced
    connection.save(update_fields=["is_enforced"])
    action = "sso.required" if is_enforced else "sso.optional"
    _record(connection, action, after={"name": connection.issuer})
    if is_enforced:
        end_sessions_of(_bound_members(connection), but=by_session)


def _bound_members(connection: Connection) -> set[UUID]:
    """Members who may not use a password: at a proven domain, or linked; no owners."""
    others = Membership.objects.exclude(role=Role.OWNER)
    user_ids = set(others.values_list("user_id", flat=True))
    domains = verified_domains()
    addresses = EmailAddress.objects.filter(user_id__in=user_ids)
    at_domain = {a.user_id for a in addresses if domain_of(a.email) in domains}
    linked = _linked(connection).values_list("user_id", flat=True)
    return at_domain | (user_ids & set(linked))


@transaction.atomic
def join(connection: Connection, user: User) -> None:
    """Make somebody who came through the connection a member, if they are none yet."""
    lock_organization()
    if Membership.objects.filter(user=user).exists():
        return
    require_seat_to_join()
    member = Membership.objects.create(user=user, role=connection.default_role)
    record(
        "member.joined",
        subject="member",
        subject_id=member.id,
        after={"email": user.email, "role": member.role, "through": "single sign-on"},
    )


def note_use(connection: Connection) -> None:
    Connection.objects.filter(id=connection.id).update(last_used_at=utc_now())


@transaction.atomic
def add_domain(name: str) -> Domain:
    """Claim a domain; it counts once its DNS record is found."""
    if Domain.objects.filter(name=name).exists():
        raise ValidationError("This domain is on the list already.")
    domain = Domain.objects.create(name=name, token=secrets.token_urlsafe(24))
    _record_domain(domain, "sso.domain_added")
    return domain


def verify_domain(domain_id: UUID) -> bool:
    """Look for the domain's record; True when it is there.

    Raises `dns.LookUpError` when name servers do not answer, and ValidationError
    when another organization has proven the same domain.
    """
    domain = _domain(domain_id)
    if expected_value(domain) not in dns.look_up(f"{RECORD}.{domain.name}"):
        return False
    try:
        with transaction.atomic():
            domain.verified_at = utc_now()
            domain.save(update_fields=["verified_at"])
            _record_domain(domain, "sso.domain_verified")
    except IntegrityError:
        raise ValidationError(
            "Another organization has proven this domain. If it is yours now, ask"
            " whoever runs this installation."
        ) from None
    return True


def expected_value(domain: Domain) -> str:
    return f"{VALUE}={domain.token}"


@transaction.atomic
def remove_domain(domain_id: UUID) -> None:
    """Give a domain up; the last one cannot go while single sign-on is required."""
    domain = _domain(domain_id)
    is_last = verified_domains() == {domain.name}
    if is_last and Connection.objects.filter(is_enforced=True).exists():
        raise ValidationError("Stop requiring single sign-on first.")
    domain.delete()
    _record_domain(domain, "sso.domain_removed")


def _connection() -> Connection:
    connection = Connection.objects.select_for_update().first()
    if connection is None:
        raise NotFoundError("There is no connection.")
    return connection


def _domain(domain_id: UUID) -> Domain:
    domain = Domain.objects.filter(id=domain_id).first()
    if domain is None:
        raise NotFoundError("There is no such domain.")
    return domain


def _linked(connection: Connection) -> Any:
    return SocialAccount.objects.filter(provider=connection.provider_id)


def _facts(connection: Connection) -> dict[str, Any]:
    names = ("kind", "issuer", "client_id", "sso_url", "certificate", "default_role")
    return {name: getattr(connection, name) for name in names}


def _record(connection: Connection, action: str, **sides: Any) -> None:
    record(action, subject="sso", subject_id=connection.org_id, **sides)


def _record_domain(domain: Domain, action: str) -> None:
    record(
        action,
        subject="sso_domain",
        subject_id=domain.name,
        after={"name": domain.name},
    )
