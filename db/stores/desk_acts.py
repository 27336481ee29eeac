"""Acts on tickets: each is done once under its key, and a repeated one finds what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction, write_json
from db.stores.base import one, run
from db.stores.desk_rows import find_ticket
from orchestrator.errors import NotFound
from support.actor import By
from support.ids import ActKey, TicketId
from support.tickets import Decided, Ticket, TicketState, Verdict

# The event comes first: whoever brings the same act at the same time waits here until it is
# decided, and then finds it. Its lock on the ticket hinders nobody but a deletion.
BEGIN = text(
    """
    INSERT INTO ticket_events (ticket_id, act, actor, actor_id, actor_name, action)
    SELECT t.id, CAST(:act AS text), :side, CAST(:by AS bigint), :name, :action
    FROM tickets t WHERE t.id = :ticket
    ON CONFLICT (act) WHERE act IS NOT NULL DO NOTHING
    RETURNING id
    """
)
BEGIN_OPENING = text(
    """
    INSERT INTO ticket_events (act, actor, actor_id, actor_name, action)
    VALUES (CAST(:act AS text), :side, CAST(:by AS bigint), :name, :action)
    ON CONFLICT (act) WHERE act IS NOT NULL DO NOTHING
    RETURNING id
    """
)
EARLIER = text("SELECT ticket_id, payload FROM ticket_events WHERE act = :act")
CONCLUDE = text(
    """
    UPDATE ticket_events
    SET ticket_id = :ticket, payload = CAST(:payload AS jsonb), to_tell = CAST(:to_tell AS boolean)
    WHERE id = :event
    """
)

Facts = dict[str, object]


class Moved(Exception):
    """A ticket changed hands between two locks; the act begins anew."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does, under the key by which it is done once."""

    key: ActKey
    by: By
    action: str
    to_tell: bool = False
    """Whether no update asks for it, so that whom it concerns is told of it afterwards."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An act that has begun, or what came of it when it was done before."""

    event: int | None
    ticket: TicketId | None
    earlier: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step decided; `remains` is the ticket to go on with where it is another."""

    verdict: Verdict = Verdict.DONE
    other: str | None = None
    held: TicketId | None = None
    remains: TicketId | None = None
    facts: Facts = field(default_factory=dict)
    ticket: Ticket | None = None
    """The ticket as it stands, where the step has read it already and changed nothing."""


DONE = Outcome()

Step = Callable[[AsyncConnection], Awaitable[Outcome]]


async def begin(connection: AsyncConnection, act: Act, ticket: TicketId | None) -> Begun:
    """Begin an act, or find it done; raises NotFound for a ticket that there is not."""
    values = {
        "act": act.key,
        "side": act.by.side,
        "by": act.by.id,
        "name": act.by.name,
        "action": act.action,
    }
    if ticket is None:
        row = await one(connection, BEGIN_OPENING, **values)
    else:
        row = await one(connection, BEGIN, ticket=ticket, **values)
    if row is not None:
        return Begun(row.id, ticket)
    earlier = await one(connection, EARLIER, act=act.key)
    if earlier is None:
        raise NotFound(f"There is no ticket {ticket}: see `troupe tickets list`")
    return Begun(None, TicketId(earlier.ticket_id), earlier.payload)


async def conclude(
    connection: AsyncConnection,
    begun: Begun,
    ticket: TicketId,
    payload: Facts,
    *,
    to_tell: bool = False,
) -> None:
    """Write down what came of an act."""
    values = {"event": begun.event, "ticket": ticket, "payload": write_json(payload)}
    await run(connection, CONCLUDE, **values, to_tell=to_tell)


async def decide(engine: AsyncEngine, act: Act, ticket: TicketId, step: Step) -> Decided:
    """Carry out an act in one transaction, unless it was carried out before."""
    while True:
        try:
            async with transaction(engine) as connection:
                return await decide_within(connection, act, ticket, step)
        except Moved:
            continue


async def decide_within(
    connection: AsyncConnection, act: Act, ticket: TicketId, step: Step
) -> Decided:
    """Carry out an act in a transaction that is open."""
    begun = await begin(connection, act, ticket)
    if begun.event is None:
        return await again(connection, begun, ticket)
    came = await step(connection)
    payload = {
        "verdict": came.verdict,
        "other": came.other,
        "held": came.held,
        "remains": came.remains,
        **came.facts,
    }
    known = {name: value for name, value in payload.items() if value is not None}
    to_tell = act.to_tell and came.verdict is Verdict.DONE
    await conclude(connection, begun, ticket, known, to_tell=to_tell)
    now = came.ticket or await find_ticket(connection, came.remains or ticket)
    return Decided(came.verdict, now, came.other, came.held, was=state_of(came.facts.get("was")))


async def again(connection: AsyncConnection, begun: Begun, ticket: TicketId) -> Decided:
    """Say once more what came of an act."""
    told = begun.earlier
    remains, held, other = told.get("remains"), told.get("held"), told.get("other")
    return Decided(
        verdict=Verdict(str(told["verdict"])),
        ticket=await find_ticket(
            connection, TicketId(remains) if isinstance(remains, int) else ticket
        ),
        other=other if isinstance(other, str) else None,
        held=TicketId(held) if isinstance(held, int) else None,
        was=state_of(told.get("was")),
        is_replay=True,
    )


def state_of(told: object) -> TicketState | None:
    """Read in which state a ticket was before."""
    return TicketState(told) if isinstance(told, str) else None


async def note(
    engine: AsyncEngine,
    act: Act,
    ticket: TicketId,
    step: Callable[[AsyncConnection], Awaitable[bool]],
    **facts: object,
) -> bool:
    """Carry out a small change once; returns what the step did, and False on replay."""
    async with transaction(engine) as connection:
        begun = await begin(connection, act, ticket)
        if begun.event is None:
            return False
        changed = await step(connection)
        await conclude(connection, begun, ticket, {"changed": changed, **facts})
        return changed
