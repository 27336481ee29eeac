"""The life of tickets in PostgreSQL."""

import asyncio

import pytest

from db.encryption import Cipher
from db.stores.desk import postgres_desk
from orchestrator.errors import NotFound
from support.actor import THE_CLOCK, By, Side
from support.assignment import Assignment
from support.ids import (
    ActKey,
    ChatId,
    ClientId,
    ConversationId,
    TgMessageId,
    TgUserId,
    ThreadId,
    TicketId,
)
from support.languages import Language
from support.people import NewTechnician, Role, UserStatus
from support.tickets import (
    How,
    Mode,
    Opening,
    Place,
    Priority,
    TicketState,
    Verdict,
)
from tests.integration.db.conftest import Scene
from tests.integration.db.desk_scene import A_DAY, OLGA, Desk, staff, the_client


async def test_the_first_press_takes_a_ticket_and_the_second_is_told_who_did(desk: Desk) -> None:
    anna, boris = await desk.operator("anna"), await desk.operator("boris")
    ticket = await desk.ticket()
    won, lost = await desk.take(ticket, anna), await desk.take(ticket, boris)
    assert (won.verdict, won.ticket.operator, won.ticket.is_current) == (Verdict.DONE, anna, True)
    assert (lost.verdict, lost.other) == (Verdict.LOST, "anna")
    assert (await desk.take(ticket, anna)).verdict is Verdict.SAME


async def test_a_repeated_act_changes_nothing_and_says_the_same(desk: Desk) -> None:
    anna, boris = await desk.operator("anna"), await desk.operator("boris")
    ticket = await desk.ticket()
    press = ActKey("u:1:7:take")
    await desk.take(ticket, anna)
    lost = await desk.stores.tickets.take(press, ticket, boris, several=False)
    await desk.stores.tickets.return_to_queue(desk.act(), ticket, staff(anna))
    again = await desk.stores.tickets.take(press, ticket, boris, several=False)
    assert (again.verdict, again.other, again.is_replay) == (lost.verdict, "anna", True)
    assert again.ticket.state is TicketState.NEW


async def test_the_same_act_at_the_same_time_is_done_once(desk: Desk) -> None:
    anna = await desk.operator("anna")
    ticket = await desk.ticket()
    tickets = desk.stores.tickets
    asked = [tickets.take(ActKey("once"), ticket, anna, several=False) for _ in range(8)]
    came = await asyncio.gather(*asked)
    assert {one.verdict for one in came} == {Verdict.DONE}
    assert sorted(one.is_replay for one in came) == [False] + [True] * 7
    taken = [event for event in await tickets.events(ticket) if event.action == "take"]
    assert len(taken) == 1


async def test_an_operator_in_a_dialogue_takes_no_other_unless_several_are_set(desk: Desk) -> None:
    anna = await desk.operator("anna")
    first, second = await desk.ticket(), await desk.ticket()
    await desk.take(first, anna)
    busy = await desk.take(second, anna)
    assert (busy.verdict, busy.held) == (Verdict.BUSY, first)
    took = await desk.take(second, anna, several=True)
    assert took.verdict is Verdict.DONE
    current = await desk.stores.tickets.current_of(anna)
    assert current is not None
    assert current.id == second
    switched = await desk.stores.tickets.switch_to(desk.act(), first, anna)
    assert switched.ticket.is_current
    held = await desk.stores.tickets.tickets_of_operator(anna)
    assert [one.id for one in held if one.is_current] == [first]


async def test_after_the_end_the_oldest_other_dialogue_becomes_current(desk: Desk) -> None:
    anna = await desk.operator("anna")
    first, second = await desk.ticket(), await desk.ticket()
    await desk.take(first, anna)
    await desk.take(second, anna, several=True)
    ended = await desk.finish(second, anna)
    assert (ended.verdict, ended.held) == (Verdict.DONE, first)
    current = await desk.stores.tickets.current_of(anna)
    assert current is not None
    assert current.id == first


