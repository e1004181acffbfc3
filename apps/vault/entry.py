"""What may be entered as a provider key."""

from typing import Final

# The shortest that any listed provider gives out is far longer; a shorter one would
# be told by the four characters that are shown.
SHORTEST: Final = 16
LONGEST: Final = 500


def clean_key(text: str) -> str:
    """The key without the blanks around it; a ValueError says what is wrong.

    It goes into an HTTP header, so nothing but visible ASCII is taken.
    """
    key = text.strip()
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"A key has from {SHORTEST} to {LONGEST} characters.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("A key holds letters, digits and signs, and no blanks.")
    return key
