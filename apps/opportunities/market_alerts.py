"""Tell organizations what the market does to what they use.

Changes of the catalog are read a little further back than the last time, because one
that was written earlier may be committed later; each is told once by its key. So a job
that dies half way, or reads twice, tells nothing twice and leaves nothing out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from apps.alerts.rule_models import Watermark
from apps.alerts.services import Kind, Severity, emit
from apps.catalog.models import AIModel, ModelChange
from apps.catalog.queries.changes import Ending, endings
from apps.kit.clock import utc_now
from apps.opportunities.in_use import InUse, in_use, orgs_that_use
from apps.router.health_queries import ProviderHealth, providers_now
from apps.tenancy.scope import scope, unscoped

NAME: Final = "market_alerts"
DATABASE: Final = "jobs"
# How late a change may be committed after its moment: longer than any sync's unit.
OVERLAP: Final = timedelta(hours=2)
LEAST_SHARE: Final = 0.10
GRAVE_SHARE: Final = 0.25
NOTICE_DAYS: Final = (30, 60, 90)
# Fewer attempts than these in a quarter of an hour say nothing of a provider.
LEAST_ATTEMPTS: Final = 20
# One incident of a provider is told once in so many hours.
INCIDENT_H: Final = 6
What = ModelChange.What
_PRICES: Final = ("input", "output")
_TRUST: Final = {
    "tier": "Trust tier",
    "trains_on_prompts": "Trains on prompts",
    "retains_prompts": "Keeps prompts",
    "retention_days": "Days prompts are kept",
    "may_publish_prompts": "May publish prompts",
    "datacenters": "Data centres",
    "headquarters": "Headquarters",
}
_FALL: Final = ("tier", "trains_on_prompts", "retains_prompts", "may_publish_prompts")


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell, and whom it concerns."""

    kind: Kind
    severity: Severity
    title: str
    key: str
    body: str = ""
    url: str = ""
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    model_id: UUID | None = None
    provider: str = ""
    family: tuple[str, str] | None = None

    def concerns(self, use: InUse) -> bool:
        if self.family is not None:
            return self.family in use.families and self.model_id not in use.models
        if self.model_id is not None:
            return use.has(self.model_id, self.provider)
        return self.provider in use.providers


def tell_market() -> str:
    """Tell every organization what is new since the last time."""
    now = utc_now()
    with unscoped("what the market does concerns every organization that uses it"):
        since = _since(now)
        news = [*_changes(since), *_endings(now.date()), *_incidents(now)]
        orgs = orgs_that_use() if news else []
    told = sum(_tell(org_id, news) for org_id in orgs)
    # After the work: killed before this, the same news is read again.
    with unscoped("what the market does concerns every organization that uses it"):
        Watermark.objects.using(DATABASE).update_or_create(
            name=NAME, defaults={"at": now}
        )
    return f"{len(news)} news, {told} alerts"


def _since(now: datetime) -> datetime:
    """The first look begins now: what was before is history, and no news."""
    mark = Watermark.objects.using(DATABASE).filter(name=NAME).first()
    return (mark.at if mark else now) - OVERLAP if mark else now


def _tell(org_id: UUID, news: Iterable[News]) -> int:
    with scope(org_id):
        use = in_use()
        return sum(_emit(one) for one in news if one.concerns(use))


def _emit(one: News) -> bool:
    alert_id = emit(
        one.kind,
        severity=one.severity,
        title=one.title,
        body=one.body,
        url=one.url,
        subject=one.subject,
        key=one.key,
        data=one.data,
    )
    return alert_id is not None


def _changes(since: datetime) -> Iterator[News]:
    rows = list(
        ModelChange.objects.using(DATABASE)
        .filter(at__gt=since, is_first_look=False)
        .filter(what__in=(What.PRICE, What.MODEL_ADDED, What.PROVIDER_CHANGED))
        .select_related("ai_model", "offer__provider", "provider")
        .order_by("at", "id")
    )
    yield from _price_news([row for row in rows if row.what == What.PRICE])
    for row in rows:
        if row.what == What.MODEL_ADDED and row.ai_model and row.ai_model.family:
            yield _new_model(row, row.ai_model)
        if row.what == What.PROVIDER_CHANGED and row.field in _TRUST:
            yield _trust_news(row)


def is_price_news(row: ModelChange) -> bool:
    """Whether it is a plain price of a model that moved far enough."""
    is_plain = row.field in _PRICES and not row.condition
    return is_plain and abs(row.change_share or 0.0) >= LEAST_SHARE


def _price_news(rows: Sequence[ModelChange]) -> Iterator[News]:
    """One for a model at a provider and a moment: both prices, every region."""
    moved = [row for row in rows if is_price_news(row) and row.ai_model and row.offer]
    moved.sort(key=_price_group)
    for (slug, provider, at), same in groupby(moved, key=_price_group):
        changes = list(same)
        model = changes[0].ai_model
        if model is not None:
            yield _price_alert(
                model, provider, f"price:{slug}:{provider}:{at}", changes
            )


def _price_group(row: ModelChange) -> tuple[str, str, str]:
    return (
        row.ai_model.slug if row.ai_model else "",
        row.offer.provider.slug if row.offer else "",
        row.at.isoformat(),
    )


