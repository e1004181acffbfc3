"""How sources that repeat many benchmarks call each: their name to our slug.

A benchmark that is not listed here is left out: what it measures nobody has read up,
or results of different set-ups go by its name (SimpleQA, with and without a search).
"""

import re
from typing import Final

_NAMES: Final = {
    "aider polyglot": "aider-polyglot",
    "ai2d": "ai2d",
    "aime 2024": "aime-2024",
    "aime 2025": "aime-2025",
    "arc c": "arc-c",
    "arena code": "arena-code",
    "arena document": "arena-document",
    "arena hard": "arena-hard",
    "arena text": "arena-text",
    "arena vision": "arena-vision",
    "bfcl": "bfcl",
    "bfcl v3": "bfcl-v3",
    "big bench hard": "bbh",
    "bird sql dev": "bird-sql",
    "chartqa": "chartqa",
    "charxiv r": "charxiv-r",
    "charxiv reasoning": "charxiv-r",
    "docvqa": "docvqa",
    "drop": "drop",
    "facts grounding": "facts-grounding",
    "global mmlu lite": "global-mmlu-lite",
    "gpqa": "gpqa",
    "gpqa diamond": "gpqa",
    "graphwalks bfs 128k": "graphwalks-bfs",
    "gsm8k": "gsm8k",
    "hmmt 2025": "hmmt-2025",
    "hmmt25": "hmmt-2025",
    "humaneval": "humaneval",
    "humanity s last exam": "hle",
    "ifeval": "ifeval",
    "livecodebench": "livecodebench",
    "math": "math",
    "math 500": "math-500",
    "mathvista": "mathvista",
    "mbpp": "mbpp",
    "mgsm": "mgsm",
    "mmlu": "mmlu",
    "mmlu pro": "mmlu-pro",
    "mmlu prox": "mmlu-prox",
    "mmmlu": "mmmlu",
    "mmmu": "mmmu",
    "mmmu pro": "mmmu-pro",
    "multi if": "multi-if",
    "openai mrcr 2 needle 128k": "mrcr-2-needle-128k",
    "scicode": "scicode",
    "swe atlas codebase qna": "swe-atlas-qna",
    "swe atlas refactoring": "swe-atlas-refactoring",
    "swe atlas test writing": "swe-atlas-tests",
    "swe bench multilingual": "swe-bench-multilingual",
    "swe bench pro": "swe-bench-pro",
    "swe bench verified": "swe-bench-verified",
    "tau bench airline": "tau-airline",
    "tau bench retail": "tau-retail",
    "tau2 bench airline": "tau2-airline",
    "tau2 bench banking knowledge": "tau2-banking",
    "tau2 bench retail": "tau2-retail",
    "tau2 bench telecom": "tau2-telecom",
    "terminal bench": "terminal-bench-1",
    "terminal bench 2 0": "terminal-bench-2",
    "terminal bench 2 1": "terminal-bench-2",
    "vectara hallucination rate": "vectara-hallucination",
    "wmt24": "wmt24",
}


def slug_of(name: str) -> str:
    """Our slug of a benchmark's name; empty where none is listed."""
    words = re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()
    return _NAMES.get(words, "")
