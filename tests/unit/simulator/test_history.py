from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from simulator.world.history import History, Page
from simulator.world.messages import Message
from simulator.world.peers import MessageId, UserId, person_peer

START = datetime(2026, 1, 1, tzinfo=UTC)


def history_of(*ids: int) -> History:
    history = History()
    for number in ids:
        author = UserId(1)
        when = START + timedelta(minutes=number)
        history.add(Message(MessageId(number), person_peer(author), author, "x", when))
    return history


def numbers(messages: list[Message]) -> list[int]:
    return [message.id for message in messages]


def test_a_page_begins_with_the_newest() -> None:
    assert numbers(history_of(*range(1, 11)).page(Page(limit=3))) == [10, 9, 8]


def test_an_offset_leaves_itself_out() -> None:
    assert numbers(history_of(*range(1, 11)).page(Page(limit=3, offset_id=5))) == [4, 3, 2]


def test_a_negative_shift_reads_towards_the_newest() -> None:
    page = Page(limit=3, offset_id=5, add_offset=-3)
    assert numbers(history_of(*range(1, 11)).page(page)) == [7, 6, 5]


def test_a_shift_beyond_the_newest_gives_what_is_there() -> None:
    page = Page(limit=100, offset_id=9, add_offset=-100)
    assert numbers(history_of(*range(1, 11)).page(page)) == [10, 9]


def test_an_offset_by_date_gives_what_is_older() -> None:
    page = Page(limit=2, offset_date=START + timedelta(minutes=5))
    assert numbers(history_of(*range(1, 11)).page(page)) == [4, 3]


def test_bounds_leave_both_ends_out() -> None:
    page = Page(limit=10, min_id=3, max_id=7)
    assert numbers(history_of(*range(1, 11)).page(page)) == [6, 5, 4]


@given(st.sets(st.integers(1, 60)), st.integers(1, 7), st.integers(0, 61))
def test_pages_from_both_ends_show_everything_once(ids: set[int], limit: int, gone: int) -> None:
    history = history_of(*sorted(ids))
    history.remove(MessageId(gone))
    left = sorted(ids - {gone})
    assert read_down(history, limit) == left[::-1]
    assert read_up(history, limit) == left


def read_down(history: History, limit: int) -> list[int]:
    seen: list[int] = []
    while page := history.page(Page(limit=limit, offset_id=seen[-1] if seen else 0)):
        seen += numbers(page)
    return seen


def read_up(history: History, limit: int) -> list[int]:
    seen: list[int] = []
    offset = 1
    while page := history.page(Page(limit=limit, offset_id=offset, add_offset=-limit)):
        seen += numbers(page)[::-1]
        offset = seen[-1] + 1
    return seen
