"""Where tickets of mode topics stand: opened, reopened, closed; topics that were deleted return."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from desk.accounts.talking import take
from desk.handing import show_talk
from desk.house import House
from desk.survey import ask_survey, summary
from desk.topics.cards import Cards, main_groups
from desk.topics.titles import retitle, title_of
from desk.turn import Turn
from orchestrator.ports.desk import After
from support.actor import By
from support.ids import ChatId, TechnicianId
from support.people import Client
from support.survey import Survey
from support.tickets import Decided, Place, TechThread, Ticket, TicketState
from support.topics.budget import choose_group

HISTORY = 50
"""Messages that a technician is shown when the mirror is opened."""


@dataclass(frozen=True, slots=True)
class TopicsHall:
    """Implements `Hall` for mode topics."""

    house: House
    cards: Cards

    async def announce(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Open a topic for a ticket, or open its topics again."""
        main = ticket.main
        if main is None or main.thread is None:
            await self.open_topic(turn, ticket, client, f"topic:{ticket.id}")
            return
        await self.reopened(turn, ticket, client)

    async def reopened(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Open the topics of a reopened ticket again."""
        text = self.house.words("topics.reopened", self.house.settings.language, ticket=ticket.id)
        title = await title_of(self.house, ticket, client)
        for place in await self.places(ticket):
            turn.queue("reopenForumTopic", place, {"message_thread_id": place.thread})
            turn.say(place, text)
            retitle(turn, place, title)
        await self.cards.renew(turn, ticket, client)

    async def open_topic(
        self, turn: Turn, ticket: Ticket, client: Client, key: str, lost: Place | None = None
    ) -> None:
        """Ask for a main topic in the group with the most room; `lost` is the one it replaces."""
        group = lost.chat if lost else await self.choose_group()
        if group is None:
            return
        title = await title_of(self.house, ticket, client)
        params: dict[str, JsonValue] = {"name": title}
        after = After("topic_opened", {"title": title, **told_of(lost)})
        turn.queue("createForumTopic", group, params, after=after, ticket=ticket.id, key=key)

    async def choose_group(self) -> ChatId | None:
        """Choose where the next topic is opened."""
        loads = await self.house.desk.groups.loads(main_groups(self.house))
        return choose_group(loads)

    async def assign(self, turn: Turn, ticket: Ticket) -> None:
        """Let the rule name an operator, whom the title shows; anybody in the group may answer."""
        terms = self.house.terms()
        decided = await self.house.desk.tickets.assign_next(
            turn.act("assign"), ticket.id, terms.assignment, most=terms.most_tickets, several=True
        )
        if decided.is_done:
            await self.show(turn, decided.ticket)

    async def show(self, turn: Turn, ticket: Ticket) -> None:
        """Bring titles and card up to date."""
        client = await self.house.desk.clients.client(ticket.client)
        title = await title_of(self.house, ticket, client)
        for place in await self.places(ticket):
            retitle(turn, place, title)
        await self.cards.renew(turn, ticket, client)

    async def finish(self, turn: Turn, ticket: Ticket, by: By) -> Decided:
        """Close a ticket for whoever asked, and ask the client how it was."""
        decided = await self.house.desk.tickets.finish(turn.act("finish"), ticket.id, by)
        if decided.is_done:
            await self.closed(turn, decided.ticket, by.name)
            await ask_survey(self.house, turn, decided.ticket)
        return decided

    async def choose_technician(
        self, turn: Turn, ticket: Ticket, by: By, technician: TechnicianId | None
    ) -> Decided:
        """Give a ticket to a technician, with a mirror in their group; None takes it back."""
        decided = await self.house.desk.tickets.choose_technician(
            turn.act("technician"), ticket.id, by, technician
        )
        if not decided.is_done:
            return decided
        now = decided.ticket
        client = await self.house.desk.clients.client(now.client)
        await self.close_mirrors(turn, now, client)
        await self.open_mirror(turn, now, client, again=turn.name)
        await self.show(turn, now)
        if decided.was is TicketState.NEW and now.state is TicketState.WORK:
            await self.tell_connected(turn, now, client, by)
        return decided

    async def tell_connected(self, turn: Turn, ticket: Ticket, client: Client, by: By) -> None:
        """Tell the client that somebody is there; of an account's conversation, the account."""
        if ticket.conversation is not None:
            await take(self.house, ticket, by)
            return
        who = ticket.technician_name or by.name
        text = self.house.words("client.connected", client.language, operator=who)
        turn.say(ChatId(client.telegram_id), text)

    async def destinations(self, ticket: Ticket) -> Sequence[Place]:
        """Return the ticket's topics: what the client says goes to all of them."""
        return await self.places(ticket)

    async def places(self, ticket: Ticket) -> Sequence[Place]:
        """Return the main topic, where it is open already, and the technician's mirror."""
        main = [ticket.main] if ticket.main is not None and ticket.main.thread else []
        mirror = await self.mirror_of(ticket)
        return [*main, mirror.place] if mirror is not None else main

    async def mirror_of(self, ticket: Ticket) -> TechThread | None:
        """Return the topic of the technician who has the ticket now."""
        threads = await self.house.desk.places.tech_threads(ticket.id)
        return next((one for one in threads if one.technician == ticket.technician), None)

    async def tell(self, turn: Turn, ticket: Ticket, text: str) -> None:
        """Say something in the main topic."""
        if ticket.main is not None and ticket.main.thread:
            turn.say(ticket.main, text)

    async def warn(self, turn: Turn, ticket: Ticket, text: str) -> None:
        """Say something that hurries in the main topic, or in the group while there is none."""
        if ticket.main is not None:
            turn.say(ticket.main, text)
            return
        groups = main_groups(self.house)
        if groups:
            turn.say(groups[0], text)

    async def closed(self, turn: Turn, ticket: Ticket, by: str) -> None:
        """Say in both topics who closed the ticket, and close them."""
        client = await self.house.desk.clients.client(ticket.client)
        title = await title_of(self.house, ticket, client)
        text = self.house.words("topics.closed_by", self.house.settings.language, by=by)
        await self.cards.renew(turn, ticket, client)
        for place in await self.places(ticket):
            turn.say(place, text)
            retitle(turn, place, title)
            turn.queue("closeForumTopic", place, {"message_thread_id": place.thread})

    async def returned(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Show in title and card that nobody has it; anybody in the group may answer."""
        _ = client
        await self.show(turn, ticket)

    async def merged(self, turn: Turn, ticket: Ticket, into: Ticket) -> None:
        """Point from its topics to the other ticket's, and close them."""
        client = await self.house.desk.clients.client(ticket.client)
        title = await title_of(self.house, ticket, client)
        values = {"ticket": ticket.id, "into": into.id, "link": link_to(into.main)}
        text = self.house.words("topics.merged", self.house.settings.language, **values)
        await self.cards.renew(turn, ticket, client)
        for place in await self.places(ticket):
            turn.say(place, text)
            retitle(turn, place, title)
            turn.queue("closeForumTopic", place, {"message_thread_id": place.thread})

    async def moved(self, turn: Turn) -> None:
        """Do nothing: a group with topics is a supergroup already."""

    async def surveyed(self, turn: Turn, ticket: Ticket, survey: Survey) -> None:
        """Show what the client thought of it in the main topic."""
        await self.tell(turn, ticket, summary(self.house, survey))

    async def open_mirror(
        self,
        turn: Turn,
        ticket: Ticket,
        client: Client,
        lost: Place | None = None,
        again: str = "",
    ) -> None:
        """Have the technician's group show the ticket too, in a new topic or in the earlier one."""
        if ticket.technician is None:
            return
        technician = await self.house.desk.technicians.technician(ticket.technician)
        if technician.group is None:
            return
        earlier = await self.mirror_of(ticket)
        title = await title_of(self.house, ticket, client)
        if earlier is not None and lost is None:
            place = earlier.place
            turn.queue("reopenForumTopic", place, {"message_thread_id": place.thread})
            retitle(turn, place, title)
            await self.house.desk.places.add_tech_thread(ticket.id, technician.id, place)
            await self.show_history(turn, ticket, place)
            return
        after = After(
            "mirror_opened", {"technician": technician.id, "title": title, **told_of(lost)}
        )
        key = f"mirror:{ticket.id}:{technician.id}:{lost.thread if lost else 0}:{again}"
        turn.queue(
            "createForumTopic",
            technician.group,
            {"name": title},
            after=after,
            ticket=ticket.id,
            key=key,
        )

    async def show_history(self, turn: Turn, ticket: Ticket, place: Place) -> None:
        """Show in a mirror what was said lately; what it showed before is not repeated."""
        said = await self.house.desk.talk.latest_messages(ticket.id, HISTORY)
        show_talk(self.house, turn, ticket, said, place)

    async def close_mirrors(self, turn: Turn, ticket: Ticket, client: Client) -> None:
        """Close the topics of technicians who have the ticket no more."""
        left = await self.house.desk.places.close_tech_threads(
            ticket.id, ticket.technician, turn.received_at
        )
        text = self.house.words("topics.taken_away", self.house.settings.language)
        title = await title_of(self.house, ticket, client)
        for thread in left:
            turn.say(thread.place, text)
            retitle(turn, thread.place, title)
            turn.queue("closeForumTopic", thread.place, {"message_thread_id": thread.place.thread})


def link_to(place: Place | None) -> str:
    """Write the link to a topic (https://core.telegram.org/api/links#private-message-links)."""
    if place is None or place.thread is None:
        return ""
    return f"https://t.me/c/{str(place.chat).removeprefix('-100')}/{place.thread}"


def told_of(lost: Place | None) -> dict[str, JsonValue]:
    """Write for a continuation which topic a new one replaces."""
    return {} if lost is None else {"lost": [lost.chat, lost.thread]}
