"""tau2-bench (MIT): one JSON a submission, named in `manifest.json`.

Percent of tasks solved at the first try (`pass_1`) in a conversation with a simulated
user, by domain. Only *standard* text submissions speak for a model: custom agents and
changed prompts are other systems around it. What Sierra ran itself is independent;
everybody else reports on an agent of their own choice.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from apps.catalog.sources.published import PayloadError, Published, day, number

URL: Final = "https://taubench.com"
PUBLISHER: Final = "Sierra"
DOMAINS: Final = {
    "airline": "tau2-airline",
    "banking_knowledge": "tau2-banking",
    "retail": "tau2-retail",
    "telecom": "tau2-telecom",
}


def read_manifest(text: str) -> list[str]:
    """The folders of the text submissions."""
    found = _json(text)
    folders = found.get("submissions")
    if not isinstance(folders, list) or not folders:
        raise PayloadError("the manifest lists no submission")
    return [name for name in folders if isinstance(name, str)]


def read(text: str, folder: str) -> Iterator[Published]:
    """The results of one submission; none where it is of another kind."""
    submission = _json(text)
    method = submission.get("methodology") or {}
    checked = method.get("verification") or {}
    is_standard = submission.get("submission_type", "standard") == "standard"
    is_text = submission.get("modality", "text") == "text"
    if not is_standard or not is_text or checked.get("modified_prompts"):
        return
    for domain, result in (submission.get("results") or {}).items():
        value = number((result or {}).get("pass_1"))
        if domain in DOMAINS and value is not None:
            yield _published(submission, domain, value=value, folder=folder)


def _published(
    submission: Mapping[str, Any], domain: str, *, value: float, folder: str
) -> Published:
    method = submission.get("methodology") or {}
    result = submission["results"][domain]
    submitter = submission.get("submitting_organization") or submission.get(
        "organization", ""
    )
    effort = submission.get("reasoning_effort")
    return Published(
        benchmark=DOMAINS[domain],
        source_id=folder,
        name=str(submission.get("model_name") or folder),
        # The folder's maker may be who submitted it: names carry their own.
        effort=str(effort) if isinstance(effort, str) else "",
        value=round(value, 3),
        harness=_harness(method, result),
        measured_on=day(method.get("evaluation_date"))
        or day(submission.get("submission_date")),
        is_self_reported=submitter != PUBLISHER,
        cost_usd=number(result.get("cost")),
        url=URL,
        licence="MIT",
    )


def _harness(method: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    parts = (
        ("version", method.get("tau2_bench_version")),
        ("user", method.get("user_simulator")),
        ("retrieval", result.get("retrieval_config")),
    )
    return ", ".join(f"{name} {value}" for name, value in parts if value)[:200]


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise PayloadError("not JSON") from problem
    if not isinstance(found, Mapping):
        raise PayloadError("not a JSON object")
    return found
