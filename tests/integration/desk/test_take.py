"""The whole life of a ticket in mode take, and what of it clients never read."""

from simulator.world.messages import Draft
from simulator.world.people import Person
from tests.integration.desk.lives import life_with_an_operator
from tests.integration.desk.stand import Stand
from tests.integration.desk.test_relays import dialogue


async def test_a_ticket_lives_from_the_menu_to_the_survey(stand: Stand) -> None:
    async with stand.open() as door:
        await life_with_an_operator(stand, door)


def read_by(stand: Stand, person: Person) -> str:
    """Return all that stands before somebody."""
    return "\n".join(one.text for one in stand.told(person))


async def test_a_mistyped_command_does_not_reach_the_client(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        rude = talk.send(talk.operator, Draft("/noet client is rude"))
        told = await stand.shown(talk.operator, "Такой команды нет; клиенту не отправлено.")
        assert told.reply_to == rude.id
        plan = stand.world.files.add_document(b"plan", "plan.txt", "text/plain")
        for draft in (Draft(" /finsh rude"), Draft("/noet rude plan", media=plan), Draft("/admin")):
            talk.send(talk.operator, draft)
            told = await stand.shown(talk.operator, "Такой команды нет", after=told.id)
        stand.world.private_talk.edit(talk.operator, rude.id, Draft("rude client"))
        talk.send(talk.operator, Draft("Good day"))
        await stand.shown(talk.client, "Good day")
        assert "rude" not in read_by(stand, talk.client)
        assert "/admin" not in read_by(stand, talk.client)


async def test_what_a_client_reads_is_not_edited_into_a_command(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        said = talk.send(talk.operator, Draft("One moment"))
        await stand.shown(talk.client, "One moment")
        stand.world.private_talk.edit(talk.operator, said.id, Draft("/note rude"))
        told = await stand.shown(talk.operator, "Правка похожа на команду")
        assert told.reply_to == said.id
        stand.world.private_talk.edit(talk.operator, said.id, Draft("Just a moment"))
        await stand.shown(talk.client, "Just a moment")
        assert "rude" not in read_by(stand, talk.client)


async def test_a_client_may_write_whatever_looks_like_a_command(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        asked = talk.send(talk.client, Draft("/help me"))
        await stand.shown(talk.operator, "/help me")
        stand.world.private_talk.edit(talk.client, asked.id, Draft("/help us"))
        await stand.shown(talk.operator, "/help us")
