"""Fetch benchmark results from their sources and bring them in.

Each source is fetched, checked and stored by itself, so that one that fails harms no
other: a payload that is broken, or has fewer than four fifths of the results of last
time, changes nothing. The same payload twice writes nothing.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from apps.catalog.benchmark_seed import RESOURCE
from apps.catalog.benchmark_store import Stored, store
from apps.catalog.models import SourceFetch
from apps.catalog.services import DATABASE, announce, lock_catalog
from apps.catalog.sources import (
    aider,
    artificial_analysis,
    livebench,
    modelsdev_benchmarks,
    openrouter_benchmarks,
    tau2,
    vectara,
)
from apps.catalog.sources.published import PayloadError, Published
from apps.kit.clock import utc_now
from apps.kit.http import Fetched, Fetcher, FetchError, Limits

logger = logging.getLogger(__name__)

OFF: Final = "off"
_RAW: Final = "https://raw.githubusercontent.com"
# Fewer results than this share of last time's: the payload is not the whole truth.
LEAST_SHARE: Final = 0.8
# Text, CSV and YAML come as plain text from raw.githubusercontent.com.
_LIMITS: Final = Limits(most_bytes=32 * 1024 * 1024, content_types=())
_MOST_PAGES: Final = 50


@dataclass(frozen=True, slots=True)
class Taken:
    """What one source said, and a digest of everything that was read."""

    results: tuple[Published, ...]
    sha256: str
    size_bytes: int
    url: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One source of results; `needs_key` names the setting it cannot do without."""

    slug: str
    label: str
    take: Callable[[Fetcher, str], Taken]
    url: str = ""  # empty: beside the catalog of OpenRouter's
    needs_key: str = ""


@dataclass(frozen=True, slots=True)
class Synced:
    """How one source fared; exactly one of the three is there."""

    label: str
    stored: Stored | None = None
    skipped: str = ""
    failed: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.stored or self.skipped or self.failed}"


def text_of(fetched: Fetched) -> str:
    if fetched.body is None:
        raise PayloadError("no body")
    try:
        return fetched.body.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise PayloadError("not UTF-8") from problem


def _one_text(
    read: Callable[[str], Iterable[Published]],
) -> Callable[[Fetcher, str], Taken]:
    """A source of one document."""

    def take(fetcher: Fetcher, url: str) -> Taken:
        text = text_of(fetcher.get(url))
        return _taken(read(text), [text], url)

    return take


def _taken(results: Iterable[Published], texts: Sequence[str], url: str) -> Taken:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode())
    size = sum(len(text.encode()) for text in texts)
    return Taken(tuple(results), digest.hexdigest(), size, url)


def _take_livebench(fetcher: Fetcher, url: str) -> Taken:
    release = settings.LIVEBENCH_RELEASE
    name = release.replace("-", "_")
    table = fetcher.get(f"{url}/table_{name}.csv")
    texts = [text_of(table), text_of(fetcher.get(f"{url}/categories_{name}.json"))]
    results = livebench.read(*texts, release=release)
    on = _modified_on(table)
    return _taken((replace(r, measured_on=on) for r in results), texts, url)


def _modified_on(fetched: Fetched) -> date | None:
    try:
        return parsedate_to_datetime(fetched.last_modified).astimezone(UTC).date()
    except ValueError:
        return None


def _take_tau2(fetcher: Fetcher, url: str) -> Taken:
    manifest = text_of(fetcher.get(f"{url}/manifest.json"))
    folders = tau2.read_manifest(manifest)
    found = fetcher.get_many({f: f"{url}/{f}/submission.json" for f in folders})
    texts = [manifest]
    results: list[Published] = []
    for folder, answer in found.items():
        if isinstance(answer, FetchError):
            raise answer
        texts.append(text_of(answer))
        results += tau2.read(texts[-1], folder)
    return _taken(results, texts, url)


def _take_artificial_analysis(fetcher: Fetcher, url: str) -> Taken:
    results: list[Published] = []
    texts: list[str] = []
    is_file = urlsplit(url).scheme not in {"http", "https"}
    for number in range(1, _MOST_PAGES + 1):
        address = url if is_file else f"{url}?page={number}"
        texts.append(text_of(fetcher.get(address)))
        page = artificial_analysis.read(texts[-1])
        results += page.results
        if not page.has_more or is_file:
            return _taken(results, texts, url)
    raise PayloadError(f"more than {_MOST_PAGES} pages")


