"""Read a text once: which ideas it speaks of, in any language, and its shape.

An idea ("translate", "quantity", "code_noun") holds its words in some thirty
languages, so what a model learns about ideas from English prompts holds for prompts
in languages it was never shown. Words are looked up in sets, not searched by
patterns; phrases of other scripts are tried only where the text has that script.
"""

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

# Instructions stand at the beginning or at the end; what is between is material.
OPENING: Final = 400
CLOSING: Final = 250
EDGE: Final = 80
STEM_LENGTHS: Final = (5, 6)
_WORDS_FILE: Final = Path(__file__).with_name("task_words.toml")
# Bytes are translated a hundred times as fast as text that is not plain ASCII; the
# signs below are the ones that touch words in other scripts.
_ASCII_SIGNS: Final = bytes.maketrans(
    string.punctuation.encode(), b" " * len(string.punctuation)
)
_OTHER_SIGNS: Final = "¿¡«»“”„‘’…—–،؟؛۔।、。？！：；（）「」\u00a0\u200b\ufeff"
_OTHER_BYTES: Final = tuple(sign.encode() for sign in _OTHER_SIGNS)
# The first byte of a UTF-8 sequence names the script, about.
_SCRIPTS: Final = (
    ("latin+", range(0xC3, 0xC9)),
    ("greek", range(0xCE, 0xD0)),
    ("cyrillic", range(0xD0, 0xD3)),
    ("arabic", (0xD8, 0xD9, 0xDA, 0xDB)),
    ("hebrew", (0xD7,)),
    ("indic", (0xE0,)),
    ("latin++", (0xE1,)),
    ("kana", (0xE3,)),
    ("han", range(0xE4, 0xEA)),
    ("hangul", range(0xEA, 0xEE)),
)
# From the rarest to the commonest; what is not listed stands before all.
_RARITY: Final = b"`\\$<>{}[]#|=_&+;@\"()*/:0123456789-.,'zqxjkvbpygfwmucldrhsnioate "
_ARITHMETIC: Final = re.compile(r"\d\s*[-+*/×÷^=]\s*\d")
_SECONDS: Final = ("B)", "B.", "B:", "b)", "b.")
_OPTIONS: Final = re.compile(
    r"(?:^|\s)\(?[A-Da-d][).:]\s?\S.{0,80}?[\s(]\(?[B-Eb-e][).:]"
)
_CODE_LINE: Final = re.compile(
    r"(?:^|\n)[ \t]*(?:def|class|function|fn|func|import|from|const|let|var|public"
    r"|return|#include|SELECT|if|for|while|using|package|void|int)\b.{0,80}[(:{;=\"']"
)
_REACT: Final = re.compile(
    r"(?:^|\n)[ \t]*(?:thought|action|observation|action input|act|obs)(?: \d+)?\s*:",
    re.I,
)
# A transcript of commands and what they led to.
_STEPS: Final = re.compile(r"(?:^|\n)> ?\w.*\n(?:.*\n){0,3}?> ?\w")
_LISTED: Final = re.compile(r"(?:^|\n)[ \t]*(?:[-*•]|\d{1,2}[.)])\s")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Ideas by whole word, by stem, by the phrase that a word begins, and by piece of
    text under its rarest byte.
    """

    words: Mapping[str, tuple[str, ...]]
    stems: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, tuple[tuple[str, str], ...]]
    pieces: Mapping[int, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text gives away: its words, the ideas in it and marks of its shape."""

    words: frozenset[str]
    ideas: frozenset[str]
    marks: frozenset[str]

    def features(self) -> Iterator[str]:
        """Every feature by name: `w:` words, ideas, marks, and pairs joined by `&`."""
        ideas = sorted(self.ideas)
        yield from (f"w:{word}" for word in self.words)
        yield from ideas
        yield from self.marks
        for place, idea in enumerate(ideas):
            yield from (f"{idea}&{other}" for other in ideas[place + 1 :])
            yield from (f"{idea}&{mark}" for mark in self.marks)


@cache
def lexicon() -> Lexicon:
    """The words of all ideas, read once from the file beside this module."""
    ideas = tomllib.loads(_WORDS_FILE.read_text(encoding="utf-8"))
    words: dict[str, list[str]] = {}
    stems: dict[str, list[str]] = {}
    phrases: dict[str, list[tuple[str, str]]] = {}
    pieces: dict[int, list[tuple[str, str]]] = {}
    for idea, lists in ideas.items():
        for word in lists.get("words", "").split():
            words.setdefault(word, []).append(idea)
        for stem in lists.get("stems", "").split():
            stems.setdefault(stem, []).append(idea)
        for phrase in _phrases(lists.get("phrases", "")):
            first, *more = _split(phrase)[:2] if _has_words(phrase) else ("",)
            if not first or (not more and not phrase.isascii()):
                pieces.setdefault(_rarest(phrase), []).append((phrase, idea))
            elif more:
                whole = " ".join(["", *_split(phrase)])
                phrases.setdefault(first, []).append((whole, idea))
            else:
                words.setdefault(first, []).append(idea)
    return Lexicon(_frozen(words), _frozen(stems), _frozen(phrases), _frozen(pieces))


