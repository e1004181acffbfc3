"""Upload a usage export, look at what it would make, confirm or throw away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.accounts.member_services import lock_organization
from apps.accounts.models import User
from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.portfolio.fields import clean_name, model_named
from apps.portfolio.imports.formats import LABELS, TRAFFIC
from apps.portfolio.imports.naming import with_history, with_models
from apps.portfolio.imports.propose import (
    Averages,
    Proposal,
    averages,
    context_for,
    gather,
)
from apps.portfolio.imports.read import BadRow, Sheet, read_sheet
from apps.portfolio.imports.table import UnreadableError
from apps.portfolio.models import Function, Import, UseCase, VolumeOrigin
from apps.portfolio.queries import get_use_case
from apps.portfolio.services import (
    NewProduct,
    NewUseCase,
    add_use_case,
    change_use_case,
    create_product,
    function_of,
    rescore,
)
from apps.portfolio.traffic import Found, traffic_proposals
from apps.router.alias_models import Alias

DRAFT_LIVES: Final = timedelta(days=1)
CREATE, UPDATE, SKIP = "create", "update", "skip"
ACTIONS: Final = {CREATE: "Create", UPDATE: "Update", SKIP: "Leave out"}
_DONE: Final = {CREATE: "created", UPDATE: "updated", SKIP: "left out"}


class BadRowsError(ValidationError):
    """Some rows cannot be read; nothing was stored."""

    status = 422

    def __init__(self, bad: Sequence[BadRow]) -> None:
        more = len(bad) - 1
        others = f" {more:,} more cannot be read either." if more else ""
        super().__init__(f"{bad[0]}.{others}", param="file")
        self.bad = bad


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in; `leaves_out_bad` is its owner's word on bad rows."""

    content: bytes
    file_name: str
    leaves_out_bad: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What shall become of one proposal."""

    action: str
    name: str = ""
    model: str = ""
    task: str = ""
    calls_month: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where new use cases go: a product there is, or a new one."""

    product_id: UUID | None = None
    new_product: str = ""
    function: str = ""


def upload_export(upload: Upload, *, by: User | None) -> Import:
    """Read an export into a draft; raises for what cannot be read, and stores nothing.

    The same file again is the draft there is.
    """
    try:
        sheet = read_sheet(upload.content)
    except UnreadableError as problem:
        raise ValidationError(str(problem), param="file") from problem
    if sheet.bad and not upload.leaves_out_bad:
        raise BadRowsError(sheet.bad)
    if not sheet.lines:
        raise ValidationError(
            "No row of the file says anything of usage.", param="file"
        )
    proposals, left = gather(sheet.lines)
    days = [line.day for line in sheet.lines]
    draft = Import(
        format=sheet.format.name,
        file_name=_file_name(upload.file_name),
        digest=sha256(upload.content).hexdigest(),
        first=min(days),
        last=max(days),
        row_count=sheet.row_count,
        left_out=len(sheet.bad),
        uploaded_by=by,
    )
    return _store(draft, proposals, _notes(sheet, left))


def propose_traffic(*, by: User | None) -> Import:
    """A draft from what went through the router in the last 30 days."""
    found: Found = traffic_proposals(utc_now())
    if not found.proposals:
        raise ConflictError(
            "No request of yours in the last 30 days is without a use case."
        )
    draft = Import(
        format=TRAFFIC,
        file_name="Traffic of this router",
        digest="",
        first=found.first,
        last=found.last,
        row_count=found.requests,
        uploaded_by=by,
    )
    return _store(draft, found.proposals, [])


@transaction.atomic
def confirm_import(
    import_id: UUID, target: Target, choices: Mapping[int, Choice]
) -> Import:
    """Make and change what was chosen, all of it or nothing; a second time it is done.

    What no choice names is left out. Raises ValidationError with `choices.3.name` and
    the like for what cannot be.
    """
    lock_organization()
    draft = _locked(import_id)
    if draft.confirmed_at:
        return draft
    proposals = [Proposal.from_json(one) for one in draft.proposals]
    unknown = set(choices) - set(range(len(proposals)))
    if unknown:
        raise ValidationError("There is no such proposal.", param="choices")
    needs_place = any(choice.action == CREATE for choice in choices.values())
    function = _function_for(target) if needs_place else None
    done = [
        _apply(draft, function, number, one, choices.get(number, Choice(SKIP)))
        for number, one in enumerate(proposals)
    ]
    rescore(UUID(one.use_case_id) for one in done if one.action == _DONE[CREATE])
    draft.proposals = [one.as_json() for one in done]
    draft.confirmed_at = utc_now()
    draft.save(update_fields=["proposals", "confirmed_at"])
    record(
        "import.confirmed",
        subject="import",
        subject_id=draft.id,
        after={"name": draft.file_name, "format": draft.format, **summary(done)},
    )
    return draft


@transaction.atomic
def discard_import(import_id: UUID) -> None:
    """Throw a draft away; of a confirmed one, only that it was. Use cases stay."""
    draft = _locked(import_id)
    if draft.confirmed_at:
        before = {"name": draft.file_name}
        record("import.deleted", subject="import", subject_id=draft.id, before=before)
    draft.delete()


