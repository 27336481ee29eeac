"""What is said in tickets, surveys, clocks and what staff ask for, in PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.errors import BadInput, NotFound
from support.actor import THE_CLOCK
from support.ids import ActKey, AttachmentId, ChatId, ClientId, TgMessageId, TicketId
from support.reports import TicketFilter
from support.sla import Clock, ClockKind, SlaPolicy
from support.survey import SurveyStep
from support.talk import Attachment, ContentType, NewMessage, Recorded, Source
from support.tickets import TicketState
from tests.integration.db.desk_scene import OLGA, Desk, staff, the_client

HOUR = timedelta(hours=1)
POLICY = SlaPolicy("all", HOUR, 2 * HOUR, 24 * HOUR, timedelta(minutes=10))


async def a_dialogue(desk: Desk) -> tuple[TicketId, ClientId]:
    """Open a ticket; returns its client too."""
    client = await desk.client()
    return (await desk.open(client)).ticket.id, client


async def test_a_message_is_recorded_once_by_where_it_was_written(desk: Desk) -> None:
    ticket, client = await a_dialogue(desk)
    photo = Attachment("file", "unique", "image/jpeg", 100, 640, 480)
    message = NewMessage(
        ticket=ticket,
        by=the_client(client),
        source=Source(ChatId(5), TgMessageId(6)),
        content_type=ContentType.PHOTO,
        text=None,
        caption="look",
        sent_at=datetime.now(UTC),
        media_group="album",
        attachments=(photo,),
    )
    first = await desk.stores.talk.record_message(message)
    again = await desk.stores.talk.record_message(message)
    assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
    [found] = await desk.stores.talk.messages(ticket)
    assert (found.words, found.media_group, len(found.attachments)) == ("look", "album", 1)
    [waiting] = await desk.stores.talk.attachments_without_file(10)
    assert waiting.file_unique_id == "unique"
    await desk.stores.talk.store_file(AttachmentId(waiting.id or 0), "media/unique.jpg")
    assert await desk.stores.talk.attachments_without_file(10) == []


async def test_what_has_no_source_is_recorded_once_by_its_act(desk: Desk) -> None:
    ticket, _ = await a_dialogue(desk)
    now = datetime.now(UTC)
    canned = NewMessage(
        ticket, THE_CLOCK, None, ContentType.TEXT, "Thank you", None, now, act=ActKey("canned")
    )
    first = await desk.stores.talk.record_message(canned)
    again = await desk.stores.talk.record_message(canned)
    assert (first.is_new, again) == (True, Recorded(first.id, is_new=False))
    assert len(await desk.stores.talk.messages(ticket)) == 1


async def test_what_the_client_wrote_and_what_was_said_last_stand_in_order(desk: Desk) -> None:
    ticket, client = await a_dialogue(desk)
    said = [await desk.say(ticket, the_client(client), f"line {n}") for n in range(3)]
    await desk.say(ticket, THE_CLOCK, "we shall answer soon")
    talk = desk.stores.talk
    assert [one.id for one in await talk.messages_of_client(ticket)] == [one.id for one in said]
    latest = await talk.latest_messages(ticket, 2)
    assert [one.words for one in latest] == ["line 2", "we shall answer soon"]


async def test_an_edit_keeps_the_first_words_and_a_deletion_all(desk: Desk) -> None:
    ticket, client = await a_dialogue(desk)
    await desk.say(ticket, the_client(client), "helo")
    [message] = await desk.stores.talk.messages(ticket)
    assert message.source is not None
    now = datetime.now(UTC)
    edited = await desk.stores.talk.edit_message(message.source, "hello", None, now)
    assert edited is not None
    assert (edited.words, edited.edited_at) == ("hello", now)
    deleted = await desk.stores.talk.delete_message(message.source, now)
    assert deleted is not None
    assert (deleted.words, deleted.deleted_at) == ("hello", now)
    assert await desk.sql("SELECT first_text FROM ticket_messages") == "helo"
    nowhere = Source(ChatId(9), TgMessageId(9))
    assert await desk.stores.talk.edit_message(nowhere, "x", None, now) is None


async def test_any_mark_below_five_asks_what_to_do_better(desk: Desk) -> None:
    ticket, client = await a_dialogue(desk)
    surveys = desk.stores.surveys
    with pytest.raises(NotFound, match="never closed"):
        await surveys.answer(desk.act(), ticket, 1, 5)
    await desk.stores.tickets.finish(desk.act(), ticket, the_client(client))
    steps = []
    for question, value in ((1, 5), (2, 4), (3, 5)):
        after = await surveys.answer(desk.act(), ticket, question, value)
        steps.append(after.survey.step)
    assert steps == [SurveyStep.SECOND, SurveyStep.THIRD, SurveyStep.COMMENT]
    key = ActKey("comment")
    over = await surveys.comment(key, ticket, "Answer sooner")
    assert (over.survey.step, over.survey.comment) == (SurveyStep.OVER, "Answer sooner")
    assert not (await surveys.comment(key, ticket, "Answer sooner")).is_new
    assert not (await surveys.answer(desk.act(), ticket, 1, 1)).is_new
    assert over.survey.answers == (5, 4, 5)
    with pytest.raises(BadInput):
        await surveys.answer(desk.act(), ticket, 4, 5)


async def test_three_fives_end_the_survey(desk: Desk) -> None:
    ticket, _ = await a_dialogue(desk)
    await desk.stores.tickets.finish(desk.act(), ticket, THE_CLOCK)
    for question in (1, 2, 3):
        after = await desk.stores.surveys.answer(desk.act(), ticket, question, 5)
    assert (after.survey.step, after.survey.finished_at is None) == (SurveyStep.OVER, False)


async def clocks_of(desk: Desk, ticket: TicketId) -> dict[ClockKind, Clock]:
    """Return a ticket's newest clock of each kind."""
    found = await desk.stores.clocks.clocks(ticket)
    return {clock.kind: clock for clock in reversed(found)}


