"""The kinds of notification a person may refuse; other mail is part of the product."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    BUDGET = "budget"


# What each is called where somebody reads it, at the end of "You get no more …".
LABELS: Final = {
    Kind.BUDGET: "budget warnings",
}