FEEDS: Final[Mapping[str, Feed]] = {
    feed.slug: feed
    for feed in (
        Feed("openrouter", "OpenRouter", _one_text(openrouter_benchmarks.read)),
        Feed(
            "artificial_analysis",
            "Artificial Analysis",
            _take_artificial_analysis,
            "https://artificialanalysis.ai/api/v2/language/models/free",
            needs_key="ARTIFICIAL_ANALYSIS_API_KEY",
        ),
        Feed(
            "models_dev",
            "models.dev",
            _one_text(modelsdev_benchmarks.read),
            "https://models.dev/models.json",
        ),
        Feed("livebench", "LiveBench", _take_livebench, "https://livebench.ai"),
        Feed(
            "tau2",
            "tau2-bench",
            _take_tau2,
            f"{_RAW}/sierra-research/tau2-bench/main/web/leaderboard/public/submissions",
        ),
        Feed(
            "aider",
            "Aider",
            _one_text(aider.read),
            f"{_RAW}/Aider-AI/aider/main/aider/website/_data/polyglot_leaderboard.yml",
        ),
        Feed(
            "vectara",
            "Vectara",
            _one_text(vectara.read),
            f"{_RAW}/vectara/hallucination-leaderboard/main/README.md",
        ),
    )
}

type Unit = Callable[[], AbstractContextManager[None]]


def sync(
    slugs: Iterable[str], *, unit: Unit, urls: Mapping[str, str] | None = None
) -> list[Synced]:
    """Fetch and store each source in a unit of its own; errors are told, not raised."""
    return [_sync(FEEDS[slug], unit, urls or {}) for slug in slugs]


def _sync(feed: Feed, unit: Unit, urls: Mapping[str, str]) -> Synced:
    url = urls.get(feed.slug) or url_of(feed)
    if reason := _why_not(feed, url):
        return Synced(feed.label, skipped=f"skipped, {reason}")
    try:
        taken = fetch(feed, url)
        with unit():
            lock_catalog()
            stored = _store(feed, taken)
            if stored.writes:
                announce(f"benchmarks of {feed.slug}")
    except (FetchError, PayloadError) as problem:
        logger.warning("Benchmarks of %s: %s", feed.slug, problem)
        return Synced(feed.label, failed=f"failed, {problem}")
    return Synced(feed.label, stored=stored)


def url_of(feed: Feed) -> str:
    """Where it is read: as the settings say, else at its publisher."""
    catalog: str = settings.OPENROUTER_URL
    beside = OFF if catalog == OFF else f"{catalog}/models?output_modalities=all"
    return settings.BENCHMARK_URLS[feed.slug] or feed.url or beside


def _why_not(feed: Feed, url: str) -> str:
    if url == OFF:
        return "switched off"
    is_remote = urlsplit(url).scheme in {"http", "https"}
    if is_remote and feed.needs_key and not getattr(settings, feed.needs_key):
        return f"{feed.needs_key} is not set"
    return ""


def fetch(feed: Feed, url: str) -> Taken:
    """What the source says now; raises FetchError or PayloadError."""
    key = getattr(settings, feed.needs_key) if feed.needs_key else ""
    headers = {"x-api-key": key} if key else None
    with Fetcher(_LIMITS, headers=headers) as fetcher:
        return feed.take(fetcher, url)


def _store(feed: Feed, taken: Taken) -> Stored:
    if not taken.results:
        raise PayloadError("no result in it")
    table = SourceFetch.objects.using(DATABASE)
    held = table.filter(source=feed.slug, resource=RESOURCE).first()
    if held and len(taken.results) < LEAST_SHARE * held.row_count:
        raise PayloadError(
            f"{len(taken.results)} results, {held.row_count} last time: too few"
        )
    now = utc_now()
    stored = store(
        feed.slug, taken.results, on=now.date(), using=DATABASE, is_complete=True
    )
    if held is None or held.sha256 != taken.sha256:
        _note(feed, taken, held, now)
    return stored


def _note(feed: Feed, taken: Taken, held: SourceFetch | None, now: datetime) -> None:
    row = held or SourceFetch(source=feed.slug, resource=RESOURCE)
    row.url, row.sha256 = taken.url[:500], taken.sha256
    row.size_bytes, row.row_count = taken.size_bytes, len(taken.results)
    row.fetched_at = now
    row.save(using=DATABASE)
