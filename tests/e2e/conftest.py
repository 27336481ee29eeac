"""A company on real servers and a simulated Telegram, with one account, one persona, one script."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.compose import Company, company
from cli.demo.command import TUNING, replace_settings
from cli.demo.players import AnswersForTestNumber
from cli.demo.theatre import CHANNEL_USERNAME, PHONES, Theatre
from cli.settings import Settings
from db.embedded import Servers
from orchestrator.actor import Actor
from orchestrator.ports.grants import Grant, Review
from orchestrator.service.campaigns import CampaignPlan
from orchestrator.service.grants import GrantTerms
from orchestrator.service.service import Service
from personas.persona import Persona
from personas.scripts.model import Script
from simulator.mtproto.server_key import ServerKey
from simulator.server import serve
from simulator.world.messages import Message
from tests.support.watchdog import NoWatchdog

OLGA = Actor("olga")
CHANNEL = f"@{CHANNEL_USERNAME}"
PATIENCE = 120.0

ANNA = Persona(
    key="anna",
    name="Anna",
    languages=("en",),
    disclosure="Speaks for Example Ltd; a machine helps it write",
)
BORIS = ANNA.model_copy(update={"key": "boris", "name": "Boris"})
SPACE = Script.model_validate(
    {
        "key": "space",
        "kind": "comment",
        "name": "Space",
        "language": "en",
        "triggers": [
            {
                "key": "launch",
                "examples": [
                    "The rocket launched from the pad today",
                    "A new rocket launch is planned",
                    "The rocket carried a satellite into orbit",
                ],
                "responses": ["Which stage of the rocket lands first, and where?"],
            }
        ],
    }
)
ROCKET = "The rocket launched from the pad today"


@dataclass(slots=True)
class Play:
    """What a test acts on."""

    theatre: Theatre
    company: Company
    names: list[str] = field(default_factory=list)

    @property
    def service(self) -> Service:
        return self.company.service

    async def engage(self, persona: Persona, *, disclosed: bool = True, joins: bool = True) -> None:
        """Sign an account in that speaks as this persona, and let it join the channel."""
        phone = PHONES[len(self.names)]
        await self.service.library.import_personas(OLGA, [persona])
        await self.service.accounts.add(OLGA, persona.key, phone, persona.key)
        await self.service.accounts.login(
            OLGA, persona.key, AnswersForTestNumber(phone, persona.name)
        )
        if disclosed:
            await self.service.accounts.disclose(OLGA, persona.key)
        if not self.names:
            self.theatre.admit((phone,))
        elif joins:
            self.join(phone)
        self.names.append(persona.key)

    def join(self, phone: str) -> None:
        """Let a person's account join the channel as a plain member."""
        person = self.theatre.world.people.by_phone[phone.lstrip("+")]
        self.theatre.world.join(self.theatre.channel, person)

    async def watch(self) -> None:
        """Watch the channel with the first account."""
        await self.service.channels.add(OLGA, CHANNEL, self.names[0], timedelta(minutes=1))

    async def grant(self, review: Review = Review.AUTOMATIC, per_post: int = 1) -> Grant:
        """Record a grant that the first account proves."""
        terms = GrantTerms(comments_per_post=per_post, review=review)
        return await self.service.grants.add(OLGA, CHANNEL, self.names[0], terms)

    async def campaign(self, per_day: int = 10, *names: str) -> None:
        """Start a campaign at any hour, with the named accounts or with all."""
        await self.service.library.import_scripts(OLGA, [SPACE], "first")
        plan = CampaignPlan(
            "spring", (CHANNEL,), names or tuple(self.names), per_day, "00:00", "24:00", "UTC"
        )
        await self.service.campaigns.add(OLGA, plan)
        await self.service.campaigns.start(OLGA, "spring")

    async def publish(self, text: str = ROCKET) -> Message:
        """Let the channel's owner post."""
        self.theatre.publish(text)
        return self.theatre.published[-1]

    def said(self, post: Message) -> list[str]:
        """Return the comments under a post, as they stand in the world."""
        return [
            one.text for one in self.theatre.world.comments_under(self.theatre.channel, post.id)
        ]

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something has come about that only the database or the world knows."""
        async with asyncio.timeout(PATIENCE):
            while not await condition():  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.1)

    async def until_decided(self, posts: int = 1) -> None:
        """Wait until so many posts are decided and nothing is left to send."""

        async def decided() -> bool:
            tally = await self.service.tally()
            open_ones = tally.comments.get("pending", 0) + tally.comments.get("unknown", 0)
            return tally.posts_seen - tally.undecided >= posts and not open_ones

        await self.until(decided)


@pytest.fixture
async def play(
    database_url: str, redis_url: str, tmp_path: Path, server_key: ServerKey
) -> AsyncIterator[Play]:
    """An empty stage: a channel with its group, and a company that holds no account yet."""
    async with serve(server_key=server_key) as server:
        told = replace_settings(Settings(), server, Servers(database_url, redis_url), tmp_path)
        tuning = replace(TUNING, lease=timedelta(seconds=10))
        async with company(told, tuning=tuning, watchdog=NoWatchdog()) as opened:
            yield Play(Theatre.build(server, "Rockets"), opened)


@pytest.fixture
async def cast(play: Play) -> Play:
    """Anna, disclosed, watching a channel that she is an admin of."""
    await play.engage(ANNA)
    await play.watch()
    return play