async def test_who_is_no_operator_takes_nothing(desk: Desk) -> None:
    tech = await desk.operator("tech", Role.TECHNICIAN)
    ticket = await desk.ticket()
    assert (await desk.take(ticket, tech)).verdict is Verdict.NOT_ALLOWED
    assert (await desk.stores.tickets.ticket(ticket)).state is TicketState.NEW


async def test_a_ticket_returned_keeps_its_place_in_the_queue(desk: Desk) -> None:
    anna = await desk.operator("anna")
    first, second = await desk.ticket(), await desk.ticket()
    await desk.take(first, anna)
    returned = await desk.stores.tickets.return_to_queue(desk.act(), first, staff(anna))
    assert (returned.ticket.state, returned.ticket.operator) == (TicketState.NEW, None)
    assert [one.id for one in await desk.stores.tickets.waiting(Mode.TAKE)] == [first, second]
    place = await desk.stores.tickets.queue_place(second)
    assert place is not None
    assert (place.position, place.waiting) == (2, 2)


async def test_only_the_holder_or_a_lead_gives_a_ticket_away(desk: Desk) -> None:
    anna, boris = await desk.operator("anna"), await desk.operator("boris")
    lead = await desk.operator("lena", Role.LEAD)
    ticket = await desk.ticket()
    await desk.take(ticket, anna)
    tickets = desk.stores.tickets
    refused = await tickets.hand_over(desk.act(), ticket, staff(boris), boris, several=False)
    assert (refused.verdict, refused.other) == (Verdict.NOT_THEIRS, "anna")
    given = await tickets.hand_over(desk.act(), ticket, staff(lead), boris, several=False)
    assert (given.verdict, given.ticket.operator, given.ticket.is_current) == (
        Verdict.DONE,
        boris,
        True,
    )
    assert (await desk.finish(ticket, anna)).verdict is Verdict.NOT_THEIRS
    back = await tickets.return_to_queue(
        desk.act(), ticket, By(Side.CLIENT, id=given.ticket.client)
    )
    assert back.verdict is Verdict.NOT_THEIRS


async def test_nobody_is_handed_a_second_dialogue_unasked(desk: Desk) -> None:
    anna, boris = await desk.operator("anna"), await desk.operator("boris")
    first, second = await desk.ticket(), await desk.ticket()
    await desk.take(first, anna)
    await desk.take(second, boris)
    tickets = desk.stores.tickets
    busy = await tickets.hand_over(desk.act(), first, staff(anna), boris, several=False)
    assert (busy.verdict, busy.held) == (Verdict.BUSY, second)
    given = await tickets.hand_over(desk.act(), first, staff(anna), boris, several=True)
    assert (given.verdict, given.ticket.is_current) == (Verdict.DONE, False)


async def test_a_client_has_one_open_ticket_and_reopens_it_in_time(desk: Desk) -> None:
    client = await desk.client()
    first = await desk.open(client)
    assert (first.how, (await desk.open(client)).how) == (How.NEW, How.ONGOING)
    await desk.stores.tickets.finish(desk.act(), first.ticket.id, the_client(client))
    again = await desk.open(client)
    assert (again.how, again.ticket.id, again.ticket.state) == (
        How.REOPENED,
        first.ticket.id,
        TicketState.NEW,
    )


async def test_a_ticket_closed_long_ago_stays_closed(desk: Desk) -> None:
    client = await desk.client()
    first = (await desk.open(client)).ticket.id
    await desk.stores.tickets.finish(desk.act(), first, THE_CLOCK)
    await desk.sql("UPDATE tickets SET closed_at = now() - interval '2 days'")
    late = await desk.stores.tickets.reopen(desk.act(), first, the_client(client), A_DAY)
    assert late.verdict is Verdict.TOO_LATE
    second = await desk.open(client)
    assert (second.how, second.ticket.id == first) == (How.NEW, False)
    busy = await desk.stores.tickets.reopen(desk.act(), first, THE_CLOCK, None)
    assert (busy.verdict, busy.held) == (Verdict.BUSY, second.ticket.id)


