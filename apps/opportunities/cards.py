"""An opportunity as its card and its page show it: stored figures, put into words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

from apps.opportunities.engine import risk as risk_
from apps.opportunities.engine.confidence import WORDS as EVIDENCE
from apps.opportunities.engine.confidence import Basis
from apps.opportunities.engine.effort import LEVELS
from apps.opportunities.engine.fit import USUAL_OUTPUT_TOKENS
from apps.opportunities.models import Opportunity

FACTORS: Final = {
    "cost": "Cost",
    "speed": "Speed",
    "quality": "Quality",
    "trust": "Trust",
    "context": "Context",
}
RISKIEST: Final = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """A small scale: so many of so many, in a word, and why."""

    level: int
    most: int
    word: str
    reason: str

    @property
    def steps(self) -> list[bool]:
        return [place < self.level for place in range(self.most)]

    @property
    def tone(self) -> str:
        share = self.level / self.most
        return "bad" if share > 0.74 else "warn" if share >= 0.5 else "ok"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure is from, for its provenance mark."""

    kind: str
    source: str
    how: str = ""
    age: datetime | None = None


@dataclass(frozen=True, slots=True)
class FactorLine:
    """One sub-score of both sides; None: not assessed, so it weighs nothing."""

    label: str
    weight: float
    current: float | None
    candidate: float | None
    source: Source


@dataclass(frozen=True, slots=True)
class DimensionLine:
    label: str
    scale: Scale


