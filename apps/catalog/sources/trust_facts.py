"""Facts of trust that are published as files: transparency and notice of shutdowns.

The Foundation Model Transparency Index (Stanford CRFM, CC BY 4.0) marks each company in
100 indicators; the sum is its index. deprecations.info (MIT) lists announced shutdowns
with the day of the announcement and the last day.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from apps.catalog.sources.published import day

# Both the author of models and the provider of their maker's own API.
_COMPANIES: Final = {
    "AI21 Labs": ("ai21",),
    "Alibaba": ("qwen", "alibaba"),
    "Amazon": ("amazon", "bedrock", "amazon-nova"),
    "Anthropic": ("anthropic",),
    "DeepSeek": ("deepseek",),
    "Google": ("google", "vertex"),
    "IBM": ("ibm-granite",),
    "Meta": ("meta", "meta-llama"),
    "Mistral": ("mistralai", "mistral"),
    "OpenAI": ("openai",),
    "Writer": ("writer",),
    "xAI": ("x-ai", "xai"),
}
_PROVIDERS: Final = {
    "AWS Bedrock": "bedrock",
    "Amazon Bedrock": "bedrock",
    "Anthropic": "anthropic",
    "Azure": "azure",
    "Azure AI Foundry": "azure",
    "Cohere": "cohere",
    "Google": "google",
    "Google Vertex": "vertex",
    "Google Vertex AI": "vertex",
    "Groq": "groq",
    "Mistral": "mistral",
    "OpenAI": "openai",
    "xAI": "xai",
}


@dataclass(frozen=True, slots=True)
class SeedFact:
    """One fact about a company (an author or a provider), and where it is written."""

    company: str
    key: str
    value: Any
    source: str
    url: str
    licence: str
    stated_on: date


def read_fmti(text: str, *, edition: str, on: date) -> Iterator[SeedFact]:
    """Every company's sum of indicators; `edition` is such as "December 2025"."""
    totals: dict[str, int] = defaultdict(int)
    for row in csv.DictReader(io.StringIO(text)):
        for company, mark in row.items():
            if company in _COMPANIES:
                totals[company] += int(mark or 0)
    for company, total in totals.items():
        for slug in _COMPANIES[company]:
            yield SeedFact(
                company=slug,
                key="fmti",
                value=total,
                source=f"Foundation Model Transparency Index, {edition}",
                url="https://crfm.stanford.edu/fmti/",
                licence="CC-BY-4.0",
                stated_on=on,
            )


def read_notices(rows: Iterable[Mapping[str, Any]], *, on: date) -> Iterator[SeedFact]:
    """The days of notice of each provider's shutdowns.

    A provider is left out where the list knows both days of fewer than half of them:
    what it happened to catch is no sample. A shutdown before its announcement is a
    mistake of the list's.
    """
    days: dict[str, list[int]] = defaultdict(list)
    shutdowns: Counter[str] = Counter()
    for row in rows:
        slug = _PROVIDERS.get(str(row.get("provider")))
        said, ends = day(row.get("announcement_date")), day(row.get("shutdown_date"))
        if slug:
            shutdowns[slug] += 1
        if slug and said and ends and ends >= said:
            days[slug].append((ends - said).days)
    for slug, found in days.items():
        if 2 * len(found) < shutdowns[slug]:
            continue
        yield SeedFact(
            company=slug,
            key="notices",
            value=sorted(found),
            source="deprecations.info",
            url="https://deprecations.info",
            licence="MIT",
            stated_on=on,
        )