async def test_an_answer_meets_its_promise_and_lets_the_patient_clock_wait(desk: Desk) -> None:
    await desk.stores.catalogue.put_policy(OLGA, POLICY)
    ticket, client = await a_dialogue(desk)
    anna = await desk.operator("anna")
    assert set(await clocks_of(desk, ticket)) == {ClockKind.FIRST_ANSWER, ClockKind.RESOLUTION}
    await desk.say(ticket, the_client(client), "hello?")
    await desk.take(ticket, anna)
    await desk.say(ticket, staff(anna), "good day")
    clocks = await clocks_of(desk, ticket)
    assert clocks[ClockKind.FIRST_ANSWER].met_at is not None
    waiting = clocks[ClockKind.RESOLUTION]
    assert waiting.due_at is None
    assert waiting.left is not None
    assert timedelta(hours=23) < waiting.left <= timedelta(hours=24)
    await desk.say(ticket, the_client(client), "and now?")
    clocks = await clocks_of(desk, ticket)
    assert clocks[ClockKind.RESOLUTION].due_at is not None
    assert clocks[ClockKind.NEXT_ANSWER].met_at is None
    await desk.finish(ticket, anna)
    assert (await clocks_of(desk, ticket))[ClockKind.RESOLUTION].met_at is not None


async def test_notices_are_due_until_they_are_marked(desk: Desk) -> None:
    await desk.stores.catalogue.put_policy(OLGA, POLICY)
    ticket, _ = await a_dialogue(desk)
    clocks = desk.stores.clocks
    now = datetime.now(UTC)
    assert await clocks.due_notices(now) == []
    soon = now + timedelta(minutes=55)
    [warning] = await clocks.due_notices(soon)
    assert (warning.ticket, warning.kind, warning.is_breach) == (
        ticket,
        ClockKind.FIRST_ANSWER,
        False,
    )
    assert await clocks.due_notices(soon) == [warning]
    assert await clocks.mark_noticed([warning]) == 1
    assert await clocks.mark_noticed([warning]) == 0
    assert await clocks.due_notices(soon) == []
    late = now + timedelta(minutes=65)
    [breach] = await clocks.due_notices(late)
    assert breach.is_breach
    await clocks.mark_noticed([breach])
    assert await clocks.due_notices(late) == []
    [_, first] = await clocks.clocks(ticket)
    assert first.breached_at == first.due_at


async def test_a_pause_keeps_what_is_left(desk: Desk) -> None:
    await desk.stores.catalogue.put_policy(OLGA, POLICY)
    ticket, _ = await a_dialogue(desk)
    key = ActKey("pause")
    assert await desk.stores.clocks.pause(key, ticket, THE_CLOCK)
    assert not await desk.stores.clocks.pause(key, ticket, THE_CLOCK)
    assert all(one.due_at is None for one in await desk.stores.clocks.clocks(ticket))
    far = datetime.now(UTC) + timedelta(days=30)
    assert await desk.stores.clocks.due_notices(far) == []
    assert await desk.stores.clocks.resume(desk.act(), ticket, THE_CLOCK)
    assert len(await desk.stores.clocks.due_notices(far)) == 2


