"""Whatever nodes do and suffer, no two may speak for an account at the same moment.

The nodes are the real keepers on the real table. Their clocks run at one pace; what happens to them
is drawn: they pause and go on, die and are born again, renew and find the database silent, take,
give back; wall clocks jump. After every step nobody may speak beside another, and after a pause
nobody does anything before the check: it is asked at every packet (`Tenure`).
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import create_engine
from db.stores.leases import PostgresLeases
from orchestrator.errors import ServersUnavailable
from orchestrator.ids import AccountId, NodeName
from orchestrator.leases.keeper import Keeper
from orchestrator.leases.tenure import Tenure
from orchestrator.ports.leases import LeaseStore
from tests.support.clock import HandClock

LASTS = 30.0
NODES = ("a", "b", "c")
ACCOUNTS = 2

SCHEMA = """
    INSERT INTO personas (key, name, tone, disclosure) VALUES ('p', 'P', 'warm', 'a machine');
    INSERT INTO accounts (name, phone_hint, persona_id, state)
        SELECT 'a' || n, '', (SELECT id FROM personas LIMIT 1), 'active'
        FROM generate_series(1, %d) n;
    INSERT INTO leases (account_id) SELECT id FROM accounts ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class Player:
    """A node in the game: its keeper, and what ails it."""

    keeper: Keeper
    paused: bool = False
    cut_off: bool = False


