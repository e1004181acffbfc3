"""Calls over the real client and a scripted provider, without gateway or database."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from apps.providers.client import ProviderClient
from apps.providers.fake import FakeProvider
from apps.providers.wire import ChatResult, Endpoint
from apps.router.account import Account
from apps.router.engine.need import Scored
from apps.router.entries import entry_of
from apps.router.execute import Call, OpenStream, answer, open_stream
from apps.router.health import Health
from apps.router.limits.gate import FREE_PASS
from apps.router.rows import Entry
from apps.router.ways import Keychain, KeyRests, Way
from tests.router.accounts import make_account
from tests.router.engine.offers import scored

MESSAGES = [{"role": "user", "content": "Hi there, how are you?"}]
NAMES = ("primary", "backup", "third")
PRICES = {"primary": ("1", "2"), "backup": ("2", "4"), "third": ("3", "6")}


@dataclass
class Lab:
    """A provider for each model, all played by one fake."""

    fake: FakeProvider
    client: ProviderClient
    health: Health = field(default_factory=Health)
    rests: KeyRests = field(default_factory=KeyRests)
    keys: tuple[str, ...] = ("sk-only-key-0123456789",)
    contexts: dict[str, int] = field(default_factory=dict)
    deadline_s: float = 10.0
    attempt_timeout_s: float = 2.0
    entries: list[Entry] = field(default_factory=list)
    _offers: dict[str, Scored] = field(default_factory=dict)

    def offer(self, name: str) -> Scored:
        if name not in self._offers:
            self._offers[name] = scored(
                f"{name}-house/{name}",
                usd=PRICES[name],
                context_tokens=self.contexts.get(name, 100_000),
                max_output_tokens=None,
            )
        return self._offers[name]

    def call(self, *names: str, **options: Any) -> Call:
        account = make_account(
            prompt_tokens_guess=100, record=self._record, watch=self.health
        )
        return Call(
            account=account,
            chain=tuple(self.offer(name) for name in names or NAMES),
            keychain=Keychain(self._ways(), {}, self.rests),
            body={"messages": MESSAGES},
            native=None,
            max_cost_nano=None,
            ticket=FREE_PASS,
            deadline=perf_counter() + self.deadline_s,
            attempt_timeout_s=self.attempt_timeout_s,
            health=self.health,
            **options,
        )

    def _record(self, account: Account) -> None:
        self.entries.append(entry_of(account, None))

    def _ways(self) -> dict[str, tuple[Way, ...]]:
        return {
            f"{name}-house": tuple(
                Way(Endpoint(f"{name}-house", "openai", self.fake.base_url, key), "own")
                for key in self.keys
            )
            for name in NAMES
        }

    async def whole(self, call: Call) -> ChatResult:
        """What the gateway does with a call for a whole answer."""
        try:
            result = await answer(call, self.client)
        except BaseException:
            is_over = call.account.tries and call.account.tries[-1].is_over
            call.account.settle("failed" if is_over else "cancelled")
            raise
        call.account.usage = result.usage
        call.account.output_characters = len(result.text)
        call.account.settle("ok")
        return result

    async def stream(self, call: Call) -> str:
        """The text of a streamed answer, read to its end."""
        account = call.account
        try:
            opened = await open_stream(call, self.client)
            text = await _read(account, opened)
        except BaseException:
            account.settle("failed")
            raise
        account.end(opened.attempt)
        account.settle("ok")
        return text

    def make_quick(self, name: str, milliseconds: int) -> None:
        """Have an offer's p95 known, over all processes."""
        offer_id = self.offer(name).candidate.offer_id
        self.health.shared_p95[offer_id] = (milliseconds, milliseconds)

    def seen(self, call: Call) -> list[tuple[str, str]]:
        """Each attempt of a call: the model's name and how it ended."""
        return [(t.scored.candidate.upstream_id, t.outcome) for t in call.account.tries]


async def _read(account: Account, opened: OpenStream) -> str:
    texts = [part.text for part in opened.held]
    parts = list(opened.held)
    async for part in opened.rest:
        texts.append(part.text)
        parts.append(part)
    await opened.rest.aclose()
    for part in parts:
        account.usage = part.usage or account.usage
        account.output_characters += part.characters
    return "".join(texts)


def sum_of(entry: Entry) -> int:
    """What all attempts of a request cost, nano-dollars."""
    return sum(attempt.cost_nano or 0 for attempt in entry.attempts)
