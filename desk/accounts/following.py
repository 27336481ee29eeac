"""Follows accounts' conversations: what was handed over becomes a ticket, and its life goes on.

Everything here is a chore of the leading node. What is said of a thing is queued under a key of
that thing before it is marked: whoever dies in between repeats it, and nobody sees it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape

from desk.accounts.reasons import known_reason
from desk.content import said
from desk.house import Accounts, House
from desk.places import chat_of
from desk.relay import show_words
from desk.turn import Turn
from orchestrator.ports.conversations import Said
from orchestrator.ports.desk import Parcel, TicketEnded
from orchestrator.ports.handoff import AnswerFate, Changed, Ended, HandedOver, Heard
from orchestrator.ports.outbox import OutboxState
from support.actor import THE_CLOCK, By, Side
from support.assignment import Assignment
from support.ids import ConversationId, TgMessageId, TicketId
from support.people import Client, ClientSeen
from support.talk import ContentType, NewMessage, Source, TicketMessage
from support.tickets import Mode, Opening, Ticket, TicketState

AT_ONCE = 50
PAGE = 3500
"""Characters of the history in one message; a message holds 4096."""
LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class Following:
    """What the passing of time brings from accounts' conversations."""

    house: House
    accounts: Accounts

    async def pick_up(self) -> Sequence[Parcel]:
        """Make a ticket of each conversation that was handed to a person."""
        for handed in await self.accounts.tickets.unseen_handoffs(AT_ONCE):
            turn = Turn(self.house.bot_id, f"handoff:{handed.handoff}")
            ticket = await self.open(turn, handed)
            await self.queue(turn)
            await self.accounts.tickets.mark_seen(handed.handoff, ticket, handed.upto)
        return ()

    async def open(self, turn: Turn, handed: HandedOver) -> TicketId:
        """Open the ticket, put the history on record in it, and tell staff."""
        house = self.house
        name = handed.name.strip()[:128] or str(handed.person)
        seen = ClientSeen(handed.person, handed.username, name, handed.language)
        client = await house.desk.clients.see_client(seen)
        opening = Opening(
            client.id,
            house.settings.mode or Mode.TAKE,
            client.language,
            subject=f"{handed.account}: {self.reason(handed)}"[:LONGEST_REASON],
            conversation=ConversationId(handed.conversation),
        )
        act = turn.act("open")
        opened = await house.desk.tickets.open_ticket(act, opening, house.terms().reopen)
        ticket = opened.ticket
        turn.ticket = ticket.id
        await self.record_history(turn, ticket, handed)
        hall = house.hall(ticket)
        await hall.announce(turn, ticket, client)
        if house.terms().assignment is not Assignment.BY_HAND:
            await hall.assign(turn, ticket)
        return ticket.id

    async def record_history(self, turn: Turn, ticket: Ticket, handed: HandedOver) -> None:
        """Keep what was said before, as pages that whoever takes the ticket is shown."""
        for number, page in enumerate(self.pages(handed)):
            act, now = turn.act(f"history{number}"), self.house.clock.now()
            kept = said(ticket.id, THE_CLOCK, page, now, act)
            await self.house.desk.talk.record_message(kept)

    def pages(self, handed: HandedOver) -> Sequence[str]:
        """Write a conversation's history, with the account and the reason above it."""
        head = self.plain(
            "account.history",
            account=handed.account,
            name=handed.name,
            reason=self.reason(handed),
        )
        if handed.note:
            head += f"\n{handed.note}"
        lines = [line_of(one, handed.account, handed.name) for one in handed.history]
        if handed.suggestion:
            lines.append(self.plain("account.suggestion", text=handed.suggestion))
        return paged([head, "", *lines])

    def reason(self, handed: HandedOver) -> str:
        """Say why a conversation was handed over, as far as the desk has words for it."""
        known = known_reason(handed.reason)
        return handed.reason if known is None else self.plain(known.key, number=known.number)

    def plain(self, key: str, **values: str) -> str:
        """Word something that is sent without markup."""
        return unescape(self.house.words(key, self.house.settings.language, **values))

    async def hear(self) -> Sequence[Parcel]:
        """Bring what people went on writing to their accounts into their tickets."""
        for heard in await self.accounts.tickets.heard(AT_ONCE):
            turn = Turn(self.house.bot_id, f"heard:{heard.message}", about=heard.ticket)
            try:
                await self.bring(turn, heard)
            except TicketEnded:
                break  # It was closed a moment ago; the next round opens it again.
            await self.queue(turn)
            await self.accounts.tickets.mark_heard(heard.ticket, heard.message)
        return ()

    async def bring(self, turn: Turn, heard: Heard) -> None:
        """Record what somebody wrote, and show it to whoever has the ticket now."""
        house = self.house
        ticket = await house.desk.tickets.ticket(heard.ticket)
        client = await house.desk.clients.client(ticket.client)
        if not ticket.is_open:
            # Told of by `desk.aftermath` once it is so: a card would find it closed before.
            act, tickets = turn.act("reopen"), house.desk.tickets
            await tickets.reopen(act, ticket.id, THE_CLOCK, None, to_tell=True)
        message = await self.record(ticket, client, heard)
        ticket = await house.desk.tickets.ticket(ticket.id)
        for place in await house.hall(ticket).destinations(ticket):
            show_words(house, turn, message, place)

    async def record(self, ticket: Ticket, client: Client, heard: Heard) -> TicketMessage:
        """Put on record what somebody wrote, known by its number in the conversation."""
        text = words_of(heard)
        source = Source(chat_of(ticket.conversation or 0), TgMessageId(heard.message))
        written = NewMessage(
            ticket=ticket.id,
            by=By(Side.CLIENT, client.full_name, client.id),
            source=source,
            content_type=ContentType.TEXT,
            text=text,
            caption=None,
            sent_at=heard.sent_at,
            only_open=True,
        )
        recorded = await self.house.desk.talk.record_message(written)
        if heard.edited_at is not None:
            # They wrote it anew before anybody heard it: that is no news to the ticket.
            await self.house.desk.talk.edit_message(source, text, None, heard.edited_at)
        return TicketMessage(
            id=recorded.id,
            ticket=ticket.id,
            side=Side.CLIENT,
            author=client.full_name,
            content_type=ContentType.TEXT,
            text=text,
            caption=None,
            source=source,
            reply_to=None,
            media_group=None,
            sent_at=heard.sent_at,
        )

    async def end(self) -> Sequence[Parcel]:
        """Close tickets whose conversations went back to their script, or are over."""
        for ended in await self.accounts.tickets.ended(AT_ONCE):
            ticket = await self.house.desk.tickets.ticket(ended.ticket)
            name = f"ended:{ticket.id}:{ticket.reopened}"
            turn = Turn(self.house.bot_id, name, about=ticket.id)
            await self.tell_end(turn, ticket, ended)
            await self.queue(turn)
            await self.house.desk.tickets.finish(turn.act("finish"), ticket.id, THE_CLOCK, "over")
        return ()

    async def tell_end(self, turn: Turn, ticket: Ticket, ended: Ended) -> None:
        """Say why nothing can be answered there any more."""
        key = "opted_out" if ended.opted_out else ended.state
        hall, language = self.house.hall(ticket), self.house.settings.language
        await hall.tell(turn, ticket, self.house.words(f"account.over.{key}", language))
        closed = replace(ticket, state=TicketState.CLOSED)
        await hall.closed(turn, closed, THE_CLOCK.name)

    async def tell_fates(self) -> Sequence[Parcel]:
        """Tell operators what became of their answers."""
        fates = await self.accounts.tickets.fates(AT_ONCE)
        for fate in fates:
            turn = Turn(self.house.bot_id, f"answer:{fate.outbox}", about=fate.written.ticket)
            self.tell_fate(turn, fate)
            await self.queue(turn)
        if fates:
            await self.accounts.tickets.mark_told([fate.outbox for fate in fates])
        return ()

    def tell_fate(self, turn: Turn, fate: AnswerFate) -> None:
        """Say whether an answer was sent, under the words that it was."""
        words, language = self.house.words, self.house.settings.language
        if fate.state is OutboxState.SENT:
            text = words("account.sent", language, account=fate.account)
        elif fate.state is OutboxState.UNRESOLVED:
            text = words("account.doubtful", language, account=fate.account)
        else:
            reason = fate.error or fate.state
            text = words("account.unsent", language, account=fate.account, reason=reason)
        turn.say(fate.written.place, text, reply_to=fate.written.message)

    async def queue(self, turn: Turn) -> None:
        """Put what is said on record."""
        await self.house.door.parcels.queue_parcels(self.house.bot_id, turn.parcels)


def words_of(said: Heard | Changed) -> str:
    """Write what somebody said, with what came with it named before."""
    return f"[{', '.join(said.media)}] {said.text}".strip() if said.media else said.text


def line_of(said: Said, account: str, name: str) -> str:
    """Write one line of a history."""
    who = account if said.ours else name
    return f"{said.at:%d.%m %H:%M} {who}: {said.text}"


def paged(lines: Sequence[str]) -> Sequence[str]:
    """Join lines into pages; a line that is longer than a page is cut."""
    pages: list[str] = []
    for line in lines:
        cut = line[:PAGE]
        if pages and len(pages[-1]) + len(cut) < PAGE:
            pages[-1] += f"\n{cut}"
        else:
            pages.append(cut)
    return pages