@dataclass(frozen=True, slots=True)
class Card:
    """One opportunity; everything of it was computed when it was found."""

    one: Opportunity

    @property
    def details(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", self.one.details)

    @property
    def is_put_off(self) -> bool:
        return self.one.snoozed_until is not None and self.one.state == "active"

    @property
    def share(self) -> float | None:
        return cast("float | None", self._saved.get("share"))

    @property
    def change(self) -> str:
        """How far the bill falls or rises, before "than" it."""
        share = self.share or 0.0
        return f"{abs(share) * 100:.1f} % {'less' if share >= 0 else 'more'}"

    @property
    def costs_more(self) -> bool:
        usd = self.one.savings_month_usd
        return usd is not None and usd < 0

    @property
    def has_range(self) -> bool:
        return self.one.savings_low_usd != self.one.savings_high_usd

    @property
    def range_of(self) -> Sequence[str]:
        return cast("Sequence[str]", self._saved.get("range_of", ()))

    @property
    def current_usd(self) -> str | None:
        return cast("str | None", self._saved.get("current_usd"))

    @property
    def candidate_usd(self) -> str | None:
        return cast("str | None", self._saved.get("candidate_usd"))

    @property
    def evidence(self) -> str:
        """The class of evidence in words."""
        return EVIDENCE[cast("Basis", self.details.get("basis", "price"))]

    @property
    def parts(self) -> Sequence[tuple[str, int]]:
        return cast("Sequence[tuple[str, int]]", self.details.get("parts", ()))

    @property
    def confidence_bar(self) -> str:
        if self.one.confidence >= 60:
            return ""
        return "bar-muted" if self.one.confidence < 30 else "bar-2"

    @property
    def risk(self) -> Scale:
        rows = self.details.get("risk", ())
        worst = max(rows, key=lambda row: row[1], default=("", 0, "nothing is known"))
        word = risk_.WORDS[self.one.risk]
        return Scale(self.one.risk, RISKIEST, word, worst[2])

    @property
    def dimensions(self) -> list[DimensionLine]:
        return [
            DimensionLine(
                risk_.LABELS[name], Scale(level, RISKIEST, risk_.WORDS[level], reason)
            )
            for name, level, reason in self.details.get("risk", ())
        ]

    @property
    def effort(self) -> Scale:
        level = LEVELS.index(self.one.effort)
        reasons = "; ".join(self.details.get("effort", ()))
        return Scale(level + 1, len(LEVELS), self.one.get_effort_display(), reasons)

    @property
    def trade_offs(self) -> Sequence[str]:
        return cast("Sequence[str]", self.details.get("trade_offs", ()))

    @property
    def fit(self) -> tuple[float, float]:
        """FitScore of the current model and of the candidate, as a pair."""
        current, candidate = self.details.get("fit", (0.0, 0.0))
        return current, candidate

    @property
    def factors(self) -> list[FactorLine]:
        return [
            FactorLine(FACTORS[factor], weight, current, candidate, self._of(factor))
            for factor, weight, current, candidate in self.details.get("factors", ())
        ]

    @property
    def sides(self) -> list["Side"]:
        return [
            Side("Today", self.details.get("current", {})),
            Side("Instead", self.details.get("candidate", {})),
        ]

    @property
    def volume_source(self) -> Source:
        """On what the dollars rest."""
        volume = self.details.get("volume", {})
        calls = _count(volume.get("calls"))
        if volume.get("basis") == "measured":
            source = f"{volume['requests']:,} requests of your alias"
            span = f"{volume.get('since')} to {volume.get('until')}"
            return Source("measured volume, list prices", source, f"From {span}.")
        if calls is None:
            return Source("not assessed", "nobody said how many calls there are")
        who = {"template": "a template assumes", "demo": "the demo assumes"}
        said = who.get(volume.get("origin", ""), "you typed")
        sizes = _count(volume.get("input")), _count(volume.get("output"))
        tokens = f"{sizes[0]} tokens in, {sizes[1]} out"
        return Source(
            "estimated",
            f"{said} {calls} calls a month, {tokens} each",
            "At list prices.",
        )

    @property
    def _saved(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", self.details.get("savings", {}))

    def _of(self, factor: str) -> Source:
        return _SOURCES[factor](self.details)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two models, as its column shows it."""

    title: str
    offer: Mapping[str, Any]

    @property
    def checked_at(self) -> datetime | None:
        at = self.offer.get("checked_at")
        return datetime.fromisoformat(at) if at else None

    @property
    def input(self) -> Decimal | None:
        return _decimal(self.offer.get("input"))

    @property
    def cached(self) -> Decimal | None:
        return _decimal(self.offer.get("cached"))

    @property
    def output(self) -> Decimal | None:
        return _decimal(self.offer.get("output"))

    @property
    def context(self) -> int | None:
        return self.offer.get("context")

    @property
    def milliseconds(self) -> float | None:
        seconds = self.offer.get("seconds")
        return None if seconds is None else seconds * 1000


def _cost(details: Mapping[str, Any]) -> Source:
    sides = [details.get(name, {}) for name in ("current", "candidate")]
    names = " and ".join(str(side.get("provider_name", "")) for side in sides)
    how = "On a log scale among all models you may use, with your own mix of tokens."
    return Source("list price", names, how, _oldest(s.get("checked_at") for s in sides))


def _speed(details: Mapping[str, Any]) -> Source:
    said = [
        details.get(name, {}).get("speed_source", "")
        for name in ("current", "candidate")
    ]
    known = " and ".join(sorted({text for text in said if text}))
    if not known or not all(said):
        return Source("not assessed", known or "nobody measured either model")
    output = details.get("volume", {}).get("output") or USUAL_OUTPUT_TOKENS
    return Source("measured", known, f"Of an answer of {_count(output)} tokens.")


def _quality(details: Mapping[str, Any]) -> Source:
    found = details.get("quality")
    if not found:
        return Source("not assessed", "no benchmark compares the two")
    what = "benchmarks of the task" if found["is_of_task"] else "all benchmarks"
    counts = [
        f"{found[side][3]} ({found[side][4]} independent)"
        for side in ("current", "candidate")
    ]
    days = [found[side][5] for side in ("current", "candidate") if found[side][5]]
    newest = f"The older of the newest results: {min(days)}." if days else ""
    return Source("benchmarks", f"{what}: {counts[0]} and {counts[1]}", newest)


def _trust(details: Mapping[str, Any]) -> Source:
    said = [
        details.get(name, {}).get("trust_source", "")
        for name in ("current", "candidate")
    ]
    if not all(said):
        return Source("not assessed", "too little is known of one of the two")
    return Source(
        "trust", " and ".join(said), "Of 100, each dimension on the model's page."
    )


def _context(details: Mapping[str, Any]) -> Source:
    sides = [details.get(name, {}).get("context") for name in ("current", "candidate")]
    texts = ["not known" if side is None else f"{side:,} tokens" for side in sides]
    how = "Room up to twice of what the use case needs counts."
    return Source("catalog", f"{texts[0]} and {texts[1]}", how)


_SOURCES: Final = {
    "cost": _cost,
    "speed": _speed,
    "quality": _quality,
    "trust": _trust,
    "context": _context,
}


def _oldest(moments: Iterable[str | None]) -> datetime | None:
    known = [datetime.fromisoformat(at) for at in moments if at]
    return min(known, default=None)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _count(text: Any) -> str | None:
    return None if text is None else f"{round(float(text)):,}"
