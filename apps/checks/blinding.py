"""Which of two answers stands left, so that nobody knows whose it is. Pure."""

from hashlib import blake2b
from typing import Final, Literal

Side = Literal["a", "b", "tie", "neither"]
SIDES: Final = ("a", "b", "tie", "neither")


def is_flipped(seed: int, seat: int, position: int) -> bool:
    """Whether the candidate stands left; the same whenever it is asked."""
    text = f"{seed}/{seat}/{position}".encode()
    return bool(blake2b(text, digest_size=1).digest()[0] & 1)


def choice_of(side: str, *, flipped: bool) -> str:
    """A vote for a side as it counts for the candidate; ValueError for any other."""
    if side not in SIDES:
        raise ValueError(f"{side!r} is none of {', '.join(SIDES)}")
    if side in {"tie", "neither"}:
        return side
    return "win" if (side == "a") == flipped else "loss"


def side_of(choice: str, *, flipped: bool) -> str:
    """The side that such a vote was given to."""
    if choice in {"tie", "neither"}:
        return choice
    return "a" if (choice == "win") == flipped else "b"
