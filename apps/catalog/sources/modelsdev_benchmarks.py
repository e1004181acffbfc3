"""The benchmark results in models.dev's provider-neutral models (MIT).

It repeats what others published, with a link each. Who published it decides whether a
result is independent; reposts from publishers whose terms are not models.dev's own
(Artificial Analysis, OpenRouter, swebench.com) are left out.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from apps.catalog.sources.benchmark_names import slug_of
from apps.catalog.sources.published import PayloadError, Published, day, number

_REPOSTED: Final = {"openrouter.ai", "artificialanalysis.ai", "swebench.com"}
_EFFORTS: Final = {"none", "minimal", "low", "medium", "high", "xhigh", "max"}
# Who tests other people's models; all other links lead to a maker's own word.
INDEPENDENT: Final = {
    "aider.chat",
    "labs.scale.com",
    "livebench.ai",
    "scale.com",
    "taubench.com",
    "tbench.ai",
}


def read(text: str) -> Iterator[Published]:
    """Every result whose benchmark is known and which may be repeated."""
    try:
        models = json.loads(text)
    except ValueError as problem:
        raise PayloadError("not JSON") from problem
    if not isinstance(models, Mapping) or not models:
        raise PayloadError("not an object of models")
    for model_id, model in models.items():
        results = model.get("benchmarks") if isinstance(model, Mapping) else None
        for entry in results or ():
            if isinstance(entry, Mapping) and (found := _result(model_id, entry)):
                yield found


def _result(model_id: str, entry: Mapping[str, Any]) -> Published | None:
    url = str(entry.get("source") or "")
    host = urlsplit(url).netloc.removeprefix("www.")
    metric = str(entry.get("metric") or "")
    benchmark = slug_of(str(entry.get("name")))
    value = number(entry.get("score"))
    if not benchmark or value is None or not host or host in _REPOSTED:
        return None
    fields = ("version", "dataset", "harness", "variant")
    said = {name: str(entry[name]) for name in fields if entry.get(name)}
    words = list(said.values())
    # The field holds an effort or, in older entries, the harness.
    effort = said.pop("variant") if said.get("variant") in _EFFORTS else ""
    return Published(
        benchmark=benchmark,
        source_id=" ".join([model_id, metric, *words, host]),
        name=model_id,
        value=value,
        effort=effort,
        harness=", ".join(said.values())[:200],
        measured_on=day(entry.get("date")),
        is_self_reported=host not in INDEPENDENT,
        url=url,
        licence="MIT",
    )
