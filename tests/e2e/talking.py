"""A person who writes to an account of ours, and what they both see."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from cli.compose import Company, company
from cli.demo.command import TUNING, replace_settings
from cli.demo.theatre import PHONES, Theatre
from cli.documents import read_scripts
from cli.settings import Settings
from db.embedded import Servers
from orchestrator.conversations.terms import BurstTerms, TalkTerms
from orchestrator.ids import ConversationId
from orchestrator.ports.conversations import (
    ConversationDetail,
    ConversationRow,
    ConversationState,
    TurnRecord,
)
from orchestrator.tuning import Tuning
from personas.persona import Persona
from personas.scripts.model import Script
from simulator.server import serve
from simulator.world.messages import Message
from simulator.world.people import Person
from tests.e2e.conftest import OLGA, PATIENCE, Play
from tests.support.watchdog import NoWatchdog

CLUB = Path("cli/demo_data/conversations")
BURSTS = BurstTerms(quiet=timedelta(milliseconds=150), longest=timedelta(seconds=2))
TERMS = TalkTerms(
    letters_per_second=5000,
    longest_typing=timedelta(milliseconds=100),
)
QUICK = replace(
    TUNING,
    lease=timedelta(seconds=10),
    poll=timedelta(milliseconds=100),
    bursts=BURSTS,
    conversations=TERMS,
)
LENA = Persona(
    key="lena",
    name="Lena",
    disclosure="Speaks for the magazine Lantern; a machine helps it write",
)


@dataclass(slots=True)
class Talk:
    """One account of ours and one person."""

    play: Play
    person: Person

    @property
    def account(self) -> Person:
        """Our account, as the world knows it."""
        return self.play.theatre.people_of(PHONES[:1])[0]

    @property
    def company(self) -> Company:
        """The company whose account it is."""
        return self.play.company

    def write(self, words: str) -> Message:
        """Let the person write to the account; gives the person's copy."""
        return self.play.theatre.world.send_private(self.person, self.account, words)

    def answers(self) -> list[str]:
        """Return what the account said to the person, as the person sees it."""
        seen = self.play.theatre.world.messages_of((self.person, self.account))
        return [one.text for one in seen if one.author == self.account.id]

    def sees_everything_read(self) -> bool:
        """Tell whether the person sees that all they wrote was read."""
        mine = [
            one.id
            for one in self.play.theatre.world.messages_of((self.person, self.account))
            if one.author == self.person.id
        ]
        return self.person.inbox.read_by_them.get(self.account.id, 0) >= max(mine)

    async def hears(self, wanted: int) -> list[str]:
        """Wait until the person has had so many answers, and return all of them."""
        await self.until(lambda: len(self.answers()) >= wanted)
        return self.answers()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until the world shows something."""
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.02)

    async def says(self, told: str, *expected: str, parts: int = 1) -> None:
        """Write, and wait for an answer that holds these words."""
        before = len(self.answers())
        self.write(told)
        said = "\n".join((await self.hears(before + parts))[before:])
        for words in expected:
            assert words.casefold() in said.casefold(), said

    def other(self, name: str) -> "Talk":
        """Let somebody else talk to the same account."""
        person = self.play.theatre.world.add_person("", name)
        return Talk(self.play, person)

    async def row(self) -> ConversationRow | None:
        """Return this person's conversation, once there is one."""
        rows = await self.company.service.conversations.list(None, None, 100)
        return next((row for row in rows if row.contact == self.person.name), None)

    async def reaches(self, state: ConversationState) -> None:
        """Wait until the conversation is in a state."""

        async def reached() -> bool:
            row = await self.row()
            return row is not None and row.state is state

        await self.play.until(reached)

    async def number(self) -> ConversationId:
        """Return the conversation's number."""
        row = await self.row()
        assert row is not None
        return row.id

    async def detail(self) -> ConversationDetail:
        """Return all that is known of the conversation."""
        return await self.company.service.conversations.show(await self.number())

    async def turns(self) -> Sequence[TurnRecord]:
        """Return what was decided in it."""
        return await self.company.service.conversations.explain(await self.number())

    def recorded(self, wanted: int) -> Callable[[], Awaitable[bool]]:
        """Ask whether so many of the person's messages are on record."""

        async def are() -> bool:
            detail = await self.detail()
            return sum(not one.ours for one in detail.history) >= wanted

        return are

    async def waiting_jobs(self, later_than: timedelta = timedelta(0)) -> int:
        """Count the turns that wait for a time so far away."""
        counted = text(
            "SELECT count(*) FROM jobs WHERE kind = 'Converse' "
            "AND state IN ('waiting', 'taken') AND due_at >= now() + CAST(:later AS interval)"
        )
        async with self.company.engine.begin() as connection:
            found = await connection.execute(counted, {"later": later_than})
        return int(found.scalar_one())

    async def idle(self) -> bool:
        """Ask whether no turn of this conversation waits to be made."""
        counted = text(
            "SELECT count(*) FROM jobs WHERE kind = 'Converse' AND state IN ('waiting', 'taken')"
            " AND CAST(payload ->> 'conversation' AS bigint) = :number"
        )
        number = await self.number()
        async with self.company.engine.begin() as connection:
            found = await connection.execute(counted, {"number": number})
        return int(found.scalar_one()) == 0

    async def settles(self) -> None:
        """Wait until nothing of this person's is unanswered, and nothing waits to be said."""

        async def settled() -> bool:
            row = await self.row()
            waiting = await self.company.service.outbox.list(100)
            return row is not None and not row.unanswered and not waiting

        await self.play.until(settled)


@asynccontextmanager
async def talking(
    database_url: str,
    redis_url: str,
    folder: Path,
    tuning: Tuning = QUICK,
    *,
    bot_api: bool = False,
) -> AsyncIterator[Talk]:
    """An account of the club's, its scripts published, and a person; no node runs yet."""
    async with serve(bot_api=bot_api) as server:
        told = replace_settings(Settings(), server, Servers(database_url, redis_url), folder)
        async with company(told, tuning=tuning, watchdog=NoWatchdog()) as opened:
            play = Play(Theatre.build(server, "Lantern"), opened)
            await play.engage(LENA)
            await opened.service.library.import_scripts(OLGA, club(), "first")
            person = play.theatre.world.add_person("+9996627777", "Pavel Petrov", username="pavel")
            yield Talk(play, person)


def club() -> list[Script]:
    """Read the scripts that come with Troupe."""
    return read_scripts(CLUB)
