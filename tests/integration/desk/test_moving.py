"""A group that becomes a supergroup keeps its desk, whoever tells of it first."""

import pytest

from desk.calls import call, open_bot
from desk.house import DeskSettings
from simulator.world.channels import Channel
from support.groups import DeskGroup, GroupUse
from support.ids import ChatId
from support.people import NewTechnician
from tests.integration.desk.stand import BOSS, Stand, chat_id
from tests.integration.desk.test_operators_day import ask


class SmallStand(Stand):
    """A stand whose operators' group is a basic group."""

    def settings(self) -> DeskSettings:
        return DeskSettings(operators_chat=ChatId(-self.group.id), tech_groups={})


@pytest.fixture
def small(stand: Stand) -> SmallStand:
    group = stand.world.add_group("Small", owner=stand.boss, basic=True)
    stand.world.join(group, stand.bot)
    stand.world.make_admin(group, stand.bot)
    stand.group = group
    stand.__class__ = SmallStand
    return stand  # type: ignore[return-value]


async def test_cards_follow_the_operators_into_their_new_group(small: SmallStand) -> None:
    async with small.open() as door:
        olga = await small.operator(door, "Olga")
        anna, _ = await ask(small, "Anna", "before", 1)
        await door.desk.technicians.put_technician(
            BOSS, NewTechnician("Ivan", None, ChatId(-small.group.id))
        )
        old, new = small.group, small.world.upgrade(small.group)
        small.group = new
        card = await small.in_group("Новый клиент #1")
        await ask(small, "Boris", "after", 2)
        small.press(olga, card, "v1:take")
        await small.shown(olga, "before")
        await small.shown(anna, "Оператор подключился")
        await small.until(lambda: "В работе" in card.text, "the new card is edited")
        assert cards_in(new) == ["#1", "#2"]
        (technician,) = await door.desk.technicians.technicians()
        assert technician.group == chat_id(new)
        assert await door.desk.groups.moved_groups() == {ChatId(-old.id): chat_id(new)}


async def test_a_move_that_nobody_told_of_is_learned_from_the_refusal(small: SmallStand) -> None:
    async with small.open() as door:
        await small.operator(door, "Olga")
    old, new = small.group, small.world.upgrade(small.group)
    bot = open_bot(small.token, small.url)
    try:
        await call(bot, "deleteWebhook", {"drop_pending_updates": True})
    finally:
        await bot.session.close()
    async with small.open("next"):
        small.group = new
        await ask(small, "Anna", "words", 1)
        assert cards_in(new) == ["#1"]
        assert cards_in(old) == []


async def test_a_restarted_desk_knows_the_group_that_its_settings_name_as_it_was(
    small: SmallStand,
) -> None:
    old, new = small.group, small.world.upgrade(small.group)
    async with small.door() as door:
        await door.desk.groups.put_group(
            BOSS, DeskGroup(ChatId(-old.id), GroupUse.MAIN, "as it was")
        )
        assert await door.desk.groups.move_group(ChatId(-old.id), chat_id(new))
        assert not await door.desk.groups.move_group(ChatId(-old.id), chat_id(new))
        (stored,) = await door.desk.groups.groups()
        assert stored.chat == chat_id(new)
    refused = [one for one in small.api.journal.of(small.bot.id) if one.method == "sendMessage"]
    assert not refused


def cards_in(group: Channel) -> list[str]:
    """Return the numbers of the tickets whose cards with a button, or without, stand there."""
    said = [one.text for one in group.history if "Новый клиент" in one.text]
    return sorted("#" + one.partition("#")[2].partition("\n")[0] for one in said)
