"""Have a candidate answer too, after the caller has got the answer, and be judged.

Nothing here is waited for by a caller: a finished request is put into a short queue,
and what does not fit is left out, so that a process under load does without. A few
tasks send it to the candidate, through the gateway like any call, so it is metered,
budgeted and in the ledger (`purpose` shadow or judge). Each call's cost is held in the
experiment's budget first. The rules that bar providers for the alias bar them here: a
shadow goes nowhere its original might not have gone.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import msgspec

from apps.accounts.key_rules import MOST_REQUESTS
from apps.accounts.keys import Caller
from apps.kit.errors import AppError
from apps.kit.ids import uuid7
from apps.kit.money import from_nano
from apps.router.account import Account
from apps.router.arrivals import Arrival, Options
from apps.router.bodies import read_completion
from apps.router.engine import judging
from apps.router.engine.need import Scored
from apps.router.engine.rules import Rules
from apps.router.engine.trial import Trial
from apps.router.experiment_purse import ExperimentPurse, Hold
from apps.router.limits.estimate import Size, range_of
from apps.router.pool import DatabaseAwayError
from apps.router.replies import JSONReply, Reply
from apps.router.snapshot import Snapshot

logger = logging.getLogger(__name__)

type Serve = Callable[[Arrival], Awaitable[Reply]]

MOST_WAITING: Final = 64
MOST_CHARACTERS: Final = 8_000_000
AT_ONCE: Final = 4
# A candidate that writes without end is cut off here.
OUTPUT_TOKENS: Final = 4096
CHARACTERS_PER_TOKEN: Final = 4


@dataclass(frozen=True, slots=True)
class Job:
    """One answered request, to be answered by the candidate as well."""

    org_id: UUID
    request_id: UUID
    trial: Trial
    body: dict[str, Any]
    rules: Rules
    answer: str
    answered_by: str
    characters: int
    serve: Serve | None = None


@dataclass(slots=True)
class Shadows:
    """The queue of one process, and the tasks that work it off."""

    purse: ExperimentPurse
    snapshot: Callable[[], Snapshot]
    queue: deque[Job] = field(default_factory=deque)
    left_out: int = 0
    _characters: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def follow(
        self,
        arrival: Arrival,
        rules: Rules,
        account: Account,
        trial: Trial,
        serve: Serve,
    ) -> None:
        """Queue the request when it has been answered well; `serve` is the gateway."""
        texts: list[str] = []
        hear, record = account.hear, account.record

        def hear_too(text: str) -> None:
            texts.append(text)
            if hear is not None:
                hear(text)

        def record_and_queue(settled: Account) -> None:
            record(settled)
            if settled.status == "ok" and settled.answered_by is not None:
                job = _job(arrival, rules, settled, trial, "".join(texts))
                self.offer(replace(job, serve=serve))

        account.hear, account.record = hear_too, record_and_queue

    def offer(self, job: Job) -> None:
        """Queue it, or leave it out when there is no room."""
        after = self._characters + job.characters
        if len(self.queue) >= MOST_WAITING or after > MOST_CHARACTERS:
            self.left_out += 1
            return
        self._characters = after
        self.queue.append(job)
        if len(self._tasks) < AT_ONCE:
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop what waits, and stop what is under way: nobody waits for it."""
        self.queue.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self) -> None:
        while self.queue:
            job = self.queue.popleft()
            self._characters -= job.characters
            try:
                await self._shadow(job)
            except AppError as problem:
                logger.info("A shadow of %s failed: %s", job.request_id, problem)
            except DatabaseAwayError as problem:
                logger.warning("A shadow is left out: %s", problem)
            except Exception:
                logger.exception("A shadow of %s stumbled", job.request_id)

    async def _shadow(self, job: Job) -> None:
        model = job.trial.candidate.rules.forced
        body = {**job.body, "max_tokens": _output_limit(job.body)}
        body.pop("max_completion_tokens", None)
        text = await self._call(job, model, body, "shadow", job.trial.candidate.name)
        judge = job.trial.judge_model
        if not (text and job.answer and judge):
            return
        if judging.is_third(judge, model, job.answered_by):
            await self._judge(job, judge, text)

    async def _judge(self, job: Job, judge: str, text: str) -> None:
        """Ask in both orders; what is not said clearly twice is no judgement."""
        messages = job.body["messages"]
        straight = await self._ask(job, judge, messages, (job.answer, text))
        swapped = await self._ask(job, judge, messages, (text, job.answer))
        if straight is None or swapped is None:
            return
        outcome, is_consistent = judging.outcome_of(straight, swapped)
        await self.purse.judged(
            Hold(uuid7(), job.org_id, job.trial.id),
            job.request_id,
            outcome,
            is_consistent=is_consistent,
            judge=judge,
        )

    async def _ask(
        self,
        job: Job,
        judge: str,
        messages: list[dict[str, Any]],
        answers: tuple[str, str],
    ) -> judging.Choice | None:
        body = judging.question(messages, *answers)
        text = await self._call(job, judge, body, "judge", "")
        return None if text is None else judging.choice_in(text)

    async def _call(
        self, job: Job, model: str, body: dict[str, Any], purpose: str, arm: str
    ) -> str | None:
        """One call of ours, its cost held before and booked after; None: no money."""
        most = self._most_cost(model, body)
        if most is None:
            return None
        hold = await self.purse.hold(job.org_id, job.trial.id, most)
        if hold is None:
            return None
        cost = 0
        try:
            inbound = read_completion(
                {**body, "model": model, "max_cost": float(from_nano(most))}
            )
            inbound.rules = _barring(job.rules, purpose).narrowed_by(_only(model))
            assert job.serve is not None  # noqa: S101  # set where it is queued
            reply = await job.serve(
                Arrival(
                    # No key of the customer's, whose own limits it would use up.
                    replace(
                        Caller.of_member(job.org_id), requests_per_minute=MOST_REQUESTS
                    ),
                    inbound,
                    str(uuid7()),
                    perf_counter(),
                    Options(
                        is_private=True,
                        cache="off",
                        purpose=purpose,
                        experiment_id=job.trial.id,
                        arm=arm,
                    ),
                )
            )
            cost = _cost_of(reply)
            return _text_of(reply)
        except asyncio.CancelledError:
            # It may have cost as much as that; the ledger will say.
            cost = most
            raise
        finally:
            await asyncio.shield(self.purse.settle(hold, cost))

    def _most_cost(self, model: str, body: dict[str, Any]) -> int | None:
        """Nano-dollars that the dearest offer may charge; None without a price."""
        offers = self.snapshot().names.get(model, ())
        chain = [Scored(o, 0.0, None, None, None, None) for o in offers if o.price]
        if not chain:
            return None
        size = Size.of(body, limit=body["max_tokens"], choices=1)
        return max(1, range_of(chain, size, smallest_budget=0).least)


