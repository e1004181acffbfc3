"""Which rules a request falls under: its organization's, its alias's, its own."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from apps.kit.errors import NotFoundError, PermissionDeniedError
from apps.router.bodies import Inbound
from apps.router.engine.need import LatencyPref, Priority
from apps.router.engine.rules import NO_RULES, Rules
from apps.router.openrouter import named_by
from apps.router.org_policies import AliasEntry
from apps.router.snapshot import Snapshot


@dataclass(slots=True)
class Course:
    """The rules of one request, merged, and the alias that it was sent to."""

    rules: Rules = NO_RULES
    alias: AliasEntry | None = None
    # The model it names; empty lets us choose.
    model: str = ""
    priority: Priority = "balanced"
    latency_pref: LatencyPref = "normal"


AUTO: Final[dict[str, Priority | None]] = {
    "auto": None,
    "auto:cheap": "cheap",
    "auto:best": "best",
}


def steer(snapshot: Snapshot, org_id: UUID, inbound: Inbound) -> Course:
    """The course of a request; raises an AppError for an alias that is not there."""
    typed = inbound.typed
    policy = snapshot.policy(org_id)
    alias = policy.aliases.get(typed.alias or typed.model)
    if alias is None:
        if typed.alias:
            raise NotFoundError(f"There is no alias {typed.alias!r}.", param="alias")
        named = named_by(typed.model, inbound.wishes, snapshot.slug_of)
        rules = policy.rules.narrowed_by(named.rules)
        model = "" if named.model in AUTO else named.model
        word = named.model
    else:
        _refuse_paused(alias)
        # The alias decides; a model beside it would be a second word on the matter.
        rules, model, word = alias.rules, "", ""
    if inbound.rules is not NO_RULES:
        rules = rules.narrowed_by(inbound.rules)
    return Course(
        rules,
        alias,
        model or rules.forced,
        AUTO.get(word) or typed.priority or rules.priority or "balanced",
        typed.latency_pref or rules.latency_pref or "normal",
    )


def _refuse_paused(alias: AliasEntry) -> None:
    if not alias.is_active:
        raise PermissionDeniedError(
            f"The alias {alias.name!r} is paused. Resume it under Router, Aliases.",
            param="alias",
        )
