from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ids import AccountId, TelegramId
from orchestrator.pacing.pacer import LocalPacer
from orchestrator.tuning import Pace, Tuning
from tests.support.clock import HandClock

ANNA, BORIS, CHAT = AccountId(1), AccountId(2), TelegramId(77)
TUNING = Tuning(
    account_pace=Pace(timedelta(seconds=10), burst=2),
    chat_pace=Pace(timedelta(seconds=1)),
    overall_pace=Pace(timedelta(seconds=0.1), burst=10),
)


async def test_after_its_burst_an_account_waits_for_its_pace() -> None:
    clock = HandClock()
    pacer = LocalPacer(TUNING, clock)
    for _ in range(3):
        await pacer.wait_turn(ANNA, CHAT)
    assert [round(slept, 6) for slept in clock.slept] == [1.0, 9.0]


async def test_one_account_does_not_wait_for_another() -> None:
    clock = HandClock()
    pacer = LocalPacer(TUNING, clock)
    await pacer.wait_turn(ANNA, CHAT)
    await pacer.wait_turn(BORIS, CHAT)
    assert clock.slept == []


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=60))
def test_no_account_ever_sends_more_than_its_burst_within_its_interval(
    asks: list[tuple[int, int]],
) -> None:
    pacer = LocalPacer(TUNING, HandClock())
    turns: dict[int, list[float]] = {}
    for account, chat in asks:
        turns.setdefault(account, []).append(pacer.reserve(AccountId(account), TelegramId(chat)))
    for times in turns.values():
        assert all(
            third - first >= 10.0 - 1e-6 for first, third in zip(times, times[2:], strict=False)
        )