def _job(
    arrival: Arrival, rules: Rules, account: Account, trial: Trial, answer: str
) -> Job:
    served = account.answered_by
    left_out = {"stream", "stream_options", "n", "logprobs", "top_logprobs"}
    sent = arrival.inbound.sent
    body = {name: value for name, value in sent.items() if name not in left_out}
    return Job(
        account.org_id,
        account.request_id,
        trial,
        body,
        rules,
        answer,
        served.candidate.model if served else "",
        account.prompt_tokens_guess * CHARACTERS_PER_TOKEN + len(answer),
    )


def _output_limit(body: dict[str, Any]) -> int:
    own = body.get("max_completion_tokens") or body.get("max_tokens") or OUTPUT_TOKENS
    return min(int(own), OUTPUT_TOKENS)


def _only(model: str) -> Rules:
    """This model and no other: a stand-in's answer would be taken for its."""
    return Rules(forced=model, allow_fallbacks=False)


def _barring(rules: Rules, purpose: str) -> Rules:
    """The rules that bar, without those that say which model the alias wants."""
    plain = msgspec.structs.replace(
        rules, forced="", fallbacks=(), quality_floor=None, hedge=False
    )
    # A judge is no choice for the alias; the organization's own list bars it still.
    return plain if purpose == "shadow" else msgspec.structs.replace(plain, models=())


def _cost_of(reply: Reply) -> int:
    for name, value in reply.headers:
        if name == "X-ModelOptix-Cost":
            return round(float(value) * 1e9)
    return 0


def _text_of(reply: Reply) -> str | None:
    if not isinstance(reply, JSONReply):
        return None
    choices = msgspec.json.decode(reply.body).get("choices") or [{}]
    content = (choices[0].get("message") or {}).get("content")
    return content if isinstance(content, str) else None
