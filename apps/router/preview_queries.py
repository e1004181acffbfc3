"""Try rules on the organization's own past requests, against this moment's catalog."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings

from apps.accounts.models import APIKey
from apps.kit.money import to_nano
from apps.router.alias_models import Alias
from apps.router.alias_queries import get_policy
from apps.router.engine.need import ANYWHERE, LatencyPref, Need, Priority
from apps.router.engine.rules import NO_RULES, Rules, read_rules
from apps.router.models import RoutedRequest, RoutingDecision
from apps.router.plan import EMBEDDING, Planner, rounded_up, to_step, weights_for
from apps.router.preview import PastCall, Preview, qualities, replay, summarize
from apps.router.runtime import current
from apps.router.snapshot import Snapshot
from apps.tenancy.scope import require_org_id

USUAL: Final = 500
MOST: Final = 1000
# What a request asks for in its own body, of which the ledger keeps nothing.
NOT_KEPT: Final = (
    "what requests themselves limit (max_cost, quality_floor, max_tokens, "
    "provider preferences) and which parameters they send is not kept, so it does not "
    "count here"
)
NO_DECISION: Final = (
    "of {count} of them the decision is not kept any more or is of an earlier release: "
    "whether they need tools, vision or a JSON schema, and whether they named a model, "
    "is not known"
)
SAME_LENGTH: Final = (
    "another model may write more or less than the one that answered; the same "
    "tokens are priced"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the requests of one organization are chosen by."""

    org_id: UUID
    planner: Planner
    # The policy in force, and each alias's own rules.
    policy: Rules
    aliases: Mapping[str, tuple[UUID, Rules]]
    allowed: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        return self.planner.snapshot


def preview_alias(rules: Rules, *, alias: str = "", requests: int = USUAL) -> Preview:
    """These rules on the last requests of this alias; without one, on all requests,
    as if they had been sent to an alias with these rules.
    """
    scene = _scene()
    calls = past_calls(alias, requests)
    merged = scene.policy.narrowed_by(rules)
    alias_id = scene.aliases[alias][0] if alias in scene.aliases else None

    def proposed(call: PastCall) -> Need:
        return _need(call, scene, rules=merged, named="", alias_id=alias_id)

    return _run(calls, scene, proposed)


def preview_policy(rules: Rules, *, requests: int = USUAL) -> Preview:
    """This policy on the organization's last requests, each under its own alias."""
    scene = _scene()

    def proposed(call: PastCall) -> Need:
        return _as_sent(call, scene, policy=rules)

    return _run(past_calls("", requests), scene, proposed)


def past_calls(alias: str, requests: int) -> list[PastCall]:
    """The organization's last answered calls of this alias, or of all; newest first.

    Test keys' calls, our own and what a stored answer was given to do not count; nor
    do embeddings, whose model is named: no other one's vectors can stand in.
    """
    rows = RoutedRequest.objects.filter(
        org_id=require_org_id(),
        status=RoutedRequest.Status.OK,
        is_test=False,
        purpose=RoutedRequest.Purpose.CALL,
        cache="",
    ).exclude(task=EMBEDDING)
    if alias:
        rows = rows.filter(alias=alias)
    found = list(rows.order_by("-created_at", "-id")[: min(requests, MOST)])
    decisions = _decisions(found)
    return [_call(row, decisions) for row in found]


def _decisions(rows: Iterable[RoutedRequest]) -> dict[tuple[UUID, datetime], Any]:
    """The kept decisions of these requests, by id and month."""
    rows = list(rows)
    ids = {row.decision_id for row in rows if row.decision_id}
    months = {_month(row.created_at) for row in rows}
    kept = RoutingDecision.objects.filter(
        org_id=require_org_id(), id__in=ids, created_at__in=months
    )
    return {(one.id, one.created_at): one.content for one in kept}


def _month(moment: datetime) -> datetime:
    utc = moment.astimezone(UTC)
    return datetime(utc.year, utc.month, 1, tzinfo=UTC)


def _call(row: RoutedRequest, decisions: Mapping[Any, Any]) -> PastCall:
    content = decisions.get((row.decision_id, _month(row.created_at)))
    has_asked = content is not None and "asked" in content
    return PastCall(
        created_at=row.created_at,
        task=row.task,
        model=row.model,
        provider=row.provider,
        fresh=row.input_tokens - row.cached_tokens - row.written_tokens,
        cached=row.cached_tokens,
        written=row.written_tokens,
        output=row.output_tokens,
        reasoning=row.reasoning_tokens,
        cost_nano=None if row.cost_usd is None else to_nano(row.cost_usd),
        key_id=row.key_id,
        alias=row.alias,
        asked=content if has_asked else None,
    )