class Table:
    """The leases in PostgreSQL, asked from the machine's own thread."""

    def __init__(self, portal: BlockingPortal, url: str) -> None:
        self.portal = portal
        self.engine: AsyncEngine = create_engine(url, pool_size=2, overflow=2)
        self.store: LeaseStore = PostgresLeases(self.engine)
        self.accounts: list[AccountId] = []
        portal.call(self.fill)

    async def fill(self) -> None:
        async with self.engine.begin() as connection:
            for statement in (SCHEMA % ACCOUNTS).split(";"):
                await connection.execute(text(statement))
            found = await connection.execute(text("SELECT account_id FROM leases ORDER BY 1"))
            self.accounts = [AccountId(row.account_id) for row in found]

    async def clear(self) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(
                text("UPDATE leases SET node = NULL, fence = 0, beat = 0, released = true")
            )

    def run(self, act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return self.portal.call(act)


class Leases(RuleBasedStateMachine):
    """The game; `table` is set by the test."""

    table: Table

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.table.run(self.table.clear)
        self.players = {name: self.born(name) for name in NODES}

    def born(self, name: str) -> Player:
        tenure = Tenure(self.clock)
        return Player(Keeper(NodeName(name), self.table.store, self.clock, LASTS, tenure))

    @contextmanager
    def acting(self, name: str) -> Iterator[Player | None]:
        """Yield the player if it runs; what the heart does at every beat comes first."""
        player = self.players[name]
        if player.paused:
            yield None
            return
        if player.keeper.has_run_out():
            player.keeper.let_go()
        yield player

    @rule(name=st.sampled_from(NODES), limit=st.integers(0, ACCOUNTS))
    def look_round(self, name: str, limit: int) -> None:
        with self.acting(name) as player:
            if player is not None and not player.cut_off:
                self.table.run(lambda: take(player.keeper, limit))

    @rule(name=st.sampled_from(NODES), answer=st.sampled_from(["at once", "late", "lost"]))
    def renew(self, name: str, answer: str) -> None:
        with self.acting(name) as player:
            if player is None or player.cut_off:
                return
            held = dict(player.keeper.held)
            if answer == "lost":
                # The statement was carried out, but nobody learns it.
                self.table.run(lambda: player.keeper.store.renew_leases(player.keeper.node, held))
            elif answer == "late":
                self.table.run(lambda: renew_late(player.keeper, self.clock))
            else:
                self.table.run(player.keeper.renew)

    @rule(name=st.sampled_from(NODES))
    def take_together(self, name: str) -> None:
        """Two nodes go for the same accounts at the same moment."""
        others = [one for one in self.players.values() if not one.paused and not one.cut_off]
        self.table.run(lambda: take_at_once([one.keeper for one in others]))

    @rule(name=st.sampled_from(NODES), account=st.integers(0, ACCOUNTS - 1))
    def give_back(self, name: str, account: int) -> None:
        with self.acting(name) as player:
            if player is not None and not player.cut_off:
                self.table.run(lambda: player.keeper.give_back(self.table.accounts[account]))

    @rule(name=st.sampled_from(NODES))
    def pause(self, name: str) -> None:
        self.players[name].paused = True

    @rule(name=st.sampled_from(NODES))
    def go_on(self, name: str) -> None:
        """Go on after a pause; what was ready before it would run before any check."""
        self.players[name].paused = False

    @rule(name=st.sampled_from(NODES))
    def die_and_be_born(self, name: str) -> None:
        self.players[name] = self.born(name)

    @rule(name=st.sampled_from(NODES), cut_off=st.booleans())
    def lose_or_find_the_database(self, name: str, cut_off: bool) -> None:
        self.players[name].cut_off = cut_off

    @rule(seconds=st.sampled_from([0.5, 5.0, 9.9, 19.9, 25.0, 30.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.pass_by(seconds)

    @rule(days=st.integers(-4000, 4000))
    def the_wall_clock_is_set(self, days: int) -> None:
        self.clock.wall += timedelta(days=days)

    @invariant()
    def nobody_speaks_beside_another(self) -> None:
        for account in self.table.accounts:
            speakers = [
                name for name, player in self.players.items() if player.keeper.tenure.holds(account)
            ]
            assert len(speakers) <= 1, f"{speakers} speak for account {account}"


async def take(keeper: Keeper, limit: int) -> None:
    await keeper.take(await keeper.store.leases_of_all(), limit)  # type: ignore[attr-defined]


async def take_at_once(keepers: list[Keeper]) -> None:
    await asyncio.gather(*(take(keeper, ACCOUNTS) for keeper in keepers))


async def renew_late(keeper: Keeper, clock: HandClock) -> None:
    """Renew, and hear of it only when most of the lease is over."""
    ours = await keeper.store.renew_leases(keeper.node, keeper.held)
    keeper.store, store = LateAnswer(ours, clock), keeper.store  # type: ignore[assignment]
    try:
        await keeper.renew()
    finally:
        keeper.store = store


class LateAnswer:
    """What a renewal answered, a while ago."""

    def __init__(self, ours: frozenset[AccountId], clock: HandClock) -> None:
        self.ours, self.clock = ours, clock

    async def renew_leases(self, *_: object) -> frozenset[AccountId]:
        self.clock.pass_by(12.0)
        return self.ours


class AllLeases(PostgresLeases):
    """The real store; the game's accounts need no session to be taken."""

    async def leases_of_all(self) -> list[Any]:
        async with self.engine.connect() as connection:
            found = await connection.execute(text("SELECT account_id FROM leases ORDER BY 1"))
            accounts = [AccountId(row.account_id) for row in found]
        return [await self.lease_of(account) for account in accounts]


@pytest.fixture
def table(portal: BlockingPortal, database_url: str) -> Iterator[Table]:
    made = Table(portal, database_url)
    made.store = AllLeases(made.engine)
    yield made
    portal.call(made.engine.dispose)


GAME = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_no_two_nodes_ever_speak_for_one_account(table: Table) -> None:
    game = type("Game", (Leases,), {"table": table})
    run_state_machine_as_test(game, settings=GAME)


def test_the_game_can_be_lost(table: Table) -> None:
    """Without the challenger's waiting two do speak: the check can fail."""

    class Hasty(Keeper):
        def is_free(self, lease: object) -> bool:
            return True

    class Game(Leases):
        # Who comes first is PostgreSQL's choice; a game that is lost must be lost every time.
        take_together = None  # type: ignore[assignment]

        def born(self, name: str) -> Player:
            tenure = Tenure(self.clock)
            return Player(Hasty(NodeName(name), self.table.store, self.clock, LASTS, tenure))

    Game.table = table
    with pytest.raises((AssertionError, ExceptionGroup, ServersUnavailable), match="speak"):
        run_state_machine_as_test(Game, settings=GAME)
