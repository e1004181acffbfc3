"""Who wants which alert, and how: what holds where nobody chose; pure."""

from dataclasses import dataclass
from typing import Final

from apps.accounts.roles import Role
from apps.alerts.kinds import Cadence, Kind, Severity

# Their mails are part of using the product, whatever the plan.
ALWAYS_MAILED: Final = frozenset({Kind.BUDGET, Kind.PLAN_LIMIT, Kind.DIGEST})
# Kinds that somebody has to act on who answers for the organization.
_LEADERS_ONLY: Final = frozenset({Kind.PLAN_LIMIT, Kind.CHANNEL, Kind.JOB})


@dataclass(frozen=True, slots=True)
class Wish:
    """How one person wants one kind."""

    in_app: bool = True
    email: bool = False
    # The person's own chat channels.
    chat: bool = True
    min_severity: Severity = Severity.INFO
    cadence: Cadence = Cadence.IMMEDIATE

    @property
    def is_never(self) -> bool:
        return self.cadence == Cadence.NEVER

    def wants(self, severity: Severity) -> bool:
        return not self.is_never and severity >= self.min_severity


def usual_wish(kind: Kind, role: str) -> Wish:
    """What holds for a person of this role who did not choose.

    Owners hear of money at once, owners and admins of what they have to act on; a
    better model or price can wait for the day's or the week's message.
    """
    is_leader = role in {Role.OWNER, Role.ADMIN}
    if kind == Kind.DIGEST:
        return Wish(in_app=False, email=True, chat=False, cadence=Cadence.WEEKLY)
    if kind in {Kind.BUDGET, Kind.SAVINGS}:
        return Wish(email=role == Role.OWNER)
    if kind in _LEADERS_ONLY:
        return Wish(in_app=is_leader, email=is_leader, chat=is_leader)
    if kind in {Kind.NEW_MODEL, Kind.TRUST_CHANGE}:
        return Wish(email=is_leader, cadence=Cadence.WEEKLY)
    return Wish(email=is_leader)
