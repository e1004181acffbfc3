"""Which model of the catalog a benchmark's name means: by stated rules, never a guess.

A score on the wrong model is worse than none, so a name that no rule carries is left to
an editor. The rules, in this order; the first that lands in the catalog wins:

1. **Alias**: an editor's entry decides, also against the rules below.
2. **Exact**: the name is the catalog's, in lower case, with dots equal to hyphens; or
   it is **another name** of that model, from a source or a list shipped with reasons.
3. **Normalized**: the same words in another order (`claude-4-5-sonnet`), the maker's
   other spelling (`xai-org`), a digit's dot written `p`, a quantization at the end, or
   a name without a maker that just one model in the catalog has.
4. **Effort**: a stated reasoning effort comes off and is kept beside the score, where
   the family is known to be one set of weights with a switch. Elsewhere `-thinking` is
   another model (`kimi-k2-thinking`), and so are `-mini`, `-max`, `-turbo`, `-preview`.
5. **Dated**: in families that never had two snapshots of one name, a full date comes
   off, or the only one in the catalog is put on; not where it lists two.

A score of two models at once matches nothing, and neither does one whose name holds a
word that no rule knows (`(codex-harness)`, `-search`), or a pointer that its maker
moves (`deepseek-chat`), unless a catalog of today says so.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from apps.catalog.efforts import Parts, read_parts, steps
from apps.catalog.folding import Name, match_key, read_name

# Organizations as benchmarks write them, beside those the price lists use.
_ORGS: Final = {
    "ai21labs": "ai21",
    "ai21-labs": "ai21",
    "allen-institute-for-ai": "allenai",
    "amazon-web-services": "amazon",
    "aws": "amazon",
    "azure": "microsoft",
    "bytedance": "bytedance-seed",
    "cohereforai": "cohere",
    "coherelabs": "cohere",
    "deepseek-ai": "deepseek",
    "ibm": "ibm-granite",
    "inceptionlabs": "inception",
    "kimi": "moonshotai",
    "mistral-ai": "mistralai",
    "moonshot-ai": "moonshotai",
    "nous-research": "nousresearch",
    "xai-org": "x-ai",
    "z.ai": "z-ai",
    "zhipu": "z-ai",
    "zhipu-ai": "z-ai",
}
# Names that their makers move from model to model: an old result under such a name is
# some other model's by now.
_MOVING: Final = re.compile(
    r"deepseek/deepseek-(chat|coder|reasoner|flash|pro)$"
    r"|qwen/qwen-(max|plus|turbo|flash|long|coder)$"
    r"|mistralai/(mistral-(tiny|small|medium|large)|codestral)$"
    r"|openai/(chatgpt-4o|gpt-[56](\.\d)?-chat)$"
    r"|.*-(latest|experimental)$"
)
_COMBINED: Final = re.compile(r"\s[+&]\s|\s(and|with|via)\s", re.IGNORECASE)
# A name as short as `o3` may be anybody's: it needs its family's maker.
_LEAST_BARE: Final = 5


class MatchClass(StrEnum):
    """How a name was matched; later ones rest on more."""

    NATIVE = "native"  # the source uses the catalog's own id
    ALIAS = "alias"
    EXACT = "exact"
    NORMALIZED = "normalized"
    EFFORT = "effort"
    DATED = "dated"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Match:
    """The model a name means (None: nobody may say), and by which rules."""

    slug: str | None
    match_class: MatchClass
    effort: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """The catalog's names, looked up in three ways."""

    exact: Mapping[str, str] = field(default_factory=dict)
    # Words in any order; only where exactly one model has them.
    words: Mapping[str, str] = field(default_factory=dict)
    bare: Mapping[str, str] = field(default_factory=dict)
    # The dated snapshots of an undated name.
    dates: Mapping[str, frozenset[str]] = field(default_factory=dict)
    aliases: Mapping[str, str | None] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)


