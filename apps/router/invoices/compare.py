"""The bill beside the ledger: by day and model, with what explains a difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from apps.router.invoices.names import spelling
from apps.router.invoices.parse import BilledLine

Kind = Literal["both", "theirs", "ours"]
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class OurLine:
    """What the ledger has of one model on one day."""

    day: date
    model: str
    cost_usd: Decimal = ZERO
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: int = 0
    estimated_usd: Decimal = ZERO
    cancelled: int = 0
    unpriced: int = 0
    own_usd: Decimal = ZERO
    managed_usd: Decimal = ZERO

    def plus(self, other: "OurLine") -> "OurLine":
        sums = {
            name: getattr(self, name) + getattr(other, name)
            for name in (
                *("cost_usd", "requests", "input_tokens", "output_tokens"),
                *("estimated", "estimated_usd", "cancelled", "unpriced"),
                *("own_usd", "managed_usd"),
            )
        }
        return replace(self, **sums)


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the report; money in US dollars, None where nothing is stated."""

    day: date
    model: str
    kind: Kind
    ours: OurLine
    theirs: BilledLine | None = None

    @property
    def theirs_usd(self) -> Decimal | None:
        return self.theirs.cost_usd if self.theirs else None

    @property
    def difference_usd(self) -> Decimal | None:
        """Theirs less ours: positive where the provider billed more."""
        if self.theirs is None:
            return -self.ours.cost_usd
        theirs = self.theirs_usd
        return None if theirs is None else theirs - self.ours.cost_usd

    @property
    def share(self) -> float | None:
        """The difference as a share of what the provider billed."""
        difference, theirs = self.difference_usd, self.theirs_usd
        return float(difference / theirs) if difference is not None and theirs else None

    @property
    def tokens_difference(self) -> int | None:
        theirs = self.theirs
        if theirs is None or (theirs.input_tokens, theirs.output_tokens) == (
            None,
            None,
        ):
            return None
        billed = (theirs.input_tokens or 0) + (theirs.output_tokens or 0)
        return billed - self.ours.input_tokens - self.ours.output_tokens

    @property
    def notes(self) -> list[str]:
        """What explains a difference, or could."""
        return list(_notes(self))


def compare(
    billed: Sequence[BilledLine],
    ours: Iterable[OurLine],
    names: Mapping[str, str],
) -> list[Compared]:
    """Every line of both sides once, by day and then by model."""
    if not any(line.name for line in billed):
        # A bill that names no model is compared by the day alone.
        ours = [replace(line, model="") for line in ours]
    left = _by_place(ours)
    rows: list[Compared] = []
    for (day, model), line in sorted(_by_model(billed, names).items()):
        found = left.pop((day, model), None)
        kind: Kind = "both" if found else "theirs"
        rows.append(Compared(day, model, kind, found or OurLine(day, model), line))
    rows += [Compared(line.day, line.model, "ours", line) for line in left.values()]
    return sorted(rows, key=lambda row: (row.day, row.model))


def _by_place(ours: Iterable[OurLine]) -> dict[tuple[date, str], OurLine]:
    found: dict[tuple[date, str], OurLine] = {}
    for line in ours:
        key = (line.day, line.model)
        found[key] = found[key].plus(line) if key in found else line
    return found


def _by_model(
    billed: Sequence[BilledLine], names: Mapping[str, str]
) -> dict[tuple[date, str], BilledLine]:
    """Versions of one model are one line; a name we do not know stays as it is."""
    found: dict[tuple[date, str], BilledLine] = {}
    for line in billed:
        key = (line.day, names.get(spelling(line.name), line.name))
        found[key] = found[key].plus(line) if key in found else line
    return found


def _notes(row: Compared) -> Iterable[str]:
    ours = row.ours
    if row.kind == "theirs":
        yield "not sent through the router"
    if row.kind == "ours":
        yield "not on the bill"
    if ours.estimated:
        yield f"{ours.estimated} estimated: the provider reported no usage"
    if ours.cancelled:
        yield f"{ours.cancelled} cancelled half way"
    if ours.unpriced:
        yield f"{ours.unpriced} without a known price"
    if ours.own_usd and ours.managed_usd:
        yield "partly with your own key, partly with one of the installation"


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole report in one line, or all days of one model."""

    ours_usd: Decimal
    theirs_usd: Decimal | None
    # Of what only one side has.
    only_ours_usd: Decimal
    only_theirs_usd: Decimal
    own_usd: Decimal
    managed_usd: Decimal
    estimated: int
    cancelled: int
    unpriced: int
    tokens_difference: int | None

    @property
    def difference_usd(self) -> Decimal | None:
        return None if self.theirs_usd is None else self.theirs_usd - self.ours_usd

    @property
    def share(self) -> float | None:
        difference = self.difference_usd
        if difference is None or not self.theirs_usd:
            return None
        return float(difference / self.theirs_usd)


def summary(rows: Sequence[Compared]) -> Summary:
    """The sums of the rows."""
    billed = [row.theirs_usd for row in rows if row.theirs_usd is not None]
    tokens = [n for row in rows if (n := row.tokens_difference) is not None]
    return Summary(
        ours_usd=sum((row.ours.cost_usd for row in rows), ZERO),
        theirs_usd=sum(billed, ZERO) if billed else None,
        only_ours_usd=sum((r.ours.cost_usd for r in rows if r.kind == "ours"), ZERO),
        only_theirs_usd=sum(
            (r.theirs_usd or ZERO for r in rows if r.kind == "theirs"), ZERO
        ),
        own_usd=sum((row.ours.own_usd for row in rows), ZERO),
        managed_usd=sum((row.ours.managed_usd for row in rows), ZERO),
        estimated=sum(row.ours.estimated for row in rows),
        cancelled=sum(row.ours.cancelled for row in rows),
        unpriced=sum(row.ours.unpriced for row in rows),
        tokens_difference=sum(tokens) if tokens else None,
    )


def by_model(rows: Sequence[Compared]) -> list[tuple[str, Summary]]:
    """The sums of each model, those with the largest difference first."""
    models = sorted({row.model for row in rows})
    sums = [(m, summary([row for row in rows if row.model == m])) for m in models]
    return sorted(sums, key=lambda one: -abs(one[1].difference_usd or -one[1].ours_usd))
