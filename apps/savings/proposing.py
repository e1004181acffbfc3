"""What a switch would be: from which offer to which, what stands against it, its money.

Read by the form before a switch and by the service at it, so both say the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.catalog.models import AIModel
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, ValidationError
from apps.opportunities.cases import knowns
from apps.opportunities.engine.candidates import Candidate, Prices
from apps.opportunities.engine.filters import barred, gone, refusals
from apps.opportunities.market import market, policy_rules
from apps.portfolio.models import UseCase
from apps.portfolio.queries import volume_of
from apps.router.alias_models import Alias
from apps.router.engine.rules import Rules, read_rules
from apps.savings.booking import Traffic, Volume, cost_of
from apps.savings.models import UNDER_WAY, Switch
from apps.savings.pricing import NOT_SOURCED, prices_of


@dataclass(frozen=True, slots=True)
class Proposal:
    """One switch that could be made now."""

    use_case: UseCase
    from_model: AIModel
    to_model: AIModel
    before: Candidate | None
    after: Candidate | None
    # Why it cannot be made; empty: it can.
    refusals: tuple[str, ...]
    # What speaks against it without forbidding it to whoever knows better.
    warnings: tuple[str, ...]
    volume: Volume
    basis: str
    before_usd: Decimal | None
    after_usd: Decimal | None

    @property
    def savings_usd(self) -> Decimal | None:
        """A month's, by the list prices of now; negative is a loss."""
        if self.before_usd is None or self.after_usd is None:
            return None
        return self.before_usd - self.after_usd

    @property
    def before_prices(self) -> Prices | None:
        return self.before.price_at(self._prompt_tokens) if self.before else None

    @property
    def after_prices(self) -> Prices | None:
        return self.after.price_at(self._prompt_tokens) if self.after else None

    @property
    def _prompt_tokens(self) -> float:
        return float(self.volume.input_tokens or 0)

    @property
    def can_route(self) -> bool:
        """Whether the router can carry it out; else it can only be recorded."""
        return self.use_case.alias is not None

    def facts(self) -> dict[str, Any]:
        """What is kept with the switch as evidence, exact and without a database."""
        prices = prices_of(offer_of(one) for one in (self.before, self.after))
        now = utc_now()
        shown = {
            name: prices.get(offer_of(one) or UUID(int=0), NOT_SOURCED).shown(now)
            for name, one in (("before", self.before), ("after", self.after))
        }
        volume = self.volume
        return {
            "at": now.isoformat(),
            "prices": shown,
            "volume": {
                "calls_month": _text(volume.calls_month),
                "input_tokens": _text(volume.input_tokens),
                "output_tokens": _text(volume.output_tokens),
                "cached_share": _text(volume.cached_share),
                "basis": self.basis,
            },
            "before_usd_month": _text(self.before_usd),
            "after_usd_month": _text(self.after_usd),
            "savings_usd_month": _text(self.savings_usd),
        }


def offer_of(candidate: Candidate | None) -> UUID | None:
    return candidate.offer_id if candidate else None


def propose(
    use_case: UseCase, to_model: AIModel, to_provider_id: UUID | None = None
) -> Proposal:
    """The switch of a use case, read with its alias, to a model."""
    from_model = model_in_use(use_case)
    now = market(org_id=use_case.org_id)
    rules = _rules(use_case.alias)
    before = now.current(from_model.id, use_case.current_provider_id)
    if before is not None and any(barred(before, policy_rules())):
        before = now.of(from_model.id) or before
    after = now.of(to_model.id)
    if to_provider_id is not None:
        offers = now.picture.by_model.get(to_model.id, ())
        named = [one for one in offers if one.provider_id == to_provider_id]
        after = next((one for one in named if one.has_price), after)
    said = volume_of(use_case)
    volume = Volume(
        said.calls_month, said.input_tokens, said.output_tokens, said.cached_share
    )
    before_usd, after_usd = (
        month_usd(offer_of(one), volume) for one in (before, after)
    )
    return Proposal(
        use_case,
        from_model,
        to_model,
        before,
        after,
        tuple(_refusals(use_case, from_model, to_model, after, rules)),
        tuple(_warnings(use_case, before, after)),
        volume,
        said.basis,
        before_usd,
        after_usd,
    )


def model_in_use(use_case: UseCase) -> AIModel:
    """What answers it now: where its alias always takes one model, that one."""
    forced = read_rules(use_case.alias.rules).forced if use_case.alias else ""
    current = use_case.current_model
    if not forced or forced == current.slug:
        return current
    return AIModel.objects.filter(slug=forced).first() or current


def month_usd(offer_id: UUID | None, volume: Volume) -> Decimal | None:
    """A month of the volume on an offer, by the prices that the ledger books with."""
    calls = volume.calls_month
    if not calls or volume.input_tokens is None or volume.output_tokens is None:
        return None
    sourced = prices_of([offer_id]).get(offer_id or UUID(int=0))
    if sourced is None:
        return None
    cached = volume.cached_share or Decimal(0)
    prompt = volume.input_tokens * calls
    line = Traffic(
        requests=calls,
        fresh=round(prompt * (1 - cached)),
        cached=round(prompt * cached),
        output=round(volume.output_tokens * calls),
    )
    return cost_of(line, sourced.price.card(utc_now(), line.prompt_tokens))


def _rules(alias: Alias | None) -> Rules:
    policy = policy_rules()
    return policy.narrowed_by(read_rules(alias.rules)) if alias else policy


def _refusals(
    use_case: UseCase,
    from_model: AIModel,
    to_model: AIModel,
    after: Candidate | None,
    rules: Rules,
) -> Iterator[str]:
    if to_model == from_model:
        yield f"{use_case.name} uses {to_model.name} already."
        return
    if under_way(use_case.id) is not None:
        yield "A switch of this use case is under way: promote it or roll it back."
    if after is None:
        yield f"No offer of {to_model.name} is priced and allowed by your policy."
        return
    today = utc_now().date()
    for reason in (*gone(after, today), *barred(after, rules)):
        yield f"{to_model.name}: {reason}."


def _warnings(
    use_case: UseCase, before: Candidate | None, after: Candidate | None
) -> Iterator[str]:
    """What would keep the advisor from recommending it for this use case."""
    if after is None:
        return
    [known] = knowns([use_case])
    today = utc_now().date()
    held = {*gone(after, today), *barred(after, known.need.rules)}
    for reason in refusals(after, known.need, today=today, current=before):
        if reason not in held:
            yield reason[0].upper() + reason[1:]


def under_way(use_case_id: UUID) -> Switch | None:
    return Switch.objects.filter(use_case_id=use_case_id, state__in=UNDER_WAY).first()


def refuse(proposal: Proposal) -> None:
    """Raise for a switch that cannot be made now, with every reason."""
    if proposal.refusals:
        message = " ".join(proposal.refusals)
        if proposal.after is None:
            raise ValidationError(message, param="to_model")
        raise ConflictError(message)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"