async def test_two_messages_at_once_open_one_ticket(desk: Desk) -> None:
    client = await desk.client()
    opened = await asyncio.gather(*(desk.open(client) for _ in range(6)))
    assert len({one.ticket.id for one in opened}) == 1
    assert sorted(one.how for one in opened) == [How.NEW] + [How.ONGOING] * 5


async def test_an_opening_that_is_replayed_finds_its_ticket(desk: Desk) -> None:
    opening = Opening(await desk.client(), Mode.TOPICS, Language.EN)
    first = await desk.stores.tickets.open_ticket(ActKey("o"), opening, A_DAY)
    again = await desk.stores.tickets.open_ticket(ActKey("o"), opening, A_DAY)
    assert (again.how, again.ticket, again.is_replay) == (How.NEW, first.ticket, True)


async def test_a_technician_puts_a_ticket_to_work_and_back(desk: Desk) -> None:
    stores = desk.stores
    new = NewTechnician("Masha", TgUserId(5), ChatId(-100))
    masha = await stores.technicians.put_technician(OLGA, new)
    ticket = await desk.ticket(Mode.TOPICS)
    chosen = await stores.tickets.choose_technician(desk.act(), ticket, THE_CLOCK, masha.id)
    assert (chosen.ticket.state, chosen.ticket.technician_name) == (TicketState.WORK, "Masha")
    same = await stores.tickets.choose_technician(desk.act(), ticket, THE_CLOCK, masha.id)
    assert same.verdict is Verdict.SAME
    freed = await stores.tickets.choose_technician(desk.act(), ticket, THE_CLOCK, None)
    assert (freed.ticket.state, freed.ticket.technician) == (TicketState.NEW, None)
    await stores.technicians.set_technician_active(OLGA, masha.id, is_active=False)
    refused = await stores.tickets.choose_technician(desk.act(), ticket, THE_CLOCK, masha.id)
    assert refused.verdict is Verdict.NOT_ALLOWED
    in_private = await desk.ticket(Mode.TAKE)
    await stores.technicians.set_technician_active(OLGA, masha.id, is_active=True)
    misled = await stores.tickets.choose_technician(desk.act(), in_private, THE_CLOCK, masha.id)
    assert misled.verdict is Verdict.NOT_ALLOWED


async def test_threads_lead_to_their_tickets_and_end_with_them(desk: Desk) -> None:
    stores = desk.stores
    masha = await stores.technicians.put_technician(OLGA, NewTechnician("Masha"))
    ticket, other = await desk.ticket(Mode.TOPICS), await desk.ticket(Mode.TOPICS)
    main, mirror = Place(ChatId(-1), ThreadId(10)), Place(ChatId(-2), ThreadId(20))
    assert await stores.places.set_card(ticket, main, TgMessageId(11))
    assert not await stores.places.set_card(other, main, TgMessageId(12))
    await stores.places.add_tech_thread(ticket, masha.id, mirror)
    found = await stores.places.owner_of_thread(ChatId(-1), ThreadId(10))
    mirrored = await stores.places.owner_of_thread(ChatId(-2), ThreadId(20))
    assert found is not None
    assert mirrored is not None
    assert (found.ticket.id, found.technician) == (ticket, None)
    assert (mirrored.ticket.id, mirrored.technician) == (ticket, masha.id)
    await stores.tickets.finish(desk.act(), ticket, THE_CLOCK)
    assert [one.is_closed for one in await stores.places.tech_threads(ticket)] == [True]


