"""Writes of prompt sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.audit.services import record
from apps.checks.models import Answer, Check, Prompt, PromptSet
from apps.checks.reading import NewPrompt
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, NotFoundError, UnprocessableError
from apps.portfolio.models import UseCase
from apps.privacy.models import StoredExchange
from apps.privacy.queries import find_exchange, settings_of_scope
from apps.router.models import RoutedRequest
from apps.tenancy.scope import require_org_id

State = Check.State
SAMPLED_DAYS: Final = 30
# More than are wanted are looked at, because not all were kept.
LOOKED_AT: Final = 2_000


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set to be made, and where its prompts come from."""

    name: str
    source: str
    prompts: Sequence[NewPrompt]
    use_case_id: UUID | None = None
    expires_at: datetime | None = None


def create_set(wanted: NewSet, *, by: UUID | None = None) -> PromptSet:
    """Store a set; it is never changed, so a check always says what was asked."""
    if wanted.use_case_id and not UseCase.objects.filter(id=wanted.use_case_id):
        raise NotFoundError("There is no such use case.", param="use_case")
    with transaction.atomic():
        made = PromptSet(
            name=wanted.name,
            source=wanted.source,
            use_case_id=wanted.use_case_id,
            size=len(wanted.prompts),
            expires_at=wanted.expires_at,
            created_by_id=by,
        )
        made.save(force_insert=True)
        Prompt.objects.bulk_create(
            Prompt(
                prompt_set=made,
                position=position,
                messages=list(prompt.messages),
                expected=prompt.expected,
            )
            for position, prompt in enumerate(wanted.prompts)
        )
        facts = {"name": made.name, "source": made.source, "prompts": made.size}
        record(
            "prompt_set.created", subject="prompt set", subject_id=made.id, after=facts
        )
    return made


def sample(
    *, use_case_id: UUID, size: int, name: str, by: UUID | None = None
) -> PromptSet:
    """A set of the newest kept prompts of a use case's alias, each asked once.

    Raises UnprocessableError where nothing is kept. The set goes when the first of its
    prompts would have gone from what is kept.
    """
    use_case = UseCase.objects.select_related("alias").filter(id=use_case_id).first()
    if use_case is None:
        raise NotFoundError("There is no such use case.", param="use_case")
    privacy = settings_of_scope()
    if not privacy.stores_prompts:
        raise UnprocessableError(
            "Your organization does not keep prompts. Turn that on under Settings, "
            "Privacy, or type and upload prompts instead."
        )
    if use_case.alias is None:
        raise UnprocessableError("This use case has no alias, so it has no traffic.")
    found = _sampled(use_case.alias.name, size)
    if not found:
        raise UnprocessableError("No prompt of this use case is kept yet.")
    oldest = min(moment for _, moment in found)
    return create_set(
        NewSet(
            name=name,
            source=PromptSet.Source.SAMPLED,
            prompts=[prompt for prompt, _ in found],
            use_case_id=use_case_id,
            expires_at=oldest + timedelta(days=privacy.retention_days),
        ),
        by=by,
    )


def delete_set(set_id: UUID) -> None:
    """Delete a set with its prompts, and what models answered to them; the figures of
    its checks stay. Raises ConflictError while one of them runs.
    """
    with transaction.atomic():
        found = PromptSet.objects.select_for_update().filter(id=set_id).first()
        if found is None:
            raise NotFoundError("There is no such set of prompts.")
        checks = Check.objects.filter(prompt_set=set_id)
        if checks.filter(state=State.RUNNING).exists():
            raise ConflictError("A check asks these prompts now; cancel it first.")
        forget_answers([check.id for check in checks])
        Check.objects.filter(prompt_set=set_id, state=State.DRAFT).delete()
        found.delete()
        before = {"name": found.name, "prompts": found.size}
        record(
            "prompt_set.deleted", subject="prompt set", subject_id=set_id, before=before
        )


def forget_answers(check_ids: Sequence[UUID]) -> None:
    """Empty the answers' texts of checks; their figures stay."""
    Answer.objects.filter(check_run__in=check_ids).update(text="")
    Check.objects.filter(id__in=check_ids).update(forgotten_at=utc_now())


def _sampled(alias: str, size: int) -> list[tuple[NewPrompt, datetime]]:
    since = utc_now() - timedelta(days=SAMPLED_DAYS)
    rows = RoutedRequest.objects.filter(
        org_id=require_org_id(),
        alias=alias,
        purpose=RoutedRequest.Purpose.CALL,
        is_test=False,
        created_at__gte=since,
    )
    newest = rows.order_by("-created_at").values_list("id", "created_at")
    kept = _kept_among(list(newest[:LOOKED_AT]))
    found: dict[str, tuple[NewPrompt, datetime]] = {}
    for request_id, moment in kept:
        exchange = find_exchange(request_id, created_at=moment)
        # What was cut is another prompt than what was asked.
        if exchange is None or exchange.is_cut:
            continue
        messages = tuple({"role": t.role, "content": t.text} for t in exchange.turns)
        if messages and messages[-1]["role"] == "user":
            found.setdefault(str(messages), (NewPrompt(messages), moment))
        if len(found) >= size:
            break
    return list(found.values())


def _kept_among(rows: list[tuple[UUID, datetime]]) -> list[tuple[UUID, datetime]]:
    if not rows:
        return []
    kept = set(
        StoredExchange.objects.filter(
            org_id=require_org_id(),
            id__in=[request_id for request_id, _ in rows],
            created_at__gte=min(moment for _, moment in rows),
        ).values_list("id", flat=True)
    )
    return [row for row in rows if row[0] in kept]