def _scene() -> Scene:
    keys = APIKey.objects.exclude(allowed_models=[])
    aliases = Alias.objects.all()
    return Scene(
        org_id=require_org_id(),
        # A planner of its own: the process's one is the event loop's.
        planner=Planner(current().planner.snapshot, settings.PREMIUM_MODEL),
        policy=read_rules(get_policy().rules),
        aliases={one.name: (one.id, read_rules(one.rules)) for one in aliases},
        allowed={key.id: tuple(key.allowed_models) for key in keys},
    )


def _run(
    calls: Sequence[PastCall], scene: Scene, proposed: Callable[[PastCall], Need]
) -> Preview:
    replayed = replay(
        calls,
        decide=scene.planner.decision,
        proposed=proposed,
        today=lambda call: _as_sent(call, scene, policy=scene.policy),
        quality_of=qualities(scene.snapshot.names),
    )
    blind = sum(call.asked is None for call in calls)
    unknown = [NO_DECISION.format(count=blind)] if blind else []
    unknown += [NOT_KEPT] if calls else []
    unknown += [SAME_LENGTH] if any(not one.is_same_offer for one in replayed) else []
    return summarize(replayed, unknown=unknown)


def _as_sent(call: PastCall, scene: Scene, *, policy: Rules) -> Need:
    """The call with the address that it had, under this policy."""
    alias_id, own = scene.aliases.get(call.alias, (None, NO_RULES))
    rules = policy.narrowed_by(own)
    named = "" if call.alias else _named(call, scene)
    return _need(call, scene, rules=rules, named=named, alias_id=alias_id)


def _named(call: PastCall, scene: Scene) -> str:
    """The model that the request itself named, as far as its decision tells."""
    model = str((call.asked or {}).get("model", "auto"))
    return "" if model in {"auto", scene.policy.forced} else model


def _need(
    call: PastCall,
    scene: Scene,
    *,
    rules: Rules,
    named: str,
    alias_id: UUID | None,
) -> Need:
    """What the planner would make of this call today, under these rules."""
    shot, asked = scene.snapshot, call.asked or {}
    wanted = cast("Mapping[str, list[str]]", asked.get("asked", {}))
    needs = wanted.get("needs", [])
    policy = shot.policy(scene.org_id)
    own = shot.org_ways.get(scene.org_id)
    latency = cast("LatencyPref", _own_word(call, scene, rules, "latency_pref"))
    probabilities = cast(
        "Mapping[str, float]", asked.get("task_probabilities") or {call.task: 1.0}
    )
    return Need(
        task=call.task,
        task_probabilities=tuple(probabilities.items()),
        priority=cast("Priority", _own_word(call, scene, rules, "priority")),
        latency_pref=latency,
        input_tokens=rounded_up(call.prompt, rules),
        output_tokens=to_step(shot.expected_output(call.task)),
        needs_vision="vision" in needs,
        needs_tools="tools" in needs,
        needs_json_schema="json_schema" in needs,
        max_cost_nano=rules.max_cost_nano,
        quality_floor=rules.quality_floor,
        models=tuple(wanted.get("models", [])),
        model=named or rules.forced,
        allowed_models=scene.allowed.get(call.key_id, ()) if call.key_id else (),
        is_budgeted=bool(policy.limits.budgets_of(call.key_id, alias_id)),
        weights=weights_for(rules.weights or policy.weights, latency),
        rules=rules,
        reach=own.reach if own else ANYWHERE,
        baseline_model="",
    )


USUAL_WORDS: Final = {"priority": "balanced", "latency_pref": "normal"}


def _own_word(call: PastCall, scene: Scene, rules: Rules, name: str) -> str:
    """What the request asked for itself wins over the rules; a word that the rules in
    force say too may have been theirs.
    """
    _, own = scene.aliases.get(call.alias, (None, NO_RULES))
    theirs = getattr(scene.policy.narrowed_by(own), name)
    usual = USUAL_WORDS[name]
    asked = str((call.asked or {}).get(name, usual))
    if asked not in {usual, theirs}:
        return asked
    return str(getattr(rules, name)) or usual
