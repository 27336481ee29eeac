from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.ids import AccountId, NodeName
from orchestrator.leases.keeper import Keeper
from orchestrator.ports.leases import Fence, Lease, NodeRecord
from tests.support.clock import HandClock

ANNA = AccountId(1)


class OneTable:
    """Leases as one table holds them; the PostgreSQL one passes the same statements."""

    def __init__(self) -> None:
        self.rows = {ANNA: Lease(ANNA, None, 0, 0, released=True)}

    async def leases(self) -> Sequence[Lease]:
        return list(self.rows.values())

    async def lease_of(self, account: AccountId) -> Lease:
        return self.rows[account]

    async def take_lease(self, node: NodeName, seen: Lease) -> Fence | None:
        row = self.rows[seen.account]
        if (row.fence, row.beat, row.released) != (seen.fence, seen.beat, seen.released):
            return None
        self.rows[seen.account] = Lease(seen.account, node, row.fence + 1, 0, released=False)
        return Fence(row.fence + 1)

    async def renew_leases(
        self, node: NodeName, held: Mapping[AccountId, Fence]
    ) -> frozenset[AccountId]:
        ours = {
            account
            for account, fence in held.items()
            if (self.rows[account].node, self.rows[account].fence) == (node, fence)
        }
        for account in ours:
            self.rows[account] = replace(self.rows[account], beat=self.rows[account].beat + 1)
        return frozenset(ours)

    async def release_lease(self, account: AccountId, fence: Fence) -> None:
        if self.rows[account].fence == fence:
            self.rows[account] = replace(self.rows[account], released=True)

    async def node_started(self, node: NodeName, host: str, pid: int, version: str) -> None: ...

    async def node_seen(self, node: NodeName) -> bool:
        return False

    async def node_stopped(self, node: NodeName) -> None: ...

    async def nodes(self) -> Sequence[NodeRecord]:
        return []


def keeper(name: str, table: OneTable, clock: HandClock) -> Keeper:
    return Keeper(NodeName(name), table, clock, 30.0)


async def test_a_free_account_is_taken_at_once() -> None:
    taken, unwanted = await keeper("a", OneTable(), HandClock()).look_round(may_take=True)
    assert taken == {ANNA}
    assert not unwanted


async def test_a_challenger_waits_a_whole_lease_in_which_nothing_moved() -> None:
    table, clock = OneTable(), HandClock()
    await keeper("a", table, clock).look_round(may_take=True)
    challenger = keeper("b", table, clock)
    for _ in range(6):
        assert (await challenger.look_round(may_take=True))[0] == frozenset()
        clock.pass_by(5.0)
    assert (await challenger.look_round(may_take=True))[0] == {ANNA}


async def test_a_renewal_sends_the_challenger_back_to_the_start() -> None:
    table, clock = OneTable(), HandClock()
    holder, challenger = keeper("a", table, clock), keeper("b", table, clock)
    await holder.look_round(may_take=True)
    await challenger.look_round(may_take=True)
    clock.pass_by(29.0)
    assert await holder.renew() == frozenset()
    clock.pass_by(29.0)
    assert (await challenger.look_round(may_take=True))[0] == frozenset()


async def test_the_holder_counts_its_lease_from_before_it_asked() -> None:
    table, clock = OneTable(), HandClock()
    holder = keeper("a", table, clock)
    await holder.look_round(may_take=True)
    clock.pass_by(29.9)
    assert not holder.has_run_out()
    clock.pass_by(0.1)
    assert holder.has_run_out()


async def test_a_holder_that_was_overtaken_learns_it_at_its_next_renewal() -> None:
    table, clock = OneTable(), HandClock()
    holder, challenger = keeper("a", table, clock), keeper("b", table, clock)
    await holder.look_round(may_take=True)
    await challenger.look_round(may_take=True)
    clock.pass_by(30.0)
    await challenger.look_round(may_take=True)
    assert await holder.renew() == {ANNA}
    assert holder.held == {}


async def test_a_released_account_is_taken_without_waiting() -> None:
    table, clock = OneTable(), HandClock()
    holder = keeper("a", table, clock)
    await holder.look_round(may_take=True)
    await holder.give_back(ANNA)
    assert (await keeper("b", table, clock).look_round(may_take=True))[0] == {ANNA}


async def test_a_draining_node_takes_nothing() -> None:
    taken, _ = await keeper("a", OneTable(), HandClock()).look_round(may_take=False)
    assert taken == frozenset()