def _price_alert(
    model: AIModel, provider: str, key: str, changes: Sequence[ModelChange]
) -> News:
    largest = max(changes, key=lambda row: abs(row.change_share or 0.0))
    share = largest.change_share or 0.0
    is_dearer = share > 0
    grave = Severity.URGENT if share >= GRAVE_SHARE else Severity.WARNING
    first = changes[0]
    name = first.offer.provider.name if first.offer else provider
    return News(
        kind=Kind.PRICE_CHANGE,
        severity=grave if is_dearer else Severity.INFO,
        title=f"{model.name} costs {abs(share):.0%} {'more' if is_dearer else 'less'}"
        f" at {name}",
        key=key,
        body="\n".join(dict.fromkeys(price_line(row) for row in changes)),
        url=reverse("catalog:model", args=[model.slug]),
        subject=model.slug,
        data={"model": model.slug, "provider": provider, "change_share": share},
        model_id=model.id,
        provider=provider,
    )


def price_line(row: ModelChange) -> str:
    share = row.change_share or 0.0
    return (
        f"{row.field.capitalize()}: {_usd(row.old)} → {_usd(row.new)} / M "
        f"({share:+.0%}); source {row.source}, {row.at:%-d %b %Y}"
    )


def _usd(value: object) -> str:
    """A price as the catalog states it; it is a text there, or unknown."""
    try:
        return f"${Decimal(str(value)).normalize():f}"
    except InvalidOperation:
        return "not assessed"


def _new_model(row: ModelChange, model: AIModel) -> News:
    return News(
        kind=Kind.NEW_MODEL,
        severity=Severity.INFO,
        title=f"{model.name} is new in a family you use",
        key=f"new:{model.slug}",
        body=f"Listed {row.at:%-d %b %Y} by {row.source}.",
        url=reverse("catalog:model", args=[model.slug]),
        subject=model.slug,
        data={"model": model.slug, "family": model.family},
        model_id=model.id,
        family=(model.author, model.family),
    )


def _trust_news(row: ModelChange) -> News:
    provider = row.provider
    name, slug = (provider.name, provider.slug) if provider else ("", "")
    is_worse = row.field in _FALL and _is_worse(row)
    return News(
        kind=Kind.TRUST_CHANGE,
        severity=Severity.WARNING if is_worse else Severity.INFO,
        title=f"{name}: {_TRUST[row.field]}: {_said(row.old)} → {_said(row.new)}",
        key=f"trust:{row.id}",
        body=f"Source {row.source}, {row.at:%-d %b %Y}.",
        url=reverse("catalog:provider", args=[slug]),
        subject=slug,
        data={"provider": slug, "field": row.field, "old": row.old, "new": row.new},
        provider=slug,
    )


def _is_worse(row: ModelChange) -> bool:
    """A lower tier, or a yes to what nobody wants."""
    if row.field == "tier":
        return str(row.new or "") > str(row.old or "")
    return row.new is True


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "not assessed" if value in (None, "") else str(value)


def _endings(today: date) -> Iterator[News]:
    """What ends within 90, 60 or 30 days: each is told when it begins to be true."""
    for ending in endings(today):
        days = [n for n in NOTICE_DAYS if 0 <= ending.days_left <= n]
        if days:
            yield _ending_news(ending, days[0])


def _ending_news(ending: Ending, days: int) -> News:
    model, offer = ending.ai_model, ending.offer
    where = f" at {offer.provider.name}" if offer else ""
    successor = model.successor
    follows = f"Its successor is {successor.name}." if successor else ""
    grave = {30: Severity.URGENT, 60: Severity.WARNING, 90: Severity.INFO}
    return News(
        kind=Kind.DEPRECATION,
        severity=grave[days],
        title=f"{model.name} ends{where} on {ending.on:%-d %b %Y}",
        key=f"end:{model.slug}:{ending.provider_slug}:{ending.on}:{days}",
        body=f"{ending.days_left} days left. {follows} Source {ending.source}.".replace(
            "  ", " "
        ),
        url=reverse("catalog:model", args=[model.slug]),
        subject=model.slug,
        data={
            "model": model.slug,
            "provider": ending.provider_slug,
            "ends_on": ending.on.isoformat(),
            "successor": successor.slug if successor else None,
        },
        model_id=model.id,
        provider=ending.provider_slug,
    )


def _incidents(now: datetime) -> Iterator[News]:
    """Providers at which our own requests fail now; shares alone, never counts."""
    for health in providers_now(now):
        measures = health.measures
        if measures.requests >= LEAST_ATTEMPTS and measures.is_failing:
            yield _incident(health, now)


def _incident(health: ProviderHealth, now: datetime) -> News:
    rate = health.measures.error_rate or 0.0
    errors = ", ".join(name for name, _ in health.measures.errors[:3])
    at = now.astimezone(UTC)
    return News(
        kind=Kind.PROVIDER_INCIDENT,
        severity=Severity.URGENT,
        title=f"{health.provider} fails {rate:.0%} of requests",
        key=f"incident:{health.provider}:{at:%Y-%m-%d}:{at.hour // INCIDENT_H}",
        body=f"Measured by our router over the last 15 minutes ({errors}). Requests "
        "fall back to other providers where their rules allow it.",
        url=reverse("router:health"),
        subject=health.provider,
        data={"provider": health.provider, "error_rate": round(rate, 3)},
        provider=health.provider,
    )
