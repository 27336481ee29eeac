"""A desk that is killed in the middle of its work loses nothing and doubles nothing."""

import asyncio
import base64
import json
import os
import sys
from collections import Counter
from pathlib import Path

import asyncpg

from db.engine import plain_url
from simulator.world.people import Person
from support.terms import DeskTerms
from tests.integration.desk.stand import PATIENCE, Stand, chat_id

ON_THEIR_WAY = "SELECT count(*) FROM desk_parcels WHERE state IN ('due', 'sending')"
CLIENTS = 5
EACH = int(os.environ.get("TROUPE_TEST_RELAYS", "100")) // CLIENTS
DEATHS = tuple(
    (point, passes * EACH // 100)
    for point, passes in (("handled", 40), ("claimed", 60), ("answered", 70), ("settled", 40))
)
"""At which point the process is killed, and how often it passes that point before."""


async def tickets_in_work(stand: Stand) -> list[tuple[Person, Person]]:
    """Give each of several operators a client."""
    pairs = []
    async with stand.open() as door:
        for number in range(CLIENTS):
            operator = await stand.operator(door, f"Operator{number}")
            client = stand.person(f"Client{number}")
            stand.say(client, "/start")
            menu = await stand.shown(client, "Здравствуйте")
            stand.press(client, menu, "v1:topic:other")
            await stand.shown(client, "Связаться")
            stand.press(client, menu, "v1:ask:other")
            card = await stand.in_group(f"Новый клиент #{number + 1}")
            stand.press(operator, card, "v1:take")
            await stand.shown(client, "Оператор подключился")
            pairs.append((client, operator))
        await settled(stand)
    return pairs


async def live_until_killed(
    stand: Stand, name: str, point: str, passes: int, home: Path | None = None
) -> int:
    """Run a desk in a process until it kills itself; returns its exit code.

    With a data folder it takes part in the conversations of that company's accounts.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.desk.victim", stdin=asyncio.subprocess.PIPE
    )
    key = base64.b64encode(stand.keyring.active.secret).decode()
    told = {
        "database_url": stand.database_url,
        "redis_url": stand.redis_url,
        "url": stand.url,
        "token": stand.token,
        "group": chat_id(stand.group),
        "keys": key,
        "name": name,
        "point": point,
        "passes": passes,
        "home": None if home is None else str(home),
    }
    async with asyncio.timeout(240):
        await process.communicate(json.dumps(told).encode() + b"\n")
        return await process.wait()


async def fetch(stand: Stand, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(plain_url(stand.database_url))
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


def received(stand: Stand, operator: Person) -> Counter[str]:
    """Count the client's words that an operator was shown."""
    return Counter(m.text for m in stand.told(operator) if m.text.startswith("word "))


async def test_kills_in_the_middle_of_relays_lose_none_and_double_none(
    stand: Stand,
) -> None:
    stand.terms = DeskTerms(client_messages_a_minute=600)
    pairs = await tickets_in_work(stand)
    for number in range(EACH):
        for client, _ in pairs:
            stand.say(client, f"word {client.first_name} {number}")
    for life, (point, passes) in enumerate(DEATHS):
        assert await live_until_killed(stand, f"victim{life}", point, passes) == -9
    async with stand.open("last"):
        await stand.until(lambda: done(stand, pairs), "everything is relayed or marked")
        await settled(stand)
        doubtful = await doubtful_words(stand)
        for client, operator in pairs:
            got = received(stand, operator)
            said = {f"word {client.first_name} {number}" for number in range(EACH)}
            assert set(got) | doubtful >= said, "none is lost"
            assert not [word for word, count in got.items() if count > 1], "none is doubled"
            in_order = [m.text for m in stand.told(operator) if m.text.startswith("word ")]
            assert in_order == sorted(in_order, key=lambda word: int(word.split()[-1]))
        assert doubtful, "a process that dies with requests on their way leaves doubts"
        marks = await fetch(stand, "SELECT count(*) FROM desk_parcels WHERE key LIKE 'p:%'")
        unknown = await fetch(stand, "SELECT id FROM desk_parcels WHERE state = 'unknown'")
        assert marks[0][0] == len(unknown) == len(doubtful)


async def settled(stand: Stand) -> None:
    """Wait until nothing is on its way: a mark may come for what arrived after all."""
    async with asyncio.timeout(PATIENCE):
        while (await fetch(stand, ON_THEIR_WAY))[0][0]:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.05)


def done(stand: Stand, pairs: list[tuple[Person, Person]]) -> bool:
    """Tell whether every word was shown, but for as many as there are marks."""
    shown = sum(received(stand, operator).total() for _, operator in pairs)
    marks = sum("могло не дойти" in message.text for _, op in pairs for message in stand.told(op))
    last = all(
        f"word {client.first_name} {EACH - 1}" in received(stand, op) for client, op in pairs
    )
    return last and shown + marks >= CLIENTS * EACH


async def doubtful_words(stand: Stand) -> set[str]:
    """Return the words whose parcels are marked as doubtful."""
    found = await fetch(
        stand,
        """
        SELECT m.message_text FROM desk_parcels p
        JOIN ticket_messages m ON m.source_chat_id = p.source_chat
            AND m.source_message_id = p.source_message
        WHERE p.state = 'unknown'
        """,
    )
    return {row[0] for row in found}
