"""Note in the audit log that the ways into a person's account have changed.

A person belongs to several organizations, and each of them wants to know: the event
goes into the log of every one. Who has none yet is noted in the operator's log.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final

from apps.accounts.models import User
from apps.accounts.queries import memberships_of
from apps.audit.actor import acting_as, current_actor
from apps.audit.services import record
from apps.tenancy.scope import current_org_id, scope

# By the name of the mail that tells the person the same.
EVENTS: Final = {
    "password_changed": "user.password_changed",
    "password_set": "user.password_set",
    "password_reset": "user.password_reset",
    "email_changed": "user.email_changed",
    "email_deleted": "user.email_removed",
    "account_connected": "user.sign_in_added",
    "account_disconnected": "user.sign_in_removed",
    "totp_activated": "user.mfa_on",
    "totp_deactivated": "user.mfa_off",
    "webauthn_added": "user.passkey_added",
    "webauthn_removed": "user.passkey_removed",
    "recovery_codes_generated": "user.recovery_codes_made",
}


def note(user: User, action: str, facts: Mapping[str, Any] | None = None) -> None:
    """Record an event of this person in each organization they are a member of."""
    # Who resets a password or signs in is nobody yet when the request begins.
    is_known = current_actor().user_id is not None
    with nullcontext() if is_known else acting_as(user.pk, user.email):
        _record(user, action, {"email": user.email, **(facts or {})})


def _record(user: User, action: str, after: Mapping[str, Any]) -> None:
    open_org = current_org_id()
    org_ids = [open_org] if open_org else [m.org_id for m in memberships_of(user)]
    for org_id in org_ids:
        with scope(org_id):
            record(action, subject="user", subject_id=user.pk, after=after)
    if not org_ids:
        record(action, subject="user", subject_id=user.pk, after=after, org_id=None)
