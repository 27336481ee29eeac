"""The whole life of a ticket in mode topics."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial

import pytest

from db.stores.desk_parcels import PostgresParcels
from desk.pace import BotLimits
from orchestrator.ports.desk import Amendment, BotId, Outcome, ParcelId
from simulator.bot_api.faults import BotFault, BotFaultKind
from simulator.world.channels import Channel
from simulator.world.media import Document, DocumentKind, Location
from simulator.world.messages import Draft, Message
from simulator.world.peers import MessageId
from support.catalogue import CannedReply
from support.ids import ActKey, TgUserId, TicketId
from support.languages import Language
from support.people import ClientSeen, NewTechnician
from support.tickets import Mode, Opening, Priority
from tests.integration.desk.forum import Forum, forum_group, forum_on
from tests.integration.desk.lives import life_in_topics
from tests.integration.desk.stand import BOSS, Stand, chat_id
from tests.integration.desk.stand import buttons_of as buttons
from tests.integration.desk.test_relays import MIME, has_kinds


@pytest.fixture
async def forum(stand: Stand) -> AsyncIterator[Forum]:
    async with forum_on(stand) as made:
        yield made


async def test_a_ticket_lives_in_its_topics_from_the_question_to_the_survey(forum: Forum) -> None:
    await life_in_topics(forum)


async def test_a_deleted_topic_returns_and_what_was_meant_for_it_follows(forum: Forum) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "First")
    topic = await forum.titled("#1 | Anna")
    await forum.stands("First", topic)
    stand.world.forums.delete(forum.main, stand.boss.id, topic)
    stand.say(anna, "Second")
    stand.say(anna, "Third")
    again = await forum.titled("#1 | Anna")
    assert again != topic
    await forum.stands("Обращение #1", again)
    await forum.stands("Second", again)
    await forum.stands("Third", again)
    forum.write(forum.maria, again, "We are here")
    await stand.shown(anna, "We are here")
    assert forum.texts(again).count("Second") == 1
    assert len([one for one in forum.main.topics.values() if "#1" in one.title]) == 1


async def test_a_deleted_mirror_returns_too(forum: Forum) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "First")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, f"v1:tech:1:{forum.technician.id}")
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    await forum.stands("First", mirror, forum.workshop)
    stand.world.forums.delete(forum.workshop, stand.boss.id, mirror)
    stand.say(anna, "Second")
    again = await forum.titled("#1 | Anna", forum.workshop)
    await forum.stands("Second", again, forum.workshop)
    forum.write(forum.ivan, again, "Fixed", forum.workshop)
    await stand.shown(anna, "Fixed")


async def test_calls_commands_and_service_messages_stay_among_staff(forum: Forum) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    await forum.stands("Hello", topic)
    forum.write(forum.maria, topic, "@someone помоги")
    forum.write(forum.maria, topic, "/whatever")
    newcomer = stand.person("Newcomer")
    stand.world.membership.admit(forum.main, newcomer, by=newcomer, announce=True)
    forum.write(forum.maria, topic, "Good day")
    await stand.shown(anna, "Good day")
    heard = [one.text for one in anna.inbox.messages.values() if one.author == stand.bot.id]
    assert not any("someone" in text or "whatever" in text for text in heard)
    (ticket,) = await forum.door.desk.tickets.waiting() or [
        await forum.door.desk.tickets.ticket(TicketId(1))
    ]
    events = await forum.door.desk.tickets.events(ticket.id)
    (call,) = [one for one in events if one.action == "call"]
    assert call.payload["text"] == "@someone помоги"


async def test_what_staff_write_into_a_closed_ticket_stays_there_until_it_is_reopened(
    forum: Forum,
) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, "v1:tclose:1")
    await forum.closed(topic)
    forum.write(stand.boss, topic, "Too late")
    await forum.stands("клиент этого не увидит", topic)
    await stand.until(lambda: "v1:topen:1" in buttons(card), "the card offers to reopen")
    stand.press(forum.maria, card, "v1:topen:1")
    await stand.shown(anna, "снова открыто")
    await stand.until(lambda: not forum.main.topics[MessageId(topic)].closed, "open again")
    forum.write(forum.maria, topic, "We go on")
    await stand.shown(anna, "We go on")
    assert not any("Too late" in one.text for one in anna.inbox.messages.values())


async def test_a_client_who_comes_back_finds_the_same_topics(forum: Forum) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, "v1:tclose:1")
    await stand.shown(anna, "завершено")
    await forum.closed(topic)
    said = stand.say(anna, "It broke again")
    question = await stand.shown(anna, "Связаться с оператором?", after=said.id)
    stand.press(anna, question, "v1:ask:other")
    await forum.stands("It broke again", topic)
    await stand.until(lambda: not forum.main.topics[MessageId(topic)].closed, "open again")
    assert await forum.titled("🟢 [Новый] #1") == topic


async def test_a_technician_who_is_chosen_again_finds_what_was_written_meanwhile(
    forum: Forum,
) -> None:
    stand, chosen = forum.stand, f"v1:tech:1:{forum.technician.id}"
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, chosen)
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    await forum.stands("Hello", mirror, forum.workshop)
    stand.press(forum.maria, card, "v1:tech:1:0")
    await forum.closed(mirror, forum.workshop)
    stand.say(anna, "Meanwhile")
    await forum.stands("Meanwhile", topic)
    await stand.until(lambda: chosen in buttons(card), "he may be chosen again")
    stand.press(forum.maria, card, chosen)
    await forum.stands("Meanwhile", mirror, forum.workshop)
    assert forum.texts(mirror, forum.workshop).count("Hello") == 1
    forum.write(forum.ivan, mirror, "Back again", forum.workshop)
    await stand.shown(anna, "Back again")


async def test_a_topic_whose_opening_was_never_answered_is_opened_again(stand: Stand) -> None:
    stand.api.faults.add(BotFault(BotFaultKind.LOST_ANSWER, method="createForumTopic"))
    async with forum_on(stand) as forum:
        anna = await forum.ask("Anna", "Hello")
        await stand.until(lambda: len(forum.main.topics) == 3, "a second topic")
        topic = await forum.titled("#1 | Anna")
        await forum.stands("Hello", topic)
        forum.write(forum.maria, topic, "Here")
        await stand.shown(anna, "Here")


async def test_replies_and_edits_follow_a_message_to_every_topic(forum: Forum) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, f"v1:tech:1:{forum.technician.id}")
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    hello = await forum.stands("Hello", mirror, forum.workshop)
    answer = forum.write(forum.ivan, mirror, "Hi there", forum.workshop, reply_to=hello)
    shown = await stand.shown(anna, "Hi there")
    assert shown.reply_to is not None
    assert anna.inbox.messages[shown.reply_to].text == "Hello"
    await forum.stands("Hi there", topic)
    stand.world.channel_talk.edit(forum.workshop, forum.ivan.id, answer.id, Draft("Hi, Anna"))
    await stand.shown(anna, "Hi, Anna")
    await forum.stands("Ivan:\nHi, Anna", topic)


async def test_what_is_edited_into_a_command_stays_among_staff(forum: Forum) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "It is broken")
    topic = await forum.titled("#1 | Anna")
    await forum.stands("It is broken", topic)
    said = forum.write(forum.maria, topic, "Hello")
    await stand.shown(anna, "Hello")
    edit = stand.world.channel_talk.edit
    edit(forum.main, forum.maria.id, said.id, Draft("/note Anna is rude"))
    await forum.stands("Правка похожа на команду", topic)
    edit(forum.main, forum.maria.id, said.id, Draft("Hello, Anna"))
    await stand.shown(anna, "Hello, Anna")
    assert not [one for one in stand.told(anna) if "rude" in one.text]


async def test_an_edit_reaches_a_copy_that_is_not_yet_known_to_have_arrived(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand, late, answered = forum.stand, asyncio.Event(), asyncio.Event()
    settle, amend = PostgresParcels.settle_parcel, PostgresParcels.amend_parcels

    async def settle_once_answered(self: PostgresParcels, bot: BotId, outcome: Outcome) -> None:
        if late.is_set() and outcome.parcel.parcel.source is not None:
            await answered.wait()
        await settle(self, bot, outcome)

    async def amend_before(self: PostgresParcels, amendments: Mapping[ParcelId, Amendment]) -> None:
        await amend(self, amendments)
        assert len(amendments) == 2, "the client's and the technician's"
        answered.set()

    monkeypatch.setattr(PostgresParcels, "settle_parcel", settle_once_answered)
    monkeypatch.setattr(PostgresParcels, "amend_parcels", amend_before)
    anna = await forum.ask("Anna", "First")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, f"v1:tech:1:{forum.technician.id}")
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    await forum.stands("First", mirror, forum.workshop)
    late.set()
    said = forum.write(forum.maria, topic, "Hello")
    await forum.stands("Maria:\nHello", mirror, forum.workshop)
    await stand.shown(anna, "Hello")
    stand.world.channel_talk.edit(forum.main, forum.maria.id, said.id, Draft("Good day"))
    await stand.shown(anna, "Good day")
    await forum.stands("Maria:\nGood day", mirror, forum.workshop)


async def test_files_albums_and_reactions_go_through_both_topics(forum: Forum) -> None:
    stand, world = forum.stand, forum.stand.world
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, f"v1:tech:1:{forum.technician.id}")
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    await forum.stands("Hello", mirror, forum.workshop)

    album = world.files.number()
    for name in ("one", "two"):
        file = world.files.add_document(name.encode(), f"{name}.txt", "text/plain")
        draft = Draft(name, media=file, album=album, topic=MessageId(mirror))
        world.channel_talk.send(forum.workshop, forum.ivan.id, draft)
    last = await stand.shown(anna, "two")
    first = await stand.shown(anna, "one")
    assert first.album == last.album is not None
    shown = await forum.stands("two", topic)
    assert (await forum.stands("one", topic)).album == shown.album is not None

    photo = world.files.add_document(b"photo", "photo.txt", "text/plain")
    draft = Draft("look", media=photo, topic=MessageId(mirror))
    world.channel_talk.send(forum.workshop, forum.ivan.id, draft)
    looked = await stand.shown(anna, "look")
    assert looked.text == "look"
    labelled = await forum.stands("Ivan:\nlook", topic)

    place = Draft("", media=Location(55.75, 37.62))
    world.private_talk.send(anna, stand.bot, place)
    for group, thread in ((forum.main, topic), (forum.workshop, mirror)):
        await stand.until(partial(has_place, group, thread), "a place arrives")

    world.private_talk.react(anna, looked.id, ("🔥",))
    await stand.until(lambda: labelled.reactions.get(stand.bot.id) == ("🔥",), "a reaction")


async def test_whatever_a_client_sends_and_changes_reaches_both_topics_and_back(
    forum: Forum,
) -> None:
    stand, world = forum.stand, forum.stand.world
    anna = await forum.ask("Anna", "Helo")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, f"v1:tech:1:{forum.technician.id}")
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    places = ((forum.main, topic), (forum.workshop, mirror))
    kinds = (DocumentKind.VOICE, DocumentKind.STICKER)
    for kind in kinds:
        media = world.files.add_document(kind.encode(), mime=MIME[kind], kind=kind)
        world.private_talk.send(anna, stand.bot, Draft("", media=media))
    album = world.files.number()
    for name in ("one", "two"):
        media = world.files.add_document(name.encode(), f"{name}.txt", "text/plain")
        world.private_talk.send(anna, stand.bot, Draft(name, media=media, album=album))
    for group, thread in places:
        last = await forum.stands("two", thread, group)
        first = await forum.stands("one", thread, group)
        assert first.album == last.album is not None
        await stand.until(partial(has_files, group, thread, kinds), "a voice and a sticker")

    said = next(m for m in stand.told(anna) if m.text == "Helo")
    world.private_talk.edit(anna, said.id, Draft("Hello"))
    for group, thread in places:
        await forum.stands("Hello", thread, group)

    for kind in kinds:
        media = world.files.add_document(kind.encode(), mime=MIME[kind], kind=kind)
        draft = Draft("", media=media, topic=MessageId(topic))
        world.channel_talk.send(forum.main, forum.maria.id, draft)
    await stand.until(partial(has_kinds, stand, anna, kinds), "they reach the client")
    copy = await forum.stands("Hello", topic)
    world.channel_talk.react(forum.main, forum.maria.id, copy.id, ("👍",))
    await stand.until(lambda: said.reactions.get(stand.bot.id) == ("👍",), "a reaction of staff")


def has_files(group: Channel, thread: int, kinds: tuple[DocumentKind, ...]) -> bool:
    """Tell whether files of all these kinds stand in a topic."""
    media = [one.media for one in group.history if one.thread == thread]
    return set(kinds) <= {one.kind for one in media if isinstance(one, Document)}


async def test_commands_in_a_topic_are_about_its_ticket_and_reach_no_client(forum: Forum) -> None:
    stand, desk = forum.stand, forum.door.desk
    reply = CannedReply(
        "thanks",
        {Language.RU: "Спасибо", Language.EN: "Thanks"},
        {Language.RU: "{client}, спасибо! #{ticket}", Language.EN: "Thanks"},
    )
    await desk.catalogue.put_canned_reply(BOSS, reply)
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    await forum.stands("Hello", topic)
    for command, answer in (
        ("/note drinks tea", "Заметка к #1"),
        ("/tag urgent vip", "Метки #1: urgent, vip"),
        ("/untag vip", "Метки #1: urgent"),
        ("/priority 3", "#1: приоритет срочный"),
        ("/canned", "/canned thanks – Спасибо"),
        ("/canned thanks", "Отправлено клиенту:\nAnna, спасибо! #1"),
        ("/merge #99", "Обращения #99 нет."),
        ("/merge", "Напишите /merge #12"),
        ("/merge #1", "разных клиентов или одно и то же"),
        ("/pause", "сроки приостановлены"),
        ("/resume", "сроки снова идут"),
        ("/stats", "За 7 дней"),
        ("/block", "больше не принимаются"),
        ("/unblock", "снова принимаются"),
    ):
        forum.write(forum.maria, topic, command)
        await forum.stands(answer, topic)
    await stand.shown(anna, "Anna, спасибо! #1")
    ticket = TicketId(1)
    assert [one.text for one in await desk.notes.notes(ticket)] == ["drinks tea"]
    assert (await desk.tickets.ticket(ticket)).priority is Priority.URGENT
    said = [one.text for one in stand.told(anna) if one.author == stand.bot.id]
    assert not any(one.startswith("/") or "tea" in one for one in said)


async def test_the_first_answer_comes_after_the_news_that_somebody_is_there(forum: Forum) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    await forum.stands("Hello", topic)
    forum.write(forum.maria, topic, "Good day")
    answer = await stand.shown(anna, "Good day")
    news = await stand.shown(anna, "Оператор подключился: Maria")
    assert news.id < answer.id


async def test_the_words_of_a_title_are_the_admins_to_change(stand: Stand) -> None:
    async with stand.door() as door:
        await door.desk.catalogue.put_text(BOSS, "topics.new", Language.RU, "Свежий")
    async with forum_on(stand) as forum:
        await forum.ask("А" * 64, "Hello")
        topic = await forum.titled("🟢 [Свежий] #1 | А")
        assert len(forum.main.topics[MessageId(topic)].title) <= 128


def has_place(group: Channel, thread: int) -> bool:
    return any(isinstance(one.media, Location) for one in group.history if one.thread == thread)


async def test_a_change_of_technician_closes_the_first_ones_topic(forum: Forum) -> None:
    stand = forum.stand
    second = forum_group(stand, "Second workshop")
    olga = stand.person("Olga")
    stand.world.join(second, olga)
    other = await forum.door.desk.technicians.put_technician(
        BOSS, NewTechnician("Olga", TgUserId(olga.id), chat_id(second))
    )
    anna = await forum.ask("Anna", "Hello")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    stand.press(forum.maria, card, f"v1:tech:1:{forum.technician.id}")
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    await forum.stands("Hello", mirror, forum.workshop)
    stand.press(forum.maria, card, f"v1:tech:1:{other.id}")
    taken = await forum.titled("#1 | Anna", second)
    await forum.stands("Hello", taken, second)
    await forum.closed(mirror, forum.workshop)
    forum.write(olga, taken, "My turn", second)
    await stand.shown(anna, "My turn")


async def test_in_both_modes_at_once_each_ticket_stays_in_its_own(forum: Forum) -> None:
    stand = forum.stand
    olga = await stand.operator(forum.door, "Olga")
    anna = await forum.ask("Anna", "In a topic")
    await forum.stands("In a topic", await forum.titled("#1 | Anna"))
    boris = stand.person("Boris")
    client = await forum.door.desk.clients.see_client(
        ClientSeen(TgUserId(boris.id), None, "Boris", "ru")
    )
    opening = Opening(client.id, Mode.TAKE, Language.RU)
    opened = await forum.door.desk.tickets.open_ticket(ActKey("a"), opening, timedelta())
    taken = await forum.door.desk.tickets.take(
        ActKey("b"), opened.ticket.id, (await stand.staff(forum.door, olga)).id, several=False
    )
    assert taken.is_done
    stand.say(boris, "In private")
    await stand.shown(olga, "In private")
    stand.say(olga, "Here I am")
    await stand.shown(boris, "Here I am")
    assert not any("Here I am" in one.text for one in anna.inbox.messages.values())


def offers(card: Message, chosen: int) -> bool:
    """Tell whether a card shows that somebody was chosen, whom 0 lets go, or that nobody was."""
    return ("v1:tech:1:0" in buttons(card)) == bool(chosen)


async def test_telegrams_limits_are_kept_and_titles_merge_while_they_wait(stand: Stand) -> None:
    stand.limits = BotLimits()
    stand.api.limits.enabled = True
    async with forum_on(stand) as forum:
        anna = await forum.ask("Anna", "One")
        topic = await forum.titled("#1 | Anna")
        card = await forum.stands("Обращение #1", topic)
        for technician in (forum.technician.id, 0, forum.technician.id):
            stand.press(forum.maria, card, f"v1:tech:1:{technician}")
            await stand.until(partial(offers, card, technician), "the card shows the choice")
        stand.say(anna, "Two")
        await forum.stands("Two", topic)
        assert await forum.titled("🟡 [В работе | Ivan] #1") == topic
    calls = [call for call in stand.api.journal.calls if call.method == "editForumTopic"]
    assert len([call for call in calls if call.params["chat_id"] == str(chat_id(forum.main))]) < 3
    assert not [call for call in stand.api.journal.calls if call.code == 429]


async def test_tickets_are_spread_over_several_groups(stand: Stand) -> None:
    second = forum_group(stand, "More tickets")
    async with forum_on(stand, second) as forum:
        for name in ("Anna", "Boris"):
            await forum.ask(name, f"I am {name}")
            await stand.until(partial(has_topic_of, name, forum.main, second), f"{name}'s topic")
        assert len(forum.main.topics) == len(second.topics) == 2  # General and a ticket


def has_topic_of(name: str, *groups: Channel) -> bool:
    return any(name in one.title for group in groups for one in group.topics.values())


async def test_a_technician_who_is_chosen_later_reads_what_both_sides_said(forum: Forum) -> None:
    stand = forum.stand
    anna = await forum.ask("Anna", "It is broken")
    topic = await forum.titled("#1 | Anna")
    card = await forum.stands("Обращение #1", topic)
    await forum.stands("It is broken", topic)
    said = forum.write(forum.maria, topic, "Since when?")
    await stand.shown(anna, "Since when?")
    media = stand.world.files.add_document(b"plan", "plan.txt", "text/plain")
    draft = Draft("the plan", media=media, topic=MessageId(topic))
    stand.world.channel_talk.send(forum.main, forum.maria.id, draft)
    await stand.shown(anna, "the plan")
    stand.say(anna, "Monday")
    await forum.stands("Monday", topic)
    stand.press(forum.maria, card, f"v1:tech:1:{forum.technician.id}")
    mirror = await forum.titled("#1 | Anna", forum.workshop)
    await forum.stands("Monday", mirror, forum.workshop)
    wanted = ["It is broken", "Maria:\nSince when?", "Maria:\nthe plan", "Monday"]
    shown = [one for one in forum.texts(mirror, forum.workshop) if one and "#1" not in one]
    assert [one.removeprefix("👤 ") for one in shown] == wanted
    stand.world.channel_talk.edit(forum.main, forum.maria.id, said.id, Draft("From when on?"))
    await forum.stands("Maria:\nFrom when on?", mirror, forum.workshop)
    forum.write(forum.ivan, mirror, "I see", forum.workshop)
    await forum.stands("Ivan:\nI see", topic)
    for press in (0, forum.technician.id):
        await stand.until(lambda one=press: f"v1:tech:1:{one}" in buttons(card), "it is offered")  # type: ignore[misc]
        stand.press(forum.maria, card, f"v1:tech:1:{press}")
    await stand.until(lambda: f"v1:tech:1:{forum.technician.id}" not in buttons(card), "again")
    forum.write(forum.maria, topic, "All clear?")
    await forum.stands("Maria:\nAll clear?", mirror, forum.workshop)
    assert sum("I see" in one for one in forum.texts(mirror, forum.workshop)) == 1
    assert sum("the plan" in one for one in forum.texts(mirror, forum.workshop)) == 1
