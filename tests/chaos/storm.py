"""The storm: nodes, connections, servers and Telegram itself fail while messages go out."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import redis

from db.embedded import running
from simulator.mtproto.faults import Fault, FaultKind
from tests.chaos.remote import Remote, RemoteError
from tests.chaos.rig import Rig
from tests.chaos.trap import Point
from tests.chaos.verdict import Verdict, judge, unsettled_rows

SEND = "messages.SendMessage"
CONSTANT = (
    (FaultKind.LOST_ANSWER, 0.008),
    (FaultKind.CUT_AFTER, 0.005),
    (FaultKind.CUT_BEFORE, 0.005),
)
"""What happens to requests to send the whole time, and how likely."""
ADDRESSING = "messages.GetDiscussionMessage"


class Observer(Protocol):
    """Whoever watches."""

    def arrived(self, messages: int) -> None:
        """See how many messages arrived."""

    def struck(self, what: str) -> None:
        """See what went wrong."""


class Nobody:
    """Watches nothing."""

    def arrived(self, messages: int) -> None:
        """Look away."""

    def struck(self, what: str) -> None:
        """Look away."""


@dataclass(frozen=True, slots=True)
class StormPlan:
    """How much goes out, and how often each thing goes wrong."""

    seed: int
    messages: int = 10_000
    accounts: int = 60
    nodes: int = 3
    kills: int = 9
    point_kills: int = 6
    stops: int = 2
    cuts: int = 4
    floods: int = 4
    postgres_restarts: int = 2
    valkey_kills: int = 2
    patience: float = 120.0
    """Seconds without anything new in the world after which the trial ends as it is."""


@dataclass(slots=True)
class Storm:
    """One trial while it runs."""

    trial: Rig
    plan: StormPlan
    servers: Path
    """The folder of the embedded servers."""
    volatile: bool
    observer: Observer = field(default_factory=Nobody)
    dice: random.Random = field(init=False)
    struck: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Load the dice."""
        self.dice = random.Random(self.plan.seed)  # noqa: S311 - a trial, no secret

    async def run(self) -> Verdict:
        """Let it all happen; returns what it came to."""
        posts = -(-self.plan.messages // (self.plan.accounts * 50)) + 1
        await self.trial.populate(self.plan.accounts, posts)
        queued = await self.trial.books.fill_outbox(self.plan.messages)
        if queued != self.plan.messages:
            raise ValueError(f"only {queued} messages could be queued")
        await self.trial.telegram.call("order", *self.constant_faults())
        for number in range(self.plan.nodes):
            await self.start(number)
        async with self.trial.tended():
            await self.strike_as_messages_arrive()
            await self.settle()
        await self.trial.stop_all()
        return await self.judge()

    async def start(self, number: int) -> None:
        """Start one node; the wall clock of the last one jumps."""
        last = number == self.plan.nodes - 1
        await self.trial.start_node(
            f"node-{number}", f"127.0.0.{number + 2}", jumps=self.plan.seed if last else None
        )

    def constant_faults(self) -> list[Fault]:
        """Return what goes wrong with requests all the time."""
        sending = [
            Fault(SEND, kind, times=None, chance=chance, seed=self.dice.getrandbits(32))
            for kind, chance in CONSTANT
        ]
        refused = [
            Fault(method, FaultKind.ERROR, error, times=None, chance=0.003, seed=self.plan.seed)
            for method, error in (
                (SEND, "FLOOD_WAIT_1"),
                (SEND, "RPC_CALL_FAIL"),
                (ADDRESSING, "FLOOD_WAIT_1"),
            )
        ]
        return [*sending, *refused]

    async def strike_as_messages_arrive(self) -> None:
        """Spread the blows over the time in which messages arrive."""
        blows = self.blows()
        share = self.plan.messages * 0.9 / (len(blows) + 1)
        for number, (what, blow) in enumerate(blows, 1):
            await self.until_arrived(int(share * number))
            self.observer.struck(what)
            self.struck[what] += 1
            await blow()
        await self.until_arrived(self.plan.messages)

    def blows(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what is to happen, in the order that the dice give."""
        plan = self.plan
        chosen: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            *[("kill -9 of a node", self.kill_node)] * plan.kills,
            *[("kill -9 at a named point", self.kill_at_point)] * plan.point_kills,
            *[("a node stopped past its lease", self.stop_node)] * plan.stops,
            *[("every connection cut", self.cut)] * plan.cuts,
            *[("a flood wait for everybody", self.flood)] * plan.floods,
            *[("PostgreSQL restarted", self.restart_postgres)] * plan.postgres_restarts,
            *[("Valkey killed", self.kill_valkey)] * plan.valkey_kills,
        ]
        self.dice.shuffle(chosen)
        return chosen

    async def until_arrived(self, messages: int) -> None:
        """Wait for so many messages in the world, or until nothing new comes for too long."""
        loop = asyncio.get_running_loop()
        last, since = -1, loop.time()
        while last < messages and loop.time() - since < self.plan.patience:
            arrived = await self.trial.telegram.call("count_arrived")
            self.observer.arrived(arrived)
            if arrived > last:
                last, since = arrived, loop.time()
            await asyncio.sleep(0.1)

    async def kill_node(self) -> None:
        """Kill a node at any moment; the caretaker starts it again."""
        self.any_node().send_signal(signal.SIGKILL)

    async def kill_at_point(self) -> None:
        """Have a node die at a named point, after some messages."""
        name = self.dice.choice(sorted(self.trial.nodes))
        point = self.dice.choice(list(Point))
        self.trial.left_alone.add(name)
        player = await self.trial.restart(name, dies_at=point, passes=self.dice.randrange(20))
        with suppress(TimeoutError):
            async with asyncio.timeout(30):
                await player.remote.ended()
        self.trial.left_alone.discard(name)

    async def stop_node(self) -> None:
        """Stop a node for longer than its lease, then let it go on."""
        node = self.any_node()
        node.send_signal(signal.SIGSTOP)
        await asyncio.sleep(self.trial.tuning.lease.total_seconds() * 1.3)
        node.send_signal(signal.SIGCONT)

    def any_node(self) -> Remote:
        """Choose a node."""
        return self.trial.nodes[self.dice.choice(sorted(self.trial.nodes))].remote

    async def cut(self) -> None:
        """Cut every connection to Telegram."""
        await self.trial.telegram.call("cut")

    async def flood(self) -> None:
        """Tell everybody to wait for two seconds."""
        flood = Fault(SEND, FaultKind.ERROR, "FLOOD_WAIT_2", times=self.plan.accounts, chance=0.5)
        await self.trial.telegram.call("order", flood)

    async def restart_postgres(self) -> None:
        """Have PostgreSQL end at once, connections or not; its supervisor starts it again."""
        status = await running(self.servers, volatile=self.volatile)
        if status is None:
            raise RuntimeError("the servers do not run")
        pid_file = status.path / "postgres" / "postmaster.pid"
        lines = await asyncio.to_thread(pid_file.read_text)
        os.kill(int(lines.splitlines()[0]), signal.SIGINT)

    async def kill_valkey(self) -> None:
        """Kill Valkey; its supervisor starts it again, empty."""
        with redis.Redis.from_url(self.trial.settings.redis_url or "") as client:
            os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)

    async def settle(self) -> None:
        """Let nothing more go wrong, and wait until every message has come to an end."""
        await self.trial.telegram.call("withdraw_all")
        await self.trial.until_settled(self.plan.patience)

    async def judge(self) -> Verdict:
        """Hold the books against the world; what is wrong is told to the observer."""
        rows, evidence = await self.trial.books.outbox(), await self.trial.evidence()
        for line in unsettled_rows(rows, evidence)[:20]:
            self.observer.struck(line)
        if evidence.unexplained:
            raise RemoteError(f"the simulator failed: {evidence.unexplained}")
        return judge(rows, evidence)
