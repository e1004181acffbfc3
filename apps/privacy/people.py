"""Delete a person's account, with all that is the person's alone."""

from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection, transaction


def forget(user_id: UUID) -> bool:
    """Delete the account of somebody who belongs to no organization any more.

    What other organizations note of the person's doing (who made a key) loses the
    name; their audit logs keep it, because that is what they are for.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT forget_person(%s)", [user_id])
            (is_free,) = cursor.fetchone()
        if is_free:
            end_sessions(user_id)
    return bool(is_free)


def end_sessions(user_id: UUID) -> int:
    """Delete the person's sessions; they are only known by what is inside them."""
    mine = [
        session.session_key
        for session in Session.objects.iterator(chunk_size=1000)
        if session.get_decoded().get(SESSION_KEY) == str(user_id)
    ]
    return Session.objects.filter(session_key__in=mine).delete()[0]
