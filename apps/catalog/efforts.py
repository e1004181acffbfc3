"""A model's name taken apart: the weights, the date of a snapshot, the effort asked.

Benchmarks write how hard a model was told to think into its name. Where one set of
weights has such a switch the words say nothing about which model it is; everywhere else
they do. Which is which is stated here, family by family, from the makers' own
documentation; a family that is not listed has no switch.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

_LEVEL: Final = r"minimal|low|medium|high|xhigh"
_EFFORT: Final = re.compile(
    r"-(?P<off>non-?(reasoning|thinking)|no-?(think|thinking|reasoning)|none)$"
    # `max` alone is a model's name: GPT-5.1-Codex-Max, Qwen3-Max.
    rf"|-(?P<level>{_LEVEL}|max(?=-effort))(-effort)?$"
    rf"|-(?P<glued>{_LEVEL})thinking$"
    r"|-(adaptive-)?(think|thinking|reasoning|reasoner)(-(?P<how>auto|\d+k))?(-tokens)?$"
    r"|-(?P<first>\d+k|default)-(think|thinking)(-tokens)?$"
    r"|-(?P<alone>default|base|chat)$"
)
_DATE: Final = re.compile(r"[-@](20\d\d)-?(0\d|1[0-2])-?([0-2]\d|3[01])$")

# One set of weights with a switch: which words may come off a name of the family.
_TOGGLE: Final = frozenset({"on", "off", "level", "budget"})
_FAMILIES: Final = tuple(
    (re.compile(pattern), kinds)
    for pattern, kinds in (
        # Anthropic: extended thinking since 3.7, effort since Opus 4.5.
        (r"anthropic/claude-3-7-sonnet", _TOGGLE | {"base"}),
        (r"anthropic/claude-(opus|sonnet|haiku|fable|mythos)-\d", _TOGGLE | {"base"}),
        (r"anthropic/claude-\d(-\d)?-(opus|sonnet|haiku)$", _TOGGLE | {"base"}),
        # Google: thinking budgets since 2.5, levels since 3.
        (r"google/gemini-(2-5|3|4)(-|$)", _TOGGLE | {"base"}),
        # OpenAI: levels; `thinking` is a name in ChatGPT, not a switch of the API.
        (r"openai/(gpt-(5|6)(-|$)|gpt-oss-|o[134](-|$))", frozenset({"level", "off"})),
        # DeepSeek: one model for both since V3.1.
        (r"deepseek/deepseek-v(3-[12]|4)", _TOGGLE | {"chat"}),
        (r"z-ai/glm-(4-[5-9]|5)", _TOGGLE),
        # Qwen3's first release thinks on demand; its later ones are named apart.
        (r"qwen/qwen3-\d+b(-a\d+b)?$", _TOGGLE),
        (r"qwen/qwen3-[5-9]-(\d|plus|flash|max)", _TOGGLE),
        (r"moonshotai/kimi-k(2-[5-9]|3)", _TOGGLE),
        (r"x-ai/grok-3-mini(-beta)?$", frozenset({"level"})),
        (r"x-ai/grok-4(-1)?-fast$", _TOGGLE),
        (r"x-ai/grok-4(-\d+)?(-|$)", frozenset({"level"})),
        (r"xiaomi/mimo-v2", _TOGGLE),
    )
)
# Names that never had a second snapshot, so that the undated one means the dated.
_ONE_SNAPSHOT: Final = re.compile(
    r"anthropic/claude-(opus|sonnet|haiku|fable|mythos)-\d(-\d)?$"
    r"|anthropic/claude-\d(-\d)?-(opus|sonnet|haiku)$(?<!claude-3-5-sonnet)"
    r"|openai/gpt-4-1(-mini|-nano)?$|openai/gpt-4o-mini$|openai/gpt-4-5-preview$"
    r"|openai/gpt-[56](-\d)?(-mini|-nano|-pro|-codex|-sol|-terra|-luna|-astra)*$"
    r"|openai/o[134](-mini|-pro|-preview)?$"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """One name in lower case with hyphens, taken apart from its end."""

    base: str  # without date and effort
    date: str = ""  # eight digits
    effort: str = ""
    kinds: frozenset[str] = frozenset()
    words: str = ""  # the efforts as they stood in the name

    @property
    def is_one_weights(self) -> bool:
        """Whether the effort is a switch of this family, not part of the name."""
        return any(
            fits.match(self.base) and self.kinds <= kinds for fits, kinds in _FAMILIES
        )

    @property
    def has_one_snapshot(self) -> bool:
        """Whether name and snapshot can only mean each other."""
        return bool(_ONE_SNAPSHOT.match(self.base))


def read_parts(name: str) -> Parts:
    """The name with everything taken off."""
    return steps(name)[-1]


def steps(name: str) -> list[Parts]:
    """Take date and efforts off the end one by one; the whole name comes first.

    Each step is tried before the next, so that a model whose name ends like an effort
    (`qwen3-max-thinking`) is found before the word is taken for one.
    """
    found = [Parts(name)]
    while True:
        last = found[-1]
        if (dated := _DATE.search(last.base)) and not last.date:
            base, date = last.base[: dated.start()], "".join(dated.groups())
            found.append(replace(last, base=base, date=date))
        elif effort := _EFFORT.search(last.base):
            found.append(_without(last, effort))
        else:
            return found


def _without(parts: Parts, found: re.Match[str]) -> Parts:
    kind, effort = _read_effort(found)
    return replace(
        parts,
        base=parts.base[: found.start()],
        effort=" ".join(filter(None, [effort, parts.effort])),
        kinds=parts.kinds | ({kind} if kind else set()),
        words=found[0] + parts.words,
    )


def _read_effort(found: re.Match[str]) -> tuple[str, str]:
    """What kind of word it is, and how it is kept beside the score."""
    if found["off"]:
        return "off", "no thinking"
    if found["level"] or found["glued"]:
        return "level", str(found["level"] or found["glued"])
    if found["alone"] in {"base", "chat"}:
        # Where no model of that name exists: asked without thinking.
        return found["alone"], "no thinking"
    if found["alone"] == "default":
        return "", ""
    budget = found["how"] or found["first"] or ""
    if budget in {"", "default"}:
        return "on", "thinking"
    return "budget", f"thinking {budget}"
