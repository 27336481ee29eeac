"""Accounts on a simulated Telegram, and a sink that remembers what it was told."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from accounts.endpoint import Endpoint, Patience, Server
from accounts.telegram import TelethonTelegram
from orchestrator.facts import Fact
from orchestrator.ids import AccountId
from orchestrator.ports.sessions import SessionStore
from orchestrator.ports.telegram import Profile
from simulator.server import TelegramServer
from simulator.world.people import Person

ANNA, BORIS = AccountId(1), AccountId(2)
PHONES = {ANNA: "+9996611111", BORIS: "+9996622222"}
SOON = timedelta(seconds=5)
QUICK = Patience(connect=SOON, answer=SOON, close=timedelta(seconds=1), saving=timedelta(0))

F = TypeVar("F", bound=Fact)


def endpoint(server: TelegramServer, local_address: str | None = None) -> Endpoint:
    where = Server(server.host, server.port, server.dc_id, server.public_key)
    return Endpoint(server.api_id, server.api_hash, where, local_address)


async def until(done: Callable[[], bool]) -> None:
    """Let the loop run until a condition holds that nobody announces."""
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.001)


class Prompter:
    """Answers what signing in asks, and remembers what it was asked."""

    def __init__(
        self, *codes: str, passwords: tuple[str, ...] = (), name: str = "Somebody"
    ) -> None:
        self.codes, self.passwords, self.first_name = list(codes), list(passwords), name
        self.asked: list[str] = []
        self.hints: list[str | None] = []

    async def code(self) -> str:
        self.asked.append("code")
        return self.codes.pop(0)

    async def password(self, hint: str | None) -> str:
        self.asked.append("password")
        self.hints.append(hint)
        return self.passwords.pop(0)

    async def name(self) -> str:
        self.asked.append("name")
        return self.first_name


class Ear:
    """A sink; `refuse` makes it fail, `gate` makes it wait before it commits."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.heard = asyncio.Condition()
        self.gate: asyncio.Event | None = None
        self.begun = asyncio.Event()
        self.refuse: Exception | None = None

    async def __call__(self, fact: Fact) -> None:
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.refuse is not None:
            raise self.refuse
        async with self.heard:
            self.facts.append(fact)
            self.heard.notify_all()

    def of(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(30), self.heard:
            await self.heard.wait_for(done)


class Cast:
    """The simulated Telegram with the accounts that are signed in on it."""

    def __init__(self, server: TelegramServer, sessions: SessionStore) -> None:
        self.server, self.world, self.sessions = server, server.world, sessions
        self.telegram = self.door()

    def door(
        self, patience: Patience = QUICK, local_address: str | None = None
    ) -> TelethonTelegram:
        return TelethonTelegram(endpoint(self.server, local_address), self.sessions, patience)

    async def enlist(self, account: AccountId = ANNA, name: str = "Anna") -> Person:
        phone = PHONES[account]
        person = self.world.add_person(phone, name)
        await self.sign_in(account)
        return person

    async def sign_in(self, account: AccountId) -> Profile:
        phone = PHONES[account]
        code = self.world.logins.code_for(phone)
        return await self.telegram.sign_in(account, phone, Prompter(code))
