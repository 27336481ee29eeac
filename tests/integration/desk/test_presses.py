"""Operators rush for tickets; `make proofs` has fifty press a thousand times for a hundred."""

import os
import random
from collections import Counter

import asyncpg

from db.engine import plain_url
from desk.door import Door
from simulator.world.messages import Message
from simulator.world.people import Person
from simulator.world.queries import CallbackQuery
from support.ids import TgUserId
from support.people import NewStaff, Role
from tests.integration.desk.stand import BOSS, Stand

OPERATORS = int(os.environ.get("TROUPE_TEST_OPERATORS", "12"))
TICKETS, PRESSES = OPERATORS * 2, OPERATORS * 20
HOLDERS = """
    SELECT t.id, u.name FROM tickets t JOIN users u ON u.id = t.operator_id
    WHERE t.state = 'work' ORDER BY t.id
"""


async def crew(stand: Stand, door: Door) -> list[Person]:
    """Let operators be born who have pressed /start."""
    people = [stand.person(f"Operator{number}") for number in range(OPERATORS)]
    for person in people:
        stand.world.join(stand.group, person)
        role = NewStaff(person.first_name, TgUserId(person.id), frozenset({Role.OPERATOR}))
        await door.desk.staff.add_staff(BOSS, role)
        stand.say(person, "/start")
    for person in people:
        await stand.shown(person, "Вы оператор")
    return people


async def waiting_clients(stand: Stand) -> list[Message]:
    """Let clients ask for an operator; returns the cards in the group."""
    clients = [stand.person(f"Client{number}") for number in range(TICKETS)]
    for client in clients:
        stand.say(client, "help")
    for client in clients:
        asked = await stand.shown(client, "Связаться с оператором?")
        stand.press(client, asked, "v1:ask:other")
    await stand.until(lambda: len(cards(stand)) == TICKETS, "every ticket has its card")
    return cards(stand)


def cards(stand: Stand) -> list[Message]:
    return [m for m in stand.group.history if "Новый клиент #" in m.text]


async def holders(stand: Stand) -> dict[int, str]:
    """Return who holds which ticket."""
    connection = await asyncpg.connect(plain_url(stand.database_url))
    try:
        return {row["id"]: row["name"] for row in await connection.fetch(HOLDERS)}
    finally:
        await connection.close()


def number_of(query: CallbackQuery) -> int:
    return int(query.data.decode().rpartition(":")[2])


async def answered(stand: Stand, queries: list[CallbackQuery]) -> list[str]:
    """Wait until each press was answered; returns what was shown."""
    await stand.until(lambda: all(q.answer for q in queries), "each press is answered")
    return [query.answer.text if query.answer else "" for query in queries]


async def test_each_ticket_is_taken_once_and_nobody_holds_two(stand: Stand) -> None:
    dice = random.Random(6)  # noqa: S311 - the same presses each time
    async with stand.open() as door:
        operators = await crew(stand, door)
        shown = await waiting_clients(stand)
        pairs = [(operator, dice.choice(shown)) for operator in operators for _ in range(20)]
        dice.shuffle(pairs)
        queries = [stand.press(operator, card, "v1:take") for operator, card in pairs]
        assert len(queries) == PRESSES
        texts = await answered(stand, queries)
        taken = await holders(stand)
        assert len(taken) == OPERATORS
        assert set(Counter(taken.values()).values()) == {1}
        winners = sum(text.startswith("Вы взяли") for text in texts)
        assert winners == OPERATORS
        lost = [(q, text) for q, text in zip(queries, texts, strict=True) if "уже взял" in text]
        assert lost
        for query, text in lost:
            assert text.startswith(f"#{number_of(query)} уже взял(а) {taken[number_of(query)]}")
        await finish_all(stand, operators)
        left = [card for card in shown if number_in(card) not in taken]
        rest = [stand.press(o, card, "v1:take") for o, card in zip(operators, left, strict=True)]
        await answered(stand, rest)
        assert set(await holders(stand)) == {number_in(card) for card in left}


def number_in(card: Message) -> int:
    """Read the ticket's number from its card."""
    return int(card.text.split("#")[1].split()[0])


async def finish_all(stand: Stand, operators: list[Person]) -> None:
    """Let every operator press *Finish*."""
    queries = [
        stand.press(operator, await stand.shown(operator, "Вы подключены"), "v1:finish")
        for operator in operators
    ]
    await answered(stand, queries)
