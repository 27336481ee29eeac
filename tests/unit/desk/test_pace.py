"""The pace of the bot never exceeds what Telegram allows."""

import asyncio
import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.pace import BotLimits, Pace
from simulator.bot_api.errors import BotApiError
from simulator.bot_api.limits import BotLimits as Telegrams
from simulator.world.peers import Peer, PeerKind, UserId, person_peer
from support.ids import ChatId
from tests.support.clock import HandClock

BOT = UserId(1)
GROUPS, PEOPLE = 3, 40
Sends = st.lists(st.integers(-GROUPS, PEOPLE).filter(bool), min_size=1, max_size=200)


def peer(chat: int) -> Peer:
    return Peer(PeerKind.CHANNEL, -chat) if chat < 0 else person_peer(UserId(chat))


@settings(deadline=None, max_examples=60)
@given(chats=Sends)
def test_telegram_refuses_nothing_that_waited_its_turn(chats: list[int]) -> None:
    clock = HandClock()
    telegram = Telegrams(clock.monotonic)
    telegram.enabled = True
    pace = Pace(clock, BotLimits())

    async def send_all() -> None:
        for chat in chats:
            await pace.wait_turn(ChatId(chat))
            telegram.spend(BOT, peer(chat))

    asyncio.run(send_all())


def test_what_another_process_sent_counts() -> None:
    clock = HandClock()
    first = Pace(clock, BotLimits())
    group = ChatId(-5)

    async def fill() -> None:
        for _ in range(20):
            await first.wait_turn(group)

    asyncio.run(fill())
    second = Pace(clock, BotLimits())
    assert second.wait(group) == 0.0

    ago = [timedelta(seconds=clock.monotonic() - at) for at in first.by_chat[group]]
    second.remember((group, one) for one in ago)
    assert second.wait(group) > 30


def test_without_limits_nobody_waits() -> None:
    clock = HandClock()
    pace = Pace(clock, None)
    asyncio.run(pace.wait_turn(ChatId(-1), 500))
    assert clock.slept == []
    assert pace.room(ChatId(-1)) > 100


def test_the_simulator_does_refuse_what_did_not_wait() -> None:
    clock = HandClock()
    telegram = Telegrams(clock.monotonic)
    telegram.enabled = True
    telegram.spend(BOT, peer(7))
    with pytest.raises(BotApiError):
        telegram.spend(BOT, peer(7))
    assert math.isclose(clock.monotonic(), 1000.0)