def build_index(
    slugs: Iterable[str],
    *,
    aliases: Mapping[str, str | None] | None = None,
    other_names: Mapping[str, str] | None = None,
) -> Index:
    """Index the catalog's slugs.

    `aliases` map what a source writes to a slug, or to no model, and decide; by
    `other_names` a model is known elsewhere, and they count where no slug is the name.
    """
    exact: dict[str, str] = {}
    words: dict[str, set[str]] = defaultdict(set)
    bare: dict[str, set[str]] = defaultdict(set)
    dates: dict[str, set[str]] = defaultdict(set)
    for slug in slugs:
        named = read_name(slug)
        plain = named.slug if named and not named.variant else slug
        exact.setdefault(_exact_key(plain), slug)
        words[word_key(plain)].add(slug)
        bare[match_key(plain).partition("/")[2]].add(slug)
        parts = read_parts(match_key(plain))
        if parts.date:
            dates[word_key(parts.base)].add(parts.date)
    return Index(
        exact=exact,
        words=_unique(words),
        bare=_unique(bare),
        dates={base: frozenset(found) for base, found in dates.items()},
        aliases={alias_key(k): v for k, v in (aliases or {}).items()},
        others={_exact_key(k): v for k, v in (other_names or {}).items()},
    )


def alias_key(name: str) -> str:
    """How a name is looked up among the aliases: as written, but for case and space."""
    return re.sub(r"\s+", " ", name.strip().lower())


def _exact_key(slug: str) -> str:
    """One spelling of dates too: `@20251001` and `-2025-10-01` are `-20251001`."""
    return re.sub(r"[-@](20\d\d)-?(\d\d)-?(\d\d)(?=-|$)", r"-\1\2\3", match_key(slug))


def word_key(slug: str) -> str:
    """A name's words, sorted; neighbouring numbers stay one version (`4-5`)."""
    author, _, name = _exact_key(slug).partition("/")
    name = re.sub(r"(?<=-)(\d{1,2})-(?=\d{1,2}(-|$))", r"\1.", name)
    return f"{author}/{' '.join(sorted(name.split('-')))}"


def _unique(found: Mapping[str, set[str]]) -> dict[str, str]:
    return {key: next(iter(slugs)) for key, slugs in found.items() if len(slugs) == 1}


def match(
    name: str,
    index: Index,
    *,
    maker: str = "",
    effort: str = "",
    is_native: bool = False,
) -> Match:
    """Match one name; the source may state the maker and the effort beside it.

    A native name is an id of a catalog of today: it means what that catalog serves.
    """
    found = _match(name, index, maker)
    is_ruled = found.match_class not in {MatchClass.ALIAS, MatchClass.NONE}
    if is_native and found.match_class is MatchClass.EXACT:
        found = replace(found, match_class=MatchClass.NATIVE)
    elif is_ruled and found.slug and _MOVING.match(found.slug):
        found = Match(None, MatchClass.NONE, detail="a name that moves between models")
    return replace(found, effort=effort) if effort else found


def _match(name: str, index: Index, maker: str) -> Match:
    written = alias_key(name)
    for alias in (f"{alias_key(maker)}/{written}", written):
        if alias in index.aliases:
            return _by_alias(written, index.aliases[alias])
    if _COMBINED.search(name):
        return Match(None, MatchClass.NONE, detail="several models at once")
    found = _named(name, maker)
    if found is None:
        return Match(None, MatchClass.NONE, detail="the maker is not known")
    return _by_rules(found, index)


def _by_alias(written: str, slug: str | None) -> Match:
    parts = read_parts(_plain(written))
    detail = "alias table" if slug else "alias table: no model of the catalog"
    return Match(slug, MatchClass.ALIAS, effort=parts.effort, detail=detail)


def _plain(name: str) -> str:
    """Lower case and hyphens; what stands in parentheses is a word like the others."""
    text = re.sub(r"-v(\d+):\d+$", r"-v\1", name.strip().lower())
    text = re.sub(r"[\s_(),]+", "-", text.replace("\u2019", ""))
    return re.sub(r"-{2,}", "-", text).strip("-")


