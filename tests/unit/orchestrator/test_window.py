from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.campaigns.window import Window, clock_text, minutes_of, zone_named
from orchestrator.errors import BadInput

MOSCOW = ZoneInfo("Europe/Moscow")
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("Europe/Moscow", "America/New_York", "Asia/Kolkata", "UTC")]
)
MINUTES = st.integers(0, 24 * 60 - 1)
MOMENTS = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2027, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)


def test_a_window_holds_its_start_and_not_its_end() -> None:
    window = Window.between("09:00", "23:00")
    opening = datetime(2026, 3, 1, 9, 0, tzinfo=MOSCOW)
    assert window.holds(opening, MOSCOW)
    assert not window.holds(opening - timedelta(seconds=1), MOSCOW)
    assert not window.holds(opening.replace(hour=23), MOSCOW)


def test_a_window_may_pass_midnight() -> None:
    window = Window.between("22:00", "02:00")
    assert window.holds(datetime(2026, 3, 1, 23, 30, tzinfo=MOSCOW), MOSCOW)
    assert window.holds(datetime(2026, 3, 2, 1, 59, tzinfo=MOSCOW), MOSCOW)
    assert not window.holds(datetime(2026, 3, 2, 12, 0, tzinfo=MOSCOW), MOSCOW)


def test_a_whole_day_holds_every_minute() -> None:
    window = Window.between("00:00", "24:00")
    midnight = datetime(2026, 3, 1, tzinfo=MOSCOW)
    assert all(window.holds(midnight + timedelta(minutes=m), MOSCOW) for m in range(24 * 60))


@given(start=MINUTES, end=MINUTES, moment=MOMENTS, zone=ZONES)
def test_the_next_opening_lies_inside_the_window_and_not_in_the_past(
    start: int, end: int, moment: datetime, zone: ZoneInfo
) -> None:
    if start == end:
        return
    window = Window(start, end)
    opening = window.next_opening(moment, zone)
    assert opening >= moment
    assert opening - moment <= timedelta(hours=25)
    assert window.holds(opening, zone) or zone.key == "America/New_York"


def test_a_window_opens_again_in_the_hour_that_comes_twice() -> None:
    window, zone = Window.between("01:30", "05:00"), ZoneInfo("America/New_York")
    first = datetime(2026, 11, 1, 5, 10, tzinfo=UTC)  # 01:10 in summer time
    second = first + timedelta(hours=1)
    assert not window.holds(first, zone)
    assert not window.holds(second, zone)
    assert window.next_opening(first, zone) == first + timedelta(minutes=20)
    assert window.next_opening(second, zone) == second + timedelta(minutes=20)
    assert window.next_opening(second.astimezone(zone), zone) == second + timedelta(minutes=20)


@given(minutes=st.integers(0, 24 * 60))
def test_a_time_of_day_is_written_and_read_back_unchanged(minutes: int) -> None:
    assert minutes_of(clock_text(minutes)) == minutes


@pytest.mark.parametrize("text", ["", "9", "24:01", "12:60", "-1:00", "٣:٠٠", "9:5", "aa:bb"])
def test_what_is_no_time_of_day_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="09:00"):
        minutes_of(text)


@pytest.mark.parametrize(("start", "end"), [("09:00", "09:00"), ("24:00", "01:00")])
def test_a_window_without_time_is_refused(start: str, end: str) -> None:
    with pytest.raises(BadInput, match="holds no time"):
        Window.between(start, end)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe/"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="time zone"):
        zone_named(name)
