"""Opt-outs raced against claims: once an opt-out has returned, no send to that person starts.

One person has written to every account, and an answer of each is due at the same moment; then the
person asks us to stop (a message recorded by the intake), or Telegram says that they blocked one of
the accounts, or an operator notes it. When a send starts, and when an opt-out returns, is told as
for revokes (see `races`).
"""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import text

from cli.compose import Company
from orchestrator.facts import DirectMessageSeen
from orchestrator.ids import AccountId, ConversationId, MessageId, OutboxId, TelegramId
from orchestrator.refusals import Action, Refusal, Scope
from tests.chaos.letters import line_up
from tests.chaos.population import DIRECTOR
from tests.chaos.races import LAST, NARROW, WARM_UPS, WIDEN, RacePlan, RaceReport
from tests.chaos.rig import Rig
from tests.chaos.storm import Nobody, Observer

ONE_OF = """
    SELECT {what} FROM outbox o JOIN answers a ON a.id = o.answer_id
    WHERE o.peer_id = :person ORDER BY o.id LIMIT 1
"""
UNDER = text("SELECT id, peer_id, state FROM outbox WHERE id > :after AND kind = 'direct'")
CANCELLED = """
    SELECT count(*) FROM outbox WHERE peer_id = :person AND state IN ('cancelled', 'failed')
"""
BLOCKED = Refusal("USER_IS_BLOCKED", Scope.CONVERSATION, Action.OPT_OUT, "the person blocked us")


class Way(StrEnum):
    """How a person comes to hear no more of us."""

    STOP_WORD = "stop word"
    BLOCK = "block"
    OPERATOR = "operator"


WAYS = tuple(Way)


@dataclass(frozen=True, slots=True)
class OptedOut:
    """One opt-out: when it was begun, and when it returned."""

    way: Way
    begun: float
    returned: float


@dataclass(slots=True)
class OptOutRaces:
    """One trial while it runs; the plan's channels are people who are raced side by side."""

    trial: Rig
    plan: RacePlan
    observer: Observer = field(default_factory=Nobody)
    accounts: tuple[AccountId, ...] = ()
    done: int = 0
    window: float = 0.0

    @property
    def company(self) -> Company:
        """The door at which opt-outs arrive."""
        return self.trial.books.company

    async def run(self) -> RaceReport:
        """Race."""
        enlisted = await self.trial.telegram.call("enlist", self.plan.accounts, 1)
        population = await self.trial.books.populate(self.trial.pointers, enlisted)
        self.accounts = population.accounts
        for number in range(self.plan.nodes):
            await self.trial.start_node(f"racer-{number}", f"127.0.0.{number + 2}", watched=True)
        for _ in range(WARM_UPS):
            self.window = await self.time_a_round()
        after = await self.trial.books.count(LAST)
        opted_out = await self.race_everywhere()
        sends: dict[int, float] = {}
        for player in self.trial.nodes.values():
            sends |= await player.remote.call("starts")
        return await self.report(opted_out, sends, after)

    async def time_a_round(self) -> float:
        """Let everybody answer as many people as are raced at once; returns how long that takes."""
        began = time.monotonic()
        for stranger in await self.trial.telegram.call("strangers", self.plan.channels):
            await line_up(self.trial.books, self.accounts, stranger)
        if not await self.trial.until_settled(self.plan.patience):
            raise TimeoutError("what nobody opted out of was not sent either")
        return time.monotonic() - began

    async def race_everywhere(self) -> Mapping[int, OptedOut]:
        """Race several people side by side; returns every opt-out."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.race_beside(number), name="races")
                for number in range(self.plan.channels)
            ]
        return {person: opted for task in tasks for person, opted in task.result().items()}

    async def race_beside(self, number: int) -> dict[int, OptedOut]:
        """Meet, answer, opt out, again and again."""
        dice = random.Random(self.plan.seed + number)  # noqa: S311 - a trial, no secret
        opted_out: dict[int, OptedOut] = {}
        for turn in range(self.plan.rounds):
            [stranger] = await self.trial.telegram.call("strangers", 1)
            await line_up(self.trial.books, self.accounts, stranger)
            await asyncio.sleep(dice.uniform(0, self.window))
            way = WAYS[(number + turn) % len(WAYS)]
            begun = time.monotonic()
            await self.opt_out(stranger.user, way)
            opted_out[stranger.user] = OptedOut(way, begun, time.monotonic())
            left = await self.trial.books.count(CANCELLED, person=stranger.user)
            self.window *= WIDEN if left else NARROW
            self.done += self.plan.accounts
            self.observer.arrived(self.done)
        return opted_out

    async def opt_out(self, person: int, way: Way) -> None:
        """Hear that a person wants no more of us."""
        stores = self.company.stage.stores
        match way:
            case Way.STOP_WORD:
                words = DirectMessageSeen(
                    self.accounts[0], TelegramId(person), MessageId(2), "stop", datetime.now(UTC)
                )
                await stores.intake.record([words])
            case Way.BLOCK:
                message = await self.trial.books.count(ONE_OF.format(what="o.id"), person=person)
                await stores.outbox.close_conversation(OutboxId(message), BLOCKED)
            case Way.OPERATOR:
                talk = ONE_OF.format(what="a.conversation_id")
                conversation = ConversationId(await self.trial.books.count(talk, person=person))
                await stores.answers.opt_out(DIRECTOR, conversation, "by telephone")

    async def report(
        self, opted_out: Mapping[int, OptedOut], sends: Mapping[int, float], after: int
    ) -> RaceReport:
        """Hold every start against its person's opt-out."""
        report = RaceReport("opt_out")
        for row in await self.trial.books.sql(UNDER, after=after):
            opted = opted_out[row.peer_id]
            started = sends.get(row.id)
            report.races += 1
            report.cancelled += row.state in {"cancelled", "failed"}
            if started is None:
                continue
            report.sent += 1
            report.close += opted.begun <= started <= opted.returned
            if started > opted.returned:
                report.late.append(row.id)
        return report
