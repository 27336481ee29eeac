"""Operators who all press at once, and any life that tickets may lead."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

from anyio.from_thread import BlockingPortal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from db.engine import create_engine
from db.stores.desk import postgres_desk
from support.actor import THE_CLOCK
from support.assignment import Assignment
from support.ids import ActKey, ClientId, OperatorId, TicketId
from support.languages import Language
from support.people import Role, UserStatus
from support.tickets import Decided, How, Mode, Opening, TicketState, Verdict
from tests.integration.db.conftest import any_cipher
from tests.integration.db.desk_scene import A_DAY, DESK_TABLES, OLGA, Desk, staff

OPERATORS, TICKETS, PRESSES = 50, 100, 1000


HELD = """
    SELECT ARRAY[max(held), max(currents), min(currents)] FROM (
        SELECT count(*) AS held, count(*) FILTER (WHERE is_current) AS currents
        FROM tickets WHERE state = 'work' AND mode = 'take' GROUP BY operator_id) AS each
"""
AWAY_OR_NOT = (UserStatus.ACTIVE, UserStatus.SUSPENDED)
CLOSED = "SELECT array_agg(id) FROM tickets WHERE state = 'closed'"


async def test_of_a_thousand_presses_exactly_one_wins_each_ticket(desk: Desk) -> None:
    operators = [await desk.operator(f"operator {n:02d}") for n in range(OPERATORS)]
    names = {number: f"operator {n:02d}" for n, number in enumerate(operators)}
    tickets = await asyncio.gather(*(desk.ticket() for _ in range(TICKETS)))
    dice = Random(7)  # noqa: S311 - to press the same each time
    pairs = [(dice.choice(tickets), operators[n % OPERATORS]) for n in range(PRESSES)]
    came = await asyncio.gather(*(desk.take(ticket, operator) for ticket, operator in pairs))
    won = {one.ticket.id: one.ticket.operator for one in came if one.verdict is Verdict.DONE}
    assert len(won) == OPERATORS
    assert len(set(won.values())) == OPERATORS
    told = [one for one in came if one.verdict is Verdict.LOST]
    assert told
    assert all(one.other == names[won[one.ticket.id] or OperatorId(0)] for one in told)
    assert {one.verdict for one in came} <= {
        Verdict.DONE, Verdict.LOST, Verdict.BUSY, Verdict.SAME,
    }  # fmt: skip
    taken = await asyncio.gather(*(finish_and_take(desk, one, who) for one, who in won.items()))
    rest = Counter(verdict for verdicts in taken for verdict in verdicts)
    assert rest[Verdict.DONE] == TICKETS - OPERATORS
    assert await desk.stores.tickets.waiting() == []


async def finish_and_take(
    desk: Desk, ticket: TicketId, operator: OperatorId | None
) -> list[Verdict]:
    """End a dialogue and take whichever ticket waits, until one is won or none is left."""
    assert operator is not None
    await desk.finish(ticket, operator)
    verdicts: list[Verdict] = []
    while Verdict.DONE not in verdicts and (waiting := await desk.stores.tickets.waiting()):
        came = await desk.take(waiting[operator % len(waiting)].id, operator)
        verdicts.append(came.verdict)
    return verdicts


async def test_a_storm_of_acts_ends_in_order(desk: Desk) -> None:
    operators = [await desk.operator(f"operator {n}") for n in range(6)]
    leads = [await desk.operator(f"lead {n}", Role.LEAD) for n in range(2)]
    tickets = [await desk.ticket() for _ in range(8)]
    tickets += [await desk.ticket(Mode.TOPICS) for _ in range(2)]
    dice = Random(11)  # noqa: S311 - to storm the same each time
    everybody = [*operators, *leads]
    stores = desk.stores.tickets

    async def any_act() -> object:
        """Do something to some ticket as somebody."""
        ticket, who = dice.choice(tickets), dice.choice(everybody)
        by, other, act = staff(who), dice.choice(everybody), desk.act()
        acts: list[Callable[[], Awaitable[object]]] = [
            lambda: stores.take(act, ticket, who, several=True),
            lambda: stores.take(act, ticket, who, several=True),
            lambda: stores.hand_over(act, ticket, by, other, several=True),
            lambda: stores.return_to_queue(act, ticket, by),
            lambda: stores.switch_to(act, ticket, who),
            lambda: stores.finish(act, ticket, by),
            lambda: stores.reopen(act, ticket, THE_CLOCK, None),
            lambda: stores.assign_next(act, ticket, Assignment.LEAST_BUSY, most=9, several=True),
            lambda: desk.stores.staff.set_status(OLGA, operators[0], dice.choice(AWAY_OR_NOT)),
        ]
        return await dice.choice(acts)()

    for _ in range(10):
        await asyncio.gather(*(any_act() for _ in range(20)))
    _, *currents = await desk.sql(HELD)
    assert currents in ([None, None], [1, 1])
    held_by_nobody = """
        SELECT count(*) FROM tickets t JOIN users u ON u.id = t.operator_id
        WHERE t.state = 'work' AND u.status <> 'active'
    """
    assert await desk.sql(held_by_nobody) == 0


class TicketLife(RuleBasedStateMachine):
    """Any order of acts, each as often as Telegram may bring it."""

    portal: BlockingPortal
    database_url: str
    opened = Bundle("opened")

    def __init__(self) -> None:
        super().__init__()
        self.desk = self.portal.call(self.furnish)
        self.several = False
        self.closed: set[TicketId] = set()
        self.said = 0
        self.last: tuple[ActKey, TicketId, OperatorId, Decided] | None = None

    async def furnish(self) -> Desk:
        """Make a desk with three operators and three clients."""
        engine = create_engine(self.database_url, pool_size=2, overflow=2)
        async with engine.begin() as connection:
            for table in DESK_TABLES:
                await connection.execute(text(f"DELETE FROM {table}"))
        desk = Desk(engine, postgres_desk(engine, any_cipher()))
        self.operators = [await desk.operator(name) for name in ("anna", "boris", "vera")]
        self.clients = [await desk.client() for _ in range(3)]
        return desk

    def teardown(self) -> None:
        """Let the connections go."""
        self.portal.call(self.desk.engine.dispose)

    @rule(target=opened, client=st.integers(0, 2))
    def ask(self, client: int) -> TicketId:
        """A client opens a ticket, or comes back to one."""
        whose: ClientId = self.clients[client]
        opening = Opening(whose, Mode.TAKE, Language.RU)
        act = self.desk.act()
        came = self.portal.call(self.desk.stores.tickets.open_ticket, act, opening, A_DAY)
        again = self.portal.call(self.desk.stores.tickets.open_ticket, act, opening, A_DAY)
        assert (again.how, again.ticket) == (came.how, came.ticket)
        if came.how is How.REOPENED:
            self.closed.discard(came.ticket.id)
        assert came.ticket.id not in self.closed
        return came.ticket.id

    @rule(ticket=opened, who=st.integers(0, 2))
    def press(self, ticket: TicketId, who: int) -> None:
        """An operator presses *Take*."""
        operator, act = self.operators[who], self.desk.act()
        before = self.portal.call(self.desk.stores.tickets.ticket, ticket)
        came = self.portal.call(self.take, act, ticket, operator)
        assert (came.verdict is Verdict.CLOSED) == (ticket in self.closed)
        assert (came.verdict is Verdict.DONE) <= (before.state is TicketState.NEW)
        self.last = (act, ticket, operator, came)

    @rule()
    def press_again(self) -> None:
        """The last press comes once more, whatever happened since."""
        if self.last is None:
            return
        act, ticket, operator, came = self.last
        before = self.portal.call(self.desk.stores.tickets.ticket, ticket)
        again = self.portal.call(self.take, act, ticket, operator)
        assert (again.verdict, again.other, again.held) == (came.verdict, came.other, came.held)
        assert again.ticket == before

    async def take(self, act: ActKey, ticket: TicketId, operator: OperatorId) -> Decided:
        """Press the button under a key."""
        return await self.desk.stores.tickets.take(act, ticket, operator, several=self.several)

    @rule(ticket=opened, by=st.integers(0, 2), to=st.integers(0, 2))
    def hand_over(self, ticket: TicketId, by: int, to: int) -> None:
        """An operator gives a ticket to another."""
        self.portal.call(self.give, ticket, self.operators[by], self.operators[to])

    async def give(self, ticket: TicketId, by: OperatorId, to: OperatorId) -> Decided:
        """Give a ticket away."""
        return await self.desk.stores.tickets.hand_over(
            self.desk.act(), ticket, staff(by), to, several=self.several
        )

    @rule(ticket=opened, who=st.integers(0, 2))
    def give_back(self, ticket: TicketId, who: int) -> None:
        """An operator lets a ticket wait again."""
        by = staff(self.operators[who])
        self.portal.call(self.desk.stores.tickets.return_to_queue, self.desk.act(), ticket, by)

    @rule(ticket=opened, who=st.integers(0, 2))
    def switch(self, ticket: TicketId, who: int) -> None:
        """An operator turns to another of their tickets."""
        operator = self.operators[who]
        self.portal.call(self.desk.stores.tickets.switch_to, self.desk.act(), ticket, operator)

    @rule(ticket=opened)
    def end(self, ticket: TicketId) -> None:
        """A ticket is closed."""
        came = self.portal.call(self.desk.stores.tickets.finish, self.desk.act(), ticket, THE_CLOCK)
        assert (came.verdict is Verdict.SAME) == (ticket in self.closed)
        self.closed.add(ticket)

    @rule(ticket=opened)
    def speak(self, ticket: TicketId) -> None:
        """Somebody says something."""
        self.portal.call(self.desk.say, ticket, THE_CLOCK, "a line")
        self.said += 1

    @rule()
    def allow_several(self) -> None:
        """The setting changes for good: what is held already stays held."""
        self.several = True

    @invariant()
    def nobody_holds_two_unless_several_are_set(self) -> None:
        """Each operator has one current dialogue, and without the setting no other."""
        most, *currents = self.portal.call(self.desk.sql, HELD)
        assert currents in ([None, None], [1, 1])
        assert self.several or most in {None, 1}

    @invariant()
    def closed_stays_closed(self) -> None:
        """Only a reopening opens what was closed."""
        closed = self.portal.call(self.desk.sql, CLOSED)
        assert set(closed or ()) == self.closed

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every message is on record, and each ticket waits, is held or is closed."""
        kept = self.portal.call(self.desk.sql, "SELECT count(*) FROM ticket_messages")
        assert kept == self.said


def test_whatever_happens_tickets_are_held_by_one_and_lost_by_nobody(
    desk_database: str, portal: BlockingPortal
) -> None:
    class Life(TicketLife):
        pass

    Life.portal, Life.database_url = portal, desk_database
    chosen = settings(
        max_examples=10,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(Life, settings=chosen)
