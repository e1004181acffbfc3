"""What custom rules mean: prices that move, models that beat one's own, spend.

`apps.alerts` keeps the rules and their cool-downs, and asks here what fits.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.urls import reverse

from apps.alerts.cooling import let_through
from apps.alerts.rule_kinds import Finding, Preview, register
from apps.alerts.rule_models import Rule
from apps.catalog.models import ModelChange
from apps.kit.clock import utc_now
from apps.kit.errors import ValidationError
from apps.opportunities.cases import Known, knowns
from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.filters import quality_pair, refusals
from apps.opportunities.engine.money import cost_of_call
from apps.opportunities.in_use import in_use
from apps.opportunities.market import Market, market
from apps.opportunities.market_alerts import price_line
from apps.portfolio.queries import use_cases
from apps.router.alias_models import Alias
from apps.router.usage import UsageFilter, usage
from apps.tenancy.scope import require_org_id

PREVIEW_DAYS: Final = 30
# How late a change may be committed; the cool-down keeps it from being told twice.
OVERLAP: Final = timedelta(minutes=30)
POINTS: Final = 100


def _number(params: Mapping[str, Any], name: str, low: str, high: str) -> str:
    """A decimal of the parameters as text, within its bounds."""
    value = params.get(name)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not Decimal(low) <= number <= Decimal(high):
        raise ValidationError(f"Give a number from {low} to {high}.", param=name)
    return f"{number.normalize():f}"


class PriceMove:
    """The price of any model in use moves by more than so much."""

    def clean(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"percent": _number(params, "percent", "1", "1000")}

    def words(self, params: Mapping[str, Any]) -> str:
        return f"The price of any model we use moves by more than {params['percent']} %"

    def find(
        self, params: Mapping[str, Any], *, since: datetime, until: datetime
    ) -> list[Finding]:
        return list(self._moves(params, since - OVERLAP, until))

    def _moves(
        self, params: Mapping[str, Any], since: datetime, until: datetime
    ) -> Iterator[Finding]:
        use = in_use()
        least = float(params["percent"]) / 100
        rows = ModelChange.objects.filter(
            what=ModelChange.What.PRICE,
            at__gt=since,
            at__lte=until,
            is_first_look=False,
            field__in=("input", "output"),
            condition="",
            ai_model__in=list(use.models),
        )
        for row in rows.select_related("ai_model", "offer__provider").order_by("at"):
            provider = row.offer.provider.slug if row.offer else ""
            is_far = abs(row.change_share or 0.0) > least
            if is_far and row.ai_model and use.has(row.ai_model_id, provider):
                yield self._finding(row, row.ai_model.name, row.ai_model.slug)

    def _finding(self, row: ModelChange, name: str, slug: str) -> Finding:
        share = row.change_share or 0.0
        where = f" at {row.offer.provider.name}" if row.offer else ""
        return Finding(
            subject=slug,
            title=f"{name}: the price moved by {share:+.0%}{where}",
            body=price_line(row),
            url=reverse("catalog:model", args=[slug]),
            data={"model": slug, "change_share": share},
            at=row.at,
        )

    def preview(
        self, params: Mapping[str, Any], *, until: datetime, cooldown_h: int
    ) -> Preview:
        """From the catalog's log, for the models that are in use today."""
        since = until - timedelta(days=PREVIEW_DAYS)
        found = list(self._moves(params, since, until))
        moments = [(one.subject, one.at or until) for one in found]
        times = len(let_through(moments, {}, cooldown=timedelta(hours=cooldown_h)))
        note = "By the catalog's log of prices, for the models you use today."
        return Preview(times, PREVIEW_DAYS, note)

    def suggestions(self) -> Sequence[str]:
        return []


