"""Read a text once: which ideas it speaks of, in any language, and its shape.

An idea ("translate", "quantity", "code_noun") holds its words in some thirty
languages, so what a model learns about ideas from English prompts holds for prompts
in languages it was never shown. Words are looked up in sets, not searched by
patterns; phrases of other scripts are tried only where the text has that script.
"""

import re
import string
import tomllib
from bisect import bisect_right
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
# Words whose ideas are remembered; texts have most of their words in common.
MOST_WORDS: Final = 4096
_WORDS_FILE: Final = Path(__file__).with_name("task_words.toml")
# Bytes are translated a hundred times as fast as text that is not plain ASCII; the
# signs below are the ones that touch words in other scripts.
_ASCII_SIGNS: Final = bytes.maketrans(
    string.punctuation.encode(), b" " * len(string.punctuation)
)
OTHER_SIGNS: Final = "¿¡«»“”„‘’…—–،؟؛۔।、。？！：；（）「」\u00a0\u200b\ufeff"
_OTHER_BYTES: Final = tuple((sign, sign.encode()) for sign in OTHER_SIGNS)
_DIGITS: Final = b"0123456789"
_CODE_SIGNS: Final = b"{}();=<>[]_"
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


@dataclass(frozen=True, slots=True)
class LineStart:
    """A pattern at the start of any line. To look for it after each line's end is
    much cheaper than to try it at every character.
    """

    first: re.Pattern[str]
    others: re.Pattern[str]

    def is_in(self, text: str) -> bool:
        return bool(self.first.match(text) or self.others.search(text))

    def count(self, text: str) -> int:
        """How often it is there, without overlaps."""
        begins = self.first.match(text)
        if begins is None:
            return len(self.others.findall(text))
        return 1 + len(self.others.findall(text, begins.end()))


