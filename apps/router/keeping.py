"""What is kept of one request, for organizations that store their prompts.

Nothing here waits: the account collects the answer's text as it passes by, and the
keeper gets both when the account is settled, however that came about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apps.privacy.keeper import Exchange
from apps.router.account import Account

# `X-ModelOptix-Store: false` leaves one request out.
HEADER: Final = "X-ModelOptix-Store"
_NO: Final = frozenset({"false", "0", "no", "off"})
CHARACTERS_PER_TOKEN: Final = 4


@dataclass(slots=True)
class Keeping:
    """The messages of a request, the answer so far, and what to take out of both."""

    messages: Sequence[Any]
    redacts: frozenset[str]
    texts: list[str] = field(default_factory=list)


def is_private(header: str) -> bool:
    """Whether the caller asked for this request not to be stored."""
    return header.strip().lower() in _NO


def exchange_of(account: Account, keeping: Keeping) -> Exchange | None:
    """What to store; None when nothing was answered."""
    answer = "".join(keeping.texts)
    if not answer and account.status != "ok":
        return None
    prompt = account.prompt_tokens_guess * CHARACTERS_PER_TOKEN
    return Exchange(
        org_id=account.org_id,
        request_id=account.request_id,
        created_at=account.accepted_at,
        messages=keeping.messages,
        answer=answer,
        redacts=keeping.redacts,
        characters=prompt + len(answer),
    )
