"""How tickets in topics go on once it is known what became of a topic or a card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from desk.courier import GONE
from desk.handing import hand_on
from desk.house import Fell, House
from desk.moving import resent
from desk.topics.hall import TopicsHall
from desk.topics.titles import retitle, title_of
from desk.turn import Turn
from orchestrator.ports.desk import Parcel, ParcelState
from support.ids import ChatId, TechnicianId, TgMessageId, ThreadId, TicketId
from support.people import Client
from support.tickets import Place, Ticket

OPENS = "createForumTopic"
OVERDUE = timedelta(minutes=2)
"""How long a ticket may be without its topic before it is asked for again."""


@dataclass(frozen=True, slots=True)
class TopicsGoOn:
    """Goes on when it is known what became of a topic that was asked for, or written into."""

    house: House
    hall: TopicsHall

    async def topic_opened(self, turn: Turn, fell: Fell) -> None:
        """Put the card and what the client wrote meanwhile into the new main topic."""
        ticket, client = await self.about(fell)
        if fell.state == ParcelState.UNKNOWN:
            # At worst a second, empty topic stands there; without one the ticket would be lost.
            key = f"topic:{ticket.id}:after:{turn.name}"
            await self.hall.open_topic(turn, ticket, client, key, lost_in(fell))
            return
        lost = lost_in(fell)
        if fell.message is None:
            if lost is not None and ticket.main == lost:
                # Without a topic it is among those for which one is asked for again.
                await self.house.desk.places.set_card(ticket.id, Place(lost.chat), None)
            await self.cannot_open(turn, fell, ticket)
            return
        place = Place(fell.chat, ThreadId(fell.message))
        main = ticket.main
        if lost is None and main is not None and main.thread is not None and main != place:
            # It has another one: this was asked for a second time.
            turn.queue("closeForumTopic", place, {"message_thread_id": place.thread})
            return
        await self.house.desk.places.set_card(ticket.id, place, None)
        # Read once it is remembered: acts from here on reach the topic by themselves.
        ticket, client = await self.about(fell)
        await self.hall.cards.send(turn, ticket, client, place)
        if lost is None:
            await hand_on(self.house, turn, ticket, place)
        else:
            await self.resend(turn, lost, place)
        await self.catch_up(turn, fell, ticket, client, place)

    async def catch_up(
        self, turn: Turn, fell: Fell, ticket: Ticket, client: Client, place: Place
    ) -> None:
        """Bring a new topic up to date with what became of its ticket while it was opened."""
        title = await title_of(self.house, ticket, client)
        if title != fell.told.get("title"):
            retitle(turn, place, title)
        if not ticket.is_open:
            turn.queue("closeForumTopic", place, {"message_thread_id": place.thread})

    async def topic_card(self, turn: Turn, fell: Fell) -> None:
        """Remember which message the card is; what changed while it was sent is shown on it now."""
        if fell.ticket is None:
            return
        ticket, client = await self.about(fell)
        main, places = ticket.main, self.house.desk.places
        if main is None or main != Place(fell.chat, ThreadId(fell.thread)):
            return
        if fell.state == ParcelState.UNKNOWN:
            # At worst it stands there twice; without it nothing can be pressed.
            await self.hall.cards.send(turn, ticket, client, main, f":{turn.name}")
        elif fell.message is not None and await places.set_card(
            ticket.id, main, TgMessageId(fell.message)
        ):
            # Read once it is remembered: acts from here on renew the card themselves.
            ticket, client = await self.about(fell)
            if await self.hall.cards.seal(ticket, client) != fell.told.get("seal"):
                await self.hall.cards.renew(turn, ticket, client)

    async def card_renewed(self, turn: Turn, fell: Fell) -> None:
        """Bring a card up to date once more where it shows what is not so any more."""
        if fell.ticket is None or fell.state == ParcelState.MERGED:
            return  # A later one stands in its place, and is compared by itself.
        ticket, client = await self.about(fell)
        if await self.hall.cards.seal(ticket, client) != fell.told.get("seal"):
            await self.hall.cards.renew(turn, ticket, client)

    async def titled(self, turn: Turn, fell: Fell) -> None:
        """Call a topic by another name once more where its name is not right any more."""
        if fell.ticket is None or fell.state == ParcelState.MERGED:
            return
        if any(words in fell.error for words in GONE):
            await self.topic_gone(turn, fell)
            return
        ticket, client = await self.about(fell)
        place, title = (
            Place(fell.chat, ThreadId(fell.thread)),
            await title_of(self.house, ticket, client),
        )
        if title != fell.told.get("title") and place in await self.hall.places(ticket):
            retitle(turn, place, title)

    async def mirror_opened(self, turn: Turn, fell: Fell) -> None:
        """Put the card and what the client wrote into the technician's new topic."""
        ticket, client = await self.about(fell)
        chosen = fell.told.get("technician")
        technician = TechnicianId(chosen) if isinstance(chosen, int) else None
        if technician is not None and fell.message is not None:
            await self.use_mirror(turn, fell, technician, Place(fell.chat, ThreadId(fell.message)))
        elif technician is None or technician != ticket.technician:
            return
        elif fell.state == ParcelState.UNKNOWN:
            again = f"after:{turn.name}"
            await self.hall.open_mirror(turn, ticket, client, lost_in(fell), again)
        else:
            await self.cannot_open(turn, fell, ticket)

    async def use_mirror(
        self, turn: Turn, fell: Fell, technician: TechnicianId, place: Place
    ) -> None:
        """Have a new topic show its ticket, or close it should nobody want it any more."""
        lost = lost_in(fell)
        if lost is None and await self.has_another(fell, technician, place):
            turn.queue("closeForumTopic", place, {"message_thread_id": place.thread})
            return
        about = fell.ticket or TicketId(0)
        await self.house.desk.places.add_tech_thread(about, technician, place)
        # Read once it is remembered: a choice made from here on closes it by itself.
        ticket, client = await self.about(fell)
        await self.hall.cards.mirror(turn, ticket, client, place, technician)
        if technician != ticket.technician:
            await self.hall.close_mirrors(turn, ticket, client)
            return
        if lost is not None:
            await self.resend(turn, lost, place)
        else:
            await self.hall.show_history(turn, ticket, place)
        await self.catch_up(turn, fell, ticket, client, place)

    async def has_another(self, fell: Fell, technician: TechnicianId, place: Place) -> bool:
        """Tell whether the technician has another topic for it: they were chosen twice at once."""
        threads = await self.house.desk.places.tech_threads(fell.ticket or TicketId(0))
        return any(one.technician == technician and one.place != place for one in threads)

    async def cannot_open(self, turn: Turn, fell: Fell, ticket: Ticket) -> None:
        """Say in the group why no topic could be opened; it is asked for again later."""
        text = self.house.words(
            "topics.cannot_open",
            self.house.settings.language,
            ticket=ticket.id,
            reason=fell.error or fell.state,
        )
        turn.say(fell.chat, text)

    async def topic_gone(self, turn: Turn, fell: Fell) -> None:
        """Open a deleted topic anew; what was meant for it follows into the new one."""
        if fell.ticket is None or not fell.thread:
            return
        ticket, client = await self.about(fell)
        lost = Place(fell.chat, ThreadId(fell.thread))
        if ticket.main is not None and ticket.main.chat == lost.chat:
            if ticket.main.thread is None:
                return  # A new one is shown everything.
            if ticket.main == lost:
                key = f"topic:{ticket.id}:lost:{lost.chat}:{lost.thread}"
                await self.hall.open_topic(turn, ticket, client, key, lost)
            else:
                await self.resend(turn, lost, ticket.main)
            return
        mirror = await self.hall.mirror_of(ticket)
        if mirror is None:
            return
        if mirror.place == lost:
            again = await self.refusals(ticket.id, lost)
            await self.hall.open_mirror(turn, ticket, client, lost, again)
        elif mirror.place.chat == lost.chat:
            await self.resend(turn, lost, mirror.place)

    async def refusals(self, ticket: TicketId, lost: Place) -> str:
        """Count how often a mirror in place of this one was refused: each may be tried again."""
        found = await self.house.door.parcels.refused_parcels(self.house.bot_id, lost.chat, 0)
        keys = [one.parcel.key for one in found if one.parcel.method == OPENS]
        tries = sum(one.startswith(f"mirror:{ticket}:") for one in keys)
        return str(tries or "")

    async def resend(self, turn: Turn, lost: Place, place: Place) -> None:
        """Queue what was refused there for another place, each once."""
        refused = await self.house.door.parcels.refused_parcels(
            self.house.bot_id, lost.chat, lost.thread or 0
        )
        for one in refused:
            if one.parcel.method.startswith(("send", "copy")):
                turn.parcels.append(resent(one, place))

    async def about(self, fell: Fell) -> tuple[Ticket, Client]:
        """Return the ticket that a parcel belongs to, and its client."""
        ticket = await self.house.desk.tickets.ticket(fell.ticket or TicketId(0))
        return ticket, await self.house.desk.clients.client(ticket.client)

    async def open_the_overdue(self) -> Sequence[Parcel]:
        """Ask again for topics that tickets have been without for minutes.

        Those that wait for a group's turn are under way, however long that takes.
        """
        parcels: list[Parcel] = []
        now = self.house.clock.now()
        # Looked for first: one that is opened in between has its topic by then.
        under_way = await self.house.door.parcels.topics_under_way(self.house.bot_id)
        for ticket in await self.house.desk.tickets.without_topic():
            if ticket.id not in under_way and now - ticket.waiting_since > OVERDUE:
                attempt = int(now.timestamp() / OVERDUE.total_seconds())
                name = f"topic:{ticket.id}:overdue:{attempt}"
                turn = Turn(self.house.bot_id, name, about=ticket.id)
                client = await self.house.desk.clients.client(ticket.client)
                await self.hall.open_topic(turn, ticket, client, name)
                parcels += turn.parcels
        return parcels


def lost_in(fell: Fell) -> Place | None:
    """Read which topic a new one replaces."""
    match fell.told.get("lost"):
        case [int(chat), int(thread)]:
            return Place(ChatId(chat), ThreadId(thread))
    return None
