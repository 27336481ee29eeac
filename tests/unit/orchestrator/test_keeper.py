"""The rule by which accounts are held, on a table in memory and a clock moved by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from orchestrator.actor import Actor
from orchestrator.ids import AccountId, NodeName
from orchestrator.leases.keeper import Keeper
from orchestrator.leases.tenure import Tenure
from orchestrator.ports.leases import (
    Fence,
    Incarnation,
    Lease,
    NodeRecord,
    Pulse,
    Survey,
)
from tests.support.clock import HandClock

ANNA, BORIS = AccountId(1), AccountId(2)


class OneTable:
    """Leases as one table holds them; the PostgreSQL one passes the same statements."""

    def __init__(self, *accounts: AccountId) -> None:
        self.rows = {
            account: Lease(account, None, 0, 0, released=True) for account in accounts or (ANNA,)
        }

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

    async def take_leases(self, node: NodeName, seen: Sequence[Lease]) -> Mapping[AccountId, Fence]:
        fences = {lease.account: await self.take_lease(node, lease) for lease in seen}
        return {account: fence for account, fence in fences.items() if fence is not None}

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

    async def survey(self, node: NodeName, moving: frozenset[NodeName]) -> Survey:
        return Survey((), tuple(self.rows.values()))

    async def shares(self) -> Mapping[NodeName, int]:
        return {}

    async def pulse_of(self, node: NodeName) -> Pulse | None:
        return None

    async def node_started(
        self, node: NodeName, host: str, pid: int, version: str, *, after: Pulse | None = None
    ) -> Incarnation | None:
        return Incarnation(1)

    async def node_seen(self, node: NodeName, incarnation: Incarnation) -> Pulse | None:
        return Pulse(node, incarnation, 1, draining=False)

    async def node_stopped(self, node: NodeName, incarnation: Incarnation) -> None: ...

    async def drain_node(self, actor: Actor, node: NodeName, *, draining: bool) -> bool:
        return draining

    async def nodes(self) -> Sequence[NodeRecord]:
        return []


def keeper(name: str, table: OneTable, clock: HandClock) -> Keeper:
    return Keeper(NodeName(name), table, clock, 30.0, Tenure(clock))


async def look_round(one: Keeper, limit: int = 10) -> frozenset[AccountId]:
    """Take what can be taken, as a node does each round."""
    return await one.take(await one.store.leases(), limit)


async def test_a_free_account_is_taken_at_once() -> None:
    assert await look_round(keeper("a", OneTable(), HandClock())) == {ANNA}


async def test_no_more_are_taken_than_is_asked_for() -> None:
    assert await look_round(keeper("a", OneTable(ANNA, BORIS), HandClock()), 1) == {ANNA}


async def test_a_challenger_waits_a_whole_lease_in_which_nothing_moved() -> None:
    table, clock = OneTable(), HandClock()
    await look_round(keeper("a", table, clock))
    challenger = keeper("b", table, clock)
    for _ in range(6):
        assert await look_round(challenger) == frozenset()
        clock.pass_by(5.0)
    assert await look_round(challenger) == {ANNA}


async def test_a_challenger_that_may_take_nothing_watches_all_the_same() -> None:
    table, clock = OneTable(), HandClock()
    await look_round(keeper("a", table, clock))
    challenger = keeper("b", table, clock)
    assert await look_round(challenger, 0) == frozenset()
    clock.pass_by(30.0)
    assert await look_round(challenger, 1) == {ANNA}


async def test_a_renewal_sends_the_challenger_back_to_the_start() -> None:
    table, clock = OneTable(), HandClock()
    holder, challenger = keeper("a", table, clock), keeper("b", table, clock)
    await look_round(holder)
    await look_round(challenger)
    clock.pass_by(19.0)
    assert await holder.renew() == frozenset()
    clock.pass_by(29.0)
    assert await look_round(challenger) == frozenset()


async def test_the_holder_lets_go_long_before_a_challenger_may_take() -> None:
    clock = HandClock()
    holder = keeper("a", OneTable(), clock)
    await look_round(holder)
    clock.pass_by(19.9)
    assert not holder.has_run_out()
    clock.pass_by(0.1)
    assert holder.has_run_out()
    assert holder.tenure.holds(ANNA)
    assert holder.let_go() == {ANNA}
    assert not holder.tenure.holds(ANNA)


async def test_nothing_leaves_after_five_sixths_of_a_lease_whatever_else_happens() -> None:
    clock = HandClock()
    holder = keeper("a", OneTable(), clock)
    await look_round(holder)
    clock.pass_by(24.9)
    assert holder.tenure.holds(ANNA)
    clock.pass_by(0.1)
    assert not holder.tenure.holds(ANNA)


class SlowTable(OneTable):
    """A database that answers late: the statement is done at once, or just before the answer."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self.clock, self.late = clock, 0.0

    async def renew_leases(
        self, node: NodeName, held: Mapping[AccountId, Fence]
    ) -> frozenset[AccountId]:
        ours = await super().renew_leases(node, held)
        self.clock.pass_by(self.late)
        return ours


async def test_the_holder_counts_its_lease_from_before_it_asked() -> None:
    clock = HandClock()
    table = SlowTable(clock)
    holder = keeper("a", table, clock)
    await look_round(holder)
    clock.pass_by(5.0)
    table.late = 10.0
    begun = clock.monotonic()
    await holder.renew()
    assert holder.renewed == begun
    clock.pass_by(15.0)
    assert not holder.tenure.holds(ANNA)


async def test_an_answer_that_comes_too_late_renews_nothing() -> None:
    clock = HandClock()
    table = SlowTable(clock)
    holder = keeper("a", table, clock)
    await look_round(holder)
    table.late = 20.0
    await holder.renew()
    assert holder.has_run_out()


async def test_a_stopped_tenure_breaks_the_connection_before_anything_else() -> None:
    clock = HandClock()
    holder = keeper("a", OneTable(), clock)
    await look_round(holder)
    cut: list[AccountId] = []
    with holder.tenure.connected(ANNA, lambda: cut.append(ANNA)):
        holder.let_go()
    assert cut == [ANNA]


async def test_a_holder_that_was_overtaken_learns_it_at_its_next_renewal() -> None:
    table, clock = OneTable(), HandClock()
    holder, challenger = keeper("a", table, clock), keeper("b", table, clock)
    await look_round(holder)
    await look_round(challenger)
    clock.pass_by(30.0)
    await look_round(challenger)
    assert await holder.renew() == {ANNA}
    assert holder.held == {}


async def test_a_released_account_is_taken_without_waiting() -> None:
    table, clock = OneTable(), HandClock()
    holder = keeper("a", table, clock)
    await look_round(holder)
    await holder.give_back(ANNA)
    assert not holder.tenure.holds(ANNA)
    assert await look_round(keeper("b", table, clock)) == {ANNA}


async def test_the_wall_clock_decides_nothing() -> None:
    table, clock = OneTable(), HandClock()
    holder, challenger = keeper("a", table, clock), keeper("b", table, clock)
    await look_round(holder)
    await look_round(challenger)
    for leap in (timedelta(days=400), timedelta(days=-800)):
        clock.wall += leap
        assert await look_round(challenger) == frozenset()
        assert holder.tenure.holds(ANNA)
