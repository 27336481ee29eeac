"""Leases and nodes. No statement here reads a clock to decide who holds an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.base import one, rows, run
from orchestrator.errors import NotFound
from orchestrator.ids import AccountId, NodeName
from orchestrator.ports.accounts import RUNS
from orchestrator.ports.leases import Fence, Lease, NodeRecord

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
TAKE = text(
    """
    UPDATE leases
    SET node = :node, fence = fence + 1, beat = beat + 1, released = false, taken_at = now()
    WHERE account_id = :account AND fence = :fence AND beat = :beat
    RETURNING fence
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
    ON CONFLICT (name) DO UPDATE
    SET host = excluded.host, pid = excluded.pid, version = excluded.version,
        draining = false, started_at = now(), seen_at = now()
    """
)
NODE_SEEN = text("UPDATE nodes SET seen_at = now() WHERE name = :node RETURNING draining")
NODE_STOPPED = text("DELETE FROM nodes WHERE name = :node")
NODES = text(
    """
    SELECT n.name, n.host, n.pid, n.version, n.started_at, n.seen_at, n.draining,
           (SELECT count(*) FROM leases l WHERE l.node = n.name AND NOT l.released) AS accounts
    FROM nodes n WHERE n.seen_at > now() - interval '2 minutes' ORDER BY n.name
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
        """Give the account back."""
        async with transaction(self.engine) as connection:
            await run(connection, RELEASE, account=account, fence=fence)

    async def node_started(self, node: NodeName, host: str, pid: int, version: str) -> None:
        """Record that a node lives."""
        async with transaction(self.engine) as connection:
            await run(connection, NODE_STARTED, node=node, host=host, pid=pid, version=version)

    async def node_seen(self, node: NodeName) -> bool:
        """Record that it still lives; a node whose row is gone was asked to leave."""
        async with transaction(self.engine) as connection:
            row = await one(connection, NODE_SEEN, node=node)
        return row is None or row.draining

    async def node_stopped(self, node: NodeName) -> None:
        """Record that it ended in order."""
        async with transaction(self.engine) as connection:
            await run(connection, NODE_STOPPED, node=node)

    async def nodes(self) -> Sequence[NodeRecord]:
        """Return the nodes that said of late that they live; a killed one says nothing."""
        async with transaction(self.engine) as connection:
            return [to_node(row) for row in await rows(connection, NODES)]


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
    )
