"""Topics' titles: by the ticket's state, merged while they wait for their turn."""

from datetime import timedelta

from desk.house import House
from desk.turn import Turn
from orchestrator.ports.desk import After
from support.people import Client
from support.tickets import Place, Ticket, TicketState
from support.topics.budget import GROUP_BUDGET
from support.topics.titles import StateWord, Titled, Words, holder_name, topic_title

TITLED = "titled"
"""The continuation that compares a title with what the topic is to be called by then."""
RESTS: timedelta = GROUP_BUDGET.settling
"""How long a title waits for a newer one."""


async def title_of(house: House, ticket: Ticket, client: Client) -> str:
    """Return what a ticket's topics are called now."""
    told = Titled(
        ticket.id, ticket.state, client.full_name, client.username, await holder(house, ticket)
    )
    return topic_title(told, state_words(house))


def state_words(house: House) -> Words:
    """Return the states' signs and words, as admins may have changed them."""
    language = house.settings.language
    return {
        state: StateWord(
            house.words(f"topics.sign_{state}", language), house.words(f"topics.{state}", language)
        )
        for state in TicketState
    }


async def holder(house: House, ticket: Ticket) -> str | None:
    """Return who has a ticket, by @username where one is known."""
    if ticket.technician is not None:
        technician = await house.desk.technicians.technician(ticket.technician)
        known = technician.tg_user_id and await house.desk.staff.staff_of(technician.tg_user_id)
        return holder_name(technician.name, known.username if known else None)
    if ticket.operator is not None:
        operator = await house.desk.staff.staff_member(ticket.operator)
        return holder_name(operator.name, operator.username)
    return None


def retitle(turn: Turn, place: Place, title: str) -> None:
    """Call a topic so, unless a newer title comes first; then it is compared with what is so."""
    params = {"message_thread_id": place.thread, "name": title}
    after = After(TITLED, {"title": title})
    turn.queue("editForumTopic", place, params, delay=RESTS, after=after)