async def test_two_tickets_of_one_client_become_one_with_everything_said(desk: Desk) -> None:
    client = await desk.client()
    old = (await desk.open(client)).ticket.id
    await desk.say(old, the_client(client), "the old words")
    await desk.stores.notes.add_tag(desk.act(), old, THE_CLOCK, "#Refund")
    await desk.stores.tickets.finish(desk.act(), old, THE_CLOCK)
    new = (await desk.open(client, topic="warranty")).ticket.id
    stranger = await desk.ticket()
    tickets = desk.stores.tickets
    merged = await tickets.merge(desk.act(), old, new, THE_CLOCK)
    assert (merged.verdict, merged.ticket.id) == (Verdict.DONE, new)
    assert [one.words for one in await desk.stores.talk.messages(new)] == ["the old words"]
    assert await desk.stores.notes.tags(new) == ["refund"]
    assert (await tickets.ticket(old)).merged_into == new
    wrong = await tickets.merge(desk.act(), stranger, new, THE_CLOCK)
    assert wrong.verdict is Verdict.NOT_ALLOWED
    circle = await tickets.merge(desk.act(), new, old, THE_CLOCK)
    assert circle.verdict is Verdict.CLOSED
    gone = await tickets.reopen(desk.act(), old, THE_CLOCK, None)
    assert gone.verdict is Verdict.NOT_ALLOWED


async def test_the_queue_is_ordered_by_priority_first(desk: Desk) -> None:
    first, second = await desk.ticket(), await desk.ticket()
    tickets = desk.stores.tickets
    await tickets.set_priority(desk.act(), second, THE_CLOCK, Priority.URGENT)
    assert [one.id for one in await tickets.waiting()] == [second, first]
    place = await tickets.queue_place(first)
    assert place is not None
    assert place.position == 2


async def test_round_robin_and_least_busy_choose_among_those_who_are_there(desk: Desk) -> None:
    staff_store, tickets = desk.stores.staff, desk.stores.tickets
    people = [await desk.operator(name) for name in ("anna", "boris", "vera")]
    for person in people:
        member = await staff_store.staff_member(person)
        assert member.telegram_id is not None
        await staff_store.see_staff(member.telegram_id, None, "", started=True)
    await staff_store.set_away(people[2], is_away=True)
    chosen = []
    for _ in range(4):
        how = Assignment.ROUND_ROBIN
        came = await tickets.assign_next(desk.act(), await desk.ticket(), how, most=5, several=True)
        chosen.append(came.ticket.operator)
    assert chosen == [people[0], people[1], people[0], people[1]]
    await desk.finish((await tickets.tickets_of_operator(people[1]))[0].id, people[1])
    least = await tickets.assign_next(
        desk.act(), await desk.ticket(), Assignment.LEAST_BUSY, most=5, several=True
    )
    assert least.ticket.operator == people[1]
    full = await tickets.assign_next(
        desk.act(), await desk.ticket(), Assignment.LEAST_BUSY, most=2, several=True
    )
    assert (full.verdict, full.ticket.state) == (Verdict.NOT_ALLOWED, TicketState.NEW)


async def test_who_is_let_go_leaves_their_tickets_to_the_queue(desk: Desk) -> None:
    anna = await desk.operator("anna")
    ticket = await desk.ticket()
    await desk.take(ticket, anna)
    await desk.stores.staff.set_status(OLGA, anna, UserStatus.SUSPENDED)
    now = await desk.stores.tickets.ticket(ticket)
    assert (now.state, now.operator) == (TicketState.NEW, None)
    assert (await desk.take(ticket, anna)).verdict is Verdict.NOT_ALLOWED


