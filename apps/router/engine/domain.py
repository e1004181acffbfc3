"""Which of the domains beneath a task a request is of, or that nothing says so.

Benchmarks measure domains, and models differ by them more than by tasks. Structure
decides where there is any (the names of tools, the length of a prompt), else words do:
one domain must have two of them at the least, and twice as many as the next.
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

# A prompt of so many tokens is mostly material to find something in.
LONG_FROM: Final = 16_000
LEAST_WORDS: Final = 2
AHEAD: Final = 2
# Instructions stand at the beginning or at the end; a long middle is material.
READ_FIRST: Final = 1200
READ_LAST: Final = 500

# Runs of two letters or more, and the signs that count as words.
_WORD: Final = re.compile(r"[^\W\d_]{2,}|[\\$^=]")
_SIGNS: Final = frozenset("\\$^=")
# All of ASCII that ends a word becomes a space, which is ten times as fast.
_LETTERS: Final = bytes(
    byte if byte > 127 or chr(byte) in string.ascii_lowercase else ord(" ")
    for byte in range(256)
)
_SHELLS: Final = re.compile(r"bash|shell|terminal|exec|command|computer|console", re.I)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# By task, the words that speak for one of its domains.
WORDS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "coding": {
        "web": _set(
            "html css react vue svelte angular tailwind bootstrap frontend webpage"
            " website landing button navbar layout responsive component components jsx"
            " tsx nextjs page ui ux design animation dom browser stylesheet webseite"
        ),
        "engineering": _set(
            "repository repo commit diff patch pull issue bug refactor regression"
            " traceback stacktrace merge branch ci pipeline docker kubernetes deploy"
            " dependency dependencies migration codebase tests failing reproduce"
            " version release upstream changelog maintainers github"
        ),
        "code": _set(
            "function method algorithm implement python java javascript golang rust"
            " kotlin ruby string list array integer return returns input output given"
            " elements recursive sort sorted loop program snippet docstring def"
            " funktion fonction función funzione"
        ),
    },
    "reasoning": {
        "mathematics": _set(
            "equation integral derivative polynomial triangle angle matrix prime"
            " integer integers algebra geometry solve compute calculate sum product"
            " fraction percent probability theorem prove proof lemma frac sqrt cos sin"
            " log dollars cents apples remaining total twice altogether hours miles $"
            " \\ ^ gleichung équation ecuación equazione beweise сколько докажи"
        ),
        "science": _set(
            "energy force mass velocity acceleration electron proton molecule atom"
            " chemical reaction enthalpy entropy temperature pressure gas mol cell"
            " cells protein dna gene species enzyme bacteria quantum wavelength photon"
            " magnetic voltage current planet acid base solution concentration disease"
            " patient clinical energie énergie energía kraft masse"
        ),
        "logic": _set(
            "puzzle riddle clue clues house houses sits seated liar truth truthful"
            " knight knave knights knaves statements premise premises conclusion"
            " deduce logically follows valid argument invalid left right immediately"
            " neither exactly arrangement sequence pattern rätsel énigme acertijo"
        ),
        "data": _set(
            "table column columns rows csv dataset dataframe chart spreadsheet"
            " average median quarterly revenue sales statistics correlation query"
            " trend percentage growth tabelle tableau tabla"
        ),
    },
    "chat": {
        "instructions": _set(
            "exactly format bullet bullets numbered uppercase lowercase comma commas"
            " words sentences paragraph paragraphs must avoid include json markdown"
            " template tone formal limit constraints rewrite email letter"
        ),
        "language": _set(
            "grammar spelling typo typos proofread poem rhyme story plot character"
            " synonym synonyms sentence wording phrase essay lyrics novel verse haiku"
            " gedicht poème poema"
        ),
        "conversation": _set(
            "you your hi hello hey thanks please think feel favorite recommend advice"
            " help tell why how weekend movie food hallo danke bonjour merci hola"
        ),
    },
}
# Tasks with one domain, or whose domain follows from the task itself.
_ONLY: Final = {"translation": "languages", "image": "vision"}


def domain_of(task: str, body: Mapping[str, Any], *, input_tokens: int) -> str:
    """The domain of an OpenAI-shaped body with that task; empty when unsure."""
    if only := _ONLY.get(task):
        return only
    if task == "summarization":
        return "long_context" if input_tokens >= LONG_FROM else "summaries"
    if task == "agent_step":
        return "terminal" if _has_shell(body.get("tools")) else "tools"
    if task not in WORDS:
        return ""
    return _by_words(WORDS[task], _asked(body.get("messages") or ()))


def _by_words(domains: Mapping[str, frozenset[str]], text: str) -> str:
    words = words_of(text.lower())
    found = [(len(words & known), domain) for domain, known in domains.items()]
    found.sort(key=lambda pair: -pair[0])
    (most, domain), (next_most, _) = found[:2]
    return domain if most >= LEAST_WORDS and most >= AHEAD * next_most else ""


def words_of(lower: str) -> frozenset[str]:
    """What may be words of a domain in a text in lower case: all of `_WORD`, and some
    that are no word of any, such as letters that stand alone.
    """
    raw = lower.encode("utf-8", "replace").translate(_LETTERS)
    words = frozenset(raw.decode().split())
    more = [sign for sign in _SIGNS if sign in lower]
    if not lower.isascii():
        more += _WORD.findall(" ".join([w for w in words if not w.isascii()]))
    return words.union(more)


def _has_shell(tools: object) -> bool:
    if not isinstance(tools, list):
        return False
    names = (
        (tool.get("function") or tool).get("name")
        for tool in tools
        if isinstance(tool, dict) and isinstance(tool.get("function") or tool, dict)
    )
    return any(isinstance(name, str) and _SHELLS.search(name) for name in names)


def _asked(messages: Sequence[Mapping[str, Any]]) -> str:
    """The last question, without its middle."""
    for message in reversed(messages):
        if message.get("role") == "user":
            text = "\n".join(_texts(message.get("content")))
            if len(text) > READ_FIRST + READ_LAST:
                return f"{text[:READ_FIRST]}\n{text[-READ_LAST:]}"
            return text
    return ""


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        yield from (text for text in parts if isinstance(text, str))
