"""Groups that are added while the desk runs are used without a restart."""

from dataclasses import replace
from functools import partial

import pytest

from desk import places
from desk.door import Door
from simulator.world.channels import Channel
from support.groups import DeskGroup, GroupUse
from tests.integration.desk.forum import forum_group, forum_on
from tests.integration.desk.stand import BOSS, Stand, chat_id


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "EVERY", 0.1)


async def add(door: Door, group: Channel, use: GroupUse) -> None:
    """Store a group as `troupe desk setup` does."""
    await door.desk.groups.put_group(BOSS, DeskGroup(chat_id(group), use, group.title))


async def test_a_desk_of_operators_gets_a_forum_while_it_runs(stand: Stand) -> None:
    async with stand.open() as door:
        forum = forum_group(stand, "Tickets")
        await add(door, forum, GroupUse.MAIN)
        for number in range(1, 12):
            client = stand.person(f"Client{number}")
            stand.say(client, "help")
            asked = await stand.shown(client, "Связаться")
            stand.press(client, asked, "v1:ask:other")
            seen = await stand.until(partial(shown_in, stand.group, forum, number), "a ticket")
            if seen is forum:
                break
        assert seen is forum


def shown_in(operators: Channel, forum: Channel, number: int) -> Channel | None:
    """Find where a ticket is announced: by a card, or by a topic."""
    if any(f"Новый клиент #{number}\n" in one.text for one in operators.history):
        return operators
    return forum if any(f"#{number} " in one.title for one in forum.topics.values()) else None


def count(stand: Stand, method: str) -> int:
    return sum(call.method == method for call in stand.api.journal.of(stand.bot.id))


async def test_a_second_forum_shares_the_load_as_soon_as_it_is_added(stand: Stand) -> None:
    async with forum_on(stand) as forum:
        await forum.ask("Anna", "one")
        await forum.titled("#1 | Anna")
        more = forum_group(stand, "More tickets")
        await add(forum.door, more, GroupUse.MAIN)
        calls = count(stand, "getMe")
        for number in range(2, 12):
            await forum.ask(f"Client{number}", "hello")
            place = await stand.until(partial(where, forum.main, more, number), "a topic")
            if place is more:
                break
        assert place is more
        assert count(stand, "getMe") == calls, "no part of the desk began anew"


def where(first: Channel, second: Channel, number: int) -> Channel | None:
    """Find in which forum a ticket has its topic."""
    named = f"#{number} "
    both = (one for one in (first, second) for t in one.topics.values() if named in t.title)
    return next(both, None)


async def test_the_settings_of_the_environment_come_before_what_is_stored(stand: Stand) -> None:
    other = forum_group(stand, "Other")
    async with stand.door() as door:
        await add(door, other, GroupUse.OPERATORS)
        named = replace(door.settings, main_group=chat_id(other))
        found = await places.with_stored_groups(named, door.desk.groups)
        assert found.operators_chat == chat_id(stand.group)
        assert found.main_group == chat_id(other)
