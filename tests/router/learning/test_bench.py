"""`./run bench routing` over a small file, and over the shared ones where they are."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from apps.router.engine.replay import folds, replay
from bench.replay import Options, read, run
from config.launcher.problems import LaunchError
from tests.router.learning.synthetic import PRICES, outcomes, prompts

SHARED = Path(__file__).parents[4] / "shared" / "data" / "routing"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """300 prompts of two subjects in the shape of the public files."""
    path = tmp_path / "outcomes_small.csv.gz"
    columns = [f"{kind}:{model}" for kind in "qc" for model in PRICES]
    graded = iter(outcomes(300))
    with gzip.open(path, "wt", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "source", "category", "in_tokens", "prompt", *columns])
        for number, (subject, text) in enumerate(prompts(300)):
            quality = [next(graded).quality for _ in PRICES]
            costs = list(PRICES.values())
            table.writerow([number, "ours", subject, 9, text, *quality, *costs])
    return path


def test_it_prints_both_splits(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"

    assert run(Options(recorded, json_path=figures)) == 0

    printed = capsys.readouterr().out
    for words in ("in domain", "out of domain", "cost saved", "above static mix"):
        assert words in printed
    inside = next(v for k, v in json.loads(figures.read_text()).items() if "in d" in k)
    assert inside["99"]["points"]["low"] > 0


def test_one_file_can_teach_another(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Options(recorded, train=recorded, pool=("strong", "cheap")))

    assert "taught by the other file" in capsys.readouterr().out


@pytest.mark.parametrize("pool", [("strong", "unknown")], ids=["unknown model"])
def test_a_pool_that_is_not_there_is_refused(
    recorded: Path, pool: tuple[str, ...]
) -> None:
    with pytest.raises(LaunchError, match="strong, cheap"):
        read(recorded, pool)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="cannot be read"):
        read(tmp_path / "none.csv")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public outcome files are not here")
@pytest.mark.parametrize(
    ("name", "least_saved"), [("mmlupro", 0.40), ("llmrouter", 0.60)]
)
def test_known_domains_are_served_for_less(name: str, least_saved: float) -> None:
    outcomes = read(SHARED / f"outcomes_{name}.csv.gz").outcomes

    played = replay(outcomes, folds(np.arange(len(outcomes)) % 5))["99"]

    assert played.retained.value >= 0.985
    assert played.saved.value >= least_saved
    assert played.points.low > 0
