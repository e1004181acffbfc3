"""Run a check: claim it, ask what is not answered yet, judge, and conclude.

It may be cut off at any moment, also by kill -9. What was stored is never asked again:
the next one to claim it begins with what is missing. What was under way is asked again,
and what it cost is read from the ledger.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.checks import claiming, concluding
from apps.checks.asking import UnpricedError, ask, problem_in, way_of
from apps.checks.bodies import answer_body, judge_body
from apps.checks.cells import Cell, Given, Said, Work
from apps.checks.purse import LEASE_S, LostError, Purse, SpentError
from apps.jobs.stopping import is_stopping
from apps.kit.errors import AppError, BudgetExceededError
from apps.kit.ids import uuid7
from apps.router.engine.judging import choice_in
from apps.router.in_worker import router
from apps.router.pool import DatabaseAwayError
from apps.router.runtime import Runtime

logger = logging.getLogger(__name__)

# Calls at once of one check, and of one of its models.
AT_ONCE: Final = 6
AT_ONCE_A_MODEL: Final = 3
BEAT_EVERY_S: Final = LEASE_S / 4
# A model that failed so often in a row is not asked on.
MOST_FAILURES: Final = 5
# How long a spent ceiling waits for the ledger to tell what calls really cost.
LEDGER_WAIT_S: Final = 8.0
LEDGER_LOOK_S: Final = 0.5

CEILING: Final = "The cost ceiling left nothing for the next call."


class EndedError(Exception):
    """The check ends here, for the reason that is its text."""


class PausedError(Exception):
    """This worker is to stop; another one goes on."""


def run_check(check_id: UUID) -> None:
    """Run the check of the organization in scope, unless somebody does already."""
    work = claiming.claim(check_id)
    if work is None:
        return
    reason = ""
    try:
        with router() as lane:
            lane.run(lambda runtime: Running(work, runtime).run())
    except LostError:
        # Cancelled or taken over; what came in counts all the same.
        concluding.conclude(check_id)
        return
    except PausedError:
        claiming.give_back(work)
        return
    except EndedError as ended:
        reason = str(ended)
    except DatabaseAwayError as problem:
        # The lease runs out, and then somebody goes on.
        logger.warning("The check %s waits for Postgres: %s", check_id, problem)
        return
    concluding.finish(work, reason)


@dataclass(slots=True)
class Running:
    """One check under way in an event loop."""

    work: Work
    runtime: Runtime
    purse: Purse = field(init=False)
    _failures: dict[int, int] = field(default_factory=dict)
    _given_up: dict[int, str] = field(default_factory=dict)
    _slots: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _is_over: bool = False

    def __post_init__(self) -> None:
        work = self.work
        self.purse = Purse(
            self.runtime.database, work.org_id, work.check_id, work.token
        )

    async def run(self) -> None:
        """All that is missing; raises LostError, PausedError or EndedError."""
        beat = asyncio.create_task(self._beat())
        try:
            await self._all(self.work.to_answer())
            await self._all(self.work.to_judge())
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
        if self._given_up:
            raise EndedError(" ".join(self._given_up.values()))

    async def _all(self, cells: Iterator[Cell]) -> None:
        """Work the cells off, some at once; the first who must stop stops all, after
        what is under way has been stored.
        """
        workers = [asyncio.create_task(self._work_off(cells)) for _ in range(AT_ONCE)]
        try:
            done = await asyncio.gather(*workers, return_exceptions=True)
        except asyncio.CancelledError:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            raise
        problems = [one for one in done if isinstance(one, BaseException)]
        if problems:
            raise problems[0]

    async def _work_off(self, cells: Iterator[Cell]) -> None:
        for cell in cells:
            if self._is_over:
                return
            if is_stopping():
                raise PausedError
            try:
                await self._one(cell)
            except BaseException:
                self._is_over = True
                raise

    async def _one(self, cell: Cell) -> None:
        model = self._model_of(cell)
        async with self._slots.setdefault(model, asyncio.Semaphore(AT_ONCE_A_MODEL)):
            if self._is_over or (not cell.is_judged and cell.seat in self._given_up):
                return
            await (self._judge(cell) if cell.is_judged else self._answer(cell))

    def _model_of(self, cell: Cell) -> str:
        work = self.work
        return work.judge_model if cell.is_judged else work.seats[cell.seat]

    async def _answer(self, cell: Cell) -> None:
        work = self.work
        asked = work.prompts[cell.position]
        body = answer_body(asked.messages, work.system, work.parameters)
        given = await self._call(cell, body, "check")
        await self.purse.store(cell, given)
        work.answers[cell.seat, cell.position] = None if given.error else given.text
        self._note(cell.seat, given.error)

    async def _judge(self, cell: Cell) -> None:
        work = self.work
        asked = work.prompts[cell.position]
        body = judge_body(asked.messages, work.system, work.shown(cell))
        given = await self._call(cell, body, "judge")
        choice = "" if given.error else choice_in(given.text) or ""
        said = Said(given.request_id, choice, given.cost_usd)
        await self.purse.judged(cell, said)

    async def _call(self, cell: Cell, body: Mapping[str, Any], purpose: str) -> Given:
        """One call, its most possible cost held before; what fails is an answer too."""
        work, model = self.work, self._model_of(cell)
        try:
            most_usd = way_of(self.runtime.planner, work.org_id, body, model).most_usd
        except AppError as problem:
            return problem_in(uuid7(), problem)
        except UnpricedError:
            return Given(uuid7(), error=f"No price of {model} is known.")
        call_id = await self._held(cell, model, most_usd)
        try:
            return await ask(
                work.org_id,
                call_id,
                body,
                model=model,
                most_usd=most_usd,
                purpose=purpose,
            )
        except BudgetExceededError as problem:
            await self.purse.settle(call_id, Decimal(0))
            raise EndedError(problem.message) from problem
        except AppError as problem:
            return problem_in(call_id, problem)

    async def _held(self, cell: Cell, model: str, most_usd: Decimal) -> UUID:
        """Hold the money. Where the ceiling seems spent, calls that are under way, or
        whose end nobody heard, are waited for: most cost less than was held.
        """
        patience_s = LEDGER_WAIT_S
        while True:
            try:
                return await self.purse.hold(cell, model, most_usd)
            except SpentError:
                if patience_s <= 0 or not await self.purse.settle_late():
                    raise EndedError(CEILING) from None
            patience_s -= LEDGER_LOOK_S
            await asyncio.sleep(LEDGER_LOOK_S)

    def _note(self, seat: int, error: str) -> None:
        """Count failures in a row; a model that only fails is not worth waiting for."""
        self._failures[seat] = self._failures.get(seat, 0) + 1 if error else 0
        if self._failures[seat] >= MOST_FAILURES:
            model = self.work.seats[seat]
            self._given_up[seat] = f"{model} was not asked on after it failed: {error}"

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            with suppress(DatabaseAwayError):
                if not await self.purse.beat():
                    self._is_over = True
                    return
