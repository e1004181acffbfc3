"""Post work that must follow a commit; a handler does it, once or again, soon after.

`post` writes a row in the caller's transaction: rolled back with it and never lost
after it, which a call to the broker on commit would be. A worker delivers it **at
least once**: a handler may see a message again and knows it by its `message_id`. A
handler whose whole effect is in this database says `exactly_once_in`. No order is
promised.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections, transaction
from kombu.exceptions import OperationalError

from apps.jobs.delivery import deliver
from apps.jobs.handlers import handles
from apps.kit.ids import uuid7
from apps.tenancy.scope import is_unscoped

__all__ = ["handles", "kick", "post"]

# Written by hand: Django would read the row back, which the web's login may not.
_INSERT: Final = """
    INSERT INTO outbox_messages
        (id, topic, payload, scope_id, state, attempt, created_at, due_at, error)
    VALUES (%s, %s, %s, %s, 'waiting', 0, now(), coalesce(%s, now()), '')
"""
# A kick that nobody takes in time has been overtaken by the sweep.
KICK_EXPIRES_S: Final = 60


def post(
    topic: str,
    payload: Mapping[str, object],
    *,
    org_id: UUID | None = None,
    due_at: datetime | None = None,
    using: str | None = None,
) -> UUID:
    """Leave a message in this transaction; returns its id.

    With `org_id` its handler works in that organization's scope. `due_at` puts the
    delivery off. Raises TypeError or ValueError for what JSON cannot hold.
    """
    message_id = uuid7()
    using = using or _login_of_transaction()
    content = json.dumps(dict(payload), cls=DjangoJSONEncoder, allow_nan=False)
    with connections[using].cursor() as cursor:
        cursor.execute(_INSERT, [message_id, topic, content, org_id, due_at])
    if due_at is None:
        transaction.on_commit(kick, using=using)
    return message_id


def _login_of_transaction() -> str:
    """The login whose transaction is open here, or else the scope's."""
    open_ones = [
        a for a in ("jobs", "owner", "default") if connections[a].in_atomic_block
    ]
    if len(open_ones) == 1:
        return open_ones[0]
    return "jobs" if is_unscoped() else "default"


def kick() -> None:
    """Ask a worker to deliver now; whatever hinders that, the sweep comes anyway."""
    try:
        deliver.apply_async(retry=False, expires=KICK_EXPIRES_S)
    except OperationalError:
        return
