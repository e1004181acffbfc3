"""When an offer that keeps failing is asked last, and when it is tried again.

A circuit is closed while its offer answers. It opens after failures in a row, or when
half of a minute's calls fail, and then its offer goes to the end of every chain; it is
never taken out of one, so the last offer there is can always be asked. When its rest is
over one request is let through as a probe: an answer closes the circuit, a failure
doubles the rest.

Everything here is this process's own memory and costs no round trip.
`breaker_link.py` shares it with the other processes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from time import time
from typing import Final, Literal
from uuid import UUID

from apps.router.engine.need import Scored

State = Literal["closed", "open", "half_open"]

FAILURES_IN_ROW: Final = 5
# Of the calls in a minute; fewer calls than this say little about a rate.
FAILURE_SHARE: Final = 0.5
LEAST_CALLS: Final = 20
HALF_WINDOW_S: Final = 30.0
FIRST_REST_S: Final = 10.0
MOST_REST_S: Final = 300.0
# A probe that was not sent by then may be sent by somebody else.
PROBE_LEASE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a process decided about an offer; of two, the later holds. Epoch seconds."""

    at: float
    is_open: bool
    until: float = 0.0
    strikes: int = 0
    reason: str = ""


NEVER: Final = Verdict(0.0, is_open=False)


@dataclass(slots=True)
class Circuit:
    """One offer's recent past, and the verdict on it."""

    verdict: Verdict = NEVER
    in_row: int = 0
    # Calls and failures of this half minute and of the one before.
    began: float = 0.0
    calls: int = 0
    failures: int = 0
    calls_before: int = 0
    failures_before: int = 0
    # Somebody would have liked to ask this offer since its rest is over.
    is_wanted: bool = False
    # Until when this process may send the probe; the request that is one.
    may_probe_until: float = 0.0
    is_probing: bool = False

    def count(self, now: float, *, has_failed: bool) -> None:
        if now - self.began > HALF_WINDOW_S:
            is_next = now - self.began < 2 * HALF_WINDOW_S
            self.calls_before = self.calls if is_next else 0
            self.failures_before = self.failures if is_next else 0
            self.began, self.calls, self.failures = now, 0, 0
        self.calls += 1
        self.failures += has_failed
        self.in_row = self.in_row + 1 if has_failed else 0

    def trouble(self) -> str:
        """Why it should open; empty when it need not."""
        if self.in_row >= FAILURES_IN_ROW:
            return f"{self.in_row} failures in a row"
        calls = self.calls + self.calls_before
        failures = self.failures + self.failures_before
        if calls >= LEAST_CALLS and failures >= FAILURE_SHARE * calls:
            return f"{failures} of {calls} calls failed within a minute"
        return ""

    def forget(self) -> None:
        """Begin anew: what happened before the verdict must not decide again."""
        self.in_row = self.calls = self.failures = 0
        self.calls_before = self.failures_before = 0
        self.is_wanted = self.is_probing = False
        self.may_probe_until = 0.0