def _named(name: str, maker: str) -> Name | None:
    """The canonical author and name; the author stays empty when nobody says."""
    org, _, bare = _plain(name).rpartition("/")
    org = org or _plain(maker)
    found = read_name(f"{_ORGS.get(org, org)}/{bare}" if org else bare)
    return found or (Name("", bare) if bare and not org else None)


def _by_rules(name: Name, index: Index) -> Match:
    for slug, used, effort in _attempts(name, index):
        rules = [*used, *(["quantization"] if name.variant else [])]
        return Match(slug, _class_of(rules), effort, ", ".join(rules))
    return Match(None, MatchClass.NONE, detail="no rule leads into the catalog")


def _class_of(rules: Iterable[str]) -> MatchClass:
    rules = set(rules)
    if {"date", "its only snapshot"} & rules:
        return MatchClass.DATED
    if "effort" in rules:
        return MatchClass.EFFORT
    if "another name" in rules:
        return MatchClass.ALIAS
    return MatchClass.NORMALIZED if rules else MatchClass.EXACT


def _attempts(name: Name, index: Index) -> Iterator[tuple[str, list[str], str]]:
    """Every way into the catalog: the least change first."""
    for parts in steps(match_key(f"{name.author}/{name.name}")):
        for text, used in _spellings(parts, index):
            for rule, slug in _look_up(text, index):
                if slug:
                    yield slug, [*used, *([rule] if rule else [])], parts.effort


def _spellings(parts: Parts, index: Index) -> Iterator[tuple[str, list[str]]]:
    """The names that one step of taking apart allows, and the rules they rest on."""
    if parts.words and not parts.is_one_weights:
        return
    used = ["effort"] if parts.words else []
    dated = f"{parts.base}-{parts.date}" if parts.date else parts.base
    yield dated, used
    if not parts.has_one_snapshot:
        return
    dates = index.dates.get(word_key(parts.base), frozenset())
    if not parts.date and len(dates) == 1:
        yield f"{parts.base}-{next(iter(dates))}", [*used, "its only snapshot"]
    # Where another snapshot is on sale, the undated name may mean that.
    if parts.date and not dates - {parts.date}:
        yield parts.base, [*used, "date"]
        if parts.words:
            yield f"{parts.base}{parts.words}", ["date"]


def _look_up(text: str, index: Index) -> Iterator[tuple[str, str | None]]:
    author, _, bare = text.partition("/")
    yield "", index.exact.get(_exact_key(text))
    yield "another name", index.others.get(_exact_key(text))
    yield "word order", index.words.get(word_key(text)) if author else None
    dotted = re.sub(r"(?<=\d)p(?=\d)", "-", text)
    if dotted != text:
        yield "p for a dot", index.exact.get(_exact_key(dotted))
    if not author and len(bare) >= _LEAST_BARE:
        yield "the only one of this name", index.bare.get(match_key(bare))


def twin_keys(
    slugs: Iterable[str], groups: Iterable[Iterable[str]] = ()
) -> dict[str, str]:
    """Which slugs can only mean the same weights: those with the same key.

    A pointer and its one snapshot are twins, and so are two orders of the same words,
    and the names of each of `groups`. Where the catalog lists two snapshots of a name,
    each is by itself.
    """
    parts = {slug: read_parts(_exact_key(slug)) for slug in slugs}
    dates: dict[str, set[str]] = defaultdict(set)
    for one in parts.values():
        if one.date:
            dates[word_key(one.base)].add(one.date)
    keys = {}
    for slug, one in parts.items():
        base = word_key(one.base)
        if one.words or not one.has_one_snapshot:
            keys[slug] = _exact_key(slug)
        else:
            keys[slug] = base if len(dates[base]) < 2 else f"{base} {one.date}"
    for names in groups:
        known = [keys[name] for name in names if name in keys]
        same = dict.fromkeys(known, known[0]) if known else {}
        keys = {slug: same.get(key, key) for slug, key in keys.items()}
    return keys
