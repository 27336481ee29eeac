"""What is over goes; what explains something stays."""

from datetime import UTC, datetime, timedelta

from db.housekeeping import sweep
from orchestrator.commands import ReadProfile
from orchestrator.ids import GrantId
from orchestrator.jobs import VerifyGrant
from orchestrator.tuning import Retention
from tests.integration.db.conftest import NODE, Scene
from tests.support.jobs import WORKER


async def test_only_what_is_over_for_long_enough_goes(scene: Scene) -> None:
    stores = scene.stores
    for number in range(3):
        await stores.jobs.queue_job(VerifyGrant(GrantId(number)))
    taken = await stores.jobs.take_jobs(WORKER, 2)
    await stores.jobs.finish_jobs(taken[:1])
    await stores.commands.put_command(scene.anna, ReadProfile(), "a door")
    await stores.outbox.hold(scene.anna, None, None, timedelta(seconds=1), "flood")
    await stores.leases.node_started(NODE, "host", 1, "0.1")
    await scene.queued()
    kept = Retention(jobs=timedelta(days=7))
    now = datetime.now(UTC)
    early = await sweep(scene.engine, kept, now + timedelta(days=6, hours=23))
    assert early is not None
    assert set(early.removed.values()) == {0}
    swept = await sweep(scene.engine, kept, now + timedelta(days=7, minutes=1))
    assert swept is not None
    assert {name: count for name, count in swept.removed.items() if count} == {
        "jobs": 1,
        "commands": 1,
        "holds": 1,
        "nodes": 1,
    }
    assert await scene.sql("SELECT count(*) FROM jobs WHERE state = 'waiting'") == 2
    assert await scene.sql("SELECT count(*) FROM outbox") == 1


async def test_a_node_that_was_killed_is_not_listed_for_long(scene: Scene) -> None:
    born = await scene.stores.leases.node_started(NODE, "host", 1, "0.1")
    assert born is not None
    assert len(await scene.stores.leases.nodes()) == 1
    await scene.sql("UPDATE nodes SET seen_at = now() - interval '2 hours'")
    assert await scene.stores.leases.nodes() == []
    assert await scene.stores.leases.node_seen(NODE, born) is not None
    assert len(await scene.stores.leases.nodes()) == 1
