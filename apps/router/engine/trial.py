"""An experiment as the hot path sees it: which arm a request belongs to.

Assignment is a hash of the experiment and of what has to stay together, so it needs no
state: every process agrees, and so does a restarted one.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal
from uuid import UUID

from apps.router.engine.rules import NO_RULES, Rules

Kind = Literal["ab", "shadow"]
Sticky = Literal["session", "user", "request"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to route; empty rules are the alias as it stands."""

    name: str
    weight: float
    rules: Rules = NO_RULES


@dataclass(frozen=True, slots=True)
class Trial:
    """A running experiment on one alias."""

    id: UUID
    kind: Kind
    arms: tuple[Arm, ...]
    sticky: Sticky
    share: float
    judge_model: str = ""

    def takes(self, unit: str) -> bool:
        """Whether this unit is among the share that takes part."""
        return self.share >= 1 or draw(self.id, unit, "share") < self.share

    def arm_of(self, unit: str) -> Arm:
        """The arm of a unit, by the arms' weights."""
        total = sum(arm.weight for arm in self.arms)
        point = draw(self.id, unit, "arm") * total
        for arm in self.arms:
            point -= arm.weight
            if point < 0:
                return arm
        return self.arms[-1]

    @property
    def candidate(self) -> Arm:
        return self.arms[1]


def draw(experiment: UUID, unit: str, what: str) -> float:
    """A number from 0 up to 1 that is the same for the same question always."""
    text = f"{experiment.hex}|{what}|{unit}".encode()
    number = int.from_bytes(blake2b(text, digest_size=8).digest())
    return number / 2**64
