"""Working time, over any week, zone and change of clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.calendar import ROUND_THE_CLOCK, Span, WorkCalendar

MOSCOW, NEW_YORK = ZoneInfo("Europe/Moscow"), ZoneInfo("America/New_York")
NINE_TO_SIX = {day: (Span(9 * 60, 18 * 60),) for day in range(5)}
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Moscow",
        "America/New_York",
        "Europe/London",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Beirut",
    )
]
MOMENTS = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2027, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)
AMOUNTS = st.timedeltas(timedelta(), timedelta(days=6))


@st.composite
def calendars(draw: st.DrawFn) -> WorkCalendar:
    """Any week with at least one open hour, in any zone, with some holidays."""
    marks = st.lists(st.integers(0, 24 * 60), min_size=2, max_size=4, unique=True)
    week = {}
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    for day in days:
        minutes = sorted(draw(marks))
        pairs = zip(minutes[::2], minutes[1::2], strict=False)
        week[day] = tuple(Span(opens, closes) for opens, closes in pairs)
    holidays = draw(st.frozensets(st.dates(date(2025, 1, 1), date(2027, 6, 1)), max_size=5))
    return WorkCalendar(draw(st.sampled_from(ZONES)), week, holidays)


@given(calendars(), MOMENTS, AMOUNTS)
@settings(max_examples=60)
def test_as_much_time_lies_before_a_moment_as_was_added(
    calendar: WorkCalendar, start: datetime, amount: timedelta
) -> None:
    end = calendar.after(start, amount)
    if end is None:
        return
    assert end >= start
    assert calendar.between(start, end) == amount


@given(calendars(), MOMENTS, AMOUNTS, AMOUNTS)
@settings(max_examples=60)
def test_time_may_be_added_in_parts(
    calendar: WorkCalendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    middle, whole = calendar.after(start, first), calendar.after(start, first + second)
    if middle is None or whole is None or not second:
        return
    assert calendar.after(middle, second) == whole


@given(calendars(), MOMENTS, AMOUNTS, AMOUNTS)
@settings(max_examples=60)
def test_time_between_adds_up_and_is_never_longer_than_the_clock(
    calendar: WorkCalendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = start + first, start + first + second
    whole = calendar.between(start, end)
    assert whole == calendar.between(start, middle) + calendar.between(middle, end)
    assert timedelta() <= whole <= end - start


@given(calendars(), MOMENTS)
@settings(max_examples=60)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    calendar: WorkCalendar, moment: datetime
) -> None:
    opening = calendar.next_opening(moment)
    if opening is None:
        return
    assert calendar.is_open(opening)
    assert calendar.between(moment, opening) == timedelta()
    assert calendar.is_open(moment) == (opening == moment)


def test_an_evening_and_a_weekend_do_not_count() -> None:
    office = WorkCalendar(MOSCOW, NINE_TO_SIX)
    friday = datetime(2026, 3, 6, 17, 30, tzinfo=MOSCOW)
    assert office.after(friday, timedelta(hours=1)) == datetime(2026, 3, 9, 9, 30, tzinfo=MOSCOW)
    assert office.next_closing(friday) == datetime(2026, 3, 6, 18, tzinfo=MOSCOW)


def test_a_holiday_is_closed() -> None:
    office = WorkCalendar(MOSCOW, NINE_TO_SIX, frozenset({date(2026, 3, 9)}))
    friday = datetime(2026, 3, 6, 18, tzinfo=MOSCOW)
    assert office.next_opening(friday) == datetime(2026, 3, 10, 9, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 6, 1), 24)]
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(day: date, hours: int) -> None:
    always = WorkCalendar(NEW_YORK, dict.fromkeys(range(7), (Span(0, 24 * 60),)))
    start = datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
    end = (start + timedelta(days=1)).astimezone(UTC)
    assert always.between(start.astimezone(UTC), end) == timedelta(hours=hours)


def test_an_hour_that_does_not_exist_is_not_worked() -> None:
    night = WorkCalendar(NEW_YORK, {6: (Span(60, 180),)})
    start = datetime(2026, 3, 8, 0, tzinfo=NEW_YORK)
    assert night.between(start, start + timedelta(hours=12)) == timedelta(hours=1)
    doubled = datetime(2026, 11, 1, 0, tzinfo=NEW_YORK)
    assert night.between(doubled, doubled + timedelta(hours=12)) == timedelta(hours=3)


def test_a_desk_that_never_opens_promises_nothing() -> None:
    never = WorkCalendar(MOSCOW, {})
    now = datetime(2026, 3, 6, tzinfo=UTC)
    assert never.next_opening(now) is None
    assert never.after(now, timedelta(minutes=1)) is None
    assert never.between(now, now + timedelta(days=30)) == timedelta()


def test_round_the_clock_is_the_clock() -> None:
    now = datetime(2026, 3, 6, 12, 34, 56, tzinfo=UTC)
    assert ROUND_THE_CLOCK.after(now, timedelta(hours=30)) == now + timedelta(hours=30)


def test_hours_that_hold_no_time_are_refused() -> None:
    with pytest.raises(ValueError, match="open before they close"):
        Span(600, 600)
