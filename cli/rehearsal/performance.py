"""The rehearsal itself: post after post at its own time, each decided before the next."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cli.compose import Company
from cli.demo.players import DIRECTOR, AnswersForTestNumber
from cli.demo.theatre import CHANNEL_USERNAME, Theatre
from cli.rehearsal.casting import Casting, Part
from cli.rehearsal.history import History
from cli.rehearsal.worldclock import WorldTime
from orchestrator.errors import BadInput
from orchestrator.ports.campaigns import NewCampaign, NewSchedule
from orchestrator.ports.grants import Review
from orchestrator.service.grants import GrantTerms

FIRST_PHONE = 99966_2_1001
"""A number of Telegram's test range; the others follow it."""
MOST_ACCOUNTS = 5000
LOOK_EVERY = 0.02
UNTIL_HEARD = 30.0
UNTIL_SETTLED = 60.0
"""Seconds for one post; a model may take its time."""
MORE_AT_ONCE = 3
"""How often a message that is due may be waited for before the world goes on without it."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Performance:
    """One rehearsal while it runs."""

    casting: Casting
    history: History
    company: Company
    theatre: Theatre
    times: WorldTime
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody wants the end."""

    async def play(self, progress: Progress) -> int:
        """Publish every post at its time and let the last words be said; how many were played."""
        await self.engage()
        played = 0
        async with self.company.running_node():
            await self.until_heard()
            for post in self.history.posts:
                await self.pass_time(post.at)
                if self.asked.is_set():
                    return played
                self.theatre.publish(post.text)
                played += 1
                await self.settle(played)
                progress(len(self.history.posts) - played)
            last = self.history.posts[-1].at + self.casting.tuning.comment_lasts
            await self.pass_time(last)
        return played

    async def pass_time(self, moment: datetime) -> None:
        """Let the world's time pass, and stop wherever a message waits for it."""
        stops = 0
        while not self.asked.is_set() and stops < MORE_AT_ONCE * len(self.casting.parts):
            due = await self.times.database.next_due()
            if due is None or due >= moment:
                break
            stops += 1
            await self.times.move(due + timedelta(milliseconds=1))
            await self.settle(len(self.theatre.published))
        await self.times.move(moment)

    async def settle(self, posts: int) -> None:
        """Wait until every post is decided and what is due has left, for a bounded time."""
        deadline = time.monotonic() + UNTIL_SETTLED
        while not self.asked.is_set() and time.monotonic() < deadline:
            tally = await self.company.service.tally()
            decided = tally.posts_seen >= posts and tally.undecided == 0
            if decided and not await self.times.database.is_sending():
                return
            await self.pause()

    async def pause(self) -> None:
        """Wait a moment, at most until somebody asks for the end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.asked.wait(), LOOK_EVERY)

    async def until_heard(self) -> None:
        """Wait until news of the channel reach all accounts."""
        deadline = time.monotonic() + UNTIL_HEARD
        while not self.theatre.is_heard(self.phones) and time.monotonic() < deadline:
            await self.pause()

    @property
    def phones(self) -> tuple[str, ...]:
        """The accounts' numbers, in the order of their parts."""
        return tuple(f"+{FIRST_PHONE + number}" for number in range(len(self.casting.parts)))

    async def engage(self) -> None:
        """Bring the cast in: personas, scripts, accounts, the grant, the campaign."""
        if len(self.casting.parts) > MOST_ACCOUNTS:
            raise BadInput(f"a rehearsal has room for {MOST_ACCOUNTS} accounts")
        service, store = self.company.service, self.company.stage.stores.library
        await service.library.import_personas(DIRECTOR, [part.persona for part in self.parts])
        for script in self.casting.scripts:
            await store.put_script(DIRECTOR, script, "rehearsed")
        for part, phone in zip(self.parts, self.phones, strict=True):
            answers = AnswersForTestNumber(phone, part.persona.name)
            await service.accounts.add(DIRECTOR, part.account, phone, part.persona.key)
            await service.accounts.login(DIRECTOR, part.account, answers)
            await service.accounts.disclose(DIRECTOR, part.account)
        self.theatre.admit(self.phones)
        await self.grant_and_start()

    async def grant_and_start(self) -> None:
        """Watch the channel, record the grant that the first account proves, start."""
        service, channel = self.company.service, f"@{CHANNEL_USERNAME}"
        first = self.parts[0].account
        await service.channels.add(DIRECTOR, channel, first, timedelta(minutes=1))
        terms = GrantTerms(self.casting.comments_per_post, Review.AUTOMATIC)
        await service.grants.add(DIRECTOR, channel, first, terms)
        await self.company.stage.stores.campaigns.add_campaign(DIRECTOR, await self.campaign())
        await service.campaigns.start(DIRECTOR, self.casting.campaign.name)

    async def campaign(self) -> NewCampaign:
        """Write the campaign down as it stands in the house."""
        stores, known = self.company.stage.stores, self.casting.campaign
        channel = await stores.channels.channel_named(f"@{CHANNEL_USERNAME}")
        schedules = [
            NewSchedule(
                account=(await stores.accounts.account_named(part.account)).id,
                channel=channel.id,
                comments_per_day=part.schedule.comments_per_day,
                window=part.schedule.window,
            )
            for part in self.parts
        ]
        return NewCampaign(
            known.name, known.time_zone, known.goal, known.script_keys, tuple(schedules)
        )

    @property
    def parts(self) -> tuple[Part, ...]:
        """Who plays."""
        return self.casting.parts
