"""A text is read once: words, ideas in any language, marks of its shape."""

import re
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.router.engine.clues import OTHER_SIGNS, lexicon, line_start, read, split


@pytest.mark.parametrize(
    "text",
    [
        "translate this",
        "Übersetzen Sie das",
        "traduisez ceci",
        "¿Puedes traducirlo?",
        "переведи это",
        "请翻译这句话",
        "これを翻訳して",
        "번역해 주세요",
        "ترجم هذا",
        "इसका अनुवाद करो",
        "ช่วยแปลหน่อย",
        "bunu çevir lütfen",
        "tolong terjemahkan",
        "dịch sang tiếng Anh",
        "przetłumacz to",
        "תרגם את זה",
    ],
)
def test_an_idea_is_found_in_any_language(text: str) -> None:
    assert "translate" in read(text).ideas


def test_a_phrase_begins_at_a_word() -> None:
    assert "quantity" in read("so how many are there").ideas
    assert "quantity" not in read("show manyfold").ideas


def test_what_stands_in_the_middle_of_a_long_text_is_material() -> None:
    middle = "filler " * 100 + "translate " + "filler " * 100

    assert "translate" not in read(middle).ideas
    assert "translate" in read(middle).words
    assert "edge:translate" in read("translate " + middle).marks


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1 + 1", "arithmetic"),
        ("def f(x):\n", "code_line"),
        ("Thought: a\nAction: b", "react:2"),
        ("> look\nYou see.\n> go\n", "steps"),
        ("- one\n- two", "listed"),
        ("Which?\nA) one\nB) two", "options"),
        ('{"parameters": {}, "description": ""}', "tools_json"),
        ("{}", "begins:json"),
        ("a cat", "begins:a"),
        ("Why?", "ends:question"),
        ("为什么\uff1f", "ends:question"),
        ("Done.", "ends:stop"),
        ("say “hi”", "quotes"),
        ("cost: $5 or $6", "latex"),
        ("Привет", "cyrillic"),
        ("你好", "han"),
        ("안녕", "hangul"),
        ("مرحبا", "arabic"),
        ("hello", "ascii"),
    ],
)
def test_a_shape_leaves_its_mark(text: str, mark: str) -> None:
    assert mark in read(text).marks


def test_features_name_pairs_once() -> None:
    features = list(read("translate the text: 1 + 1").features())

    assert len(features) == len(set(features))
    assert "material&translate" in features or "translate" in features
    assert "translate&arithmetic" in features


def test_the_lists_of_words_are_in_the_form_that_is_looked_up() -> None:
    known = lexicon()

    assert all(len(stem) in (5, 6) for stem in known.stems)
    for word in (*known.words, *known.stems):
        assert word == word.lower() == unicodedata.normalize("NFC", word)


LETTERS = "abZ éß你як£ \n.,:;=$()[]_-1²٣\u2028\ud800"
MIXED = st.text(st.sampled_from(LETTERS + OTHER_SIGNS), max_size=80)


@given(MIXED)
def test_words_are_split_alike_with_any_signs(text: str) -> None:
    spaced = "".join(" " if c in string.punctuation + OTHER_SIGNS else c for c in text)

    assert split(text) == spaced.replace("\ud800", "?").replace("?", " ").split()


@given(MIXED, st.sampled_from(["def f(", "Thought:", "- a", "12) b", "  act 1 :"]))
def test_a_line_start_is_what_a_whole_pattern_finds(text: str, begin: str) -> None:
    pattern = r"(?:def|class)\b.{0,80}[(:{;=\"']|(?:thought|act)(?: \d+)?\s*:"
    text = f"{begin}{text}\n{begin}{text}"
    start = line_start(f"(?:{pattern})", re.I)
    whole = re.compile(rf"(?:^|\n)[ \t]*(?:{pattern})", re.I)

    assert start.count(text) == len(whole.findall(text))
    assert start.is_in(text) is bool(whole.search(text))


@pytest.mark.parametrize(("digits", "mark"), [(0, 0), (1, 1), (2, 1), (3, 2), (99, 4)])
def test_amounts_are_marked_by_steps(digits: int, mark: int) -> None:
    assert f"digits:{mark}" in read("a" + "7" * digits).marks
