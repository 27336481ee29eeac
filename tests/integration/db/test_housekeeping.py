"""What is over goes; what explains something stays."""

from datetime import timedelta

from db.housekeeping import sweep
from orchestrator.commands import ReadProfile
from orchestrator.ids import GrantId
from orchestrator.jobs import VerifyGrant
from tests.integration.db.conftest import NODE, Scene


async def test_only_what_is_over_for_long_enough_goes(scene: Scene) -> None:
    stores = scene.stores
    for number in range(3):
        await stores.jobs.queue_job(VerifyGrant(GrantId(number)))
    taken = await stores.jobs.take_jobs(NODE, 2, stale_after=timedelta(hours=1))
    await stores.jobs.finish_jobs(taken[:1])
    await stores.commands.put_command(scene.anna, ReadProfile(), "a door")
    await stores.outbox.hold(scene.anna, None, None, timedelta(hours=-1), "flood")
    await stores.leases.node_started(NODE, "host", 1, "0.1")
    await scene.queued()
    assert set((await sweep(scene.engine)).removed.values()) == {0}
    swept = await sweep(scene.engine, timedelta(seconds=-1))
    assert swept.removed == {"jobs": 1, "commands": 1, "holds": 1, "nodes": 1}
    assert swept.months == 0
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
