"""Making one of two tickets of a client."""

import secrets
from dataclasses import dataclass

from orchestrator.actor import Actor
from orchestrator.errors import BadInput, NotAllowed
from support.actor import By, Side
from support.ids import ActKey, TicketId
from support.ports.tickets import TicketStore
from support.tickets import Ticket, Verdict


@dataclass(frozen=True, slots=True)
class Merging:
    """Moves everything said in a ticket into another."""

    tickets: TicketStore

    async def merge(self, actor: Actor, ticket: int, into: int) -> Ticket:
        """Merge and close the first; returns what remains. Raises NotFound, NotAllowed, BadInput.

        Who comes from outside of Telegram acts as an admin does.
        """
        if ticket == into:
            raise BadInput(f"ticket #{ticket} is merged into another one, not into itself")
        by = By(Side.SYSTEM, actor.name)
        act = ActKey(f"merge:{secrets.token_hex(8)}")
        decided = await self.tickets.merge(act, TicketId(ticket), TicketId(into), by)
        match decided.verdict:
            case Verdict.NOT_ALLOWED:
                raise NotAllowed(f"tickets #{ticket} and #{into} are of different clients")
            case Verdict.CLOSED:
                raise NotAllowed(
                    f"ticket #{into} was merged into another one itself: name that one"
                )
            case Verdict.SAME:
                raise NotAllowed(f"ticket #{ticket} was merged into #{decided.ticket.id} already")
            case _:
                return decided.ticket