def summary(proposals: Sequence[Proposal]) -> dict[str, int]:
    """How many were created, updated and left out."""
    found = dict.fromkeys(_DONE.values(), 0)
    for one in proposals:
        found[one.action or _DONE[SKIP]] += 1
    return {name.replace(" ", "_"): count for name, count in found.items()}


def summary_of(stored: Import) -> dict[str, int]:
    """The same of a confirmed import."""
    return summary([Proposal.from_json(one) for one in stored.proposals])


def note_of(draft: Import) -> str:
    """Where an imported volume comes from: "OpenAI usage export, 1 to 30 Nov 2026"."""
    label = LABELS.get(draft.format, draft.format)
    return f"{label}, {draft.first:%d %b} to {draft.last:%d %b %Y}"


def _store(draft: Import, proposals: Sequence[Proposal], notes: list[str]) -> Import:
    named = with_history(draft.format, with_models(proposals))
    draft.proposals = [one.as_json() for one in named]
    draft.notes = notes
    with transaction.atomic():
        lock_organization()
        drafts = Import.objects.filter(confirmed_at=None)
        drafts.filter(created_at__lt=utc_now() - DRAFT_LIVES).delete()
        drafts.filter(digest=draft.digest, format=draft.format).delete()
        draft.save(force_insert=True)
    return draft


def _notes(sheet: Sheet, left: int) -> list[str]:
    """What a reader should know of the file beside its proposals."""
    notes = []
    if sheet.bad:
        notes += [f"Left out: {bad}." for bad in sheet.bad[:50]]
    if sheet.passed_over:
        notes.append(
            f"{sheet.passed_over:,} rows say nothing of chats that a provider answered "
            "and were passed over."
        )
    if left:
        notes.append(f"{left:,} smaller combinations of model and key are not shown.")
    return notes


def _function_for(target: Target) -> Function:
    if target.product_id is not None:
        return function_of(target.product_id, target.function)
    try:
        name = clean_name(target.new_product)
    except ValueError as problem:
        raise ValidationError(str(problem), param="new_product") from problem
    try:
        product = create_product(NewProduct(name))
    except ValidationError as problem:
        raise ValidationError(problem.message, param="new_product") from problem
    return function_of(product.id, target.function)


def _apply(
    draft: Import,
    function: Function | None,
    number: int,
    proposal: Proposal,
    choice: Choice,
) -> Proposal:
    action = choice.action if choice.action in ACTIONS else SKIP
    if action == SKIP:
        return replace(proposal, action=_DONE[SKIP], use_case_id="")
    try:
        if action == UPDATE:
            use_case = _update(draft, proposal, choice)
        else:
            assert function is not None  # noqa: S101  # made where anything is created
            use_case = _create(draft, function, proposal, choice)
    except ValidationError as problem:
        param = f"choices.{number}.{problem.param or 'name'}"
        raise ValidationError(problem.message, param=param) from problem
    return replace(proposal, action=_DONE[action], use_case_id=str(use_case.id))


def _create(
    draft: Import, function: Function, proposal: Proposal, choice: Choice
) -> UseCase:
    model = model_named(choice.model or proposal.slug, param="model")
    try:
        name = clean_name(choice.name or proposal.name)
    except ValueError as problem:
        raise ValidationError(str(problem), param="name") from problem
    found = averages(proposal, calls_month=choice.calls_month)
    fields = {
        **_volume(draft, found),
        "required_context": context_for(found),
        "alias": _alias_of(proposal),
    }
    task = choice.task or proposal.task
    return add_use_case(function, NewUseCase(name, task, model, fields))


def _update(draft: Import, proposal: Proposal, choice: Choice) -> UseCase:
    """Put the newer figures in place of the older: nothing is ever added up."""
    if not proposal.use_case_id:
        raise ValidationError(
            "No earlier import made a use case of it.", param="action"
        )
    use_case = get_use_case(UUID(proposal.use_case_id))
    found = averages(proposal, calls_month=choice.calls_month)
    return change_use_case(use_case.id, _volume(draft, found))


def _volume(draft: Import, found: Averages) -> dict[str, Any]:
    is_traffic = draft.format == TRAFFIC
    return {
        "calls_month": found.calls_month,
        "input_tokens": found.input_tokens,
        "output_tokens": found.output_tokens,
        "cached_share": found.cached_share,
        "volume_origin": VolumeOrigin.TRAFFIC if is_traffic else VolumeOrigin.IMPORT,
        "volume_note": note_of(draft),
    }


def _alias_of(proposal: Proposal) -> Alias | None:
    """The alias that traffic came by, unless a use case has it by now."""
    if not proposal.alias:
        return None
    alias = Alias.objects.filter(name=proposal.alias).first()
    if alias is None or UseCase.objects.filter(alias=alias).exists():
        return None
    return alias


def _locked(import_id: UUID) -> Import:
    found = Import.objects.select_for_update(of=("self",)).filter(id=import_id).first()
    if found is None:
        raise NotFoundError("There is no such import.")
    return found


def _file_name(name: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in name)
    return plain.strip()[:200] or "export"
