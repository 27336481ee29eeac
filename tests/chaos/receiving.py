"""Receiving under faults: posts whose updates are dropped and doubled, letters between kills."""

import asyncio
import random
import signal
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from sqlalchemy import text

from simulator.mtproto.faults import Fault, FaultKind
from tests.chaos.rig import Rig, until
from tests.chaos.storm import Nobody, Observer
from tests.chaos.verdict import Verdict

NEW_POST = "UpdateNewChannelMessage"
RECORDED = text("SELECT p.text FROM posts p WHERE p.text LIKE 'news %'")
LETTERS = text("SELECT m.text FROM messages m WHERE m.direction = 'incoming'")
TWICE_DONE = """
    SELECT count(*) FROM (
        SELECT FROM jobs WHERE kind = 'ConsiderPost'
        GROUP BY unique_key HAVING count(*) > 1) AS twice
"""
LATE = "SELECT coalesce(sum(recovered_late), 0) FROM channels"


@dataclass(frozen=True, slots=True)
class ReceivingPlan:
    """How much comes in."""

    seed: int
    posts: int = 10_000
    letters: int = 1_000
    accounts: int = 20
    burst: int = 100
    """How many posts, or letters, are published together."""
    kills: int = 6
    patience: float = 120.0


@dataclass(frozen=True, slots=True)
class Received:
    """What came in of what was published."""

    published: int
    recorded: int
    lost: int
    doubled: int
    late: int
    """Posts that no update told of and no difference gave back: a comparison found them."""
    dropped: int = 0
    """Updates that were dropped, as far as the simulator remembers."""

    @property
    def is_clean(self) -> bool:
        """Whether everything was recorded once."""
        return not (self.lost or self.doubled)

    def verdict(self) -> Verdict:
        """Word it as the last line does: what came in was not sent by us."""
        return Verdict(0, self.doubled, self.lost, double_held=0, recovered=0)

    def line(self) -> str:
        """Say it in one line."""
        return (
            f"published={self.published} recorded={self.recorded} lost={self.lost} "
            f"doubled={self.doubled} dropped={self.dropped} recovered_late={self.late}"
        )


async def receive_posts(
    trial: Rig, plan: ReceivingPlan, observer: Observer | None = None
) -> Received:
    """Publish posts while one update in five is dropped and one in twenty comes twice."""
    observer = observer or Nobody()
    await trial.telegram.call(
        "order",
        Fault(NEW_POST, FaultKind.DROP_UPDATES, times=None, chance=0.2, seed=plan.seed),
        Fault(NEW_POST, FaultKind.DOUBLE_UPDATES, times=None, chance=0.05, seed=plan.seed + 1),
    )
    published = [f"news {number}" for number in range(plan.posts)]
    for number, burst in enumerate(batches(published, plan.burst)):
        await trial.telegram.call("publish", number % plan.accounts, burst)
        observer.arrived(await recorded_posts(trial))

    async def all_recorded() -> bool:
        count = await recorded_posts(trial)
        observer.arrived(count)
        return count >= plan.posts

    await until(all_recorded, plan.patience)
    met = await trial.telegram.call("withdraw_all")
    found = [row.text for row in await trial.books.sql(RECORDED)]
    twice = await trial.books.count(TWICE_DONE)
    came = compared(published, found, twice, late=await trial.books.count(LATE))
    return replace(came, dropped=met.get(str(FaultKind.DROP_UPDATES), 0))


async def recorded_posts(trial: Rig) -> int:
    """Count the posts on record."""
    return await trial.books.count("SELECT count(*) FROM posts WHERE text LIKE 'news %'")


async def receive_letters(
    trial: Rig, plan: ReceivingPlan, observer: Observer | None = None
) -> Received:
    """Let visitors write to the accounts while nodes are killed and started again."""
    observer = observer or Nobody()
    dice = random.Random(plan.seed)  # noqa: S311 - a trial, no secret
    written = [f"letter {number}" for number in range(plan.letters)]
    bursts = list(batches(written, max(1, plan.letters // 50)))
    kill_after = set(dice.sample(range(len(bursts)), plan.kills))
    for number, burst in enumerate(bursts):
        await trial.telegram.call("write_in_private", burst)
        if number in kill_after:
            # Half of what came before is on record, so what is killed is a node at work.
            await until(partial(has_recorded, trial, number * len(burst) // 2), plan.patience)
            name = dice.choice(sorted(trial.nodes))
            observer.arrived(await recorded_letters(trial))
            observer.struck("kill -9 of a node")
            trial.nodes[name].remote.send_signal(signal.SIGKILL)
        observer.arrived(await recorded_letters(trial))
        await asyncio.sleep(0.05)

    async def all_recorded() -> bool:
        count = await recorded_letters(trial)
        observer.arrived(count)
        return count >= plan.letters

    await until(all_recorded, plan.patience)
    found = [row.text for row in await trial.books.sql(LETTERS)]
    return compared(written, found, 0, late=0)


async def has_recorded(trial: Rig, letters: int) -> bool:
    """Tell whether so many direct messages are on record."""
    return await recorded_letters(trial) >= letters


async def recorded_letters(trial: Rig) -> int:
    """Count the direct messages on record."""
    return await trial.books.count("SELECT count(*) FROM messages WHERE direction = 'incoming'")


async def open_ears(trial: Rig, plan: ReceivingPlan, nodes: int = 2) -> None:
    """Have nodes hold every account before anything is published."""
    await trial.populate(plan.accounts, posts=1)
    await trial.books.read_channels_every(timedelta(seconds=1))
    for number in range(nodes):
        await trial.start_node(f"ear-{number}", f"127.0.0.{number + 2}")

    async def all_connected() -> bool:
        return int(await trial.telegram.call("connected")) >= plan.accounts

    if not await until(all_connected, plan.patience):
        raise TimeoutError("not every account was connected")


def batches(texts: list[str], size: int) -> list[list[str]]:
    """Cut a list into pieces."""
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def compared(published: list[str], found: list[str], twice: int, *, late: int) -> Received:
    """Hold what was recorded against what was published."""
    counted = Counter(found)
    return Received(
        published=len(published),
        recorded=len(counted),
        lost=sum(1 for one in published if one not in counted),
        doubled=sum(count - 1 for count in counted.values()) + twice,
        late=late,
    )
