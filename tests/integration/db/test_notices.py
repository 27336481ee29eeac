"""Hearing from PostgreSQL, also after the connection was lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from db.notify import RECONNECTED, Notices
from orchestrator.actor import Actor
from orchestrator.commands import ReadProfile
from orchestrator.ports.work import Topic
from tests.integration.db.conftest import OLGA, Scene

PATIENCE = 10.0


class Ear:
    """Collects topics and waits for one of them."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.news = asyncio.Condition()

    def hear(self, topic: str) -> None:
        self.heard.append(topic)

    async def has_heard(self, notices: Notices, topic: str, *, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.heard.count(topic) < times:
                await notices.wait(Topic(topic) if topic in set(Topic) else Topic.JOBS, 0.05)


@pytest.fixture
async def notices(database_url: str) -> AsyncIterator[Notices]:
    async with Notices(database_url).run() as running:
        await running.listening.wait()
        yield running


async def execute(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def change_label(scene: Scene) -> Awaitable[None]:
    return scene.stores.settings.put_setting(Actor("olga"), "pace", "3")


def put_command(scene: Scene) -> Awaitable[object]:
    return scene.stores.commands.put_command(scene.anna, ReadProfile(), "a door")


@pytest.mark.parametrize(
    ("act", "topic"),
    [
        (lambda scene: scene.queued(), "outbox"),
        (put_command, "commands"),
        (change_label, "settings"),
        (lambda scene: scene.stores.grants.revoke_and_cancel(OLGA, scene.grant), "grants"),
        (lambda scene: scene.sql("UPDATE personas SET style = 'dry'"), "personas"),
        (lambda scene: scene.sql("UPDATE schedules SET is_active = false"), "campaigns"),
        (lambda scene: scene.sql("UPDATE scripts SET is_active = false"), "scripts"),
    ],
)
async def test_what_others_wait_for_rings(
    scene: Scene, notices: Notices, act: Callable[[Scene], Awaitable[object]], topic: str
) -> None:
    ear = Ear()
    notices.add_listener(ear.hear)
    await act(scene)
    await ear.has_heard(notices, topic)


async def test_recording_a_post_tells_only_this_process(scene: Scene, notices: Notices) -> None:
    ear = Ear()
    notices.add_listener(ear.hear)
    await scene.post()
    await scene.sql("SELECT pg_notify('troupe', 'last')")
    await ear.has_heard(notices, "last")
    assert ear.heard == ["last"]


async def test_a_lost_connection_comes_back_and_says_so(
    database_url: str, notices: Notices
) -> None:
    ear = Ear()
    notices.add_listener(ear.hear)
    await execute(
        database_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'troupe notices' AND datname = current_database()",
    )
    await ear.has_heard(notices, RECONNECTED)
    await execute(database_url, "SELECT pg_notify('troupe', 'outbox')")
    await ear.has_heard(notices, "outbox")


async def test_whoever_waits_is_woken_at_once_and_otherwise_after_its_time() -> None:
    notices = Notices("postgresql://nobody@127.0.0.1:9/none")
    waiting = asyncio.create_task(notices.wait(Topic.JOBS, PATIENCE))
    other = asyncio.create_task(notices.wait(Topic.RESULTS, 0.01))
    await asyncio.sleep(0)
    notices.hear("jobs")
    async with asyncio.timeout(1):
        await waiting
        await other


async def test_without_a_server_the_poll_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with Notices("postgresql://nobody@127.0.0.1:9/none").run() as notices:
        async with asyncio.timeout(PATIENCE):
            while "polling goes on" not in caplog.text:
                await notices.wait(Topic.JOBS, 0.02)
        assert not notices.listening.is_set()
