"""Writes of channels: chats and webhooks, of the organization or of one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from apps.accounts import entitlements
from apps.accounts.models import Membership
from apps.alerts import closing, sending, signing
from apps.alerts.audience import FEATURES
from apps.alerts.channel_rules import clean_url, host_of
from apps.alerts.crypto import Contents, opened, seal_into
from apps.alerts.kinds import Cadence, Kind, Severity, Via
from apps.alerts.models import Alert, Channel, Delivery
from apps.alerts.routing import lock_organization
from apps.audit.services import record
from apps.kit.addresses import refuse_private
from apps.kit.clock import utc_now
from apps.kit.errors import (
    NotFoundError,
    PermissionDeniedError,
    UnprocessableError,
    ValidationError,
)
from apps.kit.ids import uuid7
from apps.tenancy.scope import require_org_id

# A burst goes to each of them, one after the other.
MOST_CHANNELS: Final = 20
OVERLAP: Final = timedelta(hours=24)
CHANGEABLE: Final = ("name", "kinds", "min_severity", "is_enabled")


@dataclass(frozen=True, slots=True)
class NewChannel:
    """What somebody enters; `member` makes it that person's own."""

    via: Via
    name: str
    url: str = field(repr=False)
    kinds: tuple[Kind, ...] = ()
    min_severity: Severity = Severity.INFO
    member: Membership | None = None


def create_channel(wanted: NewChannel, *, by: str = "") -> tuple[Channel, str]:
    """Add a channel; returns it with the secret that signs, shown this once.

    A chat has none. Raises ValidationError for an address that cannot be meant,
    PermissionDeniedError where the plan has no such channels.
    """
    require_feature(wanted.via)
    url = _checked(wanted.via, wanted.url)
    with transaction.atomic():
        lock_organization()
        if Channel.objects.count() >= MOST_CHANNELS:
            raise UnprocessableError(f"There are {MOST_CHANNELS} channels already.")
        key = signing.new_secret() if wanted.via == Via.WEBHOOK else ""
        channel = Channel(
            org_id=require_org_id(),
            via=wanted.via,
            name=wanted.name,
            member=wanted.member,
            kinds=[kind.value for kind in wanted.kinds],
            min_severity=wanted.min_severity,
            created_by=by,
        )
        _put(channel, Contents(url, key))
        channel.save(force_insert=True)
        _record("alert_channel.created", channel, after=_facts(channel))
    return channel, key


def require_feature(via: Via) -> None:
    if not entitlements.allows(require_org_id(), FEATURES[via]):
        raise PermissionDeniedError(
            f"{via.label} is not part of your organization's plan.", param="via"
        )


def change_channel(channel_id: UUID, changes: Mapping[str, Any]) -> Channel:
    """Change what is given of CHANGEABLE, and `url`; a channel switched on is tried."""
    url = changes.get("url")
    with transaction.atomic():
        channel = _locked(channel_id)
        before = _facts(channel)
        if url:
            held = opened(channel)
            checked = _checked(Via(channel.via), url)
            _put(channel, Contents(checked, held.key, held.previous))
        for name in CHANGEABLE:
            if name in changes:
                setattr(channel, name, changes[name])
        if changes.get("is_enabled") or url:
            channel.failures, channel.failing_since = 0, None
            channel.disabled_because = ""
        channel.save()
        after = _facts(channel) | ({"address": "replaced"} if url else {})
        _record("alert_channel.changed", channel, before=before, after=after)
    return channel


def delete_channel(channel_id: UUID) -> None:
    """Forget a channel with its delivery log; what waits for it is not sent."""
    with transaction.atomic():
        channel = _locked(channel_id)
        _record("alert_channel.deleted", channel, before=_facts(channel))
        channel.delete()


def rotate_secret(channel_id: UUID, *, overlap: timedelta = OVERLAP) -> str:
    """Make another secret; the one before signs as well until the overlap is over."""
    with transaction.atomic():
        channel = _locked(channel_id)
        if not channel.is_webhook:
            raise ValidationError("Only a webhook has a secret that signs.")
        held, now = opened(channel), utc_now()
        key = signing.new_secret()
        _put(channel, Contents(held.url, key, held.key))
        channel.previous_until, channel.rotated_at = now + overlap, now
        channel.save()
        facts = {"name": channel.name, "previous_until": channel.previous_until}
        _record("alert_channel.rotated", channel, after=facts)
    return key


def send_test(channel_id: UUID) -> Delivery:
    """Send a test now, once, and say how it went; no transaction is open meanwhile."""
    channel = get_channel(channel_id)
    require_feature(Via(channel.via))
    now = utc_now()
    sample = Alert(
        id=uuid7(),
        kind=Kind.CHANNEL,
        severity=Severity.INFO,
        title=f"A test of “{channel.name}”",
        body="Alerts of ModelOptix arrive here.",
        url="/alerts/channels/",
        created_at=now,
    )
    with transaction.atomic():
        delivery = Delivery.objects.create(
            via=channel.via,
            channel=channel,
            cadence=Cadence.IMMEDIATE,
            state=Delivery.State.SENDING,
            opened_at=now,
            due_at=now,
            is_test=True,
        )
        closing.write_down(delivery, [sample], now)
    sending.attempt(delivery.id, 1, is_by_hand=True)
    delivery.refresh_from_db()
    return delivery


def get_channel(channel_id: UUID | None) -> Channel:
    """A channel of the organization; raises NotFoundError."""
    channel = Channel.objects.filter(Q(id=channel_id)).first()
    if channel is None:
        raise NotFoundError("There is no such channel.")
    return channel


def _locked(channel_id: UUID) -> Channel:
    rows = Channel.objects.defer(None).select_for_update(of=("self",))
    channel = rows.filter(id=channel_id).first()
    if channel is None:
        raise NotFoundError("There is no such channel.")
    return channel


def _checked(via: Via, text: str) -> str:
    """The address, if it may be asked; looked at again whenever something is sent."""
    try:
        url = clean_url(via, text)
        if via == Via.WEBHOOK:
            refuse_private(url, allow_private=settings.PRIVATE_ADDRESSES_ALLOWED)
    except ValueError as problem:
        raise ValidationError(str(problem), param="url") from None
    return url


def _put(channel: Channel, contents: Contents) -> None:
    seal_into(channel, contents)
    channel.host = host_of(contents.url)[:253]
    channel.url_end = contents.url[-4:]


def _facts(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "via": channel.via,
        "host": channel.host,
        "kinds": list(channel.kinds),
        "min_severity": Severity(channel.min_severity).code,
        "is_enabled": channel.is_enabled,
        "is_personal": channel.member_id is not None,
    }


def _record(
    action: str,
    channel: Channel,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    record(
        action,
        subject="alert_channel",
        subject_id=channel.id,
        before=before,
        after=after,
    )
