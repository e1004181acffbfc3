"""The way of every editor's override: proposed, then approved by whoever has to.

Alone unless `TRUST_TWO_PERSON_APPROVAL` asks for two: then nobody approves what he
proposed himself, which the database refuses as well. People are known by their
addresses; each step is one conditional update, so two editors at once cannot both
decide.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.audit.services import record
from apps.catalog.models import EditorialOverride, TrustOverride
from apps.catalog.services import DATABASE
from apps.kit.clock import utc_now
from apps.kit.errors import PermissionDeniedError, ValidationError
from apps.tenancy.scope import unscoped

type Override = EditorialOverride | TrustOverride


@contextmanager
def editing() -> Iterator[None]:
    """One transaction for the catalog and the operators' log together."""
    with (
        unscoped("an editor's decision about the catalog is no organization's"),
        transaction.atomic(using=DATABASE),
    ):
        yield


def first_state() -> dict[str, Any]:
    """The state of a new proposal: in force at once where one person is enough."""
    needs_two = settings.TRUST_TWO_PERSON_APPROVAL
    return {"needs_two": needs_two, "state": "proposed" if needs_two else "approved"}


def note(action: str, override: Override, *, before: Mapping[str, Any] | None) -> None:
    """Write the audit entry of a decision."""
    record(
        f"{_word(override)}.{action}",
        subject=_word(override),
        subject_id=override.pk,
        before=before,
        after=facts_of(override),
        org_id=None,
    )


def facts_of(override: Override) -> dict[str, Any]:
    """What a reader of the audit log needs to know of it."""
    names = (
        *("state", "reason", "evidence_url", "expires_at", "proposed_by"),
        *("effect", "factor", "severity", "dimension", "tier", "score"),
    )
    known = {n: getattr(override, n) for n in names if hasattr(override, n)}
    subject = override.ai_model or override.provider or override.offer  # type: ignore[union-attr]  # a trust override always has one of the first two
    return {"name": str(subject), **known}


def _word(override: Override) -> str:
    is_trust = isinstance(override, TrustOverride)
    return "trust_override" if is_trust else "override"


def decide(override: Override, state: str, *, by: str) -> None:
    """Approve or refuse a proposal; raises PermissionDeniedError, ValidationError."""
    by = by.strip().lower()
    if state == "approved" and override.needs_two and by == override.proposed_by:
        raise PermissionDeniedError("Somebody else has to approve your own proposal.")
    _move(override, state, by=by, only_from=("proposed",))
    note(state, override, before={"state": "proposed"})


def withdraw(override: Override, *, by: str) -> None:
    """End an override before its day, or take back a proposal."""
    before = {"state": override.state}
    _move(override, "withdrawn", by=by.strip().lower(), only_from=_ALIVE)
    note("withdrawn", override, before=before)


_ALIVE = ("proposed", "approved")


def _move(
    override: Override, state: str, *, by: str, only_from: tuple[str, ...]
) -> None:
    now = utc_now()
    values: dict[str, Any] = {"state": state, "updated_at": now}
    if state != "withdrawn" or override.state == "proposed":
        values |= {"decided_by": by, "decided_at": now}
    rows = type(override)._default_manager.using(DATABASE)
    alive = rows.filter(pk=override.pk, state__in=only_from)
    if state == "approved":
        alive = alive.filter(expires_at__gt=now)
    if alive.update(**values) != 1:
        raise ValidationError("This was decided already, or its time is over.")
    for name, value in values.items():
        setattr(override, name, value)
