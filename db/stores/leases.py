"""Leases and nodes. No statement here reads a clock to decide who holds an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import one, ring, rows, run
from orchestrator.actor import Actor
from orchestrator.errors import NotFound
from orchestrator.ids import AccountId, NodeName
from orchestrator.ports.accounts import RUNS
from orchestrator.ports.leases import Fence, Incarnation, Lease, NodeRecord, Pulse, Survey
from orchestrator.ports.work import Topic

RUNNING = [str(state) for state in sorted(RUNS)]

WANTED = text(
    """
    SELECT l.account_id, l.node, l.fence, l.beat, l.released
    FROM leases l
    JOIN accounts a ON a.id = l.account_id
    JOIN account_sessions s ON s.account_id = l.account_id
    WHERE a.state = ANY(CAST(:running AS text[]))
    ORDER BY l.account_id
    """
)
OF_ACCOUNT = text(
    "SELECT account_id, node, fence, beat, released FROM leases WHERE account_id = :account"
)
# It moves only for the challenger that saw it stand still: whoever came first moved it.
# From each name the index leads on to the next, past all that is held under it.
HOLDERS = text(
    """
    WITH RECURSIVE holders AS (
        (SELECT node FROM leases WHERE node IS NOT NULL ORDER BY node LIMIT 1)
        UNION ALL
        SELECT (SELECT l.node FROM leases l WHERE l.node > h.node ORDER BY l.node LIMIT 1)
        FROM holders h WHERE h.node IS NOT NULL
    )
    SELECT node FROM holders WHERE node IS NOT NULL
    """
)
# What moving nodes hold is not read; both halves of what is looked at have an index of their own.
LOOK = text(
    """
    WITH looked AS (
        SELECT account_id, node, fence, beat, released FROM leases WHERE released
        UNION ALL
        SELECT account_id, node, fence, beat, released FROM leases
        WHERE NOT released AND node = ANY(CAST(:watched AS text[]))
    )
    SELECT l.account_id, l.node, l.fence, l.beat, l.released
    FROM looked l
    JOIN accounts a ON a.id = l.account_id
    JOIN account_sessions s ON s.account_id = l.account_id
    WHERE a.state = ANY(CAST(:running AS text[]))
    ORDER BY l.account_id
    """
)
SHARES = text("SELECT node, count(*) AS accounts FROM leases WHERE NOT released GROUP BY node")
PULSES = text(
    """
    SELECT name, incarnation, beat, draining FROM nodes
    WHERE seen_at > now() - interval '1 hour' ORDER BY name
    """
)
PULSE_OF = text("SELECT name, incarnation, beat, draining FROM nodes WHERE name = :node")
TAKE = text(
    """
    UPDATE leases
    SET node = :node, fence = fence + 1, beat = beat + 1, released = false, taken_at = now()
    WHERE account_id = :account AND fence = :fence AND beat = :beat
    RETURNING fence
    """
)
# Whoever is at a row already is about to move it: it is skipped, and no two takers wait in a ring.
TAKE_ALL = text(
    """
    WITH standing AS (
        SELECT l.account_id
        FROM leases l
        JOIN unnest(
            CAST(:accounts AS bigint[]), CAST(:fences AS bigint[]), CAST(:beats AS bigint[]))
            AS seen (account, fence, beat)
            ON l.account_id = seen.account AND l.fence = seen.fence AND l.beat = seen.beat
        FOR UPDATE OF l SKIP LOCKED
    )
    UPDATE leases l
    SET node = :node, fence = l.fence + 1, beat = l.beat + 1, released = false, taken_at = now()
    FROM standing WHERE l.account_id = standing.account_id
    RETURNING l.account_id, l.fence
    """
)
RENEW = text(
    """
    UPDATE leases l SET beat = l.beat + 1
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:fences AS bigint[])) AS held (account, fence)
    WHERE l.account_id = held.account AND l.fence = held.fence
      AND l.node = :node AND NOT l.released
    RETURNING l.account_id
    """
)
RELEASE = text(
    """
    UPDATE leases SET released = true, beat = beat + 1
    WHERE account_id = :account AND fence = :fence
    """
)
NODE_STARTED = text(
    """
    INSERT INTO nodes (name, host, pid, version) VALUES (:node, :host, :pid, :version)
    ON CONFLICT (name) DO NOTHING RETURNING incarnation
    """
)
NODE_FOLLOWED = text(
    """
    UPDATE nodes
    SET host = :host, pid = :pid, version = :version, draining = false,
        incarnation = incarnation + 1, beat = beat + 1, started_at = now(), seen_at = now()
    WHERE name = :node AND incarnation = :incarnation AND beat = :beat
    RETURNING incarnation
    """
)
NODE_SEEN = text(
    """
    UPDATE nodes SET seen_at = now(), beat = beat + 1
    WHERE name = :node AND incarnation = :incarnation
    RETURNING name, incarnation, beat, draining
    """
)
NODE_STOPPED = text("DELETE FROM nodes WHERE name = :node AND incarnation = :incarnation")
DRAIN = text("UPDATE nodes SET draining = :draining WHERE name = :node")
NODES = text(
    """
    SELECT n.name, n.host, n.pid, n.version, n.started_at, n.seen_at, n.draining, n.incarnation,
           n.beat, greatest(now() - n.seen_at, interval '0') AS unseen,
           (SELECT count(*) FROM leases l WHERE l.node = n.name AND NOT l.released) AS accounts
    FROM nodes n WHERE n.seen_at > now() - interval '1 hour' ORDER BY n.name
    """
)


@dataclass(frozen=True, slots=True)
class PostgresLeases:
    """Implements `LeaseStore`."""

    engine: AsyncEngine

    async def leases(self) -> Sequence[Lease]:
        """Return the leases of all accounts that should be connected."""
        async with transaction(self.engine) as connection:
            return [to_lease(row) for row in await rows(connection, WANTED, running=RUNNING)]

    async def lease_of(self, account: AccountId) -> Lease:
        """Return one account's lease."""
        async with transaction(self.engine) as connection:
            row = await one(connection, OF_ACCOUNT, account=account)
        if row is None:
            raise NotFound(f"There is no account {account}: see `troupe accounts list`")
        return to_lease(row)

    async def take_lease(self, node: NodeName, seen: Lease) -> Fence | None:
        """Take the lease if it did not move."""
        async with transaction(self.engine) as connection:
            taken = await one(
                connection,
                TAKE,
                node=node,
                account=seen.account,
                fence=seen.fence,
                beat=seen.beat,
            )
        return None if taken is None else Fence(taken.fence)

    async def survey(self, node: NodeName, moving: frozenset[NodeName]) -> Survey:
        """Look at what may have to change hands; `moving` nodes are believed to hold theirs."""
        async with transaction(self.engine) as connection:
            pulses = tuple(to_pulse(row) for row in await rows(connection, PULSES))
            holders = {NodeName(row.node) for row in await rows(connection, HOLDERS)}
            watched = sorted(holders - (moving - {node}))
            looked = await rows(connection, LOOK, running=RUNNING, watched=watched)
        return Survey(pulses, tuple(to_lease(row) for row in looked))

    async def shares(self) -> Mapping[NodeName, int]:
        """Count what each node holds."""
        async with transaction(self.engine) as connection:
            return {NodeName(r.node): int(r.accounts) for r in await rows(connection, SHARES)}

    async def take_leases(self, node: NodeName, seen: Sequence[Lease]) -> Mapping[AccountId, Fence]:
        """Take those that did not move."""
        async with transaction(self.engine) as connection:
            taken = await rows(
                connection,
                TAKE_ALL,
                node=node,
                accounts=[lease.account for lease in seen],
                fences=[lease.fence for lease in seen],
                beats=[lease.beat for lease in seen],
            )
        return {AccountId(row.account_id): Fence(row.fence) for row in taken}

    async def renew_leases(
        self, node: NodeName, held: Mapping[AccountId, Fence]
    ) -> frozenset[AccountId]:
        """Move the beat of each that is still ours."""
        if not held:
            return frozenset()
        async with transaction(self.engine) as connection:
            kept = await rows(
                connection, RENEW, node=node, accounts=list(held), fences=list(held.values())
            )
        return frozenset(AccountId(row.account_id) for row in kept)

    async def release_lease(self, account: AccountId, fence: Fence) -> None:
        """Give the account back, and wake whoever may take it."""
        async with transaction(self.engine) as connection:
            if await run(connection, RELEASE, account=account, fence=fence):
                await ring(connection, Topic.LEASES)

    async def pulse_of(self, node: NodeName) -> Pulse | None:
        """Return the last sign of life under that name."""
        async with transaction(self.engine) as connection:
            row = await one(connection, PULSE_OF, node=node)
        return None if row is None else to_pulse(row)

    async def node_started(
        self, node: NodeName, host: str, pid: int, version: str, *, after: Pulse | None = None
    ) -> Incarnation | None:
        """Record that a node lives, under a name that is free or that nobody moved."""
        values = {"node": node, "host": host, "pid": pid, "version": version}
        async with transaction(self.engine) as connection:
            if after is None:
                row = await one(connection, NODE_STARTED, **values)
            else:
                values |= {"incarnation": after.incarnation, "beat": after.beat}
                row = await one(connection, NODE_FOLLOWED, **values)
        return None if row is None else Incarnation(row.incarnation)

    async def node_seen(self, node: NodeName, incarnation: Incarnation) -> Pulse | None:
        """Record that it still lives; None when its name is somebody else's."""
        async with transaction(self.engine) as connection:
            row = await one(connection, NODE_SEEN, node=node, incarnation=incarnation)
        return None if row is None else to_pulse(row)

    async def node_stopped(self, node: NodeName, incarnation: Incarnation) -> None:
        """Record that it ended in order."""
        async with transaction(self.engine) as connection:
            await run(connection, NODE_STOPPED, node=node, incarnation=incarnation)
            await ring(connection, Topic.LEASES)

    async def drain_node(self, actor: Actor, node: NodeName, *, draining: bool) -> bool:
        """Ask a node to give its accounts away, or to take again."""
        async with transaction(self.engine) as connection:
            if not await run(connection, DRAIN, node=node, draining=draining):
                return False
            act = "drain_node" if draining else "undrain_node"
            await write_audit(connection, actor, act, f"node {node}")
            await ring(connection, Topic.LEASES)
        return True

    async def nodes(self) -> Sequence[NodeRecord]:
        """Return the nodes that were seen in the last hour; whether one lives, its beat tells."""
        async with transaction(self.engine) as connection:
            return [to_node(row) for row in await rows(connection, NODES)]


def to_pulse(row: Row[Any]) -> Pulse:
    """Read a sign of life."""
    return Pulse(NodeName(row.name), Incarnation(row.incarnation), row.beat, row.draining)


def to_lease(row: Row[Any]) -> Lease:
    """Read a lease from its row."""
    node = None if row.node is None else NodeName(row.node)
    return Lease(AccountId(row.account_id), node, row.fence, row.beat, row.released)


def to_node(row: Row[Any]) -> NodeRecord:
    """Read a node from its row."""
    return NodeRecord(
        name=NodeName(row.name),
        host=row.host,
        pid=row.pid,
        version=row.version,
        started_at=row.started_at,
        seen_at=row.seen_at,
        draining=row.draining,
        accounts=row.accounts,
        incarnation=Incarnation(row.incarnation),
        beat=row.beat,
        unseen=row.unseen,
    )
