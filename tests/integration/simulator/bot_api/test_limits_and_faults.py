import time

import httpx
import pytest

from simulator.bot_api.errors import BotApiError
from simulator.bot_api.faults import BotFault, BotFaultKind
from simulator.bot_api.limits import BotLimits
from simulator.world.channels import Channel
from simulator.world.peers import UserId, channel_peer, person_peer
from simulator.world.people import Person
from tests.integration.simulator.bot_api.conftest import Place, Raw

BOT = UserId(1)


class Hand:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at


def limits() -> tuple[BotLimits, Hand]:
    hand = Hand()
    made = BotLimits(hand.now)
    made.enabled = True
    return made, hand


def waits(limits: BotLimits, number: int, *, group: bool = False) -> int | None:
    chat = channel_peer(number) if group else person_peer(UserId(number))  # type: ignore[arg-type]
    try:
        limits.spend(BOT, chat)
    except BotApiError as error:
        return error.retry_after
    return None


def test_a_chat_hears_once_a_second() -> None:
    made, hand = limits()
    assert waits(made, 1) is None
    assert waits(made, 1) == 1
    assert waits(made, 2) is None
    hand.at = 1.0
    assert waits(made, 1) is None


def test_all_chats_together_hear_thirty_a_second() -> None:
    made, hand = limits()
    assert [waits(made, chat) for chat in range(31)] == [None] * 30 + [1]
    hand.at = 1.0
    assert waits(made, 99) is None


def test_a_group_hears_twenty_a_minute() -> None:
    made, hand = limits()
    for _ in range(20):
        assert waits(made, 1, group=True) is None
        hand.at += 1
    assert waits(made, 1, group=True) == 40
    hand.at = 60.0
    assert waits(made, 1, group=True) is None


async def test_what_comes_too_fast_is_refused_and_not_said(
    raw: Raw, place: Place, anna: Person
) -> None:
    place.world.send_private(anna, place.bot, "/start")
    place.api.limits.enabled = True
    answers = [await raw.ask("sendMessage", chat_id=anna.id, text=str(i)) for i in range(2)]
    assert [answer["ok"] for answer in answers] == [True, False]
    assert answers[1]["parameters"] == {"retry_after": 1}
    assert len(place.world.messages_of((anna, place.bot))) == 2


async def test_faults_meet_the_calls_that_they_name(raw: Raw, place: Place, anna: Person) -> None:
    place.world.send_private(anna, place.bot, "/start")
    faults = place.api.faults
    faults.add(BotFault(BotFaultKind.TOO_MANY, "sendmessage", seconds=7))
    faults.add(BotFault(BotFaultKind.BROKEN, "sendMessage"))
    await raw.do("getMe")
    codes = []
    for _ in range(3):
        answer = await raw.ask("sendMessage", chat_id=anna.id, text="hi")
        codes.append((answer.get("error_code"), answer.get("parameters")))
    assert codes == [(429, {"retry_after": 7}), (500, None), (None, None)]
    assert len(faults.met) == 2


@pytest.mark.parametrize(
    ("kind", "said"), [(BotFaultKind.LOST_ANSWER, 2), (BotFaultKind.TIME_OUT, 1)]
)
async def test_an_answer_is_lost_after_or_before_the_act(
    raw: Raw, place: Place, anna: Person, kind: BotFaultKind, said: int
) -> None:
    place.world.send_private(anna, place.bot, "/start")
    place.api.faults.add(BotFault(kind, seconds=0.05))
    began = time.monotonic()
    with pytest.raises(httpx.TransportError):
        await raw.ask("sendMessage", chat_id=anna.id, text="hi")
    assert len(place.world.messages_of((anna, place.bot))) == said
    assert kind is BotFaultKind.LOST_ANSWER or time.monotonic() - began >= 0.05


async def test_chance_follows_its_seed(place: Place) -> None:
    place.api.faults.add(BotFault(BotFaultKind.BROKEN, times=None, chance=0.5))
    met = [place.api.faults.draw(BOT, "getMe") is not None for _ in range(100)]
    assert 30 < sum(met) < 70
    place.api.faults.clear()
    assert place.api.faults.draw(BOT, "getMe") is None


async def test_a_bot_learns_who_comes_rises_and_goes(
    raw: Raw, place: Place, boss: Person, anna: Person
) -> None:
    await raw.do("getUpdates", allowed_updates=["my_chat_member", "chat_member"])
    group: Channel = place.world.add_group("Office", owner=boss)
    place.world.join(group, place.bot)
    place.world.join(group, anna)
    place.world.make_admin(group, place.bot)
    place.world.leave(group, anna)
    place.world.membership.expel(group, place.bot)
    told = [(next(k for k in u if k != "update_id"), u) for u in await raw.do("getUpdates")]
    steps = [
        (kind, u[kind]["old_chat_member"]["status"], u[kind]["new_chat_member"]["status"])
        for kind, u in told
    ]
    assert steps == [
        ("my_chat_member", "left", "member"),
        ("my_chat_member", "member", "administrator"),
        ("chat_member", "member", "left"),
        ("my_chat_member", "administrator", "kicked"),
    ]
