"""What people see of nodes, and ask of them."""

from datetime import timedelta

import pytest

from cli.commands.house import whats_waited_for
from orchestrator.actor import Actor
from orchestrator.errors import NotFound
from orchestrator.ids import NodeName
from orchestrator.service.nodes import Nodes, NodeStanding
from tests.integration.db.conftest import NODE, Scene
from tests.support.clock import HandClock

OLGA = Actor("olga")
SOUTH = NodeName("south")


class WatchedClock(HandClock):
    """A clock during whose passing one node goes on giving signs of life."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.scene = scene

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await self.scene.sql("UPDATE nodes SET beat = beat + 1 WHERE name = 'north'")


@pytest.fixture
async def nodes(scene: Scene) -> Nodes:
    """Two nodes, of which one lives."""
    for node in (NODE, SOUTH):
        await scene.stores.leases.node_started(node, "host", 1, "0.1")
    clock = WatchedClock(scene)
    return Nodes(scene.stores.leases, scene.stores.calendar, clock, timedelta(seconds=30))


async def test_who_lives_is_told_by_beats_that_move_whatever_the_wall_clock_says(
    scene: Scene, nodes: Nodes
) -> None:
    await scene.sql("UPDATE nodes SET seen_at = now() - interval '50 minutes' WHERE name = 'north'")
    north, south = await nodes.list()
    assert (north.standing, north.accounts) == (NodeStanding.ALIVE, 1)
    assert (south.standing, south.accounts) == (NodeStanding.SILENT, 0)
    assert south.unseen.total_seconds() < 60


async def test_what_a_silent_node_held_is_said_to_be_taken_after_a_lease_or_by_nobody(
    scene: Scene, nodes: Nodes
) -> None:
    await scene.sql("UPDATE leases SET node = 'south'")
    north, south = await nodes.list()
    assert (north.free_at, whats_waited_for(north)) == (None, "")
    assert south.free_at == max(south.seen_at, north.started_at) + timedelta(seconds=40)
    assert "What south held is taken by another by" in whats_waited_for(south)
    await scene.sql("DELETE FROM nodes WHERE name = 'north'")
    [alone] = await nodes.list()
    assert whats_waited_for(alone) == "What south held waits for a node that lives: troupe run"


async def test_a_leader_that_is_silent_leads_no_more(scene: Scene, nodes: Nodes) -> None:
    calendar = scene.stores.calendar
    await calendar.take_leadership(NODE, await calendar.leadership())
    assert [node.leads for node in await nodes.list()] == [True, False]
    await calendar.take_leadership(SOUTH, await calendar.leadership())
    assert [node.leads for node in await nodes.list()] == [False, False]


async def test_a_drain_is_seen_and_audited_and_watched_to_its_end(
    scene: Scene, nodes: Nodes
) -> None:
    await nodes.drain(OLGA, NODE)
    assert (await nodes.list())[0].standing is NodeStanding.DRAINING
    left = []
    async for held in nodes.watch_drain(NODE):
        left.append(held)
        await scene.stores.leases.release_lease(scene.anna, scene.holder.fence)
    assert left == [1, 0]
    await nodes.undrain(OLGA, NODE)
    assert (await nodes.list())[0].standing is NodeStanding.ALIVE
    acts = [entry.action for entry in await scene.stores.logs.audit_entries(2)]
    assert acts == ["undrain_node", "drain_node"]


async def test_a_node_that_there_is_not_is_answered_with_those_there_are(nodes: Nodes) -> None:
    with pytest.raises(NotFound, match="There is no node west; there are north, south"):
        await nodes.drain(OLGA, "west")
