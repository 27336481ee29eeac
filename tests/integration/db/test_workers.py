"""A worker on a real queue: side by side, none lost, none held up by another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from orchestrator.clock import SystemClock
from orchestrator.errors import ServersUnavailable, TroupeError
from orchestrator.ids import GrantId, NodeName
from orchestrator.jobs import Job, VerifyGrant
from orchestrator.ports.stores import Stores
from orchestrator.ports.work import Topic
from orchestrator.supervisor.workers import Shift, Worker
from orchestrator.tuning import Retries, Tuning
from tests.integration.db.conftest import Scene
from tests.support.jobs import OTHER

TUNING = Tuning(
    poll=timedelta(milliseconds=50),
    jobs=Retries(3, timedelta(milliseconds=20), longest=timedelta(milliseconds=20)),
)


@dataclass
class Deeds:
    """What was done, and ways to wait for it."""

    done: list[int] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def do(self, job: Job) -> None:
        assert isinstance(job.task, VerifyGrant)
        self.done.append(job.task.grant)
        async with self.changed:
            self.changed.notify_all()

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: len(self.done) >= count)


class Silence:
    """A bell that never rings before its time."""

    async def wait(self, topic: Topic, timeout: float) -> None:  # noqa: ASYNC109 - as the port has it
        await asyncio.sleep(timeout)


def worker_of(stores: Stores, do: Callable[[Job], Awaitable[None]], node: str = "north") -> Worker:
    return Worker(NodeName(node), stores.jobs, Silence(), SystemClock(), TUNING, do)


@asynccontextmanager
async def working(worker: Worker, incarnation: int = 1) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run(lambda: incarnation))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def queue(stores: Stores, count: int) -> None:
    for number in range(count):
        await stores.jobs.queue_job(VerifyGrant(GrantId(number)))


async def states(scene: Scene) -> dict[str, int]:
    found: dict[str, int] = await scene.sql(
        "SELECT json_object_agg(state, n) FROM "
        "(SELECT state, count(*) AS n FROM jobs GROUP BY state) AS counted"
    )
    return found


async def settled(scene: Scene, expected: dict[str, int]) -> None:
    """Wait until the queue stands so."""
    async with asyncio.timeout(60):
        while await states(scene) != expected:
            pass


async def test_every_job_is_done_once_by_two_workers(scene: Scene) -> None:
    await queue(scene.stores, 250)
    deeds = Deeds()
    north = replace(worker_of(scene.stores, deeds.do), batch=20)
    south = replace(worker_of(scene.stores, deeds.do, "south"), batch=20)
    for node in ("north", "south"):
        await scene.stores.leases.node_started(NodeName(node), "host", 1, "0.1")
    async with working(north), working(south):
        await deeds.wait(250)
    assert sorted(deeds.done) == list(range(250))
    assert await states(scene) == {"done": 250}


async def test_one_slow_job_holds_up_no_other(scene: Scene) -> None:
    await queue(scene.stores, 120)
    deeds, release = Deeds(), asyncio.Event()

    async def do(job: Job) -> None:
        if job.task == VerifyGrant(GrantId(0)):
            await release.wait()
        await deeds.do(job)

    async with working(worker_of(scene.stores, do)):
        await deeds.wait(119)
        assert 0 not in deeds.done
        release.set()
        await deeds.wait(120)


async def test_no_more_jobs_are_in_hand_than_there_are_hands(scene: Scene) -> None:
    await queue(scene.stores, 60)
    deeds = Deeds()
    at_once = most = 0

    async def do(job: Job) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        await deeds.do(job)

    async with working(replace(worker_of(scene.stores, do), hands=4)):
        await deeds.wait(60)
    assert most == 4


@pytest.mark.parametrize("error", [TroupeError("no answer"), ValueError("a bug")], ids=repr)
async def test_what_fails_is_tried_again_and_then_buried_with_its_error(
    scene: Scene, error: Exception
) -> None:
    await queue(scene.stores, 2)
    deeds = Deeds()

    async def do(job: Job) -> None:
        await deeds.do(job)
        if job.task == VerifyGrant(GrantId(1)):
            raise error

    async with working(worker_of(scene.stores, do)):
        await settled(scene, {"done": 1, "buried": 1})
    assert sorted(deeds.done) == [0, 1, 1, 1]
    assert await scene.sql("SELECT attempts FROM jobs WHERE state = 'buried'") == 3
    assert str(error) in await scene.sql("SELECT last_error FROM jobs WHERE state = 'buried'")


async def test_a_job_that_takes_too_long_is_put_off(scene: Scene) -> None:
    await queue(scene.stores, 1)
    deeds = Deeds()

    async def do(job: Job) -> None:
        await deeds.do(job)
        if job.attempts == 0:
            await asyncio.Event().wait()

    tuning = replace(TUNING)
    object.__setattr__(tuning, "job_lasts", timedelta(milliseconds=50))
    async with working(replace(worker_of(scene.stores, do), tuning=tuning)):
        await deeds.wait(2)
    assert await states(scene) == {"done": 1}


async def test_a_worker_that_is_stopped_gives_back_what_it_did_not_finish(scene: Scene) -> None:
    await queue(scene.stores, 30)
    deeds = Deeds()

    async def do(job: Job) -> None:
        await deeds.do(job)
        if job.task != VerifyGrant(GrantId(0)):
            await asyncio.Event().wait()

    async with working(worker_of(scene.stores, do)):
        await deeds.wait(16)
    assert await states(scene) == {"done": 1, "waiting": 29}
    assert await scene.sql("SELECT max(attempts) FROM jobs") == 0


async def test_what_a_killed_process_took_is_done_by_another(scene: Scene) -> None:
    await queue(scene.stores, 5)
    await scene.stores.jobs.take_jobs(OTHER, 5)
    deeds = Deeds()
    async with working(worker_of(scene.stores, deeds.do)):
        await deeds.wait(5)


async def test_a_process_whose_name_was_swept_away_takes_jobs_under_its_new_number(
    scene: Scene,
) -> None:
    numbers, takers = iter([5]), []

    async def do(job: Job) -> None:
        takers.append(job.taken_by)
        await deeds.do(job)

    deeds = Deeds()
    worker = worker_of(scene.stores, do)
    shift = Shift(worker, lambda: next(numbers, 6), frozenset)
    await queue(scene.stores, 1)
    assert await shift.exchange()
    shift.done.append(shift.todo.get_nowait())
    await shift.look_after_the_dead()
    task = asyncio.create_task(worker.run(shift.incarnation))
    await deeds.wait(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert takers == ["north#6"]
    assert await states(scene) == {"done": 1}


async def test_a_job_that_ends_every_process_is_given_up(scene: Scene) -> None:
    await queue(scene.stores, 2)
    await scene.sql("UPDATE jobs SET attempts = 3 WHERE payload ->> 'grant' = '1'")
    deeds = Deeds()
    async with working(worker_of(scene.stores, deeds.do)):
        await settled(scene, {"done": 1, "buried": 1})
    assert deeds.done == [0]


@dataclass
class Faltering:
    """A queue that is away for its first exchanges, and whose answers get lost."""

    jobs: object
    failures: int

    def __getattr__(self, name: str) -> object:
        return getattr(self.jobs, name)

    async def take_jobs(self, *arguments: object, **more: object) -> object:
        taken = await self.jobs.take_jobs(*arguments, **more)  # type: ignore[attr-defined]
        if taken and self.failures:
            self.failures -= 1
            raise ServersUnavailable("the answer was lost")
        return taken


async def test_jobs_whose_taking_was_never_heard_of_are_done_all_the_same(scene: Scene) -> None:
    await queue(scene.stores, 10)
    deeds = Deeds()
    faltering = Faltering(scene.stores.jobs, failures=2)
    worker = replace(worker_of(scene.stores, deeds.do), jobs=faltering)  # type: ignore[arg-type]
    quick = replace(TUNING)
    object.__setattr__(quick, "lease", timedelta(milliseconds=60))
    async with working(replace(worker, tuning=quick)):
        await deeds.wait(10)
    assert sorted(deeds.done) == list(range(10))


async def test_a_job_that_was_given_back_and_taken_anew_is_not_finished_by_the_first_try(
    scene: Scene,
) -> None:
    tries: list[int] = []
    again, told, third = asyncio.Event(), asyncio.Event(), asyncio.Event()
    looked = [asyncio.Event(), asyncio.Event()]

    async def give_back(job: Job) -> None:
        await scene.sql(
            "UPDATE jobs SET state = 'waiting', due_at = now(), claimed_by = NULL "
            "WHERE id = :job AND state = 'taken' AND claimed_by = :by",
            job=job.id,
            by=job.taken_by,
        )

    async def do(job: Job) -> None:
        assert isinstance(job.task, VerifyGrant)
        if job.task.grant > 0:
            looked[job.task.grant - 1].set()
            return
        tries.append(len(tries))
        match len(tries):
            case 1:
                await give_back(job)
                await again.wait()
                told.set()
            case 2:
                again.set()
                await told.wait()
                # By the second of these everything was stored that had been done before the first.
                for number, event in enumerate(looked, 1):
                    await scene.stores.jobs.queue_job(VerifyGrant(GrantId(number)))
                    await event.wait()
                await give_back(job)
            case _:
                third.set()

    await queue(scene.stores, 1)
    async with working(worker_of(scene.stores, do)), asyncio.timeout(60):
        await third.wait()
        await settled(scene, {"done": 3})
    assert len(tries) == 3