async def test_a_conversation_of_an_account_has_a_ticket_beside_the_bots(
    scene: Scene, cipher: Cipher
) -> None:
    contact = await scene.sql("INSERT INTO contacts (telegram_id) VALUES (77) RETURNING id")
    number = await scene.sql(
        "INSERT INTO conversations (account_id, contact_id) VALUES (:a, :c) RETURNING id",
        a=scene.anna,
        c=contact,
    )
    here = Desk(scene.engine, postgres_desk(scene.engine, cipher))
    client = await here.client()
    in_the_bot = (await here.open(client)).ticket.id
    about = Opening(client, Mode.TAKE, Language.RU, conversation=ConversationId(number))
    tickets = here.stores.tickets
    opened = await tickets.open_ticket(here.act(), about, A_DAY)
    again = await tickets.open_ticket(here.act(), about, A_DAY)
    assert (opened.how, again.how) == (How.NEW, How.ONGOING)
    assert opened.ticket.id != in_the_bot
    assert await tickets.open_ticket_about(ConversationId(number)) == opened.ticket
    in_bot = await tickets.open_ticket_of(client)
    assert in_bot is not None
    assert in_bot.id == in_the_bot
    await tickets.finish(here.act(), opened.ticket.id, THE_CLOCK)
    assert await tickets.open_ticket_about(ConversationId(number)) is None


async def test_a_topic_taken_leaves_the_private_dialogue_current(desk: Desk) -> None:
    anna = await desk.operator("anna")
    private, topic = await desk.ticket(Mode.TAKE), await desk.ticket(Mode.TOPICS)
    await desk.take(private, anna)
    took = await desk.take(topic, anna)
    assert (took.verdict, took.ticket.is_current) == (Verdict.DONE, False)
    current = await desk.stores.tickets.current_of(anna)
    assert current is not None
    assert current.id == private


async def test_a_technician_goes_on_when_the_operator_leaves(desk: Desk) -> None:
    anna = await desk.operator("anna")
    masha = await desk.stores.technicians.put_technician(OLGA, NewTechnician("Masha"))
    ticket = await desk.ticket(Mode.TOPICS)
    await desk.take(ticket, anna)
    tickets = desk.stores.tickets
    await tickets.choose_technician(desk.act(), ticket, staff(anna), masha.id)
    await desk.stores.staff.set_status(OLGA, anna, UserStatus.REMOVED)
    now = await tickets.ticket(ticket)
    assert (now.state, now.operator, now.technician) == (TicketState.WORK, None, masha.id)
    by_tech = By(Side.TECH, "Masha", masha.id)
    assert (await tickets.finish(desk.act(), ticket, by_tech)).verdict is Verdict.DONE


async def test_what_a_client_reopens_waits_for_anybody(desk: Desk) -> None:
    anna, boris = await desk.operator("anna"), await desk.operator("boris")
    client = await desk.client()
    ticket = (await desk.open(client)).ticket.id
    await desk.take(ticket, anna)
    await desk.finish(ticket, anna)
    tickets = desk.stores.tickets
    opened = await tickets.reopen(desk.act(), ticket, the_client(client), A_DAY)
    assert (opened.verdict, opened.ticket.state, opened.ticket.reopened) == (
        Verdict.DONE,
        TicketState.NEW,
        1,
    )
    same = await tickets.reopen(desk.act(), ticket, the_client(client), A_DAY)
    assert same.verdict is Verdict.SAME
    assert (await desk.take(ticket, boris)).verdict is Verdict.DONE


async def test_a_ticket_that_there_is_not_is_said_to_be_missing(desk: Desk) -> None:
    anna = await desk.operator("anna")
    with pytest.raises(NotFound, match="no ticket 404"):
        await desk.take(TicketId(404), anna)
    nobody = Opening(ClientId(404), Mode.TAKE, Language.RU)
    with pytest.raises(NotFound, match="no client"):
        await desk.stores.tickets.open_ticket(desk.act(), nobody, A_DAY)


async def test_everything_that_happened_is_on_record(desk: Desk) -> None:
    anna = await desk.operator("anna")
    ticket = await desk.ticket()
    await desk.take(ticket, anna)
    await desk.stores.notes.record_event(
        desk.act(), ticket, staff(anna), "mention", {"text": "@boris помоги"}
    )
    await desk.finish(ticket, anna)
    events = await desk.stores.tickets.events(ticket)
    assert [one.action for one in events] == ["open", "take", "mention", "finish"]
    assert events[0].side == Side.CLIENT
    assert events[2].payload["text"] == "@boris помоги"