def line_start(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> LineStart:
    """The pattern at the start of a line, past its blanks."""
    return LineStart(
        re.compile(rf"[ \t]*{pattern}", flags), re.compile(rf"\n[ \t]*{pattern}", flags)
    )


_CODE_LINE: Final = line_start(
    r"(?:def|class|function|fn|func|import|from|const|let|var|public"
    r"|return|#include|SELECT|if|for|while|using|package|void|int)\b.{0,80}[(:{;=\"']"
)
_REACT: Final = line_start(
    r"(?:thought|action|observation|action input|act|obs)(?: \d+)?\s*:", re.I
)
# A transcript of commands and what they led to.
_STEPS: Final = re.compile(r"(?:^|\n)> ?\w.*\n(?:.*\n){0,3}?> ?\w")
_LISTED: Final = line_start(r"(?:[-*•]|\d{1,2}[.)])\s")


@dataclass(frozen=True, slots=True)
class Scale:
    """Marks for how much there is of something."""

    edges: tuple[int, ...]
    marks: tuple[str, ...]

    def mark(self, value: int) -> str:
        return self.marks[bisect_right(self.edges, value)]


def scale(name: str, *edges: int) -> Scale:
    """The marks `name:0` for less than the first edge, `name:1` from there on, ..."""
    return Scale(edges, tuple(f"{name}:{step}" for step in range(len(edges) + 1)))


_LONG: Final = scale("long", 30, 80, 160, 320, 800)
_HOW_MANY_DIGITS: Final = scale("digits", 1, 3, 6, 15)
_HOW_MUCH_CODE: Final = scale("code", 1, 3, 6, 10)
_HOW_MANY_LINES: Final = scale("lines", 1, 3, 10)
_HOW_MANY_COMMAS: Final = scale("commas", 1, 3, 6)
_HOW_MANY_TRACES: Final = scale("react", 1, 2)


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
            parts = split(phrase) if _has_words(phrase) else [""]
            first, *more = parts[:2]
            if not first or (not more and not phrase.isascii()):
                pieces.setdefault(_rarest(phrase), []).append((phrase, idea))
            elif more:
                whole = " ".join(["", *parts])
                phrases.setdefault(first, []).append((whole, idea))
            else:
                words.setdefault(first, []).append(idea)
    return Lexicon(_frozen(words), _frozen(stems), _frozen(phrases), _frozen(pieces))


def read(text: str) -> Reading:
    """The reading of a text that was already cut to a sensible length."""
    lower = zone = text.lower()
    raw = zone_raw = lower.encode("utf-8", "replace")
    words = near = _split(lower, raw)
    if len(lower) > OPENING + CLOSING:
        zone = f"{lower[:OPENING]}\n{lower[-CLOSING:]}"
        zone_raw = zone.encode("utf-8", "replace")
        near = _split(zone, zone_raw)
    ideas = _of_words(near).union(_of_pieces(zone, zone_raw))
    marks = [*_of_scripts(zone_raw), *_marks(text, raw), *_at_edges(lower)]
    return Reading(frozenset(words), frozenset(ideas), frozenset(marks))


def split(text: str) -> list[str]:
    """The words of a text, without the signs that touch them."""
    return _split(text, text.encode("utf-8", "replace"))


def _split(text: str, raw: bytes) -> list[str]:
    raw = raw.translate(_ASCII_SIGNS)
    if not text.isascii():
        # A text has few of them, and to look is cheaper than to replace.
        for sign, encoded in _OTHER_BYTES:
            if sign in text:
                raw = raw.replace(encoded, b" ")
    return raw.decode().split()


class _Ideas(dict[str, tuple[str, ...]]):
    """The ideas of each word by itself or by its stem, found once for each word."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= MOST_WORDS:
            self.clear()
        known = lexicon()
        found = list(known.words.get(word, ()))
        for length in STEM_LENGTHS:
            found += known.stems.get(word[:length], ())
        self[word] = ideas = tuple(found)
        return ideas


_ideas_of: Final = _Ideas()


def _of_words(ordered: list[str]) -> set[str]:
    words, phrases = frozenset(ordered), lexicon().phrases
    ideas: set[str] = set()
    ideas.update(*map(_ideas_of.__getitem__, words))
    if firsts := words & phrases.keys():
        text = " ".join(["", *ordered])
        for first in firsts:
            ideas.update([idea for p, idea in phrases[first] if p in text])
    return ideas


def _of_pieces(zone: str, raw: bytes) -> list[str]:
    ideas: list[str] = []
    for byte, pieces in lexicon().pieces.items():
        if byte in raw:
            ideas += [idea for piece, idea in pieces if piece in zone]
    return ideas


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
    raw = edges.encode("utf-8", "replace")
    for idea in (*_of_words(_split(edges, raw)), *_of_pieces(edges, raw)):
        yield f"edge:{idea}"


def _marks(text: str, raw: bytes) -> Iterator[str]:
    """The marks of a text; `raw` is the same in lower case, encoded."""
    digits = len(raw) - len(raw.translate(None, _DIGITS))
    code = len(raw) - len(raw.translate(None, _CODE_SIGNS))
    yield _LONG.mark(len(text))
    yield _HOW_MANY_DIGITS.mark(digits)
    yield _HOW_MUCH_CODE.mark(100 * code // max(len(text), 1))
    # Digits of other scripts are not counted, and take part in arithmetic.
    if (digits > 1 or not raw.isascii()) and _ARITHMETIC.search(text):
        yield "arithmetic"
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
    yield _HOW_MANY_LINES.mark(text.count("\n"))
    yield _HOW_MANY_COMMAS.mark(text.count(",") + text.count("，"))
    if "?" in text or "？" in text or "؟" in text:
        yield "asks"
    if text.count('"') > 1 or "“" in text or "「" in text or "«" in text:
        yield "quotes"
    if ":" in text or "：" in text:
        yield "colon"
    if text.count("$") > 1 or "\\" in text:
        yield "latex"


def _of_patterns(text: str) -> Iterator[str]:
    if _CODE_LINE.is_in(text):
        yield "code_line"
    if ":" in text and (traces := _REACT.count(text)):
        yield _HOW_MANY_TRACES.mark(traces)
    if '"parameters"' in text and '"description"' in text:
        yield "tools_json"
    if "\n>" in text and _STEPS.search(text):
        yield "steps"
    if _LISTED.is_in(text):
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
