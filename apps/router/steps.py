"""Steps of an agent's run: how they are read, and how they are numbered."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import Meta, Struct

from apps.kit.ids import uuid7
from apps.router.bodies import Inbound, checked, read_chat
from apps.router.limits.link import Link, LinkDownError

LONGEST_ID: Final = 128
MOST_STEPS: Final = 1_000_000
# What stands in an address as it is.
ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$"
# A run that pauses for longer begins to count anew.
REMEMBERED_S: Final = 7 * 86_400
REMEMBERED_RUNS: Final = 10_000


class _StepFields(Struct):
    run_id: (
        Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, pattern=ID_PATTERN)]
        | None
    ) = None
    step: Annotated[int, Meta(ge=1, le=MOST_STEPS)] | None = None


def read_step(body: dict[str, Any]) -> Inbound:
    """A `/v1/agent-step` body: that of `/v1/chat`, and which step of which run."""
    names = _StepFields.__struct_fields__
    given = {name: body[name] for name in names if name in body}
    fields = checked(given, _StepFields)
    rest = {name: value for name, value in body.items() if name not in names}
    inbound = read_chat({**rest, "task": "agent_step"})
    inbound.run_id = fields.run_id or f"run_{uuid7().hex}"
    inbound.step = fields.step
    return inbound


@dataclass(slots=True)
class Counter:
    """Numbers the steps whose callers don't: in Valkey, else in this process.

    While Valkey is away, processes count by themselves and may give a number twice;
    a run's steps are then told apart by their time.
    """

    _last: OrderedDict[tuple[UUID, str], int] = field(default_factory=OrderedDict)

    async def next_step(self, org_id: UUID, run_id: str, link: Link) -> int:
        key = (org_id, run_id)
        number = max(await self._shared(key, link), self._last.get(key, 0) + 1)
        self._last[key] = number
        self._last.move_to_end(key)
        if len(self._last) > REMEMBERED_RUNS:
            self._last.popitem(last=False)
        return number

    async def _shared(self, key: tuple[UUID, str], link: Link) -> int:
        org_id, run_id = key
        name = f"mx:run:{{{org_id.hex}}}:{run_id}"
        try:
            made = link.ask("SET", name, 0, "EX", REMEMBERED_S, "NX")
            counted = link.ask("INCR", name)
            _, number = await asyncio.gather(made, counted)
        except LinkDownError:
            return 0
        return int(number)
