"""Tell an organization of something: the one way in for every other app."""

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final
from uuid import UUID

from django.db import connections, transaction

from apps.alerts.kinds import Kind, Severity
from apps.alerts.models import Alert
from apps.jobs import outbox
from apps.tenancy.scope import current_org_id, require_org_id, scope

__all__ = ["Kind", "Severity", "emit"]

ROUTE: Final = "alerts.route"
LONGEST_KEY: Final = 200
# What a savepoint wrote has another number, so it is told of once more: that is safe.
_IS_FIRST: Final = """
    SELECT NOT EXISTS (
        SELECT FROM alerts_alert
        WHERE org_id = %s AND routed_at IS NULL AND id <> %s
          AND xmin = pg_current_xact_id()::text::xid
    )
"""


def emit(  # noqa: PLR0913  # what an alert says, each by its name
    kind: Kind,
    *,
    severity: Severity,
    title: str,
    body: str = "",
    url: str = "",
    subject: str = "",
    key: str = "",
    data: Mapping[str, Any] | None = None,
    org_id: UUID | None = None,
) -> UUID | None:
    """Note an alert in the caller's transaction; inboxes and channels follow.

    It is told if and only if that transaction commits. The same `key` is told once in
    an organization: the second time this returns None. `url` is a path of ours. Without
    `org_id` it goes to the organization in scope; with it, and called across
    organizations, it commits by itself.
    """
    alert = Alert(
        kind=kind,
        severity=severity,
        title=_line(title)[:200],
        body=body.replace("\0", "")[:4000],
        url=url[:500],
        subject=_line(subject)[:200],
        key=_short(key),
        data=dict(data or {}),
    )
    with _scope_of(org_id), transaction.atomic(savepoint=False):
        return _put(alert)


def _put(alert: Alert) -> UUID | None:
    # Whoever writes the same key at this moment is waited for, and then gives way.
    Alert.objects.bulk_create([alert], ignore_conflicts=True)
    if alert.key and not Alert.objects.filter(id=alert.id).exists():
        return None
    if _is_first_here(alert):
        outbox.post(ROUTE, {}, org_id=require_org_id())
    return alert.id


def _is_first_here(alert: Alert) -> bool:
    """Whether this transaction has told the organization of nothing yet.

    If it has, the message it posted then commits with this alert, and finds both.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(_IS_FIRST, [alert.org_id, alert.id])
        return bool(cursor.fetchone() == (True,))


def _scope_of(org_id: UUID | None) -> AbstractContextManager[None]:
    if org_id is None or current_org_id() == org_id:
        return nullcontext()
    return scope(org_id)


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


def _short(key: str) -> str:
    """A key that fits; cut short, two long ones could be taken for the same."""
    if len(key) <= LONGEST_KEY:
        return key
    return hashlib.sha256(key.encode()).hexdigest()
