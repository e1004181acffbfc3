"""Aider's polyglot leaderboard (Apache-2.0): a YAML list of runs.

`pass_rate_2` is the percentage of 225 exercises solved in two tries. A model may have
several runs; each is a result of its own. The list has been frozen since October 2025.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from apps.catalog.sources.published import PayloadError, Published, day, number

URL: Final = "https://aider.chat/docs/leaderboards/"


def read(text: str) -> Iterator[Published]:
    """Every run that names its model, its rate and its day."""
    try:
        runs = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise PayloadError("not YAML") from problem
    if not isinstance(runs, list):
        raise PayloadError("not a list of runs")
    for run in runs:
        if isinstance(run, Mapping) and (result := _result(run)):
            yield result


def _result(run: Mapping[str, Any]) -> Published | None:
    name, value, on = (
        run.get("model"),
        number(run.get("pass_rate_2")),
        day(run.get("date")),
    )
    if not isinstance(name, str) or value is None or on is None:
        return None
    count = number(run.get("total_tests") or run.get("test_cases"))
    cost = number(run.get("total_cost"))
    return Published(
        benchmark="aider-polyglot",
        source_id=run_id(name, value, str(on)),
        name=name,
        value=value,
        harness=f"{run['edit_format']} format" if run.get("edit_format") else "",
        measured_on=on,
        sample_size=int(count) if count else None,
        # Zero stands for "not counted" here.
        cost_usd=cost / count if cost and count else None,
        url=URL,
        licence="Apache-2.0",
    )


def run_id(name: str, value: float, on: str) -> str:
    """Runs have no id of their own: the model, the day and the rate are one."""
    return f"{name} {on} {value:g}"
