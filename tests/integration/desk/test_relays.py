"""Any content goes both ways, with replies, edits, reactions and albums; doubts are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from aiogram import Router
from aiogram.filters import Command

from desk.door import Door
from desk.house import House, Wing
from simulator.bot_api.faults import BotFault, BotFaultKind
from simulator.world.media import Contact, Document, DocumentKind, Location
from simulator.world.messages import Draft, Message
from simulator.world.people import Person
from tests.integration.desk.stand import Stand, buttons_of


@dataclass
class Dialogue:
    """A client and an operator who are connected."""

    stand: Stand
    door: Door
    client: Person
    operator: Person
    controls: Message

    def send(self, author: Person, draft: Draft) -> Message:
        return self.stand.world.private_talk.send(author, self.stand.bot, draft).message


@asynccontextmanager
async def dialogue(stand: Stand) -> AsyncIterator[Dialogue]:
    async with stand.open() as door:
        operator = await stand.operator(door, "Olga")
        client = stand.person("Anna")
        stand.say(client, "help")
        asked = await stand.shown(client, "Связаться")
        stand.press(client, asked, "v1:ask:other")
        card = await stand.in_group("Новый клиент")
        stand.press(operator, card, "v1:take")
        controls = await stand.shown(operator, "Вы подключены")
        await stand.shown(operator, "help")
        yield Dialogue(stand, door, client, operator, controls)


async def test_words_places_and_contacts_go_both_ways(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        place = Draft("", media=Location(55.75, 37.62))
        card = Draft("", media=Contact("+79991234567", "Ivan"))
        for author, reader in ((talk.client, talk.operator), (talk.operator, talk.client)):
            for draft in (place, card):
                talk.send(author, draft)
            await stand.until(partial(has_both, stand, reader), "a place and a contact arrive")


def has_both(stand: Stand, reader: Person) -> bool:
    """Tell whether a place and a contact were passed on to somebody."""
    kinds = {type(m.media) for m in stand.told(reader) if m.author != reader.id}
    return {Location, Contact} <= kinds


async def test_voices_and_stickers_go_both_ways_and_an_album_may_be_a_reply(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        files, kinds = stand.world.files, (DocumentKind.VOICE, DocumentKind.STICKER)
        for author, reader in ((talk.client, talk.operator), (talk.operator, talk.client)):
            for kind in kinds:
                media = files.add_document(kind.encode(), mime=MIME[kind], kind=kind)
                talk.send(author, Draft("", media=media))
            await stand.until(partial(has_kinds, stand, reader, kinds), "a voice and a sticker")
        question = talk.send(talk.client, Draft("Which one?"))
        seen = await stand.shown(talk.operator, "Which one?")
        album = files.number()
        for name in ("left", "right"):
            document = files.add_document(name.encode(), f"{name}.txt", "text/plain")
            talk.send(talk.operator, Draft(name, media=document, album=album, reply_to=seen.id))
        last = await stand.shown(talk.client, "right")
        together = [m for m in stand.told(talk.client) if m.album == last.album is not None]
        assert [m.text for m in together] == ["left", "right"]
        assert together[0].reply_to == question.id


MIME = {DocumentKind.VOICE: "audio/ogg", DocumentKind.STICKER: "image/webp"}


def has_kinds(stand: Stand, reader: Person, kinds: tuple[DocumentKind, ...]) -> bool:
    """Tell whether files of all these kinds were passed on to somebody."""
    came = [m.media for m in stand.told(reader) if m.author != reader.id]
    return set(kinds) <= {one.kind for one in came if isinstance(one, Document)}


async def test_replies_edits_and_reactions_are_mirrored(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        world = stand.world
        question = talk.send(talk.client, Draft("Wher is it?"))
        seen = await stand.shown(talk.operator, "Wher is it?")
        answer = talk.send(talk.operator, Draft("What?", reply_to=seen.id))
        got = await stand.shown(talk.client, "What?")
        assert got.reply_to == question.id
        world.private_talk.edit(talk.client, question.id, Draft("Where is it?"))
        await stand.shown(talk.operator, "Where is it?")
        world.private_talk.edit(talk.operator, answer.id, Draft("Which one?"))
        await stand.shown(talk.client, "Which one?")
        world.private_talk.react(talk.client, got.id, ("🔥",))
        await stand.until(lambda: answer.reactions.get(stand.bot.id) == ("🔥",), "a reaction")
        world.private_talk.react(talk.operator, seen.id, ("👍",))
        await stand.until(lambda: question.reactions.get(stand.bot.id) == ("👍",), "the other way")


async def test_an_album_stays_together(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        album = stand.world.files.number()
        for name in ("one", "two", "three"):
            document = stand.world.files.add_document(name.encode(), f"{name}.txt", "text/plain")
            talk.send(talk.client, Draft(name, media=document, album=album))
        last = await stand.shown(talk.operator, "three")
        together = [m for m in stand.told(talk.operator) if m.album == last.album is not None]
        assert [m.text for m in together] == ["one", "two", "three"]


async def test_what_was_written_before_anybody_took_the_ticket_is_delivered(stand: Stand) -> None:
    async with stand.open() as door:
        operator = await stand.operator(door, "Olga")
        client = stand.person("Anna")
        stand.say(client, "first words")
        asked = await stand.shown(client, "Связаться")
        stand.press(client, asked, "v1:ask:other")
        card = await stand.in_group("Новый клиент")
        for word in ("second", "third"):
            stand.say(client, word)
        stand.press(operator, card, "v1:take")
        await stand.shown(operator, "third")
        got = [m.text for m in stand.told(operator) if m.text in {"first words", "second", "third"}]
        assert got == ["first words", "second", "third"]


@pytest.mark.parametrize("kind", [BotFaultKind.LOST_ANSWER, BotFaultKind.TIME_OUT])
async def test_a_doubtful_relay_is_told_and_sent_again_only_when_asked(
    stand: Stand, kind: BotFaultKind
) -> None:
    async with dialogue(stand) as talk:
        stand.api.faults.add(BotFault(kind, method="copyMessage", seconds=0.1))
        said = talk.send(talk.operator, Draft("Did you get this?"))
        notice = await stand.shown(talk.operator, "могло не дойти")
        assert notice.reply_to == said.id
        arrived = 1 if kind is BotFaultKind.LOST_ANSWER else 0
        assert copies(stand, talk.client, "Did you get this?") == arrived
        assert buttons_of(notice)[0].startswith("v1:again:")
        stand.press(talk.operator, notice, "v1:again")
        await stand.until(
            lambda: copies(stand, talk.client, "Did you get this?") == arrived + 1, "sent again"
        )


def copies(stand: Stand, person: Person, text: str) -> int:
    return sum(m.text == text for m in stand.told(person))


async def test_too_fast_and_broken_answers_are_waited_out(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        stand.api.faults.add(BotFault(BotFaultKind.TOO_MANY, method="copyMessage", seconds=1))
        stand.api.faults.add(BotFault(BotFaultKind.BROKEN, method="copyMessage"))
        stand.say(talk.client, "still there?")
        await stand.shown(talk.operator, "still there?")
        assert copies(stand, talk.operator, "still there?") == 1


async def test_a_client_who_blocked_the_bot_gets_everything_once_back(stand: Stand) -> None:
    async with dialogue(stand) as talk:
        stand.world.blocks.set(talk.client, stand.bot, blocked=True)
        await stand.shown(talk.operator, "заблокировал бота")
        stand.say(talk.operator, "are you there?")
        stand.world.blocks.set(talk.client, stand.bot, blocked=False)
        await stand.shown(talk.client, "are you there?")
        await stand.shown(talk.operator, "снова с нами")


async def test_an_operator_who_never_pressed_start_is_told_how(stand: Stand) -> None:
    async with stand.open() as door:
        olga = await stand.operator(door, "Olga", started=False)
        client = stand.person("Anna")
        stand.say(client, "help")
        asked = await stand.shown(client, "Связаться")
        stand.press(client, asked, "v1:ask:other")
        card = await stand.in_group("Новый клиент")
        stand.press(olga, card, "v1:take")
        told = await stand.in_group("нажмите «Старт»")
        assert told.reply_to == card.id
        stand.say(olga, "/start")
        await stand.shown(olga, "Вы оператор")
        stand.press(olga, card, "v1:take")
        await stand.shown(olga, "help")


def explosive(_house: House) -> Wing:
    """Make a wing with a fault of ours in it."""
    router = Router()

    @router.message(Command("explode"))
    async def explode(_message: object) -> None:
        raise RuntimeError("a fault of ours")

    return Wing(router)


async def test_a_fault_of_ours_is_said_sorry_for_and_the_desk_goes_on(stand: Stand) -> None:
    async with stand.open(wings=[explosive]):
        anna = stand.person("Anna", language="en")
        stand.say(anna, "/explode")
        await stand.shown(anna, "Something went wrong")
        stand.say(anna, "/start")
        await stand.shown(anna, "Hello, Anna")
