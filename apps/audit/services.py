"""Write the audit log."""

from collections.abc import Mapping
from contextlib import nullcontext
from types import EllipsisType
from typing import Any, Final
from uuid import UUID

from apps.audit.actor import current_actor
from apps.audit.models import AuditEntry, Entry, OperatorEntry
from apps.tenancy.scope import current_org_id, is_unscoped, scope

# What must never be written here, by the last word of a field's name.
SECRETS: Final = frozenset(
    {"token", "secret", "password", "digest", "ciphertext", "cookie", "authorization"}
)
# Whose value names the subject to a reader, in this order.
NAMES: Final = ("name", "email", "label", "title", "slug")


def record(
    action: str,
    *,
    subject: str,
    subject_id: object,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    org_id: UUID | EllipsisType | None = ...,
) -> None:
    """Note a change in the caller's transaction: undone with it, kept with it.

    Without `org_id` it goes to the organization in scope; `org_id=None`, or no scope
    at all, to the operator's log. Of `before` and `after` only what differs is kept,
    and `name` or `email` in them labels the entry. Under `unscoped` the entry takes
    the jobs login, as what it tells of does.
    """
    _refuse_secrets({**(before or {}), **(after or {})})
    old, new = _differing(before, after)
    values = {
        "action": action,
        "subject": subject,
        "subject_id": str(subject_id),
        "label": _label(after, before),
        "before": old,
        "after": new,
        **_actor_values(),
    }
    owner = current_org_id() if org_id is ... else org_id
    if owner is None:
        _insert(OperatorEntry(**values))
        return
    is_open = is_unscoped() or current_org_id() is not None
    with nullcontext() if is_open else scope(owner):
        _insert(AuditEntry(org_id=owner, **values))


def _insert(entry: Entry) -> None:
    entry.save(force_insert=True, using="jobs" if is_unscoped() else "default")


def _actor_values() -> dict[str, Any]:
    actor = current_actor()
    return {
        "via": actor.via,
        "actor_id": actor.user_id,
        "actor_email": actor.email,
        "key_id": actor.key_id,
        "ip": actor.ip,
        "user_agent": actor.user_agent[:300].replace("\0", ""),
    }


def _differing(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both sides without what stayed the same; a side that was not given stays None."""
    if before is None or after is None:
        return (dict(before) if before else None, dict(after) if after else None)
    same = {name for name in before if name in after and before[name] == after[name]}
    return (
        {name: value for name, value in before.items() if name not in same},
        {name: value for name, value in after.items() if name not in same},
    )


def _label(*sides: Mapping[str, Any] | None) -> str:
    found = (side[name] for side in sides if side for name in NAMES if side.get(name))
    return str(next(found, ""))[:200]


def _refuse_secrets(values: Mapping[str, Any]) -> None:
    """Stop a mistake of ours before it is written down for good."""
    bad = [name for name in values if name.lower().rpartition("_")[2] in SECRETS]
    if bad:
        raise ValueError(f"The audit log takes no secrets: {', '.join(sorted(bad))}.")
