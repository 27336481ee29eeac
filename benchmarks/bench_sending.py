"""How many comments a second leave through outbox and lanes, beside bare Telethon.

    python -m benchmarks.bench_sending [--accounts N] [--messages N] [--rounds N]

Both sides send the same raw requests to the same simulator, each account one after the other, all
accounts side by side; pacing is off. Each account of either side comments in a channel of its own,
for a crowd of ours under one post is what the charter forbids, and hearing others would be what is
timed: what the other side said meanwhile, too.
Rounds alternate, and each side's median counts. Troupe's side is everything from a due row to a
proof on record, on a durable PostgreSQL of its own.
"""

import argparse
import asyncio
import gc
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text
from telethon import TelegramClient
from telethon.tl.functions.messages import GetDiscussionMessageRequest, SendMessageRequest
from telethon.tl.types import InputPeerChannel, InputReplyToMessage

from accounts.endpoint import Endpoint
from accounts.telegram import TelethonTelegram
from benchmarks import bare
from benchmarks.rig import AT_ONCE, Code, Sessions, sign_everybody_in, simulated_telegram
from benchmarks.simulation import phone_of
from benchmarks.spending import Spending, children_named
from cli.compose import Company, company
from cli.settings import Settings
from db.embedded import embedded_servers
from db.stores.outbox import random_id
from orchestrator.actor import Actor
from orchestrator.heap import spare_what_stays
from orchestrator.ids import AccountId, MessageId, TelegramId
from orchestrator.ports.telegram import Peer, Thread
from orchestrator.tuning import Pace, Tuning
from personas.persona import Persona

BENCH = Actor("benchmark")
PERSONA = Persona(key="voice", name="Voice", disclosure="Speaks for Example Ltd, with a machine")
UNPACED = Pace(timedelta(0))
TUNING = Tuning(
    account_pace=UNPACED,
    chat_pace=UNPACED,
    overall_pace=UNPACED,
    method_pace=UNPACED,
    request_pace=UNPACED,
    poll=timedelta(seconds=2),
)
POST = MessageId(2)
PATIENCE = 300.0
FIRST_LOOK = 8.0
"""Seconds in which lanes that have just begun compare their channels and dialogues first."""
HEAD_START = 1.0
"""Seconds between making messages due, which is no part of sending them, and their time."""

STAGE = """
    WITH channel AS (
        INSERT INTO channels (telegram_id, title, linked_group_id, reader_account_id)
        VALUES (:channel, 'Bench ' || CAST(:account AS text), :group,
                CAST(CAST(:account AS text) AS bigint))
        RETURNING id
    ), access AS (
        INSERT INTO channel_access (account_id, channel_id, role)
        SELECT CAST(CAST(:account AS text) AS bigint), id, 'member' FROM channel
    ), post AS (
        INSERT INTO posts (channel_id, message_id, text, created_at)
        SELECT id, 2, 'A post', now() FROM channel
    ), permit AS (
        INSERT INTO grants (channel_id, granted_by_name, proof, scope, comments_per_post, review,
                            linked_group_id)
        SELECT id, 'benchmark', 'creator', 'comments', 32767, 'automatic', :group FROM channel
        RETURNING id
    ), campaign AS (
        INSERT INTO campaigns (name, time_zone, state, created_by)
        VALUES ('bench ' || CAST(:account AS text), 'UTC', 'running', 'benchmark') RETURNING id
    ), schedule AS (
        INSERT INTO schedules (campaign_id, account_id, channel_id, comments_per_day,
                               start_time, end_time)
        SELECT campaign.id, a.id, channel.id, 32767, '00:00', '24:00'
        FROM campaign, channel, accounts a WHERE a.id = CAST(CAST(:account AS text) AS bigint)
        RETURNING id, account_id
    )
    INSERT INTO drafts (channel_id, message_id, campaign_id, schedule_id, account_id, grant_id,
                        text, strategy, reason, source, fit, state, due_at, expires_at,
                        decided_by, decided_at)
    SELECT channel.id, 2, campaign.id, schedule.id, schedule.account_id, permit.id, 'words',
           'script_80', 'bench', 'local', 1, 'queued', now(), now() + interval '1 day',
           'benchmark', now()
    FROM channel, campaign, schedule, permit
"""
QUEUE = """
    WITH said AS (
        INSERT INTO comments (channel_id, message_id, slot, account_id, draft_id, grant_id,
                              campaign_id, schedule_id, text, planned_on)
        SELECT d.channel_id, 2, :slot + n, d.account_id, d.id, d.grant_id, d.campaign_id,
               d.schedule_id, 'Comment ' || n, current_date
        FROM drafts d, generate_series(1, :messages) AS n
        WHERE d.account_id = :account
        RETURNING id, account_id, grant_id, text
    )
    INSERT INTO outbox (account_id, kind, comment_id, grant_id, text, random_id, due_at,
                        expires_at, peer_kind, peer_id, peer_access_hash, reply_to)
    SELECT account_id, 'comment', id, grant_id, text, :random_id + row_number() OVER (),
           now() + interval '1 hour', now() + interval '1 day',
           'channel', :peer, :access_hash, :reply_to
    FROM said
"""


