"""The figures that a run is summed up in."""

import json
from pathlib import Path

import pytest

from apps.router import lifespan
from bench import relay
from bench.cases import SATURATED, Measured, percentile
from bench.load import Load
from bench.report import LedgerCheck, Report, added, bars, write


def _measured(*, rate: int, cpu_s: float = 0.0, median_ms: float = 1.0) -> Measured:
    load = Load(seconds=1.0, answered=rate, counted=rate, latencies=[median_ms] * 3)
    return Measured(load=load, target_cpu_s=cpu_s, wall_s=1.0)


def _report() -> Report:
    row = {
        "direct": _measured(rate=9000, median_ms=0.5),
        "bare": _measured(rate=1000, cpu_s=0.5),
        "ours": _measured(rate=500, cpu_s=0.1, median_ms=2.0),
    }
    return Report(1.0, cores_apart=True, rows={SATURATED: row}, rss_mib={"ours": 250})


def test_measures_are_compared_with_the_promises() -> None:
    found = {bar.name: bar for bar in bars(_report())}

    cpu = found["CPU a request, 64 connections"]
    assert cpu.value == pytest.approx(0.2)
    assert cpu.holds
    assert found["of the bare pass-through's rate"].value == 50
    assert found["memory at the end"].holds is False
    assert found["streamed chunks a second"].holds is None


def test_added_latency_is_told_against_direct() -> None:
    row = _report().rows[SATURATED]

    assert added(row) == pytest.approx(1.5)
    assert added(row, first_token=True) is None


def test_rounds_add_up() -> None:
    whole = _measured(rate=100, cpu_s=0.1)
    whole.add(_measured(rate=300, cpu_s=0.1))

    assert whole.requests_per_s == 200
    assert whole.cpu_us == pytest.approx(500)
    assert len(whole.load.latencies) == 6


def test_percentile_of_nothing_is_unknown() -> None:
    assert percentile([], 50) is None
    assert percentile([7.0], 99) == 7.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0


def test_ledger_is_exact_only_when_every_answer_is_there_once() -> None:
    assert LedgerCheck(5, 5, 5, 0, 0.1).is_exact
    assert not LedgerCheck(5, 6, 6, 0, 0.1).is_exact
    assert not LedgerCheck(5, 5, 4, 0, 0.1).is_exact
    assert not LedgerCheck(5, 5, 5, 1, 0.1).is_exact


def test_report_is_written_as_json(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "report.json"

    write(_report(), file)

    cases = json.loads(file.read_text())["cases"]
    assert cases[SATURATED]["ours"]["requests_per_s"] == 500


def test_bare_relay_collects_garbage_as_rarely_as_the_product() -> None:
    assert relay.GC_THRESHOLD == lifespan.GC_THRESHOLD
