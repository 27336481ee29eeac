"""Revokes raced against claims: once a revoke has returned, no send starts under its grant.

Precisely: a send starts when the account's client is handed the letter (`AccountClient.send`), that
is after the claim was granted; a revoke returns when `troupe grants revoke` would. Both moments are
read from CLOCK_MONOTONIC, which all processes of a machine share. A message that was neither
cancelled nor listed as in flight must not have started after the revoke began, either.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import text

from cli.compose import Company
from orchestrator.ids import ChannelId, GrantId
from orchestrator.ports.grants import Revocation
from tests.chaos.population import DIRECTOR, Population
from tests.chaos.rig import Rig
from tests.chaos.storm import Nobody, Observer

RING = text("SELECT pg_notify('troupe', 'outbox')")
LIVE = "SELECT id FROM grants WHERE channel_id = :channel AND revoked_at IS NULL"
UNDER = text("SELECT id, grant_id, comment_id, state FROM outbox WHERE id > :after")
LAST = "SELECT coalesce(max(id), 0) FROM outbox"
WARM_UPS = 2
NARROW, WIDEN = 0.5, 1.2
"""What a revoke that came too late for every message does to the window, and one that did not."""


@dataclass(frozen=True, slots=True)
class RacePlan:
    """How many claims are raced, and by how many accounts at once in each channel."""

    seed: int
    races: int = 10_000
    accounts: int = 30
    channels: int = 6
    nodes: int = 2
    patience: float = 60.0

    @property
    def rounds(self) -> int:
        """Revokes in each channel; each meets one message of every account."""
        return -(-self.races // (self.accounts * self.channels))


@dataclass(frozen=True, slots=True)
class Revoked:
    """One revoke: when it was begun and returned, and what it listed as in flight."""

    begun: float
    returned: float
    listed: frozenset[int]


@dataclass(slots=True)
class RaceReport:
    """What the races came to."""

    against: str
    """What claims were raced against."""
    races: int = 0
    sent: int = 0
    cancelled: int = 0
    close: int = 0
    """Sends that started while the revoke or opt-out was on its way."""
    late: list[int] = field(default_factory=list)
    """Rows whose send started after it had returned."""
    unlisted: list[int] = field(default_factory=list)
    """Rows whose send started after a revoke had begun, and that it did not list."""

    @property
    def is_clean(self) -> bool:
        """Whether no send started where none may."""
        return not (self.late or self.unlisted)

    def line(self) -> str:
        """Say it in one line."""
        return (
            f"races={self.races} sent={self.sent} cancelled={self.cancelled} close={self.close} "
            f"started_after_{self.against}={len(self.late)} unlisted={len(self.unlisted)}"
        )


@dataclass(slots=True)
class Races:
    """One trial while it runs."""

    trial: Rig
    plan: RacePlan
    observer: Observer = field(default_factory=Nobody)
    done: int = 0
    window: float = 0.0
    """Seconds after the messages became due within which the revoke begins; what the races come to
    narrows or widens it, so that both sides win often however fast the machine is just now."""

    @property
    def company(self) -> Company:
        """The door from which grants are revoked."""
        return self.trial.books.company

    async def run(self) -> RaceReport:
        """Race."""
        posts = WARM_UPS + self.plan.rounds
        enlisted = await self.trial.telegram.call("enlist", self.plan.accounts, posts)
        population = await self.trial.books.populate(
            self.trial.pointers, enlisted, shared=self.plan.channels
        )
        for number in range(self.plan.nodes):
            await self.trial.start_node(f"racer-{number}", f"127.0.0.{number + 2}", watched=True)
        for _ in range(WARM_UPS):
            self.window = await self.time_a_round(population)
        after = await self.trial.books.count(LAST)
        revoked = await self.race_everywhere(population)
        sends: dict[int, float] = {}
        for player in self.trial.nodes.values():
            sends |= await player.remote.call("starts")
        return await self.report(revoked, sends, after)

    async def time_a_round(self, population: Population) -> float:
        """Let one round go out in every channel without a revoke; returns how long that takes."""
        began = time.monotonic()
        for channel in population.channels[: self.plan.channels]:
            await self.trial.books.fill_outbox(self.plan.accounts, channel)
        await self.trial.books.sql(RING)
        if not await self.trial.until_settled(self.plan.patience):
            raise TimeoutError("what nobody revoked was not sent either")
        return time.monotonic() - began

    async def race_everywhere(self, population: Population) -> Mapping[GrantId, Revoked]:
        """Race in all channels side by side; returns every revoke."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.race_in(channel, self.plan.seed + channel), name="races")
                for channel in population.channels[: self.plan.channels]
            ]
        return {grant: revoked for task in tasks for grant, revoked in task.result().items()}

    async def race_in(self, channel: ChannelId, seed: int) -> dict[GrantId, Revoked]:
        """Grant, queue, revoke, again and again."""
        dice = random.Random(seed)  # noqa: S311 - a trial, no secret
        revoked: dict[GrantId, Revoked] = {}
        for turn in range(self.plan.rounds):
            if turn:
                await self.trial.books.grant_again(channel)
            grant = GrantId(await self.trial.books.count(LIVE, channel=channel))
            await self.trial.books.fill_outbox(self.plan.accounts, channel)
            await self.trial.books.sql(RING)
            await asyncio.sleep(dice.uniform(0, self.window))
            begun = time.monotonic()
            revocation = await self.company.service.grants.revoke(DIRECTOR, grant)
            revoked[grant] = Revoked(begun, time.monotonic(), listed_in(revocation))
            self.window *= WIDEN if revocation.cancelled else NARROW
            self.done += self.plan.accounts
            self.observer.arrived(self.done)
        return revoked

    async def report(
        self, revoked: Mapping[GrantId, Revoked], sends: Mapping[int, float], after: int
    ) -> RaceReport:
        """Hold every start against the revoke of its grant."""
        report = RaceReport("revoke")
        for row in await self.trial.books.sql(UNDER, after=after):
            revoke = revoked[GrantId(row.grant_id)]
            started = sends.get(row.id)
            report.races += 1
            report.cancelled += row.state in {"cancelled", "failed"}
            if started is None:
                continue
            report.sent += 1
            report.close += revoke.begun <= started <= revoke.returned
            if started > revoke.returned:
                report.late.append(row.id)
            if started > revoke.begun and row.comment_id not in revoke.listed:
                report.unlisted.append(row.id)
        return report


def listed_in(revocation: Revocation) -> frozenset[int]:
    """Return the comments that a revoke lists as in flight."""
    return frozenset(int(flight.comment) for flight in revocation.in_flight)