async def time_bare(
    endpoint: Endpoint, sessions: Sessions, threads: list[Thread], each: int, cost: Spending
) -> float:
    """Send everything with bare Telethon; returns comments a second."""
    bare.trust(endpoint)
    async with AsyncExitStack() as stack:
        clients = []
        for stored in sessions.sessions.values():
            client = await bare.connect(endpoint, stored)
            stack.push_async_callback(disconnect, client)
            clients.append(client)
        gc.collect()
        begun = time.perf_counter()
        with cost.watching(simulator=simulator()):
            async with asyncio.TaskGroup() as group:
                for client, thread in zip(clients, threads, strict=True):
                    group.create_task(send_all(client, thread, each))
        return len(clients) * each / (time.perf_counter() - begun)


def simulator() -> int:
    """Return the process of the simulated Telegram."""
    return children_named("benchmarks.simulation")[0]


async def send_all(client: TelegramClient, thread: Thread, each: int) -> None:
    """Send one account's comments, one after the other."""
    peer = InputPeerChannel(thread.group.telegram_id, thread.group.access_hash)
    for number in range(each):
        request = SendMessageRequest(
            peer,
            f"Comment {number}",
            reply_to=InputReplyToMessage(thread.top_message),
            random_id=random_id(),
        )
        await client(request)


async def disconnect(client: TelegramClient) -> None:
    await client.disconnect()


async def sql(found: Company, statement: str, **values: object) -> Any:  # noqa: ANN401 - a value of any column
    """Run one statement; returns the first value of its first row, if it has rows."""
    async with found.engine.begin() as connection:
        result = await connection.execute(text(statement), values)
        return result.scalar() if result.returns_rows else None


async def time_troupe(found: Company, threads: list[Thread], each: int, cost: Spending) -> float:
    """Queue everything, let a node send it; returns comments a second."""
    total = len(threads) * each
    await sql(found, ANOTHER_DAY)
    slot = await sql(found, "SELECT coalesce(max(slot), 0) FROM comments")
    for number, thread in enumerate(threads):
        await sql(
            found,
            QUEUE,
            account=number + 1,
            messages=each,
            slot=slot + number * each,
            random_id=random_id() // 2,
            peer=thread.group.telegram_id,
            access_hash=thread.group.access_hash,
            reply_to=thread.top_message,
        )
    postgres = await postmaster(found)
    async with found.running_node("bench"):
        await until(found, READY, len(threads))
        await asyncio.sleep(FIRST_LOOK)
        begin = asyncio.get_running_loop().time() + HEAD_START
        await sql(found, MAKE_DUE, soon=timedelta(seconds=HEAD_START))
        gc.collect()
        await asyncio.sleep(begin - asyncio.get_running_loop().time())
        with cost.watching(simulator=simulator(), postgres=postgres):
            await sql(found, "SELECT pg_notify('troupe', 'outbox')")
            await until(found, SETTLED, 0)
    begun, ended = await times(found)
    sent = await sql(found, "SELECT count(*) FROM outbox WHERE due_at = :begun", begun=begun)
    reasons = await sql(found, "SELECT string_agg(DISTINCT state || last_error, '; ') FROM outbox")
    assert sent == total, f"{sent} of {total} were sent: {reasons}"
    return float(total / (ended - begun).total_seconds())


async def postmaster(found: Company) -> int:
    """Return the process that every server process of PostgreSQL is a child of."""
    backend = await sql(found, "SELECT pg_backend_pid()")
    return psutil.Process(backend).ppid()


READY = """
    SELECT count(*) FROM accounts a JOIN leases l ON l.account_id = a.id
    WHERE NOT l.released AND a.disclosed_fence = l.fence AND a.disclosed_at IS NOT NULL
"""
# The gate counts what a schedule said today, which is no thousand comments outside of benchmarks.
ANOTHER_DAY = "UPDATE comments SET planned_on = planned_on - 1, counted_on = counted_on - 1"
MAKE_DUE = "UPDATE outbox SET due_at = now() + CAST(:soon AS interval) WHERE state = 'due'"
SETTLED = "SELECT count(*) FROM outbox WHERE finished_at IS NULL"


