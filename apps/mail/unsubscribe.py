"""One click ends a kind of notification (RFC 8058), without signing in.

The token says who and what and is signed, so it cannot be made up. It does not
expire: a link in an old mail has to work as long as the mail lies in a mailbox.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.urls import reverse

from apps.mail.kinds import Kind
from apps.mail.models import OptOut

# Without a moment in it: the same person and kind have the same link in every mail.
_SIGNER: Final = signing.Signer(salt="modeloptix.unsubscribe")


@dataclass(frozen=True)
class Subscription:
    """One kind of notification for one person."""

    user_id: UUID
    kind: Kind


def link_for(user_id: UUID, kind: Kind) -> str:
    token = _SIGNER.sign_object([user_id.hex, kind.value])
    return f"{settings.SITE_URL}{reverse('mail:unsubscribe', args=[token])}"


def read(token: str) -> Subscription | None:
    """What the token is for; None when it is not ours or its kind is no more."""
    try:
        user_id, kind = _SIGNER.unsign_object(token)
        return Subscription(UUID(user_id), Kind(kind))
    except (signing.BadSignature, ValueError):
        return None


def wants(kind: Kind, user_ids: Iterable[UUID]) -> list[UUID]:
    """Those of the people who have not refused this kind, in the order given."""
    asked = list(user_ids)
    refused = OptOut.objects.filter(user_id__in=asked, kind=kind)
    without = set(refused.values_list("user_id", flat=True))
    return [user_id for user_id in asked if user_id not in without]


def unsubscribe(subscription: Subscription) -> None:
    """Send no more of it; a second time changes nothing."""
    # A link outlives the account it was sent to.
    if get_user_model().objects.filter(id=subscription.user_id).exists():
        row = OptOut(user_id=subscription.user_id, kind=subscription.kind)
        OptOut.objects.bulk_create([row], ignore_conflicts=True)


def subscribe(subscription: Subscription) -> None:
    OptOut.objects.filter(user_id=subscription.user_id, kind=subscription.kind).delete()