async def test_a_silent_client_is_warned_once_and_then_let_go(desk: Desk) -> None:
    ticket, client = await a_dialogue(desk)
    anna = await desk.operator("anna")
    await desk.take(ticket, anna)
    await desk.say(ticket, staff(anna), "Does it work now?")
    clocks, now = desk.stores.clocks, datetime.now(UTC)
    assert await clocks.idle_to_warn(now, HOUR) == []
    idle = await clocks.idle_to_warn(now + 2 * HOUR, HOUR)
    assert [one.ticket for one in idle] == [ticket]
    assert await clocks.mark_idle_warned(idle) == 1
    assert await clocks.mark_idle_warned(idle) == 0
    assert await clocks.idle_to_warn(now + 2 * HOUR, HOUR) == []
    [over] = await clocks.idle_to_close(now + 2 * HOUR, HOUR)
    await desk.say(ticket, the_client(client), "yes")
    assert await clocks.idle_to_close(now + 2 * HOUR, HOUR) == []
    await desk.say(ticket, staff(anna), "Anything else?")
    assert await clocks.mark_idle_warned([over]) == 0


async def test_search_knows_numbers_names_and_words_of_both_languages(desk: Desk) -> None:
    client = await desk.client("Мария Кузнецова")
    ticket = (await desk.open(client)).ticket.id
    other, someone = await a_dialogue(desk)
    await desk.say(ticket, the_client(client), "Чайник сломался через три дня после покупки")
    await desk.say(other, the_client(someone), "The kettles were broken on arrival")
    search = desk.stores.reports.search

    async def found(query: str) -> list[TicketId]:
        return [one.ticket.id for one in await search(query)]

    assert await found("чайники") == [ticket]
    assert await found("kettle") == [other]
    assert await found("сломался -чайник") == []
    assert await found("Кузнецова") == [ticket]
    assert await found(f"#{other}") == [other]
    member = await desk.stores.clients.client(someone)
    assert await found(f"@{member.username}") == [other]
    assert await found("  ") == []
    assert "Чайник" in (await search("чайник"))[0].excerpt
    assert await found("'; DROP TABLE tickets; --") == []


async def test_a_transcript_holds_everything(desk: Desk) -> None:
    ticket, client = await a_dialogue(desk)
    await desk.say(ticket, the_client(client), "thanks")
    await desk.say(ticket, the_client(client), "hello", ago=HOUR)
    await desk.stores.notes.add_note(desk.act(), ticket, THE_CLOCK, "a regular")
    call: dict[str, object] = {"text": "@boris помоги"}
    await desk.stores.notes.record_event(desk.act(), ticket, THE_CLOCK, "call", call)
    await desk.stores.notes.add_tag(desk.act(), ticket, THE_CLOCK, "VIP")
    await desk.stores.tickets.finish(desk.act(), ticket, THE_CLOCK)
    whole = await desk.stores.reports.transcript(ticket)
    assert [one.words for one in whole.messages] == ["hello", "thanks"]
    assert [one.text for one in whole.notes] == ["a regular", "@boris помоги"]
    assert whole.tags == ["vip"]
    assert whole.survey is not None
    assert whole.client.id == client


async def test_figures_are_the_desks_and_each_operators(desk: Desk) -> None:
    await desk.stores.catalogue.put_policy(OLGA, POLICY)
    anna = await desk.operator("anna")
    ticket, client = await a_dialogue(desk)
    await desk.ticket()
    await desk.take(ticket, anna)
    await desk.say(ticket, staff(anna), "good day")
    await desk.finish(ticket, anna)
    await desk.stores.surveys.answer(desk.act(), ticket, 1, 4)
    since = datetime.now(UTC) - HOUR
    stats = await desk.stores.reports.stats(since)
    assert (stats.whole.waiting, stats.whole.in_work, stats.whole.closed) == (1, 0, 1)
    assert (stats.whole.promises_met, stats.whole.promises_broken, stats.whole.sla) == (2, 0, 1.0)
    [hers] = stats.operators
    assert (hers.name, hers.closed, hers.mean_score) == ("anna", 1, 4.0)
    assert hers.mean_to_answer is not None
    assert hers.mean_to_answer < HOUR
    listed = await desk.stores.tickets.tickets(TicketFilter(state=TicketState.CLOSED))
    assert [one.id for one in listed] == [ticket]
    assert client == listed[0].client
