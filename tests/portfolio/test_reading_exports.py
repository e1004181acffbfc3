"""Usage exports: each known by its columns, read whole, and bad rows named."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.portfolio.imports.formats import FORMATS
from apps.portfolio.imports.propose import gather
from apps.portfolio.imports.read import Sheet, read_sheet
from apps.portfolio.imports.table import MOST_BYTES, UnreadableError

# A busy machine is no fault of what is tested.
CALM = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
HERE = Path(__file__).parent / "exports"
HEADER = "date,model_permaslug,requests,prompt_tokens,completion_tokens,usage\n"
ROW = "2026-11-01,acme/model,10,1000,500,0.5\n"


def read(name: str) -> Sheet:
    return read_sheet((HERE / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "known", "lines", "passed_over"),
    [
        ("openai_usage.csv", "openai_usage", 3, 1),
        ("openai_usage.json", "openai_usage_api", 2, 0),
        ("anthropic_usage.csv", "anthropic_usage", 3, 0),
        ("anthropic_usage.json", "anthropic_usage_api", 1, 0),
        ("litellm_spend_logs.json", "litellm_spend_logs", 2, 3),
        ("litellm_spend_logs.csv", "litellm_spend_logs", 2, 0),
        ("openrouter_activity.csv", "openrouter_activity", 2, 0),
        ("openrouter_days.json", "openrouter_days", 2, 0),
    ],
)
def test_an_export_is_known_by_its_columns(
    name: str, known: str, lines: int, passed_over: int
) -> None:
    sheet = read(name)

    assert (sheet.format.name, sheet.bad) == (known, [])
    assert (len(sheet.lines), sheet.passed_over) == (lines, passed_over)


def test_openai_s_export_counts_calls_and_cached_tokens_but_no_costs() -> None:
    [support, tagger], _ = gather(read("openai_usage.csv").lines)

    assert (support.source_model, support.group) == ("gpt-4o-2024-08-06", "support-bot")
    assert (support.requests, support.input_tokens) == (2_000, 3_000_000)
    assert (support.cached_tokens, support.output_tokens) == (1_000_000, 1_000_000)
    assert (support.maker, support.cost_usd, support.days) == ("openai", None, 2)
    assert tagger.group == "tagger"


def test_csv_and_json_of_one_source_say_the_same() -> None:
    csv, _ = gather(read("litellm_spend_logs.csv").lines)
    json, _ = gather(read("litellm_spend_logs.json").lines)

    assert csv == json


def test_anthropic_s_buckets_make_one_prompt_and_no_calls() -> None:
    [sonnet, _haiku], _ = gather(read("anthropic_usage.csv").lines)

    assert sonnet.requests is None
    assert (sonnet.input_tokens, sonnet.cached_tokens) == (2_000_000, 1_150_000)
    assert sonnet.output_tokens == 200_000


def test_spend_logs_leave_out_failures_cache_hits_and_embeddings() -> None:
    [support], _ = gather(read("litellm_spend_logs.json").lines)

    assert (support.group, support.requests) == ("support", 2)
    assert Decimal(support.cost_usd or 0) == Decimal("0.02125")
    assert support.cached_tokens == 1_024


def test_openrouter_s_activity_is_a_request_a_row() -> None:
    sheet = read("openrouter_activity.csv")
    [search], _ = gather(sheet.lines)

    assert sheet.lines[0].day == date(2026, 11, 5)
    assert (search.group, search.requests, search.days) == ("search", 2, 2)
    assert Decimal(search.cost_usd or 0) == Decimal("0.0094")


@pytest.mark.parametrize(
    ("rows", "place", "column"),
    [
        ("yesterday,m,1,2,3,0\n", "Line 2", "date"),
        ("2026-11-01,m,1,-2,3,0\n", "Line 2", "prompt_tokens"),
        ("2026-11-01,m,1,2,lots,0\n", "Line 2", "completion_tokens"),
        ("2026-11-01,m,1.5,2,3,0\n", "Line 2", "requests"),
        ("2026-11-01,m,1,2,3,free\n", "Line 2", "usage"),
        (ROW + "2026-11-01,,1,2,3,0\n", "Line 3", "model_permaslug"),
        (ROW + "\n2026-11-01,m,1,nan,3,0\n", "Line 4", "prompt_tokens"),
        (ROW + "2199-13-01,m,1,2,3,0\n", "Line 3", "date"),
        (ROW + "2026-11-01,m,1,1e30,3,0\n", "Line 3", "prompt_tokens"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_column(
    rows: str, place: str, column: str
) -> None:
    [bad] = read_sheet((HEADER + rows).encode()).bad

    assert (bad.place, bad.column) == (place, column)
    assert str(bad).startswith(f"{place}, column {column}: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"a,b\n1,2\n", "No known usage export has these columns: a, b"),
        (b"\x00\x01", "no text file"),
        (b"\xff\xfe\xfa", "UTF-8"),
        (b"a,a\n1,2\n", "two columns named 'a'"),
        (b'[{"a": 1}, 2]', "no list of objects"),
        (b"[]", "no entry"),
        (b"{oops", "Line 1 is no JSON"),
        (b"[" * 60_000, "JSON"),
        (b"start_time_iso,amount_value,line_item\n", "OpenAI's cost export"),
        (b"usage_date_utc,model,cost_usd\n", "Anthropic's cost export"),
        (b"x" * (MOST_BYTES + 1), "10 MB are the most"),
    ],
)
def test_a_file_that_is_none_of_these_says_why(content: bytes, says: str) -> None:
    with pytest.raises(UnreadableError, match=says):
        read_sheet(content)


def test_what_postgres_cannot_store_is_taken_out_of_names() -> None:
    rows = '[{"date": "2026-11-01", "model_permaslug": "a\\u0000b\\ud800", '
    rows += '"requests": 1, "prompt_tokens": 2, "completion_tokens": 3}]'

    [line] = read_sheet(rows.encode()).lines

    assert line.model == "a b?"


cells = st.one_of(
    st.integers(-5, 10**16).map(str),
    st.floats(allow_nan=True).map(str),
    st.text(max_size=12).map(lambda t: t.replace('"', "")),
    st.dates().map(str),
)


@CALM
@given(st.lists(st.lists(cells, min_size=6, max_size=6), max_size=12))
def test_whatever_stands_in_the_cells_each_row_is_read_or_named(
    rows: list[list[str]],
) -> None:
    quoted = ["\n".join(",".join(f'"{c}"' for c in row) for row in rows)]
    content = (HEADER + "".join(quoted)).encode("utf-8", "replace")
    try:
        sheet = read_sheet(content)
    except UnreadableError:
        return

    assert sheet.row_count <= len(rows)
    for line in sheet.lines:
        assert line.input_tokens >= 0
        assert line.output_tokens >= 0
        assert line.requests is None or line.requests >= 0


@CALM
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_nothing_else(content: bytes) -> None:
    try:
        sheet = read_sheet(content)
    except UnreadableError:
        return
    assert sheet.format in FORMATS
