"""Loading after notices, and the numbers that a running node takes up."""

import asyncio
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from orchestrator.errors import BadInput
from orchestrator.library.numbers import LIVE, Numbers
from orchestrator.library.reloader import Reloader
from orchestrator.ports.work import Topic
from orchestrator.tuning import Tuning

LATER = replace(Tuning(), comment_lasts=timedelta(hours=2))
LONGER = replace(Tuning(), lease=timedelta(seconds=60))


class Shelf:
    """Counts loads; fails while it is told to."""

    def __init__(self) -> None:
        self.loads = 0
        self.failure: Exception | None = None
        self.loaded = asyncio.Semaphore(0)

    async def load(self) -> None:
        self.loads += 1
        self.loaded.release()
        if self.failure is not None:
            raise self.failure


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("topic", ["scripts", "reconnected"])
async def test_a_notice_of_the_topic_or_of_a_reconnection_loads_again(topic: str) -> None:
    shelf = Shelf()
    reloader = Reloader(Topic.SCRIPTS, shelf.load, 60.0)
    task = asyncio.create_task(reloader.run(), name="reloader")
    await shelf.loaded.acquire()
    reloader.hear("outbox")
    assert not reloader.due.is_set()
    reloader.hear(topic)
    await shelf.loaded.acquire()
    await stop(task)
    assert shelf.loads == 2


@pytest.mark.parametrize("failure", [BadInput("no such thing"), OSError("gone"), ValueError("bug")])
async def test_what_fails_is_said_once_and_tried_again(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf()
    shelf.failure = failure
    task = asyncio.create_task(Reloader(Topic.SCRIPTS, shelf.load, 0.01).run(), name="reloader")
    for _ in range(3):
        await shelf.loaded.acquire()
    said = [record for record in caplog.records if "scripts stay as they are" in record.message]
    assert len(said) == 1 or isinstance(failure, ValueError)
    shelf.failure = None
    await shelf.loaded.acquire()
    await stop(task)


def test_numbers_that_may_change_are_taken_up_and_others_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    numbers = Numbers(Tuning())
    both = replace(LATER, lease=LONGER.lease)
    numbers.take(both)
    numbers.take(both)
    assert (numbers.now, numbers.waiting) == (LATER, frozenset({"lease"}))
    assert caplog.text.count("wait until this node starts again: lease") == 1
    numbers.take(Tuning())
    assert (numbers.now, numbers.waiting) == (Tuning(), frozenset())


async def test_settings_that_cannot_work_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def read() -> Tuning:
        raise BadInput("lease: must lie between 3 s and 10 min")

    numbers = Numbers(LATER, read)
    await numbers.reloader.load_once()
    assert numbers.now == LATER
    assert "settings stay as they are: lease: must lie" in caplog.text


async def test_numbers_that_were_given_are_never_read_again() -> None:
    await asyncio.wait_for(Numbers(LATER).run(), 1)


def test_what_is_agreed_between_processes_never_changes_in_one_of_them() -> None:
    assert {one.name for one in fields(Tuning)} >= LIVE
    assert not LIVE & {"lease", "claim", "answer", "stop", "start", "job_lasts"}
