"""The waitlist: asked by a form, confirmed by a link, left by another.

Double opt-in: an address counts only after its owner has clicked, so nobody is put
on the list by somebody else. What the page answers is the same for an address that
is new, waiting or on the list; only the mail differs, and its owner alone reads it.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.mail import services as mail
from apps.web.models import WaitlistEntry

LIFETIME: Final = timedelta(days=7)
# Addresses that nobody confirmed are not ours to keep.
FORGOTTEN_AFTER: Final = timedelta(days=30)
_LEAVE: Final = signing.Signer(salt="modeloptix.waitlist.leave")
_ENTER: Final = signing.Signer(salt="modeloptix.waitlist.enter")


@transaction.atomic
def ask(email: str) -> None:
    """Mail a link that puts the address on the list; says nothing of what is known."""
    email = email.strip().lower()
    now = utc_now()
    token = secrets.token_urlsafe(32)
    forget_unconfirmed()
    WaitlistEntry.objects.bulk_create(
        [WaitlistEntry(email=email, asked_at=now)], ignore_conflicts=True
    )
    # Two at once for one address wait for each other: the newest link is the good one.
    entry = WaitlistEntry.objects.select_for_update().get(email=email)
    if entry.confirmed_at:
        _send("waitlist_already", entry)
        return
    entry.digest, entry.expires_at, entry.asked_at = _digest(token), now + LIFETIME, now
    entry.save(update_fields=["digest", "expires_at", "asked_at"])
    _send(
        "waitlist_confirm",
        entry,
        url=_address("web:waitlist-confirm", token),
        expires_at=entry.expires_at,
    )


def can_confirm(token: str) -> bool:
    return _open_entries(token).exists()


def confirm(token: str) -> None:
    """Put the address on the list. Of two clicks at once, one does it.

    Raises NotFoundError for a link that was used, replaced, or is too old.
    """
    entries = _open_entries(token)
    if not entries.update(confirmed_at=utc_now(), digest=None, expires_at=None):
        raise NotFoundError("This link was used, replaced by a newer one, or ran out.")


def entry_behind(token: str) -> UUID | None:
    """Whose entry a link out of a mail would remove; None for any other text."""
    return _read(_LEAVE, token)


def leave(entry_id: UUID) -> None:
    """Forget the address; a second time changes nothing."""
    WaitlistEntry.objects.filter(id=entry_id).delete()


def is_admitted(token: str) -> bool:
    """Whether the link is of somebody who may sign up by now."""
    entry_id = _read(_ENTER, token)
    if entry_id is None:
        return False
    return WaitlistEntry.objects.filter(id=entry_id, admitted_at__isnull=False).exists()


def admit(entries: Iterable[WaitlistEntry], *, login: str) -> int:
    """Let people in who have confirmed and wait; each is mailed a link, once."""
    count = 0
    for entry in entries:
        with transaction.atomic(using=login):
            waiting = WaitlistEntry.objects.using(login).filter(
                id=entry.id, confirmed_at__isnull=False, admitted_at=None
            )
            if waiting.update(admitted_at=utc_now()):
                count += 1
                url = _address("web:waitlist-enter", _ENTER.sign(entry.id.hex))
                _send("waitlist_welcome", entry, url=url)
                record(
                    "waitlist.admitted",
                    subject="waitlistentry",
                    subject_id=entry.id,
                    after={"email": entry.email},
                    org_id=None,
                )
    return count


def forget_unconfirmed() -> int:
    """Remove who never confirmed; each new asker is the occasion."""
    late = utc_now() - FORGOTTEN_AFTER
    old = WaitlistEntry.objects.filter(confirmed_at=None, asked_at__lt=late)
    return old.delete()[0]


def leave_url(entry: WaitlistEntry) -> str:
    # Without a moment in it: the link in an old mail works as long as the mail is kept.
    return _address("web:waitlist-leave", _LEAVE.sign(entry.id.hex))


def _open_entries(token: str) -> QuerySet[WaitlistEntry]:
    return WaitlistEntry.objects.filter(
        digest=_digest(token), confirmed_at=None, expires_at__gt=utc_now()
    )


def _send(template: str, entry: WaitlistEntry, **context: object) -> None:
    url = leave_url(entry)
    context = {"leave_url": url, **context}
    mail.send(template, to=entry.email, context=context, unsubscribe_url=url)


def _address(name: str, token: str) -> str:
    return settings.SITE_URL + reverse(name, args=[token])


def _read(signer: signing.Signer, token: str) -> UUID | None:
    try:
        return UUID(signer.unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