async def times(found: Company) -> tuple[Any, Any]:
    """Return when the newest round began and when its last proof was stored."""
    begun = await sql(found, "SELECT max(due_at) FROM outbox")
    ended = await sql(found, "SELECT max(finished_at) FROM outbox WHERE due_at = :d", d=begun)
    return begun, ended


async def until(found: Company, count: str, wanted: int) -> None:
    """Wait until so many rows are counted, looking seldom enough not to count as load."""
    async with asyncio.timeout(PATIENCE):
        while await sql(found, count) != wanted:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.25)


async def engage(endpoint: Endpoint, found: Company, accounts: int) -> list[Thread]:
    """Sign accounts in, let them say what they are, and look where their comments go."""
    telegram = TelethonTelegram(endpoint, found.stage.stores.sessions)
    await found.service.library.import_personas(BENCH, [PERSONA])
    turn = asyncio.Semaphore(AT_ONCE)
    for number in range(accounts):
        await found.service.accounts.add(BENCH, f"a{number}", phone_of(number), PERSONA.key)

    async def prepare(number: int) -> Thread:
        async with turn:
            await found.service.accounts.login(BENCH, f"a{number}", Code())
            await found.service.accounts.disclose(BENCH, f"a{number}")
            async with telegram.open(AccountId(number + 1), None) as client:
                channel = (await client.channel_named(channel_of(number))).telegram_id
                thread = await client.thread_of(channel, POST)
        where = {"channel": channel, "group": thread.group.telegram_id}
        await sql(found, STAGE, **where, account=str(number + 1))
        return thread

    return await asyncio.gather(*map(prepare, range(accounts)))


def channel_of(number: int) -> str:
    """Return the name of the channel in which an account comments."""
    return f"bench_channel_{number}"


async def look(endpoint: Endpoint, sessions: Sessions) -> list[Thread]:
    """Look up where each bare account comments."""
    found = []
    for number, stored in sessions.sessions.items():
        client = await bare.connect(endpoint, stored)
        channel = await client.get_entity(channel_of(number))
        answer = await client(GetDiscussionMessageRequest(channel, POST))
        [copy] = answer.messages
        group = next(chat for chat in answer.chats if chat.id == copy.peer_id.channel_id)
        await client.disconnect()
        peer = Peer("channel", TelegramId(group.id), group.access_hash)
        found.append(Thread(peer, MessageId(copy.id)))
    return found


@asynccontextmanager
async def composed(endpoint: Endpoint, folder: Path) -> AsyncIterator[Company]:
    """Put a company together on durable servers of its own."""
    assert endpoint.server is not None
    assert endpoint.server.public_key is not None
    key_file = folder / "telegram-key.pem"
    key_file.write_text(endpoint.server.public_key)
    async with embedded_servers(folder) as servers:
        told = Settings().model_copy(
            update={
                "home": folder,
                "database_url": servers.database_url,
                "redis_url": servers.redis_url,
                "telegram_api_id": endpoint.api_id,
                "telegram_api_hash": endpoint.api_hash,
                "telegram_server": f"{endpoint.server.host}:{endpoint.server.port}",
                "telegram_dc_id": endpoint.server.dc_id,
                "telegram_public_key_file": key_file,
            }
        )
        async with company(told, tuning=TUNING, migrate=True) as found:
            yield found


async def main(accounts: int, each: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        async with (
            simulated_telegram(accounts * 2, "apart") as endpoint,
            composed(endpoint, Path(name)) as found,
        ):
            threads = await engage(endpoint, found, accounts)
            sessions = await sign_everybody_in(endpoint, accounts * 2, first=accounts)
            bare_threads = await look(endpoint, sessions)
            spare_what_stays()
            rates: dict[str, list[float]] = {"bare": [], "troupe": []}
            costs = {"bare": Spending(), "troupe": Spending()}
            for _ in range(rounds):
                rates["bare"].append(
                    await time_bare(endpoint, sessions, bare_threads, each, costs["bare"])
                )
                rates["troupe"].append(await time_troupe(found, threads, each, costs["troupe"]))
    medians = {side: statistics.median(seen) for side, seen in rates.items()}
    report = {
        "benchmark": "sending",
        "accounts": accounts,
        "messages_each": each,
        "rounds": rounds,
        "telethon_per_second": round(medians["bare"], 1),
        "troupe_per_second": round(medians["troupe"], 1),
        "ratio": round(medians["troupe"] / medians["bare"], 3),
        "aim": 0.8,
        "processor_us_per_message": {
            side: cost.per(accounts * each * rounds) for side, cost in costs.items()
        },
        "all_rounds": {side: [round(rate, 1) for rate in seen] for side, seen in rates.items()},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--messages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    asyncio.run(main(asked.accounts, asked.messages, asked.rounds))
