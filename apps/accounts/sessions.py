"""A person's sessions: when each was last used, and how to end them."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpRequest

from apps.kit.clock import utc_now

# One write a session in this time, however many pages it opens.
NOTED_EVERY_S: Final = 300


def note_activity(request: HttpRequest) -> None:
    """Remember that this session is in use; at most one write in five minutes."""
    key = request.session.session_key
    if not key or not cache.add(f"session-seen:{key}", 1, NOTED_EVERY_S):
        return
    known = UserSession.objects.filter(session_key=key)
    if not known.update(last_seen_at=utc_now()):
        # Opened by Django's own sign-in, which tells allauth nothing.
        UserSession.objects.create_from_request(request)


def end_sessions_of(user_ids: Iterable[UUID], *, but: str | None = None) -> int:
    """Sign these people out everywhere, at once; `but` is one session to keep.

    Returns how many sessions ended.
    """
    rows = UserSession.objects.filter(user_id__in=user_ids).exclude(session_key=but)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)
