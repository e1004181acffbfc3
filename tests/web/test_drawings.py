import pytest

from apps.web.templatetags import drawings


@pytest.mark.parametrize(
    ("value", "width"), [(0.25, "25.0"), (None, "0.0"), (-1, "0.0"), (7, "100.0")]
)
def test_a_bar_stays_within_its_frame(value: float | None, width: str) -> None:
    assert f'width="{width}"' in drawings.bar(value)


def test_a_bar_of_nothing_is_empty() -> None:
    assert 'width="0.0"' in drawings.bar(3, 0)


def test_a_span_begins_where_it_began() -> None:
    drawn = drawings.span_bar(50, 25, 100)

    assert 'x="50.0"' in drawn
    assert 'width="25.0"' in drawn


def test_an_instant_can_still_be_seen() -> None:
    assert 'width="1.0"' in drawings.span_bar(0, 0, 100)


def test_a_sparkline_starts_at_zero_and_says_what_it_is() -> None:
    drawn = drawings.sparkline([0, 1, 2], "Cost a day")

    assert "M0.0,30.0 50.0,16.0 100.0,2.0" in drawn
    assert 'aria-label="Cost a day"' in drawn


def test_a_sparkline_of_nothing_does_not_fail() -> None:
    assert "<svg" in drawings.sparkline([], "Cost a day")


def test_an_icon_is_hidden_from_readers() -> None:
    drawn = drawings.icon("key-round")

    assert "icons.svg#key-round" in drawn
    assert 'aria-hidden="true"' in drawn
