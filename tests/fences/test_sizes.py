"""Files and functions stay small enough to be read."""

from pathlib import Path
from statistics import median, quantiles

from tests.fences.source import ROOT, functions, length

MOST_LINES = 400
# One file by the plan of the house, so it may grow to what no other may.
MOST_SETTINGS_LINES = 600
MOST_TEMPLATE_LINES = 250


def test_no_file_is_too_long() -> None:
    folders = ("apps", "config", "bench", "tests")
    settings = ROOT / "config" / "settings.py"
    files = {path for top in folders for path in (ROOT / top).rglob("*.py")}
    # Django writes most of a migration, one argument a line.
    read = {p for p in files - {settings} if p.parent.name != "migrations"}
    long = {str(p): n for p in read if (n := _lines(p)) > MOST_LINES}

    assert long == {}
    assert _lines(settings) <= MOST_SETTINGS_LINES


def test_no_template_is_too_long() -> None:
    files = (ROOT / "templates").rglob("*.html")
    long = {str(p): n for p in files if (n := _lines(p)) > MOST_TEMPLATE_LINES}

    assert long == {}


def test_functions_are_short() -> None:
    lengths = [length(node) for _, node in functions()]
    slowest_twentieth = quantiles(lengths, n=20)[-1]

    assert median(lengths) <= 8
    assert slowest_twentieth <= 35


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())
