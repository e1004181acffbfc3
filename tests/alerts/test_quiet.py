"""Quiet hours and mornings by the wall's clock, on the days it jumps as well."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.alerts.kinds import Severity
from apps.alerts.quiet import Quiet, next_monday, next_morning, zone_named

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
moments = st.datetimes(
    datetime(2010, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    datetime(2030, 12, 31),  # noqa: DTZ001  # as above
    timezones=st.just(UTC),
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
readings = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@given(moments, zones, readings, readings)
def test_a_release_is_later_and_is_not_quiet_itself(
    moment: datetime, zone: ZoneInfo, starts: time, ends: time
) -> None:
    quiet = Quiet(zone, starts, ends)
    released = quiet.release(moment, Severity.INFO)

    assert moment <= released <= moment + timedelta(hours=49)
    if starts != ends:
        assert quiet.release(released, Severity.INFO) == released


@given(moments, zones, readings, readings)
def test_what_is_grave_enough_is_never_held(
    moment: datetime, zone: ZoneInfo, starts: time, ends: time
) -> None:
    assert Quiet(zone, starts, ends).release(moment, Severity.URGENT) == moment
    none = Quiet(zone, starts, ends, None)
    assert none.release(moment, Severity.CRITICAL) >= moment


@given(moments, zones)
def test_a_morning_is_nine_there_and_the_next_one(
    moment: datetime, zone: ZoneInfo
) -> None:
    morning, monday = next_morning(moment, zone), next_monday(moment, zone)

    assert morning.astimezone(zone).time() == time(9)
    assert moment < morning <= moment + timedelta(hours=49)
    assert monday.astimezone(zone).strftime("%a %H:%M") == "Mon 09:00"
    assert moment < monday <= moment + timedelta(days=8)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        # Berlin: 23:30 to 07:00 in winter, over the jumps, and in summer.
        ("2026-01-10T23:00", "2026-01-11T06:00"),
        ("2026-03-28T23:00", "2026-03-29T05:00"),
        ("2026-10-24T22:00", "2026-10-25T06:00"),
        ("2026-07-10T22:00", "2026-07-11T05:00"),
        ("2026-07-10T05:00", "2026-07-10T05:00"),
    ],
)
def test_summer_time_moves_the_end_with_the_clock(at: str, until: str) -> None:
    quiet = Quiet(ZoneInfo("Europe/Berlin"), time(23, 30), time(7))
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)

    released = quiet.release(moment, Severity.WARNING)

    assert released == datetime.fromisoformat(until).replace(tzinfo=UTC)


def test_a_zone_that_is_no_more_is_utc() -> None:
    assert str(zone_named("Mars/Olympus")) == "UTC"
    assert str(zone_named("../etc/passwd")) == "UTC"
