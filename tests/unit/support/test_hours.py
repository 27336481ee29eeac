"""Working hours as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.calendar import Span
from support.hours import read_week, write_week
from support.languages import Language

spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda one: one[0] < one[1])
weeks = st.dictionaries(st.integers(0, 6), spans.map(lambda one: (Span(*one),)), min_size=1)


@pytest.mark.parametrize(
    "text",
    [
        "пн-пт 09:00-18:00; сб 10:00-14:00",
        "Mon-Fri 9-18, Sat 10:00 – 14:00",
        "ПН–ПТ: 9-18\nсб 10-14",
    ],
)
def test_a_week_is_read_in_both_languages(text: str) -> None:
    week = read_week(text)
    assert set(week) == {0, 1, 2, 3, 4, 5}
    assert week[0] == (Span(540, 1080),)
    assert week[5] == (Span(600, 840),)


def test_days_go_over_the_end_of_the_week() -> None:
    assert set(read_week("sat-mon 0-24")) == {5, 6, 0}


@pytest.mark.parametrize("text", ["", "someday 9-18", "mon 18-9", "mon 9-25", "mon", "mon 9:77-18"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|day|open"):
        read_week(text)


@given(weeks, st.sampled_from(Language))
def test_what_is_written_is_read_the_same(
    week: dict[int, tuple[Span, ...]], language: Language
) -> None:
    assert read_week(write_week(week, language)) == week
