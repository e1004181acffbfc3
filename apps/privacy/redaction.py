"""Take personal and secret things out of a text before it is stored.

The rules are stated in docs/privacy.md, and tests hold their hits and their misses.
A rule that matches digits also checks them (Luhn, mod 97), because a model's prompt is
full of numbers that are no card and no account. What no rule describes, such as names
and street addresses, stays: redaction lowers the risk and does not end it.

Every pattern starts at a boundary it cannot start twice in, so that its time grows
with the text and not with its square.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

EMAIL: Final = "email"
PHONE: Final = "phone"
CARD: Final = "card"
SECRET: Final = "secret"  # noqa: S105  # the kind's name
IBAN: Final = "iban"

LABELS: Final = {
    EMAIL: "E-mail addresses",
    PHONE: "Phone numbers",
    CARD: "Card numbers",
    SECRET: "API keys, passwords and private keys",
    IBAN: "Bank accounts (IBAN)",
}
KINDS: Final = tuple(LABELS)

type _Check = Callable[[str], bool]


@dataclass(frozen=True)
class Redacted:
    """The text without what was found, and how much was."""

    text: str
    found: int


@dataclass(frozen=True)
class _Rule:
    kind: str
    pattern: re.Pattern[str]
    # Refuses what only looks like it.
    is_real: _Check = lambda _: True
    # The part to take out, where the pattern needs its surroundings.
    group: int | str = 0


def redact(text: str, kinds: Iterable[str]) -> Redacted:
    """Replace each find by `[email removed]` or the like; the kinds in our order."""
    wanted, found = set(kinds), 0
    for rule in _RULES:
        if rule.kind in wanted:
            text, count = _apply(rule, text)
            found += count
    return Redacted(text, found)


def _apply(rule: _Rule, text: str) -> tuple[str, int]:
    parts, end, count = [], 0, 0
    for match in rule.pattern.finditer(text):
        if not rule.is_real(match[rule.group]):
            continue
        start, stop = match.span(rule.group)
        parts += [text[end:start], f"[{rule.kind} removed]"]
        end, count = stop, count + 1
    return "".join([*parts, text[end:]]), count


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdecimal())


def is_card(text: str) -> bool:
    """13 to 19 digits that pass Luhn's check (ISO/IEC 7812-1), of a card's family."""
    digits = _digits(text)
    # 2–6: Mastercard, American Express and Diners, Visa, Mastercard, Maestro and JCB.
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456":
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def is_iban(text: str) -> bool:
    """ISO 13616: moved to the end and with letters as numbers, mod 97 leaves 1."""
    plain = text.replace(" ", "").upper()
    if not 15 <= len(plain) <= 34:
        return False
    number = "".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])
    return int(number) % 97 == 1


def is_phone(text: str) -> bool:
    """E.164 allows 15 digits; below 8 it is more likely something else."""
    return 8 <= len(_digits(text)) <= 15


# Names that a value is a secret after, as in `password: hunter2hunter2`.
_NAMES: Final = (
    r"password|passwd|pwd|secret|api[_-]?key|apikey|access[_-]?key|auth[_-]?token"
    r"|access[_-]?token|client[_-]?secret|private[_-]?key"
)
# Prefixes that providers give their keys, so that they are found; ours among them.
_PREFIXES: Final = (
    r"sk-[A-Za-z0-9_-]{20,}",
    r"mx_(?:live|test)_[A-Za-z0-9]{30,}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",
    r"whsec_[A-Za-z0-9+/=]{16,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"gh[pousr]_[A-Za-z0-9]{36,}",
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"glpat-[A-Za-z0-9_-]{20,}",
    r"xox[abeprs]-[A-Za-z0-9-]{10,}",
    r"AIza[A-Za-z0-9_-]{35}",
    r"gsk_[A-Za-z0-9]{20,}",
    r"xai-[A-Za-z0-9]{20,}",
    r"hf_[A-Za-z0-9]{30,}",
    r"npm_[A-Za-z0-9]{36}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
)
# Groups of digits with single separators, or none.
_PHONES: Final = (
    r"(?:\+|00)[1-9][0-9]{0,3}(?:[ .\-/]?\(?[0-9]{1,5}\)?){1,6}",
    r"\([0-9]{3}\) ?[0-9]{3}[-. ][0-9]{4}",
    r"[2-9][0-9]{2}([-.])[2-9][0-9]{2}\1[0-9]{4}",
    r"0[0-9]{2,4}[ /-][0-9]{3,8}(?:[ -][0-9]{2,5}){0,3}",
)

_RULES: Final = (
    _Rule(
        SECRET,
        re.compile(
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"
            r"(?:(?!-----).){0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?",
            re.DOTALL,
        ),
    ),
    _Rule(SECRET, re.compile(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(_PREFIXES)})")),
    _Rule(
        SECRET,
        re.compile(
            rf"(?<![A-Za-z0-9])(?:{_NAMES})[\"']?\s{{0,3}}(?::|=|:=)\s{{0,3}}"
            r"[\"']?(?P<value>[^\s\"',;\[\]{}]{8,})",
            re.IGNORECASE,
        ),
        group="value",
    ),
    _Rule(
        SECRET,
        re.compile(r"(?<![A-Za-z])[Bb]earer (?P<value>[A-Za-z0-9._~+/=-]{20,})"),
        group="value",
    ),
    # The password in `scheme://user:password@host`.
    _Rule(
        SECRET,
        re.compile(r"://[^\s:/@]{1,100}:(?P<value>[^\s:/@]{1,200})@"),
        group="value",
    ),
    _Rule(
        EMAIL,
        re.compile(
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}+@"
            r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])"
        ),
    ),
    _Rule(
        IBAN,
        re.compile(
            r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}"
            r"(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
        ),
        is_iban,
    ),
    _Rule(
        CARD,
        re.compile(r"(?<![0-9.,-])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])"),
        is_card,
    ),
    _Rule(
        PHONE,
        re.compile(
            rf"(?<![A-Za-z0-9.+/-])(?:{'|'.join(_PHONES)})(?![A-Za-z0-9])",
        ),
        is_phone,
    ),
)


def pieces(text: str, size: int) -> Iterator[str]:
    """The text in runs of whole lines of about `size` characters.

    A rule that is searching holds the interpreter's lock until it is done; between
    two pieces the event loop gets its turn. No find crosses a line's end but a
    private key, whose block is kept in one piece.
    """
    held: list[str] = []
    length, is_key = 0, False
    for line in text.splitlines(keepends=True):
        held.append(line)
        length += len(line)
        if "PRIVATE KEY-----" in line:
            is_key = "-----BEGIN" in line and "-----END" not in line
        if length >= size and not is_key:
            yield "".join(held)
            held, length = [], 0
    if held:
        yield "".join(held)
