"""A switch before it is made: what is asked for, what stands against it, its record.

Nothing here writes; `services` does, in the transaction that holds the use case's lock.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.accounts.models import User
from apps.catalog.models import AIModel, Provider
from apps.kit.errors import ConflictError, ValidationError
from apps.opportunities import services as opportunities
from apps.opportunities.models import Opportunity
from apps.savings.guard_rails import Rails
from apps.savings.migrating import migration_of
from apps.savings.models import Switch
from apps.savings.proposing import Proposal, offer_of

Mode = Switch.Mode

LEAST_SHARE: Final = 0.01
MOST_SHARE: Final = 0.5
USUAL_SHARE: Final = 0.1
USUAL_BUDGET: Final = Decimal(5)


@dataclass(frozen=True)
class NewSwitch:
    """What a switch shall be."""

    use_case_id: UUID
    # The slug of the model to go over to.
    to_model: str
    mode: str
    to_provider: str = ""
    reason: str = ""
    opportunity_id: UUID | None = None
    # The slug of the model that whoever decides saw in use; "" does not ask.
    seen_model: str = ""
    share: float = USUAL_SHARE
    rails: Rails = field(default_factory=Rails)
    shadow_budget_usd: Decimal = USUAL_BUDGET


def refuse_numbers(wanted: NewSwitch) -> None:
    if wanted.mode not in Mode.values:
        raise ValidationError("There is no such way to switch.", param="mode")
    if not LEAST_SHARE <= wanted.share <= MOST_SHARE:
        raise ValidationError("A canary takes 1 to 50 % of the traffic.", param="share")
    rails = wanted.rails
    if rails.min_hours > rails.max_days * 24:
        raise ValidationError("It cannot end before it decides.", param="max_days")


def target(wanted: NewSwitch) -> tuple[AIModel, Provider | None]:
    model = AIModel.objects.filter(slug=wanted.to_model).first()
    if model is None:
        raise ValidationError(
            f"There is no model named {wanted.to_model!r}.", param="to_model"
        )
    if not wanted.to_provider:
        return model, None
    provider = Provider.objects.filter(slug=wanted.to_provider).first()
    if provider is None:
        raise ValidationError("There is no such provider.", param="to_provider")
    return model, provider


def validated(wanted: NewSwitch, to_model: AIModel) -> Opportunity | None:
    """The opportunity as it holds at this moment; raises ConflictError else."""
    if wanted.opportunity_id is None:
        return None
    found = opportunities.revalidate(wanted.opportunity_id)
    if found.use_case_id != wanted.use_case_id:
        raise ValidationError("It is of another use case.", param="opportunity_id")
    if found.candidate_model_id != to_model.id:
        raise ValidationError("It is of another model.", param="to_model")
    return found


def refuse_changed(
    wanted: NewSwitch, proposal: Proposal, opportunity: Opportunity | None
) -> None:
    used = proposal.from_model
    if wanted.seen_model and wanted.seen_model != used.slug:
        raise ConflictError(
            f"Somebody switched meanwhile: {proposal.use_case.name} runs on "
            f"{used.name} now. Look again before you decide."
        )
    if opportunity is not None and opportunity.current_model_id != used.id:
        raise ConflictError(
            f"The alias routes to {used.name}, and this opportunity compares with "
            f"{proposal.use_case.current_model.name}: set the use case's model first."
        )


def made(
    wanted: NewSwitch,
    proposal: Proposal,
    opportunity: Opportunity | None,
    by: User | None,
) -> Switch:
    use_case = proposal.use_case
    product = use_case.function.product
    evidence = proposal.facts()
    if opportunity is not None:
        evidence["opportunity"] = opportunities.evidence_snapshot(opportunity)
    is_routed = wanted.mode != Mode.RECORDED
    if is_routed and use_case.alias is None:
        raise ValidationError(
            "No traffic of this use case goes through the router: record the decision, "
            "or give it an alias first.",
            param="mode",
        )
    before, after = proposal.before, proposal.after
    return Switch(
        use_case_id=use_case.id,
        use_case_name=use_case.name,
        product_id=product.id,
        product_name=product.name,
        opportunity_id=wanted.opportunity_id,
        from_model=proposal.from_model,
        to_model=proposal.to_model,
        from_provider_id=before.provider_id if before else None,
        to_provider_id=after.provider_id if after else None,
        from_offer_id=offer_of(before),
        to_offer_id=offer_of(after),
        mode=wanted.mode,
        reason=wanted.reason,
        evidence=evidence,
        migration=migration_of(proposal),
        share=wanted.share if wanted.mode in {Mode.CANARY, Mode.SHADOW} else None,
        rails=wanted.rails.stored(),
        alias_id=use_case.alias_id if is_routed else None,
        alias_name=use_case.alias.name if is_routed and use_case.alias else "",
        by=by,
    )