class BetterModel:
    """A model beats the one in use by so many points at a share of its price."""

    def clean(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "points": _number(params, "points", "1", "100"),
            "price_percent": _number(params, "price_percent", "1", "100"),
        }

    def words(self, params: Mapping[str, Any]) -> str:
        return (
            f"A model beats ours by {params['points']} points at "
            f"{params['price_percent']} % of its price or less"
        )

    def find(
        self, params: Mapping[str, Any], *, since: datetime, until: datetime
    ) -> list[Finding]:
        cases = use_cases()
        if not cases:
            return []
        at = market(org_id=require_org_id())
        found = (self._best(known, at, params) for known in knowns(cases))
        return [one for one in found if one is not None]

    def _best(
        self, known: Known, at: Market, params: Mapping[str, Any]
    ) -> Finding | None:
        """The best candidate of a use case that fits, by its points."""
        use_case = known.use_case
        mine = at.current(use_case.current_model_id, use_case.current_provider_id)
        if mine is None:
            return None
        fits = [
            (ahead, candidate)
            for candidate in at.candidates()
            if (ahead := self._ahead(known, mine, candidate, params)) is not None
        ]
        if not fits:
            return None
        ahead, candidate = max(fits, key=lambda pair: (pair[0], pair[1].model))
        return self._finding(known, mine, candidate, ahead)

    def _ahead(
        self,
        known: Known,
        mine: Candidate,
        candidate: Candidate,
        params: Mapping[str, Any],
    ) -> float | None:
        """By how many points of 100 it is ahead; None where it does not fit."""
        if candidate.model_id == mine.model_id:
            return None
        share = self._price_share(known, mine, candidate)
        if share is None or share * 100 > Decimal(params["price_percent"]):
            return None
        pair = quality_pair(mine, candidate, known.need.task)
        if pair is None:
            return None
        ahead = (pair.candidate.score - pair.current.score) * POINTS
        if ahead < float(params["points"]):
            return None
        today = utc_now().date()
        is_barred = refusals(candidate, known.need, today=today, current=mine)
        return None if is_barred else ahead

    def _price_share(
        self, known: Known, mine: Candidate, candidate: Candidate
    ) -> Decimal | None:
        """Its price for a call of the use case's own size, as a share of ours."""
        tokens = known.need.prompt_tokens
        costs = [
            cost_of_call(one.price_at(tokens), known.need.volume)
            for one in (mine, candidate)
        ]
        if costs[0] is None or costs[1] is None or not costs[0]:
            return None
        return costs[1] / costs[0]

    def _finding(
        self, known: Known, mine: Candidate, candidate: Candidate, ahead: float
    ) -> Finding:
        use_case = known.use_case
        share = self._price_share(known, mine, candidate) or Decimal(0)
        return Finding(
            subject=f"{use_case.id}:{candidate.model}",
            title=f"{use_case.name}: {candidate.name} beats {mine.name} by "
            f"{ahead:.0f} points at {share:.0%} of its price",
            body="By published benchmarks and list prices; not yet checked on your "
            "own prompts.",
            url=reverse("portfolio:use-case", args=[use_case.id]),
            data={"use_case": str(use_case.id), "model": candidate.model},
        )

    def preview(
        self, params: Mapping[str, Any], *, until: datetime, cooldown_h: int
    ) -> Preview:
        """What was so on a day in the past is kept nowhere; what is so now is."""
        now = len(self.find(params, since=until, until=until))
        note = (
            "The catalog keeps no benchmarks of past days. It would fire now for "
            f"{now} use case{'' if now == 1 else 's'}."
        )
        return Preview(None, PREVIEW_DAYS, note)

    def suggestions(self) -> Sequence[str]:
        return []


class Spend:
    """An alias spends more than so much on a UTC day."""

    def clean(self, params: Mapping[str, Any]) -> dict[str, Any]:
        alias = str(params.get("alias") or "").strip()
        if not Alias.objects.filter(name=alias).exists():
            raise ValidationError("There is no such alias.", param="alias")
        return {"alias": alias, "usd": _number(params, "usd", "0.01", "1000000000")}

    def words(self, params: Mapping[str, Any]) -> str:
        return f"{params['alias']} spends more than ${params['usd']} a day"

    def find(
        self, params: Mapping[str, Any], *, since: datetime, until: datetime
    ) -> list[Finding]:
        if not Alias.objects.filter(name=params["alias"]).exists():
            raise ValidationError(f"The alias {params['alias']} is no more.")
        # The end of yesterday is looked at today.
        days = sorted({moment.astimezone(UTC).date() for moment in (since, until)})
        found = (self._on(params, day) for day in days)
        return [one for one in found if one is not None]

    def _on(self, params: Mapping[str, Any], day: date) -> Finding | None:
        start = datetime.combine(day, time(), UTC)
        wanted = UsageFilter(mode="live", alias=params["alias"])
        spent = usage(
            start, start + timedelta(days=1), "live", wanted=wanted
        ).total_cost
        if spent <= Decimal(params["usd"]):
            return None
        return Finding(
            subject=f"{params['alias']} {day}",
            title=f"{params['alias']} has spent ${spent:.2f} on {day:%-d %b}",
            body=f"More than the ${params['usd']} of the rule; the day in UTC, by the "
            "router's ledger.",
            url=reverse("router:usage"),
            data={"alias": params["alias"], "usd": f"{spent:.2f}"},
        )

    def preview(
        self, params: Mapping[str, Any], *, until: datetime, cooldown_h: int
    ) -> Preview:
        """From the ledger's days, today included."""
        day = until.astimezone(UTC).date() - timedelta(days=PREVIEW_DAYS - 1)
        wanted = UsageFilter(mode="live", alias=params["alias"])
        start = datetime.combine(day, time(), UTC)
        days = usage(start, until, "live", wanted=wanted).by_day
        times = sum(line.cost > Decimal(params["usd"]) for line in days)
        return Preview(times, PREVIEW_DAYS, "By the router's ledger, day by day.")

    def suggestions(self) -> Sequence[str]:
        return list(Alias.objects.order_by("name").values_list("name", flat=True))


register(Rule.About.PRICE_MOVE, PriceMove())
register(Rule.About.BETTER_MODEL, BetterModel())
register(Rule.About.SPEND, Spend())
