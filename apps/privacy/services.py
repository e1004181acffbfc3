"""Writes of privacy: what is kept, the export, and the deletion of an organization."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from apps.accounts.models import Membership, Organization, User
from apps.accounts.roles import Role
from apps.audit.services import record
from apps.jobs import outbox
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, ValidationError
from apps.mail import services as mail
from apps.privacy.errors import ConflictError
from apps.privacy.models import Deletion, Export, PrivacySettings, StoredExchange
from apps.tenancy.scope import require_org_id

DELETED_AFTER: Final = timedelta(days=14)
# The router's snapshot of every process listens to it.
POLICY_CHANNEL: Final = "modeloptix_policy"
EXPORT_TOPIC: Final = "privacy.export_asked"


@dataclass(frozen=True)
class Wanted:
    """What an organization wants kept of its prompts."""

    stores_prompts: bool
    retention_days: int
    redacts: Sequence[str]


def change_settings(wanted: Wanted, *, deletes_stored: bool = False) -> PrivacySettings:
    """Keep prompts from now on, or no more; `deletes_stored` removes what is there.

    The row stays locked until the deletion commits, and whoever stores an exchange
    reads it under that lock: nothing slips in behind.
    """
    org_id = require_org_id()
    with transaction.atomic():
        PrivacySettings.objects.get_or_create(org_id=org_id)
        row = PrivacySettings.objects.select_for_update(of=("self",)).get()
        before = _facts(row)
        row.stores_prompts = wanted.stores_prompts
        row.retention_days = wanted.retention_days
        row.redacts = list(wanted.redacts)
        row.save()
        gone = _delete_stored() if deletes_stored else 0
        after: dict[str, Any] = _facts(row)
        if deletes_stored:
            after["deleted_exchanges"] = gone
        if before != after:
            record(
                "privacy.changed",
                subject="privacy",
                subject_id=row.id,
                before=before,
                after=after,
            )
        _announce()
    return row


def delete_stored() -> int:
    """Remove every kept prompt now; returns how many there were."""
    with transaction.atomic():
        gone = _delete_stored()
        record(
            "privacy.prompts_deleted",
            subject="privacy",
            subject_id=require_org_id(),
            after={"deleted_exchanges": gone},
        )
    return gone


def _delete_stored() -> int:
    rows = StoredExchange.objects.filter(org_id=require_org_id())
    return rows.delete()[0]


def _facts(row: PrivacySettings) -> dict[str, Any]:
    return asdict(Wanted(row.stores_prompts, row.retention_days, list(row.redacts)))


def _announce() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [POLICY_CHANNEL])


def ask_export(*, by: User | None) -> Export:
    """Have everything put into one archive; raises ConflictError while one is built."""
    try:
        with transaction.atomic():
            export = Export.objects.create(asked_by=by)
            record("export.asked", subject="export", subject_id=export.id)
            outbox.post(EXPORT_TOPIC, {})
    except IntegrityError:
        raise ConflictError("An export is being built already.") from None
    return export


def note_download(export: Export) -> None:
    record("export.downloaded", subject="export", subject_id=export.id)


def plan_deletion(org: Organization, *, typed_name: str, by: User) -> Deletion:
    """Delete the organization in 14 days, unless somebody undoes it before.

    Until then everything goes on working, API keys included: a mistake must not stop
    a customer's traffic. Raises ValidationError unless the name is typed right.
    """
    if typed_name.strip() != org.name.strip():
        raise ValidationError("This is not the organization's name.", param="name")
    due_at = utc_now() + DELETED_AFTER
    try:
        with transaction.atomic():
            plan = Deletion.objects.create(asked_by=by, due_at=due_at)
            Organization.objects.filter(id=org.id).update(deletes_at=due_at)
            record(
                "organization.deletion_planned",
                subject="organization",
                subject_id=org.id,
                after={"name": org.name, "due_at": due_at},
            )
            tell_members("deletion_planned", org, due_at=due_at, by=by.email)
    except IntegrityError:
        raise ConflictError("This organization is being deleted already.") from None
    return plan


def undo_deletion(org: Organization, *, by: User) -> None:
    """Keep the organization; raises NotFoundError when it is not to be deleted, or
    when the deletion has begun.
    """
    with transaction.atomic():
        planned = Deletion.objects.filter(state=Deletion.State.SCHEDULED)
        if not planned.delete()[0]:
            raise NotFoundError("There is no deletion to undo.")
        Organization.objects.filter(id=org.id).update(deletes_at=None)
        record(
            "organization.deletion_undone",
            subject="organization",
            subject_id=org.id,
            after={"name": org.name},
        )
        tell_members("deletion_undone", org, due_at=None, by=by.email)


def tell_members(
    template: str, org: Organization, *, due_at: datetime | None, by: str = ""
) -> None:
    """Mail everybody who would lose something."""
    people = Membership.objects.select_related("user").order_by("created_at")
    owners = [m.user.email for m in people if m.role == Role.OWNER]
    context = {
        "org_name": org.name,
        "due_at": due_at,
        "by": by,
        "owners": owners,
        "url": f"{settings.SITE_URL}{reverse('privacy:settings')}",
    }
    addresses = [member.user.email for member in people]
    mail.send(template, to=addresses, context=context, org_id=org.id)