def _nothing(offer_id: UUID, verdict: Verdict) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Breakers:
    """The circuits of all offers as this process knows them."""

    clock: Callable[[], float] = time
    # Told of each verdict of this process's own, and that a probe is due.
    on_verdict: Callable[[UUID, Verdict], None] = _nothing
    on_wanted: Callable[[], None] = lambda: None
    _circuits: dict[UUID, Circuit] = field(default_factory=dict)
    # Those that are not closed: most often none, so that nothing costs anything.
    _open: dict[UUID, Circuit] = field(default_factory=dict)

    def ordered(self, chain: tuple[Scored, ...]) -> tuple[Scored, ...]:
        """The same chain with the offers that keep failing at its end."""
        if not self._open or len(chain) < 2:
            return chain
        late = [self._is_late(scored.candidate.offer_id) for scored in chain]
        if not any(late):
            return chain
        pairs = sorted(zip(late, chain, strict=True), key=lambda pair: pair[0])
        return tuple(scored for _, scored in pairs)

    def _is_late(self, offer_id: UUID) -> bool:
        circuit = self._open.get(offer_id)
        if circuit is None:
            return False
        now = self.clock()
        if now < circuit.verdict.until or circuit.is_probing:
            return True
        if now < circuit.may_probe_until:
            return False
        if not circuit.is_wanted:
            circuit.is_wanted = True
            self.on_wanted()
        return True

    def begin(self, offer_id: UUID) -> None:
        """A request goes to this offer; it is the probe where one is due."""
        if not self._open:
            return
        circuit = self._open.get(offer_id)
        if circuit is not None and self.clock() < circuit.may_probe_until:
            circuit.is_probing, circuit.may_probe_until = True, 0.0

    def passed(self, offer_id: UUID, took_s: float) -> None:
        """The offer answered: that closes its circuit, unless the request was under
        way already when it opened.
        """
        circuit = self._circuits.get(offer_id)
        if circuit is None:
            # Nothing is kept of an offer before its first failure.
            return
        now = self.clock()
        circuit.count(now, has_failed=False)
        if circuit.verdict.is_open and now - took_s >= circuit.verdict.at:
            self._decide(offer_id, circuit, Verdict(now, is_open=False))

    def failed(self, offer_id: UUID, took_s: float) -> None:
        """The offer failed, and through no fault of the request or its key."""
        circuit = self._circuits.setdefault(offer_id, Circuit())
        now = self.clock()
        circuit.count(now, has_failed=True)
        before = circuit.verdict
        if before.is_open:
            if circuit.is_probing and now - took_s >= before.at:
                self._open_again(offer_id, circuit, now)
        elif reason := circuit.trouble():
            # Of an offer that broke again at once, the rests go on growing.
            is_again = now - before.at < HALF_WINDOW_S and before.strikes
            strikes = before.strikes + 1 if is_again else 1
            verdict = _opened(now, strikes, reason)
            self._decide(offer_id, circuit, verdict)

    def _open_again(self, offer_id: UUID, circuit: Circuit, now: float) -> None:
        before = circuit.verdict
        verdict = _opened(now, before.strikes + 1, before.reason)
        self._decide(offer_id, circuit, verdict)

    def left(self, offer_id: UUID) -> None:
        """The request ended without an answer of the offer: its caller left, say."""
        circuit = self._open.get(offer_id)
        if circuit is not None and circuit.is_probing:
            circuit.is_probing = False
            circuit.may_probe_until = self.clock() + PROBE_LEASE_S

    def _decide(self, offer_id: UUID, circuit: Circuit, verdict: Verdict) -> None:
        self._apply(offer_id, circuit, verdict)
        self.on_verdict(offer_id, verdict)

    def _apply(self, offer_id: UUID, circuit: Circuit, verdict: Verdict) -> None:
        if circuit.verdict.is_open and not verdict.is_open:
            # Kept, so that an offer that breaks again at once rests longer.
            verdict = replace(verdict, strikes=circuit.verdict.strikes)
        circuit.verdict = verdict
        circuit.forget()
        if verdict.is_open:
            self._open[offer_id] = circuit
        else:
            self._open.pop(offer_id, None)

    def learn(self, offer_id: UUID, verdict: Verdict) -> None:
        """Take what another process decided, when that was later."""
        circuit = self._circuits.get(offer_id)
        if circuit is None:
            if not verdict.is_open:
                return
            circuit = self._circuits[offer_id] = Circuit()
        if verdict.at > circuit.verdict.at:
            self._apply(offer_id, circuit, verdict)

    def grant_probe(self, offer_id: UUID) -> None:
        """This process may send the next request to the offer as its probe."""
        circuit = self._open.get(offer_id)
        if circuit is not None:
            circuit.is_wanted = False
            circuit.may_probe_until = self.clock() + PROBE_LEASE_S

    def put_off(self, offer_id: UUID) -> None:
        """Another process probes; ask again when somebody wants the offer then."""
        if (circuit := self._open.get(offer_id)) is not None:
            circuit.is_wanted = False

    def wanted(self) -> list[UUID]:
        """Offers whose rest is over and that requests have asked for since."""
        return [offer for offer, circuit in self._open.items() if circuit.is_wanted]

    def verdicts(self) -> Iterable[tuple[UUID, Verdict]]:
        """What is not closed, with the verdict on it."""
        return [(offer, circuit.verdict) for offer, circuit in self._open.items()]

    def state(self, offer_id: UUID) -> State:
        circuit = self._open.get(offer_id)
        if circuit is None:
            return "closed"
        return "open" if self.clock() < circuit.verdict.until else "half_open"

    def verdict(self, offer_id: UUID) -> Verdict:
        circuit = self._circuits.get(offer_id)
        return circuit.verdict if circuit else NEVER


def _opened(now: float, strikes: int, reason: str) -> Verdict:
    until = now + rest_s(strikes)
    return Verdict(now, is_open=True, until=until, strikes=strikes, reason=reason)


def rest_s(strikes: int) -> float:
    """Seconds of rest, doubling with each failed probe."""
    doubled: float = FIRST_REST_S * 2 ** (strikes - 1)
    return min(doubled, MOST_REST_S)
