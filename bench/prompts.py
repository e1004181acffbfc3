"""Make the requests of a run: prompts of many lengths, no two alike.

A router that remembers its decisions would look faster than it is if it saw the
same prompt twice, so every request carries a number of its own near the start of
its prompt, and lengths spread evenly on a log scale from 20 to 4,000 characters.
"""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from typing import Final

HOST: Final = "127.0.0.1"
PATH: Final = "/v1/chat/completions"
SHORTEST: Final = 20
LONGEST: Final = 4_000
POOL_SIZE: Final = 512

_OPENINGS: Final = (
    "Summarize the following notes:",
    "Translate this into French:",
    "Write a Python function that does this:",
    "Classify the sentiment of this review:",
    "Extract every date and amount from:",
    "Why does this fail?",
    "Explain step by step:",
    "Hello,",
)
_TEXT: Final = (
    "account alpha answer archive average balance before between branch budget "
    "carry change city client code compare contract count customer daily data "
    "deliver design draft early engine error every figure file final first floor "
    "garden green group handle harbour history index invoice january kernel "
    "language later ledger letter light market measure meeting memory message "
    "method minute model monday morning network never number office open order "
    "paper payment people plan point power price problem product profit quarter "
    "question quick rate reach reason record region release report request return "
    "river road sample season second server seven shape short signal silver simple "
    "small sound source spring station story street strong summer supply system "
    "table target team thousand ticket tomorrow total town train travel true under "
    "update value version village water weather week white window winter work "
    "write year 12 30 2026 {x} (y) a=b foo() £9 naïve"
)
_WORDS: Final = _TEXT.split()
# Longer than any number that one run reaches, so that lengths stay as they are.
_NUMBER: Final = "#%012d"
_MARK: Final = _NUMBER % 0


@dataclass(frozen=True, slots=True)
class Call:
    """Where on this machine requests go, and what they ask for."""

    port: int
    key: str
    model: str
    script: str  # see `bench.answers`
    is_stream: bool


def prompt(rng: random.Random) -> str:
    """Write random words of a random length, a number of their own among them."""
    length = round(math.exp(rng.uniform(math.log(SHORTEST), math.log(LONGEST))))
    text = f"{_MARK} {rng.choice(_OPENINGS)} "
    words = rng.choices(_WORDS, k=length // 3)
    return (text + " ".join(words))[: max(length, len(_MARK))]


def body(call: Call, text: str) -> bytes:
    fields: dict[str, object] = {
        "model": call.model,
        "messages": [{"role": "user", "content": text}],
        "user": call.script,
    }
    if call.is_stream:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def requests(call: Call, seed: int) -> Iterator[bytes]:
    """Yield complete HTTP requests for ever, each unlike all before it.

    Two runs of one measurement must not share a seed: the numbers start there.
    """
    rng = random.Random(seed)
    pool = [_halves(call, prompt(rng)) for _ in range(POOL_SIZE)]
    numbers = count(seed * 10_000_000)
    for before, after in cycle(pool):
        yield before + (_NUMBER % next(numbers)).encode() + after


def _halves(call: Call, text: str) -> tuple[bytes, bytes]:
    content = body(call, text)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}:{call.port}\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {call.key}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    before, _, after = (head.encode() + content).partition(_MARK.encode())
    return before, after
