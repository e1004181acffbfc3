"""The loads that are measured, and what a measurement of one holds."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Final

from bench.load import Load

AUTO: Final = "auto"
# The models of the mock provider: enough of them that there is something to choose.
MODELS: Final = ("bench-large", "bench-medium", "bench-small", "bench-tiny")
NAMED: Final = MODELS[0]
# Other processes with more than this share of a core spoil a measurement.
NOISE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Case:
    """One load. `script` tells the mock how to answer (see `bench.answers`)."""

    name: str
    script: str
    connections: int
    model: str = AUTO
    is_stream: bool = False
    spread_s: float = 0.0


CASES: Final = (
    Case("JSON, saturated", "mock", 64),
    Case("JSON, model named", "mock", 64, model=NAMED),
    Case("JSON, 50 ms", "mock-d50", 64, spread_s=0.05),
    Case("JSON, one caller", "mock", 1),
    Case("SSE, burst", "mock-n64", 16, is_stream=True),
    Case(
        "SSE, 20 ms apart",
        "mock-d50-n64-i20",
        64,
        is_stream=True,
        spread_s=1.3,
    ),
    Case(
        "SSE, 1,000 open",
        "mock-d50-n32-i100",
        1000,
        is_stream=True,
        spread_s=3.2,
    ),
)
SATURATED: Final = CASES[0].name
DELAYED: Final = CASES[2].name
BURST: Final = CASES[4].name
PACED: Final = CASES[5].name
OPEN: Final = CASES[6].name
# What the other gateway is measured at: it is too slow for the rest to say anything.
PEERS_CASES: Final = (SATURATED, DELAYED, PACED)


@dataclass(slots=True)
class Measured:
    """All rounds of one case against one target."""

    load: Load = field(default_factory=Load)
    target_cpu_s: float = 0.0
    database_cpu_s: float = 0.0
    load_cpu_s: float = 0.0  # mock, load generator and this process
    foreign_s: float = 0.0
    wall_s: float = 0.0

    def add(self, other: "Measured") -> None:
        self.target_cpu_s += other.target_cpu_s
        self.database_cpu_s += other.database_cpu_s
        self.load_cpu_s += other.load_cpu_s
        self.foreign_s += other.foreign_s
        self.wall_s += other.wall_s
        _add_load(self.load, other.load)

    @property
    def requests_per_s(self) -> float:
        return self.load.counted / self.load.seconds if self.load.seconds else 0.0

    @property
    def chunks_per_s(self) -> float:
        return self.load.chunks / self.load.seconds if self.load.seconds else 0.0

    @property
    def cpu_us(self) -> float | None:
        """CPU of the target's processes per answer, warm-up included in both."""
        return _per_answer(self.target_cpu_s, self.load.answered)

    @property
    def database_cpu_us(self) -> float | None:
        return _per_answer(self.database_cpu_s, self.load.answered)

    @property
    def foreign_cores(self) -> float:
        return max(0.0, self.foreign_s / self.wall_s) if self.wall_s else 0.0

    @property
    def is_noisy(self) -> bool:
        return self.foreign_cores > NOISE

    @property
    def errors(self) -> int:
        return self.load.broken + sum(self.load.statuses.values())

    def as_json(self) -> dict[str, object]:
        return {
            "requests": self.load.answered,
            "requests_per_s": round(self.requests_per_s, 1),
            "cpu_us_per_request": _rounded(self.cpu_us),
            "database_cpu_us_per_request": _rounded(self.database_cpu_us),
            "latency_ms": spread(self.load.latencies),
            "first_token_ms": spread(self.load.first_tokens),
            "chunks_per_s": round(self.chunks_per_s),
            "broken": self.load.broken,
            "statuses": self.load.statuses,
            "foreign_cores": round(self.foreign_cores, 3),
            "load_cores": round(self.load_cpu_s / self.wall_s, 3) if self.wall_s else 0,
            "is_noisy": self.is_noisy,
        }


def _add_load(whole: Load, part: Load) -> None:
    whole.seconds += part.seconds
    whole.answered += part.answered
    whole.counted += part.counted
    whole.chunks += part.chunks
    whole.broken += part.broken
    whole.statuses = dict(Counter(whole.statuses) + Counter(part.statuses))
    whole.latencies += part.latencies
    whole.first_tokens += part.first_tokens


def _per_answer(seconds: float, answers: int) -> float | None:
    return seconds * 1e6 / answers if answers else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def percentile(values: list[float], percent: int) -> float | None:
    """The inclusive percentile; None when nothing was measured."""
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def spread(values: list[float]) -> dict[str, float | None]:
    return {f"p{p}": _rounded3(percentile(values, p)) for p in (50, 90, 99)}


def _rounded3(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
