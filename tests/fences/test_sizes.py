"""Files and functions stay small enough to be read."""

from pathlib import Path
from statistics import median, quantiles

from tests.fences.source import ROOT, functions, length

MOST_LINES = 400
MOST_TEMPLATE_LINES = 250


def test_no_file_is_too_long() -> None:
    folders = ("apps", "config", "bench", "tests")
    files = [path for top in folders for path in (ROOT / top).rglob("*.py")]
    long = {str(path): n for path in files if (n := _lines(path)) > MOST_LINES}

    assert long == {}


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