def read(text: str) -> Reading:
    """The reading of a text that was already cut to a sensible length."""
    lower = text.lower()
    words = frozenset(_split(lower))
    zone = lower
    if len(lower) > OPENING + CLOSING:
        zone = f"{lower[:OPENING]}\n{lower[-CLOSING:]}"
    raw = zone.encode("utf-8", "replace")
    near = _split(zone)
    ideas = frozenset((*_of_words(frozenset(near), near), *_of_pieces(zone, raw)))
    return Reading(words, ideas, frozenset((*_marks(text, raw), *_at_edges(lower))))


def _split(lower: str) -> list[str]:
    raw = lower.encode("utf-8", "replace").translate(_ASCII_SIGNS)
    if not lower.isascii():
        for sign in _OTHER_BYTES:
            raw = raw.replace(sign, b" ")
    return raw.decode().split()


def _of_words(words: frozenset[str], ordered: list[str]) -> Iterator[str]:
    known = lexicon()
    for word in words & known.words.keys():
        yield from known.words[word]
    for length in STEM_LENGTHS:
        cut = {word[:length] for word in words}
        for stem in cut & known.stems.keys():
            yield from known.stems[stem]
    if firsts := words & known.phrases.keys():
        text = " ".join(["", *ordered])
        for first in firsts:
            yield from (idea for p, idea in known.phrases[first] if p in text)


def _of_pieces(zone: str, raw: bytes) -> Iterator[str]:
    by_byte = lexicon().pieces
    for byte in by_byte.keys() & set(raw):
        for piece, idea in by_byte[byte]:
            if piece in zone:
                yield idea


def _has_words(phrase: str) -> bool:
    """Whether it is words of a script that has spaces, with no sign that matters."""
    if phrase[0].isalpha() and (
        phrase[0] < "\u0590" or "\u1e00" <= phrase[0] < "\u1f00"
    ):
        return all(c.isalnum() or c in " '-" for c in phrase)
    return False


def _phrases(text: str) -> Iterator[str]:
    lines = "".join(text.strip().split("\n"))
    return (phrase for phrase in lines.split("|") if phrase.strip())


def _rarest(piece: str) -> int:
    """The byte of a piece that fewest texts have: a script's, or else a sign's."""
    raw = piece.encode()
    if leads := [byte for byte in raw if byte >= 0xC0]:
        return max(leads)
    return min(raw, key=_RARITY.find)


def _frozen[K, V](lists: Mapping[K, list[V]]) -> dict[K, tuple[V, ...]]:
    return {key: tuple(values) for key, values in lists.items()}


def _at_edges(lower: str) -> Iterator[str]:
    """The ideas at the very ends of a long text, where its instruction stands."""
    if len(lower) < 4 * EDGE:
        return
    edges = f"{lower[:EDGE]}\n{lower[-EDGE:]}"
    near = _split(edges)
    yield from (f"edge:{idea}" for idea in _of_words(frozenset(near), near))
    raw = edges.encode("utf-8", "replace")
    yield from (f"edge:{idea}" for idea in _of_pieces(edges, raw))


def _marks(text: str, raw: bytes) -> Iterator[str]:
    yield _binned("long", len(text), (30, 80, 160, 320, 800))
    yield from _of_scripts(raw)
    yield from _of_signs(text)
    yield from _of_patterns(text)
    yield from _of_beginning(text)


def _of_scripts(raw: bytes) -> Iterator[str]:
    if raw.isascii():
        yield "ascii"
        return
    leads = frozenset(raw)
    for name, lead_bytes in _SCRIPTS:
        if not leads.isdisjoint(lead_bytes):
            yield name


def _of_signs(text: str) -> Iterator[str]:
    digits = sum(map(text.count, "0123456789"))
    yield _binned("digits", digits, (1, 3, 6, 15))
    code = sum(map(text.count, "{}();=<>[]_"))
    yield _binned("code", 100 * code // max(len(text), 1), (1, 3, 6, 10))
    yield _binned("lines", text.count("\n"), (1, 3, 10))
    yield _binned("commas", text.count(",") + text.count("，"), (1, 3, 6))
    if "?" in text or "？" in text or "؟" in text:
        yield "asks"
    if text.count('"') > 1 or "“" in text or "「" in text or "«" in text:
        yield "quotes"
    if ":" in text or "：" in text:
        yield "colon"
    if text.count("$") > 1 or "\\" in text:
        yield "latex"


def _of_patterns(text: str) -> Iterator[str]:
    if _ARITHMETIC.search(text):
        yield "arithmetic"
    if _CODE_LINE.search(text):
        yield "code_line"
    if ":" in text and (traces := _REACT.findall(text)):
        yield _binned("react", len(traces), (1, 2))
    if '"parameters"' in text and '"description"' in text:
        yield "tools_json"
    if "\n>" in text and _STEPS.search(text):
        yield "steps"
    if _LISTED.search(text):
        yield "listed"
    if any(sign in text for sign in _SECONDS) and _OPTIONS.search(text):
        yield "options"


def _of_beginning(text: str) -> Iterator[str]:
    start = text.lstrip()[:24]
    if start[:1] in "{[":
        yield "begins:json"
    if start[:1].islower():
        yield "begins:lower"
    if start[:2].lower() == "a " or start[:3].lower() == "an ":
        yield "begins:a"
    if text.rstrip()[-1:] in ".!。":
        yield "ends:stop"
    elif text.rstrip()[-1:] in "?？؟":
        yield "ends:question"


def _binned(name: str, value: int, edges: tuple[int, ...]) -> str:
    return f"{name}:{sum(value >= edge for edge in edges)}"
